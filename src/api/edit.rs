//! From what a client wrote to a camera that can be run, or the field that does not fit.
//!
//! A secret that was shown masked and comes back so is not a new value: the stored one stays. A mask anywhere else is
//! refused, so that a stored password can neither be lost by accident nor be sent to another address.

use std::collections::BTreeMap;

use super::error::ApiError;
use super::request::Answer;
use crate::auth::Caller;
use crate::camera::{Catalog, Description, PipelineError};
use crate::domain::{BranchId, Camera, CameraId, ParamValue, SectorId};
use crate::wire::{self, CameraInput, CameraPatch, Value};

/// What secrets are shown as.
pub(super) const MASK: &str = "***";
/// Longer names do not fit a tile.
const MAX_NAME_CHARS: usize = 100;
/// Each is tested against each person in each frame.
const MAX_SHAPES: usize = 64;

/// A new camera.
pub(super) fn created(catalog: &Catalog, caller: &Caller, input: CameraInput) -> Answer<Camera> {
    let id = input.id.as_deref().ok_or_else(|| ApiError::invalid("id", "is needed"))?;
    let id = CameraId::new(id).map_err(|error| ApiError::invalid("id", error))?;
    let parameters = input.parameters.clone();
    let description = description(catalog, &input.pipeline)?;
    let parameters = values(parameters, None, &description)?;
    build(caller, id, input, parameters)
}

/// `input` in place of `before`.
pub(super) fn replaced(
    catalog: &Catalog,
    caller: &Caller,
    before: &Camera,
    input: CameraInput,
) -> Answer<Camera> {
    if input.id.as_deref().is_some_and(|id| id != before.id.as_str()) {
        return Err(ApiError::invalid(
            "id",
            format!("a camera's id cannot change; this is \"{}\"", before.id),
        ));
    }
    let description = description(catalog, &input.pipeline)?;
    let parameters = values(input.parameters.clone(), Some(before), &description)?;
    build(caller, before.id.clone(), input, parameters)
}

/// `before` with the changes of `patch`.
pub(super) fn patched(
    catalog: &Catalog,
    caller: &Caller,
    before: &Camera,
    patch: CameraPatch,
) -> Answer<Camera> {
    let pipeline = patch.pipeline.unwrap_or_else(|| before.pipeline.clone());
    let description = description(catalog, &pipeline)?;
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
    camera.parameters.extend(restore(given, Some(before), &description)?);
    check(&description, &camera.parameters)?;
    if let Some(branch) = patch.branch_id {
        camera.branch = branch_of(caller, branch)?;
    }
    if let Some(sector) = patch.sector_id {
        camera.sector = sector.map(sector_of).transpose()?;
    }
    if let Some(name) = patch.name {
        camera.name = name_of(name)?;
    }
    if let Some(lines) = patch.lines {
        camera.lines = shapes("lines", &lines, wire::Line::to_domain)?;
    }
    if let Some(zones) = patch.zones {
        camera.zones = shapes("zones", &zones, wire::Zone::to_domain)?;
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
    Ok(Camera {
        tenant: caller.tenant,
        branch: branch_of(caller, input.branch_id.unwrap_or(BranchId::default().get()))?,
        sector: input.sector_id.map(sector_of).transpose()?,
        name: name_of(input.name.unwrap_or_else(|| id.to_string()))?,
        pipeline: input.pipeline,
        parameters,
        lines: shapes("lines", &input.lines, wire::Line::to_domain)?,
        zones: shapes("zones", &input.zones, wire::Zone::to_domain)?,
        enabled: input.enabled.unwrap_or(true),
        id,
    })
}

fn description(catalog: &Catalog, name: &str) -> Answer<std::sync::Arc<Description>> {
    catalog.get(name).map_err(|error| ApiError::invalid("pipeline", error))
}

fn values(
    given: BTreeMap<String, Value>,
    before: Option<&Camera>,
    description: &Description,
) -> Answer<BTreeMap<String, ParamValue>> {
    let values = restore(given, before, description)?;
    check(description, &values)?;
    Ok(values)
}

fn check(description: &Description, values: &BTreeMap<String, ParamValue>) -> Answer<()> {
    description.check_parameters(values).map_err(|error| match error {
        PipelineError::Parameter { key, reason } => ApiError::invalid(format!("parameters.{key}"), reason),
        other => ApiError::invalid("parameters", other),
    })
}

/// `given` with what stands masked in it taken from `before`, as long as that has the same pipeline: another one may
/// show what this one hides.
fn restore(
    given: BTreeMap<String, Value>,
    before: Option<&Camera>,
    description: &Description,
) -> Answer<BTreeMap<String, ParamValue>> {
    let before = before.filter(|before| before.pipeline == description.name);
    let shown = before.map(|before| description.shown(&before.parameters)).unwrap_or_default();
    let one = |(key, value): (String, Value)| {
        let value = ParamValue::from(value);
        let masked = matches!(&value, ParamValue::Text(text) if text.contains(MASK));
        if !masked {
            return Ok((key, value));
        }
        let stored = before.and_then(|before| before.parameters.get(&key));
        match stored.filter(|_| shown.get(&key) == Some(&value)) {
            Some(stored) => Ok((key, stored.clone())),
            None => Err(ApiError::invalid(
                format!("parameters.{key}"),
                format!("{MASK} stands for a secret; write the secret itself, or send back what was shown"),
            )),
        }
    };
    given.into_iter().map(one).collect()
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

fn name_of(name: String) -> Answer<String> {
    let chars = name.chars().count();
    if (1..=MAX_NAME_CHARS).contains(&chars) && !name.chars().any(char::is_control) {
        Ok(name)
    } else {
        Err(ApiError::invalid("name", format!("must have 1 to {MAX_NAME_CHARS} printable characters")))
    }
}

fn shapes<W: Named, D>(
    field: &str,
    given: &[W],
    to_domain: impl Fn(&W) -> Result<D, String>,
) -> Answer<Vec<D>> {
    if given.len() > MAX_SHAPES {
        return Err(ApiError::invalid(
            field,
            format!("has {}, at most {MAX_SHAPES} are allowed", given.len()),
        ));
    }
    let mut all = Vec::with_capacity(given.len());
    for (index, shape) in given.iter().enumerate() {
        let at = || format!("{field}[{index}]");
        if given.iter().take(index).any(|other| other.name() == shape.name()) {
            return Err(ApiError::invalid(at(), format!("the name {:?} stands there twice", shape.name())));
        }
        all.push(to_domain(shape).map_err(|reason| ApiError::invalid(at(), reason))?);
    }
    Ok(all)
}

/// What results are reported under.
trait Named {
    fn name(&self) -> &str;
}

impl Named for wire::Line {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for wire::Zone {
    fn name(&self) -> &str {
        &self.name
    }
}
