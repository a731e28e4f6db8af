//! What types alone cannot say about the settings: ranges, names, and what must not stand there twice.

use super::{Branch, Camera, Config, ConfigError, Neototem, Network};
use crate::domain::{CameraId, TimeOfDay, check_shapes};

/// What `detector.device` can ask for; whether it is there is known when a model is loaded.
const DEVICES: [&str; 5] = ["auto", "cpu", "cuda", "tensorrt", "openvino"];

/// Shortest signing secret that HS256 deserves: as long as its hash.
pub const MIN_SECRET_BYTES: usize = 32;

/// The smallest body that still takes a camera's description.
const MIN_BODY_BYTES: u64 = 4096;

/// The smallest spool: a few of its files, as one of them is lost at once when it is full.
const MIN_SPOOL_MIB: u64 = 8;

pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    if let Some(secret) = &config.auth.jwt_secret
        && secret.reveal().len() < MIN_SECRET_BYTES
    {
        return Err(ConfigError::value(
            "auth.jwt_secret",
            format!("has {} bytes, needs {MIN_SECRET_BYTES} or more", secret.reveal().len()),
        ));
    }
    within("server.max_body_bytes", config.server.max_body_bytes, MIN_BODY_BYTES, 1 << 30)?;
    within("server.requests_per_second", config.server.requests_per_second.into(), 0, 1_000_000)?;
    within("server.request_burst", config.server.request_burst.into(), 1, 1_000_000)?;
    check_origins("server.cors_origins", &config.server.cors_origins)?;
    check_keys(config)?;
    check_gateway(config)?;
    check_neototem(&config.neototem)?;
    within("recorder.spool_max_mib", config.recorder.spool_max_mib, MIN_SPOOL_MIB, 1 << 20)?;
    within("viewer.jpeg_quality", config.viewer.jpeg_quality.into(), 1, 100)?;
    within("viewer.bitrate_kbps", config.viewer.bitrate_kbps.into(), 50, 50_000)?;
    within("detector.threads", config.detector.threads.into(), 1, 64)?;
    if !DEVICES.contains(&config.detector.device.as_str()) {
        let reason = format!("{:?} is none of {}", config.detector.device, DEVICES.join(", "));
        return Err(ConfigError::value("detector.device", reason));
    }
    if !["en", "es"].contains(&config.viewer.language.as_str()) {
        let reason = format!("{:?} is neither \"en\" nor \"es\"", config.viewer.language);
        return Err(ConfigError::value("viewer.language", reason));
    }
    if config.viewer.encoders.iter().all(|encoder| encoder.trim().is_empty()) {
        return Err(ConfigError::value("viewer.encoders", "is empty; name at least `x264enc`"));
    }
    if let Err(error) = tracing_subscriber::EnvFilter::try_new(&config.log.filter) {
        let reason = format!("{:?} is no filter: {error}", config.log.filter);
        return Err(ConfigError::value("log.filter", reason));
    }
    for (index, server) in config.webrtc.ice_servers.iter().enumerate() {
        if !["stun:", "stuns:", "turn:", "turns:"].iter().any(|scheme| server.url.starts_with(scheme)) {
            // The value itself may hold a password.
            let reason = "starts with neither `stun:` nor `turn:`";
            return Err(ConfigError::value(format!("webrtc.ice_servers[{index}].url"), reason));
        }
    }
    if let Err(reason) = config.backup.at.parse::<TimeOfDay>() {
        return Err(ConfigError::value("backup.at", reason));
    }
    check_branches(&config.branches)?;
    check_cameras(&config.cameras)
}

/// As browsers write them; anything else would never be equal to what one sends.
fn check_origins(key: &str, origins: &[String]) -> Result<(), ConfigError> {
    for (index, origin) in origins.iter().enumerate() {
        let written = url::Url::parse(origin).map(|url| url.origin().ascii_serialization());
        if written.as_deref() != Ok(origin) {
            let reason = format!("{origin:?} is no origin like \"https://panel.example.com\"");
            return Err(ConfigError::value(format!("{key}[{index}]"), reason));
        }
    }
    Ok(())
}

fn check_neototem(neototem: &Neototem) -> Result<(), ConfigError> {
    within("neototem.max_totems", neototem.max_totems.into(), 1, 10_000)?;
    if let Some(tenant) = neototem.anonymous_tenant {
        positive("neototem.anonymous_tenant".into(), tenant)?;
    }
    for (index, network) in neototem.allowed_networks.iter().enumerate() {
        let key = format!("neototem.allowed_networks[{index}]");
        network.parse::<Network>().map_err(|reason| ConfigError::value(key, reason))?;
    }
    Ok(())
}

fn check_gateway(config: &Config) -> Result<(), ConfigError> {
    let gateway = &config.gateway;
    check_origins("gateway.allowed_origins", &gateway.allowed_origins)?;
    for (key, value, least, most) in [
        ("history_events", gateway.history_events, 0, 1_000_000),
        ("history_s", gateway.history_s, 1, 86_400),
        ("client_queue_kib", gateway.client_queue_kib, 64, 65_536),
        ("tenant_queue", gateway.tenant_queue, 1, 1_000_000),
        ("ping_s", gateway.ping_s, 1, 3600),
        ("pong_s", gateway.pong_s, 1, 3600),
        ("max_message_kib", gateway.max_message_kib, 1, 1024),
        ("messages_per_second", gateway.messages_per_second, 1, 10_000),
        ("drain_ms", gateway.drain_ms, 0, 1500),
    ] {
        within(&format!("gateway.{key}"), value.into(), least, most)?;
    }
    for (kid, key) in &config.auth.table_keys {
        let name = || format!("auth.table_keys.{kid}");
        if kid.is_empty() || !kid.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
            return Err(ConfigError::value(name(), "a key's name is of letters, digits, - and _"));
        }
        let bytes = key.reveal().len();
        if bytes < MIN_SECRET_BYTES {
            return Err(ConfigError::value(
                name(),
                format!("has {bytes} bytes, needs {MIN_SECRET_BYTES} or more"),
            ));
        }
    }
    check_redis(config)
}

fn check_keys(config: &Config) -> Result<(), ConfigError> {
    let keys = &config.auth.keys;
    for (index, key) in keys.iter().enumerate() {
        let name = || format!("auth.keys[{index}].kid");
        if key.kid.is_empty() {
            return Err(ConfigError::value(name(), "is empty"));
        }
        if keys[..index].iter().any(|other| other.kid == key.kid) {
            return Err(ConfigError::value(name(), format!("{:?} stands there twice", key.kid)));
        }
    }
    Ok(())
}

fn check_redis(config: &Config) -> Result<(), ConfigError> {
    let url = config.redis.url.as_ref().map(|url| url.reveal());
    if url.is_some_and(|url| !["redis://", "rediss://"].iter().any(|scheme| url.starts_with(scheme))) {
        // The value itself may hold a password.
        return Err(ConfigError::value("redis.url", "starts with neither `redis://` nor `rediss://`"));
    }
    if config.redis.ca_file.is_some() && !url.is_some_and(|url| url.starts_with("rediss://")) {
        return Err(ConfigError::value("redis.ca_file", "is for a `redis.url` of `rediss://`"));
    }
    Ok(())
}

fn check_branches(branches: &[Branch]) -> Result<(), ConfigError> {
    for (index, branch) in branches.iter().enumerate() {
        let key = |name: &str| format!("branches[{index}].{name}");
        positive(key("id"), branch.id)?;
        positive(key("tenant"), branch.tenant)?;
        if jiff::tz::TimeZone::get(&branch.time_zone).is_err() {
            let reason = format!("{:?} is not an IANA time zone like \"Europe/Madrid\"", branch.time_zone);
            return Err(ConfigError::value(key("time_zone"), reason));
        }
        branch.schedule().map_err(|error| ConfigError::value(key(&error.field), error.reason))?;
        if branches[..index].iter().any(|other| (other.tenant, other.id) == (branch.tenant, branch.id)) {
            return Err(ConfigError::value(key("id"), format!("{} stands there twice", branch.id)));
        }
    }
    Ok(())
}

fn check_cameras(cameras: &[Camera]) -> Result<(), ConfigError> {
    for (index, camera) in cameras.iter().enumerate() {
        let key = |name: &str| format!("cameras[{index}].{name}");
        CameraId::new(&camera.id).map_err(|error| ConfigError::value(key("id"), error.to_string()))?;
        positive(key("tenant"), camera.tenant)?;
        positive(key("branch"), camera.branch)?;
        if let Some(sector) = camera.sector {
            positive(key("sector"), sector)?;
        }
        let (lines, zones) = camera.shapes();
        check_shapes(&lines, &zones).map_err(|error| ConfigError::value(key(&error.field), error.reason))?;
        if cameras[..index].iter().any(|other| (other.tenant, &other.id) == (camera.tenant, &camera.id)) {
            return Err(ConfigError::value(key("id"), format!("{:?} stands there twice", camera.id)));
        }
    }
    Ok(())
}

fn positive(key: String, value: i64) -> Result<(), ConfigError> {
    if value > 0 {
        Ok(())
    } else {
        Err(ConfigError::value(key, format!("{value} is not a positive integer")))
    }
}

fn within(key: &str, value: u64, least: u64, most: u64) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(ConfigError::value(key, format!("{value} is not within {least}..={most}")))
    }
}
