//! A picture of several people who walk, out of the demo's footage.

use gst::prelude::*;
use gstvision::engine::Assets;

/// The first picture of the footage, 768x576, encoded by `encoder`.
pub(crate) fn street(encoder: &str) -> Vec<u8> {
    gst::init().expect("GStreamer should start");
    let text =
        format!("filesrc name=source ! avidemux ! decodebin ! videoconvert ! {encoder} ! appsink name=sink");
    let pipeline = gst::parse::launch(&text).unwrap().downcast::<gst::Pipeline>().unwrap();
    let footage = Assets::locate().folder().join("footage/vtest.avi");
    assert!(footage.is_file(), "{} is missing; run \"make setup\"", footage.display());
    pipeline.by_name("source").unwrap().set_property("location", footage);
    let sink = pipeline.by_name("sink").unwrap().downcast::<gst_app::AppSink>().unwrap();
    pipeline.set_state(gst::State::Playing).unwrap();
    let sample = sink.try_pull_sample(gst::ClockTime::from_seconds(30)).expect("the first picture");
    let bytes = sample.buffer().unwrap().map_readable().unwrap().as_slice().to_vec();
    pipeline.set_state(gst::State::Null).unwrap();
    bytes
}
