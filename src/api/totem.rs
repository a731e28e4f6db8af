//! The door of totems and of those who watch them: `/ws`, the protocol of NeoTotem.
//!
//! Tokens come as at the gateway's doors. Old clients have none: they are let in from the networks that the settings name,
//! as of the tenant that they name.

use std::net::IpAddr;

use hyper::upgrade::OnUpgrade;
use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::HeaderMap;
use warp::reply::Response;

use super::error::ApiError;
use super::gate::Peer;
use super::gateway::{Refused, refused_place, refused_token};
use super::handshake::{V1, check_handshake, choose, may_connect, protocols, switching, take_over, token_of};
use super::reply::respond;
use super::request::{Answer, query, with};
use super::slots::is_here;
use super::{State, shifts};
use crate::auth::{Action, Bearer, Branches, TokenError};
use crate::domain::{BranchId, SectorId, TenantId};
use crate::gateway::{Close, Guest, Place, Refusal, Rejected};
use crate::totem::{Admit, MAX_NAME_CHARS, Stand, TotemArrival, Visitor};

/// Name of one that has neither a token nor a name of its own.
const NAMELESS: &str = "anonymous";

/// What may stand in a query.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Params {
    token: Option<String>,
    totem: Option<String>,
    branch_id: Option<i64>,
    sector_id: Option<i64>,
}

/// Which totem it is and where it stands, if the query says so.
#[derive(Debug, Clone)]
struct Wish {
    name: Option<String>,
    branch: Option<BranchId>,
    sector: Option<SectorId>,
}

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    warp::path!("ws")
        .and(warp::get())
        .and(with(state.clone()))
        .and(warp::header::headers_cloned())
        .and(query())
        .and(warp::ext::optional::<Peer>())
        .and(warp::ext::optional::<OnUpgrade>())
        .then(|state, headers, params, peer: Option<Peer>, upgrade| async move {
            let ip = peer.map(|Peer(address)| address.ip());
            open(&state, Request { headers, params: params?, ip }, upgrade).await
        })
        .map(respond)
        .boxed()
}

/// Totems send pictures and sound; they and those who watch are told what is seen and heard.
///
/// A WebSocket that speaks the protocol of NeoTotem, as `docs/totem.md` and `/api/v1/asyncapi.json` have it. The token comes
/// as at `/ws/waiter`; `neototem.anonymous_tenant` lets old clients in without one.
#[utoipa::path(get, path = "/ws", tag = "totems", security(()),
    params(("token" = Option<String>, Query, description = "The token"),
        ("totem" = Option<String>, Query, pattern = "^[a-z0-9][a-z0-9-]{0,39}$", description = "Which totem this is; default: by its token's holder"),
        ("branch_id" = Option<i64>, Query, description = "Where it stands; default: the token's first branch"),
        ("sector_id" = Option<i64>, Query, description = "As `branch_id`")),
    responses((status = 101, description = "The connection is a WebSocket now"),
        (status = 400, description = "No WebSocket handshake", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 401, description = "No token, or one that is not valid", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 403, description = "The page's origin does not allow it", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 404, description = "There is no such branch, or none that the token may see", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 422, description = "A name or number in the query is none", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 426, description = "This is a WebSocket, of version 13", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 429, description = "Too many connections of this address", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 503, description = "Too many connections in all, or the server stops", content_type = "application/problem+json", body = crate::wire::Problem)))]
#[expect(dead_code, reason = "read by the OpenAPI document only")]
pub(super) fn totem_socket() {}

/// Somebody at the door.
struct Request {
    headers: HeaderMap,
    params: Params,
    ip: Option<IpAddr>,
}

impl Request {
    /// Where it comes from; `None` on this very machine.
    fn outside(&self) -> Option<IpAddr> {
        self.ip.filter(|ip| !is_here(*ip))
    }
}

async fn open(state: &State, request: Request, upgrade: Option<OnUpgrade>) -> Answer<Response> {
    let accept = check_handshake(&request.headers)?;
    let upgrade = upgrade.ok_or_else(|| ApiError::Upgrade("HTTP/1.1 is needed".into()))?;
    let wish = wish(&request.params)?;
    let offered = protocols(&request.headers);
    let is_v1 = offered.contains(&V1);
    let (admitted, refused) = match admit(state, &request, &wish, &offered).await {
        Ok(admitted) => (admitted, None),
        Err(Refused { error, close, why }) => {
            why.into_iter().for_each(|why| state.gateway.figures().reject(why));
            if !is_v1 || state.gateway.is_stopping() {
                return Err(error);
            }
            (None, Some(close))
        }
    };
    let response = switching(&accept, choose(&offered));
    let (totems, ip) = (state.totems.clone(), request.outside());
    let asked = state.clone();
    let admit: Admit = Box::new(move |token| {
        Box::pin(async move { holder_of(&asked, &token, &wish).await.map_err(|refused| refused.close) })
    });
    let handshake = state.gateway.handshake();
    state.tasks.spawn(async move {
        let _handshake = handshake;
        match take_over(upgrade).await {
            Ok((line, begun)) => {
                totems.serve(TotemArrival { line, begun, admitted, admit, refused, ip });
            }
            Err(error) => tracing::debug!(%error, "a client left in the middle of its handshake"),
        }
    });
    Ok(response)
}

/// # Errors
/// When a name or number is none.
fn wish(params: &Params) -> Answer<Wish> {
    let fits = |name: &String| {
        (1..=MAX_NAME_CHARS).contains(&name.len())
            && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    if let Some(name) = params.totem.as_ref().filter(|name| !fits(name)) {
        let reason = format!("{name:?} is not 1 to {MAX_NAME_CHARS} of a-z, 0-9 and -");
        return Err(ApiError::invalid("totem", reason));
    }
    let branch = params.branch_id.map(BranchId::new).transpose();
    let sector = params.sector_id.map(SectorId::new).transpose();
    Ok(Wish {
        name: params.totem.clone(),
        branch: branch.map_err(|error| ApiError::invalid("branch_id", error))?,
        sector: sector.map_err(|error| ApiError::invalid("sector_id", error))?,
    })
}

/// Who it is and a place for it; `None` when its token is to come.
async fn admit(
    state: &State,
    request: &Request,
    wish: &Wish,
    offered: &[&str],
) -> Result<Option<(Visitor, Place)>, Refused> {
    let gateway = &state.gateway;
    if gateway.is_stopping() {
        let error = ApiError::Unavailable("the server is about to stop".into());
        return Err(Refused { error, close: Close::Restart, why: None });
    }
    let ip = request.outside();
    if let Some(ip) = ip {
        let counted = state.connects.count(None, ip);
        counted.map_err(|error| Refused { error, close: Close::TooFast, why: Some(Rejected::RateLimit) })?;
    }
    if !may_connect(state, &request.headers) {
        let error =
            ApiError::Forbidden("pages of this origin may not connect; see `gateway.allowed_origins`".into());
        return Err(Refused { error, close: Close::Forbidden, why: Some(Rejected::Auth) });
    }
    let visitor = match token_of(&request.headers, request.params.token.as_deref(), offered) {
        Some(token) => holder_of(state, &token, wish).await?,
        None if offered.contains(&V1) => return Ok(None),
        None => match request.ip.and_then(|ip| state.totems.tenant_at(ip)) {
            Some(tenant) => check_branch(state, nameless(tenant, wish), wish).await?,
            None => return Err(refused_token(Refusal::Token(TokenError::Missing))),
        },
    };
    let guest = Guest { tenant: visitor.stand.tenant, user: None, session: None, ip };
    match gateway.take_seat(guest) {
        Ok(place) => Ok(Some((visitor, place))),
        Err(full) => Err(refused_place(full)),
    }
}

/// Whoever holds `token`, as the totem that it wishes to be.
async fn holder_of(state: &State, token: &str, wish: &Wish) -> Result<Visitor, Refused> {
    let bearer = state.gateway.bearer(token).map_err(|error| refused_token(error.into()))?;
    let Bearer { caller, token, expires } = bearer;
    let first = match &caller.branches {
        Branches::Some(some) => some.first().copied().unwrap_or_default(),
        Branches::All => BranchId::default(),
    };
    super::permit(&caller, Action::View).map_err(refused_role)?;
    let may_send = caller.may(Action::Analyse);
    let name = wish.name.clone().unwrap_or(caller.subject);
    let branch = wish.branch.unwrap_or(first);
    let stand = Stand { tenant: caller.tenant, branch, sector: wish.sector, name };
    let visitor = Visitor { stand, branches: caller.branches, may_send, expires: Some(expires), token };
    check_branch(state, visitor, wish).await
}

/// `visitor` if there is a branch as it wishes, as far as it can tell.
async fn check_branch(state: &State, visitor: Visitor, wish: &Wish) -> Result<Visitor, Refused> {
    let Some(branch) = wish.branch else { return Ok(visitor) };
    let refused = refused_role;
    let sees = (visitor.stand.tenant, &visitor.branches);
    match shifts::stands(state, sees, branch).await.map_err(refused)? {
        true => Ok(visitor),
        false => Err(refused(ApiError::no("branch", branch))),
    }
}

/// Its token is good and says that it may not.
fn refused_role(error: ApiError) -> Refused {
    Refused { error, close: Close::Forbidden, why: Some(Rejected::Auth) }
}

fn nameless(tenant: TenantId, wish: &Wish) -> Visitor {
    let name = wish.name.clone().unwrap_or_else(|| NAMELESS.to_owned());
    let branch = wish.branch.unwrap_or_default();
    let stand = Stand { tenant, branch, sector: wish.sector, name };
    Visitor { stand, branches: Branches::All, may_send: true, expires: None, token: None }
}
