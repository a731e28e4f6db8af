//! Shapes of an answer.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::Stream;
use serde::Serialize;
use warp::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION};
use warp::http::{Response, StatusCode};
use warp::reply::{Reply, Response as WarpResponse};

use super::conditions::Tag;
use super::error::ApiError;
use super::journal::Note;
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

/// An answer with what is to be told of it: its tag to the client, a note and a warning to the gate.
pub(super) struct Told<R> {
    reply: R,
    tag: Option<Tag>,
    note: Option<Note>,
    is_secret: bool,
}

/// Says to the gate that an answer holds a secret, which is not to be kept for a request that is repeated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unkept;

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

impl<R> Told<R> {
    pub(super) fn new(reply: R) -> Self {
        Self { reply, tag: None, note: None, is_secret: false }
    }

    pub(super) fn tag(self, tag: Tag) -> Self {
        Self { tag: Some(tag), ..self }
    }

    pub(super) fn note(self, note: Note) -> Self {
        Self { note: Some(note), ..self }
    }

    pub(super) fn unkept(self) -> Self {
        Self { is_secret: true, ..self }
    }
}

impl<R: Reply> Reply for Told<R> {
    fn into_response(self) -> WarpResponse {
        let mut response = self.reply.into_response();
        if let Some(tag) = self.tag {
            tag.put(response.headers_mut());
        }
        if let Some(note) = self.note {
            response.extensions_mut().insert(note);
        }
        if self.is_secret {
            response.extensions_mut().insert(Unkept);
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
