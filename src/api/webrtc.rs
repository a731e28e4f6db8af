//! What watching (WHEP) and publishing (WHIP) have in common: an offer makes a session, which takes trickled candidates
//! and can be ended.
//!
//! A browser looks for ways through firewalls as soon as it has made its offer, so it must know the servers that help
//! with it before: they are told on OPTIONS (RFC 9725, section 4.6), and with the answer.

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, LINK, LOCATION};
use warp::http::{HeaderName, StatusCode};
use warp::reply::Response;

use super::State;
use super::cameras::find;
use super::error::ApiError;
use super::reply::NoContent;
use super::request::{Answer, text};
use crate::auth::{Action, Caller};
use crate::camera::CameraHandle;
use crate::viewer::{Answer as Session, Purpose};

/// Far above any browser's offer.
const MAX_SDP_BYTES: u64 = 64 * 1024;

const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");

/// The body of an offer.
pub(super) fn offer() -> BoxedFilter<(Answer<String>,)> {
    text("application/sdp", MAX_SDP_BYTES).boxed()
}

/// The body of what is trickled.
pub(super) fn fragment() -> BoxedFilter<(Answer<String>,)> {
    text("application/trickle-ice-sdpfrag", MAX_SDP_BYTES).boxed()
}

/// Which way the video goes.
pub(super) struct Way {
    /// The last part of the path that offers are made to.
    name: &'static str,
    action: Action,
    purpose: Purpose,
}

/// From the server: who watches.
pub(super) const WHEP: Way = Way { name: "whep", action: Action::View, purpose: Purpose::Watch };
/// To the server: who publishes.
pub(super) const WHIP: Way = Way { name: "whip", action: Action::Analyse, purpose: Purpose::Publish };

/// The camera that the caller wants to watch or publish to.
pub(super) fn camera(state: &State, caller: &Caller, id: &str, way: &Way) -> Answer<CameraHandle> {
    super::permit(caller, way.action)?;
    find(state, caller, id)
}

/// What one has to know before an offer.
pub(super) fn options(state: &State, caller: &Caller, id: &str, way: &Way) -> Answer<Response> {
    camera(state, caller, id, way)?;
    let mut response = Response::new("".into());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCEPT_POST, HeaderValue::from_static("application/sdp"));
    name_servers(headers, state.viewers.ice_server_links());
    Ok(response)
}

/// The answer to an offer for the camera `id`.
pub(super) fn opened(id: &str, session: Session, state: &State, way: &Way) -> Response {
    let location = format!("/api/v1/cameras/{id}/{}/{}", way.name, session.id);
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
    name_servers(headers, state.viewers.ice_server_links());
    response
}

/// Takes further candidates of the session `of` a camera.
pub(super) async fn trickle(
    state: &State,
    caller: &Caller,
    of: (&str, &str),
    fragment: Answer<String>,
    way: &Way,
) -> Answer<NoContent> {
    check_session(state, caller, of, way)?;
    state.viewers.trickle(of.1, &fragment?).await?;
    Ok(NoContent)
}

/// Ends the session `of` a camera.
pub(super) async fn end(state: &State, caller: &Caller, of: (&str, &str), way: &Way) -> Answer<StatusCode> {
    check_session(state, caller, of, way)?;
    state.viewers.end_session(of.1).await?;
    Ok(StatusCode::OK)
}

/// A session belongs to its camera and that to those who see it, and who watches is not who publishes.
fn check_session(state: &State, caller: &Caller, (id, session): (&str, &str), way: &Way) -> Answer<()> {
    let handle = camera(state, caller, id, way)?;
    let camera = handle.camera();
    let of = state.viewers.session_camera(session).filter(|of| of.purpose == way.purpose);
    match of.filter(|of| of.tenant == camera.tenant && of.camera == camera.id) {
        Some(_) => Ok(()),
        None => Err(ApiError::NotFound("there is no such session".into())),
    }
}

fn name_servers(headers: &mut HeaderMap, links: &[String]) {
    for link in links {
        if let Ok(value) = HeaderValue::try_from(link) {
            headers.append(LINK, value);
        }
    }
}
