//! Branches: list, create, read, replace, change, delete; and who of them the configuration file holds.

use std::collections::BTreeSet;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::cameras::visible;
use super::conditions::{Conditions, Tag, conditions};
use super::edit::name_of;
use super::error::ApiError;
use super::journal::Note;
use super::reply::{Created, Json, NoContent, Told, respond};
use super::request::{Answer, json, with};
use super::{State, caller};
use crate::auth::{Action, Branches, Caller};
use crate::domain::{self, BranchId};
use crate::shift::Calendar;
use crate::store::unnamed_branch;
use crate::wire::{Branch, BranchInput, BranchPatch, ManagedBy, Page, Problem};

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let all = warp::path!("api" / "v1" / "branches");
    let one = warp::path!("api" / "v1" / "branches" / String);
    let with_caller = || with(state.clone()).and(caller());
    let limit = state.max_body_bytes;
    let list = all.and(warp::get()).and(with_caller()).then(list_branches).map(respond);
    let create = all.and(warp::post()).and(with_caller()).and(json(limit)).then(create_branch).map(respond);
    let given = || with_caller().and(conditions());
    let get = one.and(warp::get()).and(given()).then(get_branch).map(respond);
    let put = one.and(warp::put()).and(given()).and(json(limit)).then(put_branch).map(respond);
    let patch = one.and(warp::patch()).and(given()).and(json(limit)).then(patch_branch).map(respond);
    let delete = one.and(warp::delete()).and(given()).then(delete_branch).map(respond);
    let write = create.or(put).unify().or(patch).unify().or(delete).unify();
    list.or(get).unify().or(write).unify().boxed()
}

/// The branches of the caller, by id: those that are described, and those that cameras are in.
#[utoipa::path(get, path = "/api/v1/branches", tag = "places",
    responses((status = 200, body = Page<Branch>), super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn list_branches(state: State, caller: Caller) -> Answer<Json<Page<Branch>>> {
    super::permit(&caller, Action::View)?;
    let branches = of(&state, &caller).await?;
    Ok(Json(Page::whole(branches.iter().map(|branch| show(&state, branch)).collect())))
}

/// One branch.
#[utoipa::path(get, path = "/api/v1/branches/{id}", tag = "places", params(("id" = i64, Path)),
    responses((status = 200, body = Branch, headers(("ETag" = String))), super::openapi::Absence, super::openapi::Away,
        super::openapi::Refusals))]
pub(super) async fn get_branch(
    id: String,
    state: State,
    caller: Caller,
    conditions: Conditions,
) -> Answer<Response> {
    super::permit(&caller, Action::View)?;
    let branch = find(&state, &caller, &id).await?;
    conditions.answer(&tag(&state, &branch), show(&state, &branch))
}

/// Describes a new branch, with the default schedule, or that of an earlier branch of the same number.
#[utoipa::path(post, path = "/api/v1/branches", tag = "places",
    request_body(content = BranchInput, example = json!({"name": "Harbour", "time_zone": "Europe/Madrid"})),
    responses((status = 201, body = Branch, headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "The id is taken", body = Problem, content_type = "application/problem+json"),
        super::openapi::BadBody, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn create_branch(
    state: State,
    caller: Caller,
    body: Answer<BranchInput>,
) -> Answer<Told<Created<Branch>>> {
    super::permit(&caller, Action::ConfigurePlaces)?;
    if caller.branches != Branches::All {
        return Err(ApiError::Forbidden("your token is of some branches only".into()));
    }
    let body = body?;
    state
        .clone()
        .change(async move {
            let id = match body.id {
                Some(id) => BranchId::new(id).map_err(|error| ApiError::invalid("id", error))?,
                None => state.store.next_branch(caller.tenant).await?,
            };
            let branch = described(&caller, id, body.name, body.time_zone)?;
            state.store.create_branch(caller.tenant, &branch, None, state.clock.now()).await?;
            let location = format!("/api/v1/branches/{id}");
            Ok(told(&state, &branch, Created { location, body: show(&state, &branch) }))
        })
        .await
}

/// Describes a branch anew. Another time zone is another schedule: it holds from its first start on.
#[utoipa::path(put, path = "/api/v1/branches/{id}", tag = "places", params(("id" = i64, Path)),
    request_body(content = BranchInput, example = json!({"name": "Harbour", "time_zone": "Europe/Madrid"})),
    responses((status = 200, body = Branch, headers(("ETag" = String))), super::openapi::InFile, super::openapi::Absence,
        super::openapi::BadBody, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn put_branch(
    id: String,
    state: State,
    caller: Caller,
    conditions: Conditions,
    body: Answer<BranchInput>,
) -> Answer<Told<Json<Branch>>> {
    super::permit(&caller, Action::ConfigurePlaces)?;
    let body = body?;
    rewrite(state, caller, (id, conditions), move |before| {
        if body.id.is_some_and(|id| id != before.id.get()) {
            return Err(ApiError::invalid(
                "id",
                format!("a branch's id cannot change; this is {}", before.id),
            ));
        }
        Ok((body.name, body.time_zone))
    })
    .await
}

/// Changes what is given and leaves the rest.
#[utoipa::path(patch, path = "/api/v1/branches/{id}", tag = "places", params(("id" = i64, Path)),
    request_body(content = BranchPatch, example = json!({"name": "Centre"})),
    responses((status = 200, body = Branch, headers(("ETag" = String))), super::openapi::InFile, super::openapi::Absence,
        super::openapi::BadBody, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn patch_branch(
    id: String,
    state: State,
    caller: Caller,
    conditions: Conditions,
    body: Answer<BranchPatch>,
) -> Answer<Told<Json<Branch>>> {
    super::permit(&caller, Action::ConfigurePlaces)?;
    let body = body?;
    rewrite(state, caller, (id, conditions), move |before| {
        Ok((body.name.unwrap_or(before.name), body.time_zone.unwrap_or(before.time_zone)))
    })
    .await
}

/// Forgets a branch that no camera is in, and who served its sectors; its shifts and visits stay.
#[utoipa::path(delete, path = "/api/v1/branches/{id}", tag = "places", params(("id" = i64, Path)),
    responses((status = 204),
        (status = 409, description = "Cameras are in it, or it stands in the configuration file", body = Problem,
            content_type = "application/problem+json"),
        super::openapi::Absence, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn delete_branch(
    id: String,
    state: State,
    caller: Caller,
    conditions: Conditions,
) -> Answer<Told<NoContent>> {
    super::permit(&caller, Action::ConfigurePlaces)?;
    state
        .clone()
        .change(async move {
            let branch = changeable(&state, find(&state, &caller, &id).await?)?;
            conditions.allow(&tag(&state, &branch))?;
            let cameras = state.cameras.list(caller.tenant);
            if let Some(handle) = cameras.iter().find(|handle| handle.camera().branch == branch.id) {
                let reason =
                    format!("camera \"{}\" is in branch {id}; move or delete it first", handle.camera().id);
                return Err(ApiError::Conflict(reason));
            }
            match state.store.delete_branch(caller.tenant, branch.id).await? {
                true => {
                    (state.reassigned)(caller.tenant, None);
                    Ok(Told::new(NoContent).note(note(branch.id)))
                }
                false => Err(ApiError::no("branch", id)),
            }
        })
        .await
}

/// Describes a branch as `edit` has it: its name and its time zone.
async fn rewrite(
    state: State,
    caller: Caller,
    (id, conditions): (String, Conditions),
    edit: impl FnOnce(domain::Branch) -> Answer<(String, String)> + Send + 'static,
) -> Answer<Told<Json<Branch>>> {
    state
        .clone()
        .change(async move {
            let before = changeable(&state, find(&state, &caller, &id).await?)?;
            conditions.allow(&tag(&state, &before))?;
            let number = before.id;
            let (name, time_zone) = edit(before)?;
            let branch = described(&caller, number, name, time_zone)?;
            state.store.put_branch(caller.tenant, &branch, None, state.clock.now()).await?;
            Ok(told(&state, &branch, Json(show(&state, &branch))))
        })
        .await
}

fn described(caller: &Caller, id: BranchId, name: String, time_zone: String) -> Answer<domain::Branch> {
    Calendar::new(domain::Schedule::default(), &time_zone).map_err(|e| ApiError::invalid("time_zone", e))?;
    Ok(domain::Branch { id, tenant: caller.tenant, name: name_of(name)?, time_zone })
}

/// What the caller sees of the branches that are there.
pub(super) async fn of(state: &State, caller: &Caller) -> Answer<Vec<domain::Branch>> {
    let mut branches = state.store.branches(caller.tenant).await?;
    branches.retain(|branch| caller.branches.contain(branch.id));
    let known: BTreeSet<_> = branches.iter().map(|branch| branch.id).collect();
    let in_use: BTreeSet<_> = visible(state, caller).iter().map(|handle| handle.camera().branch).collect();
    branches.extend(in_use.difference(&known).map(|id| unnamed_branch(caller.tenant, *id)));
    branches.sort_by_key(|branch| branch.id);
    Ok(branches)
}

/// The branch `id`, as far as `caller` can tell.
pub(super) async fn find(state: &State, caller: &Caller, id: &str) -> Answer<domain::Branch> {
    let number = id.parse().ok().and_then(|id| BranchId::new(id).ok());
    let number = number.ok_or_else(|| ApiError::no("branch", id))?;
    if !super::shifts::exists(state, caller, number).await? {
        return Err(ApiError::no("branch", id));
    }
    Ok(state.store.branch_or_unnamed(caller.tenant, number).await?)
}

/// `branch`, unless the configuration file holds it.
pub(super) fn changeable(state: &State, branch: domain::Branch) -> Answer<domain::Branch> {
    match managed_by(state, &branch) {
        ManagedBy::Api => Ok(branch),
        ManagedBy::File => Err(ApiError::Conflict(format!(
            "branch {} stands in the configuration file and is changed there",
            branch.id
        ))),
    }
}

pub(super) fn managed_by(state: &State, branch: &domain::Branch) -> ManagedBy {
    match state.fixed.borrow().branches.contains(&(branch.tenant, branch.id)) {
        true => ManagedBy::File,
        false => ManagedBy::Api,
    }
}

fn tag(state: &State, branch: &domain::Branch) -> Tag {
    Tag::of(&state.keys, &(&branch.name, &branch.time_zone))
}

/// What the change log says of a change to the branch `id`.
pub(super) fn note(id: BranchId) -> Note {
    Note { branch: Some(id), fields: None }
}

fn told<R>(state: &State, branch: &domain::Branch, reply: R) -> Told<R> {
    Told::new(reply).tag(tag(state, branch)).note(note(branch.id))
}

fn show(state: &State, branch: &domain::Branch) -> Branch {
    Branch::new(branch, managed_by(state, branch))
}
