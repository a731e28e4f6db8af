//! Cameras, as they are shown and as they are written.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{CameraStatus, Line, Zone};
use crate::domain::{self, ParamValue};

/// A parameter's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ParameterValue {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

/// One type of several: as alternatives, every integer would be two of them at once.
impl PartialSchema for ParameterValue {
    fn schema() -> RefOr<Schema> {
        let types = [Type::Boolean, Type::Number, Type::String];
        let value = ObjectBuilder::new().schema_type(SchemaType::from_iter(types));
        value.description(Some("A parameter's value.")).build().into()
    }
}

impl ToSchema for ParameterValue {}

impl From<&ParamValue> for ParameterValue {
    fn from(value: &ParamValue) -> Self {
        match value {
            ParamValue::Bool(value) => Self::Bool(*value),
            ParamValue::Int(value) => Self::Int(*value),
            ParamValue::Float(value) => Self::Float(*value),
            ParamValue::Text(text) => Self::Text(text.clone()),
        }
    }
}

impl From<ParameterValue> for ParamValue {
    fn from(value: ParameterValue) -> Self {
        match value {
            ParameterValue::Bool(value) => Self::Bool(value),
            ParameterValue::Int(value) => Self::Int(value),
            ParameterValue::Float(value) => Self::Float(value),
            ParameterValue::Text(text) => Self::Text(text),
        }
    }
}

/// Who may change a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ManagedBy {
    /// The configuration file; this API cannot change it.
    File,
    Api,
}

/// A camera and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Camera {
    #[schema(examples("entrance"))]
    pub id: String,
    pub tenant_id: i64,
    pub branch_id: i64,
    pub sector_id: Option<i64>,
    #[schema(examples("Entrance"))]
    pub name: String,
    #[schema(examples("rtsp"))]
    pub pipeline: String,
    /// Secrets are shown as `***`; sent back so, they stay what they are.
    pub parameters: BTreeMap<String, ParameterValue>,
    pub lines: Vec<Line>,
    pub zones: Vec<Zone>,
    pub enabled: bool,
    pub managed_by: ManagedBy,
    pub status: CameraStatus,
}

impl Camera {
    /// `shown` are the camera's parameters as anybody may see them.
    pub fn new(
        camera: &domain::Camera,
        shown: &BTreeMap<String, ParamValue>,
        managed_by: ManagedBy,
        status: CameraStatus,
    ) -> Self {
        Self {
            id: camera.id.to_string(),
            tenant_id: camera.tenant.get(),
            branch_id: camera.branch.get(),
            sector_id: camera.sector.map(domain::SectorId::get),
            name: camera.name.clone(),
            pipeline: camera.pipeline.clone(),
            parameters: shown.iter().map(|(name, value)| (name.clone(), value.into())).collect(),
            lines: camera.lines.iter().map(Into::into).collect(),
            zones: camera.zones.iter().map(Into::into).collect(),
            enabled: camera.enabled,
            managed_by,
            status,
        }
    }
}

/// What may be sent back as it was got, and is not read.
#[derive(Debug, Clone, Default)]
pub struct Unread;

impl<'de> Deserialize<'de> for Unread {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(from).map(|_| Self)
    }
}

/// A camera to create or to put in the place of another; what is absent takes its default.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraInput {
    /// 1 to 64 of a-z, 0-9 and -. Needed to create; with PUT it must be that of the path, if it is there.
    #[schema(examples("entrance"), pattern = "^[a-z0-9][a-z0-9-]{0,63}$")]
    pub id: Option<String>,
    /// Default 1.
    #[schema(minimum = 1)]
    pub branch_id: Option<i64>,
    #[schema(minimum = 1)]
    pub sector_id: Option<i64>,
    /// Default: the id.
    #[schema(examples("Entrance"), min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// Name of a pipeline description, see `/api/v1/pipelines`.
    #[schema(examples("rtsp"))]
    pub pipeline: String,
    /// By the schema of the pipeline.
    #[serde(default)]
    pub parameters: BTreeMap<String, ParameterValue>,
    #[serde(default)]
    pub lines: Vec<Line>,
    #[serde(default)]
    pub zones: Vec<Zone>,
    /// Default true.
    pub enabled: Option<bool>,
    #[serde(default, rename = "tenant_id")]
    #[schema(ignore)]
    pub _tenant: Unread,
    #[serde(default, rename = "managed_by")]
    #[schema(ignore)]
    pub _managed_by: Unread,
    #[serde(default, rename = "status")]
    #[schema(ignore)]
    pub _status: Unread,
}

/// Changes to a camera; what is absent stays.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraPatch {
    #[schema(minimum = 1)]
    pub branch_id: Option<i64>,
    /// Null takes the sector away.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>, minimum = 1)]
    pub sector_id: Option<Option<i64>>,
    #[schema(min_length = 1, max_length = 100)]
    pub name: Option<String>,
    /// Another pipeline takes other parameters: the old ones are dropped.
    pub pipeline: Option<String>,
    /// Each one is changed by itself; null takes it back to its default.
    #[serde(default)]
    #[schema(schema_with = changed_parameters)]
    pub parameters: BTreeMap<String, Option<ParameterValue>>,
    pub lines: Option<Vec<Line>>,
    pub zones: Option<Vec<Zone>>,
    pub enabled: Option<bool>,
}

/// Parameters may hold credentials: only their names are shown.
impl fmt::Debug for CameraInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CameraInput")
            .field("id", &self.id)
            .field("pipeline", &self.pipeline)
            .field("parameters", &self.parameters.keys())
            .finish_non_exhaustive()
    }
}

/// As of [`CameraInput`].
impl fmt::Debug for CameraPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CameraPatch")
            .field("pipeline", &self.pipeline)
            .field("parameters", &self.parameters.keys())
            .finish_non_exhaustive()
    }
}

fn changed_parameters() -> Schema {
    let value = [Type::Boolean, Type::Number, Type::String, Type::Null];
    let value = ObjectBuilder::new().schema_type(SchemaType::from_iter(value)).build();
    ObjectBuilder::new().additional_properties(Some(Schema::Object(value))).build().into()
}

/// Tells null from absent.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_of_what_a_client_sent_holds_no_secret() {
        let json = r#"{"pipeline": "rtsp", "parameters": {"password": "hunter2"}}"#;
        let input: CameraInput = serde_json::from_str(json).unwrap();
        let patch: CameraPatch = serde_json::from_str(json).unwrap();
        let shown = format!("{input:?} {patch:?}");
        assert!(shown.contains("password") && !shown.contains("hunter2"), "{shown}");
    }
}
