//! WebRTC viewing by WHEP: an offer makes a session, which takes trickled candidates and can be ended.
//!
//! A browser looks for ways through firewalls as soon as it has made its offer, so it must know the servers that help
//! with it before: they are told on OPTIONS, as for WHIP in RFC 9725, section 4.6, and with the answer.

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::HeaderName;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, LINK, LOCATION};
use warp::reply::Response;

use super::cameras::find;
use super::error::ApiError;
use super::media::OverlayQuery;
use super::reply::{NoContent, respond};
use super::request::{Answer, query, text, with};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::viewer::Answer as Session;
use crate::wire::Problem;

/// Far above any browser's offer.
const MAX_SDP_BYTES: u64 = 64 * 1024;

const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let offers = warp::path!("api" / "v1" / "cameras" / String / "whep");
    let session = warp::path!("api" / "v1" / "cameras" / String / "whep" / String);
    let with_caller = || with(state.clone()).and(caller());
    let servers = offers.and(warp::options()).and(with_caller()).then(whep_options).map(respond);
    let offer = offers
        .and(warp::post())
        .and(with_caller())
        .and(query())
        .and(text("application/sdp", MAX_SDP_BYTES))
        .then(offer_whep)
        .map(respond);
    let trickle = session
        .and(warp::patch())
        .and(with_caller())
        .and(text("application/trickle-ice-sdpfrag", MAX_SDP_BYTES))
        .then(trickle_whep)
        .map(respond);
    let end = session.and(warp::delete()).and(with_caller()).then(end_whep).map(respond);
    servers.or(offer).unify().or(trickle).unify().or(end).unify().boxed()
}

/// What a viewer has to know before its offer.
#[utoipa::path(options, path = "/api/v1/cameras/{id}/whep", tag = "video", params(("id" = String, Path)),
    responses((status = 204, description = "Offers may be made",
            headers(("Link" = String, description = "STUN and TURN servers"), ("Accept-Post" = String, description = "application/sdp"))),
        super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn whep_options(id: String, state: State, caller: Caller) -> Answer<Response> {
    super::permit(&caller, Action::View)?;
    find(&state, &caller, &id)?;
    let mut response = Response::new("".into());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCEPT_POST, HeaderValue::from_static("application/sdp"));
    name_servers(headers, state.viewers.ice_server_links());
    Ok(response)
}

/// Opens a viewing session.
#[utoipa::path(post, path = "/api/v1/cameras/{id}/whep", tag = "video",
    params(("id" = String, Path), ("overlay" = Option<bool>, Query, description = "With boxes; default true")),
    request_body(content = String, content_type = "application/sdp", description = "The viewer's offer"),
    responses((status = 201, description = "The answer", content_type = "application/sdp", body = String,
            headers(("Location" = String, description = "The session"), ("Link" = String, description = "STUN and TURN servers"))),
        (status = 503, description = "Too many viewers, or no encoder works here", body = Problem, content_type = "application/problem+json"),
        super::openapi::BadBody, super::openapi::Absence, super::openapi::Refusals))]
pub(super) async fn offer_whep(
    id: String,
    state: State,
    caller: Caller,
    query: Answer<OverlayQuery>,
    offer: Answer<String>,
) -> Answer<Response> {
    super::permit(&caller, Action::View)?;
    let camera = find(&state, &caller, &id)?;
    let session = state.viewers.whep_offer(&camera, query?.overlay(), &offer?).await?;
    Ok(opened(&id, session, state.viewers.ice_server_links()))
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
    check_session(&state, &caller, &id, &session)?;
    state.viewers.whep_trickle(&session, &fragment?).await?;
    Ok(NoContent)
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
    check_session(&state, &caller, &id, &session)?;
    state.viewers.whep_delete(&session).await?;
    Ok(StatusCode::OK)
}

/// A session belongs to its camera, and that to those who see it.
fn check_session(state: &State, caller: &Caller, id: &str, session: &str) -> Answer<()> {
    super::permit(caller, Action::View)?;
    let camera = find(state, caller, id)?.camera();
    let of = state.viewers.session_camera(session);
    match of.filter(|of| of.tenant == camera.tenant && of.camera == camera.id) {
        Some(_) => Ok(()),
        None => Err(ApiError::NotFound("there is no such viewing session".into())),
    }
}

fn opened(camera: &str, session: Session, ice_servers: &[String]) -> Response {
    let location = format!("/api/v1/cameras/{camera}/whep/{}", session.id);
    let tag = format!("\"{}\"", session.id);
    let mut response = Response::new(session.sdp.into());
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/sdp"));
    for (name, text) in [(LOCATION, location), (ETAG, tag)] {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
    name_servers(headers, ice_servers);
    response
}

fn name_servers(headers: &mut HeaderMap, links: &[String]) {
    for link in links {
        if let Ok(value) = HeaderValue::try_from(link) {
            headers.append(LINK, value);
        }
    }
}
