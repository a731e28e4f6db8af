//! The settings of a server: file, then environment, then flags, each overriding the one before.
//!
//! Every key is listed with its meaning in `atalaya.example.toml`; the test `config` keeps the two equal.

mod auth;
mod camera;
mod check;
mod defaults;
mod folder;
mod gateway;
mod load;
mod neototem;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::domain::{self, Days, Schedule, ScheduleError};

pub use auth::{Auth, Key, KeyAlgorithm};
pub use camera::{Camera, Line, Value, Zone};
pub use check::MIN_SECRET_BYTES;
pub use folder::{FolderError, FolderLock, private_folder};
pub use gateway::{Gateway, Redis, TableKeys, UnknownSectors};
pub use load::{ConfigError, Overrides, load, load_with};
pub use neototem::{Neototem, Network};

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the SQLite file, records that wait for the database and the signing secret lie. Default `$XDG_DATA_HOME/atalaya`.
    pub data_dir: PathBuf,
    /// Where model weights, ONNX Runtime and demo footage lie.
    pub assets_dir: PathBuf,
    /// A folder of further pipeline descriptions; same names override the built-in ones.
    pub pipelines_dir: Option<PathBuf>,
    /// A folder of further model manifests; same names override the built-in ones.
    pub models_dir: Option<PathBuf>,
    pub server: Server,
    pub auth: Auth,
    pub database: Database,
    pub gateway: Gateway,
    pub redis: Redis,
    pub neototem: Neototem,
    pub recorder: Recorder,
    pub detector: Detector,
    pub viewer: Viewer,
    pub webrtc: WebRtc,
    pub log: Log,
    pub jobs: Jobs,
    pub retention: Retention,
    pub backup: Backup,
    pub branches: Vec<Branch>,
    pub cameras: Vec<Camera>,
}

impl Config {
    /// The sections, besides branches and cameras, in which `other` says something else.
    pub fn differences(&self, other: &Self) -> Vec<&'static str> {
        let differs = [
            ("data_dir", self.data_dir != other.data_dir),
            ("assets_dir", self.assets_dir != other.assets_dir),
            ("pipelines_dir", self.pipelines_dir != other.pipelines_dir),
            ("models_dir", self.models_dir != other.models_dir),
            ("server", self.server != other.server),
            ("auth", self.auth != other.auth),
            ("database", self.database != other.database),
            ("gateway", self.gateway != other.gateway),
            ("redis", self.redis != other.redis),
            ("neototem", self.neototem != other.neototem),
            ("detector", self.detector != other.detector),
            ("viewer", self.viewer != other.viewer),
            ("webrtc", self.webrtc != other.webrtc),
            ("log", self.log != other.log),
            ("recorder", self.recorder != other.recorder),
            ("jobs", self.jobs != other.jobs),
            ("retention", self.retention != other.retention),
            ("backup", self.backup != other.backup),
        ];
        differs.into_iter().filter(|(_, differs)| *differs).map(|(section, _)| section).collect()
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port of HTTP; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Whether another server may listen there, too: the next one, while this one ends.
    pub reuse_port: bool,
    /// HTTPS instead of HTTP.
    pub tls: Option<Tls>,
    /// The folder whose files cameras made over the API may play; absent: none may. Those of the file may name any.
    pub media_dir: Option<PathBuf>,
    /// Largest request body, bytes.
    pub max_body_bytes: u64,
    /// Requests a second of one token, or of one address without one; 0: any number.
    pub requests_per_second: u32,
    /// As many may come at once.
    pub request_burst: u32,
    /// Origins whose pages may use the API, such as `https://panel.example.com`.
    pub cors_origins: Vec<String>,
}

impl Server {
    /// How addresses of it begin.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

/// What the server shows who it is, in PEM.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Its certificate, and after it those between it and one that clients trust.
    pub certificate: PathBuf,
    pub key: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `postgres://…` or `sqlite://…`; absent: `atalaya.db` in the data folder.
    pub url: Option<Secret>,
    /// A file that holds `url`.
    pub url_file: Option<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Recorder {
    /// Most space in the data folder for records that wait while the database is away.
    pub spool_max_mib: u64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Detector {
    /// Name of a model manifest.
    pub model: String,
    /// `auto` or `cpu`.
    pub device: String,
    /// ONNX Runtime's shared library; absent: looked for in `assets_dir`.
    pub runtime: Option<PathBuf>,
    /// Threads of one inference, 1..=64.
    pub threads: u16,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Viewer {
    /// Bit rate of the WebRTC encode, kbit/s.
    pub bitrate_kbps: u32,
    /// JPEG quality of MJPEG and snapshots, 1..=100.
    pub jpeg_quality: u32,
    /// Language of the labels in the pictures: `en` or `es`.
    pub language: String,
    /// Most viewers of all cameras together.
    pub max_viewers: usize,
    /// GStreamer H.264 encoders, tried in this order; the first that works is taken.
    pub encoders: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebRtc {
    /// UDP address of all WebRTC traffic; port 0 takes any free one. An unspecified address (0.0.0.0)
    /// offers every address of the machine.
    pub listen: SocketAddr,
    /// Addresses to offer to browsers besides, e.g. that of a NAT gateway.
    pub public_addresses: Vec<IpAddr>,
    /// STUN and TURN servers that browsers are told of.
    pub ice_servers: Vec<IceServer>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IceServer {
    /// `stun:host:port` or `turn:host:port?transport=udp`.
    pub url: String,
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub credential: Option<Secret>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    pub format: LogFormat,
    /// As in `RUST_LOG`, e.g. `info,atalaya::camera=debug`.
    pub filter: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jobs {
    /// Whether this server does scheduled work; of several that share a Postgres one at least should.
    pub enabled: bool,
}

/// Days that rows are kept after their shift has ended; 0: for ever. Summaries stay in any case.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    pub visit_days: u32,
    pub line_crossing_days: u32,
    pub zone_stay_days: u32,
    pub occupancy_days: u32,
    pub heat_days: u32,
    pub voice_activity_days: u32,
    pub audit_days: u32,
}

/// Copies of the SQLite file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// Absent: `backups` in the data folder.
    pub dir: Option<PathBuf>,
    /// How many are kept; 0: none are made.
    pub keep: u32,
    /// When one is made each day, by this machine's clock.
    pub at: String,
}

impl Backup {
    /// The folder of backups.
    pub fn folder(&self, data_dir: &Path) -> PathBuf {
        self.dir.clone().unwrap_or_else(|| data_dir.join("backups"))
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    #[serde(default = "one")]
    pub tenant: i64,
    #[serde(default = "one")]
    pub id: i64,
    pub name: String,
    /// IANA zone, e.g. `Europe/Madrid`.
    pub time_zone: String,
    /// Empty: morning, afternoon and night from 06:00, 14:00 and 22:00.
    #[serde(default)]
    pub shifts: Vec<Shift>,
}

/// A work period of a branch's week: it lasts until the next one starts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    pub name: String,
    /// On the branch's clock, e.g. `06:00`.
    pub start: String,
    /// `mon` to `sun`, on which it starts; empty: all.
    #[serde(default)]
    pub days: Vec<String>,
}

impl Branch {
    /// Its shifts.
    ///
    /// # Errors
    /// When they are no schedule.
    pub fn schedule(&self) -> Result<Schedule, ScheduleError> {
        if self.shifts.is_empty() {
            return Ok(Schedule::default());
        }
        let shifts = self.shifts.iter().enumerate().map(|(index, shift)| {
            let wrong =
                |name: &str, reason| ScheduleError { field: format!("shifts[{index}].{name}"), reason };
            let days = match shift.days.is_empty() {
                true => Days::ALL,
                false => Days::from_names(shift.days.iter().map(String::as_str))
                    .map_err(|reason| wrong("days", reason))?,
            };
            let start = shift.start.parse().map_err(|reason| wrong("start", reason))?;
            Ok(domain::ScheduledShift { name: shift.name.clone(), start, days })
        });
        let schedule = Schedule { shifts: shifts.collect::<Result<_, _>>()? };
        schedule.check().map(|()| schedule)
    }
}

/// A text that `Debug` does not show.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself: hand it to what needs it and nowhere else.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

fn one() -> i64 {
    1
}

fn yes() -> bool {
    true
}
