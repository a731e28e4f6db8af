//! What holds when nothing is set.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::{
    Auth, Backup, Config, Database, Detector, Gateway, Jobs, Log, LogFormat, Neototem, Recorder, Redis,
    Retention, Server, Viewer, WebRtc,
};

impl Default for Config {
    fn default() -> Self {
        let home = data_home().join("atalaya");
        let system = PathBuf::from("/usr/share/atalaya");
        let assets_dir = if !home.join("models").is_dir() && system.is_dir() { system } else { home.clone() };
        Self {
            data_dir: home,
            assets_dir,
            pipelines_dir: None,
            models_dir: None,
            server: Server::default(),
            auth: Auth::default(),
            database: Database::default(),
            gateway: Gateway::default(),
            redis: Redis::default(),
            neototem: Neototem::default(),
            recorder: Recorder::default(),
            detector: Detector::default(),
            viewer: Viewer::default(),
            webrtc: WebRtc::default(),
            log: Log::default(),
            jobs: Jobs::default(),
            retention: Retention::default(),
            backup: Backup::default(),
            branches: Vec::new(),
            cameras: Vec::new(),
        }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8001)),
            reuse_port: false,
            tls: None,
            media_dir: None,
            max_body_bytes: 1 << 20,
            requests_per_second: 100,
            request_burst: 400,
            cors_origins: Vec::new(),
        }
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self { spool_max_mib: 512 }
    }
}

impl Default for Detector {
    fn default() -> Self {
        Self { model: "auto".into(), device: "auto".into(), runtime: None, threads: 1 }
    }
}

impl Default for Viewer {
    fn default() -> Self {
        let encoders = ["vah264enc", "vaapih264enc", "v4l2h264enc", "x264enc", "openh264enc"];
        Self {
            bitrate_kbps: 1500,
            jpeg_quality: 80,
            language: "en".into(),
            max_viewers: 200,
            encoders: encoders.map(Into::into).to_vec(),
        }
    }
}

impl Default for WebRtc {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
            public_addresses: Vec::new(),
            ice_servers: Vec::new(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info".into() }
    }
}

impl Default for Jobs {
    fn default() -> Self {
        Self { enabled: true }
    }
}

impl Default for Retention {
    /// Thirteen months, so that the same weeks of last year can be looked at; three of what is told by the camera
    /// only, and of heat, whose rows are by far the largest.
    fn default() -> Self {
        Self {
            visit_days: 400,
            line_crossing_days: 400,
            zone_stay_days: 400,
            occupancy_days: 400,
            heat_days: 90,
            voice_activity_days: 90,
            audit_days: 400,
        }
    }
}

impl Default for Backup {
    /// Before the morning shift, when least is written.
    fn default() -> Self {
        Self { dir: None, keep: 7, at: "03:30".into() }
    }
}

/// `$XDG_DATA_HOME`, else `~/.local/share`.
fn data_home() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("XDG_DATA_HOME")
        .or_else(|| set("HOME").map(|home| home.join(".local/share")))
        .unwrap_or_else(|| PathBuf::from("/var/lib"))
}
