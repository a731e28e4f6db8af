//! `make accuracy MOT=DIR`: how right the boxes and numbers are, on sequences with ground truth, beside other people's
//! trackers on the same detections. It prints the table and puts it into `docs/accuracy.md`.
//!
//! DIR holds folders in the MOTChallenge form: `seqinfo.ini`, `gt.txt` (or `gt/gt.txt`) and the clip `NAME.mp4`.
//! Each clip goes through `atalaya run file`, as a user would run it, and nothing is set by clip.

#![expect(clippy::print_stdout, reason = "the figures are what this prints")]
#![expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "counts of frames are small"
)]

mod clip;
mod line;
mod mot;
mod peers;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use clip::Clip;
use line::Crossings;
use mot::{Boxes, Figures};
use peers::Peers;

/// What the file says, in this order.
const HEADER: &str = "| clip | tracker | recall | precision | MOTA | IDF1 | switches | people (true) | line error |\n\
                      | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";

/// What lies between these two lines of the document is measured.
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/accuracy.md");
const BEGIN: &str = "<!-- measured by make accuracy -->\n";
const END: &str = "<!-- end -->\n";

fn main() -> Result<()> {
    let Some(root) = std::env::var_os("MOT").filter(|root| !root.is_empty()).map(PathBuf::from) else {
        println!("no sequences given: make accuracy MOT=DIR");
        return Ok(());
    };
    gst::init()?;
    gstvision::plugin_register_static()?;
    let mut folders: Vec<_> = std::fs::read_dir(&root)
        .with_context(|| format!("folder {}", root.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.join("seqinfo.ini").is_file())
        .collect();
    folders.sort();
    if folders.is_empty() {
        bail!("{} holds no folder with a seqinfo.ini", root.display());
    }
    let peers = Peers::new(&std::env::var("PEERS").unwrap_or_default())?;
    let mut report = HEADER.to_owned();
    let mut notes = String::new();
    for folder in folders {
        let clip = Clip::open(&folder)?;
        measure(&clip, &peers, &mut report, &mut notes)?;
    }
    street(&mut notes)?;
    let report = format!("{report}\n{notes}");
    print!("{report}");
    write_document(&report)
}

fn measure(clip: &Clip, peers: &Peers, report: &mut String, notes: &mut String) -> Result<()> {
    let (found, frames, _) = clip::run(&clip.file)?;
    let mut row = |tracker: &str, found: &Boxes, figures: &Figures| {
        let error = Crossings::of(found, clip.width).error(Crossings::of(&clip.truth, clip.width));
        report.push_str(&table_row(&clip.name, tracker, figures, error));
    };
    row("**ours**", &found, &mot::compare(&clip.truth, &found, frames));
    let mut best: BTreeMap<String, (f64, String, Boxes)> = BTreeMap::new();
    for (name, tracks) in peers.tracks(clip)? {
        let figures = mot::compare(&clip.truth, &tracks, frames);
        let (tracker, setting) = name.split_once('@').unwrap_or((&name, "default"));
        if setting == "default" {
            row(&format!("{tracker}, as it comes"), &tracks, &figures);
        }
        let worth = figures.mota + figures.idf1;
        let known = best.get(tracker).map_or(f64::NEG_INFINITY, |best| best.0);
        if worth > known {
            best.insert(tracker.to_owned(), (worth, setting.to_owned(), tracks));
        }
    }
    for (tracker, (_, setting, tracks)) in best {
        let figures = mot::compare(&clip.truth, &tracks, frames);
        row(&format!("{tracker}, best setting: {setting}"), &tracks, &figures);
    }
    if let Some((mota, idf1)) = peers.judge(clip, &found)? {
        writeln!(notes, "- py-motmetrics says of ours on {}: MOTA {mota:.1}, IDF1 {idf1:.1}.", clip.name)?;
    }
    Ok(())
}

fn table_row(clip: &str, tracker: &str, f: &Figures, line_error: u32) -> String {
    format!(
        "| {clip} | {tracker} | {:.3} | {:.3} | {:.1} | {:.1} | {} | {} ({}) | {line_error} |\n",
        f.recall,
        f.precision,
        f.mota * 100.0,
        f.idf1 * 100.0,
        f.switches,
        f.people_found,
        f.people_true
    )
}

/// The demo's footage has no truth here but one: how many people it shows.
fn street(notes: &mut String) -> Result<()> {
    let clip = gstvision::engine::Assets::locate().folder().join("footage/vtest.avi");
    if clip.is_file() {
        let (_, _, people) = clip::run(&clip)?;
        writeln!(notes, "- The street clip of the demo, `vtest.avi`: {people} people (truth: 19).")?;
    }
    Ok(())
}

fn write_document(report: &str) -> Result<()> {
    let text =
        std::fs::read_to_string(DOCUMENT).with_context(|| Path::new(DOCUMENT).display().to_string())?;
    let (before, rest) = text.split_once(BEGIN).context("docs/accuracy.md has no place for the figures")?;
    let (_, after) = rest.split_once(END).context("docs/accuracy.md has no end of the figures")?;
    std::fs::write(DOCUMENT, format!("{before}{BEGIN}\n{report}\n{END}{after}"))?;
    Ok(())
}
