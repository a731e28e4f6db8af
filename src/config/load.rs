//! Reads the settings and names the key, the value and the place of whatever does not fit.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;
use toml::{Table, Value};

use super::check::check;
use super::{Config, Secret};

/// What every environment variable of ours starts with.
const PREFIX: &str = "ATALAYA_";

/// Stands between section and key in the name of an environment variable; keys hold single underscores.
const SEPARATOR: &str = "__";

/// Keys that an environment variable gives as a list, parted by commas.
const LISTS: [&str; 4] =
    ["server.cors_origins", "gateway.allowed_origins", "viewer.encoders", "webrtc.public_addresses"];

/// Keys with secrets in or below them.
const SECRETS: [&str; 5] = ["auth", "database", "redis", "cameras", "webrtc.ice_servers"];

/// Flags that every command about a server takes; they win over file and environment.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    pub file: Option<PathBuf>,
    pub data_dir: Option<PathBuf>,
    pub listen: Option<SocketAddr>,
}

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("config file {}: {reason}", path.display())]
    File { path: PathBuf, reason: String },
    #[error("environment variable {name}: {reason}")]
    Variable { name: String, reason: String },
    #[error("config key `{key}`: {reason}")]
    Value { key: String, reason: String },
}

impl ConfigError {
    pub(super) fn value(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Value { key: key.into(), reason: reason.into() }
    }
}

/// Reads defaults, file, the process's environment (`ATALAYA_SECTION__KEY`) and flags, in this order, and checks
/// the result.
///
/// # Errors
/// When the file cannot be read, a key is unknown, or a value does not fit.
pub fn load(overrides: &Overrides) -> Result<Config, ConfigError> {
    load_with(overrides, std::env::vars_os())
}

/// As [`load`], with an environment of the caller's.
///
/// # Errors
/// As [`load`].
pub fn load_with(
    overrides: &Overrides,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Config, ConfigError> {
    let mut table = overrides.file.as_deref().map(read_table).transpose()?.unwrap_or_default();
    for (name, value) in environment {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        // An empty variable is how compose files and unit files leave one out.
        if !value.is_empty() {
            set(&mut table, name, value)?;
        }
    }
    let mut config = Config::deserialize(table).expect("every step of the table should have been checked");
    if let Some(dir) = &overrides.data_dir {
        config.data_dir.clone_from(dir);
    }
    if let Some(listen) = overrides.listen {
        config.server.listen = listen;
    }
    read_secret(&mut config.auth.jwt_secret, config.auth.jwt_secret_file.as_deref(), "auth.jwt_secret")?;
    read_secret(&mut config.database.url, config.database.url_file.as_deref(), "database.url")?;
    read_secret(&mut config.redis.url, config.redis.url_file.as_deref(), "redis.url")?;
    check(&config)?;
    Ok(config)
}

/// Reads a file whose every key and type is right.
fn read_table(path: &Path) -> Result<Table, ConfigError> {
    let file = |reason: String| ConfigError::File { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| file(error.to_string()))?;
    // The error's own text would show the line as it stands there, and with it perhaps a secret.
    let table: Table = toml::from_str(&text)
        .map_err(|error| file(format!("{}{}", line_of(&error, &text), one_line(error.message()))))?;
    let document =
        toml::Deserializer::parse(&text).expect("a table should be in what one was just read from");
    serde_path_to_error::deserialize::<_, Config>(document).map_err(|error| {
        let (path, error) = (error.path().to_string(), error.into_inner());
        let value = error.span().map_or("", |span| &text[span]);
        file(format!("{}key `{path}`: {}", line_of(&error, &text), explain(&path, &error, value)))
    })?;
    Ok(table)
}

fn line_of(error: &toml::de::Error, text: &str) -> String {
    error
        .span()
        .map_or_else(String::new, |span| format!("line {}: ", text[..span.start].matches('\n').count() + 1))
}

/// The reason in one line, with the value where the reason does not hold it: addresses say only that their
/// syntax is wrong. Of what may be or hold a secret no value is shown.
fn explain(key: &str, error: &toml::de::Error, value: &str) -> String {
    let reason = one_line(error.message());
    if may_be_secret(key) {
        return without_value(&reason);
    }
    if reason.ends_with("syntax") { format!("{reason}: {}", value.trim()) } else { reason }
}

/// Whether `key` is one of the secret ones, stands below one, or is a section that has one.
fn may_be_secret(key: &str) -> bool {
    let below = |key: &str, section: &str| {
        key.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    SECRETS.iter().any(|secret| below(key, secret) || below(secret, key))
}

/// Makes ``invalid type: string "hunter2", expected a sequence`` say only `invalid type: string, expected a sequence`.
fn without_value(reason: &str) -> String {
    let (Some(begin), Some(end)) = (reason.find(['"', '`']), reason.rfind(", expected ")) else {
        return reason.to_owned();
    };
    if !reason.starts_with("invalid ") || end <= begin {
        return reason.to_owned();
    }
    format!("{}{}", reason[..begin].trim_end(), &reason[end..])
}

/// Sets what an environment variable says in `table`, which stays readable as a [`Config`].
fn set(table: &mut Table, name: &str, value: OsString) -> Result<(), ConfigError> {
    let variable = |reason: String| ConfigError::Variable { name: name.to_owned(), reason };
    let value = value.into_string().map_err(|_| variable("is not UTF-8".into()))?;
    let key = name[PREFIX.len()..].to_lowercase().replace(SEPARATOR, ".");
    let mut refused = "no such key".to_owned();
    for candidate in readings(&key, &value) {
        let mut changed = table.clone();
        if !insert(&mut changed, &key, candidate) {
            break;
        }
        match serde_path_to_error::deserialize::<_, Config>(changed.clone()) {
            Ok(_) => {
                *table = changed;
                return Ok(());
            }
            Err(error) => refused = explain(&key, error.inner(), &value),
        }
    }
    Err(variable(format!("key `{key}`: {refused}")))
}

/// What the text of a variable may mean, the likeliest first. Text comes before numbers, so that a secret of
/// nothing but digits keeps its leading zeros.
fn readings(key: &str, value: &str) -> Vec<Value> {
    if LISTS.contains(&key) {
        let items = value.split(',').map(|item| Value::String(item.trim().to_owned()));
        return vec![Value::Array(items.collect())];
    }
    let literal = toml::from_str::<Table>(&format!("value = {value}")).ok();
    let literal = literal.filter(|table| table.len() == 1).and_then(|mut table| table.remove("value"));
    [Some(Value::String(value.to_owned())), literal].into_iter().flatten().collect()
}

/// Puts a value at a dotted key; false where a part of the key is no table.
fn insert(table: &mut Table, key: &str, value: Value) -> bool {
    let Some((section, rest)) = key.split_once('.') else {
        table.insert(key.to_owned(), value);
        return true;
    };
    match table.entry(section).or_insert_with(|| Value::Table(Table::new())) {
        Value::Table(inner) => insert(inner, rest, value),
        _ => false,
    }
}

fn one_line(message: &str) -> String {
    message.split('\n').map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ")
}

fn read_secret(secret: &mut Option<Secret>, file: Option<&Path>, key: &str) -> Result<(), ConfigError> {
    let Some(file) = file else { return Ok(()) };
    if secret.is_some() {
        return Err(ConfigError::value(key, format!("is set together with `{key}_file`; keep one")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| {
        ConfigError::value(format!("{key}_file"), format!("cannot read {}: {error}", file.display()))
    })?;
    *secret = Some(Secret::new(text.trim().to_owned()));
    Ok(())
}
