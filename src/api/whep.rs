//! WebRTC viewing by WHEP.

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::Response;

use super::media::ViewQuery;
use super::reply::{NoContent, respond};
use super::request::{Answer, query, with};
use super::webrtc::{self, WHEP};
use super::{State, caller};
use crate::auth::Caller;
use crate::wire::Problem;

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let offers = warp::path!("api" / "v1" / "cameras" / String / "whep");
    let session = warp::path!("api" / "v1" / "cameras" / String / "whep" / String);
    let with_caller = || with(state.clone()).and(caller());
    let servers = offers.and(warp::options()).and(with_caller()).then(whep_options).map(respond);
    let offer = offers
        .and(warp::post())
        .and(with_caller())
        .and(query())
        .and(webrtc::offer())
        .then(offer_whep)
        .map(respond);
    let trickle =
        session.and(warp::patch()).and(with_caller()).and(webrtc::fragment()).then(trickle_whep).map(respond);
    let end = session.and(warp::delete()).and(with_caller()).then(end_whep).map(respond);
    servers.or(offer).unify().or(trickle).unify().or(end).unify().boxed()
}

/// What a viewer has to know before its offer.
#[utoipa::path(options, path = "/api/v1/cameras/{id}/whep", tag = "video", params(("id" = String, Path)),
    responses((status = 204, description = "Offers may be made",
            headers(("Link" = String, description = "STUN and TURN servers"), ("Accept-Post" = String, description = "application/sdp"))),
        super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn whep_options(id: String, state: State, caller: Caller) -> Answer<Response> {
    webrtc::options(&state, &caller, &id, &WHEP)
}

/// Opens a viewing session.
#[utoipa::path(post, path = "/api/v1/cameras/{id}/whep", tag = "video",
    params(("id" = String, Path), ViewQuery),
    request_body(content = String, content_type = "application/sdp", description = "The viewer's offer"),
    responses((status = 201, description = "The answer", content_type = "application/sdp", body = String,
            headers(("Location" = String, description = "The session"), ("Link" = String, description = "STUN and TURN servers"))),
        (status = 503, description = "Too many viewers, or no encoder works here", body = Problem, content_type = "application/problem+json"),
        super::openapi::BadBody, super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn offer_whep(
    id: String,
    state: State,
    caller: Caller,
    query: Answer<ViewQuery>,
    offer: Answer<String>,
) -> Answer<Response> {
    let camera = webrtc::camera(&state, &caller, &id, &WHEP)?;
    let session = state.viewers.whep_offer(&camera, query?.view(), &offer?).await?;
    Ok(webrtc::opened(&id, session, &state, &WHEP))
}

/// Takes further candidates of the viewer.
#[utoipa::path(patch, path = "/api/v1/cameras/{id}/whep/{session}", tag = "video",
    params(("id" = String, Path), ("session" = String, Path)),
    request_body(content = String, content_type = "application/trickle-ice-sdpfrag"),
    responses((status = 204), super::openapi::BadBody, super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn trickle_whep(
    id: String,
    session: String,
    state: State,
    caller: Caller,
    fragment: Answer<String>,
) -> Answer<NoContent> {
    webrtc::trickle(&state, &caller, (&id, &session), fragment, &WHEP).await
}

/// Ends a viewing session.
#[utoipa::path(delete, path = "/api/v1/cameras/{id}/whep/{session}", tag = "video",
    params(("id" = String, Path), ("session" = String, Path)),
    responses((status = 200), super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn end_whep(
    id: String,
    session: String,
    state: State,
    caller: Caller,
) -> Answer<StatusCode> {
    webrtc::end(&state, &caller, (&id, &session), &WHEP).await
}
