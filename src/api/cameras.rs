//! Cameras: list, create, read, replace, change, delete. What is written holds at once, other cameras notice nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::conditions::{Conditions, Tag, conditions};
use super::control;
use super::edit::{self, Rules};
use super::error::ApiError;
use super::journal::{self, Note};
use super::list::{self, Paging, mentions};
use super::reply::{Created, Json, NoContent, Told, respond};
use super::request::{Answer, json, query, with};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::camera::CameraHandle;
use crate::domain::{self, BranchId, CameraId, CameraState, SectorId};
use crate::store::Swap;
use crate::wire::{
    Camera, CameraInput, CameraPatch, Line, Page, ParameterValue, Problem, State as StateName, Zone,
};

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let all = warp::path!("api" / "v1" / "cameras");
    let one = warp::path!("api" / "v1" / "cameras" / String);
    let with_caller = || with(state.clone()).and(caller());
    let limit = state.max_body_bytes;
    let list = all.and(warp::get()).and(with_caller()).and(query()).then(list_cameras).map(respond);
    let create = all.and(warp::post()).and(with_caller()).and(json(limit)).then(create_camera).map(respond);
    let given = || with_caller().and(conditions());
    let get = one.and(warp::get()).and(given()).then(get_camera).map(respond);
    let put = one.and(warp::put()).and(given()).and(json(limit)).then(put_camera).map(respond);
    let patch = one.and(warp::patch()).and(given()).and(json(limit)).then(patch_camera).map(respond);
    let delete = one.and(warp::delete()).and(given()).then(delete_camera).map(respond);
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
    branch_id: Option<i64>,
    sector_id: Option<i64>,
    state: Option<StateName>,
    enabled: Option<bool>,
    pipeline: Option<String>,
    q: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

impl ListQuery {
    fn fits(&self, handle: &CameraHandle) -> bool {
        let camera = handle.camera();
        let q = self.q.as_deref();
        self.branch_id.is_none_or(|id| camera.branch.get() == id)
            && self.sector_id.is_none_or(|id| camera.sector.is_some_and(|sector| sector.get() == id))
            && self.enabled.is_none_or(|enabled| camera.enabled == enabled)
            && self.pipeline.as_ref().is_none_or(|pipeline| camera.pipeline == *pipeline)
            && self.state.is_none_or(|state| StateName::of(&handle.state().borrow()) == state)
            && (mentions(&camera.name, q) || mentions(camera.id.as_str(), q))
    }
}

/// Cameras with their status, by id.
#[utoipa::path(get, path = "/api/v1/cameras", tag = "cameras",
    params(("branch_id" = Option<i64>, Query, description = "In this branch"),
        ("sector_id" = Option<i64>, Query, description = "In this sector"),
        ("state" = Option<StateName>, Query, description = "In this state", example = "running"),
        ("enabled" = Option<bool>, Query, description = "Only those that are to run, or only those that are not"),
        ("pipeline" = Option<String>, Query, description = "Of this pipeline", example = "rtsp"),
        ("q" = Option<String>, Query, description = "With this in their id or name", example = "entr"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "1 to 500, default 100"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<Camera>), super::openapi::BadQuery, super::openapi::Refusals))]
pub(super) async fn list_cameras(
    state: State,
    caller: Caller,
    query: Answer<ListQuery>,
) -> Answer<Json<Page<Camera>>> {
    super::permit(&caller, Action::View)?;
    let mut query = query?;
    list::filter_id("branch_id", query.branch_id, BranchId::new)?;
    list::filter_id("sector_id", query.sector_id, SectorId::new)?;
    let paging = Paging { limit: query.limit, cursor: query.cursor.take() };
    let handles = visible(&state, &caller).into_iter().filter(|handle| query.fits(handle));
    let key = |handle: &CameraHandle| handle.camera().id.to_string();
    Ok(Json(list::page(handles, key, paging, |handle| state.show(handle))?))
}

/// One camera with its status. The `ETag` is of the description: it stays while the status changes.
#[utoipa::path(get, path = "/api/v1/cameras/{id}", tag = "cameras", params(("id" = String, Path)),
    responses((status = 200, body = Camera, headers(("ETag" = String))), super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn get_camera(
    id: String,
    state: State,
    caller: Caller,
    conditions: Conditions,
) -> Answer<Response> {
    super::permit(&caller, Action::View)?;
    let handle = find(&state, &caller, &id)?;
    conditions.answer(&tag(&state, &handle.camera()), state.show(&handle))
}

/// Creates a camera and starts it.
#[utoipa::path(post, path = "/api/v1/cameras", tag = "cameras",
    request_body(content = CameraInput, example = json!({"id": "entrance", "name": "Entrance", "pipeline": "rtsp", "parameters": {"location": "rtsp://admin:secret@192.0.2.7/live"}, "enabled": false})),
    responses((status = 201, body = Camera, headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "The id is taken", body = Problem, content_type = "application/problem+json"),
        super::openapi::BadBody, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn create_camera(
    state: State,
    caller: Caller,
    body: Answer<CameraInput>,
) -> Answer<Told<Created<Camera>>> {
    super::permit(&caller, Action::ConfigureCameras)?;
    let mut body = body?;
    state.searches.fill(&caller, &mut body);
    let asker = caller.clone();
    let camera = state.off_the_runtime(move |rules| edit::created(rules, &asker, body)).await?;
    check_branch(&state, &caller, camera.branch).await?;
    check_sector(&state, &camera).await?;
    state
        .clone()
        .change(async move {
            if state.cameras.get(camera.tenant, &camera.id).is_some() {
                return Err(ApiError::Conflict(format!("there is a camera \"{}\" already", camera.id)));
            }
            state.store.create_camera(camera.tenant, &camera).await?;
            let location = format!("/api/v1/cameras/{}", camera.id);
            let note = Note { branch: Some(camera.branch), fields: None };
            let tag = tag(&state, &camera);
            let handle = state.cameras.put(camera);
            Ok(Told::new(Created { location, body: state.show(&handle) }).tag(tag).note(note))
        })
        .await
}

/// Puts another description in place of the camera's; what is absent takes its default.
#[utoipa::path(put, path = "/api/v1/cameras/{id}", tag = "cameras", params(("id" = String, Path)),
    request_body(content = CameraInput, example = json!({"name": "Hall", "pipeline": "rtsp", "parameters": {"location": "rtsp://192.0.2.7/live"}, "enabled": false})),
    responses((status = 200, body = Camera, headers(("ETag" = String))), super::openapi::Fixed, super::openapi::Absence,
        super::openapi::BadBody, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn put_camera(
    id: String,
    state: State,
    caller: Caller,
    conditions: Conditions,
    body: Answer<CameraInput>,
) -> Answer<Told<Json<Camera>>> {
    let body = body?;
    let edit = move |rules: Rules<'_>, caller: &Caller, before: &domain::Camera| {
        edit::replaced(rules, caller, before, body)
    };
    rewrite(state, caller, (id, conditions), edit).await
}

/// Changes what is given and leaves the rest.
#[utoipa::path(patch, path = "/api/v1/cameras/{id}", tag = "cameras", params(("id" = String, Path)),
    request_body(content = CameraPatch, example = json!({"name": "Hall", "zones": [{"name": "bar", "corners": [[0, 0], [0.4, 0], [0.4, 1]]}]})),
    responses((status = 200, body = Camera, headers(("ETag" = String))), super::openapi::Fixed, super::openapi::Absence,
        super::openapi::BadBody, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn patch_camera(
    id: String,
    state: State,
    caller: Caller,
    conditions: Conditions,
    body: Answer<CameraPatch>,
) -> Answer<Told<Json<Camera>>> {
    let body = body?;
    let edit = move |rules: Rules<'_>, caller: &Caller, before: &domain::Camera| {
        edit::patched(rules, caller, before, body)
    };
    rewrite(state, caller, (id, conditions), edit).await
}

/// Puts what `edit` makes of a camera in its place.
async fn rewrite(
    state: State,
    caller: Caller,
    (id, conditions): (String, Conditions),
    edit: impl FnOnce(Rules<'_>, &Caller, &domain::Camera) -> Answer<domain::Camera> + Send + 'static,
) -> Answer<Told<Json<Camera>>> {
    super::permit(&caller, Action::ConfigureCameras)?;
    let asked = state.clone();
    let rewritten = asked
        .change(async move {
            let before = state.changeable(&find(&state, &caller, &id)?)?;
            conditions.allow(&tag(&state, &before))?;
            let (asker, known) = (caller.clone(), before.clone());
            let camera = state.off_the_runtime(move |rules| edit(rules, &asker, &known)).await?;
            if camera.branch != before.branch {
                check_branch(&state, &caller, camera.branch).await?;
            }
            // What is stored stays as it is: it may be older than this rule.
            if (camera.branch, camera.sector) != (before.branch, before.sector) {
                check_sector(&state, &camera).await?;
            }
            match conditions.bind() {
                true => swap(&state, &before, Some(&camera)).await?,
                false => drop(state.store.put_camera(camera.tenant, &camera).await?),
            }
            let fields = journal::differences(&described(&before), &described(&camera));
            let note = Note { branch: Some(camera.branch), fields: Some(fields) };
            let tag = tag(&state, &camera);
            let switched = (camera.enabled != before.enabled).then_some(camera.enabled);
            let handle = state.cameras.put(camera);
            let shown = state.show(&handle);
            Ok((state, handle, switched, shown, tag, note))
        })
        .await;
    let (state, handle, switched, mut shown, tag, note) = rewritten?;
    if let Some(on) = switched {
        // Out of turn: others need not wait for a pipeline that is slow to end.
        control::settle(&handle, |state| (*state != CameraState::Stopped) == on).await;
        shown.status = state.status(&handle);
    }
    Ok(Told::new(Json(shown)).tag(tag).note(note))
}

/// Writes what a client wants only over what it has seen. When another server of the same database was faster, what it
/// wrote holds here too from now on.
async fn swap(state: &State, before: &domain::Camera, after: Option<&domain::Camera>) -> Answer<()> {
    match state.store.swap_camera(before.tenant, before, after).await? {
        Swap::Done => Ok(()),
        Swap::Changed => {
            match state.store.camera(before.tenant, &before.id).await? {
                Some(theirs) => drop(state.cameras.put(theirs)),
                None => drop(state.cameras.remove(before.tenant, &before.id)),
            }
            Err(ApiError::Precondition)
        }
    }
}

/// The tag of a camera's description. Its secrets count, its state does not.
fn tag(state: &State, camera: &domain::Camera) -> Tag {
    Tag::of(&state.keys, &described(camera))
}

/// A camera's whole description, secrets and all: never for an answer.
fn described(camera: &domain::Camera) -> serde_json::Value {
    let parameters: BTreeMap<_, ParameterValue> =
        camera.parameters.iter().map(|(name, value)| (name, value.into())).collect();
    serde_json::json!({
        "id": camera.id.as_str(),
        "branch_id": camera.branch.get(),
        "sector_id": camera.sector.map(domain::SectorId::get),
        "name": camera.name,
        "pipeline": camera.pipeline,
        "parameters": parameters,
        "lines": camera.lines.iter().map(Line::from).collect::<Vec<_>>(),
        "zones": camera.zones.iter().map(Zone::from).collect::<Vec<_>>(),
        "enabled": camera.enabled,
    })
}

/// A camera hangs in a branch that is there.
async fn check_branch(state: &State, caller: &Caller, branch: BranchId) -> Answer<()> {
    if super::shifts::exists(state, caller, branch).await? {
        return Ok(());
    }
    Err(ApiError::invalid("branch_id", super::shifts::absent(branch)))
}

/// A camera's sector is one of its branch. Of a sector elsewhere nothing else is told than of none.
async fn check_sector(state: &State, camera: &domain::Camera) -> Answer<()> {
    let Some(id) = camera.sector else { return Ok(()) };
    match state.store.sector(camera.tenant, id).await? {
        Some(sector) if sector.branch == camera.branch => Ok(()),
        _ => {
            let branch = camera.branch;
            let reason =
                format!("there is no sector {id} in branch {branch}; make it first, by POST /api/v1/sectors");
            Err(ApiError::invalid("sector_id", reason))
        }
    }
}

/// Stops a camera and forgets it; its visits stay.
#[utoipa::path(delete, path = "/api/v1/cameras/{id}", tag = "cameras", params(("id" = String, Path)),
    responses((status = 204), super::openapi::Fixed, super::openapi::Absence, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn delete_camera(
    id: String,
    state: State,
    caller: Caller,
    conditions: Conditions,
) -> Answer<Told<NoContent>> {
    super::permit(&caller, Action::ConfigureCameras)?;
    state
        .clone()
        .change(async move {
            let camera = state.changeable(&find(&state, &caller, &id)?)?;
            conditions.allow(&tag(&state, &camera))?;
            match conditions.bind() {
                true => swap(&state, &camera, None).await?,
                false => drop(state.store.delete_camera(camera.tenant, &camera.id).await?),
            }
            state.cameras.remove(camera.tenant, &camera.id);
            let note = Note { branch: Some(camera.branch), fields: None };
            Ok(Told::new(NoContent).note(note))
        })
        .await
}
