//! `atalaya doctor`: what this machine lacks for this configuration, and how to get it.
//!
//! It asks the rooms that would fail later, so that its answers are theirs: an encoder counts when it encoded, a
//! model when it loaded, a database when it answered. Nothing is changed on the machine.

use std::fmt;
use std::fs::OpenOptions;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

use gstvision::engine::{Assets, Catalog as Models, Job, LoadOptions, Manifest, Model};

use crate::camera::{Catalog as Pipelines, debian_package, redact, start_gstreamer};
use crate::config::{Config, Secret};
use crate::store::Store;
use crate::viewer;

/// Elements that no description names, because they are plugged in while a pipeline runs or belong to viewers, and
/// what goes without them.
const ELEMENTS: &[(&str, &str, Need)] = &[
    ("rtph264depay", "H.264 from network cameras", Need::Server),
    ("rtpjpegdepay", "JPEG from network cameras", Need::Some),
    ("h264parse", "H.264, both ways", Need::Server),
    ("avdec_h264", "decoding H.264", Need::Server),
    ("avdec_h265", "decoding H.265", Need::Some),
    ("jpegdec", "JPEG from USB and network cameras", Need::Some),
    ("jpegenc", "snapshots and MJPEG", Need::Server),
    ("videoscale", "the no-signal picture", Need::Server),
    ("v4l2src", "USB cameras", Need::Some),
    ("avidemux", "the demo's footage", Need::Some),
    ("qtdemux", "MP4 files", Need::Some),
];

/// Who needs a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// The server does not work without it.
    Server,
    /// Some cameras or commands do not.
    Some,
}

/// How a thing was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// As it should be.
    Fine,
    /// Not there, but only some uses need it.
    Note,
    /// Has to be mended first.
    Missing,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub mark: Mark,
    /// What it is, in a word or two.
    pub what: &'static str,
    /// What was found; for what is missing also how to get it.
    pub detail: String,
}

/// Everything that was looked at, in the order of a start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether a server can start and work with this configuration.
    pub fn is_ready(&self) -> bool {
        self.findings.iter().all(|finding| finding.mark != Mark::Missing)
    }

    fn add(&mut self, mark: Mark, what: &'static str, detail: impl Into<String>) {
        self.findings.push(Finding { mark, what, detail: detail.into() });
    }

    fn result<E: fmt::Display>(&mut self, what: &'static str, result: Result<impl Into<String>, E>) {
        match result {
            Ok(detail) => self.add(Mark::Fine, what, detail),
            Err(error) => self.add(Mark::Missing, what, error.to_string()),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            let mark = match finding.mark {
                Mark::Fine => '✓',
                Mark::Note => '!',
                Mark::Missing => '✗',
            };
            writeln!(f, "{mark} {:<14} {}", finding.what, finding.detail)?;
        }
        let missing = self.findings.iter().filter(|finding| finding.mark == Mark::Missing).count();
        match missing {
            0 => f.write_str("ready"),
            1 => f.write_str("1 thing has to be mended first"),
            many => write!(f, "{many} things have to be mended first"),
        }
    }
}

/// Looks at everything that `atalaya serve` and `atalaya demo` would want with this configuration.
pub async fn run(config: &Config) -> Report {
    let mut report = Report::default();
    let started = start_gstreamer();
    let works = started.is_ok();
    report.result("GStreamer", started.map(|()| version()));
    if works {
        check_pipelines(config, &mut report);
        check_elements(&mut report);
        let encoder = viewer::working_encoder(&config.viewer).await;
        report.result("encoder", encoder.map(|name| format!("{name} (H.264 for viewers)")));
    }
    check_model(config, &mut report);
    check_footage(config, &mut report);
    check_cameras(&mut report);
    check_database(config, &mut report).await;
    check_ports(config, &mut report);
    report
}

fn version() -> String {
    let (major, minor, micro, _) = gst::version();
    format!("{major}.{minor}.{micro}")
}

fn check_pipelines(config: &Config, report: &mut Report) {
    let pipelines = match Pipelines::load(config.pipelines_dir.as_deref()) {
        Ok(pipelines) => pipelines,
        Err(error) => return report.add(Mark::Missing, "pipelines", format!("`pipelines_dir`: {error}")),
    };
    let wanted = |name: &str| config.cameras.iter().any(|camera| camera.enabled && camera.pipeline == name);
    let mut good = Vec::new();
    for description in pipelines.list() {
        let problems = description.check();
        if problems.is_empty() {
            good.push(description.name.as_str());
        }
        let mark = if wanted(&description.name) { Mark::Missing } else { Mark::Note };
        problems.iter().for_each(|problem| report.add(mark, "pipelines", problem.to_string()));
    }
    if !good.is_empty() {
        report.add(Mark::Fine, "pipelines", good.join(", "));
    }
    pipelines.broken().iter().for_each(|problem| report.add(Mark::Note, "pipelines", problem.to_string()));
    for camera in &config.cameras {
        let values = camera.parameters.iter().map(|(name, value)| (name.clone(), value.into())).collect();
        let fits = pipelines.get(&camera.pipeline).and_then(|pipeline| pipeline.check_parameters(&values));
        if let Err(error) = fits {
            report.add(Mark::Missing, "cameras", format!("camera {:?}: {error}", camera.id));
        }
    }
}

fn check_elements(report: &mut Report) {
    let missing: Vec<_> =
        ELEMENTS.iter().filter(|(name, _, _)| gst::ElementFactory::find(name).is_none()).collect();
    for &(name, use_of, need) in &missing {
        let package = debian_package(name).unwrap_or("gstreamer1.0-plugins-good");
        let mark = if *need == Need::Server { Mark::Missing } else { Mark::Note };
        report.add(mark, "elements", format!("no `{name}` ({use_of}): apt install {package}"));
    }
    if missing.is_empty() {
        report.add(Mark::Fine, "elements", "all there");
    }
}

fn check_model(config: &Config, report: &mut Report) {
    let assets = Assets::new(&config.assets_dir);
    let runtime = config.detector.runtime.clone().unwrap_or_else(|| assets.runtime());
    let chosen = options(config, &runtime).and_then(|options| {
        let models = Models::open(config.models_dir.as_deref()).map_err(|error| error.to_string())?;
        let chosen = models.choose(Job::Detector, &config.detector.model, &options);
        Ok((chosen.map_err(|error| error.to_string())?, options))
    });
    let (manifest, options) = match chosen {
        Ok(chosen) => chosen,
        Err(error) => return report.add(Mark::Missing, "model", error),
    };
    let weights =
        assets.verify(&manifest).map(|path| format!("{}: {}, checksum right", manifest.name, path.display()));
    let is_there = weights.is_ok();
    report.result("model", weights);
    if !is_there && runtime.is_file() {
        // Without weights there is nothing to try it with.
        return report.add(Mark::Fine, "ONNX Runtime", runtime.display().to_string());
    }
    report.result("ONNX Runtime", load(&manifest, &options, &runtime));
}

/// How a camera loads its model.
fn options(config: &Config, runtime: &Path) -> Result<LoadOptions, String> {
    Ok(LoadOptions {
        assets: Assets::new(&config.assets_dir),
        runtime: Some(runtime.to_owned()),
        device: config.detector.device.parse().map_err(|error| format!("`detector.device`: {error}"))?,
        threads: config.detector.threads.into(),
    })
}

/// Loads the model as a camera would, which tries the runtime too.
fn load(manifest: &Manifest, options: &LoadOptions, runtime: &Path) -> Result<String, String> {
    if !runtime.is_file() {
        let remedy = "make assets, or set `detector.runtime` or `assets_dir` to where it is";
        return Err(format!("{} is missing: {remedy}", runtime.display()));
    }
    let model = Model::load(manifest, options).map_err(|error| error.to_string())?;
    Ok(format!("{} runs {} on the {}", runtime.display(), manifest.name, model.device().name()))
}

fn check_footage(config: &Config, report: &mut Report) {
    let path = config.assets_dir.join("footage/vtest.avi");
    if path.is_file() {
        report.add(Mark::Fine, "demo footage", path.display().to_string());
    } else {
        let detail = format!("{} is missing; `atalaya demo` needs it: make assets", path.display());
        report.add(Mark::Note, "demo footage", detail);
    }
}

fn check_cameras(report: &mut Report) {
    let devices =
        std::fs::read_dir("/dev").into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let is_video = |path: &PathBuf| path.to_string_lossy().starts_with("/dev/video");
    let mut devices: Vec<_> = devices.filter(is_video).map(|path| path.display().to_string()).collect();
    devices.sort();
    if devices.is_empty() {
        report.add(Mark::Note, "USB cameras", "none (no /dev/video*)");
    } else {
        report.add(Mark::Fine, "USB cameras", devices.join(" "));
    }
}

async fn check_database(config: &Config, report: &mut Report) {
    let url = config.database.url.as_ref().map(Secret::reveal);
    // Opening SQLite makes a file that is not there yet, so then only its folder is tried.
    if let Some(file) = sqlite_file(url, &config.data_dir).filter(|file| !file.exists()) {
        return report.result("data folder", try_folder(file.parent().unwrap_or(&config.data_dir)));
    }
    let opened = match Store::open(url, &config.data_dir).await {
        Ok(store) => {
            let answered = store.ping().await;
            let place = store.place().to_owned();
            store.close().await;
            answered.map(|()| place)
        }
        Err(error) => Err(error),
    };
    let secrets: Vec<&str> = url.into_iter().collect();
    report.result("database", opened.map_err(|error| redact(&error.to_string(), &secrets)));
}

/// The file that the store will keep its rows in, when that is SQLite.
fn sqlite_file(url: Option<&str>, data_dir: &Path) -> Option<PathBuf> {
    let Some(url) = url else { return Some(data_dir.join("atalaya.db")) };
    let path = url.strip_prefix("sqlite:")?;
    Some(data_dir.join(path.strip_prefix("//").unwrap_or(path)))
}

/// Writes a file in the folder, or in the nearest one above it that is there, and takes it away again.
fn try_folder(folder: &Path) -> Result<String, String> {
    let existing = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
    let probe = existing.join(format!(".atalaya-doctor-{}", std::process::id()));
    let written = OpenOptions::new().write(true).create_new(true).open(&probe);
    let written = written.and_then(|_| std::fs::remove_file(&probe));
    let made_later = if folder.exists() { "" } else { " (made at the first start)" };
    written.map(|()| format!("{}{made_later}", folder.display())).map_err(|error| {
        format!(
            "cannot write to {}: {error}; make it writable for this user, or name another one by --data-dir",
            existing.display()
        )
    })
}

fn check_ports(config: &Config, report: &mut Report) {
    let listen = config.server.listen;
    match TcpListener::bind(listen) {
        Ok(_) => report.add(Mark::Fine, "HTTP port", listen.to_string()),
        // It may be ours: a doctor is called while the server runs, too.
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            let detail = format!("{listen} is taken, perhaps by Atalaya itself; another one: --listen ADDR");
            report.add(Mark::Note, "HTTP port", detail);
        }
        Err(error) => {
            let detail =
                format!("`server.listen` {listen} cannot be used: {error}; another one: --listen ADDR");
            report.add(Mark::Missing, "HTTP port", detail);
        }
    }
    let listen = config.webrtc.listen;
    match UdpSocket::bind(listen) {
        Ok(_) => report.add(Mark::Fine, "WebRTC port", format!("{listen} (UDP)")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            let detail =
                format!("{listen} (UDP) is taken, perhaps by Atalaya itself; else set `webrtc.listen`");
            report.add(Mark::Note, "WebRTC port", detail);
        }
        Err(error) => {
            let detail = format!("`webrtc.listen` {listen} (UDP) cannot be used: {error}");
            report.add(Mark::Missing, "WebRTC port", detail);
        }
    }
}
