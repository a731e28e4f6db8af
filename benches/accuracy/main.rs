//! `make accuracy MOT=DIR`: how right the boxes and numbers are, on sequences with ground truth.
//!
//! DIR holds folders in the MOTChallenge form: `seqinfo.ini`, `gt.txt` (or `gt/gt.txt`) and the clip `NAME.mp4`.
//! Each clip goes through `atalaya run file`, as a user would run it, and nothing is set by clip.

#![expect(clippy::print_stdout, reason = "the figures are what this prints")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "counts of frames are small"
)]

mod mot;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use mot::{Boxes, Figures, Numbered};

/// What the file says, in this order.
const HEADER: &str = "| clip | recall | precision | MOTA | IDF1 | switches | people (true) |\n\
                      | --- | --- | --- | --- | --- | --- | --- |";

fn main() -> Result<()> {
    let Some(root) = std::env::var_os("MOT").filter(|root| !root.is_empty()).map(PathBuf::from) else {
        println!("no sequences given: make accuracy MOT=DIR");
        return Ok(());
    };
    let mut clips: Vec<_> = std::fs::read_dir(&root)
        .with_context(|| format!("folder {}", root.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("seqinfo.ini").is_file())
        .collect();
    clips.sort();
    if clips.is_empty() {
        bail!("{} holds no folder with a seqinfo.ini", root.display());
    }
    println!("{HEADER}");
    for clip in clips {
        let name = clip.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let figures = measure(&clip, &name)?;
        println!("{}", row(&name, &figures));
    }
    Ok(())
}

fn row(name: &str, f: &Figures) -> String {
    format!(
        "| {name} | {:.3} | {:.3} | {:.1} | {:.1} | {} | {} ({}) |",
        f.recall,
        f.precision,
        f.mota * 100.0,
        f.idf1 * 100.0,
        f.switches,
        f.people_found,
        f.people_true
    )
}

fn measure(clip: &Path, name: &str) -> Result<Figures> {
    let truth_file = [clip.join("gt.txt"), clip.join("gt/gt.txt")].into_iter().find(|file| file.is_file());
    let truth = read_truth(&truth_file.with_context(|| format!("{name} has no gt.txt"))?)?;
    let (found, frames) = run(&clip.join(format!("{name}.mp4")))?;
    Ok(mot::compare(&truth, &found, frames))
}

/// MOTChallenge rows: frame from 1, id, x, y, w, h, flag; rows with flag 0 are not judged.
fn read_truth(file: &Path) -> Result<Boxes> {
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

/// Confirmed people that `atalaya run` reports, and the number of frames it saw.
fn run(clip: &Path) -> Result<(Boxes, u64)> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_atalaya"))
        .args(["run", "file", &format!("location={}", clip.display())])
        .stdout(Stdio::piped())
        .spawn()?;
    let (mut boxes, mut frames) = (Boxes::new(), 0);
    for line in BufReader::new(child.stdout.take().context("stdout is piped")?).lines() {
        let record: Value = serde_json::from_str(&line?)?;
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
    Ok((boxes, frames))
}
