//! Reads the settings and names the key, the value and the place of whatever does not fit.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

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
    let table = overrides.file.as_deref().map(read_table).transpose()?.unwrap_or_default();
    let given = table.clone();
    let mut variables = variables(environment)?;
    let names: Vec<_> = variables.iter().map(|variable| variable.name.clone()).collect();
    let mut config = read_variables(table, &mut variables)?;
    if let Some(dir) = &overrides.data_dir {
        config.data_dir.clone_from(dir);
    }
    if let Some(listen) = overrides.listen {
        config.server.listen = listen;
    }
    read_secret(&mut config.auth.jwt_secret, config.auth.jwt_secret_file.as_deref(), "auth.jwt_secret")?;
    read_secret(&mut config.database.url, config.database.url_file.as_deref(), "database.url")?;
    read_secret(&mut config.redis.url, config.redis.url_file.as_deref(), "redis.url")?;
    check(&config).map_err(|error| placed(error, &names, overrides.file.as_deref().zip(Some(&given))))?;
    Ok(config)
}

/// Says of a value that does not fit where it stands.
fn placed(error: ConfigError, variables: &[String], file: Option<(&Path, &Table)>) -> ConfigError {
    let ConfigError::Value { key, reason } = &error else { return error };
    let reason = format!("key `{key}`: {reason}");
    // `cameras[2].id` is where `cameras` is.
    let plain = key.split('[').next().unwrap_or_default();
    let name = format!("{PREFIX}{}", plain.replace('.', SEPARATOR).to_uppercase());
    if variables.contains(&name) {
        return ConfigError::Variable { name, reason };
    }
    match file {
        Some((path, table)) if has_key(table, plain) => ConfigError::File { path: path.to_owned(), reason },
        _ => error,
    }
}

fn has_key(table: &Table, key: &str) -> bool {
    match key.split_once('.') {
        None => table.contains_key(key),
        Some((section, rest)) => {
            table.get(section).and_then(Value::as_table).is_some_and(|table| has_key(table, rest))
        }
    }
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
    let reason = in_words(one_line(error.message()));
    if may_be_secret(key) {
        return without_value(&reason);
    }
    if reason.ends_with("syntax") { format!("{reason}: {}", value.trim()) } else { reason }
}

/// Numbers as people call them.
const NUMBERS: [(&str, &str); 7] = [
    ("usize", "a whole number, 0 or more"),
    ("u64", "a whole number, 0 or more"),
    ("u32", "a whole number, 0 to 4294967295"),
    ("u16", "a whole number, 0 to 65535"),
    ("i64", "a whole number"),
    ("f32", "a number"),
    ("f64", "a number"),
];

/// Makes `expected usize` say what that is.
fn in_words(reason: String) -> String {
    let told = |(name, words): &(&str, &str)| {
        let start = reason.strip_suffix(name)?.strip_suffix("expected ")?;
        Some(format!("{start}expected {words}"))
    };
    NUMBERS.iter().find_map(told).unwrap_or(reason)
}

/// Whether `key` is one of the secret ones, stands below one, or is a section that has one.
fn may_be_secret(key: &str) -> bool {
    SECRETS.iter().any(|secret| is_below(key, secret) || is_below(secret, key))
}

/// Whether `key` is `section`, or stands below it.
fn is_below(key: &str, section: &str) -> bool {
    key.strip_prefix(section).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
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

/// What an environment variable sets.
struct Variable {
    name: String,
    key: String,
    value: String,
    /// What it may mean, the likeliest first; never none.
    readings: VecDeque<Value>,
}

impl Variable {
    fn refuse(&self, reason: &str) -> ConfigError {
        let reason = format!("key `{}`: {reason}", self.key);
        ConfigError::Variable { name: self.name.clone(), reason }
    }

    /// Takes the next of its readings; false when this is the last.
    fn reads_on(&mut self) -> bool {
        let more = self.readings.len() > 1;
        if more {
            self.readings.pop_front();
        }
        more
    }
}

/// Our variables, sections before what is in them.
fn variables(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Vec<Variable>, ConfigError> {
    let mut variables = Vec::new();
    for (name, value) in environment {
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        // An empty variable is how compose files and unit files leave one out.
        if value.is_empty() {
            continue;
        }
        let (name, key) = (name.to_owned(), name[PREFIX.len()..].to_lowercase().replace(SEPARATOR, "."));
        let Ok(value) = value.into_string() else {
            return Err(ConfigError::Variable { name, reason: "is not UTF-8".into() });
        };
        variables.push(Variable { readings: readings(&key, &value), name, key, value });
    }
    variables.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(variables)
}

/// The settings of `file`, which can be read, with all `variables` over it. They are read together, as one may need
/// another: a certificate its key. Whenever something does not fit, the next reading of the variable at fault is tried.
fn read_variables(file: Table, variables: &mut [Variable]) -> Result<Config, ConfigError> {
    loop {
        let mut table = file.clone();
        let within = |variable: &Variable| !insert(&mut table, &variable.key, variable.readings[0].clone());
        if let Some(lost) = variables.iter().position(within) {
            // Below what is no table: another variable, perhaps, that has a second reading.
            let (above, lost) = variables.split_at_mut(lost);
            let above = above.iter_mut().rfind(|variable| is_below(&lost[0].key, &variable.key));
            if above.is_some_and(Variable::reads_on) {
                continue;
            }
            return Err(lost[0].refuse("no such key"));
        }
        let error = match serde_path_to_error::deserialize::<_, Config>(table) {
            Ok(config) => return Ok(config),
            Err(error) => error,
        };
        let (path, error) = (error.path().to_string(), error.into_inner());
        // The nearest; else one in the section that lacks something.
        let at_fault = variables
            .iter()
            .rposition(|variable| is_below(&path, &variable.key))
            .or_else(|| variables.iter().position(|variable| is_below(&variable.key, &path)));
        let Some(variable) = at_fault.map(|index| &mut variables[index]) else {
            return Err(ConfigError::value(path, one_line(error.message())));
        };
        if !(is_below(&path, &variable.key) && variable.reads_on()) {
            return Err(variable.refuse(&explain(&variable.key, &error, &variable.value)));
        }
    }
}

/// What the text of a variable may mean, the likeliest first. Text comes before numbers, so that a secret of
/// nothing but digits keeps its leading zeros.
fn readings(key: &str, value: &str) -> VecDeque<Value> {
    if LISTS.contains(&key) {
        let items = value.split(',').map(|item| Value::String(item.trim().to_owned()));
        return [Value::Array(items.collect())].into();
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
