//! Shifts: which there were, and their visits.

use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::error::ApiError;
use super::reply::{Json, respond};
use super::request::{Answer, instant_in, query, with};
use super::summaries::{ScopeQuery, scope};
use super::{State, caller};
use crate::auth::{Action, Branches, Caller};
use crate::domain::{self, BranchId, Selection, ShiftId, TenantId, Timestamp};
use crate::store::{MAX_PAGE, StoredVisit};
use crate::wire::{Page, Shift, Visit, VisitState, ZoneClock};

const DEFAULT_PAGE: u32 = 100;

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let with_caller = || with(state.clone()).and(caller());
    let list = warp::path!("api" / "v1" / "shifts")
        .and(warp::get())
        .and(with_caller())
        .and(query())
        .then(list_shifts)
        .map(respond);
    let current = warp::path!("api" / "v1" / "shifts" / "current")
        .and(warp::get())
        .and(with_caller())
        .and(query())
        .then(current_shift)
        .map(respond);
    let current_visits = warp::path!("api" / "v1" / "shifts" / "current" / "visits")
        .and(warp::get())
        .and(with_caller())
        .and(query())
        .then(current_visits)
        .map(respond);
    let running = current.or(current_visits).unify();
    list.or(running).unify().or(by_id(state)).unify().boxed()
}

fn by_id(state: &State) -> BoxedFilter<(Response,)> {
    let with_caller = || with(state.clone()).and(caller());
    let shift = warp::path!("api" / "v1" / "shifts" / String)
        .and(warp::get())
        .and(with_caller())
        .then(get_shift)
        .map(respond);
    let visits = warp::path!("api" / "v1" / "shifts" / String / "visits")
        .and(warp::get())
        .and(with_caller())
        .and(query())
        .then(list_visits)
        .map(respond);
    shift.or(visits).unify().boxed()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BranchQuery {
    branch_id: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShiftsQuery {
    branch_id: Option<i64>,
    from: Option<String>,
    to: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VisitsQuery {
    /// Of the current shift only.
    branch_id: Option<i64>,
    from: Option<String>,
    to: Option<String>,
    sector_id: Option<i64>,
    camera: Option<String>,
    open: Option<bool>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Which rows of a shift are meant; also those of an export.
#[derive(Debug, Default)]
pub(super) struct SelectionQuery {
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) sector_id: Option<i64>,
    pub(super) camera: Option<String>,
    pub(super) open: Option<bool>,
}

/// The shifts of a branch, newest first.
#[utoipa::path(get, path = "/api/v1/shifts", tag = "shifts",
    params(("branch_id" = Option<i64>, Query, description = "Default: the caller's first branch"),
        ("from" = Option<String>, Query, description = "RFC 3339; those that end after this instant"),
        ("to" = Option<String>, Query, description = "RFC 3339; those that begin before this instant"),
        ("limit" = Option<u32>, Query, description = "1 to 500, default 100"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<Shift>), super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn list_shifts(
    state: State,
    caller: Caller,
    query: Answer<ShiftsQuery>,
) -> Answer<Json<Page<Shift>>> {
    super::permit(&caller, Action::View)?;
    let ShiftsQuery { branch_id, from, to, limit, cursor } = query?;
    let between = between(from, to)?;
    let branch = branch(&state, &caller, branch_id).await?;
    let which = (cursor.as_deref(), page_size(limit)?);
    let page = state.store.shifts(caller.tenant, branch, between, which).await?;
    let clock = zone(&state, &caller, branch).await?;
    let items = page.items.iter().map(|shift| Shift::new(shift, &clock)).collect();
    Ok(Json(Page { items, next_cursor: page.next_cursor }))
}

/// The shift that runs now.
#[utoipa::path(get, path = "/api/v1/shifts/current", tag = "shifts",
    params(("branch_id" = Option<i64>, Query, description = "Default: the caller's first branch")),
    responses((status = 200, body = Shift), super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn current_shift(
    state: State,
    caller: Caller,
    query: Answer<BranchQuery>,
) -> Answer<Json<Shift>> {
    let shift = running(&state, &caller, query?.branch_id).await?;
    let clock = zone(&state, &caller, shift.branch).await?;
    Ok(Json(Shift::new(&shift, &clock)))
}

/// The visits of the shift that runs now, newest first.
#[utoipa::path(get, path = "/api/v1/shifts/current/visits", tag = "shifts",
    params(("branch_id" = Option<i64>, Query, description = "Default: the caller's first branch"),
        ("from" = Option<String>, Query, description = "RFC 3339; those that begin from this instant on"),
        ("to" = Option<String>, Query, description = "RFC 3339; those that begin before this instant"),
        ("sector_id" = Option<i64>, Query, description = "Only those in this sector"),
        ("camera" = Option<String>, Query, description = "Only those before this camera"),
        ("open" = Option<bool>, Query, description = "Only those that go on, or only those that are over"),
        ("limit" = Option<u32>, Query, description = "1 to 500, default 100"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<Visit>), super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn current_visits(
    state: State,
    caller: Caller,
    query: Answer<VisitsQuery>,
) -> Answer<Json<Page<Visit>>> {
    let query = query?;
    let shift = running(&state, &caller, query.branch_id).await?;
    visits_of(&state, &caller, &shift, query).await
}

/// One shift.
#[utoipa::path(get, path = "/api/v1/shifts/{id}", tag = "shifts", params(("id" = i64, Path)),
    responses((status = 200, body = Shift), super::openapi::Absence, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn get_shift(id: String, state: State, caller: Caller) -> Answer<Json<Shift>> {
    let shift = find(&state, &caller, &id).await?;
    let clock = zone(&state, &caller, shift.branch).await?;
    Ok(Json(Shift::new(&shift, &clock)))
}

/// A shift's visits, newest first.
#[utoipa::path(get, path = "/api/v1/shifts/{id}/visits", tag = "shifts",
    params(("id" = i64, Path),
        ("from" = Option<String>, Query, description = "RFC 3339; those that begin from this instant on"),
        ("to" = Option<String>, Query, description = "RFC 3339; those that begin before this instant"),
        ("sector_id" = Option<i64>, Query, description = "Only those in this sector"),
        ("camera" = Option<String>, Query, description = "Only those before this camera"),
        ("open" = Option<bool>, Query, description = "Only those that go on, or only those that are over"),
        ("limit" = Option<u32>, Query, description = "1 to 500, default 100"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<Visit>), super::openapi::Absence, super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn list_visits(
    id: String,
    state: State,
    caller: Caller,
    query: Answer<VisitsQuery>,
) -> Answer<Json<Page<Visit>>> {
    let query = query?;
    let shift = find_only(&state, &caller, (&id, query.branch_id)).await?;
    visits_of(&state, &caller, &shift, query).await
}

async fn visits_of(
    state: &State,
    caller: &Caller,
    shift: &domain::Shift,
    query: VisitsQuery,
) -> Answer<Json<Page<Visit>>> {
    let VisitsQuery { branch_id: _, from, to, sector_id, camera, open, limit, cursor } = query;
    let meant = selection(SelectionQuery { from, to, sector_id, camera, open })?;
    let which = (cursor.as_deref(), page_size(limit)?);
    let page = state.store.visits_of(caller.tenant, shift.id, &meant, which).await?;
    let clock = zone(state, caller, shift.branch).await?;
    let show = |stored: &StoredVisit| {
        let goes_on = if stored.open { VisitState::Open } else { VisitState::Ended };
        Visit::new((stored.id, stored.shift), &stored.visit, goes_on, &clock)
    };
    Ok(Json(Page { items: page.items.iter().map(show).collect(), next_cursor: page.next_cursor }))
}

/// The rows that are meant. Their camera and sector need not be there: see [`scope`].
pub(super) fn selection(query: SelectionQuery) -> Answer<Selection> {
    let SelectionQuery { from, to, sector_id, camera, open } = query;
    let (from, to) = between(from, to)?;
    Ok(Selection { scope: scope(ScopeQuery { sector_id, camera })?, from, to, open })
}

/// A range of time, of which either end may be open.
fn between(from: Option<String>, to: Option<String>) -> Answer<(Option<Timestamp>, Option<Timestamp>)> {
    let from = from.map(|text| instant_in("from", &text)).transpose()?;
    let to = to.map(|text| instant_in("to", &text)).transpose()?;
    if from.is_some() && to.is_some() && to <= from {
        return Err(ApiError::invalid("to", "is not after `from`"));
    }
    Ok((from, to))
}

/// The shift `id`, as far as `caller` can tell.
pub(super) async fn find(state: &State, caller: &Caller, id: &str) -> Answer<domain::Shift> {
    super::permit(caller, Action::View)?;
    let number = id.parse().ok().and_then(|id| ShiftId::new(id).ok());
    let shift = match number {
        Some(number) => state.store.shift(caller.tenant, number).await?,
        None => None,
    };
    shift.filter(|shift| caller.sees(shift.tenant, shift.branch)).ok_or_else(|| ApiError::no("shift", id))
}

/// As [`find`], of a query that has a branch for the running shift only.
pub(super) async fn find_only(
    state: &State,
    caller: &Caller,
    (id, branch_id): (&str, Option<i64>),
) -> Answer<domain::Shift> {
    let shift = find(state, caller, id).await?;
    match branch_id {
        None => Ok(shift),
        Some(_) => Err(ApiError::invalid("branch_id", "a shift is of one branch")),
    }
}

/// The shift that runs now, of the branch that is asked for.
pub(super) async fn running(state: &State, caller: &Caller, branch_id: Option<i64>) -> Answer<domain::Shift> {
    super::permit(caller, Action::View)?;
    let branch = branch(state, caller, branch_id).await?;
    Ok(state.store.shift_at(caller.tenant, branch, state.clock.now()).await?)
}

/// The branch that is asked for, else the first one that the caller has.
pub(super) async fn branch(state: &State, caller: &Caller, id: Option<i64>) -> Answer<BranchId> {
    let Some(id) = id else {
        return Ok(match &caller.branches {
            Branches::Some(some) => some.first().copied().unwrap_or_default(),
            Branches::All => {
                super::branches::of(state, caller).await?.first().map(|branch| branch.id).unwrap_or_default()
            }
        });
    };
    let branch = BranchId::new(id).map_err(|error| ApiError::invalid("branch_id", error))?;
    if exists(state, caller, branch).await? { Ok(branch) } else { Err(ApiError::no("branch", id)) }
}

/// Whether there is such a branch as far as the caller can tell. Asking for its shift numbers one and a camera in it
/// brings it into lists, so that a mistyped number must not do. A token may name a branch into being.
pub(super) async fn exists(state: &State, caller: &Caller, branch: BranchId) -> Answer<bool> {
    stands(state, (caller.tenant, &caller.branches), branch).await
}

/// The same of somebody of a tenant who sees some `branches` of it.
pub(super) async fn stands(
    state: &State,
    (tenant, branches): (TenantId, &Branches),
    branch: BranchId,
) -> Answer<bool> {
    Ok(match branches {
        Branches::Some(some) => some.contains(&branch),
        Branches::All => {
            branch == BranchId::default()
                || state.cameras.list(tenant).iter().any(|handle| handle.camera().branch == branch)
                || state.store.branch(tenant, branch).await?.is_some()
        }
    })
}

/// What is told of a branch that is not there.
pub(super) fn absent(branch: BranchId) -> String {
    format!(
        "there is no branch {branch}; describe it first, by POST /api/v1/branches or as [[branches]] of the configuration file"
    )
}

/// The clock on the branch's wall.
pub(super) async fn zone(state: &State, caller: &Caller, branch: BranchId) -> Answer<ZoneClock> {
    let branch = state.store.branch_or_unnamed(caller.tenant, branch).await?;
    Ok(ZoneClock::of(&branch.time_zone))
}

fn page_size(limit: Option<u32>) -> Answer<u32> {
    let limit = limit.unwrap_or(DEFAULT_PAGE);
    if (1..=MAX_PAGE).contains(&limit) {
        Ok(limit)
    } else {
        Err(ApiError::invalid("limit", format!("{limit} is not within 1..={MAX_PAGE}")))
    }
}
