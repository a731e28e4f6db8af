//! When the shifts of each branch start.

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::branches::{changeable, find, managed_by, note, of};
use super::conditions::{Conditions, Tag, conditions};
use super::error::ApiError;
use super::reply::{Json, Told, respond};
use super::request::{Answer, json, with};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::domain::{self, ScheduleError};
use crate::wire::{Page, Schedule, ScheduleInput};

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let one = warp::path!("api" / "v1" / "schedules" / String);
    let with_caller = || with(state.clone()).and(caller());
    let limit = state.max_body_bytes;
    let list = warp::path!("api" / "v1" / "schedules")
        .and(warp::get())
        .and(with_caller())
        .then(list_schedules)
        .map(respond);
    let given = || with_caller().and(conditions());
    let get = one.and(warp::get()).and(given()).then(get_schedule).map(respond);
    let put = one.and(warp::put()).and(given()).and(json(limit)).then(put_schedule).map(respond);
    let delete = one.and(warp::delete()).and(given()).then(delete_schedule).map(respond);
    list.or(get).unify().or(put).unify().or(delete).unify().boxed()
}

/// The schedules of the caller's branches.
#[utoipa::path(get, path = "/api/v1/schedules", tag = "places",
    responses((status = 200, body = Page<Schedule>), super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn list_schedules(state: State, caller: Caller) -> Answer<Json<Page<Schedule>>> {
    super::permit(&caller, Action::View)?;
    let mut schedules = Vec::new();
    for branch in of(&state, &caller).await? {
        schedules.push(show(&state, &branch).await?);
    }
    Ok(Json(Page::whole(schedules)))
}

/// The schedule of a branch: the one that was decided last, whether it holds already or not.
#[utoipa::path(get, path = "/api/v1/schedules/{id}", tag = "places",
    params(("id" = i64, Path, description = "The branch")),
    responses((status = 200, body = Schedule, headers(("ETag" = String))), super::openapi::Absence, super::openapi::Away,
        super::openapi::Refusals))]
pub(super) async fn get_schedule(
    id: String,
    state: State,
    caller: Caller,
    conditions: Conditions,
) -> Answer<Response> {
    super::permit(&caller, Action::View)?;
    let branch = find(&state, &caller, &id).await?;
    let schedule = show(&state, &branch).await?;
    conditions.answer(&Tag::of(&state.keys, &schedule), schedule)
}

/// Puts another schedule in its place. Shifts that have begun keep their begin; the one that runs lasts until the first
/// start of the new schedule that is a minute away or more.
#[utoipa::path(put, path = "/api/v1/schedules/{id}", tag = "places",
    params(("id" = i64, Path, description = "The branch")),
    request_body(content = ScheduleInput, example = json!({"shifts": [
        {"name": "lunch", "start": "12:00", "days": ["mon", "tue", "wed", "thu", "fri"]},
        {"name": "dinner", "start": "19:00"}]})),
    responses((status = 200, body = Schedule, headers(("ETag" = String))), super::openapi::InFile, super::openapi::Absence,
        super::openapi::BadBody, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn put_schedule(
    id: String,
    state: State,
    caller: Caller,
    conditions: Conditions,
    body: Answer<ScheduleInput>,
) -> Answer<Told<Json<Schedule>>> {
    super::permit(&caller, Action::ConfigurePlaces)?;
    let schedule = body?.read()?;
    replace(state, caller, (id, conditions), schedule).await
}

/// Takes a branch back to the default schedule, by the rule of PUT.
#[utoipa::path(delete, path = "/api/v1/schedules/{id}", tag = "places",
    params(("id" = i64, Path, description = "The branch")),
    responses((status = 200, body = Schedule, headers(("ETag" = String))), super::openapi::InFile, super::openapi::Absence,
        super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn delete_schedule(
    id: String,
    state: State,
    caller: Caller,
    conditions: Conditions,
) -> Answer<Told<Json<Schedule>>> {
    super::permit(&caller, Action::ConfigurePlaces)?;
    replace(state, caller, (id, conditions), domain::Schedule::default()).await
}

async fn replace(
    state: State,
    caller: Caller,
    (id, conditions): (String, Conditions),
    schedule: domain::Schedule,
) -> Answer<Told<Json<Schedule>>> {
    state
        .clone()
        .change(async move {
            let branch = changeable(&state, find(&state, &caller, &id).await?)?;
            conditions.allow(&Tag::of(&state.keys, &show(&state, &branch).await?))?;
            state.store.put_schedule(caller.tenant, branch.id, &schedule, state.clock.now()).await?;
            let schedule = show(&state, &branch).await?;
            let tag = Tag::of(&state.keys, &schedule);
            Ok(Told::new(Json(schedule)).tag(tag).note(note(branch.id)))
        })
        .await
}

async fn show(state: &State, branch: &domain::Branch) -> Answer<Schedule> {
    let plan = state.store.plan(branch.tenant, branch.id).await?;
    let latest = plan.latest();
    let from = (plan.versions().len() > 1).then_some(latest.from);
    Ok(Schedule::new(branch, managed_by(state, branch), latest.calendar.schedule(), from))
}

impl From<ScheduleError> for ApiError {
    fn from(ScheduleError { field, reason }: ScheduleError) -> Self {
        Self::invalid(field, reason)
    }
}
