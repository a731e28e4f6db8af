//! From what a client wrote to a camera that can be run, or the field that does not fit.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::ApiError;
use super::parameters;
use super::request::Answer;
use crate::auth::Caller;
use crate::camera::{Catalog, Description, PipelineError};
use crate::domain::{BranchId, Camera, CameraId, ParamValue, SectorId, ShapeError, check_shapes};
use crate::wire::{CameraInput, CameraPatch};

/// Longer names do not fit a tile.
const MAX_NAME_CHARS: usize = 100;

/// What there is to choose from.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) catalog: &'a Catalog,
    /// `server.media_dir`.
    pub(super) media_dir: Option<&'a Path>,
}

/// A new camera. Touches the file system, as all of these do.
pub(super) fn created(rules: Rules<'_>, caller: &Caller, mut input: CameraInput) -> Answer<Camera> {
    let id = input.id.as_deref().ok_or_else(|| ApiError::invalid("id", "is needed"))?;
    let id = CameraId::new(id).map_err(|error| ApiError::invalid("id", error))?;
    let description = description(rules.catalog, &input.pipeline)?;
    let given = parameters::restore(std::mem::take(&mut input.parameters), None, &description)?;
    let parameters = check(rules, &description, None, given.values)?;
    build(caller, id, input, parameters)
}

/// `input` in place of `before`.
pub(super) fn replaced(
    rules: Rules<'_>,
    caller: &Caller,
    before: &Camera,
    mut input: CameraInput,
) -> Answer<Camera> {
    if input.id.as_deref().is_some_and(|id| id != before.id.as_str()) {
        return Err(ApiError::invalid(
            "id",
            format!("a camera's id cannot change; this is \"{}\"", before.id),
        ));
    }
    let description = description(rules.catalog, &input.pipeline)?;
    let given = parameters::restore(std::mem::take(&mut input.parameters), Some(before), &description)?;
    parameters::keep_secrets_home(&description, before, &given.values, &given.typed)?;
    let parameters = check(rules, &description, Some(before), given.values)?;
    build(caller, before.id.clone(), input, parameters)
}

/// `before` with the changes of `patch`.
pub(super) fn patched(
    rules: Rules<'_>,
    caller: &Caller,
    before: &Camera,
    patch: CameraPatch,
) -> Answer<Camera> {
    let pipeline = patch.pipeline.unwrap_or_else(|| before.pipeline.clone());
    let description = description(rules.catalog, &pipeline)?;
    let mut camera = before.clone();
    if pipeline != before.pipeline {
        camera.parameters.clear();
    }
    camera.pipeline = pipeline;
    let (given, dropped): (Vec<_>, Vec<_>) =
        patch.parameters.into_iter().partition(|(_, value)| value.is_some());
    for (key, _) in dropped {
        camera.parameters.remove(&key);
    }
    let given = given.into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let given = parameters::restore(given, Some(before), &description)?;
    camera.parameters.extend(given.values);
    parameters::keep_secrets_home(&description, before, &camera.parameters, &given.typed)?;
    camera.parameters = check(rules, &description, Some(before), camera.parameters)?;
    if let Some(branch) = patch.branch_id {
        camera.branch = branch_of(caller, branch)?;
    }
    if let Some(sector) = patch.sector_id {
        camera.sector = sector.map(sector_of).transpose()?;
    }
    if let Some(name) = patch.name {
        camera.name = name_of(name)?;
    }
    // What is stored stays as it is: it may be older than a rule that would refuse it now.
    if let Some(lines) = patch.lines {
        camera.lines = lines.iter().map(Into::into).collect();
        check_shapes(&camera.lines, &[])?;
    }
    if let Some(zones) = patch.zones {
        camera.zones = zones.iter().map(Into::into).collect();
        check_shapes(&[], &camera.zones)?;
    }
    camera.enabled = patch.enabled.unwrap_or(camera.enabled);
    Ok(camera)
}

fn build(
    caller: &Caller,
    id: CameraId,
    input: CameraInput,
    parameters: BTreeMap<String, ParamValue>,
) -> Answer<Camera> {
    let camera = Camera {
        tenant: caller.tenant,
        branch: branch_of(caller, input.branch_id.unwrap_or(BranchId::default().get()))?,
        sector: input.sector_id.map(sector_of).transpose()?,
        name: name_of(input.name.unwrap_or_else(|| id.to_string()))?,
        pipeline: input.pipeline,
        parameters,
        lines: input.lines.iter().map(Into::into).collect(),
        zones: input.zones.iter().map(Into::into).collect(),
        enabled: input.enabled.unwrap_or(true),
        id,
    };
    check_shapes(&camera.lines, &camera.zones)?;
    Ok(camera)
}

fn description(catalog: &Catalog, name: &str) -> Answer<std::sync::Arc<Description>> {
    catalog.get(name).map_err(|error| ApiError::invalid("pipeline", error))
}

/// Parameters that fit, in place of those of `before`.
fn check(
    rules: Rules<'_>,
    description: &Description,
    before: Option<&Camera>,
    mut values: BTreeMap<String, ParamValue>,
) -> Answer<BTreeMap<String, ParamValue>> {
    let checked = parameters::check(description, rules.media_dir, before, &mut values);
    match checked {
        Ok(()) => Ok(values),
        Err(PipelineError::Parameter { key, reason }) => {
            Err(ApiError::invalid(format!("parameters.{key}"), reason))
        }
        Err(other) => Err(ApiError::invalid("parameters", other)),
    }
}

fn branch_of(caller: &Caller, id: i64) -> Answer<BranchId> {
    let branch = BranchId::new(id).map_err(|error| ApiError::invalid("branch_id", error))?;
    if caller.branches.contain(branch) {
        Ok(branch)
    } else {
        Err(ApiError::invalid("branch_id", format!("{id} is not a branch of yours")))
    }
}

fn sector_of(id: i64) -> Answer<SectorId> {
    SectorId::new(id).map_err(|error| ApiError::invalid("sector_id", error))
}

pub(super) fn name_of(name: String) -> Answer<String> {
    text_of("name", name)
}

/// A name for people, as a label or a line of a list can show it.
pub(super) fn text_of(field: &str, text: String) -> Answer<String> {
    let chars = text.chars().count();
    if (1..=MAX_NAME_CHARS).contains(&chars) && !text.chars().any(char::is_control) {
        Ok(text)
    } else {
        Err(ApiError::invalid(field, format!("must have 1 to {MAX_NAME_CHARS} printable characters")))
    }
}

impl From<ShapeError> for ApiError {
    fn from(ShapeError { field, reason }: ShapeError) -> Self {
        Self::invalid(field, reason)
    }
}
