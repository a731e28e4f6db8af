//! Pages of other origins that may use the API: those that the settings name, each with a token of its own.
//!
//! The console's cookie is never allowed from there. Own code, as the layer of tower-http answers every OPTIONS itself,
//! and WHEP tells its servers by one.

use warp::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap,
    HeaderValue, ORIGIN,
};
use warp::http::{Method, StatusCode};
use warp::reply::{Reply, Response};

use super::compress::vary;

/// What requests may carry beyond what browsers always allow.
const ALLOWED: &str =
    "authorization, content-type, if-match, if-none-match, idempotency-key, last-event-id, x-request-id";

/// What pages may read of answers.
const EXPOSED: &str = "ETag, Location, Retry-After, Link, X-Request-Id, Idempotent-Replayed";

/// A browser may go by an answer for ten minutes.
const MAX_AGE_S: &str = "600";

/// The origins of `server.cors_origins`.
#[derive(Debug, Clone, Default)]
pub(super) struct Origins(pub(super) Vec<String>);

impl Origins {
    /// The origin of a request when it is one of these.
    pub(super) fn of(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        self.0.iter().any(|own| own.as_bytes() == origin.as_bytes()).then(|| origin.clone())
    }

    /// The answer to a browser that asks before it sends a request to a route with these methods.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap, allow: &str) -> Option<Response> {
        let asks = *method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks {
            return None;
        }
        self.of(headers)?;
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::try_from(allow).ok()?);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE_S));
        Some(response)
    }

    /// Lets the page at `origin` read an answer.
    pub(super) fn open(&self, headers: &mut HeaderMap, origin: Option<HeaderValue>) {
        if self.0.is_empty() {
            return;
        }
        vary(headers, "origin");
        if let Some(origin) = origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
    }
}
