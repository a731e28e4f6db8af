//! Who changed what: for admins to read.

use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::error::ApiError;
use super::reply::{Json, respond};
use super::request::{Answer, instant_in, query, with};
use super::{State, caller};
use crate::auth::{Action, Branches, Caller};
use crate::domain;
use crate::store::{ChangeFilter, MAX_PAGE};
use crate::wire::{Change, Page};

const DEFAULT_PAGE: u32 = 100;

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    warp::path!("api" / "v1" / "audit")
        .and(warp::get())
        .and(with(state.clone()))
        .and(caller())
        .and(query())
        .then(list_changes)
        .map(respond)
        .boxed()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    from: Option<String>,
    to: Option<String>,
    subject: Option<String>,
    resource: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Who changed what, newest first. A token of some branches sees the changes of these.
#[utoipa::path(get, path = "/api/v1/audit", tag = "access",
    params(("from" = Option<String>, Query, format = DateTime, description = "From this instant on", example = "2026-05-04T00:00:00Z"),
        ("to" = Option<String>, Query, format = DateTime, description = "Before this instant", example = "2026-05-05T00:00:00Z"),
        ("subject" = Option<String>, Query, description = "Made by this one", example = "ana"),
        ("resource" = Option<String>, Query, description = "Of this resource and all below it", example = "cameras/hall"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "1 to 500, default 100"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<Change>), super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn list_changes(
    state: State,
    caller: Caller,
    query: Answer<AuditQuery>,
) -> Answer<Json<Page<Change>>> {
    super::permit(&caller, Action::ReadAudit)?;
    let AuditQuery { from, to, subject, resource, limit, cursor } = query?;
    let limit = limit.unwrap_or(DEFAULT_PAGE);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("{limit} is not within 1..={MAX_PAGE}")));
    }
    let filter = ChangeFilter {
        from: from.map(|text| instant_in("from", &text)).transpose()?,
        to: to.map(|text| instant_in("to", &text)).transpose()?,
        subject,
        resource,
    };
    // What is of no branch concerns all of them.
    let may_see = |change: &domain::Change| match &caller.branches {
        Branches::All => true,
        Branches::Some(some) => change.branch.is_some_and(|branch| some.contains(&branch)),
    };
    let page = state.store.changes(caller.tenant, &filter, may_see, (cursor.as_deref(), limit)).await?;
    Ok(Json(Page { items: page.items.iter().map(Into::into).collect(), next_cursor: page.next_cursor }))
}
