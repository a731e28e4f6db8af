//! `visiondetect` on real frames: every frame says what is known of it, and boxes belong to the frame they are of.

mod common;

use std::time::{Duration, Instant};

use common::{MovingTarget, detector, error_in_widths, folder, init, median};
use gst::prelude::*;
use gst_check::Harness;
use gstvision::detect::Stats;
use gstvision::meta::Detections;

/// Long enough for any machine, short enough for a test that fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A harness around `element` that takes frames of `target`.
fn harness(element: &gst::Element, target: &MovingTarget) -> Harness {
    let mut harness = Harness::with_element(element, Some("sink"), Some("src"));
    harness.set_src_caps(target.caps());
    harness
}

/// Sends `frame` through and reads what is on it.
fn pass(harness: &mut Harness, frame: gst::Buffer) -> Detections {
    let frame = harness.push_and_pull(frame).expect("the frame should come out");
    Detections::read(&frame).expect("every frame should carry detections")
}

fn stats(element: &gst::Element) -> Stats {
    Stats::from_structure(&element.property::<gst::Structure>("stats")).expect("stats should be readable")
}

/// Sends frames from `first` on, one every few milliseconds as a camera would, until one is as `wanted`.
fn pass_until(
    harness: &mut Harness,
    target: &MovingTarget,
    first: u64,
    wanted: impl Fn(&Detections) -> bool,
) -> Detections {
    let end = Instant::now() + PATIENCE;
    for number in first.. {
        let detections = pass(harness, target.frame(number));
        if wanted(&detections) {
            return detections;
        }
        assert!(Instant::now() < end, "no frame was as wanted, the last was {detections:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    unreachable!("there are always more frames")
}

#[test]
fn a_box_is_on_its_frame_when_the_model_is_fast() {
    init();
    let target = MovingTarget::default();
    let element = detector("blob");
    element.set_property("max-wait-ms", -1);
    let mut harness = harness(&element, &target);
    let mut errors = Vec::new();
    for number in 0..200 {
        let detections = pass(&mut harness, target.frame(number));
        assert_eq!((detections.frame, detections.fresh), (number, true));
        assert_eq!(detections.seen_pts, Some(target.pts(number)));
        assert_eq!(detections.model, "blob");
        let [object] = &detections.objects[..] else { panic!("one target, not {:?}", detections.objects) };
        assert_eq!((object.label.as_str(), object.track, object.seen), ("person", None, true));
        assert!(object.score > 0.9);
        let truth = target.rect(number);
        assert!((object.rect.w / truth.w - 1.0).abs() < 0.05 && (object.rect.h / truth.h - 1.0).abs() < 0.05);
        errors.push(error_in_widths(&object.rect, &truth));
    }
    let error = median(errors);
    assert!(error <= 0.02, "the median error is {error} widths");
}

#[test]
fn a_slow_model_holds_no_frame_and_each_result_comes_once() {
    init();
    let target = MovingTarget::default();
    let element = detector("slow_blob");
    element.set_property("max-wait-ms", 10);
    let mut harness = harness(&element, &target);
    let end = Instant::now() + PATIENCE;
    let (mut last_seen, mut results) = (None, 0);
    let mut frames = 0;
    while results < 4 {
        assert!(Instant::now() < end, "{results} results in {frames} frames");
        let detections = pass(&mut harness, target.frame(frames));
        if detections.fresh {
            let seen = detections.seen_pts.expect("a result has a time");
            assert!(seen < target.pts(frames), "a frame was held for longer than allowed");
            assert!(last_seen.is_none_or(|last| last < seen), "in order");
            // The box is of the frame that was looked at, not of the one that carries it.
            let error = error_in_widths(&detections.objects[0].rect, &target.rect_at(seen));
            assert!(error <= 0.02, "{error} widths beside where the target was");
            last_seen = Some(seen);
            results += 1;
        } else {
            assert_eq!((detections.seen_pts, detections.objects), (last_seen, vec![]));
        }
        frames += 1;
        std::thread::sleep(Duration::from_millis(5));
    }
    let stats = stats(&element);
    assert_eq!((stats.frames, stats.analysed, stats.errors), (frames, 4, 0));
    assert!(stats.skipped > 0 && stats.inference_ms > 10.0, "{stats:?}");
}

#[test]
fn every_nth_frame_is_looked_at() {
    init();
    let target = MovingTarget::default();
    let element = detector("blob");
    element.set_property("max-wait-ms", -1);
    element.set_property("inference-interval", 3u32);
    let mut harness = harness(&element, &target);
    for number in 0..9 {
        let detections = pass(&mut harness, target.frame(number));
        assert_eq!(detections.fresh, number % 3 == 0, "frame {number}");
        assert_eq!(detections.objects.len(), usize::from(number % 3 == 0));
        assert_eq!(detections.seen_pts, Some(target.pts(number / 3 * 3)));
    }
    assert_eq!((stats(&element).analysed, stats(&element).skipped), (3, 0));
}

#[test]
fn the_threshold_may_change_while_frames_flow() {
    init();
    let dim = MovingTarget { brightness: 140, ..MovingTarget::default() };
    let element = detector("blob");
    element.set_property("max-wait-ms", -1);
    let mut harness = harness(&element, &dim);
    let threshold = |harness: &mut Harness, number| {
        let detections = pass(harness, dim.frame(number));
        assert_eq!(detections.objects.len(), 1, "its score is above 0.5, which is good enough for the model");
        detections.threshold
    };
    assert_eq!(threshold(&mut harness, 0), 0.5, "the model's own");
    element.set_property("threshold", 0.8f32);
    assert_eq!(threshold(&mut harness, 1), 0.8);
    element.set_property("threshold", 0.2f32);
    assert_eq!(threshold(&mut harness, 2), 0.2);
    let dimmer = MovingTarget { brightness: 110, ..dim };
    assert_eq!(
        pass(&mut harness, dimmer.frame(3)).objects.len(),
        1,
        "a lower threshold passes weaker boxes on"
    );
    element.set_property("threshold", 0f32);
    assert_eq!(pass(&mut harness, dimmer.frame(4)).objects.len(), 0);
}

#[test]
fn a_track_begins_at_the_score_of_the_model_or_of_the_user_and_is_carried_on_below() {
    init();
    let dim = MovingTarget { brightness: 120, ..MovingTarget::default() };
    let manifest = |score: f32| {
        let text =
            include_str!("models/blob.toml").replace("score = 0.5", &format!("score = {score}\nlow = 0.3"));
        let text = text.replace("name = \"blob\"", "name = \"changed\"");
        folder(&format!("score-{score}"), &[("changed.toml", &text)])
    };
    // Score of the model, of the user, and whether a target with a score of about 0.45 is followed.
    let cases = [(0.5, 0.0, false), (0.35, 0.0, true), (0.5, 0.4, true), (0.35, 0.6, false)];
    for (score, threshold, is_followed) in cases {
        let element = detector("changed");
        element.set_property("models-dir", manifest(score).to_str().expect("the path should be text"));
        element.set_property("assets-dir", concat!(env!("CARGO_MANIFEST_DIR"), "/tests"));
        element.set_property("max-wait-ms", -1);
        element.set_property("threshold", threshold as f32);
        let mut detect = harness(&element, &dim);
        let mut track = Harness::new("visiontrack");
        track.set_src_caps(dim.caps());
        let mut follow = |target: &MovingTarget, frames: std::ops::Range<u64>| {
            let mut last = Detections::default();
            for number in frames {
                let frame = detect.push_and_pull(target.frame(number)).expect("the frame should come out");
                last = pass(&mut track, frame);
            }
            last.objects.first().and_then(|object| object.track)
        };
        let case = format!("model {score}, user {threshold}");
        assert_eq!(follow(&dim, 0..20).is_some(), is_followed, "{case}");
        let bright = MovingTarget { brightness: 148, ..dim };
        let number = follow(&bright, 20..40);
        assert!(number.is_some(), "{case}: a bright one is always followed");
        assert_eq!(follow(&dim, 40..60), number, "{case}: and carried on when it is dim again");
    }
}

#[test]
fn a_failed_inference_is_a_warning_and_the_stream_goes_on() {
    init();
    let target = MovingTarget::default();
    let dark = MovingTarget { brightness: 16, ..target };
    let element = detector("fragile_blob");
    element.set_property("max-wait-ms", -1);
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let mut harness = harness(&element, &target);
    for number in 0..3 {
        let detections = pass(&mut harness, dark.frame(number));
        assert_eq!((detections.frame, detections.fresh, detections.seen_pts), (number, false, None));
    }
    let detections = pass(&mut harness, target.frame(3));
    assert!(detections.fresh && detections.objects.len() == 1);
    assert_eq!((stats(&element).errors, stats(&element).analysed), (3, 1));
    let warnings: Vec<_> = std::iter::from_fn(|| bus.pop_filtered(&[gst::MessageType::Warning])).collect();
    assert!(!warnings.is_empty() && warnings.len() < 3, "told, but not with every frame");
    let gst::MessageView::Warning(warning) = warnings[0].view() else { panic!("only warnings were taken") };
    let text = warning.error().to_string();
    assert!(text.starts_with("model \"fragile_blob\" failed on a frame:"), "{text}");
    assert!(bus.pop_filtered(&[gst::MessageType::Error]).is_none());
}

#[test]
fn no_result_crosses_a_flush() {
    init();
    let target = MovingTarget::default();
    let element = detector("slow_blob");
    element.set_property("max-wait-ms", 0);
    let mut harness = harness(&element, &target);
    assert_eq!(pass(&mut harness, target.frame(1000)).seen_pts, None);
    assert!(harness.push_event(gst::event::FlushStart::new()));
    assert!(harness.push_event(gst::event::FlushStop::new(true)));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(harness.push_event(gst::event::Segment::new(&segment)));
    let result = pass_until(&mut harness, &target, 0, |now| now.seen_pts.is_some());
    assert!(result.seen_pts < Some(target.pts(1000)), "frame 1000 was before the flush");
    assert_eq!(stats(&element).overtaken, 1);
}

#[test]
fn pixels_are_neither_changed_nor_copied() {
    init();
    let target = MovingTarget::default();
    let element = detector("blob");
    element.set_property("max-wait-ms", -1);
    let mut harness = harness(&element, &target);
    let frame = target.frame(0);
    let place = |frame: &gst::Buffer| frame.map_readable().expect("memory should be readable").as_ptr();
    // Somebody else holds the frame too, as behind a tee.
    let held = frame.clone();
    let passed = harness.push_and_pull(frame).expect("the frame should come out");
    assert_eq!(place(&passed), place(&held));
    assert!(Detections::read(&held).is_none(), "the other holder's frame is as it was");
    let bytes = passed.map_readable().expect("memory should be readable");
    let original = target.frame(0);
    assert!(*bytes == *original.map_readable().expect("memory should be readable"));
}

#[test]
fn padded_rows_are_no_part_of_the_picture() {
    init();
    let target = MovingTarget { speed: 4, ..MovingTarget::default() };
    let element = detector("blob");
    element.set_property("max-wait-ms", -1);
    let mut harness = harness(&element, &target);
    for number in 0..10 {
        let detections = pass(&mut harness, target.frame_with_stride(number, 704));
        let error = error_in_widths(&detections.objects[0].rect, &target.rect(number));
        assert!(error <= 0.02, "frame {number}: {error} widths");
    }
}

#[test]
fn a_picture_of_another_shape_keeps_its_proportions() {
    init();
    let element = detector("blob");
    element.set_property("max-wait-ms", -1);
    let tall = MovingTarget { width: 360, height: 640, side: 60, ..MovingTarget::default() };
    let wide = MovingTarget { width: 1920, height: 1080, side: 200, ..MovingTarget::default() };
    let mut harness = harness(&element, &tall);
    for target in [tall, wide, tall] {
        harness.set_src_caps(target.caps());
        let detections = pass(&mut harness, target.frame(10));
        let (found, truth) = (detections.objects[0].rect, target.rect(10));
        assert!(error_in_widths(&found, &truth) <= 0.02, "{found:?} instead of {truth:?}");
    }
}

#[test]
fn a_frame_without_a_time_gets_a_result_of_its_own_or_none() {
    init();
    let target = MovingTarget::default();
    let element = detector("blob");
    element.set_property("max-wait-ms", -1);
    let mut harness = harness(&element, &target);
    let mut frame = target.frame(0);
    frame.get_mut().expect("the frame is ours").set_pts(None);
    let detections = pass(&mut harness, frame);
    assert_eq!((detections.fresh, detections.seen_pts), (true, None));
    assert_eq!(detections.objects.len(), 1);
}

#[test]
fn statistics_come_over_the_bus_while_running_and_at_the_end() {
    init();
    let target = MovingTarget::default();
    let element = detector("blob");
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    let mut harness = harness(&element, &target);
    let posted = || bus.pop_filtered(&[gst::MessageType::Element]).and_then(|it| Stats::from_message(&it));
    let end = Instant::now() + PATIENCE;
    let mut frames = 0;
    let first = loop {
        pass(&mut harness, target.frame(frames));
        frames += 1;
        if let Some(stats) = posted() {
            break stats;
        }
        assert!(Instant::now() < end, "no statistics in {frames} frames");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!((first.frames, first.device.as_str(), first.model.as_str()), (frames, "cpu", "blob"));
    assert_eq!(first.buckets.iter().sum::<u64>(), first.analysed);
    pass(&mut harness, target.frame(frames));
    assert!(harness.push_event(gst::event::Eos::new()));
    assert_eq!(posted().map(|stats| stats.frames), Some(frames + 1));
}

#[test]
fn a_live_stream_is_told_how_long_frames_are_held() {
    init();
    let target = MovingTarget { fps: 25, ..MovingTarget::default() };
    let element = detector("blob");
    let mut harness = harness(&element, &target);
    harness.set_upstream_latency(gst::ClockTime::from_mseconds(100));
    pass(&mut harness, target.frame(0));
    for (max_wait_ms, latency_ms) in [(-2, 130), (-1, 100), (0, 100), (50, 150)] {
        element.set_property("max-wait-ms", max_wait_ms);
        let latency = gst::ClockTime::from_mseconds(latency_ms);
        assert_eq!(harness.query_latency(), Some(latency), "max-wait-ms = {max_wait_ms}");
    }
}
