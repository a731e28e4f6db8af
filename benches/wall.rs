//! A wall of nine cameras in headless Chromium on the same machine: what each tile shows, and whether memory grows.
//!
//! `cargo bench --bench wall [SECONDS]` prints what docs/performance.md quotes. The cameras send 1280×720 at 10 frames a
//! second over RTSP, are decoded and looked at as any other, and shown at 640×360 by WebRTC.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// Long enough for what leaks with every picture to be seen.
const SECONDS: u64 = 600;

/// What the demo's footage becomes: its people in the shape of a venue's camera.
const FILM: &str = "videocrop top=72 bottom=72 ! videoscale ! videoconvert ! \
    video/x-raw,format=I420,width=1280,height=720,pixel-aspect-ratio=1/1 ! x264enc speed-preset=veryfast ! \
    video/x-h264,profile=main ! h264parse ! mp4mux";

#[derive(Debug, Deserialize)]
struct Watched {
    /// Pictures a second of each tile, ten seconds at a time.
    stretches: Vec<Vec<f64>>,
    sizes: Vec<String>,
    /// At the beginning, and each minute.
    memories: Vec<Memory>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Memory {
    heap_mib: f64,
    nodes: f64,
    listeners: f64,
    browser_mib: f64,
    server_mib: f64,
}

fn main() -> Result<()> {
    let seconds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(SECONDS);
    let config = atalaya::config::load(&atalaya::config::Overrides::default())?;
    let folder = tempfile::tempdir()?;
    let film = folder.path().join("film.mp4");
    make_film(&config.assets_dir.join("footage/vtest.avi"), &film)?;
    let output = Command::new("node")
        .args(["console/tests/browser/wall.mjs", env!("CARGO_BIN_EXE_atalaya")])
        .arg(&film)
        .arg(seconds.to_string())
        .stderr(Stdio::inherit())
        .output()
        .context("node should run: run `make setup`")?;
    ensure!(output.status.success(), "the wall was not shown");
    tell(&serde_json::from_slice(&output.stdout)?, seconds)
}

fn make_film(footage: &Path, film: &Path) -> Result<()> {
    let quoted = |path: &Path| format!("\"{}\"", path.display());
    let line = format!(
        "filesrc location={} ! decodebin ! {FILM} ! filesink location={}",
        quoted(footage),
        quoted(film)
    );
    let words: Vec<_> = line.split_whitespace().collect();
    let status =
        Command::new("gst-launch-1.0").arg("-q").args(words).status().context("gst-launch-1.0 should run")?;
    ensure!(status.success(), "the film could not be made");
    Ok(())
}

fn tell(watched: &Watched, seconds: u64) -> Result<()> {
    let tiles = watched.stretches.first().context("nothing was watched")?.len();
    let means: Vec<f64> = (0..tiles)
        .map(|tile| {
            watched.stretches.iter().map(|stretch| stretch[tile]).sum::<f64>()
                / watched.stretches.len() as f64
        })
        .collect();
    let least = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::MAX, f64::min);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{tiles} tiles, {}, for {seconds} s", watched.sizes.join(" and "))?;
    writeln!(out, "| figure | measured | target |\n| --- | --- | --- |")?;
    writeln!(
        out,
        "| pictures a second of the slowest tile | {:.1} | ≥ 5 |",
        least(&mut means.iter().copied())
    )?;
    writeln!(
        out,
        "| the same in its poorest ten seconds | {:.1} | |",
        least(&mut watched.stretches.iter().flatten().copied())
    )?;
    for (what, read) in [
        ("heap of the page, MiB", (|memory| memory.heap_mib) as fn(&Memory) -> f64),
        ("elements of the page", |memory| memory.nodes),
        ("listeners of the page", |memory| memory.listeners),
        ("resident, all of Chromium, MiB", |memory| memory.browser_mib),
        ("resident, server, MiB", |memory| memory.server_mib),
    ] {
        let values: Vec<_> = watched.memories.iter().map(|memory| format!("{:.0}", read(memory))).collect();
        writeln!(out, "| {what}, each minute | {} | flat |", values.join(", "))?;
    }
    Ok(())
}
