//! Tokens for the guests of a table: whoever seats them gives them one.

use std::time::Duration;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::error::ApiError;
use super::journal::Note;
use super::reply::{Json, Told, respond};
use super::request::{Answer, json, with};
use super::{State, caller};
use crate::auth::{Action, Caller, TABLE_TTL, Table, Ttl};
use crate::domain::{BranchId, SessionId};
use crate::wire::{NewTableToken, TableTokenInput, ZoneClock};

/// Nobody sits longer, and such a token cannot be revoked.
const MAX_TTL: Duration = Duration::from_secs(24 * 3600);

/// Longest name of a table.
const MAX_NAME_CHARS: usize = 64;

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    warp::path!("api" / "v1" / "tokens" / "tables")
        .and(warp::post())
        .and(with(state.clone()))
        .and(caller())
        .and(json(state.max_body_bytes))
        .then(issue_table_token)
        .map(respond)
        .boxed()
}

/// Issues a token by which the guests of a table follow their own orders, until it ends or the table is cleared. It is kept
/// nowhere. Admins and waiters of the branch may.
#[utoipa::path(post, path = "/api/v1/tokens/tables", tag = "access",
    request_body(content = TableTokenInput, example = json!({"branch_id": 1, "session_id": "77", "table_id": "T-12", "ttl": "4h"})),
    responses((status = 200, body = NewTableToken), super::openapi::BadBody, super::openapi::Refusals))]
pub(super) async fn issue_table_token(
    state: State,
    caller: Caller,
    body: Answer<TableTokenInput>,
) -> Answer<Told<Json<NewTableToken>>> {
    super::permit(&caller, Action::SeatGuests)?;
    let TableTokenInput { branch_id, session_id, table_id, ttl } = body?;
    let branch = BranchId::new(branch_id).map_err(|error| ApiError::invalid("branch_id", error))?;
    if !caller.branches.contain(branch) {
        return Err(ApiError::invalid("branch_id", format!("{branch} is not a branch of yours")));
    }
    let session = SessionId::new(&session_id).map_err(|error| ApiError::invalid("session_id", error))?;
    if let Some(name) = &table_id
        && (!(1..=MAX_NAME_CHARS).contains(&name.chars().count()) || name.chars().any(char::is_control))
    {
        let detail = format!("must be 1 to {MAX_NAME_CHARS} printable characters");
        return Err(ApiError::invalid("table_id", detail));
    }
    let expires = state.clock.now() + ttl_of(ttl.as_deref())?.get();
    let table = Table { tenant: caller.tenant, branch, session, table: table_id, expires };
    let token = state.gateway.tables().issue(&table);
    let body = NewTableToken {
        token,
        branch_id,
        session_id,
        table_id: table.table,
        expires_at: ZoneClock::utc().write(expires),
    };
    Ok(Told::new(Json(body)).note(Note { branch: Some(branch), fields: None }).unkept())
}

fn ttl_of(text: Option<&str>) -> Answer<Ttl> {
    let Some(text) = text else { return Ok(TABLE_TTL) };
    let ttl: Ttl = text.parse().map_err(|error| ApiError::invalid("ttl", error))?;
    match ttl.get() <= MAX_TTL {
        true => Ok(ttl),
        false => Err(ApiError::invalid("ttl", "a table's token holds a day at most")),
    }
}
