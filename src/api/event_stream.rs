//! Events for those who cannot hold a WebSocket: server-sent events, by the same rules as the doors of the gateway.

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use serde::Deserialize;
use tokio::time::timeout;
use utoipa::ToSchema;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY};
use warp::reply::Response;

use super::State;
use super::access::{bearer_token, session_token};
use super::error::ApiError;
use super::gate::Peer;
use super::handshake::{Refused, may_come};
use super::reply::{Endless, respond};
use super::request::{Answer, query, with};
use super::slots::{is_here, network};
use crate::auth::TokenError;
use crate::domain::Endpoint;
use crate::gateway::{Close, Gateway, Identity, Listening, Notice, Place, Refusal};
use crate::wire::{StreamPositions, read_event_id, write_event_id};

/// Proxies give up on a connection that is silent for half a minute.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The sides of staff, the one that hears most first.
const SIDES: [Endpoint; 3] = [Endpoint::Admin, Endpoint::Waiter, Endpoint::Kitchen];

/// What may stand in the query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Params {
    endpoint: Option<Side>,
    token: Option<String>,
    table_token: Option<String>,
    last_event_id: Option<String>,
}

/// Whose events.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Side {
    Waiter,
    Kitchen,
    Admin,
    Diner,
}

impl From<Side> for Endpoint {
    fn from(side: Side) -> Self {
        match side {
            Side::Waiter => Self::Waiter,
            Side::Kitchen => Self::Kitchen,
            Side::Admin => Self::Admin,
            Side::Diner => Self::Diner,
        }
    }
}

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    warp::path!("api" / "v1" / "events" / "stream")
        .and(warp::get())
        .and(with(state.clone()))
        .and(warp::header::headers_cloned())
        .and(query())
        .and(warp::ext::optional::<Peer>())
        .then(|state, headers, params, peer: Option<Peer>| async move {
            let ip = peer.map(|Peer(address)| address.ip()).filter(|ip| !is_here(*ip)).map(network);
            stream_events(state, headers, params, ip).await
        })
        .map(respond)
        .boxed()
}

/// What happens, as server-sent events: what a WebSocket of the gateway tells, for those who cannot have one.
///
/// First comes `welcome`, then an event of its own type for each that happens, with the same JSON as on a socket. The `id`
/// is where the client is in all its streams: sent back as `Last-Event-ID`, as browsers do by themselves, it brings what was
/// missed, and then `resumed`. The last event is `close`, with a reason.
///
/// The token comes as of every route, as `?token=`, or as a table's in `?table_token=`.
#[utoipa::path(get, path = "/api/v1/events/stream", tag = "gateway", security(()),
    params(("endpoint" = inline(Option<Side>), Query, description = "As whom to listen; without it the widest that the token opens"),
        ("token" = Option<String>, Query, description = "The token, where no header can be sent"),
        ("table_token" = Option<String>, Query, description = "A table's token, of guests"),
        ("last_event_id" = Option<String>, Query, description = "As the header `Last-Event-ID`, which goes before it"),
        ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was had")),
    responses((status = 200, description = "Events until the token ends or the server stops", content_type = "text/event-stream", body = String),
        (status = 400, description = "The query, or the id, cannot be read; `field` says which", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 401, description = "No token, or one that is not valid", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 403, description = "The token's roles or the page's origin do not allow it, or the table was cleared", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 429, description = "Too many connections of this user, table or address", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 503, description = "Too many connections in all, or the server stops, or events of other servers are not there", content_type = "application/problem+json", body = crate::wire::Problem)))]
pub(super) async fn stream_events(
    state: State,
    headers: HeaderMap,
    params: Answer<Params>,
    ip: Option<IpAddr>,
) -> Answer<Response> {
    let params = params?;
    let resume = positions(&headers, &params)?;
    let known = admit(&state, (&headers, &params), ip);
    let (endpoint, known) = known.map_err(|refused| refused.counted(&state).error)?;
    let listening = state.gateway.listen(endpoint, known, resume).await;
    let listening = listening.map_err(|close| match close {
        Close::SessionClosed => ApiError::Forbidden("the table was cleared, and its session is over".into()),
        _ => ApiError::Unavailable("the events of other servers are not there now; try again".into()),
    })?;
    let mut response = Endless { kind: "text/event-stream", stream: events(listening) }.into_reply();
    // Whoever may listen may read it.
    if let Some(origin) = headers.get(ORIGIN) {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        response.headers_mut().insert(VARY, HeaderValue::from_static("origin"));
    }
    Ok(response)
}

fn positions(headers: &HeaderMap, params: &Params) -> Answer<Option<StreamPositions>> {
    let header = headers.get(LAST_EVENT_ID).map(|value| value.to_str().unwrap_or("?"));
    let (field, id) = match (header, &params.last_event_id) {
        (Some(id), _) => ("Last-Event-ID", id),
        (None, Some(id)) => ("last_event_id", id.as_str()),
        (None, None) => return Ok(None),
    };
    // A browser that had no event yet sends none, or an empty one.
    if id.is_empty() {
        return Ok(None);
    }
    read_event_id(id).map(Some).ok_or_else(|| ApiError::Unreadable {
        field: Some(field.into()),
        detail: format!("{field}: {id:?} is not the id of an event of this stream"),
    })
}

/// As whom somebody listens, who it is and a place for it.
fn admit(
    state: &State,
    (headers, params): (&HeaderMap, &Params),
    ip: Option<IpAddr>,
) -> Result<(Endpoint, (Identity, Place)), Refused> {
    // As at the doors of the gateway: guests may come from any page.
    may_come(state, params.table_token.is_none().then_some(headers), ip)?;
    let (endpoint, identity) = identify(&state.gateway, headers, params)?;
    let place = state.gateway.take_place(&identity, ip)?;
    Ok((endpoint, (identity, place)))
}

/// Who it is, and as whom they listen.
fn identify(
    gateway: &Gateway,
    headers: &HeaderMap,
    params: &Params,
) -> Result<(Endpoint, Identity), Refusal> {
    let wanted = params.endpoint.map(Endpoint::from);
    if let Some(token) = &params.table_token {
        let endpoint = wanted.unwrap_or(Endpoint::Diner);
        return Ok((endpoint, gateway.identify(endpoint, token)?));
    }
    let by_header =
        || headers.contains_key("authorization").then(|| bearer_token(headers).unwrap_or_default());
    let token = params.token.as_deref().or_else(by_header).or_else(|| session_token(headers));
    let token = token.ok_or(TokenError::Missing)?;
    if let Some(endpoint) = wanted {
        return Ok((endpoint, gateway.identify(endpoint, token)?));
    }
    let [widest, others @ ..] = SIDES;
    let mut known = gateway.identify(widest, token).map(|identity| (widest, identity));
    for side in others {
        if !matches!(known, Err(Refusal::Role(_))) {
            break;
        }
        known = gateway.identify(side, token).map(|identity| (side, identity));
    }
    known
}

fn events(listening: Listening) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + Sync {
    unfold(listening, |mut listening| async move { Some((Ok(next(&mut listening).await?), listening)) })
}

async fn next(listening: &mut Listening) -> Option<Bytes> {
    match timeout(KEEP_ALIVE, listening.next()).await {
        Ok(notice) => Some(write(&notice?)),
        // A comment: it keeps the connection and is no event.
        Err(_) => Some(Bytes::from_static(b":\n\n")),
    }
}

fn write(notice: &Notice) -> Bytes {
    let Notice { kind, text, positions, retry_ms } = notice;
    let mut bytes = Vec::with_capacity(text.len() + 128);
    if let Some(retry_ms) = retry_ms {
        bytes.extend_from_slice(format!("retry: {retry_ms}\n").as_bytes());
    }
    let head = format!("id: {}\nevent: {kind}\ndata: ", write_event_id(positions));
    bytes.extend_from_slice(head.as_bytes());
    // JSON without a line break, as all that is written here.
    bytes.extend_from_slice(text);
    bytes.extend_from_slice(b"\n\n");
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::StreamPosition;

    #[test]
    fn an_event_is_written_as_browsers_read_it() {
        let position = StreamPosition { epoch: "a1".into(), offset: 7, recovered: None };
        let notice = Notice {
            kind: "ROUND_READY".into(),
            text: r#"{"type":"ROUND_READY"}"#.into(),
            positions: [("branch:5".to_owned(), position)].into(),
            retry_ms: None,
        };
        let text = "id: branch:5@a1:7\nevent: ROUND_READY\ndata: {\"type\":\"ROUND_READY\"}\n\n";
        assert_eq!(write(&notice), text);
        assert_eq!(write(&Notice { retry_ms: Some(250), ..notice }), format!("retry: 250\n{text}"));
    }
}
