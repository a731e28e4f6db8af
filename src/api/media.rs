//! Pictures over plain HTTP: a still, and a stream of stills.

use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::openapi::schema::{Object, Type};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::cameras::find;
use super::reply::{Content, Endless, respond};
use super::request::{Answer, query, with};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::camera::Overlay;
use crate::viewer::{Height, MJPEG_CONTENT_TYPE, View};
use crate::wire::Problem;

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let with_caller = || with(state.clone()).and(caller()).and(query());
    let snapshot = warp::path!("api" / "v1" / "cameras" / String / "snapshot.jpg")
        .and(warp::get())
        .and(with_caller())
        .then(get_snapshot)
        .map(respond);
    let mjpeg = warp::path!("api" / "v1" / "cameras" / String / "mjpeg")
        .and(warp::get())
        .and(with_caller())
        .then(get_mjpeg)
        .map(respond);
    snapshot.or(mjpeg).unify().boxed()
}

/// Which picture a viewer wants.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct ViewQuery {
    /// With boxes; default true
    overlay: Option<bool>,
    /// The most lines the picture has, 180, 360, 540 or 720; default: as many as the camera's
    #[param(schema_with = heights)]
    height: Option<Height>,
}

fn heights() -> Object {
    Object::builder().schema_type(Type::Integer).enum_values(Some(Height::ALLOWED)).build()
}

impl ViewQuery {
    /// With boxes unless they are not wanted.
    pub(super) fn view(&self) -> View {
        let overlay = if self.overlay.unwrap_or(true) { Overlay::Drawn } else { Overlay::Plain };
        View { overlay, height: self.height }
    }
}

/// One picture, taken now.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/snapshot.jpg", tag = "video",
    params(("id" = String, Path), ViewQuery),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>),
        (status = 503, description = "The camera shows nothing now", body = Problem, content_type = "application/problem+json"),
        super::openapi::BadQuery, super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn get_snapshot(
    id: String,
    state: State,
    caller: Caller,
    query: Answer<ViewQuery>,
) -> Answer<Content> {
    super::permit(&caller, Action::View)?;
    let camera = find(&state, &caller, &id)?;
    let bytes = state.viewers.snapshot(&camera, query?.view()).await?;
    Ok(Content { kind: "image/jpeg", bytes })
}

/// Live pictures without an end, one part each (`multipart/x-mixed-replace`).
#[utoipa::path(get, path = "/api/v1/cameras/{id}/mjpeg", tag = "video",
    params(("id" = String, Path), ViewQuery),
    responses((status = 200, content_type = "multipart/x-mixed-replace", body = Vec<u8>),
        (status = 503, description = "Too many viewers", body = Problem, content_type = "application/problem+json"),
        super::openapi::BadQuery, super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn get_mjpeg(
    id: String,
    state: State,
    caller: Caller,
    query: Answer<ViewQuery>,
) -> Answer<Response> {
    super::permit(&caller, Action::View)?;
    let camera = find(&state, &caller, &id)?;
    let stream = state.viewers.mjpeg(&camera, query?.view())?;
    Ok(Endless { kind: MJPEG_CONTENT_TYPE, stream }.into_reply())
}
