//! Short videos that tests make for themselves.

use std::path::Path;

use gst::prelude::*;

/// 128x96, 25 frames a second, made by `launch` out of the raw pictures; it must end in a muxer.
pub(crate) fn film(path: &Path, frames: u32, launch: &str) {
    gst::init().expect("GStreamer should start");
    let text = format!(
        "videotestsrc num-buffers={frames} pattern=ball ! video/x-raw,format=I420,width=128,height=96,framerate=25/1 \
         ! {launch} ! filesink name=file"
    );
    let pipeline = gst::parse::launch(&text).unwrap().downcast::<gst::Pipeline>().unwrap();
    pipeline.by_name("file").unwrap().set_property("location", path);
    pipeline.set_state(gst::State::Playing).unwrap();
    let bus = pipeline.bus().unwrap();
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
    let end =
        bus.timed_pop_filtered(gst::ClockTime::from_seconds(30), &kinds).expect("the film should be done");
    assert_eq!(end.type_(), gst::MessageType::Eos, "{end:?}");
    pipeline.set_state(gst::State::Null).unwrap();
}

/// Cuts the file at `path` down to `percent` of its length.
pub(crate) fn cut(path: &Path, percent: usize) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..bytes.len() * percent / 100]).unwrap();
}
