//! How long a person waits for boxed people after `make run`, when everything is installed and built.
//!
//! `cargo bench --bench start [ROUNDS]` prints what docs/performance.md quotes. It runs `make run` itself, with its
//! checks of what is installed, and watches the page in a headless Chromium.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

const ROUNDS: usize = 5;

/// Milliseconds from the start of the command.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Waited {
    link_ms: u32,
    picture_ms: u32,
    boxed_ms: u32,
}

fn main() -> Result<()> {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let data = tempfile::tempdir()?;
    let demo = format!("ARGS=demo --listen 127.0.0.1:0 --data-dir {}", data.path().display());
    let mut waited = (0..rounds).map(|_| start(&demo)).collect::<Result<Vec<_>>>()?;
    waited.sort_unstable_by_key(|waited| waited.boxed_ms);
    let (median, worst) = (&waited[rounds / 2], waited[rounds - 1].boxed_ms);
    let mut out = std::io::stdout().lock();
    writeln!(out, "`make run` {rounds} times, everything installed and built")?;
    writeln!(out, "| figure | measured | target |\n| --- | --- | --- |")?;
    writeln!(out, "| link printed, median | {} ms | |", median.link_ms)?;
    writeln!(out, "| first picture in Chromium, median | {} ms | |", median.picture_ms)?;
    writeln!(
        out,
        "| boxed people in Chromium, median / worst | {} / {worst} ms | ≤ 5000 ms |",
        median.boxed_ms
    )?;
    Ok(())
}

fn start(demo: &str) -> Result<Waited> {
    let output = Command::new("node")
        .args(["console/tests/browser/start.mjs", "make", "run", demo])
        .stderr(Stdio::inherit())
        .output()
        .context("node should run")?;
    ensure!(output.status.success(), "the demo did not come up");
    let line = String::from_utf8(output.stdout)?;
    serde_json::from_str(line.trim()).with_context(|| format!("not a measurement: {line}"))
}
