//! Several cameras at once: does each get its share of the processor, and what does one more cost in memory?
//!
//! `cargo bench -p gst-plugin-vision --bench streams [MODEL]`: four live pictures of 640×480 at 15 fps, without codecs,
//! through `visiondetect` and `visiontrack`. First each is looked at five times a second, one camera more at a time;
//! then all four as often as it goes. The fps are those of looks, not of frames.

#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::time::{Duration, Instant};

use gst::prelude::*;
use gstvision::detect::Stats;

const CAMERAS: usize = 4;
/// Long enough that start-up does not count.
const SETTLE: Duration = Duration::from_secs(3);
const MEASURE: Duration = Duration::from_secs(10);

fn main() {
    gst::init().expect("GStreamer should start");
    gstvision::plugin_register_static().expect("the plugin should register");
    let model =
        std::env::args().skip(1).find(|word| !word.starts_with('-')).unwrap_or_else(|| "auto".to_owned());
    println!(
        "| cameras ({model}) | looked at, fps each | slowest to fastest | resident, MiB | one more, MiB | CPU, % of a core |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    let mut cameras = Vec::new();
    let mut before = resident_mib();
    for count in 1..=CAMERAS {
        cameras.push(camera(&model, 3));
        let (rates, cpu) = measure(&cameras);
        let resident = resident_mib();
        print(&format!("{count} at 5 fps"), &rates, resident, resident - before, cpu);
        before = resident;
    }
    for camera in &cameras {
        detector(camera).set_property("inference-interval", 1_u32);
    }
    let (rates, cpu) = measure(&cameras);
    let resident = resident_mib();
    // What three of the four cameras take over the first, with all the sessions that there are now.
    print(&format!("{CAMERAS} as often as it goes"), &rates, resident, resident - before, cpu);
    for camera in cameras {
        camera.set_state(gst::State::Null).expect("the camera should stop");
    }
}

fn camera(model: &str, interval: u32) -> gst::Pipeline {
    let launch = "videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=640,height=480,framerate=15/1 ! \
                  queue leaky=downstream max-size-buffers=1 ! visiondetect name=detect ! visiontrack ! fakesink sync=false";
    let pipeline = gst::parse::launch(launch).expect("the pipeline should be built");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("it should be a pipeline");
    detector(&pipeline).set_property("model", model);
    detector(&pipeline).set_property("inference-interval", interval);
    pipeline.set_state(gst::State::Playing).expect("the pipeline should start; run \"make setup\"");
    pipeline
}

fn detector(camera: &gst::Pipeline) -> gst::Element {
    camera.by_name("detect").expect("the element should be there")
}

fn analysed(camera: &gst::Pipeline) -> u64 {
    let stats = detector(camera).property::<gst::Structure>("stats");
    Stats::from_structure(&stats).expect("it should be readable").analysed
}

/// Looks a second of each camera, and the share of one core that all take.
fn measure(cameras: &[gst::Pipeline]) -> (Vec<f64>, f64) {
    std::thread::sleep(SETTLE);
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let before: Vec<_> = cameras.iter().map(analysed).collect();
    std::thread::sleep(MEASURE);
    let seconds = start.elapsed().as_secs_f64();
    let rates =
        cameras.iter().zip(before).map(|(camera, before)| (analysed(camera) - before) as f64 / seconds);
    (rates.collect(), (cpu_seconds() - cpu) / seconds * 100.0)
}

fn print(what: &str, rates: &[f64], resident: f64, more: f64, cpu: f64) {
    let slowest = rates.iter().copied().fold(f64::INFINITY, f64::min);
    let fastest = rates.iter().copied().fold(0.0, f64::max);
    let each: Vec<_> = rates.iter().map(|rate| format!("{rate:.1}")).collect();
    println!(
        "| {what} | {} | {:.2} | {resident:.0} | {more:.0} | {cpu:.0} |",
        each.join(", "),
        slowest / fastest
    );
}

/// Of this process, as the system counts it.
fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has this line");
    line.trim().trim_end_matches(" kB").parse::<f64>().expect("it is a number") / 1024.0
}

/// Of all threads of this process.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux has it");
    let after_name = stat.rsplit(") ").next().expect("it has a name");
    let ticks =
        after_name.split(' ').skip(11).take(2).map(|field| field.parse::<f64>().expect("it is a number"));
    // A hundred ticks a second on every Linux that this runs on.
    ticks.sum::<f64>() / 100.0
}
