//! The elements `visionblur` and `visionmask` with real pictures: what is hidden, what is not, and what no mistake shows.

use std::sync::{Once, mpsc};
use std::time::Duration;

use gst_video::prelude::*;
use gstvision::meta::{Detections, Object, Rect};

fn init() {
    static INIT: Once = Once::new();
    INIT.call_once(|| {
        gst::init().expect("GStreamer should start");
        gstvision::plugin_register_static().expect("the plugin should register");
    });
}

fn info() -> gst_video::VideoInfo {
    init();
    let builder = gst_video::VideoInfo::builder(gst_video::VideoFormat::I420, 320, 240);
    builder.fps(gst::Fraction::new(25, 1)).build().expect("a valid picture")
}

fn harness(element: &str) -> gst_check::Harness {
    let info = info();
    let mut harness = gst_check::Harness::new(element);
    harness.set_src_caps(info.to_caps().expect("caps of a valid picture"));
    harness
}

/// A checkerboard of single pixels: whatever is hidden is flat, whatever is not is as rough as can be.
fn picture(at_ms: u64, detections: Option<Detections>) -> gst::Buffer {
    let info = info();
    let stride = info.stride()[0] as usize;
    let bytes = (0..info.size())
        .map(|at| if (at / stride + at % stride).is_multiple_of(2) { 16 } else { 235 })
        .collect();
    let mut buffer = gst::Buffer::from_mut_slice::<Vec<u8>>(bytes);
    let writable = buffer.get_mut().expect("a new buffer is writable");
    writable.set_pts(gst::ClockTime::from_mseconds(at_ms));
    if let Some(detections) = detections {
        detections.attach(writable).expect("the meta is registered");
    }
    buffer
}

fn seen(rects: &[Rect]) -> Option<Detections> {
    let object = |rect: &Rect| Object {
        label: "person".into(),
        score: 0.8,
        rect: *rect,
        seen: true,
        ..Object::default()
    };
    Some(Detections { fresh: true, objects: rects.iter().map(object).collect(), ..Detections::default() })
}

/// Whether luma at a pixel differs from its neighbour's.
fn is_rough(buffer: &gst::Buffer, x: usize, y: usize) -> bool {
    let frame =
        gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info()).expect("a readable picture");
    let stride = frame.plane_stride()[0] as usize;
    let luma = frame.plane_data(0).expect("luma");
    luma[y * stride + x] != luma[y * stride + x + 1]
}

const PERSON: Rect = Rect { x: 0.4, y: 0.25, w: 0.2, h: 0.7 };

#[test]
fn heads_are_hidden_and_the_rest_is_not() {
    let mut harness = harness("visionblur");
    let shown = harness.push_and_pull(picture(0, seen(&[PERSON]))).expect("a frame");
    for (x, y) in [(130, 62), (160, 75), (188, 90)] {
        assert!(!is_rough(&shown, x, y), "the head shows at {x},{y}");
    }
    for (x, y) in [(160, 200), (20, 75), (300, 75), (160, 20)] {
        assert!(is_rough(&shown, x, y), "hidden for nothing at {x},{y}");
    }
    assert!(Detections::read(&shown).is_some(), "what is drawn later needs the boxes");
}

#[test]
fn whole_people_are_hidden_when_that_is_asked_for() {
    let mut harness = harness("visionblur");
    harness.element().expect("an element").set_property_from_str("target", "people");
    let shown = harness.push_and_pull(picture(0, seen(&[PERSON]))).expect("a frame");
    for (x, y) in [(130, 62), (160, 140), (188, 225)] {
        assert!(!is_rough(&shown, x, y), "shows at {x},{y}");
    }
    assert!(is_rough(&shown, 20, 120));
}

#[test]
fn nobody_is_hidden_when_that_is_asked_for() {
    let mut harness = harness("visionblur");
    harness.element().expect("an element").set_property_from_str("target", "nobody");
    for detections in [None, seen(&[PERSON])] {
        let shown = harness.push_and_pull(picture(0, detections)).expect("a frame");
        assert!(is_rough(&shown, 160, 75));
    }
}

#[test]
fn a_picture_that_nobody_has_looked_at_is_hidden_whole() {
    let mut harness = harness("visionblur");
    let everywhere = [(1, 1), (160, 120), (317, 237)];
    for detections in [None, Some(Detections::default())] {
        let shown = harness.push_and_pull(picture(0, detections)).expect("a frame");
        assert!(everywhere.iter().all(|(x, y)| !is_rough(&shown, *x, *y)));
    }
    let shown = harness.push_and_pull(picture(40, seen(&[]))).expect("a frame");
    assert!(everywhere.iter().all(|(x, y)| is_rough(&shown, *x, *y)), "nobody is there");
    let late =
        Some(Detections { seen_pts: Some(gst::ClockTime::from_mseconds(40)), ..Detections::default() });
    let shown = harness.push_and_pull(picture(2040, late)).expect("a frame");
    assert!(everywhere.iter().all(|(x, y)| !is_rough(&shown, *x, *y)), "the detector has stopped");
}

#[test]
fn pictures_that_others_hold_too_stay_as_they_are_for_them() {
    let mut harness = harness("visionblur");
    let input = picture(0, seen(&[PERSON]));
    let shown = harness.push_and_pull(input.clone()).expect("a frame");
    assert!(is_rough(&input, 160, 75) && !is_rough(&shown, 160, 75));
}

#[test]
fn polygons_are_painted_out_and_can_be_changed_while_it_runs() {
    let mut harness = harness("visionmask");
    let shown = harness.push_and_pull(picture(0, None)).expect("a frame");
    assert!(is_rough(&shown, 10, 10));
    let element = harness.element().expect("an element");
    element.set_property("polygons", "0,0,0.5,0,0.5,0.5,0,0.5");
    let shown = harness.push_and_pull(picture(40, None)).expect("a frame");
    assert!(!is_rough(&shown, 10, 10) && !is_rough(&shown, 158, 118) && is_rough(&shown, 200, 200));
    element.set_property("polygons", "0.5,0.5,1,0.5,1,1,0.5,1");
    let shown = harness.push_and_pull(picture(80, None)).expect("a frame");
    assert!(is_rough(&shown, 10, 10) && !is_rough(&shown, 200, 200));
}

#[test]
fn a_mask_that_cannot_be_read_stops_the_picture_with_its_reason() {
    init();
    let pipeline = gst::parse::launch("videotestsrc num-buffers=3 ! visionmask polygons=0,0,1 ! fakesink")
        .expect("a pipeline");
    assert!(pipeline.set_state(gst::State::Playing).is_err() || pipeline.state(None).0.is_err());
    let bus = pipeline.bus().expect("a bus");
    let error = bus.timed_pop_filtered(gst::ClockTime::from_seconds(5), &[gst::MessageType::Error]);
    let error = error.expect("an error");
    let gst::MessageView::Error(error) = error.view() else { panic!("{error:?}") };
    assert_eq!(
        error.error().message(),
        "property `polygons`: \"0,0,1\" is not x,y,x,y,x,y… with three corners or more"
    );
    pipeline.set_state(gst::State::Null).expect("an end");
}

#[test]
fn whoever_hears_of_an_error_may_ask_back_at_once() {
    for name in ["visionblur", "visionoverlay"] {
        let mut harness = harness(name);
        let element = harness.element().expect("an element");
        let bus = gst::Bus::new();
        element.set_bus(Some(&bus));
        let (said, answers) = mpsc::channel();
        bus.set_sync_handler(move |_, message| {
            if message.type_() == gst::MessageType::Error {
                let pad = element.static_pad("sink").expect("a pad");
                let mut caps = info().to_caps().expect("caps of a valid picture");
                // The same again would not reach the element.
                caps.make_mut().set("framerate", gst::Fraction::new(50, 1));
                said.send(pad.send_event(gst::event::Caps::new(&caps))).expect("a test");
            }
            gst::BusSyncReply::Drop
        });
        let mut small = gst::Buffer::from_slice([0_u8; 10]);
        let writable = small.get_mut().expect("a new buffer is writable");
        writable.set_pts(gst::ClockTime::ZERO);
        seen(&[PERSON]).expect("somebody").attach(writable).expect("the meta is registered");
        // On a thread of its own, so that a deadlock is a failure.
        std::thread::spawn(move || harness.push(small));
        assert_eq!(answers.recv_timeout(Duration::from_secs(20)), Ok(true), "{name}");
    }
}
