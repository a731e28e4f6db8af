//! `atalaya pipelines`: what descriptions there are, what they take, and whether they are sound.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use super::args::PipelinesCommand;
use super::out;
use crate::camera::{Catalog, Description, start_gstreamer};
use crate::config::Config;

/// # Errors
/// When a description is unknown or has a problem.
pub(super) fn run(command: PipelinesCommand, config: &Config) -> Result<()> {
    start_gstreamer()?;
    let catalog = Catalog::load(config.pipelines_dir.as_deref())?;
    match command {
        PipelinesCommand::List => list(&catalog),
        PipelinesCommand::Show { name } => show(&*catalog.get(&name)?),
        PipelinesCommand::Check { files } => check(&catalog, &files),
    }
}

fn list(catalog: &Catalog) -> Result<()> {
    let rows: Vec<_> = catalog
        .list()
        .map(|d| vec![d.name.clone(), d.kind.name().to_owned(), d.description.clone()])
        .collect();
    out::table(&rows)
}

fn show(description: &Description) -> Result<()> {
    out::line(format_args!("{}: {}\n", description.name, description.description))?;
    out::line(format_args!("{}\n", description.launch.trim_end()))?;
    let mut rows = vec![["parameter", "takes", "default", "meaning"].map(str::to_owned).to_vec()];
    for parameter in &description.parameters {
        let default = match &parameter.default {
            Some(value) => value.to_string(),
            None if parameter.required => "(required)".to_owned(),
            None => "-".to_owned(),
        };
        rows.push(vec![parameter.name.clone(), parameter.takes(), default, parameter.description.clone()]);
    }
    out::table(&rows)
}

/// Checks `files`, or all of the catalogue when none is named; every problem is a line `file:line: reason`.
fn check(catalog: &Catalog, files: &[PathBuf]) -> Result<()> {
    let mut problems = Vec::new();
    if files.is_empty() {
        problems.extend(catalog.broken().iter().map(ToString::to_string));
        for description in catalog.list() {
            problems.extend(description.check().iter().map(ToString::to_string));
        }
    }
    for file in files {
        if let Some(known) = file.to_str().and_then(|name| catalog.get(name).ok()) {
            problems.extend(known.check().iter().map(ToString::to_string));
            continue;
        }
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        match Description::parse(&file.display().to_string(), &text) {
            Ok(description) => problems.extend(description.check().iter().map(ToString::to_string)),
            Err(problem) => problems.push(problem.to_string()),
        }
    }
    for problem in &problems {
        out::line(problem)?;
    }
    match problems.len() {
        0 => out::line("all sound"),
        1 => bail!("1 problem"),
        count => bail!("{count} problems"),
    }
}
