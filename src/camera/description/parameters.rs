//! What an owner set → values that fit the description, or the key, the value and what it takes.

use std::collections::BTreeMap;
use std::path::Path;

use gstvision::draw::mask::parse_polygons;

use super::{Description, Parameter, ParameterType, PipelineError};
use crate::camera::redact::{is_ambiguous, redact, redact_url, url_secrets};
use crate::domain::ParamValue;

/// Of `visionmask`; no other element has a property of this name.
const POLYGONS: &str = "polygons";

/// Stands for a secret wherever parameters are shown.
const HIDDEN: &str = "***";

/// Quotes nothing: what is a password in it cannot be told.
const AMBIGUOUS: &str =
    "is ambiguous: write / ? # @ in a password as %2F %3F %23 %40, and @ behind the host as %40";

impl Description {
    /// Checks what an owner set, without touching GStreamer.
    ///
    /// # Errors
    /// An unknown key, a missing one, or a value that does not fit its type or bounds.
    pub fn check_parameters(&self, given: &BTreeMap<String, ParamValue>) -> Result<(), PipelineError> {
        self.values(given).map(drop)
    }

    /// The same, whatever files and devices are there: they may come, and go.
    ///
    /// # Errors
    /// As [`Description::check_parameters`], but for a file that is not there.
    pub fn check_form(&self, given: &BTreeMap<String, ParamValue>) -> Result<(), PipelineError> {
        self.values_by(given, Parameter::check_form).map(drop)
    }

    /// Turns `text` of a command line into a value of the type that parameter `key` has.
    ///
    /// # Errors
    /// An unknown key, or a text that is no such value.
    pub fn parse_value(&self, key: &str, text: &str) -> Result<ParamValue, PipelineError> {
        let parameter = self.known(key)?;
        let value = match parameter.kind {
            ParameterType::Bool => text.parse().ok().map(ParamValue::Bool),
            ParameterType::Int => text.parse().ok().map(ParamValue::Int),
            ParameterType::Float => text.parse().ok().map(ParamValue::Float),
            _ => Some(ParamValue::Text(text.to_owned())),
        };
        let value = value.unwrap_or_else(|| ParamValue::Text(text.to_owned()));
        parameter.check(&value).map_err(|reason| PipelineError::parameter(key, reason))?;
        Ok(value)
    }

    /// `given` with nothing secret left in it: whole secrets and the passwords within URLs are masked.
    pub fn shown(&self, given: &BTreeMap<String, ParamValue>) -> BTreeMap<String, ParamValue> {
        let show = |(key, value): (&String, &ParamValue)| {
            // A key the description does not know may be a misspelt password.
            let parameter = self.parameter(key);
            let hidden = parameter.is_none_or(|p| p.secret && p.kind != ParameterType::Url);
            let value = match (parameter, value) {
                (Some(parameter), ParamValue::Text(text)) if !hidden => {
                    ParamValue::Text(parameter.without_credentials(text))
                }
                (Some(_), other) if !hidden => other.clone(),
                _ => ParamValue::Text(HIDDEN.to_owned()),
            };
            (key.clone(), value)
        };
        given.iter().map(show).collect()
    }

    /// The secrets within `given`, to be kept out of messages.
    pub fn secrets(&self, given: &BTreeMap<String, ParamValue>) -> Vec<String> {
        let secrets = |(key, value): (&String, &ParamValue)| match (self.parameter(key), value) {
            (Some(parameter), ParamValue::Text(text)) if parameter.holds_url(text) => url_secrets(text),
            (Some(parameter), ParamValue::Text(text)) if parameter.secret => vec![text.clone()],
            _ => Vec::new(),
        };
        given.iter().flat_map(secrets).filter(|text| !text.is_empty()).collect()
    }

    /// The first address among `given`.
    pub(in crate::camera) fn url<'a>(&self, given: &'a BTreeMap<String, ParamValue>) -> Option<&'a str> {
        let urls = self.parameters.iter().filter(|parameter| parameter.kind == ParameterType::Url);
        urls.filter_map(|parameter| given.get(&parameter.name)).find_map(|value| match value {
            ParamValue::Text(url) => Some(url.as_str()),
            _ => None,
        })
    }

    /// Each parameter that is set or has a default, with its value.
    pub(super) fn values(
        &self,
        given: &BTreeMap<String, ParamValue>,
    ) -> Result<Vec<(&Parameter, ParamValue)>, PipelineError> {
        self.values_by(given, Parameter::check)
    }

    fn values_by(
        &self,
        given: &BTreeMap<String, ParamValue>,
        check: fn(&Parameter, &ParamValue) -> Result<(), String>,
    ) -> Result<Vec<(&Parameter, ParamValue)>, PipelineError> {
        for key in given.keys() {
            self.known(key)?;
        }
        let mut values = Vec::new();
        for parameter in &self.parameters {
            let value = given.get(&parameter.name);
            if parameter.required && value.is_none() {
                return Err(PipelineError::parameter(
                    &parameter.name,
                    format!("is required: {}", parameter.description),
                ));
            }
            let Some(value) = value.or(parameter.default.as_ref()) else { continue };
            check(parameter, value).map_err(|reason| PipelineError::parameter(&parameter.name, reason))?;
            values.push((parameter, value.clone()));
        }
        Ok(values)
    }

    fn known(&self, key: &str) -> Result<&Parameter, PipelineError> {
        self.parameter(key).ok_or_else(|| {
            let names: Vec<_> = self.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
            let reason =
                format!("pipeline `{}` has none of this name; it has {}", self.name, names.join(", "));
            PipelineError::parameter(key, reason)
        })
    }
}

impl Parameter {
    /// Says what is wrong with `value`, and what would be right.
    pub(super) fn check(&self, value: &ParamValue) -> Result<(), String> {
        self.check_form(value)?;
        match (self.kind, value) {
            (ParameterType::Path, ParamValue::Text(text)) => existing(text),
            _ => Ok(()),
        }
    }

    fn check_form(&self, value: &ParamValue) -> Result<(), String> {
        if let ParamValue::Text(text) = value
            && self.is_ambiguous(text)
        {
            return Err(AMBIGUOUS.to_owned());
        }
        let fits = match (self.kind, value) {
            (ParameterType::Bool, ParamValue::Bool(_))
            | (ParameterType::String, ParamValue::Text(_))
            | (ParameterType::Int, ParamValue::Int(_))
            | (ParameterType::Float, ParamValue::Int(_) | ParamValue::Float(_)) => self.in_bounds(value),
            (ParameterType::Choice, ParamValue::Text(text)) => self.choices.contains(text),
            (ParameterType::Url, ParamValue::Text(text)) => self.is_url(text),
            (ParameterType::Path, ParamValue::Text(_)) => true,
            _ => false,
        };
        if !fits {
            return Err(format!("{} is not {}", self.quote(value), self.takes()));
        }
        match value {
            ParamValue::Text(text) if self.is_mask() => {
                parse_polygons(text).map(drop).map_err(|error| error.to_string())
            }
            _ => Ok(()),
        }
    }

    /// What is painted out is known to be wrong before a pipeline fails of it.
    fn is_mask(&self) -> bool {
        self.targets.iter().any(|target| target.property == POLYGONS)
    }

    #[expect(clippy::cast_precision_loss, reason = "bounds of parameters are small numbers")]
    fn in_bounds(&self, value: &ParamValue) -> bool {
        let number = match value {
            ParamValue::Int(value) => *value as f64,
            ParamValue::Float(value) => *value,
            ParamValue::Bool(_) | ParamValue::Text(_) => return true,
        };
        number.is_finite()
            && self.min.is_none_or(|least| number >= least)
            && self.max.is_none_or(|most| number <= most)
    }

    fn is_url(&self, text: &str) -> bool {
        url::Url::parse(text).is_ok_and(|url| {
            url.has_host() && (self.choices.is_empty() || self.choices.iter().any(|s| s == url.scheme()))
        })
    }

    fn quote(&self, value: &ParamValue) -> String {
        match value {
            _ if self.secret && self.kind != ParameterType::Url => "the value".to_owned(),
            ParamValue::Bool(value) => value.to_string(),
            ParamValue::Int(value) => value.to_string(),
            ParamValue::Float(value) => value.to_string(),
            ParamValue::Text(text) => format!("{:?}", self.without_credentials(text)),
        }
    }

    /// True when `text` is, or was meant to be, a URL from its first character to its last.
    fn holds_url(&self, text: &str) -> bool {
        let is_url = || url::Url::parse(text).is_ok_and(|url| url.has_host());
        self.kind == ParameterType::Url || (!self.secret && is_url())
    }

    /// A URL of which nobody can tell what is its password.
    fn is_ambiguous(&self, text: &str) -> bool {
        self.holds_url(text) && is_ambiguous(text)
    }

    fn without_credentials(&self, text: &str) -> String {
        if self.is_ambiguous(text) {
            return HIDDEN.to_owned();
        }
        if self.holds_url(text) { redact_url(text) } else { redact::<&str>(text, &[]) }
    }

    /// What the parameter takes, for people.
    pub fn takes(&self) -> String {
        let noun = match self.kind {
            ParameterType::Bool => "true or false",
            ParameterType::Int => "an integer",
            ParameterType::Float => "a number",
            ParameterType::String => "a text",
            ParameterType::Path => "the path of a file that exists",
            ParameterType::Url if self.choices.is_empty() => "a URL with a host",
            ParameterType::Url => {
                return format!("a URL with a host that begins with {}", self.listed("://"));
            }
            ParameterType::Choice => return format!("one of {}", self.listed("")),
        };
        match (self.min, self.max) {
            (Some(least), Some(most)) => format!("{noun} from {least} to {most}"),
            (Some(least), None) => format!("{noun} from {least} up"),
            (None, Some(most)) => format!("{noun} up to {most}"),
            (None, None) => noun.to_owned(),
        }
    }

    fn listed(&self, suffix: &str) -> String {
        let words: Vec<_> = self.choices.iter().map(|word| format!("{word}{suffix}")).collect();
        words.join(", ")
    }
}

fn existing(path: &str) -> Result<(), String> {
    match Path::new(path).try_exists() {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("there is no file {path:?}")),
        Err(error) => Err(format!("{path:?} cannot be looked at: {error}")),
    }
}
