//! Reading what came with a request. Nothing here rejects: what cannot be read becomes the handler's [`ApiError`].

use std::convert::Infallible;
use std::fmt::Display;
use std::time::Duration;

use bytes::Buf;
use futures_util::{Stream, StreamExt};
use hyper::body::Body;
use serde::de::DeserializeOwned;
use serde_json::Value;
use warp::http::header::{CONTENT_TYPE, HeaderMap};
use warp::{Filter, Rejection};

use super::error::ApiError;
use crate::domain::Timestamp;
use crate::wire::{instant, whole};

/// A body that takes longer than this is not worth a connection.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// What is still read of a body that is refused, and more where the route takes more. Most clients read the answer only
/// once they have sent all, and a connection that is closed before takes the answer with it.
const DRAIN_BYTES: u64 = 1 << 20;
/// For each of them.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// What a handler answers.
pub(super) type Answer<T> = Result<T, ApiError>;

/// Hands `value` to a handler.
pub(super) fn with<T: Clone + Send>(value: T) -> impl Filter<Extract = (T,), Error = Infallible> + Clone {
    warp::any().map(move || value.clone())
}

/// The body as JSON of at most `limit` bytes.
pub(super) fn json<T: DeserializeOwned + Send + 'static>(
    limit: u64,
) -> impl Filter<Extract = (Answer<T>,), Error = Rejection> + Clone {
    warp::header::headers_cloned().and(warp::body::stream()).then(
        move |headers: HeaderMap, body| async move {
            let bytes = read(&headers, "application/json", limit, body).await?;
            parse(&bytes)
        },
    )
}

/// The body as it was sent, JSON of at most `limit` bytes by its type.
pub(super) fn json_bytes(limit: u64) -> impl Filter<Extract = (Answer<Vec<u8>>,), Error = Rejection> + Clone {
    warp::header::headers_cloned().and(warp::body::stream()).then(
        move |headers: HeaderMap, body| async move { read(&headers, "application/json", limit, body).await },
    )
}

/// The body as text of the type `wanted`, of at most `limit` bytes.
pub(super) fn text(
    wanted: &'static str,
    limit: u64,
) -> impl Filter<Extract = (Answer<String>,), Error = Rejection> + Clone {
    warp::header::headers_cloned().and(warp::body::stream()).then(
        move |headers: HeaderMap, body| async move {
            let bytes = read(&headers, wanted, limit, body).await?;
            String::from_utf8(bytes)
                .map_err(|_| ApiError::Unreadable { field: None, detail: "the body is not UTF-8".into() })
        },
    )
}

/// The query; unknown keys are refused when `T` says so.
pub(super) fn query<T: DeserializeOwned + Send + 'static>()
-> impl Filter<Extract = (Answer<T>,), Error = Infallible> + Clone {
    let raw = warp::query::raw().or(warp::any().map(String::new)).unify();
    raw.map(|query: String| read_query(&query))
}

fn read_query<T: DeserializeOwned>(query: &str) -> Answer<T> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let error = match serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)) {
        Ok(read) => return Ok(read),
        Err(error) => unreadable(error),
    };
    let ApiError::Unreadable { field: Some(field), .. } = &error else { return Err(error) };
    // As of bodies: to some programs every number is written so. What is a text stays as it is.
    let (mut again, mut is_other) = (url::form_urlencoded::Serializer::new(String::new()), false);
    for (name, value) in pairs {
        let whole = value.strip_suffix(".0").filter(|text| name == *field && text.parse::<i64>().is_ok());
        is_other |= whole.is_some();
        again.append_pair(&name, whole.unwrap_or(&value));
    }
    if is_other { read_query(&again.finish()) } else { Err(error) }
}

/// The instant that stands in a query's `field`.
pub(super) fn instant_in(field: &str, text: &str) -> Answer<Timestamp> {
    instant(text).ok_or_else(|| {
        ApiError::invalid(field, format!("{text:?} is not a time like 2026-05-04T14:00:00+02:00"))
    })
}

/// `bytes` as JSON. To JSON schema `1.0` is an integer, and to some programs every number is written so.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    // serde would take a list for an object, each value for the field in its place.
    if bytes.trim_ascii_start().starts_with(b"[") {
        let detail = "the body is a list, and an object is wanted".to_owned();
        return Err(ApiError::Unreadable { field: None, detail });
    }
    let error = match parse_strictly(bytes) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let Ok(mut value) = serde_json::from_slice(bytes) else { return Err(error) };
    make_whole(&mut value);
    T::deserialize(value).map_err(|_| error)
}

fn parse_strictly<T: DeserializeOwned>(bytes: &[u8]) -> Answer<T> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(unreadable)?;
    json.end().map_err(|error| ApiError::Unreadable { field: None, detail: error.to_string() })?;
    Ok(value)
}

/// Writes whole numbers as integers.
fn make_whole(value: &mut Value) {
    match value {
        Value::Number(number) if number.is_f64() => {
            if let Some(number) = whole(value) {
                *value = number.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(make_whole),
        Value::Object(fields) => fields.values_mut().for_each(make_whole),
        _ => {}
    }
}

fn unreadable<E: std::error::Error>(error: serde_path_to_error::Error<E>) -> ApiError {
    let path = error.path().to_string();
    let reason = error.into_inner().to_string();
    // A question mark stands for a key that was not read to its end.
    let path = Some(path).filter(|path| !matches!(path.as_str(), "." | "" | "?"));
    // The path is that of the object, as nothing stands where the key should.
    let missing = reason.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
    let field = match (path, missing) {
        (Some(path), Some((key, _))) => Some(format!("{path}.{key}")),
        (None, Some((key, _))) => Some(key.to_owned()),
        (path, None) => path,
    };
    let detail = match (&field, missing) {
        (Some(field), Some(_)) => format!("{field}: is missing"),
        (Some(field), None) => format!("{field}: {reason}"),
        (None, _) => reason,
    };
    ApiError::Unreadable { field, detail }
}

async fn read<B: Buf>(
    headers: &HeaderMap,
    wanted: &'static str,
    limit: u64,
    body: impl Stream<Item = Result<B, warp::Error>>,
) -> Answer<Vec<u8>> {
    check_type(headers, wanted)?;
    collect(body, limit).await
}

/// The whole of a body, of at most `limit` bytes.
pub(super) async fn collect<B: Buf, E: Display>(
    body: impl Stream<Item = Result<B, E>>,
    limit: u64,
) -> Answer<Vec<u8>> {
    let collect = async {
        let mut body = std::pin::pin!(body);
        let mut bytes = Vec::new();
        while let Some(chunk) = body.next().await {
            let mut chunk = chunk.map_err(|error| ApiError::Unreadable {
                field: None,
                detail: format!("the body broke off: {error}"),
            })?;
            if (bytes.len() + chunk.remaining()) as u64 > limit {
                pass_over(body, limit).await;
                return Err(ApiError::TooLarge(limit));
            }
            while chunk.has_remaining() {
                let part = chunk.chunk();
                bytes.extend_from_slice(part);
                let count = part.len();
                chunk.advance(count);
            }
        }
        Ok(bytes)
    };
    tokio::time::timeout(BODY_TIMEOUT, collect).await.unwrap_or(Err(ApiError::Slow(BODY_TIMEOUT.as_secs())))
}

/// Reads what is left of a body that is refused: see [`DRAIN_BYTES`].
pub(super) async fn pass_over<B: Buf, E>(body: impl Stream<Item = Result<B, E>>, limit: u64) {
    rest_of(body.map(|chunk| chunk.ok().map(|chunk| chunk.remaining())), limit).await;
}

/// Reads a body that is refused: see [`DRAIN_BYTES`].
pub(super) async fn drain(body: impl Body, limit: u64) {
    let body = std::pin::pin!(body);
    let lengths = futures_util::stream::unfold(body, async |mut body| {
        let frame = std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await?;
        let length = frame.ok().map(|frame| frame.data_ref().map_or(0, Buf::remaining));
        Some((length, body))
    });
    rest_of(lengths, limit).await;
}

/// Takes chunks, of which only the lengths are known, until there are no more or enough is enough for a route that
/// takes `limit` bytes.
async fn rest_of(lengths: impl Stream<Item = Option<usize>>, limit: u64) {
    let most = limit.next_multiple_of(DRAIN_BYTES).min(DRAIN_BYTES * 32);
    let take = async {
        let mut lengths = std::pin::pin!(lengths);
        let mut left = most;
        while let Some(Some(length)) = lengths.next().await {
            let Some(less) = left.checked_sub(length as u64) else { break };
            left = less;
        }
    };
    // A client that is slower than this misses the answer.
    let _ = tokio::time::timeout(DRAIN_TIMEOUT * (most / DRAIN_BYTES) as u32, take).await;
}

fn check_type(headers: &HeaderMap, wanted: &'static str) -> Answer<()> {
    let (kind, got) = essence(headers);
    if kind == wanted { Ok(()) } else { Err(ApiError::WrongType { wanted, got: got.to_owned() }) }
}

/// The media type of a body in lower case and without its parameters, and as it was written.
pub(super) fn essence(headers: &HeaderMap) -> (String, &str) {
    let got = headers.get(CONTENT_TYPE).map_or("nothing", |value| value.to_str().unwrap_or("unreadable"));
    (got.split(';').next().unwrap_or(got).trim().to_ascii_lowercase(), got)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Query {
        line: String,
        branch_id: i64,
        sector_id: i64,
    }

    #[test]
    fn whole_numbers_may_be_written_with_a_point_and_texts_stay_as_they_are() {
        let wanted = Query { line: "2.0".into(), branch_id: 1, sector_id: -3 };
        assert_eq!(read_query::<Query>("sector_id=-3.0&line=2.0&branch_id=1.0").unwrap(), wanted);
        for (query, named) in [
            ("line=2.0&branch_id=1.5", Some("branch_id")),
            ("branch_id=1.0.0", Some("branch_id")),
            ("branch_id=1.0&sector_id=x.0", Some("sector_id")),
            ("branch_id=1.0&camera=1.0", Some("camera")),
        ] {
            match read_query::<Query>(query) {
                Err(ApiError::Unreadable { field, .. }) => assert_eq!(field.as_deref(), named, "{query}"),
                other => panic!("{query}: {other:?}"),
            }
        }
    }
}
