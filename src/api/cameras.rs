//! Cameras: list, create, read, replace, change, delete. What is written holds at once, other cameras notice nothing.

use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::edit::{self, Rules};
use super::error::ApiError;
use super::reply::{Created, Json, NoContent, respond};
use super::request::{Answer, json, query, with};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::camera::CameraHandle;
use crate::domain::{self, BranchId, CameraId};
use crate::wire::{Camera, CameraInput, CameraPatch, Page, Problem};

/// A wall rarely has more cameras; who has pages on.
const DEFAULT_PAGE: usize = 100;
const MAX_PAGE: usize = 500;

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let all = warp::path!("api" / "v1" / "cameras");
    let one = warp::path!("api" / "v1" / "cameras" / String);
    let with_caller = || with(state.clone()).and(caller());
    let limit = state.max_body_bytes;
    let list = all.and(warp::get()).and(with_caller()).and(query()).then(list_cameras).map(respond);
    let create = all.and(warp::post()).and(with_caller()).and(json(limit)).then(create_camera).map(respond);
    let get = one.and(warp::get()).and(with_caller()).then(get_camera).map(respond);
    let put = one.and(warp::put()).and(with_caller()).and(json(limit)).then(put_camera).map(respond);
    let patch = one.and(warp::patch()).and(with_caller()).and(json(limit)).then(patch_camera).map(respond);
    let delete = one.and(warp::delete()).and(with_caller()).then(delete_camera).map(respond);
    let read = list.or(get).unify();
    let write = create.or(put).unify().or(patch).unify().or(delete).unify();
    read.or(write).unify().boxed()
}

/// The camera `id`, as far as `caller` can tell.
pub(super) fn find(state: &State, caller: &Caller, id: &str) -> Answer<CameraHandle> {
    let handle = CameraId::new(id).ok().and_then(|id| state.cameras.get(caller.tenant, &id));
    let seen = handle.filter(|handle| {
        let camera = handle.camera();
        caller.sees(camera.tenant, camera.branch)
    });
    seen.ok_or_else(|| ApiError::no("camera", id))
}

/// All cameras that `caller` sees, by their ids.
pub(super) fn visible(state: &State, caller: &Caller) -> Vec<CameraHandle> {
    let mut handles = state.cameras.list(caller.tenant);
    handles.retain(|handle| caller.branches.contain(handle.camera().branch));
    handles
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    limit: Option<usize>,
    cursor: Option<String>,
}

/// Cameras with their status, by id.
#[utoipa::path(get, path = "/api/v1/cameras", tag = "cameras",
    params(("limit" = Option<u32>, Query, description = "1 to 500, default 100"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<Camera>), super::openapi::BadQuery, super::openapi::Refusals))]
pub(super) async fn list_cameras(
    state: State,
    caller: Caller,
    query: Answer<ListQuery>,
) -> Answer<Json<Page<Camera>>> {
    super::permit(&caller, Action::View)?;
    let ListQuery { limit, cursor } = query?;
    let limit = limit.unwrap_or(DEFAULT_PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("{limit} is not within 1..={MAX_PAGE}")));
    }
    let after =
        |handle: &CameraHandle| cursor.as_deref().is_none_or(|cursor| handle.camera().id.as_str() > cursor);
    let mut handles: Vec<_> = visible(&state, &caller).into_iter().filter(after).take(limit + 1).collect();
    let more = handles.len() > limit;
    handles.truncate(limit);
    let next_cursor = handles.last().filter(|_| more).map(|handle| handle.camera().id.to_string());
    Ok(Json(Page { items: handles.iter().map(|handle| state.show(handle)).collect(), next_cursor }))
}

/// One camera with its status.
#[utoipa::path(get, path = "/api/v1/cameras/{id}", tag = "cameras", params(("id" = String, Path)),
    responses((status = 200, body = Camera), super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn get_camera(id: String, state: State, caller: Caller) -> Answer<Json<Camera>> {
    super::permit(&caller, Action::View)?;
    Ok(Json(state.show(&find(&state, &caller, &id)?)))
}

/// Creates a camera and starts it.
#[utoipa::path(post, path = "/api/v1/cameras", tag = "cameras", request_body = CameraInput,
    responses((status = 201, body = Camera, headers(("Location" = String))),
        (status = 409, description = "The id is taken", body = Problem, content_type = "application/problem+json"),
        super::openapi::BadBody, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn create_camera(
    state: State,
    caller: Caller,
    body: Answer<CameraInput>,
) -> Answer<Created<Camera>> {
    super::permit(&caller, Action::ConfigureCameras)?;
    let mut body = body?;
    state.searches.fill(&caller, &mut body);
    let asker = caller.clone();
    let camera = state.off_the_runtime(move |rules| edit::created(rules, &asker, body)).await?;
    check_branch(&state, &caller, camera.branch).await?;
    state
        .clone()
        .change(async move {
            if state.cameras.get(camera.tenant, &camera.id).is_some() {
                return Err(ApiError::Conflict(format!("there is a camera \"{}\" already", camera.id)));
            }
            state.store.create_camera(camera.tenant, &camera).await?;
            let location = format!("/api/v1/cameras/{}", camera.id);
            let handle = state.cameras.put(camera);
            Ok(Created { location, body: state.show(&handle) })
        })
        .await
}

/// Puts another description in place of the camera's; what is absent takes its default.
#[utoipa::path(put, path = "/api/v1/cameras/{id}", tag = "cameras", params(("id" = String, Path)),
    request_body = CameraInput,
    responses((status = 200, body = Camera), super::openapi::Fixed, super::openapi::Absence,
        super::openapi::BadBody, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn put_camera(
    id: String,
    state: State,
    caller: Caller,
    body: Answer<CameraInput>,
) -> Answer<Json<Camera>> {
    let body = body?;
    rewrite(state, caller, id, move |rules, caller, before| edit::replaced(rules, caller, before, body)).await
}

/// Changes what is given and leaves the rest.
#[utoipa::path(patch, path = "/api/v1/cameras/{id}", tag = "cameras", params(("id" = String, Path)),
    request_body = CameraPatch,
    responses((status = 200, body = Camera), super::openapi::Fixed, super::openapi::Absence,
        super::openapi::BadBody, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn patch_camera(
    id: String,
    state: State,
    caller: Caller,
    body: Answer<CameraPatch>,
) -> Answer<Json<Camera>> {
    let body = body?;
    rewrite(state, caller, id, move |rules, caller, before| edit::patched(rules, caller, before, body)).await
}

/// Puts what `edit` makes of a camera in its place.
async fn rewrite(
    state: State,
    caller: Caller,
    id: String,
    edit: impl FnOnce(Rules<'_>, &Caller, &domain::Camera) -> Answer<domain::Camera> + Send + 'static,
) -> Answer<Json<Camera>> {
    super::permit(&caller, Action::ConfigureCameras)?;
    state
        .clone()
        .change(async move {
            let before = state.changeable(&find(&state, &caller, &id)?)?;
            let (asker, old_branch) = (caller.clone(), before.branch);
            let camera = state.off_the_runtime(move |rules| edit(rules, &asker, &before)).await?;
            if camera.branch != old_branch {
                check_branch(&state, &caller, camera.branch).await?;
            }
            state.store.put_camera(camera.tenant, &camera).await?;
            Ok(Json(state.show(&state.cameras.put(camera))))
        })
        .await
}

/// A camera hangs in a branch that is there.
async fn check_branch(state: &State, caller: &Caller, branch: BranchId) -> Answer<()> {
    if super::shifts::exists(state, caller, branch).await? {
        return Ok(());
    }
    let reason = format!(
        "there is no branch {branch}; describe it first, by POST /api/v1/branches or as [[branches]] of the configuration file"
    );
    Err(ApiError::invalid("branch_id", reason))
}

/// Stops a camera and forgets it; its visits stay.
#[utoipa::path(delete, path = "/api/v1/cameras/{id}", tag = "cameras", params(("id" = String, Path)),
    responses((status = 204), super::openapi::Fixed, super::openapi::Absence, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn delete_camera(id: String, state: State, caller: Caller) -> Answer<NoContent> {
    super::permit(&caller, Action::ConfigureCameras)?;
    state
        .clone()
        .change(async move {
            let camera = state.changeable(&find(&state, &caller, &id)?)?;
            state.store.delete_camera(camera.tenant, &camera.id).await?;
            state.cameras.remove(camera.tenant, &camera.id);
            Ok(NoContent)
        })
        .await
}
