//! TOML text → [`Description`], with the line of whatever does not fit.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::{Description, Kind, Parameter, ParameterType, Problem, Target};
use crate::domain::ParamValue;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDescription {
    name: Spanned<String>,
    description: String,
    kind: RawKind,
    launch: Spanned<String>,
    #[serde(default)]
    parameters: BTreeMap<String, Spanned<RawParameter>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawKind {
    Live,
    File,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawParameter {
    r#type: RawType,
    description: String,
    default: Option<Spanned<RawValue>>,
    min: Option<f64>,
    max: Option<f64>,
    #[serde(default)]
    choices: Vec<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    secret: bool,
    #[serde(default)]
    target: RawTargets,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum RawType {
    Bool,
    Int,
    Float,
    String,
    Url,
    Path,
    Choice,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a bool, a number or a text")]
enum RawValue {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "\"element.property\" or a list of them")]
enum RawTargets {
    One(String),
    Many(Vec<String>),
}

impl Default for RawTargets {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Description {
    /// Reads a description; `file` is what messages call it.
    ///
    /// # Errors
    /// The first thing that is not TOML, not known, or has the wrong type.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        let problem = |line, reason: String| Problem { file: file.to_owned(), line, reason };
        let raw: RawDescription = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_at(text, span.start));
            problem(line, error.message().to_owned())
        })?;
        let name_line = line_at(text, raw.name.span().start);
        let name = raw.name.into_inner();
        if !is_slug(&name) {
            return Err(problem(name_line, format!("name {name:?} must be of a-z, 0-9 and -")));
        }
        let launch_line = first_line_of(text, raw.launch.span().start);
        let parameters = raw
            .parameters
            .into_iter()
            .map(|(key, raw)| {
                let line = line_at(text, raw.span().start);
                parameter(key, raw.into_inner(), line).map_err(|reason| problem(line, reason))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            name,
            description: raw.description,
            kind: match raw.kind {
                RawKind::Live => Kind::Live,
                RawKind::File => Kind::File,
            },
            launch: raw.launch.into_inner(),
            parameters,
            file: file.to_owned(),
            launch_line,
        })
    }
}

fn parameter(name: String, raw: RawParameter, line: usize) -> Result<Parameter, String> {
    let targets = match raw.target {
        RawTargets::One(one) => vec![one],
        RawTargets::Many(many) => many,
    };
    let targets = targets
        .iter()
        .map(|text| match text.split_once('.') {
            Some((element, property)) if !element.is_empty() && !property.is_empty() => {
                Ok(Target { element: element.to_owned(), property: property.to_owned() })
            }
            _ => Err(format!("parameter `{name}`: target {text:?} is not \"element.property\"")),
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Parameter {
        name,
        kind: match raw.r#type {
            RawType::Bool => ParameterType::Bool,
            RawType::Int => ParameterType::Int,
            RawType::Float => ParameterType::Float,
            RawType::String => ParameterType::String,
            RawType::Url => ParameterType::Url,
            RawType::Path => ParameterType::Path,
            RawType::Choice => ParameterType::Choice,
        },
        description: raw.description,
        default: raw.default.map(|value| match value.into_inner() {
            RawValue::Bool(value) => ParamValue::Bool(value),
            RawValue::Int(value) => ParamValue::Int(value),
            RawValue::Float(value) => ParamValue::Float(value),
            RawValue::Text(value) => ParamValue::Text(value),
        }),
        min: raw.min,
        max: raw.max,
        choices: raw.choices,
        required: raw.required,
        secret: raw.secret,
        targets,
        line,
    })
}

fn is_slug(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}

/// TOML drops a line break right behind the opening quotes, so the text then begins one line further down.
fn first_line_of(text: &str, offset: usize) -> usize {
    let opening = text.get(offset..).unwrap_or_default();
    let dropped =
        ["'''\n", "\"\"\"\n", "'''\r\n", "\"\"\"\r\n"].iter().any(|quotes| opening.starts_with(quotes));
    line_at(text, offset) + usize::from(dropped)
}
