//! The door of totems and of those who watch them: `/ws`, the protocol of NeoTotem.
//!
//! Tokens come as at the gateway's doors. Old clients have none: they are let in from the networks that the settings name,
//! as of the tenant that they name.

use std::net::IpAddr;
use std::sync::Arc;

use hyper::upgrade::OnUpgrade;
use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::header::HeaderMap;
use warp::reply::Response;

use super::error::ApiError;
use super::gate::Peer;
use super::handshake::{Handshake, Refused, V1, may_come, or_close, protocols, token_of};
use super::reply::respond;
use super::request::{Answer, query, with};
use super::slots::is_here;
use super::{State, sectors, shifts};
use crate::auth::{Action, Bearer, Branches};
use crate::domain::{BranchId, CameraId, SectorId, TenantId};
use crate::gateway::{Guest, Place, Refusal};
use crate::totem::{Admit, MAX_NAME_CHARS, NAMELESS, Stand, TotemArrival, Visitor};

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
        ("branch_id" = Option<i64>, Query, description = "Where it stands; default: the token's first branch, or the tenant's when the token is for all"),
        ("sector_id" = Option<i64>, Query, description = "As `branch_id`")),
    responses((status = 101, description = "The connection is a WebSocket now"),
        (status = 400, description = "No WebSocket handshake", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 401, description = "No token, or one that is not valid", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 403, description = "The page's origin does not allow it", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 404, description = "There is no such branch or none that the token may see, or the sector is in another one", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 422, description = "A name or number in the query is none", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 426, description = "This is a WebSocket, of version 13", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 429, description = "Too many connections of this address", content_type = "application/problem+json", body = crate::wire::Problem),
        (status = 503, description = "Too many connections in all, or the server stops, or the database is away", content_type = "application/problem+json", body = crate::wire::Problem)))]
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
    let handshake = Handshake::check(&request.headers, upgrade)?;
    let wish = wish(&request.params)?;
    let offered = protocols(&request.headers);
    let let_in = admit(state, &request, &wish, &offered).await;
    let admitted = or_close(state, let_in, &offered)?;
    let (totems, asked, ip) = (state.totems.clone(), state.clone(), request.outside());
    let admit: Admit = Box::new(move |token| {
        Box::pin(async move {
            let known = introduce(&asked, &token, (&wish, ip)).await;
            known.map_err(|refused| refused.counted(&asked).close)
        })
    });
    Ok(handshake.hand_over(state, &offered, move |line, begun| {
        totems.serve(TotemArrival { line, begun, admitted, admit });
    }))
}

/// # Errors
/// When a name or number is none.
fn wish(params: &Params) -> Answer<Wish> {
    let fits = |name: &String| name.len() <= MAX_NAME_CHARS && CameraId::new(name).is_ok();
    if let Some(name) = params.totem.as_ref().filter(|name| !fits(name)) {
        let reason = format!("{name:?} is not 1 to {MAX_NAME_CHARS} of a-z, 0-9 and -, or starts with -");
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
    may_come(state, Some(&request.headers), request.outside())?;
    let visitor = match token_of(&request.headers, request.params.token.as_deref(), offered) {
        Some(token) => holder_of(state, &token, wish).await?,
        None if offered.contains(&V1) => return Ok(None),
        None => match request.ip.and_then(|ip| state.totems.tenant_at(ip)) {
            Some(tenant) => nameless(state, tenant, wish).await?,
            None => return Err(Refused::nameless()),
        },
    };
    seated(state, visitor, request.outside()).map(Some)
}

/// Whoever holds the token that came as the first message, and a place for it.
async fn introduce(
    state: &State,
    token: &str,
    (wish, ip): (&Wish, Option<IpAddr>),
) -> Result<(Visitor, Place), Refused> {
    let visitor = holder_of(state, token, wish).await?;
    seated(state, visitor, ip)
}

fn seated(state: &State, visitor: Visitor, ip: Option<IpAddr>) -> Result<(Visitor, Place), Refused> {
    let guest = Guest { tenant: visitor.stand.tenant, user: None, session: None, ip };
    let place = state.gateway.take_seat(guest)?;
    Ok((visitor, place))
}

/// Whoever holds `token`, as the totem that it wishes to be.
async fn holder_of(state: &State, token: &str, wish: &Wish) -> Result<Visitor, Refused> {
    let bearer = state.gateway.bearer(token).map_err(Refusal::Token)?;
    let Bearer { caller, token, expires } = bearer;
    super::permit(&caller, Action::View)?;
    let branch = shifts::branch(state, &caller, wish.branch.map(BranchId::get)).await?;
    sectors::is_of(state, (caller.tenant, branch), wish.sector).await?;
    let may_send = caller.may(Action::Analyse);
    let name = wish.name.clone().unwrap_or(caller.subject);
    let stand = Stand { tenant: caller.tenant, branch, sector: wish.sector, name };
    Ok(Visitor {
        stand,
        branches: caller.branches,
        may_send,
        expires: Some(expires),
        token: token.map(Arc::from),
    })
}

/// One without a token, if it stands where it says.
async fn nameless(state: &State, tenant: TenantId, wish: &Wish) -> Result<Visitor, Refused> {
    let branch = wish.branch.unwrap_or_default();
    if !shifts::stands(state, (tenant, &Branches::All), branch).await? {
        return Err(ApiError::no("branch", branch).into());
    }
    sectors::is_of(state, (tenant, branch), wish.sector).await?;
    let name = wish.name.clone().unwrap_or_else(|| NAMELESS.to_owned());
    let stand = Stand { tenant, branch, sector: wish.sector, name };
    Ok(Visitor { stand, branches: Branches::All, may_send: true, expires: None, token: None })
}
