//! Who serves which sectors.

use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::branches::note;
use super::edit::text_of;
use super::error::ApiError;
use super::list::{self, Paging};
use super::reply::{Json, NoContent, Told, respond};
use super::request::{Answer, json, query, with};
use super::sectors::branch_of;
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::domain::{self, BranchId, SectorId};
use crate::store::Assigned;
use crate::wire::{Page, SectorAssignment, SectorAssignmentInput};

/// Nobody serves more.
const MAX_SECTORS: usize = 1000;

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let all = warp::path!("api" / "v1" / "sectors" / "assignments");
    let with_caller = || with(state.clone()).and(caller());
    let list = all.and(warp::get()).and(with_caller()).and(query()).then(list_assignments).map(respond);
    let put = all.and(warp::put()).and(with_caller()).and(json(state.max_body_bytes));
    let put = put.then(put_assignment).map(respond);
    let delete = all.and(warp::delete()).and(with_caller()).and(query()).then(delete_assignment).map(respond);
    list.or(put).unify().or(delete).unify().boxed()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AssignmentsQuery {
    user: Option<String>,
    branch_id: Option<i64>,
    sector_id: Option<i64>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Who serves which sectors of the caller's branches, by user and branch.
#[utoipa::path(get, path = "/api/v1/sectors/assignments", tag = "places",
    params(("user" = Option<String>, Query, description = "Of this one", example = "ana"),
        ("branch_id" = Option<i64>, Query, description = "Of this branch"),
        ("sector_id" = Option<i64>, Query, description = "Who serves this sector"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "1 to 500, default 100"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<SectorAssignment>), super::openapi::BadQuery, super::openapi::Away,
        super::openapi::Refusals))]
pub(super) async fn list_assignments(
    state: State,
    caller: Caller,
    query: Answer<AssignmentsQuery>,
) -> Answer<Json<Page<SectorAssignment>>> {
    super::permit(&caller, Action::View)?;
    let AssignmentsQuery { user, branch_id, sector_id, limit, cursor } = query?;
    let branch = list::filter_id("branch_id", branch_id, BranchId::new)?;
    let sector = list::filter_id("sector_id", sector_id, SectorId::new)?;
    let mut assignments = state.store.sector_assignments(caller.tenant).await?;
    assignments.retain(|assignment| {
        caller.branches.contain(assignment.branch)
            && user.as_ref().is_none_or(|user| *user == assignment.user)
            && branch.is_none_or(|branch| assignment.branch == branch)
            && sector.is_none_or(|sector| assignment.sectors.contains(&sector))
    });
    Ok(Json(list::page(assignments, key, Paging { limit, cursor }, |one| SectorAssignment::from(one))?))
}

/// Has somebody serve these sectors of a branch, in place of those that they served there. It holds for sockets that
/// are open as well.
#[utoipa::path(put, path = "/api/v1/sectors/assignments", tag = "places",
    request_body(content = SectorAssignmentInput, example = json!({"user": "ana", "branch_id": 1, "sector_ids": [1]})),
    responses((status = 200, body = SectorAssignment), super::openapi::BadBody, super::openapi::Away,
        super::openapi::Refusals))]
pub(super) async fn put_assignment(
    state: State,
    caller: Caller,
    body: Answer<SectorAssignmentInput>,
) -> Answer<Told<Json<SectorAssignment>>> {
    super::permit(&caller, Action::ConfigurePlaces)?;
    let SectorAssignmentInput { user, branch_id, sector_ids } = body?;
    let user = text_of("user", user)?;
    let wrong = |reason: String| ApiError::invalid("sector_ids", reason);
    if sector_ids.len() > MAX_SECTORS {
        return Err(wrong(format!("{} are more than {MAX_SECTORS}", sector_ids.len())));
    }
    let sectors = sector_ids.into_iter().map(SectorId::new).collect::<Result<Vec<_>, _>>();
    let mut sectors = sectors.map_err(|error| wrong(error.to_string()))?;
    sectors.sort_unstable();
    sectors.dedup();
    let branch = branch_of(&state, &caller, branch_id).await?;
    let assignment = domain::SectorAssignment { tenant: caller.tenant, branch, user, sectors };
    match state.store.put_sector_assignment(caller.tenant, &assignment).await? {
        Assigned::Done => {}
        Assigned::NoSector(sector) => {
            return Err(wrong(format!("there is no sector {sector} in branch {branch}")));
        }
    }
    (state.reassigned)(caller.tenant, Some(&assignment.user));
    Ok(Told::new(Json(SectorAssignment::from(&assignment))).note(note(branch)))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AssignmentQuery {
    user: String,
    branch_id: Option<i64>,
}

/// Takes all sectors of a branch from somebody.
#[utoipa::path(delete, path = "/api/v1/sectors/assignments", tag = "places",
    params(("user" = String, Query, description = "From this one", min_length = 1, max_length = 100),
        ("branch_id" = Option<i64>, Query, description = "Of this branch; default 1")),
    responses((status = 204), super::openapi::BadQuery, super::openapi::Absence, super::openapi::Away,
        super::openapi::Refusals))]
pub(super) async fn delete_assignment(
    state: State,
    caller: Caller,
    query: Answer<AssignmentQuery>,
) -> Answer<Told<NoContent>> {
    super::permit(&caller, Action::ConfigurePlaces)?;
    let AssignmentQuery { user, branch_id } = query?;
    let user = text_of("user", user)?;
    let branch = list::filter_id("branch_id", branch_id, BranchId::new)?.unwrap_or_default();
    let is_seen = caller.branches.contain(branch);
    if !is_seen || !state.store.delete_sector_assignment(caller.tenant, &user, branch).await? {
        return Err(ApiError::no("assignment of", &user));
    }
    (state.reassigned)(caller.tenant, Some(&user));
    Ok(Told::new(NoContent).note(note(branch)))
}

/// The place in the list, in characters that a URL takes as they are.
fn key(assignment: &domain::SectorAssignment) -> String {
    let user: String = assignment.user.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{user}-{}", list::number_key(assignment.branch.get()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TenantId;

    #[test]
    fn keys_are_in_the_order_of_users_and_branches() {
        let of = |user: &str, branch| domain::SectorAssignment {
            tenant: TenantId::default(),
            branch: BranchId::new(branch).unwrap(),
            user: user.into(),
            sectors: Vec::new(),
        };
        let all = [("a", 2), ("a", 10), ("a b", 1), ("aa", 1), ("b&c", 1), ("ñ", 1)];
        let keys = all.map(|(user, branch)| key(&of(user, branch)));
        assert!(
            keys.is_sorted()
                && keys.iter().all(|key| key.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'))
        );
    }
}
