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
use super::request::{Answer, text};
use crate::auth::Caller;
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

/// What one has to know before an offer.
pub(super) fn options(state: &State) -> Response {
    let mut response = Response::new("".into());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCEPT_POST, HeaderValue::from_static("application/sdp"));
    name_servers(headers, state.viewers.ice_server_links());
    response
}

/// The answer to an offer; `path` is where offers are made.
pub(super) fn opened(path: &str, session: Session, state: &State) -> Response {
    let location = format!("{path}/{}", session.id);
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

/// A session belongs to its camera and that to those who see it, and who watches is not who publishes.
pub(super) fn check_session(
    state: &State,
    caller: &Caller,
    (camera, session): (&str, &str),
    purpose: Purpose,
) -> Answer<()> {
    let camera = find(state, caller, camera)?.camera();
    let of = state.viewers.session_camera(session).filter(|of| of.purpose == purpose);
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
