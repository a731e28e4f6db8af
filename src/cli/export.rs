//! `atalaya export`: rows of the database as a file, read beside whoever writes them.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use thiserror::Error;

use super::args::ExportArgs;
use super::{out, runtime};
use crate::clock::Clock;
use crate::config::{Config, Secret};
use crate::domain::{BranchId, Extent, Scope, Selection, Timestamp};
use crate::store::Store;
use crate::wire::{ExportFormat, Sheet, ZoneClock, instant};

/// What a file that is being written is called, behind the name that it is to have.
const UNFINISHED: &str = ".part";

/// A time that was typed is none, or none that fits.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct WrongTime(String);

/// # Errors
/// When a time is none, the database cannot be read, or the file not be written.
pub(super) fn run(args: &ExportArgs, config: &Config) -> Result<()> {
    let runtime = runtime()?;
    let bar = progress_bar();
    let written = runtime.block_on(async {
        let url = config.database.url.as_ref().map(Secret::reveal);
        let store = Store::open_to_read(url, &config.data_dir).await?;
        let written = write(args, (config, &store), &bar).await;
        store.close().await;
        written
    });
    bar.finish_and_clear();
    let rows = written?;
    if let Some(file) = &args.output {
        out::note(format_args!("{}: {rows} rows", file.display()));
    }
    Ok(())
}

async fn write(args: &ExportArgs, (config, store): (&Config, &Store), bar: &ProgressBar) -> Result<u64> {
    check_branch(args, config, store).await?;
    let branch = store.branch_or_unnamed(args.tenant, args.branch).await?;
    let clock = ZoneClock::of(&branch.time_zone);
    let meant = selection(args, &clock)?;
    let sheet = Sheet::new(args.kind, format(args), clock);
    let mut export = store.export(args.tenant, args.kind, Extent::Branch(args.branch), meant)?;
    let mut target = Target::open(args.output.as_deref())?;
    let mut told = 0;
    let done = async {
        target.put(&sheet.head())?;
        while let Some(rows) = export.next().await? {
            target.put(&sheet.rows(&rows))?;
            told += rows.len() as u64;
            bar.set_position(told);
        }
        Ok(())
    };
    let done: Result<()> = done.await;
    match done {
        Ok(()) => target.finish()?,
        Err(error) => {
            target.give_up();
            return Err(error);
        }
    }
    Ok(told)
}

/// A branch that is mistyped has no rows, as one where nothing has happened: who asks has to know which it is.
async fn check_branch(args: &ExportArgs, config: &Config, store: &Store) -> Result<()> {
    let mut known = store.known_branches(args.tenant).await?;
    known.insert(BranchId::default());
    let described = config.branches.iter().map(|branch| (branch.tenant, branch.id));
    let named = described.chain(config.cameras.iter().map(|camera| (camera.tenant, camera.branch)));
    let ours = named.filter(|(tenant, _)| *tenant == args.tenant.get());
    known.extend(ours.filter_map(|(_, branch)| BranchId::new(branch).ok()));
    if known.contains(&args.branch) {
        return Ok(());
    }
    let known: Vec<_> = known.iter().map(ToString::to_string).collect();
    bail!("there is no branch {} of tenant {}; there are {}", args.branch, args.tenant, known.join(", "))
}

fn selection(args: &ExportArgs, clock: &ZoneClock) -> Result<Selection> {
    let from = time("--from", &args.from, clock)?;
    let to = match &args.to {
        Some(text) => time("--to", text, clock)?,
        None => Clock::system().now(),
    };
    if to <= from {
        bail!(WrongTime("--to is not after --from".to_owned()));
    }
    let scope = Scope { sector: args.sector, camera: args.camera.clone() };
    Ok(Selection { scope, from: Some(from), to: Some(to), open: None })
}

/// Without an offset it is of the branch's clock.
fn time(flag: &str, text: &str, clock: &ZoneClock) -> Result<Timestamp> {
    let at = instant(text).or_else(|| clock.read(text));
    Ok(at.ok_or_else(|| {
        WrongTime(format!(
            "{flag}: {text:?} is neither a day like 2026-11-01 nor a time like 2026-11-01T06:00 or \
             2026-11-01T06:00:00+01:00"
        ))
    })?)
}

fn format(args: &ExportArgs) -> ExportFormat {
    let ending = args.output.as_deref().and_then(Path::extension).and_then(|ending| ending.to_str());
    args.format.or_else(|| ending.and_then(ExportFormat::from_extension)).unwrap_or(ExportFormat::Csv)
}

/// Nothing is shown unless standard error is a terminal.
fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {human_pos} rows, {per_sec}, {elapsed}");
    let bar = ProgressBar::new_spinner().with_style(style.expect("the template should be one"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Where rows go.
enum Target {
    Stdout(BufWriter<io::Stdout>),
    /// Another name until it is whole.
    File {
        writer: BufWriter<File>,
        unfinished: PathBuf,
        name: PathBuf,
    },
}

impl Target {
    fn open(name: Option<&Path>) -> Result<Self> {
        let Some(name) = name else { return Ok(Self::Stdout(BufWriter::new(io::stdout()))) };
        let mut unfinished = name.as_os_str().to_owned();
        unfinished.push(UNFINISHED);
        let unfinished = PathBuf::from(unfinished);
        let opened = OpenOptions::new().write(true).create(true).truncate(true).open(&unfinished);
        let file = opened.with_context(|| format!("cannot write {}", unfinished.display()))?;
        Ok(Self::File { writer: BufWriter::new(file), unfinished, name: name.to_owned() })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Stdout(writer) => writer.write_all(bytes).context("standard output"),
            Self::File { writer, unfinished, .. } => {
                writer.write_all(bytes).with_context(|| format!("cannot write {}", unfinished.display()))
            }
        }
    }

    /// Gives the file its name.
    fn finish(self) -> Result<()> {
        match self {
            Self::Stdout(mut writer) => writer.flush().context("standard output"),
            Self::File { writer, unfinished, name } => {
                let written = writer.into_inner().map_err(io::IntoInnerError::into_error);
                let named = written
                    .and_then(|file| file.sync_all())
                    .and_then(|()| std::fs::rename(&unfinished, &name));
                named.with_context(|| format!("cannot write {}", name.display()))
            }
        }
    }

    /// Leaves nothing that looks like a file.
    fn give_up(self) {
        if let Self::File { unfinished, .. } = self {
            // What cannot be deleted is called unfinished all the same.
            let _ = std::fs::remove_file(unfinished);
        }
    }
}
