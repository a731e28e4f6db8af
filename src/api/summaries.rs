//! A shift's figures: by themselves, and beside those of earlier shifts.

use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::error::ApiError;
use super::reply::{Json, respond};
use super::request::{Answer, query, with};
use super::shifts::{find, running, zone};
use super::{State, caller};
use crate::auth::Caller;
use crate::domain::{self, CameraId, Scope, SectorId};
use crate::wire::{Comparison, Summary};

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let with_caller = || with(state.clone()).and(caller());
    let current_summary = warp::path!("api" / "v1" / "shifts" / "current" / "summary")
        .and(warp::get())
        .and(with_caller())
        .and(query())
        .then(current_summary)
        .map(respond);
    let summary = warp::path!("api" / "v1" / "shifts" / String / "summary")
        .and(warp::get())
        .and(with_caller())
        .and(query())
        .then(get_summary)
        .map(respond);
    let current_comparison = warp::path!("api" / "v1" / "shifts" / "current" / "comparison")
        .and(warp::get())
        .and(with_caller())
        .and(query())
        .then(current_comparison)
        .map(respond);
    let comparison = warp::path!("api" / "v1" / "shifts" / String / "comparison")
        .and(warp::get())
        .and(with_caller())
        .and(query())
        .then(get_comparison)
        .map(respond);
    let summaries = current_summary.or(summary).unify();
    summaries.or(current_comparison).unify().or(comparison).unify().boxed()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScopeQuery {
    pub(super) sector_id: Option<i64>,
    pub(super) camera: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunningQuery {
    branch_id: Option<i64>,
    sector_id: Option<i64>,
    camera: Option<String>,
}

/// The figures of the shift that runs now.
#[utoipa::path(get, path = "/api/v1/shifts/current/summary", tag = "shifts",
    params(("branch_id" = Option<i64>, Query, description = "Default: the caller's first branch"),
        ("sector_id" = Option<i64>, Query, description = "Only what happened in this sector"),
        ("camera" = Option<String>, Query, description = "Only what this camera saw")),
    responses((status = 200, body = Summary), super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn current_summary(
    state: State,
    caller: Caller,
    query: Answer<RunningQuery>,
) -> Answer<Json<Summary>> {
    let RunningQuery { branch_id, sector_id, camera } = query?;
    let shift = running(&state, &caller, branch_id).await?;
    summarise(&state, &caller, &shift, ScopeQuery { sector_id, camera }).await
}

/// A shift's figures.
#[utoipa::path(get, path = "/api/v1/shifts/{id}/summary", tag = "shifts",
    params(("id" = i64, Path),
        ("sector_id" = Option<i64>, Query, description = "Only what happened in this sector"),
        ("camera" = Option<String>, Query, description = "Only what this camera saw")),
    responses((status = 200, body = Summary), super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn get_summary(
    id: String,
    state: State,
    caller: Caller,
    query: Answer<ScopeQuery>,
) -> Answer<Json<Summary>> {
    let shift = find(&state, &caller, &id).await?;
    summarise(&state, &caller, &shift, query?).await
}

/// The shift that runs now, so far, beside earlier ones of its name.
#[utoipa::path(get, path = "/api/v1/shifts/current/comparison", tag = "shifts",
    params(("branch_id" = Option<i64>, Query, description = "Default: the caller's first branch"),
        ("sector_id" = Option<i64>, Query, description = "Only what happened in this sector"),
        ("camera" = Option<String>, Query, description = "Only what this camera saw")),
    responses((status = 200, body = Comparison), super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn current_comparison(
    state: State,
    caller: Caller,
    query: Answer<RunningQuery>,
) -> Answer<Json<Comparison>> {
    let RunningQuery { branch_id, sector_id, camera } = query?;
    let shift = running(&state, &caller, branch_id).await?;
    compare(&state, &caller, &shift, ScopeQuery { sector_id, camera }).await
}

/// A shift beside earlier ones of its name.
#[utoipa::path(get, path = "/api/v1/shifts/{id}/comparison", tag = "shifts",
    params(("id" = i64, Path),
        ("sector_id" = Option<i64>, Query, description = "Only what happened in this sector"),
        ("camera" = Option<String>, Query, description = "Only what this camera saw")),
    responses((status = 200, body = Comparison), super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn get_comparison(
    id: String,
    state: State,
    caller: Caller,
    query: Answer<ScopeQuery>,
) -> Answer<Json<Comparison>> {
    let shift = find(&state, &caller, &id).await?;
    compare(&state, &caller, &shift, query?).await
}

async fn summarise(
    state: &State,
    caller: &Caller,
    shift: &domain::Shift,
    query: ScopeQuery,
) -> Answer<Json<Summary>> {
    let scope = scope(query)?;
    let mut summary = state.store.summary_of(caller.tenant, shift, &scope).await?;
    if summary.unique_people.is_none() && has_entrance(state, caller, shift, &scope).await? {
        summary.unique_people = Some(0);
    }
    let clock = zone(state, caller, shift.branch).await?;
    Ok(Json(Summary::new(&summary, &clock)))
}

async fn compare(
    state: &State,
    caller: &Caller,
    shift: &domain::Shift,
    query: ScopeQuery,
) -> Answer<Json<Comparison>> {
    let scope = scope(query)?;
    let now = state.clock.now();
    let mut comparison = state.store.comparison(caller.tenant, shift, &scope, now).await?;
    if comparison.summary.unique_people.is_none() && has_entrance(state, caller, shift, &scope).await? {
        comparison.summary.unique_people = Some(0);
        comparison.figures.unique_people = Some(0.0);
    }
    let clock = zone(state, caller, shift.branch).await?;
    Ok(Json(Comparison::new(&comparison, &clock)))
}

/// The part that is asked for. It need not be there: a camera that was removed has its figures all the same, one that
/// never was, or is another tenant's, has none.
pub(super) fn scope(ScopeQuery { sector_id, camera }: ScopeQuery) -> Answer<Scope> {
    let sector = sector_id.map(SectorId::new).transpose();
    let camera = camera.as_deref().map(CameraId::new).transpose();
    Ok(Scope {
        sector: sector.map_err(|error| ApiError::invalid("sector_id", error))?,
        camera: camera.map_err(|error| ApiError::invalid("camera", error))?,
    })
}

/// Whether there is an entrance, or was one before a shift that is over. That nobody came in is a figure only then.
async fn has_entrance(state: &State, caller: &Caller, shift: &domain::Shift, scope: &Scope) -> Answer<bool> {
    if shift.end <= state.clock.now() {
        return Ok(state.store.had_entrance(caller.tenant, shift, scope).await?);
    }
    let is_one = |camera: &domain::Camera| {
        camera.branch == shift.branch
            && scope.sector.is_none_or(|sector| camera.sector == Some(sector))
            && camera.lines.iter().any(|line| line.entrance)
    };
    Ok(state.cameras.list(shift.tenant).iter().any(|handle| is_one(&handle.camera())))
}
