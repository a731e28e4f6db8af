//! How a connection becomes a WebSocket, where its token may come from and why it is not let in: the same at every door.

use std::net::IpAddr;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tungstenite::handshake::derive_accept_key;
use warp::http::header::{
    AUTHORIZATION, CONNECTION, HeaderMap, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use warp::http::{Response as HttpResponse, StatusCode};
use warp::reply::Response;

use super::State;
use super::access::{bearer_token, same_origin, session_token};
use super::error::ApiError;
use super::patient::Patient;
use super::request::Answer;
use crate::auth::TokenError;
use crate::gateway::{Close, Full, Line, Refusal, Rejected};

/// The sub-protocol of clients that know of our close codes, and of streams and positions where there are any.
pub(super) const V1: &str = "atalaya.v1";

/// The sub-protocol after whose name a token stands.
const BEARER: &str = "bearer";

/// Why somebody is not let in.
pub(super) struct Refused {
    pub(super) error: ApiError,
    pub(super) close: Close,
    pub(super) why: Option<Rejected>,
}

impl Refused {
    /// No token came.
    pub(super) fn nameless() -> Self {
        Refusal::Token(TokenError::Missing).into()
    }

    /// Counts it.
    pub(super) fn counted(self, state: &State) -> Self {
        self.why.into_iter().for_each(|why| state.gateway.figures().reject(why));
        self
    }
}

impl From<ApiError> for Refused {
    /// Whoever may not come need not try again; it is no fault of theirs that something is away.
    fn from(error: ApiError) -> Self {
        let (close, why) = match error.status().is_server_error() {
            true => (Close::TryLater, None),
            false => (Close::Forbidden, Some(Rejected::Auth)),
        };
        Self { error, close, why }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let (close, why) = (refusal.close(), refusal.rejected());
        let error = match refusal {
            Refusal::Token(error) => ApiError::NoToken(error),
            Refusal::Role(_) => ApiError::Forbidden(refusal.to_string()),
        };
        Self { error, close, why }
    }
}

impl From<Full> for Refused {
    fn from(full: Full) -> Self {
        let error = match full {
            Full::User => ApiError::TooMany(
                "this user has as many connections open as may be (`gateway.max_per_user`); close one first"
                    .into(),
            ),
            Full::Session => ApiError::TooMany(
                "as many guests of this table are connected as may be (`gateway.max_per_session`)".into(),
            ),
            Full::Ip => ApiError::TooMany(
                "as many connections of this address are open as may be (`gateway.max_per_ip`)".into(),
            ),
            Full::Tenant | Full::Total => ApiError::Busy(1),
        };
        Self { error, close: full.close(), why: Some(full.into()) }
    }
}

/// Whether anybody may come now, from `ip` (`None` on this very machine) and by the page that the headers name, where
/// that matters.
///
/// # Errors
/// Why not.
pub(super) fn may_come(state: &State, page: Option<&HeaderMap>, ip: Option<IpAddr>) -> Result<(), Refused> {
    if state.gateway.is_stopping() {
        let error = ApiError::Unavailable("the server is about to stop".into());
        return Err(Refused { error, close: Close::Restart, why: None });
    }
    if let Some(ip) = ip {
        let counted = state.connects.count(None, ip);
        counted.map_err(|error| Refused { error, close: Close::TooFast, why: Some(Rejected::RateLimit) })?;
    }
    if page.is_some_and(|headers| !may_connect(state, headers)) {
        let error =
            ApiError::Forbidden("pages of this origin may not connect; see `gateway.allowed_origins`".into());
        return Err(error.into());
    }
    Ok(())
}

/// A handshake that can be answered.
pub(super) struct Handshake {
    accept: String,
    upgrade: OnUpgrade,
}

impl Handshake {
    /// # Errors
    /// When it is none.
    pub(super) fn check(headers: &HeaderMap, upgrade: Option<OnUpgrade>) -> Answer<Self> {
        let accept = check_handshake(headers)?;
        let upgrade = upgrade.ok_or_else(|| ApiError::Upgrade("HTTP/1.1 is needed".into()))?;
        Ok(Self { accept, upgrade })
    }

    /// The answer; `serve` goes on with the client's line and what came through it already.
    pub(super) fn hand_over(
        self,
        state: &State,
        offered: &[&str],
        serve: impl FnOnce(Line, Vec<u8>) + Send + 'static,
    ) -> Response {
        let Self { accept, upgrade } = self;
        let handshake = state.gateway.handshake();
        state.tasks.spawn(async move {
            let _handshake = handshake;
            match take_over(upgrade).await {
                Ok((line, begun)) => serve(line, begun),
                Err(error) => tracing::debug!(%error, "a client left in the middle of its handshake"),
            }
        });
        switching(&accept, choose(offered))
    }
}

/// Who is let in, or the close by which it is told that it is not.
///
/// # Errors
/// Why it is not, when the handshake is answered with that: the server stops, or it knows of no closes.
pub(super) fn or_close<T>(
    state: &State,
    let_in: Result<T, Refused>,
    offered: &[&str],
) -> Answer<Result<T, Close>> {
    match let_in.map_err(|refused| refused.counted(state)) {
        Ok(let_in) => Ok(Ok(let_in)),
        Err(Refused { close, .. }) if offered.contains(&V1) && !state.gateway.is_stopping() => Ok(Err(close)),
        Err(Refused { error, .. }) => Err(error),
    }
}

async fn take_over(upgrade: OnUpgrade) -> Result<(Line, Vec<u8>), hyper::Error> {
    let parts = upgrade.await?.downcast::<TokioIo<Patient>>();
    let parts = parts.expect("connections of this server should be of one kind");
    Ok((parts.io.into_inner().into_stream(), parts.read_buf.to_vec()))
}

fn switching(accept: &str, protocol: Option<&'static str>) -> Response {
    let mut response = HttpResponse::new("".into());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(
        SEC_WEBSOCKET_ACCEPT,
        HeaderValue::from_str(accept).expect("base64 should be a header's value"),
    );
    if let Some(protocol) = protocol {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    response
}

/// RFC 6455, section 4.2.1.
fn check_handshake(headers: &HeaderMap) -> Answer<String> {
    let says = |name: HeaderName, word: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case(word))
    };
    if !says(UPGRADE, "websocket") || !says(CONNECTION, "upgrade") {
        return Err(ApiError::Upgrade("this is a WebSocket: connect with a WebSocket client".into()));
    }
    let version = headers.get(SEC_WEBSOCKET_VERSION).and_then(|value| value.to_str().ok());
    if version.map(str::trim) != Some("13") {
        return Err(ApiError::Upgrade("version 13 of the WebSocket protocol is needed".into()));
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).and_then(|value| value.to_str().ok()).map(str::trim);
    let is_key = |key: &&str| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16)
    };
    key.filter(is_key).map(|key| derive_accept_key(key.as_bytes())).ok_or_else(|| ApiError::Unreadable {
        field: None,
        detail: "`Sec-WebSocket-Key` is missing, or is not 16 bytes in base64".into(),
    })
}

/// Sub-protocols, in the client's order. A token stands among them after `bearer`.
pub(super) fn protocols(headers: &HeaderMap) -> Vec<&str> {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// The sub-protocol that is spoken, of those that are offered.
fn choose(offered: &[&str]) -> Option<&'static str> {
    if offered.contains(&V1) { Some(V1) } else { offered.contains(&BEARER).then_some(BEARER) }
}

/// Whether the page that connects may: it says no origin, as programs do, or one that is known.
fn may_connect(state: &State, headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let known = state.cors_origins.iter().chain(&state.socket_origins);
    same_origin(headers) || known.into_iter().any(|known| known.as_bytes() == origin.as_bytes())
}

/// The token of a handshake; `given` stands in its query.
pub(super) fn token_of(headers: &HeaderMap, given: Option<&str>, offered: &[&str]) -> Option<String> {
    let after_bearer = || offered.iter().skip_while(|name| **name != BEARER).nth(1).copied();
    let by_header = || match headers.contains_key(AUTHORIZATION) {
        // A header that is there but wrong is a token that is not valid.
        true => Some(bearer_token(headers).unwrap_or_default()),
        false => None,
    };
    // The console's own pages have no token that scripts could see.
    let by_cookie =
        || session_token(headers).filter(|_| headers.contains_key(ORIGIN) && same_origin(headers));
    given.or_else(by_header).or_else(after_bearer).or_else(by_cookie).map(str::to_owned)
}
