//! Bodies that are whole pictures or sounds: larger than those of other routes, and of one of several types.

use std::pin::Pin;

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use warp::http::header::HeaderMap;
use warp::{Filter, Rejection};

use super::error::ApiError;
use super::request::{Answer, collect, essence, pass_over};

/// Largest picture or sound: a photograph of the best of phones, nine minutes of speech at 16 kHz.
pub(super) const MAX_UPLOAD_BYTES: u64 = 16 << 20;

/// The routes that take one.
const ROUTES: [&str; 4] =
    ["/api/v1/cv/detect", "/api/v1/cv/analyze", "/api/v1/tracking/voice", "/api/v1/tracking/camera"];

/// Largest body of the route at `path`; `usual` is what holds for most.
pub(super) fn limit_of(path: &str, usual: u64) -> u64 {
    if ROUTES.contains(&path) { usual.max(MAX_UPLOAD_BYTES) } else { usual }
}

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, warp::Error>> + Send>>;

/// A body that was not read yet.
pub(super) struct Upload {
    headers: HeaderMap,
    body: Chunks,
}

/// A body that was.
pub(super) struct Uploaded {
    /// Its media type in lower case, without parameters.
    pub(super) kind: String,
    /// The same as it was sent.
    pub(super) header: String,
    pub(super) bytes: Vec<u8>,
}

/// Hands the body to a handler, which decides whether to read it.
pub(super) fn upload() -> impl Filter<Extract = (Upload,), Error = Rejection> + Clone {
    warp::header::headers_cloned().and(warp::body::stream()).map(|headers: HeaderMap, body| {
        fn whole<B: Buf>(chunk: Result<B, warp::Error>) -> Result<Bytes, warp::Error> {
            chunk.map(|mut chunk| chunk.copy_to_bytes(chunk.remaining()))
        }
        let body: Chunks = Box::pin(StreamExt::map(body, whole));
        Upload { headers, body }
    })
}

impl Upload {
    /// Reads a body of one of the types `wanted` and of at most `limit` bytes.
    ///
    /// # Errors
    /// When it is of another type, larger, too slow, or breaks off.
    pub(super) async fn read(self, wanted: Accepts, limit: u64) -> Answer<Uploaded> {
        let (kind, got) = essence(&self.headers);
        if !wanted.kinds.contains(&kind.as_str()) {
            let error = ApiError::WrongType { wanted: wanted.text, got: got.to_owned() };
            self.refuse(limit).await;
            return Err(error);
        }
        let header = got.to_owned();
        Ok(Uploaded { bytes: collect(self.body, limit).await?, kind, header })
    }

    /// The body together with what was `checked` of the rest of its request; refused with it.
    ///
    /// # Errors
    /// What `checked` failed with.
    pub(super) async fn after<T>(self, checked: Answer<T>, limit: u64) -> Answer<(T, Self)> {
        match checked {
            Ok(checked) => Ok((checked, self)),
            Err(error) => {
                self.refuse(limit).await;
                Err(error)
            }
        }
    }

    /// Reads on for a while without keeping anything, so that the sender of at most `limit` bytes gets the answer.
    pub(super) async fn refuse(self, limit: u64) {
        pass_over(self.body, limit).await;
    }
}

/// The media types of a route's body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Accepts {
    pub(super) kinds: &'static [&'static str],
    /// As an answer names them.
    pub(super) text: &'static str,
}
