//! The element `visionattributes` on a real frame: what it says of people, what it does not, and what it costs nothing.

mod common;

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use common::{asset, init};
use gst::prelude::*;
use gstvision::meta::{About, Aspect, Detections, MarkKind, Object, Rect};

/// Long enough for any machine, short enough for a test that fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Size of the footage, px.
const SIZE: (f32, f32) = (768.0, 576.0);

/// Somebody in a jacket of red and dark blue on frame 40: left, top, right, bottom in pixels.
const JACKET: [f32; 4] = [567.0, 234.0, 610.0, 329.0];

/// Frame 40 of the footage and its caps.
static FRAME: LazyLock<(gst::Caps, Arc<Vec<u8>>)> = LazyLock::new(|| {
    init();
    let launch = "filesrc name=file ! decodebin ! videoconvert ! video/x-raw,format=I420 ! appsink name=sink sync=false";
    let pipeline = gst::parse::launch(launch).expect("the pipeline should be built");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("it should be a pipeline");
    let by_name = |name| pipeline.by_name(name).expect("the element should be there");
    by_name("file").set_property("location", asset("footage/vtest.avi").to_str());
    let sink = by_name("sink").downcast::<gst_app::AppSink>().expect("it should be an appsink");
    pipeline.set_state(gst::State::Playing).expect("the pipeline should start");
    let next = || sink.pull_sample().expect("there should be a frame");
    (0..40).for_each(|_| drop(next()));
    let sample = next();
    pipeline.set_state(gst::State::Null).expect("the pipeline should stop");
    let map = sample.buffer().expect("it has a buffer").map_readable().expect("it should be readable");
    (sample.caps().expect("it has caps").to_owned(), Arc::new(map.to_vec()))
});

fn harness(properties: &[(&str, &str)]) -> gst_check::Harness {
    init();
    let element = gst::ElementFactory::make("visionattributes").build().expect("it should be registered");
    for (name, value) in properties {
        element.set_property_from_str(name, value);
    }
    let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
    harness.set_src_caps(FRAME.0.clone());
    harness
}

fn object(label: &str, score: f32, [left, top, right, bottom]: [f32; 4]) -> Object {
    let rect =
        Rect { x: left / SIZE.0, y: top / SIZE.1, w: (right - left) / SIZE.0, h: (bottom - top) / SIZE.1 };
    Object { label: label.into(), score, rect, seen: true, ..Object::default() }
}

fn person(track: u64, edges: [f32; 4]) -> Object {
    Object { track: Some(track), ..object("person", 0.8, edges) }
}

/// The frame at `ms` with a fresh result.
fn frame(ms: u64, objects: &[Object]) -> gst::Buffer {
    let mut buffer = gst::Buffer::from_slice(FRAME.1.as_ref().clone());
    let writable = buffer.get_mut().expect("a new buffer is writable");
    let pts = gst::ClockTime::from_mseconds(ms);
    writable.set_pts(pts);
    let detections =
        Detections { fresh: true, seen_pts: Some(pts), objects: objects.to_vec(), ..Detections::default() };
    detections.attach(writable).expect("the meta is registered");
    buffer
}

fn pass(harness: &mut gst_check::Harness, ms: u64, objects: &[Object]) -> Vec<Object> {
    let buffer = harness.push_and_pull(frame(ms, objects)).expect("the frame should pass");
    Detections::read(&buffer).expect("the frame should carry detections").objects
}

fn word(about: &About, aspect: Aspect) -> Option<&str> {
    about.attributes.get(aspect).value.as_deref()
}

fn is_nothing(about: &About) -> bool {
    Aspect::ALL.into_iter().all(|aspect| word(about, aspect).is_none())
}

#[test]
fn a_frame_that_waits_says_what_somebody_wears_and_where() {
    let mut harness = harness(&[("wait", "true")]);
    let objects = pass(&mut harness, 0, &[person(7, JACKET)]);
    let about = objects[0].about.as_ref().expect("somebody should have looked");
    let colours = [Aspect::PrimaryColor, Aspect::SecondaryColor].map(|aspect| word(about, aspect));
    assert!(matches!(colours[0], Some("red" | "blue")), "{:?}", about.attributes);
    assert_eq!(word(about, Aspect::AgeRange), None, "nobody's face is seen so far away");
    assert_eq!(about.landmarks.len(), 33);
    let garment = about.marks.iter().find(|mark| mark.kind == MarkKind::Garment).expect("a box around it");
    let (inner, outer) = (garment.rect, objects[0].rect);
    assert!(inner.y > outer.y && inner.y + inner.h < outer.y + 0.8 * outer.h, "{inner:?} in {outer:?}");
}

#[test]
fn the_same_frames_give_the_same_answer() {
    let answer = || {
        let mut harness = harness(&[("wait", "true"), ("budget", "1"), ("interval-ms", "100")]);
        let seen = [person(1, JACKET), person(2, [599.0, 234.0, 642.0, 329.0])];
        (0..6).map(|number| pass(&mut harness, number * 100, &seen)).collect::<Vec<_>>()
    };
    assert_eq!(answer(), answer());
}

#[test]
fn without_waiting_what_was_seen_comes_with_a_later_frame() {
    let mut harness = harness(&[]);
    let objects = pass(&mut harness, 0, &[person(7, JACKET)]);
    assert!(objects[0].about.as_ref().is_none_or(|about| is_nothing(about)), "{:?}", objects[0].about);
    let start = Instant::now();
    for number in 1.. {
        let objects = pass(&mut harness, number, &[person(7, JACKET)]);
        if objects[0].about.as_ref().is_some_and(|about| word(about, Aspect::PrimaryColor).is_some()) {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "it never came");
        std::thread::yield_now();
    }
}

#[test]
fn what_cannot_be_seen_is_not_said() {
    let cases = [
        ("60 pixels high", [567.0, 234.0, 594.0, 294.0]),
        ("half in the picture", [0.0, 234.0, 21.0, 329.0]),
        ("nobody, only grass and pavement", [20.0, 430.0, 80.0, 560.0]),
    ];
    for (name, edges) in cases {
        let mut harness = harness(&[("wait", "true")]);
        let objects = pass(&mut harness, 0, &[person(1, edges)]);
        let about = objects[0].about.as_ref();
        assert!(about.is_none_or(|about| is_nothing(about)), "{name}: {about:?}");
    }
}

#[test]
fn a_bag_becomes_a_part_of_whoever_carries_it() {
    let bag = object("handbag", 0.6, [560.0, 270.0, 575.0, 290.0]);
    let tie = object("tie", 0.6, [585.0, 250.0, 590.0, 270.0]);
    let mut harness = harness(&[("wait", "true")]);
    let seen = [person(1, JACKET), bag.clone(), tie.clone()];
    pass(&mut harness, 0, &seen);
    pass(&mut harness, 100, &seen);
    let objects = pass(&mut harness, 200, &seen);
    assert_eq!(objects.len(), 1, "{objects:?}");
    let about = objects[0].about.as_ref().expect("somebody should have looked");
    assert_eq!((word(about, Aspect::Bag), word(about, Aspect::Style)), (Some("handbag"), Some("formal")));
    let mark = about.marks.iter().find(|mark| mark.kind == MarkKind::Bag).expect("a box around it");
    assert!((mark.rect.x - bag.rect.x).abs() < 1e-5 && (mark.rect.h - bag.rect.h).abs() < 1e-5, "{mark:?}");
    harness.element().expect("it has an element").set_property("keep-things", true);
    let objects = pass(&mut harness, 300, &seen);
    assert_eq!(
        objects.iter().map(|object| object.label.as_str()).collect::<Vec<_>>(),
        ["person", "handbag", "tie"]
    );
}

#[test]
fn without_a_budget_no_model_is_needed_and_with_one_a_missing_model_is_named() {
    let mut harness = harness(&[("budget", "0"), ("assets-dir", "/nowhere")]);
    let objects = pass(&mut harness, 0, &[person(1, JACKET)]);
    assert_eq!(objects[0].about, None);
    let element = gst::ElementFactory::make("visionattributes").property("assets-dir", "/nowhere").build();
    let element = element.expect("it should be registered");
    let bus = gst::Bus::new();
    element.set_bus(Some(&bus));
    assert!(element.set_state(gst::State::Paused).is_err(), "there is no model");
    element.set_state(gst::State::Null).expect("it should go back");
    let message = bus.pop_filtered(&[gst::MessageType::Error]).expect("it should say why");
    let gst::MessageView::Error(error) = message.view() else { panic!("{message:?}") };
    assert!(error.error().message().contains("/nowhere"), "{}", error.error());
}

#[test]
fn a_budget_that_is_given_while_frames_flow_is_used() {
    let mut harness = harness(&[("budget", "0"), ("wait", "true")]);
    let objects = pass(&mut harness, 0, &[person(7, JACKET)]);
    assert_eq!(objects[0].about, None);
    harness.element().expect("it has an element").set_property("budget", 1.0_f32);
    let objects = pass(&mut harness, 100, &[person(7, JACKET)]);
    let about = objects[0].about.as_ref().expect("somebody should have looked");
    assert!(word(about, Aspect::PrimaryColor).is_some(), "{:?}", about.attributes);
}

#[test]
fn a_new_stream_knows_nobody() {
    let mut harness = harness(&[("wait", "true")]);
    let objects = pass(&mut harness, 0, &[person(7, JACKET)]);
    assert!(objects[0].about.is_some());
    harness.push_event(gst::event::FlushStart::new());
    harness.push_event(gst::event::FlushStop::new(true));
    let segment = gst::FormattedSegment::<gst::ClockTime>::new();
    harness.push_event(gst::event::Segment::new(&segment));
    // Out of sight of any look, so that only what was known before could be told.
    let objects = pass(&mut harness, 0, &[person(7, [567.0, 234.0, 594.0, 294.0])]);
    assert!(objects[0].about.as_ref().is_none_or(|about| is_nothing(about)), "{:?}", objects[0].about);
}
