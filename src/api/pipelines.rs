//! Pipeline descriptions: which there are, what they take, and whether one would run.

use std::collections::BTreeMap;
use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::error::ApiError;
use super::parameters;
use super::reply::{Json, respond};
use super::request::{Answer, json, with};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::camera::{self, Description, PipelineError};
use crate::domain::ParamValue;
use crate::wire::{Check, CheckInput, Finding, Page, Parameter, Pipeline, PipelineSummary};

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let with_caller = || with(state.clone()).and(caller());
    let list = warp::path!("api" / "v1" / "pipelines")
        .and(warp::get())
        .and(with_caller())
        .then(list_pipelines)
        .map(respond);
    let get = warp::path!("api" / "v1" / "pipelines" / String)
        .and(warp::get())
        .and(with_caller())
        .then(get_pipeline)
        .map(respond);
    let check = warp::path!("api" / "v1" / "pipelines" / "check")
        .and(warp::post())
        .and(with_caller())
        .and(json(state.max_body_bytes))
        .then(check_pipeline)
        .map(respond);
    list.or(check).unify().or(get).unify().boxed()
}

/// All pipeline descriptions, by name.
#[utoipa::path(get, path = "/api/v1/pipelines", tag = "pipelines",
    responses((status = 200, body = Page<PipelineSummary>), super::openapi::Refusals))]
pub(super) async fn list_pipelines(state: State, caller: Caller) -> Answer<Json<Page<PipelineSummary>>> {
    super::permit(&caller, Action::View)?;
    let summary = |description: &Arc<Description>| PipelineSummary {
        name: description.name.clone(),
        description: description.description.clone(),
    };
    Ok(Json(Page::whole(state.cameras.catalog().list().map(summary).collect())))
}

/// One pipeline description with the schema of its parameters.
#[utoipa::path(get, path = "/api/v1/pipelines/{name}", tag = "pipelines", params(("name" = String, Path)),
    responses((status = 200, body = Pipeline), super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn get_pipeline(name: String, state: State, caller: Caller) -> Answer<Json<Pipeline>> {
    super::permit(&caller, Action::View)?;
    let description =
        state.cameras.catalog().get(&name).map_err(|error| ApiError::NotFound(error.to_string()))?;
    Ok(Json(Pipeline {
        name: description.name.clone(),
        description: description.description.clone(),
        launch: description.launch.clone(),
        parameters: description.parameters.iter().map(parameter).collect(),
    }))
}

/// Looks for everything that is wrong with a description, or with values for one.
#[utoipa::path(post, path = "/api/v1/pipelines/check", tag = "pipelines",
    request_body(content = CheckInput, example = json!({"pipeline": "rtsp", "parameters": {"location": "rtsp://192.0.2.7/live"}})),
    responses((status = 200, body = Check), super::openapi::BadBody, super::openapi::Refusals))]
pub(super) async fn check_pipeline(
    state: State,
    caller: Caller,
    body: Answer<CheckInput>,
) -> Answer<Json<Check>> {
    super::permit(&caller, Action::ConfigureCameras)?;
    let CheckInput { description, pipeline, parameters } = body?;
    let is_theirs = description.is_some();
    let parsed = match (description, pipeline) {
        (Some(text), None) => Description::parse("description", &text),
        (None, Some(name)) => {
            let found = state.cameras.catalog().get(&name);
            Ok(found.map_err(|error| ApiError::invalid("pipeline", error))?.as_ref().clone())
        }
        _ => return Err(ApiError::invalid("description", "give either this or `pipeline`")),
    };
    let mut values: BTreeMap<_, _> =
        parameters.into_iter().map(|(name, value)| (name, ParamValue::from(value))).collect();
    // Makes one of each element, which may take a while to find its device.
    let looked = tokio::task::spawn_blocking(move || match parsed {
        Err(problem) => vec![finding(problem)],
        Ok(mut description) => {
            let media_dir = state.media_dir.as_deref();
            let mut errors = match is_theirs {
                true => parameters::confine_defaults(&mut description, media_dir),
                false => Vec::new(),
            };
            errors.extend(parameters::check(&description, media_dir, None, &mut values).err());
            let findings = description.check().into_iter().map(finding);
            findings.chain(errors.into_iter().map(value_finding)).collect()
        }
    });
    let findings: Vec<_> = looked.await.map_err(ApiError::internal)?;
    Ok(Json(Check { ok: findings.is_empty(), findings }))
}

fn finding(problem: camera::Problem) -> Finding {
    Finding { line: Some(problem.line as u64), parameter: None, reason: problem.reason }
}

fn value_finding(error: PipelineError) -> Finding {
    match error {
        PipelineError::Parameter { key, reason } => Finding { line: None, parameter: Some(key), reason },
        other => Finding { line: None, parameter: None, reason: other.to_string() },
    }
}

fn parameter(parameter: &camera::Parameter) -> Parameter {
    Parameter {
        name: parameter.name.clone(),
        kind: parameter.kind.name().to_owned(),
        description: parameter.description.clone(),
        required: parameter.required,
        secret: parameter.secret,
        default: parameter.default.as_ref().filter(|_| !parameter.secret).map(Into::into),
        min: parameter.min,
        max: parameter.max,
        choices: parameter.choices.clone(),
    }
}
