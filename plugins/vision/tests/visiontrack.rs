//! The element `visiontrack` with real buffers: what it writes, what it leaves alone, when it forgets.

use std::sync::Once;

use gst::prelude::*;
use gstvision::meta::{Detections, Object, Rect};

const FRAME_MS: u64 = 40;

fn harness() -> gst_check::Harness {
    static INIT: Once = Once::new();
    INIT.call_once(|| {
        gst::init().expect("GStreamer should start");
        gstvision::plugin_register_static().expect("the plugin should register");
    });
    let mut harness = gst_check::Harness::new("visiontrack");
    harness.set_src_caps_str("video/x-raw,format=I420,width=64,height=48,framerate=25/1");
    harness
}

fn person(x: f32) -> Object {
    let rect = Rect { x, y: 0.3, w: 0.1, h: 0.4 };
    Object { label: "person".into(), score: 0.8, rect, seen: true, ..Object::default() }
}

/// A frame at `pts_ms`; `seen_ms` is the time of the result that a detector delivers with it, `objects` its boxes.
fn frame(pts_ms: u64, seen_ms: Option<u64>, objects: Vec<Object>) -> gst::Buffer {
    let mut buffer = gst::Buffer::with_size(64 * 48 * 3 / 2).expect("memory for one small frame");
    let writable = buffer.get_mut().expect("a new buffer is writable");
    writable.set_pts(gst::ClockTime::from_mseconds(pts_ms));
    let detections = Detections {
        frame: pts_ms / FRAME_MS,
        seen_pts: seen_ms.map(gst::ClockTime::from_mseconds),
        fresh: seen_ms.is_some(),
        threshold: 0.5,
        model: "toy".into(),
        objects,
    };
    detections.attach(writable).expect("the meta is registered");
    buffer
}

fn pass(harness: &mut gst_check::Harness, buffer: gst::Buffer) -> Detections {
    harness.push(buffer).expect("the frame should pass");
    let buffer = harness.pull().expect("a frame should come out");
    Detections::read(&buffer).expect("the frame should carry detections")
}

fn stat(harness: &gst_check::Harness, name: &str) -> u64 {
    let element = harness.element().expect("the harness has an element");
    element.property::<gst::Structure>("stats").get(name).expect("a count")
}

#[test]
fn a_person_gets_a_number_and_keeps_it_between_results() {
    let mut harness = harness();
    for number in 0..30 {
        let at = number * FRAME_MS;
        // A result on every third frame, as with a detector that is slower than the camera.
        let has_result = number % 3 == 0;
        let objects = if has_result { vec![person(0.3)] } else { vec![] };
        let detections = pass(&mut harness, frame(at, has_result.then_some(at), objects));
        assert_eq!(detections.frame, number);
        assert_eq!(detections.model, "toy");
        assert_eq!(detections.fresh, has_result);
        if at >= 240 {
            assert_eq!(detections.objects.len(), 1, "at {at} ms");
            assert_eq!(detections.objects[0].track, Some(1), "at {at} ms");
            assert_eq!(detections.objects[0].seen, has_result, "at {at} ms");
        }
    }
    assert_eq!((stat(&harness, "frames"), stat(&harness, "results")), (30, 10));
    assert_eq!(stat(&harness, "tracks-confirmed"), 1);
}

#[test]
fn a_late_box_is_drawn_where_the_person_is_now() {
    let mut harness = harness();
    let place = |ms: u64| 0.1 + 0.2 * ms as f32 / 1000.0;
    let mut last = None;
    for number in 0..75 {
        let at = number * FRAME_MS;
        // Every fourth frame brings the result of the frame three before.
        let late = (number >= 4 && number % 4 == 0).then(|| at - 3 * FRAME_MS);
        let objects = late.map(|seen| vec![person(place(seen))]).unwrap_or_default();
        let detections = pass(&mut harness, frame(at, late, objects));
        assert_eq!(detections.fresh, late.is_some(), "a late result is a result");
        if at > 1500 {
            let error = (detections.objects[0].rect.x - place(at)).abs();
            assert!(error < 0.02 * 0.1, "{error} at {at} ms");
        }
        last = Some(detections);
    }
    assert!(last.is_some_and(|detections| detections.objects.len() == 1));
    assert_eq!(stat(&harness, "late-results"), stat(&harness, "results"));
}

#[test]
fn an_empty_result_is_not_the_same_as_no_result() {
    let mut harness = harness();
    for number in 0..10 {
        let at = number * FRAME_MS;
        pass(&mut harness, frame(at, Some(at), vec![person(0.3)]));
    }
    // Nobody has looked: the box stays.
    for at in (400..600).step_by(FRAME_MS as usize) {
        assert_eq!(pass(&mut harness, frame(at, None, vec![])).objects.len(), 1, "at {at} ms");
    }
    // Somebody has looked and seen nobody, for longer than the box may coast.
    let mut shown = vec![];
    for at in (600..800).step_by(FRAME_MS as usize) {
        shown.push(pass(&mut harness, frame(at, Some(at), vec![])).objects.len());
    }
    assert_eq!(shown, [1, 0, 0, 0, 0], "one miss is forgiven");
}

#[test]
fn pixels_are_neither_touched_nor_copied() {
    let mut harness = harness();
    let buffer = frame(0, Some(0), vec![person(0.3)]);
    let address = |buffer: &gst::Buffer| buffer.map_readable().expect("a readable frame").as_ptr() as usize;
    // While somebody else holds the frame too, its meta cannot be written in place.
    let held = buffer.clone();
    let before = address(&held);
    harness.push(buffer).expect("the frame should pass");
    let after = harness.pull().expect("a frame should come out");
    assert_eq!(address(&after), before);
    let of_holder = Detections::read(&held).expect("the holder's meta is still there");
    assert_eq!(of_holder.objects, [person(0.3)]);
}

#[test]
fn a_flush_ends_all_tracks_and_numbers_go_on_rising() {
    let mut harness = harness();
    let walk = |harness: &mut gst_check::Harness| {
        let mut last = Detections::default();
        for at in (0..1000).step_by(FRAME_MS as usize) {
            last = pass(harness, frame(at, Some(at), vec![person(0.3)]));
        }
        last.objects[0].track
    };
    assert_eq!(walk(&mut harness), Some(1));
    assert!(harness.push_event(gst::event::FlushStart::new()));
    assert!(harness.push_event(gst::event::FlushStop::new(true)));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    assert!(harness.push_event(gst::event::Segment::new(&segment)));
    assert_eq!(walk(&mut harness), Some(2));
    // A camera whose clock starts again without a word.
    assert_eq!(walk(&mut harness), Some(3));
    let mut later = gst::FormattedSegment::<gst::ClockTime>::new();
    later.set_start(gst::ClockTime::from_seconds(5));
    assert!(harness.push_event(gst::event::Segment::new(&later)));
    let at = |ms: u64| 5000 + ms;
    let first = pass(&mut harness, frame(at(0), Some(at(0)), vec![person(0.3)]));
    assert_eq!(first.objects[0].track, None, "a new segment starts afresh");
}

#[test]
fn a_late_result_from_before_a_jump_back_in_time_ends_no_tracking() {
    let mut harness = harness();
    // Every result comes with the next frame, also the one of the last frame before the jump.
    let mut looked_at = None;
    let mut walk = |from: u64| {
        let mut last = Detections::default();
        for at in (from..from + 1000).step_by(FRAME_MS as usize) {
            let objects = if looked_at.is_some() { vec![person(0.3)] } else { vec![] };
            last = pass(&mut harness, frame(at, looked_at.replace(at), objects));
        }
        last.objects.first().map(|object| object.track)
    };
    assert_eq!(walk(3_600_000), Some(Some(1)));
    assert_eq!(walk(0), Some(Some(2)), "a camera whose clock starts again without a word");
}

#[test]
fn the_same_segment_again_ends_nothing() {
    let mut harness = harness();
    for at in (0..400).step_by(FRAME_MS as usize) {
        pass(&mut harness, frame(at, Some(at), vec![person(0.3)]));
    }
    let segment = harness.element().and_then(|element| {
        let pad = element.static_pad("sink")?;
        pad.sticky_event::<gst::event::Segment>(0).map(|event| event.segment().clone())
    });
    let again = gst::event::Segment::new(&segment.expect("a segment was announced"));
    assert!(harness.push_event(again));
    let detections = pass(&mut harness, frame(400, Some(400), vec![person(0.3)]));
    assert_eq!(detections.objects[0].track, Some(1));
}

#[test]
fn frames_without_detections_or_time_pass_untouched() {
    let mut harness = harness();
    let mut bare = gst::Buffer::with_size(64 * 48 * 3 / 2).expect("memory for one small frame");
    bare.get_mut().expect("a new buffer is writable").set_pts(gst::ClockTime::ZERO);
    harness.push(bare).expect("the frame should pass");
    let out = harness.pull().expect("a frame should come out");
    assert_eq!(Detections::read(&out), None);
    let mut timeless = frame(0, None, vec![]);
    timeless.get_mut().expect("nobody else holds it").set_pts(gst::ClockTime::NONE);
    assert_eq!(pass(&mut harness, timeless).objects, []);
}

#[test]
fn settings_apply_while_it_runs() {
    let mut harness = harness();
    let element = harness.element().expect("the harness has an element");
    element.set_property("confirm-hits", 1_u32);
    element.set_property("confirm-ms", 0_u32);
    let detections = pass(&mut harness, frame(0, Some(0), vec![person(0.3)]));
    assert_eq!(detections.objects[0].track, Some(1));
    element.set_property("memory-ms", 100_u32);
    pass(&mut harness, frame(160, Some(160), vec![]));
    let detections = pass(&mut harness, frame(200, Some(200), vec![person(0.3)]));
    assert_eq!(detections.objects[0].track, Some(2), "the first is forgotten");
}
