//! Cameras as the settings file describes them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{one, yes};
use crate::domain::{self, ParamValue, Point};

/// A camera of the config file. The API cannot change it.
#[derive(Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Camera {
    pub id: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default = "one")]
    pub tenant: i64,
    #[serde(default = "one")]
    pub branch: i64,
    #[serde(default)]
    pub sector: Option<i64>,
    /// Name of a pipeline description, e.g. `rtsp`.
    pub pipeline: String,
    /// Values for that description's parameters.
    #[serde(default)]
    pub parameters: BTreeMap<String, Value>,
    /// Whose crossings are counted.
    #[serde(default)]
    pub lines: Vec<Line>,
    /// In which stays are counted.
    #[serde(default)]
    pub zones: Vec<Zone>,
    #[serde(default = "yes")]
    pub enabled: bool,
}

/// A directed segment on the picture, in fractions of its width and height.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub name: String,
    pub from: [f32; 2],
    pub to: [f32; 2],
    /// Whoever crosses it inwards comes into the branch.
    #[serde(default)]
    pub entrance: bool,
}

/// A polygon on the picture, as [`Line`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    pub name: String,
    pub corners: Vec<[f32; 2]>,
    /// More people than this at once are an event.
    #[serde(default)]
    pub max_people: Option<u32>,
    /// Whoever stays so long is an event, seconds.
    #[serde(default)]
    pub dwell_s: Option<u32>,
}

impl Camera {
    /// Its lines and zones as the house knows them; they were checked when the settings were read.
    pub fn shapes(&self) -> (Vec<domain::Line>, Vec<domain::Zone>) {
        let point = |[x, y]: [f32; 2]| Point { x, y };
        let line = |line: &Line| domain::Line {
            name: line.name.as_str().into(),
            from: point(line.from),
            to: point(line.to),
            entrance: line.entrance,
        };
        let zone = |zone: &Zone| domain::Zone {
            name: zone.name.as_str().into(),
            corners: zone.corners.iter().copied().map(point).collect(),
            max_people: zone.max_people,
            dwell_s: zone.dwell_s,
        };
        (self.lines.iter().map(line).collect(), self.zones.iter().map(zone).collect())
    }
}

/// A parameter's value as written in the file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "a parameter is a text, a number, true or false")]
pub enum Value {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

impl From<&Value> for ParamValue {
    fn from(value: &Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Float(value) => Self::Float(*value),
            Value::Text(value) => Self::Text(value.clone()),
        }
    }
}

/// Parameters may hold credentials: only their names are shown.
impl std::fmt::Debug for Camera {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Camera")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("branch", &self.branch)
            .field("pipeline", &self.pipeline)
            .field("parameters", &self.parameters.keys())
            .field("enabled", &self.enabled)
            .finish_non_exhaustive()
    }
}
