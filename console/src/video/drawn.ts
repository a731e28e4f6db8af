// Boxes drawn on the plain video, each on the very frame that it was seen in: video and boxes are painted onto one canvas
// in one go, so that no frame of the one is ever seen with the other's.

import { Aligner } from './align';
import type { DetectionFrame } from './detections';
import { outline } from './outline';

/** Records come a moment before their pictures, as a rule; a picture waits for one that is late no longer than this. */
const HELD_MS = 300;
const MOST_HELD = 8;

/** What of a record is drawn. */
export type Record = Pick<DetectionFrame, 'frame' | 'at' | 'width' | 'height' | 'detections'>;

/** Hands over each record until the answer is called. */
export type Listen = (onFrame: (frame: Record) => void) => () => void;

export interface DrawOptions {
  /** Whether it is known which picture is which frame. */
  onSure?: (isSure: boolean) => void;
  /** As in a mirror, but for what is written. */
  isMirrored?: boolean;
}

/** Whether this browser says of a video which frame it shows. */
export const canDrawOn = (): boolean => 'requestVideoFrameCallback' in HTMLVideoElement.prototype;

/** Draws each frame of `video` as it comes until the returned function is called. */
export function drawOn(
  canvas: HTMLCanvasElement,
  video: HTMLVideoElement,
  listen: Listen,
  { onSure, isMirrored = false }: DrawOptions = {},
): () => void {
  let aligner = new Aligner<Record>();
  let stream = video.srcObject;
  const held = new Held();
  const show = (picture: CanvasImageSource, data: Record | undefined) => {
    paint(canvas, picture, video, data, isMirrored);
    canvas.dataset.frame = data ? String(data.frame) : '';
  };
  const stop = listen((frame) => {
    aligner.addFrame(Date.parse(frame.at), performance.now(), frame);
    const told = held.take((rtp) => aligner.dataOf(rtp));
    if (told) show(told.picture, told.data);
  });
  let id = 0;
  const onFrame: VideoFrameRequestCallback = (now, { rtpTimestamp, receiveTime }) => {
    id = video.requestVideoFrameCallback(onFrame);
    if (video.srcObject !== stream) {
      // Another session has another clock.
      stream = video.srcObject;
      aligner = new Aligner();
      held.clear();
    }
    if (rtpTimestamp !== undefined) aligner.addPicture(rtpTimestamp, receiveTime ?? now);
    onSure?.(aligner.isSure);
    const told = rtpTimestamp === undefined ? undefined : aligner.dataOf(rtpTimestamp);
    if (told === 'late' && rtpTimestamp !== undefined) {
      held.hold(rtpTimestamp, video, (picture) => show(picture, undefined));
    } else {
      held.clear();
      show(video, told === 'late' ? undefined : told?.data);
    }
  };
  id = video.requestVideoFrameCallback(onFrame);
  return () => {
    stop();
    held.clear();
    video.cancelVideoFrameCallback(id);
  };
}

interface Waiting {
  rtp: number;
  picture: HTMLCanvasElement;
  timer: ReturnType<typeof setTimeout>;
}

/** Pictures that came before what was seen on them: they wait for it, as long as nobody notices. */
class Held {
  private waiting: Waiting[] = [];
  /** Used before; each is as large as a picture, and there may be one a frame. */
  private spare: HTMLCanvasElement[] = [];

  hold(rtp: number, video: HTMLVideoElement, onTooLate: (picture: HTMLCanvasElement) => void): void {
    const [oldest] = this.waiting;
    if (oldest && this.waiting.length >= MOST_HELD) this.drop(oldest);
    const picture = this.spare.pop() ?? document.createElement('canvas');
    copy(video, picture, video);
    const one: Waiting = {
      rtp,
      picture,
      timer: setTimeout(() => {
        this.drop(one);
        onTooLate(picture);
      }, HELD_MS),
    };
    this.waiting.push(one);
  }

  /** The newest picture whose data has come, to be painted at once; older ones are not shown any more. */
  take(
    dataOf: (rtp: number) => { data: Record } | 'late' | undefined,
  ): { picture: HTMLCanvasElement; data: Record } | undefined {
    for (const one of [...this.waiting].reverse()) {
      const told = dataOf(one.rtp);
      if (!told || told === 'late') continue;
      this.drop(one);
      return { picture: one.picture, data: told.data };
    }
    return undefined;
  }

  clear(): void {
    const newest = this.waiting.at(-1);
    if (newest) this.drop(newest);
  }

  /** Takes out this one and all before it. */
  private drop(one: Waiting): void {
    const count = this.waiting.indexOf(one) + 1;
    for (const { timer, picture } of this.waiting.splice(0, count)) {
      clearTimeout(timer);
      this.spare.push(picture);
    }
  }
}

function copy(
  from: CanvasImageSource,
  to: HTMLCanvasElement,
  { videoWidth, videoHeight }: HTMLVideoElement,
  isMirrored = false,
) {
  if (to.width !== videoWidth) to.width = videoWidth;
  if (to.height !== videoHeight) to.height = videoHeight;
  const pen = to.getContext('2d', { alpha: false });
  pen?.setTransform(isMirrored ? -1 : 1, 0, 0, 1, isMirrored ? videoWidth : 0, 0);
  pen?.drawImage(from, 0, 0, videoWidth, videoHeight);
  pen?.resetTransform();
  return pen;
}

function paint(
  canvas: HTMLCanvasElement,
  picture: CanvasImageSource,
  video: HTMLVideoElement,
  data: Record | undefined,
  isMirrored: boolean,
): void {
  const pen = copy(picture, canvas, video, isMirrored);
  if (pen && data) outline(pen, data.detections, data, isMirrored);
}
