//! Shapes of an answer.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::Stream;
use serde::Serialize;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use warp::http::{Response, StatusCode};
use warp::reply::{Reply, Response as WarpResponse};

use super::error::ApiError;
use super::request::Answer;

/// `200` with JSON.
pub(super) struct Json<T>(pub(super) T);

/// `201` with JSON and where it lies now.
pub(super) struct Created<T> {
    pub(super) location: String,
    pub(super) body: T,
}

/// `202` with JSON: it has begun.
pub(super) struct Accepted<T>(pub(super) T);

/// `204`.
pub(super) struct NoContent;

/// `200` with a body of any type.
pub(super) struct Content {
    pub(super) kind: &'static str,
    pub(super) bytes: Bytes,
}

/// `200` with a body that has no end of its own.
pub(super) struct Endless<S> {
    pub(super) kind: &'static str,
    pub(super) stream: S,
}

/// The end of every route.
pub(super) fn respond<R: Reply>(answer: Answer<R>) -> WarpResponse {
    match answer {
        Ok(reply) => reply.into_response(),
        Err(error) => error.into_response(),
    }
}

impl<T: Serialize + Send> Reply for Json<T> {
    fn into_response(self) -> WarpResponse {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => Content { kind: "application/json", bytes: bytes.into() }.into_response(),
            Err(error) => ApiError::internal(error).into_response(),
        }
    }
}

impl<T: Serialize + Send> Reply for Created<T> {
    fn into_response(self) -> WarpResponse {
        let mut response = Json(self.body).into_response();
        if response.status() == StatusCode::OK {
            *response.status_mut() = StatusCode::CREATED;
            if let Ok(location) = HeaderValue::try_from(self.location) {
                response.headers_mut().insert(LOCATION, location);
            }
        }
        response
    }
}

impl<T: Serialize + Send> Reply for Accepted<T> {
    fn into_response(self) -> WarpResponse {
        let mut response = Json(self.0).into_response();
        if response.status() == StatusCode::OK {
            *response.status_mut() = StatusCode::ACCEPTED;
        }
        response
    }
}

impl Reply for NoContent {
    fn into_response(self) -> WarpResponse {
        StatusCode::NO_CONTENT.into_response()
    }
}

impl Reply for Content {
    fn into_response(self) -> WarpResponse {
        let mut response = Response::new(self.bytes.into());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        response
    }
}

impl<S> Endless<S>
where
    S: Stream<Item = Result<Bytes, Infallible>> + Send + Sync + 'static,
{
    pub(super) fn into_reply(self) -> WarpResponse {
        let mut response = warp::reply::stream(self.stream).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // A proxy that collects an answer before it passes it on would wait for ever.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
        response
    }
}
