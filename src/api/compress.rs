//! Smaller answers for clients that can unpack them: texts of some length, never pictures, video or event streams.
//!
//! By async-compression, as warp's own filters pack whatever passes, for everybody.

use std::io;

use async_compression::tokio::bufread::{GzipEncoder, ZstdEncoder};
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use http_body_util::BodyDataStream;
use hyper::body::Body;
use tokio_util::io::{ReaderStream, StreamReader};
use warp::http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, VARY,
};
use warp::reply::{Reply, Response};

/// Less than this fits one packet anyway.
const LEAST_BYTES: u64 = 1024;

/// Types that shrink. Streams of events are not among them: what is packed waits for more.
const KINDS: [&str; 12] = [
    "application/json",
    "application/problem+json",
    "application/manifest+json",
    "application/x-ndjson",
    "application/openmetrics-text",
    "application/wasm",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/plain",
];

/// How an answer is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    Gzip,
    Zstd,
}

impl Coding {
    /// The best one that a client takes.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(ACCEPT_ENCODING);
        let accepted: Vec<_> = lines.iter().filter_map(|line| line.to_str().ok()).collect();
        let accepted = accepted.join(",");
        let takes = |name: &str| {
            accepted.split(',').any(|item| {
                let mut parts = item.split(';').map(str::trim);
                let is_named = parts.next().is_some_and(|own| own.eq_ignore_ascii_case(name));
                let quality = parts.find_map(|part| part.strip_prefix("q=")?.parse::<f32>().ok());
                is_named && quality.unwrap_or(1.0) > 0.0
            })
        };
        // The better one first, at less cost too.
        [("zstd", Self::Zstd), ("gzip", Self::Gzip)]
            .into_iter()
            .find_map(|(name, coding)| takes(name).then_some(coding))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// `response` packed, when it is worth it.
pub(super) fn pack(response: Response, coding: Option<Coding>) -> Response {
    if !is_worth_it(&response) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    vary(&mut parts.headers, "accept-encoding");
    let Some(coding) = coding else { return Response::from_parts(parts, body) };
    let chunks = BodyDataStream::new(body).map_err(io::Error::other);
    let reader = StreamReader::new(chunks);
    let packed: Response = match coding {
        Coding::Gzip => stream(ReaderStream::new(GzipEncoder::new(reader))),
        Coding::Zstd => stream(ReaderStream::new(ZstdEncoder::new(reader))),
    };
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    Response::from_parts(parts, packed.into_body())
}

/// Says that the answer depends on a header of its request, beside others that it depends on.
pub(super) fn vary(headers: &mut HeaderMap, on: &str) {
    let others = headers.get(VARY).and_then(|value| value.to_str().ok());
    let all = others.map_or_else(|| on.to_owned(), |others| format!("{others}, {on}"));
    if let Ok(all) = HeaderValue::try_from(all) {
        headers.insert(VARY, all);
    }
}

fn stream(packed: impl Stream<Item = io::Result<Bytes>> + Send + Sync + 'static) -> Response {
    warp::reply::stream(packed).into_response()
}

fn is_worth_it(response: &Response) -> bool {
    let headers = response.headers();
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let is_long = response.body().size_hint().upper().is_none_or(|most| most >= LEAST_BYTES);
    // A strong tag stands for the bytes as they are, and has to come back as it is to be compared.
    is_long && KINDS.contains(&kind) && !headers.contains_key(CONTENT_ENCODING) && !has_strong_tag(headers)
}

fn has_strong_tag(headers: &HeaderMap) -> bool {
    headers.get(ETAG).is_some_and(|tag| tag.as_bytes().starts_with(b"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_coding_that_is_taken_is_chosen() {
        for (accepted, coding) in [
            ("gzip, deflate, br, zstd", Some(Coding::Zstd)),
            ("GZIP;q=0.5", Some(Coding::Gzip)),
            ("zstd;q=0, gzip; q=1.0", Some(Coding::Gzip)),
            ("br", None),
            ("identity", None),
            ("gzip;q=0", None),
        ] {
            let headers = [(ACCEPT_ENCODING, HeaderValue::from_static(accepted))].into_iter().collect();
            assert_eq!(Coding::of(&headers), coding, "{accepted}");
        }
    }
}
