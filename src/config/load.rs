//! Reading and checking the settings.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{Config, Secret};

/// Flags that every command about a server takes; they win over file and environment.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    pub file: Option<PathBuf>,
    pub data_dir: Option<PathBuf>,
    pub listen: Option<SocketAddr>,
}

/// Why the settings cannot be used; names the key.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("config file {path}: {reason}")]
    File { path: PathBuf, reason: String },
    #[error("{0}")]
    Read(String),
    #[error("config key `{key}`: {reason}")]
    Value { key: String, reason: String },
}

impl ConfigError {
    fn value(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Value { key: key.into(), reason: reason.into() }
    }
}

/// Shortest signing secret that HS256 deserves.
const MIN_SECRET_BYTES: usize = 32;

/// Reads defaults, file, environment (`ATALAYA_SECTION__KEY`) and flags, in this order, and checks the result.
///
/// # Errors
/// When the file cannot be read, a key is unknown, or a value does not fit.
pub fn load(overrides: &Overrides) -> Result<Config, ConfigError> {
    let mut builder = ::config::Config::builder();
    if let Some(path) = &overrides.file {
        // Read here, not by the library: it would take a missing extension for another file name.
        let text = read(path)?;
        toml::from_str::<toml::Table>(&text).map_err(|error| file_error(path, &error.to_string()))?;
        builder = builder.add_source(::config::File::from_str(&text, ::config::FileFormat::Toml));
    }
    let environment =
        ::config::Environment::with_prefix("ATALAYA").prefix_separator("_").separator("__").try_parsing(true);
    let environment = strings_stay_strings(environment);
    let merged =
        builder.add_source(environment).build().map_err(|error| ConfigError::Read(error.to_string()))?;
    let mut config: Config = merged.try_deserialize().map_err(|error| name_file(overrides, &error))?;
    if let Some(dir) = &overrides.data_dir {
        config.data_dir.clone_from(dir);
    }
    if let Some(listen) = overrides.listen {
        config.server.listen = listen;
    }
    read_secret(&mut config.auth.jwt_secret, config.auth.jwt_secret_file.as_deref(), "auth.jwt_secret")?;
    read_secret(&mut config.database.url, config.database.url_file.as_deref(), "database.url")?;
    check(&config)?;
    Ok(config)
}

/// Keeps `try_parsing` from turning a secret of digits into a number.
fn strings_stay_strings(environment: ::config::Environment) -> ::config::Environment {
    // Lists are read from keys named here only; all other values stay single.
    environment
        .list_separator(",")
        .with_list_parse_key("viewer.encoders")
        .with_list_parse_key("webrtc.public_addresses")
}

fn name_file(overrides: &Overrides, error: &::config::ConfigError) -> ConfigError {
    match &overrides.file {
        Some(path) => file_error(path, &error.to_string()),
        None => ConfigError::Read(format!("environment: {error}")),
    }
}

fn file_error(path: &Path, reason: &str) -> ConfigError {
    ConfigError::File { path: path.to_owned(), reason: reason.trim_end().to_owned() }
}

fn read(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| file_error(path, &error.to_string()))
}

fn read_secret(secret: &mut Option<Secret>, file: Option<&Path>, key: &str) -> Result<(), ConfigError> {
    let Some(file) = file else { return Ok(()) };
    if secret.is_some() {
        return Err(ConfigError::value(key, format!("is set together with `{key}_file`; keep one")));
    }
    *secret = Some(Secret::new(read(file)?.trim().to_owned()));
    Ok(())
}

fn check(config: &Config) -> Result<(), ConfigError> {
    if let Some(secret) = &config.auth.jwt_secret
        && secret.reveal().len() < MIN_SECRET_BYTES
    {
        return Err(ConfigError::value(
            "auth.jwt_secret",
            format!("has {} bytes, needs {MIN_SECRET_BYTES} or more", secret.reveal().len()),
        ));
    }
    within("viewer.jpeg_quality", config.viewer.jpeg_quality, 1, 100)?;
    within("viewer.bitrate_kbps", config.viewer.bitrate_kbps, 50, 50_000)?;
    within("detector.threads", u32::from(config.detector.threads), 1, 64)?;
    if config.viewer.encoders.is_empty() {
        return Err(ConfigError::value("viewer.encoders", "is empty; name at least `x264enc`"));
    }
    for (index, branch) in config.branches.iter().enumerate() {
        jiff::tz::TimeZone::get(&branch.time_zone).map_err(|_| {
            let key = format!("branches[{index}].time_zone");
            ConfigError::value(
                key,
                format!("{:?} is not an IANA time zone, e.g. \"Europe/Madrid\"", branch.time_zone),
            )
        })?;
        positive(&format!("branches[{index}].id"), branch.id)?;
        positive(&format!("branches[{index}].tenant"), branch.tenant)?;
    }
    check_cameras(config)
}

fn check_cameras(config: &Config) -> Result<(), ConfigError> {
    for (index, camera) in config.cameras.iter().enumerate() {
        let key = |name: &str| format!("cameras[{index}].{name}");
        crate::domain::CameraId::new(&camera.id)
            .map_err(|error| ConfigError::value(key("id"), error.to_string()))?;
        positive(&key("tenant"), camera.tenant)?;
        positive(&key("branch"), camera.branch)?;
        if let Some(sector) = camera.sector {
            positive(&key("sector"), sector)?;
        }
        let same = |other: &&super::Camera| other.tenant == camera.tenant && other.id == camera.id;
        if config.cameras.iter().take(index).any(|other| same(&other)) {
            return Err(ConfigError::value(key("id"), format!("{:?} stands there twice", camera.id)));
        }
    }
    Ok(())
}

fn positive(key: &str, value: i64) -> Result<(), ConfigError> {
    if value > 0 {
        Ok(())
    } else {
        Err(ConfigError::value(key, format!("{value} is not a positive integer")))
    }
}

fn within(key: &str, value: u32, least: u32, most: u32) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(ConfigError::value(key, format!("{value} is not within {least}..={most}")))
    }
}
