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

use super::compress::{self, Coding};
use super::cors::Origins;
use super::error::{ApiError, Pending};
use super::rate::Rates;
use super::request::drain;
use super::table::{Access, Route, Table};
use super::{Api, access, console, upload};
use crate::auth::{Keys, Revocations};
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
        let (coding, origin) = (Coding::of(request.headers()), self.gate.origins.of(request.headers()));
        let mut response = match self.gate.admit(&mut request) {
            Ok(Door::Console) => console::file(path, request.headers()),
            Ok(Door::Preflight(answer)) => *answer,
            Ok(Door::Change(route)) => {
                self.change(request, route, id).await.unwrap_or_else(Reply::into_response)
            }
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
        self.gate.origins.open(response.headers_mut(), origin);
        compress::pack(response, coding)
    }
}

/// Where a request may go.
enum Door {
    Route,
    /// To a route that changes something.
    Change(Route),
    Console,
    /// Nowhere: a browser only asks whether it might.
    Preflight(Box<Response>),
}

/// What the gate needs to know.
pub(super) struct Gate {
    pub(super) table: Table,
    pub(super) keys: Keys,
    pub(super) revocations: Revocations,
    pub(super) rates: Rates,
    pub(super) origins: Origins,
    /// Largest body of most routes.
    pub(super) max_body_bytes: u64,
}

impl Gate {
    fn admit<B>(&self, request: &mut Request<B>) -> Result<Door, ApiError> {
        let (method, path) = (request.method(), request.uri().path());
        let entry = self.table.find(path);
        let Some(entry) = entry else {
            if path.starts_with("/api/") {
                self.let_in(request)?;
                return Err(ApiError::no("route", request.uri().path()));
            }
            self.count_stranger(request)?;
            return match *method {
                Method::GET | Method::HEAD => Ok(Door::Console),
                _ => Err(ApiError::no("route", path)),
            };
        };
        let allow = entry.allow();
        if let Some(answer) = self.origins.preflight(method, request.headers(), &allow) {
            self.count_stranger(request)?;
            return Ok(Door::Preflight(Box::new(answer)));
        }
        let route = entry.route(method);
        if route.is_some_and(|route| route.access == Access::Open) || entry.is_open() {
            self.count_stranger(request)?;
            access::check_origin(method, request.headers())?;
        } else {
            self.let_in(request)?;
        }
        let Some(route) = route else {
            return Err(ApiError::WrongMethod { method: request.method().to_string(), allow });
        };
        let length: Option<u64> =
            request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let limit = upload::limit_of(request.uri().path(), self.max_body_bytes);
        match length {
            Some(length) if limit < length => Err(ApiError::TooLarge(limit)),
            _ if route.is_noted => Ok(Door::Change(route.clone())),
            _ => Ok(Door::Route),
        }
    }

    /// Finds out who is asking, and tells the route.
    fn let_in<B>(&self, request: &mut Request<B>) -> Result<(), ApiError> {
        let bearer = access::bearer(&self.keys, &self.revocations, request.method(), request.headers());
        match bearer {
            Ok(bearer) => {
                self.rates.count(Some(&bearer), peer(request).ip())?;
                request.extensions_mut().insert(bearer.caller.clone());
                request.extensions_mut().insert(bearer);
                Ok(())
            }
            Err(error) => {
                self.count_stranger(request)?;
                Err(error)
            }
        }
    }

    fn count_stranger<B>(&self, request: &Request<B>) -> Result<(), ApiError> {
        self.rates.count(None, peer(request).ip())
    }
}

/// Where a request came from; this machine, should nobody have said so.
fn peer<B>(request: &Request<B>) -> SocketAddr {
    let peer = request.extensions().get::<Peer>();
    peer.map_or(SocketAddr::from(([127, 0, 0, 1], 0)), |Peer(address)| *address)
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
        taken: pending.taken,
    };
    let body = serde_json::to_vec(&problem).expect("a problem should be JSON: it is texts and a number");
    *response.body_mut() = body.into();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
}
