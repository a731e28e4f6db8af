//! The doors of the gateway: `/ws/waiter`, `/ws/kitchen`, `/ws/admin`, `/ws/diner`.
//!
//! Who brings a token with the request learns from the answer's status why it is not let in. Browsers do not show that to
//! a page, so whoever speaks `atalaya.v1` is accepted first and told by a close; it may also bring its token as its first
//! message.

use std::net::IpAddr;
use std::str::FromStr;

use hyper::upgrade::OnUpgrade;
use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::HeaderMap;
use warp::reply::Response;

use super::State;
use super::error::ApiError;
use super::gate::Peer;
use super::handshake::{Handshake, Refused, V1, may_come, or_close, protocols, token_of};
use super::reply::respond;
use super::request::{Answer, query, with};
use super::slots::{is_here, network};
use crate::domain::Endpoint;
use crate::gateway::{Arrival, Close, Identity, Place};
use crate::wire::StreamPositions;

/// What may stand in a query.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Params {
    token: Option<String>,
    table_token: Option<String>,
    /// JSON of positions by stream.
    resume: Option<String>,
}

/// An endpoint by its name in the path.
struct Door(Endpoint);

impl FromStr for Door {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Endpoint::ALL.into_iter().find(|endpoint| endpoint.name() == name).map(Self).ok_or(())
    }
}

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    warp::path!("ws" / Door)
        .and(warp::get())
        .and(with(state.clone()))
        .and(warp::header::headers_cloned())
        .and(query())
        .and(warp::ext::optional::<Peer>())
        .and(warp::ext::optional::<OnUpgrade>())
        .then(|door: Door, state, headers, params, peer: Option<Peer>, upgrade| async move {
            let ip = peer.map(|Peer(address)| address.ip()).filter(|ip| !is_here(*ip)).map(network);
            let request = Request { endpoint: door.0, headers, params: params?, ip };
            open(&state, request, upgrade).await
        })
        .map(respond)
        .boxed()
}

macro_rules! door {
    ($name:ident, $path:literal, $who:literal) => {
        #[doc = $who]
        ///
        /// A WebSocket. The token comes as `?token=`, as `Authorization: Bearer`, as the sub-protocol after `bearer`, or
        /// with the sub-protocol `atalaya.v1` as the first message. What is said on it stands in `/api/v1/asyncapi.json`.
        #[utoipa::path(get, path = $path, tag = "gateway", security(()),
            params(("token" = Option<String>, Query, description = "The token"),
                ("table_token" = Option<String>, Query, description = "A table's token, of guests"),
                ("resume" = Option<String>, Query, description = "JSON of positions by stream, to get what was missed")),
            responses((status = 101, description = "The connection is a WebSocket now"),
                (status = 400, description = "No WebSocket handshake", content_type = "application/problem+json", body = crate::wire::Problem),
                (status = 401, description = "No token, or one that is not valid", content_type = "application/problem+json", body = crate::wire::Problem),
                (status = 403, description = "The token's roles, or the page's origin, do not allow it", content_type = "application/problem+json", body = crate::wire::Problem),
                (status = 426, description = "This is a WebSocket, of version 13", content_type = "application/problem+json", body = crate::wire::Problem),
                (status = 429, description = "Too many connections of this user, table or address", content_type = "application/problem+json", body = crate::wire::Problem),
                (status = 503, description = "Too many connections in all, or the server stops", content_type = "application/problem+json", body = crate::wire::Problem)))]
        #[expect(dead_code, reason = "read by the OpenAPI document only")]
        pub(super) fn $name() {}
    };
}

door!(waiter_socket, "/ws/waiter", "What waiters are told: of their sectors and tables.");
door!(kitchen_socket, "/ws/kitchen", "What the kitchen is told: of rounds.");
door!(admin_socket, "/ws/admin", "What admins are told: everything of their branches.");
door!(diner_socket, "/ws/diner", "What the guests of a table are told: of their own orders.");

/// Somebody at the door.
struct Request {
    endpoint: Endpoint,
    headers: HeaderMap,
    params: Params,
    /// `None` on this very machine.
    ip: Option<IpAddr>,
}

async fn open(state: &State, request: Request, upgrade: Option<OnUpgrade>) -> Answer<Response> {
    let handshake = Handshake::check(&request.headers, upgrade)?;
    let offered = protocols(&request.headers);
    let resume = request.params.resume.as_deref().map(read_resume).transpose()?;
    let gateway = &state.gateway;
    let let_in = match admit(state, &request, &offered) {
        Ok(Some(known)) => gateway.admit(request.endpoint, known).await.map(Some).map_err(refused_streams),
        Ok(None) => Ok(None),
        Err(refused) => Err(refused),
    };
    let admitted = or_close(state, let_in, &offered)?;
    let stranger = match admitted {
        Ok(Some(_)) => None,
        Ok(None) | Err(_) => Some(gateway.stranger().ok_or(ApiError::Busy(1))?),
    };
    let (gateway, endpoint, ip) = (gateway.clone(), request.endpoint, request.ip);
    let is_v1 = offered.contains(&V1);
    Ok(handshake.hand_over(state, &offered, move |line, begun| {
        gateway.serve(Arrival { line, begun, endpoint, is_v1, admitted, stranger, ip, resume });
    }))
}

fn read_resume(text: &str) -> Answer<StreamPositions> {
    serde_json::from_str(text).map_err(|error| ApiError::Unreadable {
        field: Some("resume".into()),
        detail: format!("resume: {error}; it is like {{\"branch:1\":{{\"epoch\":\"…\",\"offset\":7}}}}"),
    })
}

/// Who it is and a place for it; `None` when its token is to come.
fn admit(state: &State, request: &Request, offered: &[&str]) -> Result<Option<(Identity, Place)>, Refused> {
    let Request { endpoint, headers, ip, .. } = request;
    // Guests bring a secret of their own, whatever page it is shown on.
    may_come(state, (*endpoint != Endpoint::Diner).then_some(headers), *ip)?;
    let Some(token) = find_token(request, offered) else {
        return if offered.contains(&V1) { Ok(None) } else { Err(Refused::nameless()) };
    };
    let identity = state.gateway.identify(*endpoint, &token)?;
    let place = state.gateway.take_place(&identity, *ip)?;
    Ok(Some((identity, place)))
}

fn find_token(request: &Request, offered: &[&str]) -> Option<String> {
    let Request { endpoint, headers, params, .. } = request;
    let table = params.table_token.as_ref().filter(|_| *endpoint == Endpoint::Diner);
    token_of(headers, table.or(params.token.as_ref()).map(String::as_str), offered)
}

fn refused_streams(close: Close) -> Refused {
    let error = ApiError::Unavailable("the streams of events are not there now; try again".into());
    Refused { error, close, why: None }
}
