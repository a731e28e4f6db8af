"""Runs other people's trackers on our detections: peers.py FPS DETECTIONS DIR.

DETECTIONS has the MOTChallenge form with a score (frame from 1, -1, x, y, w, h, score); every tracker that this
interpreter can import writes DIR/NAME@SETTING.txt in the same form, with a number in place of -1. `default` is the
tracker as its package gives it, on detections that score 0.5 or more where it has no threshold of its own.
"""

import collections
import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")


def read(path):
    """Boxes of every frame as rows of left, top, right, bottom, score."""
    frames = collections.defaultdict(list)
    for line in open(path, encoding="ascii"):
        frame, _, x, y, w, h, score = (float(field) for field in line.split(",")[:7])
        frames[int(frame)].append((x, y, x + w, y + h, score))
    return [np.array(frames[frame]).reshape(-1, 5) for frame in range(1, max(frames) + 1)]


def byte_track_of_supervision(fps, least, **settings):
    import supervision

    tracker = supervision.ByteTrack(frame_rate=round(fps), **settings)
    return with_supervision(tracker.update_with_detections, least)


def of_trackers(name, fps, least, **settings):
    import trackers

    tracker = getattr(trackers, name)(frame_rate=fps, **settings)
    return with_supervision(tracker.update, least)


def with_supervision(update, least):
    import supervision

    def step(boxes):
        boxes = boxes[boxes[:, 4] >= least]
        detections = supervision.Detections(
            xyxy=boxes[:, :4], confidence=boxes[:, 4], class_id=np.zeros(len(boxes), dtype=int)
        )
        tracked = update(detections)
        numbers = [] if tracked.tracker_id is None else tracked.tracker_id
        return [(number, *box) for box, number in zip(tracked.xyxy, numbers) if number >= 0]

    return step


def of_norfair(_fps, least, distance_threshold=0.7, **settings):
    import norfair

    tracker = norfair.Tracker(distance_function="iou", distance_threshold=distance_threshold, **settings)

    def step(boxes):
        detections = [
            norfair.Detection(points=box[:4].reshape(2, 2), scores=np.array([box[4]] * 2))
            for box in boxes[boxes[:, 4] >= least]
        ]
        return [(object_.id, *object_.estimate.flatten()) for object_ in tracker.update(detections)]

    return step


def peers(fps):
    """Names and makers. In a setting, aN is the score that begins a track, mN the frames that confirm it, bN the frames
    a lost one is kept, iN the least overlap, dN the delay before a track counts, hN norfair's counter of hits, a plain
    number the least score of a detection, in hundredths."""
    byte, sort = "ByteTrackTracker", "SORTTracker"
    yield "ByteTrack (supervision)@default", lambda: byte_track_of_supervision(fps, 0.1)
    yield "ByteTrack (supervision)@a50", lambda: byte_track_of_supervision(fps, 0.1, track_activation_threshold=0.5)
    yield "ByteTrack (supervision)@a50-m3", lambda: byte_track_of_supervision(
        fps, 0.1, track_activation_threshold=0.5, minimum_consecutive_frames=3
    )
    yield "ByteTrack (supervision)@a50-m3-b90", lambda: byte_track_of_supervision(
        fps, 0.1, track_activation_threshold=0.5, minimum_consecutive_frames=3, lost_track_buffer=90
    )
    yield "ByteTrack (trackers)@default", lambda: of_trackers(byte, fps, 0.1)
    yield "ByteTrack (trackers)@a50", lambda: of_trackers(
        byte, fps, 0.1, track_activation_threshold=0.5, high_conf_det_threshold=0.5
    )
    yield "ByteTrack (trackers)@a50-b90", lambda: of_trackers(
        byte, fps, 0.25, track_activation_threshold=0.5, high_conf_det_threshold=0.5, lost_track_buffer=90
    )
    yield "SORT (trackers)@default", lambda: of_trackers(sort, fps, 0.5)
    yield "SORT (trackers)@i10", lambda: of_trackers(sort, fps, 0.5, minimum_iou_threshold=0.1)
    yield "SORT (trackers)@35", lambda: of_trackers(sort, fps, 0.35, track_activation_threshold=0.5)
    yield "norfair@default", lambda: of_norfair(fps, 0.5)
    yield "norfair@35", lambda: of_norfair(fps, 0.35)
    yield "norfair@d3", lambda: of_norfair(fps, 0.5, initialization_delay=3)
    yield "norfair@h30", lambda: of_norfair(fps, 0.5, hit_counter_max=30)


def main():
    fps, frames, folder = float(sys.argv[1]), read(sys.argv[2]), sys.argv[3]
    for name, make in peers(fps):
        try:
            step = make()
        except (ImportError, AttributeError):
            # Not this interpreter's: the packages want versions of each other that exclude each other.
            continue
        with open(f"{folder}/{name}.txt", "w", encoding="ascii") as out:
            for frame, boxes in enumerate(frames, 1):
                for number, left, top, right, bottom in step(boxes):
                    out.write(f"{frame},{number},{left},{top},{right - left},{bottom - top},1,-1,-1,-1\n")


main()
