//! What our own code adds to the network, frame by frame: reading the picture, handing it over, boxes, tracks.
//!
//! `cargo bench -p gst-plugin-vision --bench overhead [MODEL]`: frames of the demo's footage through `visiondetect` and
//! `visiontrack`, each looked at and waited for; codecs and drawing are left out. The network's own time is what ONNX
//! Runtime took in `run`.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::time::{Duration, Instant};

use gst::prelude::*;
use gst_check::Harness;
use gstvision::engine::{Assets, loaded};

/// Of the network's time.
const TARGET: f64 = 0.10;
const FRAMES: usize = 40;
const ROUNDS: usize = 5;

fn main() {
    gst::init().expect("GStreamer should start");
    gstvision::plugin_register_static().expect("the plugin should register");
    let model =
        std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_else(|| "auto".to_owned());
    println!("| picture | model | network, ms | our own, ms | share (target ≤ {TARGET:.2}) |");
    println!("| --- | --- | --- | --- | --- |");
    for (width, height) in [(640, 480), (1280, 720), (1920, 1080)] {
        let (caps, frames) = footage(width, height);
        let (name, network, own) = measure(&model, &caps, &frames);
        println!("| {width}×{height} | {name} | {network:.2} | {own:.2} | {:.3} |", own / network);
    }
}

/// Decoded frames of the footage in another size.
fn footage(width: i32, height: i32) -> (gst::Caps, Vec<gst::Buffer>) {
    let launch = format!(
        "filesrc name=file ! decodebin ! videoconvert ! videoscale ! \
         video/x-raw,format=I420,width={width},height={height},pixel-aspect-ratio=1/1 ! appsink name=sink sync=false"
    );
    let pipeline = gst::parse::launch(&launch).expect("the pipeline should be built");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("it should be a pipeline");
    let file = pipeline.by_name("file").expect("the element should be there");
    file.set_property("location", Assets::locate().folder().join("footage/vtest.avi").to_str());
    let sink = pipeline.by_name("sink").and_downcast::<gst_app::AppSink>().expect("it should be an appsink");
    pipeline.set_state(gst::State::Playing).expect("the pipeline should start; run \"make setup\"");
    let samples: Vec<_> =
        (0..FRAMES).map(|_| sink.pull_sample().expect("there should be more frames")).collect();
    pipeline.set_state(gst::State::Null).expect("the pipeline should stop");
    let caps = samples[0].caps_owned().expect("a sample has caps");
    (caps, samples.iter().map(|sample| sample.buffer_owned().expect("a sample has a buffer")).collect())
}

/// Name of the model, and milliseconds a frame: of the network, and of all the rest.
fn measure(model: &str, caps: &gst::Caps, frames: &[gst::Buffer]) -> (String, f64, f64) {
    let mut harness = Harness::new_parse(&format!("visiondetect model={model} max-wait-ms=-1 ! visiontrack"));
    harness.set_src_caps(caps.clone());
    let mut time = gst::ClockTime::ZERO;
    let mut pass = |harness: &mut Harness| {
        let mut took = Duration::ZERO;
        for frame in frames {
            let mut frame = frame.copy();
            frame.make_mut().set_pts(time);
            time += gst::ClockTime::from_mseconds(40);
            let start = Instant::now();
            harness.push_and_pull(frame).expect("the frame should come out");
            took += start.elapsed();
        }
        took
    };
    pass(&mut harness);
    // Of all rounds the one that was disturbed least.
    let rounds = (0..ROUNDS).map(|_| {
        let before = spent();
        let took = pass(&mut harness).as_secs_f64() * 1000.0 / frames.len() as f64;
        let network = (spent() - before) / frames.len() as f64;
        (took - network, network)
    });
    let (own, network) = rounds.min_by(|one, other| one.0.total_cmp(&other.0)).expect("there was a round");
    (loaded().first().map_or_else(String::new, |network| network.model.clone()), network, own)
}

/// Milliseconds in the network since it was loaded.
fn spent() -> f64 {
    loaded().iter().map(|network| network.inference_ms.unwrap_or_default() * network.inferences as f64).sum()
}
