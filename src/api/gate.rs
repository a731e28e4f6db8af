//! What every request passes on its way in and out, before and after its route.
//!
//! In: a request id, the route's place in the [`Table`], the caller, the size. Out: problems get their body, and all
//! answers the headers that keep browsers safe. A route is closed unless the OpenAPI document says that it is open.

use std::net::SocketAddr;
use std::time::Instant;

use hyper::Request;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use rand::Rng;
use tracing::Instrument;
use warp::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use warp::http::{HeaderName, Method};
use warp::reply::{Reply, Response};

use super::error::{ApiError, Pending};
use super::request::drain;
use super::table::{Access, Table};
use super::{Api, access, console, upload};
use crate::auth::Keys;
use crate::wire::Problem;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Sent with every answer that does not bring its own.
const SAFE_HEADERS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("permissions-policy", "geolocation=(), payment=(), usb=()"),
    (
        "content-security-policy",
        "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
];

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

impl Api {
    /// Answers one request.
    pub(super) async fn answer<B>(&self, mut request: Request<B>, peer: SocketAddr) -> Response
    where
        B: hyper::body::Body + Send + Sync + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let began = Instant::now();
        let id = request_id(request.headers());
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        request.extensions_mut().insert(Peer(peer));
        // At the level of errors, so that whatever is logged about a request names it. The query may hold a login
        // token and is never logged.
        let span = tracing::error_span!("request", id, %method, path);
        let answering = async {
            let response = self.route(request, &path, &id).await;
            let status = response.status().as_u16();
            tracing::debug!(%peer, status, ms = began.elapsed().as_millis() as u64, "answered");
            response
        };
        answering.instrument(span).await
    }

    async fn route<B>(&self, mut request: Request<B>, path: &str, id: &str) -> Response
    where
        B: hyper::body::Body + Send + Sync + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let mut response = match self.gate.admit(&mut request) {
            Ok(Door::Console) => console::file(path, request.headers()),
            Ok(Door::Route) => {
                // The server leaves out the body of what was asked by HEAD; routes need not know of it.
                if request.method() == Method::HEAD {
                    *request.method_mut() = Method::GET;
                }
                let service = TowerToHyperService::new(warp::service(self.routes.clone()));
                service.call(request).await.unwrap_or_else(|never| match never {})
            }
            Err(ApiError::TooLarge(limit)) => {
                // A little more than is taken is what most have who send too much.
                drain(request.into_body(), limit + 1).await;
                ApiError::TooLarge(limit).into_response()
            }
            Err(error) => error.into_response(),
        };
        finish(&mut response, path, id);
        response
    }
}

/// Where a request may go.
enum Door {
    Route,
    Console,
}

/// What the gate needs to know.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) table: Table,
    pub(super) keys: Keys,
    /// Largest body of most routes.
    pub(super) max_body_bytes: u64,
}

impl Gate {
    fn admit<B>(&self, request: &mut Request<B>) -> Result<Door, ApiError> {
        let (method, path) = (request.method(), request.uri().path());
        let entry = self.table.find(path);
        let access = entry.and_then(|entry| entry.access(method));
        let Some(entry) = entry else {
            if path.starts_with("/api/") {
                access::caller(&self.keys, method, request.headers())?;
                return Err(ApiError::no("route", path));
            }
            return match *method {
                Method::GET | Method::HEAD => Ok(Door::Console),
                _ => Err(ApiError::no("route", path)),
            };
        };
        if access == Some(Access::Open) || entry.is_open() {
            access::check_origin(method, request.headers())?;
        } else {
            let caller = access::caller(&self.keys, method, request.headers())?;
            request.extensions_mut().insert(caller);
        }
        if access.is_none() {
            return Err(ApiError::WrongMethod { method: request.method().to_string(), allow: entry.allow() });
        }
        let length: Option<u64> =
            request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let limit = upload::limit_of(request.uri().path(), self.max_body_bytes);
        match length {
            Some(length) if limit < length => Err(ApiError::TooLarge(limit)),
            _ => Ok(Door::Route),
        }
    }
}

/// The client's own name for the request when it is harmless, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let harmless = |id: &&str| {
        (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    given.filter(harmless).map_or_else(|| format!("{:016x}", rand::rng().next_u64()), str::to_owned)
}

fn finish(response: &mut Response, path: &str, id: &str) {
    if let Some(pending) = response.extensions_mut().remove::<Pending>() {
        write_problem(response, pending, path);
    }
    let headers = response.headers_mut();
    for (name, value) in SAFE_HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    // What is not said to be kept is not kept: answers are about now, and about one caller.
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(REQUEST_ID, id);
    }
}

fn write_problem(response: &mut Response, pending: Pending, path: &str) {
    let title = response.status().canonical_reason().unwrap_or("Error");
    let problem = Problem {
        kind: format!("urn:atalaya:problem:{}", title.to_ascii_lowercase().replace(' ', "-")),
        title: title.to_owned(),
        status: response.status().as_u16(),
        detail: pending.detail,
        instance: path.to_owned(),
        field: pending.field,
    };
    let body = serde_json::to_vec(&problem).expect("a problem should be JSON: it is texts and a number");
    *response.body_mut() = body.into();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
}
