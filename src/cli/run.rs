//! `atalaya run`: arguments and progress of a single pipeline.

use std::collections::BTreeMap;
use std::io::{BufWriter, IsTerminal, Write};

use anyhow::{Context, Result, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};

use super::args::RunArgs;
use super::signals::Signals;
use crate::app::detector_settings;
use crate::camera::{Catalog, Description, Ender, Kind, Pace, PipelineError, start_gstreamer};
use crate::config::Config;
use crate::domain::ParamValue;
use crate::run::{Progress, Request, Run};

/// # Errors
/// When an argument does not fit or the pipeline fails.
pub(super) fn run(args: &RunArgs, config: &Config) -> Result<()> {
    start_gstreamer()?;
    let catalog = Catalog::load(config.pipelines_dir.as_deref())?;
    let description = find(&catalog, &args.pipeline)?;
    let request = Request {
        parameters: parameters(&description, &args.parameters)?,
        lines: args.lines.clone(),
        zones: args.zones.clone(),
        pace: if args.realtime { Pace::Realtime } else { Pace::Fast },
        detector: detector_settings(config),
        description: &description,
    };
    let run = Run::start(request)?;
    end_at_signal(run.ender())?;
    let bar = progress_bar();
    let is_paced = args.realtime || description.kind == Kind::Live;
    let result = run.finish(&mut output(is_paced), &mut |progress| show(&bar, progress));
    bar.finish_and_clear();
    result
}

/// What somebody follows is told line by line; the rest is told fast.
fn output(is_paced: bool) -> Box<dyn Write> {
    let out = std::io::stdout();
    if is_paced || out.is_terminal() { Box::new(out) } else { Box::new(BufWriter::new(out)) }
}

/// The first signal is the end of the source: visits that are open are still told. The second ends the process.
fn end_at_signal(ender: Ender) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = runtime.block_on(async { Signals::new() })?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        runtime.block_on(async {
            signals.next().await;
            // It waits for a frame that is under way.
            std::thread::spawn(move || ender.end());
            signals.next().await;
            std::process::exit(1);
        });
    })?;
    Ok(())
}

/// A description by its name, or by the path of its file.
fn find(catalog: &Catalog, name: &str) -> Result<Description> {
    if !name.contains(['/', '.']) {
        return Ok((*catalog.get(name)?).clone());
    }
    if !name.ends_with(".toml") {
        bail!(
            "{name} is no pipeline description (NAME.toml); to play a film: atalaya run file location={name}"
        );
    }
    let text = std::fs::read_to_string(name).with_context(|| format!("pipeline {name}"))?;
    Description::parse(name, &text).map_err(|problem| anyhow!("{problem}"))
}

fn parameters(description: &Description, given: &[(String, String)]) -> Result<BTreeMap<String, ParamValue>> {
    let mut parameters = BTreeMap::new();
    for (key, value) in given {
        if parameters.insert(key.to_owned(), description.parse_value(key, value)?).is_some() {
            let reason = "is given twice".to_owned();
            return Err(PipelineError::Parameter { key: key.clone(), reason }.into());
        }
    }
    Ok(parameters)
}

/// On standard error, and only on a terminal.
fn progress_bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}  {eta} left");
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn show(bar: &ProgressBar, progress: Progress) {
    if let Some(total) = progress.total {
        bar.set_length(total.as_millis() as u64);
    }
    bar.set_position(progress.done.as_millis() as u64);
    let seconds = bar.elapsed().as_secs_f64().max(0.001);
    bar.set_message(format!("{} frames, {:.1} a second", progress.frames, progress.frames as f64 / seconds));
}
