//! A camera's state, and switching it.

use std::time::Duration;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::cameras::find;
use super::journal::Note;
use super::reply::{Json, Told, respond};
use super::request::{Answer, with};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::camera::CameraHandle;
use crate::domain::CameraState;
use crate::wire::CameraStatus;

/// How long an answer waits for an order to be carried out.
const SETTLES_WITHIN: Duration = Duration::from_secs(3);

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let with_caller = || with(state.clone()).and(caller());
    let camera = warp::path!("api" / "v1" / "cameras" / String / ..);
    let status =
        camera.and(warp::path!("status")).and(warp::get()).and(with_caller()).then(get_status).map(respond);
    let start =
        camera.and(warp::path!("start")).and(warp::post()).and(with_caller()).then(start_camera).map(respond);
    let stop =
        camera.and(warp::path!("stop")).and(warp::post()).and(with_caller()).then(stop_camera).map(respond);
    let restart = camera
        .and(warp::path!("restart"))
        .and(warp::post())
        .and(with_caller())
        .then(restart_camera)
        .map(respond);
    status.or(start).unify().or(stop).unify().or(restart).unify().boxed()
}

/// Where a camera stands.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/status", tag = "cameras", params(("id" = String, Path)),
    responses((status = 200, body = CameraStatus), super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn get_status(id: String, state: State, caller: Caller) -> Answer<Json<CameraStatus>> {
    super::permit(&caller, Action::View)?;
    Ok(Json(state.status(&find(&state, &caller, &id)?)))
}

/// Lets a camera run; does nothing to one that runs.
#[utoipa::path(post, path = "/api/v1/cameras/{id}/start", tag = "cameras", params(("id" = String, Path)),
    responses((status = 200, body = CameraStatus), super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn start_camera(
    id: String,
    state: State,
    caller: Caller,
) -> Answer<Told<Json<CameraStatus>>> {
    operate(&id, &state, &caller, CameraHandle::start, |state| *state != CameraState::Stopped).await
}

/// Switches a camera off until it is started or the server is; set `enabled` to false to keep it off.
#[utoipa::path(post, path = "/api/v1/cameras/{id}/stop", tag = "cameras", params(("id" = String, Path)),
    responses((status = 200, body = CameraStatus), super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn stop_camera(
    id: String,
    state: State,
    caller: Caller,
) -> Answer<Told<Json<CameraStatus>>> {
    operate(&id, &state, &caller, CameraHandle::stop, |state| *state == CameraState::Stopped).await
}

/// Builds a camera's pipeline anew, whatever its state.
#[utoipa::path(post, path = "/api/v1/cameras/{id}/restart", tag = "cameras", params(("id" = String, Path)),
    responses((status = 200, body = CameraStatus), super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn restart_camera(
    id: String,
    state: State,
    caller: Caller,
) -> Answer<Told<Json<CameraStatus>>> {
    operate(&id, &state, &caller, CameraHandle::restart, |_| true).await
}

/// Waits until the camera has `settled`; one that is gone by now, and one that takes longer, are shown as they are.
pub(super) async fn settle(handle: &CameraHandle, settled: impl FnMut(&CameraState) -> bool) {
    let mut now = handle.state();
    let _ = tokio::time::timeout(SETTLES_WITHIN, now.wait_for(settled)).await;
}

/// Gives the order and answers once the camera has `settled`, or after a while: a pipeline may be slow to end.
async fn operate(
    id: &str,
    state: &State,
    caller: &Caller,
    order: impl Fn(&CameraHandle),
    settled: impl FnMut(&CameraState) -> bool,
) -> Answer<Told<Json<CameraStatus>>> {
    super::permit(caller, Action::OperateCameras)?;
    let handle = find(state, caller, id)?;
    order(&handle);
    settle(&handle, settled).await;
    let note = Note { branch: Some(handle.camera().branch), fields: None };
    Ok(Told::new(Json(state.status(&handle))).note(note))
}
