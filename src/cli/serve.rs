//! `atalaya serve` and `atalaya demo`: the server until a signal.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use tracing::{error, info};

use super::args::DemoArgs;
use super::reload::Reload;
use super::signals::Signals;
use super::{out, runtime};
use crate::app::App;
use crate::auth::has_signing_secret;
use crate::config::{self, Config, Overrides};
use crate::demo::{Options, SimulatedCamera};
use crate::domain::{BranchId, Camera, CameraId, Line, ParamValue, Point, TenantId, Zone};

/// Where the demo keeps what it must, in the data folder: apart from what a venue's own server keeps.
pub(super) const DEMO_FOLDER: &str = "demo";

/// Footage of the demo inside the assets folder.
const FOOTAGE: &str = "footage/vtest.avi";
/// Its header says 10, but people walk at their natural pace at 7.
const FOOTAGE_FPS: u32 = 7;

/// Where the settings come from, and what this command makes of them.
struct Settings<'a> {
    overrides: &'a Overrides,
    adapt: fn(&mut Config, DataDir),
    data_dir: DataDir,
}

impl Settings<'_> {
    fn read(&self) -> Result<Config> {
        let mut config = config::load(self.overrides)?;
        (self.adapt)(&mut config, self.data_dir);
        Ok(config)
    }
}

/// Serves until SIGTERM or SIGINT; `overrides` is where the settings come from.
///
/// # Errors
/// When the server cannot start.
pub(super) fn serve(config: &Config, overrides: &Overrides) -> Result<()> {
    // A token must not end up in a service's journal: a link is for the first start and for people at a terminal.
    let show_link = !has_signing_secret(config) || std::io::stdout().is_terminal();
    let settings = Settings { overrides, adapt: |_, _| {}, data_dir: DataDir::Given };
    let file = overrides.file.as_deref();
    until_signal(App::start(config, Vec::new()), &settings, |app| {
        out::line(format_args!("atalaya listens on {}", app.url()))?;
        if show_link { print_link(app, config, file) } else { Ok(()) }
    })
}

/// Serves with a simulated camera besides.
///
/// # Errors
/// As [`serve`], and when there is no footage.
pub(super) fn demo(args: DemoArgs, mut config: Config, overrides: &Overrides) -> Result<()> {
    let data_dir = DataDir::of(overrides.data_dir.as_ref(), &config);
    let settings = Settings { overrides, adapt: for_demo, data_dir };
    for_demo(&mut config, data_dir);
    let own = args.footage.is_none();
    let footage = args.footage.unwrap_or_else(|| config.assets_dir.join(FOOTAGE));
    if !footage.is_file() {
        bail!("no footage at {}; run `make setup`, or name a video with --footage FILE", footage.display());
    }
    let options = Options { footage: Some(footage), fps: own.then_some(FOOTAGE_FPS), ..Options::default() };
    let simulated = SimulatedCamera::start(options)?;
    info!(url = simulated.url(), "the demo's camera plays");
    until_signal(App::start(&config, vec![demo_camera(simulated.url())?]), &settings, |app| {
        print_link(app, &config, overrides.file.as_deref())
    })
}

/// Who passes before the demo's camera is nobody's visit.
fn for_demo(config: &mut Config, data_dir: DataDir) {
    config.database.url = None;
    if data_dir == DataDir::Default {
        config.data_dir = config.data_dir.join(DEMO_FOLDER);
    }
}

/// Starts the server, tells of it, lets it follow its settings, and stops it at a signal: in order at the first, at once
/// at the second.
fn until_signal(
    start: impl Future<Output = Result<App>>,
    settings: &Settings<'_>,
    tell: impl FnOnce(&App) -> Result<()>,
) -> Result<()> {
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        let mut signals = Signals::new()?;
        let mut reload = Reload::new(settings.overrides.file.as_deref())?;
        let mut app = tokio::select! {
            app = start => app?,
            () = signals.next() => {
                info!("stopped before the start was over");
                return Ok(());
            }
        };
        tell(&app)?;
        loop {
            tokio::select! {
                () = signals.next() => break,
                () = reload.asked() => {}
            }
            // A database that hangs holds up the settings, not the end.
            tokio::select! {
                () = signals.next() => break,
                followed = follow(&mut app, settings) => if followed.is_err() { reload.ask_again() },
            }
        }
        info!("stopping; a second signal ends at once");
        tokio::select! {
            () = app.shut_down() => {
                info!("stopped");
                Ok(())
            }
            () = signals.next() => bail!("ended by a second signal"),
        }
    });
    // A pipeline or a driver that hangs in its teardown would hold up the runtime's end, and with it the process.
    runtime.shutdown_background();
    result
}

/// A mistake in the file changes nothing but the log.
///
/// # Errors
/// When it is no mistake of the file's: the same settings may be taken later.
async fn follow(app: &mut App, settings: &Settings<'_>) -> Result<(), ()> {
    info!("reading the settings again");
    let tell = |error: &anyhow::Error| error!("the settings stay as they are: {error:#}");
    let read = settings.read().and_then(|config| app.check(&config).map(|()| config));
    match read {
        Ok(config) => app.follow(config).await.map_err(|error| tell(&error)),
        Err(error) => {
            tell(&error);
            Ok(())
        }
    }
}

/// Whether the user has named a data folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DataDir {
    Default,
    Given,
}

impl DataDir {
    fn of(flag: Option<&PathBuf>, config: &Config) -> Self {
        match flag.is_none() && config.data_dir == Config::default().data_dir {
            true => Self::Default,
            false => Self::Given,
        }
    }
}

/// With a line and a zone on the footage's path, so that there is something to count from the start. Both, and all
/// else of it, can be changed like those of any camera.
fn demo_camera(url: &str) -> Result<Camera> {
    let point = |x, y| Point { x, y };
    let path = Line { name: "path".into(), from: point(0.5, 0.1), to: point(0.5, 0.95), entrance: true };
    let corners = [(0.0, 0.4), (0.4, 0.4), (0.4, 1.0), (0.0, 1.0)].map(|(x, y)| point(x, y));
    let lawn = Zone::new("lawn", corners.to_vec());
    Ok(Camera {
        id: CameraId::new("demo")?,
        tenant: TenantId::default(),
        branch: BranchId::default(),
        sector: None,
        name: "Demo".to_owned(),
        pipeline: "rtsp".to_owned(),
        parameters: [("location".to_owned(), ParamValue::Text(url.to_owned()))].into(),
        lines: vec![path],
        zones: vec![lawn],
        enabled: true,
    })
}

/// `file` is where the settings come from.
fn print_link(app: &App, config: &Config, file: Option<&Path>) -> Result<()> {
    out::line("open in a browser (works once, within ten minutes):")?;
    out::line(format_args!("\n  {}\n", app.login_link()))?;
    let program = std::env::args().next().unwrap_or_else(|| "atalaya".to_owned());
    let file = file.map_or_else(String::new, |file| format!(" --config {}", file.display()));
    let (folder, address) = (config.data_dir.display(), app.address());
    out::line(format_args!(
        "another one: {program} token link{file} --data-dir {folder} --listen {address}\n"
    ))
}
