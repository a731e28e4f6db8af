//! What can be chosen: pipeline descriptions and models.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ParameterValue;

/// A pipeline description in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PipelineSummary {
    #[schema(examples("rtsp"))]
    pub name: String,
    pub description: String,
}

/// A parameter of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Parameter {
    #[schema(examples("location"))]
    pub name: String,
    /// `bool`, `int`, `float`, `string`, `url`, `path` or `choice`.
    #[serde(rename = "type")]
    #[schema(examples("url"))]
    pub kind: String,
    pub description: String,
    pub required: bool,
    /// True: its value is never shown.
    pub secret: bool,
    pub default: Option<ParameterValue>,
    /// Least and greatest value, of numbers.
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// Of a choice its words, of a url the schemes it may have; empty: any.
    pub choices: Vec<String>,
}

/// A pipeline description with its schema.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Pipeline {
    pub name: String,
    pub description: String,
    /// The launch text; parameters are set as properties of its named elements, never pasted into it.
    pub launch: String,
    pub parameters: Vec<Parameter>,
}

/// What to check: a description's text, or a description by its name, with values for its parameters.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckInput {
    /// A pipeline description in TOML.
    pub description: Option<String>,
    /// Name of a pipeline description, instead of `description`.
    pub pipeline: Option<String>,
    #[serde(default)]
    pub parameters: BTreeMap<String, ParameterValue>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    /// Line of the description, from 1; null when it is not about a line.
    pub line: Option<u64>,
    /// The parameter whose value does not fit; null when it is about the description.
    pub parameter: Option<String>,
    pub reason: String,
}

/// The outcome of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Check {
    pub ok: bool,
    pub findings: Vec<Finding>,
}

/// A model: what it is and, once it is loaded, where it runs and how fast.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Model {
    #[schema(examples("nanodet"))]
    pub name: String,
    /// What it is for: detector, landmarks, face, age, mask or voice.
    #[schema(examples("detector"))]
    pub job: String,
    pub description: String,
    pub licence: String,
    /// The classes it tells apart.
    pub labels: Vec<String>,
    /// How sure it has to be, above 0 to 1: of somebody new, of a face, that somebody speaks.
    #[schema(examples(0.5))]
    pub score: f64,
    /// True when a camera uses it.
    pub loaded: bool,
    /// Where it runs; null until it is loaded.
    #[schema(examples("cpu"))]
    pub device: Option<String>,
    /// Mean time of one inference; null until there was one.
    pub inference_ms: Option<f64>,
}
