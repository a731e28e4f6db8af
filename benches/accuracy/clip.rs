//! A sequence in the MOTChallenge form: its picture, its truth, and what we see in it.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use gst::prelude::*;
use gstvision::meta::Detections;
use serde_json::Value;

use crate::mot::{Boxes, Numbered};

/// Weaker boxes than this are of no use to any tracker.
const LEAST_SCORE: f32 = 0.1;

/// A clip with its truth.
pub(crate) struct Clip {
    pub(crate) name: String,
    pub(crate) file: PathBuf,
    pub(crate) width: f64,
    pub(crate) fps: f64,
    pub(crate) truth_file: PathBuf,
    pub(crate) truth: Boxes,
}

impl Clip {
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let pick = |files: [PathBuf; 2], what: &str| {
            let found = files.into_iter().find(|file| file.is_file());
            found.with_context(|| format!("{name} has no {what}"))
        };
        let truth_file = pick([folder.join("gt.txt"), folder.join("gt/gt.txt")], "gt.txt")?;
        let file = pick(["mp4", "avi"].map(|kind| folder.join(format!("{name}.{kind}"))), "clip")?;
        let info = std::fs::read_to_string(folder.join("seqinfo.ini"))?;
        let number = |key: &str| -> Result<f64> {
            let value = info.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
            value.and_then(|value| value.trim().parse().ok()).with_context(|| format!("{name}: no {key}"))
        };
        let (width, fps) = (number("imWidth")?, number("frameRate")?);
        Ok(Self { truth: read(&truth_file)?, name, file, width, fps, truth_file })
    }

    /// What our detector sees, in the MOTChallenge form, for other people's trackers.
    pub(crate) fn detections(&self) -> Result<String> {
        let launch = format!(
            "filesrc name=file ! decodebin ! videoconvert ! visiondetect max-wait-ms=-1 threshold={LEAST_SCORE} \
             ! appsink name=sink sync=false max-buffers=2"
        );
        let pipeline = gst::parse::launch(&launch)?.downcast::<gst::Pipeline>().ok();
        let pipeline = pipeline.context("a pipeline")?;
        let file = self.file.to_str().context("the path is text")?;
        pipeline.by_name("file").context("the source")?.set_property("location", file);
        let sink = pipeline.by_name("sink").and_then(|sink| sink.downcast::<gst_app::AppSink>().ok());
        let sink = sink.context("the sink")?;
        pipeline.set_state(gst::State::Playing)?;
        let mut text = String::new();
        while let Ok(sample) = sink.pull_sample() {
            let info = gst_video::VideoInfo::from_caps(sample.caps().context("caps")?)?;
            let seen = Detections::read(sample.buffer().context("a buffer")?).context("detections")?;
            let (width, height) = (info.width() as f32, info.height() as f32);
            for object in seen.objects {
                let rect = object.rect;
                let sides = [rect.x * width, rect.y * height, rect.w * width, rect.h * height];
                let [x, y, w, h] = sides;
                writeln!(text, "{},-1,{x},{y},{w},{h},{},-1,-1,-1", seen.frame + 1, object.score)?;
            }
        }
        pipeline.set_state(gst::State::Null)?;
        Ok(text)
    }
}

/// MOTChallenge rows: frame from 1, id, x, y, w, h, flag; rows with flag 0 are not judged.
pub(crate) fn read(file: &Path) -> Result<Boxes> {
    let mut boxes = Boxes::new();
    for line in std::fs::read_to_string(file)?.lines() {
        let fields: Vec<f64> = line.split(',').map(|field| field.trim().parse().unwrap_or(0.0)).collect();
        let [frame, id, x, y, w, h, flag, ..] = fields[..] else { bail!("{}: {line:?}", file.display()) };
        if flag != 0.0 {
            boxes.entry(frame as u64 - 1).or_default().push(Numbered { id: id as u64, rect: [x, y, w, h] });
        }
    }
    Ok(boxes)
}

/// The same rows of `boxes`.
pub(crate) fn rows(boxes: &Boxes) -> String {
    let rows = boxes.iter().flat_map(|(frame, boxes)| boxes.iter().map(move |object| (frame + 1, object)));
    rows.fold(String::new(), |mut text, (frame, Numbered { id, rect: [x, y, w, h] })| {
        let _ = writeln!(text, "{frame},{id},{x},{y},{w},{h},1,-1,-1,-1");
        text
    })
}

/// Confirmed people that `atalaya run` reports, the number of frames it saw, and how many people it counted.
pub(crate) fn run(clip: &Path) -> Result<(Boxes, u64, u64)> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_atalaya"))
        .args(["run", "file", &format!("location={}", clip.display())])
        .stdout(Stdio::piped())
        .spawn()?;
    let (mut boxes, mut frames, mut people) = (Boxes::new(), 0, 0);
    for line in BufReader::new(child.stdout.take().context("stdout is piped")?).lines() {
        let record: Value = serde_json::from_str(&line?)?;
        if record["kind"] == "end" {
            people = record["people"].as_u64().context("the end counts people")?;
        }
        if record["kind"] != "frame" {
            continue;
        }
        let frame = record["frame"].as_u64().context("frame has a number")?;
        frames = frames.max(frame + 1);
        for detection in record["detections"].as_array().context("frame has detections")? {
            let (Some(id), "person") =
                (detection["track"].as_u64(), detection["label"].as_str().unwrap_or(""))
            else {
                continue;
            };
            let side = |index: usize| detection["box"][index].as_f64().unwrap_or(0.0);
            boxes.entry(frame).or_default().push(Numbered { id, rect: [0, 1, 2, 3].map(side) });
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("atalaya run {} ended with {status}", clip.display());
    }
    Ok((boxes, frames, people))
}
