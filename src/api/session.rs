//! Logging in by a link, logging out, and who am I.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::http::header::{HeaderMap, HeaderValue, LOCATION, RETRY_AFTER, SET_COOKIE};
use warp::reply::Response as WarpResponse;

use super::access::SESSION_COOKIE;
use super::gate::Peer;
use super::reply::{Json, respond};
use super::request::{Answer, query, with};
use super::slots::{is_here, network};
use super::{State, caller, page};
use crate::auth::{Action, Branches, Caller, SESSION_TTL};
use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::wire::{Problem, Session};

/// Failed tries within [`WINDOW`] after which an address has to wait: a person who mistypes stays below it.
const MAX_FAILURES: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses remembered. An attacker with more of them has to sign a token all the same; the limit spares the log.
const MAX_ADDRESSES: usize = 4096;

const NO_COOKIE: &str = "atalaya_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0";

pub(super) fn routes(state: &State) -> BoxedFilter<(WarpResponse,)> {
    let login = warp::path!("login")
        .and(warp::get())
        .and(with(state.clone()))
        .and(warp::ext::get::<Peer>())
        .and(warp::header::headers_cloned())
        .and(query())
        .then(log_in);
    let logout = warp::path!("logout").and(warp::post()).map(log_out);
    let session =
        warp::path!("api" / "v1" / "session").and(warp::get()).and(caller()).map(get_session).map(respond);
    let end = warp::path!("api" / "v1" / "session").and(warp::delete()).map(end_session);
    login.or(logout).unify().or(session).unify().or(end).unify().boxed()
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct LoginQuery {
    #[serde(default)]
    token: String,
}

/// Turns a login link into a session's cookie.
#[utoipa::path(get, path = "/login", tag = "session", security(()),
    params(("token" = String, Query, description = "Of a login link; good once, for ten minutes")),
    responses(
        (status = 303, description = "Logged in; the cookie `atalaya_session` is set and `/` is next"),
        (status = 401, description = "The link was used before or is over; a page says how to get another", content_type = "text/html", body = String),
        (status = 429, description = "Too many failed tries from this address", content_type = "text/html", body = String)))]
pub(super) async fn log_in(
    state: State,
    Peer(peer): Peer,
    headers: HeaderMap,
    query: Answer<LoginQuery>,
) -> WarpResponse {
    let token = query.unwrap_or_default().token;
    // Before anything is counted: a good link works, however many bad ones came by the same proxy.
    let error = match state.links.redeem(&token) {
        Ok(caller) => return logged_in(&state.links.session(&caller), is_https(&headers)),
        Err(error) => error,
    };
    let Err(seconds) = state.login_tries.count(peer.ip()) else {
        tracing::warn!(%peer, %error, "a login link was refused");
        return page::login_refused(
            StatusCode::UNAUTHORIZED,
            "It was used before, is too old, or is not complete.",
        );
    };
    tracing::debug!(%peer, %error, "a login link was refused, as many before");
    let mut response = page::login_refused(
        StatusCode::TOO_MANY_REQUESTS,
        "There were too many failed tries from your address.",
    );
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// Whether the browser came by TLS, as a proxy in front says. A client that lies about it denies itself the cookie.
fn is_https(headers: &HeaderMap) -> Transport {
    match headers.get("x-forwarded-proto") {
        Some(proto) if proto.as_bytes().eq_ignore_ascii_case(b"https") => Transport::Tls,
        _ => Transport::Plain,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transport {
    Plain,
    Tls,
}

fn logged_in(token: &str, transport: Transport) -> WarpResponse {
    let secure = if transport == Transport::Tls { "; Secure" } else { "" };
    let seconds = SESSION_TTL.get().as_secs();
    let cookie =
        format!("{SESSION_COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
    let mut response = set_cookie(StatusCode::SEE_OTHER, &cookie);
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/"));
    response
}

/// Forgets the session's cookie.
#[utoipa::path(post, path = "/logout", tag = "session", security(()),
    responses((status = 303, description = "Logged out; the cookie is gone and `/` is next"),
        (status = 403, description = "Sent from a page of another origin", body = Problem, content_type = "application/problem+json")))]
pub(super) fn log_out() -> WarpResponse {
    let mut response = set_cookie(StatusCode::SEE_OTHER, NO_COOKIE);
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/"));
    response
}

/// Forgets the session's cookie, for programs.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses((status = 204), super::openapi::Refusals))]
pub(super) fn end_session() -> WarpResponse {
    set_cookie(StatusCode::NO_CONTENT, NO_COOKIE)
}

fn set_cookie(status: StatusCode, cookie: &str) -> WarpResponse {
    let mut response = WarpResponse::new("".into());
    *response.status_mut() = status;
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// Who am I, and what may I do.
#[utoipa::path(get, path = "/api/v1/session", tag = "session",
    responses((status = 200, body = Session), super::openapi::Refusals))]
pub(super) fn get_session(caller: Caller) -> Answer<Json<Session>> {
    let branch_ids = match &caller.branches {
        Branches::All => Vec::new(),
        Branches::Some(some) => some.iter().map(|id| id.get()).collect(),
    };
    Ok(Json(Session {
        tenant_id: caller.tenant.get(),
        branch_ids,
        roles: caller.roles.iter().map(|role| role.name().to_owned()).collect(),
        may: Action::ALL.into_iter().filter(|a| caller.may(*a)).map(|a| a.name().to_owned()).collect(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        subject: caller.subject,
    }))
}

/// Failed logins by address.
#[derive(Debug)]
pub(super) struct LoginTries {
    clock: Clock,
    failures: Mutex<HashMap<IpAddr, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    first: Timestamp,
}

impl LoginTries {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, failures: Mutex::default() }
    }

    /// Counts a failure.
    ///
    /// # Errors
    /// Seconds to wait when there were too many from there, unless that is this very machine: behind a proxy,
    /// everybody is.
    fn count(&self, address: IpAddr) -> Result<(), u64> {
        if is_here(address) {
            return Ok(());
        }
        let now = self.clock.now();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|_, failures| now.since(failures.first) < WINDOW);
        let network = network(address);
        if failures.len() >= MAX_ADDRESSES && !failures.contains_key(&network) {
            return Ok(());
        }
        let own = failures.entry(network).or_insert(Failures { count: 0, first: now });
        if own.count >= MAX_FAILURES {
            return Err(WINDOW.saturating_sub(now.since(own.first)).as_secs().max(1));
        }
        own.count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_fails_too_often_has_to_wait_and_no_other() {
        let clock = Clock::held_at(Timestamp::from_millis(0));
        let tries = LoginTries::new(clock.clone());
        let count = |address: &str| tries.count(address.parse().unwrap());
        for _ in 0..MAX_FAILURES {
            assert_eq!(count("192.0.2.1"), Ok(()));
        }
        clock.advance(Duration::from_secs(20));
        assert_eq!(count("192.0.2.1"), Err(40));
        assert_eq!(count("::ffff:192.0.2.1"), Err(40), "the same address");
        assert_eq!(count("192.0.2.2"), Ok(()));
        clock.advance(Duration::from_secs(40));
        assert_eq!(count("192.0.2.1"), Ok(()));
    }

    #[test]
    fn whoever_comes_by_a_proxy_on_this_machine_never_waits_for_others() {
        let tries = LoginTries::new(Clock::held_at(Timestamp::from_millis(0)));
        for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            for _ in 0..3 * MAX_FAILURES {
                assert_eq!(tries.count(address.parse().unwrap()), Ok(()));
            }
        }
    }
}
