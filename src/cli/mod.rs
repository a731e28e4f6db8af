//! The command line: what was typed → the room that does it → an exit code.
//!
//! 0: done. 1: failed. 2: wrongly used.

mod analyze;
mod args;
mod backup;
mod discover;
mod export;
mod geometry;
mod models;
mod out;
mod pipelines;
mod reload;
mod run;
mod serve;
mod signals;
mod token;

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};
use tracing_subscriber::EnvFilter;

use crate::camera::PipelineError;
use crate::config::{self, Config, LogFormat};
use crate::discover::TargetError;
use crate::domain::check_shapes;
use crate::{demo, doctor, store};
use args::{Cli, Command};

/// Runs what the process's arguments ask for.
pub fn main() -> ExitCode {
    match dispatch(parse()) {
        Ok(code) => code,
        Err(error) if out::is_reader_gone(&error) => ExitCode::SUCCESS,
        Err(error) => {
            out::complain(&error);
            if is_wrong_usage(&error) { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

/// What no argument shows by itself, such as a name that is given twice, is wrong usage all the same.
fn parse() -> Cli {
    let cli = Cli::parse();
    if let Command::Run(args) = &cli.command
        && let Err(error) = check_shapes(&args.lines, &args.zones)
    {
        let mut command = Cli::command();
        command.build();
        let run = command.find_subcommand_mut("run").expect("`run` should be a command");
        run.error(ErrorKind::ValueValidation, error).exit();
    }
    cli
}

/// What only the pipeline's description could tell: that there is none of this name, or that it takes no such value. And
/// whom `discover` does not ask. Or times that are none.
fn is_wrong_usage(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(PipelineError::Unknown { .. } | PipelineError::Parameter { .. }))
        || error.is::<TargetError>()
        || error.is::<discover::WrongCredentials>()
        || error.is::<export::WrongTime>()
}

fn dispatch(cli: Cli) -> Result<ExitCode> {
    let overrides = cli.shared.overrides();
    let config = config::load(&overrides)?;
    start_logging(&config, cli.command.is_server())?;
    match cli.command {
        Command::Serve => serve::serve(&config, &overrides)?,
        Command::Demo(args) => serve::demo(args, config, &overrides)?,
        Command::Run(args) => run::run(&args, &config)?,
        Command::Analyze(args) => analyze::run(&args, &config)?,
        Command::Pipelines { command } => pipelines::run(command, &config)?,
        Command::Models { command } => models::run(command, &config)?,
        Command::Token { command } => token::run(command, &config)?,
        Command::Discover(args) => discover::run(&args, &config)?,
        Command::Export(args) => export::run(&args, &config)?,
        Command::Backup { file } => backup::back_up(file, &config)?,
        Command::Restore { file } => backup::restore(&file, &config)?,
        Command::Migrate => migrate(&config)?,
        Command::Doctor => return check_machine(&config),
        Command::SimulateCamera(options) => demo::run(options)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A command that answers and ends logs what is wrong only, unless somebody asks for more.
fn start_logging(config: &Config, is_server: bool) -> Result<()> {
    let is_default = config.log.filter == Config::default().log.filter;
    let filter = if is_default && !is_server { "warn" } else { &config.log.filter };
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| anyhow!("config key `log.filter`: {:?}: {error}", config.log.filter))?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match config.log.format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().init(),
    }
    Ok(())
}

fn migrate(config: &Config) -> Result<()> {
    // What a server of the old program writes meanwhile would be counted nowhere.
    let _lock = config::FolderLock::take(&config.data_dir)?;
    runtime()?.block_on(async {
        let url = config.database.url.as_ref().map(config::Secret::reveal);
        let store = store::Store::open(url, &config.data_dir).await?;
        let store::Migrated { version, kept } = store.migrate().await?;
        out::line(format_args!("{}: schema {version}", store.place()))?;
        if let Some(kept) = kept {
            out::line(format_args!("the file as it was before: {}", kept.display()))?;
        }
        store.close().await;
        Ok(())
    })
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")
}

fn check_machine(config: &Config) -> Result<ExitCode> {
    let report = runtime()?.block_on(doctor::run(config));
    out::line(&report)?;
    Ok(if report.is_ready() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
