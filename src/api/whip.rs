//! Publishing by WHIP (RFC 9725): a browser or an encoder sends its video, and is a camera for as long as it does.
//!
//! The camera is there before, with a pipeline that plays what is published to it (`whip`), so that its name, its lines
//! and its place do not come and go with whoever sends.

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::Response;

use super::error::ApiError;
use super::reply::{NoContent, respond};
use super::request::{Answer, with};
use super::webrtc::{self, WHIP};
use super::{State, caller};
use crate::auth::Caller;
use crate::camera::CameraHandle;
use crate::domain::CameraState;
use crate::wire::Problem;

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let offers = warp::path!("api" / "v1" / "cameras" / String / "whip");
    let session = warp::path!("api" / "v1" / "cameras" / String / "whip" / String);
    let with_caller = || with(state.clone()).and(caller());
    let servers = offers.and(warp::options()).and(with_caller()).then(whip_options).map(respond);
    let offer =
        offers.and(warp::post()).and(with_caller()).and(webrtc::offer()).then(offer_whip).map(respond);
    let trickle =
        session.and(warp::patch()).and(with_caller()).and(webrtc::fragment()).then(trickle_whip).map(respond);
    let end = session.and(warp::delete()).and(with_caller()).then(end_whip).map(respond);
    servers.or(offer).unify().or(trickle).unify().or(end).unify().boxed()
}

/// What a publisher has to know before its offer.
#[utoipa::path(options, path = "/api/v1/cameras/{id}/whip", tag = "video", params(("id" = String, Path)),
    responses((status = 204, description = "Offers may be made",
            headers(("Link" = String, description = "STUN and TURN servers"), ("Accept-Post" = String, description = "application/sdp"))),
        super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn whip_options(id: String, state: State, caller: Caller) -> Answer<Response> {
    webrtc::options(&state, &caller, &id, &WHIP)
}

/// Opens a publishing session. Whoever published to the camera before is sent away.
#[utoipa::path(post, path = "/api/v1/cameras/{id}/whip", tag = "video", params(("id" = String, Path)),
    request_body(content = String, content_type = "application/sdp", description = "The publisher's offer: video in H.264 or VP8"),
    responses((status = 201, description = "The answer", content_type = "application/sdp", body = String,
            headers(("Location" = String, description = "The session"), ("Link" = String, description = "STUN and TURN servers"))),
        (status = 409, description = "The camera is stopped", body = Problem, content_type = "application/problem+json"),
        super::openapi::BadBody, super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn offer_whip(
    id: String,
    state: State,
    caller: Caller,
    offer: Answer<String>,
) -> Answer<Response> {
    let camera = webrtc::camera(&state, &caller, &id, &WHIP)?;
    let offer = offer?;
    check_source(&state, &camera)?;
    let session = state.viewers.whip_offer(&camera, &offer).await?;
    Ok(webrtc::opened(&id, session, &state, &WHIP))
}

/// Takes further candidates of the publisher.
#[utoipa::path(patch, path = "/api/v1/cameras/{id}/whip/{session}", tag = "video",
    params(("id" = String, Path), ("session" = String, Path)),
    request_body(content = String, content_type = "application/trickle-ice-sdpfrag"),
    responses((status = 204), super::openapi::BadBody, super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn trickle_whip(
    id: String,
    session: String,
    state: State,
    caller: Caller,
    fragment: Answer<String>,
) -> Answer<NoContent> {
    webrtc::trickle(&state, &caller, (&id, &session), fragment, &WHIP).await
}

/// Ends a publishing session.
#[utoipa::path(delete, path = "/api/v1/cameras/{id}/whip/{session}", tag = "video",
    params(("id" = String, Path), ("session" = String, Path)),
    responses((status = 200), super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn end_whip(
    id: String,
    session: String,
    state: State,
    caller: Caller,
) -> Answer<StatusCode> {
    webrtc::end(&state, &caller, (&id, &session), &WHIP).await
}

/// Nobody publishes to a camera that would not play it.
fn check_source(state: &State, handle: &CameraHandle) -> Answer<()> {
    let camera = handle.camera();
    let pipeline = state.cameras.catalog().get(&camera.pipeline);
    if !pipeline.is_ok_and(|pipeline| pipeline.is_published()) {
        let detail = format!(
            "camera {:?} has a source of its own, as its pipeline is {:?}; one that is published to has the pipeline \"whip\"",
            camera.id.as_str(),
            camera.pipeline
        );
        return Err(ApiError::Unfit(detail));
    }
    match *handle.state().borrow() {
        CameraState::Stopped => {
            Err(ApiError::Conflict(format!("camera {:?} is stopped", camera.id.as_str())))
        }
        _ => Ok(()),
    }
}
