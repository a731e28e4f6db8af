//! How often the colours of clothes are right, and how long a look takes, on people whose clothes somebody looked at.
//!
//! `make accuracy MOT=DIR IMAGES=DIR` runs this; what is not there is left out and said so. One look a person, without
//! the votes over a visit that video has.

#![allow(clippy::print_stdout, reason = "a bench tells what it measured")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use gst::prelude::*;
use gstvision::engine::{Assets, Catalog, Device, I420, LoadOptions};
use gstvision::meta::Rect;
use gstvision::person::Looker;
use serde::Deserialize;

/// What the project wants of those colours that are said …
const RIGHT: f64 = 80.0;
/// … and how many of large people's colours and garments should be.
const COLOURS_SAID: f64 = 70.0;
const GARMENTS_SAID: f64 = 50.0;

/// Height of a person from which on those two count, px.
const LARGE: f32 = 150.0;

#[derive(Deserialize)]
struct Truth {
    person: Vec<Person>,
}

#[derive(Deserialize)]
struct Person {
    file: String,
    #[serde(default)]
    frame: u64,
    /// Left, top, right, bottom in pixels.
    #[serde(rename = "box")]
    edges: [f32; 4],
    /// Words that are right.
    colours: Vec<String>,
    /// Not looked at while the rules were made.
    #[serde(default)]
    held_back: bool,
}

#[derive(Default)]
struct Score {
    people: usize,
    said: usize,
    right: usize,
    held_back_said: usize,
    held_back_right: usize,
    large: usize,
    large_colours: usize,
    large_garments: usize,
    time: Duration,
}

fn main() -> ExitCode {
    let folders: Vec<PathBuf> =
        ["MOT", "IMAGES"].iter().filter_map(|name| std::env::var_os(name).map(PathBuf::from)).collect();
    gst::init().expect("GStreamer should start");
    let truth: Truth = toml::from_str(include_str!("people.toml")).expect("the list should be right");
    let assets = Assets::locate();
    let options = LoadOptions { runtime: None, assets: assets.clone(), device: Device::Auto, threads: 1 };
    let catalog = Catalog::open(None).expect("the standard models should be there");
    let mut looker = Looker::load(&catalog, &options).expect("the models should load");
    let mut clips: BTreeMap<&str, Vec<&Person>> = BTreeMap::new();
    for person in &truth.person {
        clips.entry(&person.file).or_default().push(person);
    }
    let mut score = Score::default();
    for (file, people) in clips {
        match find(file, &folders) {
            Some(path) => look_at(&path, &people, &mut looker, &mut score),
            None => println!("{file}: not found, left out ({} people)", people.len()),
        }
    }
    score.print();
    ExitCode::SUCCESS
}

/// The file in the demo's footage or in one of the folders.
fn find(file: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let footage = Some(Assets::locate().folder().join("footage"));
    let stem = Path::new(file).file_stem()?;
    let places =
        folders.iter().chain(&footage).flat_map(|folder| [folder.join(file), folder.join(stem).join(file)]);
    places.into_iter().find(|path| path.is_file())
}

/// Plays `path` and looks at `people` on their frames.
fn look_at(path: &Path, people: &[&Person], looker: &mut Looker, score: &mut Score) {
    let launch = "filesrc name=source ! decodebin ! videoconvert ! video/x-raw,format=I420 ! appsink name=sink sync=false";
    let pipeline = gst::parse::launch(launch).expect("the pipeline should be right");
    let pipeline = pipeline.downcast::<gst::Pipeline>().expect("it should be a pipeline");
    let source = pipeline.by_name("source").expect("it should be there");
    source.set_property("location", path.display().to_string());
    let sink = pipeline.by_name("sink").and_downcast::<gst_app::AppSink>().expect("it should be there");
    pipeline.set_state(gst::State::Playing).expect("it should play");
    let last = people.iter().map(|person| person.frame).max().unwrap_or(0);
    for number in 0..=last {
        let Ok(sample) = sink.pull_sample() else { break };
        for person in people.iter().filter(|person| person.frame == number) {
            look_at_one(&sample, person, looker, score);
        }
    }
    pipeline.set_state(gst::State::Null).expect("it should stop");
}

fn look_at_one(sample: &gst::Sample, person: &Person, looker: &mut Looker, score: &mut Score) {
    let info = gst_video::VideoInfo::from_caps(sample.caps().expect("a sample should have caps"))
        .expect("they should be of video");
    let buffer = sample.buffer().expect("a sample should have a buffer");
    let frame =
        gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, &info).expect("it should be readable");
    let picture = I420::of(&frame).expect("it should be I420");
    let (width, height) = (picture.width as f32, picture.height as f32);
    let [left, top, right, bottom] = person.edges;
    let rect =
        Rect { x: left / width, y: top / height, w: (right - left) / width, h: (bottom - top) / height };
    let began = Instant::now();
    let look = looker.look(&picture, &rect, None).expect("the look should work");
    score.time += began.elapsed();
    let colour = look.palette.and_then(|(palette, _)| Some(palette.ranked().first()?.0.name()));
    let is_right = colour.is_some_and(|colour| person.colours.iter().any(|right| right == colour));
    score.people += 1;
    score.said += usize::from(colour.is_some());
    score.right += usize::from(is_right);
    if person.held_back {
        score.held_back_said += usize::from(colour.is_some());
        score.held_back_right += usize::from(is_right);
    }
    if bottom - top >= LARGE && look.pose.is_some() {
        score.large += 1;
        score.large_colours += usize::from(colour.is_some());
        score.large_garments += usize::from(look.garment.is_some());
    }
    let verdict = if is_right {
        "right"
    } else if colour.is_some() {
        "WRONG"
    } else {
        "-"
    };
    let garment = look.garment.map_or("-", |(garment, _)| garment.name());
    println!(
        "{:20} {:4} {left:5} {top:5}  {:8} {verdict:6} {garment:12} {}",
        person.file,
        person.frame,
        colour.unwrap_or("-"),
        person.colours.join(" or "),
    );
}

impl Score {
    fn print(&self) {
        let percent = |part: usize, whole: usize| 100.0 * part as f64 / whole.max(1) as f64;
        println!(
            "primary colours right of those said: {:.0} % of {} (target {RIGHT} %)",
            percent(self.right, self.said),
            self.said
        );
        println!(
            "those that were held back: {:.0} % of {}",
            percent(self.held_back_right, self.held_back_said),
            self.held_back_said
        );
        println!("people with a colour: {} of {}", self.said, self.people);
        println!(
            "people with a pose, {LARGE} px high or more: {}; with a colour {:.0} % (target {COLOURS_SAID} %), with a garment {:.0} % (target {GARMENTS_SAID} %)",
            self.large,
            percent(self.large_colours, self.large),
            percent(self.large_garments, self.large)
        );
        println!("time of a look: {:.1} ms", self.time.as_secs_f64() * 1000.0 / self.people.max(1) as f64);
    }
}
