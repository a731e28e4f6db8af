//! Sectors: the areas of branches.

use serde::Deserialize;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::branches::note;
use super::conditions::{Conditions, Tag, conditions};
use super::edit::text_of;
use super::error::ApiError;
use super::list::{self, Paging, mentions};
use super::reply::{Created, Json, NoContent, Told, respond};
use super::request::{Answer, json, query, with};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::domain::{self, BranchId, SectorId, TenantId};
use crate::store::Swap;
use crate::wire::{Page, Problem, Sector, SectorInput, SectorPatch};

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let all = warp::path!("api" / "v1" / "sectors");
    let one = warp::path!("api" / "v1" / "sectors" / String);
    let with_caller = || with(state.clone()).and(caller());
    let limit = state.max_body_bytes;
    let list = all.and(warp::get()).and(with_caller()).and(query()).then(list_sectors).map(respond);
    let create = all.and(warp::post()).and(with_caller()).and(json(limit)).then(create_sector).map(respond);
    let given = || with_caller().and(conditions());
    let get = one.and(warp::get()).and(given()).then(get_sector).map(respond);
    let put = one.and(warp::put()).and(given()).and(json(limit)).then(put_sector).map(respond);
    let patch = one.and(warp::patch()).and(given()).and(json(limit)).then(patch_sector).map(respond);
    let delete = one.and(warp::delete()).and(given()).then(delete_sector).map(respond);
    let write = create.or(put).unify().or(patch).unify().or(delete).unify();
    list.or(get).unify().or(write).unify().boxed()
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SectorsQuery {
    branch_id: Option<i64>,
    q: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// The sectors of the caller's branches, by id.
#[utoipa::path(get, path = "/api/v1/sectors", tag = "places",
    params(("branch_id" = Option<i64>, Query, description = "Of this branch"),
        ("q" = Option<String>, Query, description = "With this in their name", example = "terr"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "1 to 500, default 100"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, body = Page<Sector>), super::openapi::BadQuery, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn list_sectors(
    state: State,
    caller: Caller,
    query: Answer<SectorsQuery>,
) -> Answer<Json<Page<Sector>>> {
    super::permit(&caller, Action::View)?;
    let SectorsQuery { branch_id, q, limit, cursor } = query?;
    let branch = list::filter_id("branch_id", branch_id, BranchId::new)?;
    let mut sectors = state.store.sectors(caller.tenant).await?;
    sectors.retain(|sector| {
        caller.branches.contain(sector.branch)
            && branch.is_none_or(|branch| sector.branch == branch)
            && mentions(&sector.name, q.as_deref())
    });
    let key = |sector: &domain::Sector| list::number_key(sector.id.get());
    Ok(Json(list::page(sectors, key, Paging { limit, cursor }, |sector| Sector::from(sector))?))
}

/// Creates a sector in a branch that is there.
#[utoipa::path(post, path = "/api/v1/sectors", tag = "places",
    request_body(content = SectorInput, example = json!({"branch_id": 1, "name": "Terrace"})),
    responses((status = 201, body = Sector, headers(("Location" = String), ("ETag" = String))),
        (status = 409, description = "The id is taken, or named by a camera of another branch", body = Problem, content_type = "application/problem+json"),
        super::openapi::BadBody, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn create_sector(
    state: State,
    caller: Caller,
    body: Answer<SectorInput>,
) -> Answer<Told<Created<Sector>>> {
    super::permit(&caller, Action::ConfigurePlaces)?;
    let body = body?;
    let given = body.id.map(sector_id).transpose()?;
    let branch = branch_of(&state, &caller, body.branch_id).await?;
    let name = text_of("name", body.name)?;
    let create = async |id| {
        let sector = domain::Sector { id, tenant: caller.tenant, branch, name: name.clone() };
        state.store.create_sector(caller.tenant, &sector).await.map(|()| sector)
    };
    let sector = match given {
        Some(id) => {
            check_unnamed(&state, (caller.tenant, branch), id)?;
            create(id).await?
        }
        // Another one may take the number in between: then the next is tried, once.
        None => match create(next(&state, caller.tenant).await?).await {
            Err(crate::store::StoreError::Conflict(_)) => create(next(&state, caller.tenant).await?).await?,
            done => done?,
        },
    };
    let location = format!("/api/v1/sectors/{}", sector.id);
    Ok(told(&state, &sector, Created { location, body: Sector::from(&sector) }))
}

/// One sector.
#[utoipa::path(get, path = "/api/v1/sectors/{id}", tag = "places", params(("id" = i64, Path)),
    responses((status = 200, body = Sector, headers(("ETag" = String))), super::openapi::Absence, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn get_sector(
    id: String,
    state: State,
    caller: Caller,
    conditions: Conditions,
) -> Answer<Response> {
    super::permit(&caller, Action::View)?;
    let sector = find(&state, &caller, &id).await?;
    conditions.answer(&tag(&state, &sector), Sector::from(&sector))
}

/// Puts another description in place of the sector's.
#[utoipa::path(put, path = "/api/v1/sectors/{id}", tag = "places", params(("id" = i64, Path)),
    request_body(content = SectorInput, example = json!({"branch_id": 1, "name": "Terrace"})),
    responses((status = 200, body = Sector, headers(("ETag" = String))), super::openapi::Absence, super::openapi::BadBody,
        (status = 409, description = "Cameras are in it, and it would be of another branch", body = Problem, content_type = "application/problem+json"),
        super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn put_sector(
    id: String,
    state: State,
    caller: Caller,
    conditions: Conditions,
    body: Answer<SectorInput>,
) -> Answer<Told<Json<Sector>>> {
    let SectorInput { id: given, branch_id, name } = body?;
    if given.is_some_and(|given| given.to_string() != id) {
        return Err(ApiError::invalid("id", "a sector's id cannot change"));
    }
    let branch_id = branch_id.or(Some(BranchId::default().get()));
    rewrite(state, caller, &id, conditions, SectorPatch { branch_id, name: Some(name) }).await
}

/// Changes what is given and leaves the rest.
#[utoipa::path(patch, path = "/api/v1/sectors/{id}", tag = "places", params(("id" = i64, Path)),
    request_body(content = SectorPatch, example = json!({"name": "Roof"})),
    responses((status = 200, body = Sector, headers(("ETag" = String))), super::openapi::Absence, super::openapi::BadBody,
        (status = 409, description = "Cameras are in it, and it would be of another branch", body = Problem, content_type = "application/problem+json"),
        super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn patch_sector(
    id: String,
    state: State,
    caller: Caller,
    conditions: Conditions,
    body: Answer<SectorPatch>,
) -> Answer<Told<Json<Sector>>> {
    rewrite(state, caller, &id, conditions, body?).await
}

async fn rewrite(
    state: State,
    caller: Caller,
    id: &str,
    conditions: Conditions,
    patch: SectorPatch,
) -> Answer<Told<Json<Sector>>> {
    super::permit(&caller, Action::ConfigurePlaces)?;
    let before = find(&state, &caller, id).await?;
    conditions.allow(&tag(&state, &before))?;
    let mut after = before.clone();
    if let Some(branch) = patch.branch_id {
        after.branch = branch_of(&state, &caller, Some(branch)).await?;
    }
    if after.branch != before.branch {
        check_empty(&state, &before)?;
    }
    if let Some(name) = patch.name {
        after.name = text_of("name", name)?;
    }
    done(state.store.swap_sector(caller.tenant, &before, Some(&after)).await?, &conditions)?;
    if after.branch != before.branch {
        (state.reassigned)(caller.tenant, None);
    }
    Ok(told(&state, &after, Json(Sector::from(&after))))
}

/// Deletes a sector that no camera is in; nobody serves it any more.
#[utoipa::path(delete, path = "/api/v1/sectors/{id}", tag = "places", params(("id" = i64, Path)),
    responses((status = 204), super::openapi::Absence,
        (status = 409, description = "Cameras are in it", body = Problem, content_type = "application/problem+json"),
        super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn delete_sector(
    id: String,
    state: State,
    caller: Caller,
    conditions: Conditions,
) -> Answer<Told<NoContent>> {
    super::permit(&caller, Action::ConfigurePlaces)?;
    let sector = find(&state, &caller, &id).await?;
    conditions.allow(&tag(&state, &sector))?;
    check_empty(&state, &sector)?;
    done(state.store.swap_sector(caller.tenant, &sector, None).await?, &conditions)?;
    (state.reassigned)(caller.tenant, None);
    Ok(Told::new(NoContent).note(note(sector.branch)))
}

/// A number that no sector has, and that no camera names: those of the file may name sectors that are not there yet.
async fn next(state: &State, tenant: TenantId) -> Answer<SectorId> {
    let next = state.store.next_sector(tenant).await?;
    let named = state.cameras.list(tenant).iter().filter_map(|handle| handle.camera().sector).max();
    let after = named.and_then(|named| SectorId::new(named.get().checked_add(1)?).ok());
    Ok(after.map_or(next, |after| after.max(next)))
}

/// # Errors
/// When a camera of another branch names it, which would be in a sector that is not one of its branch.
fn check_unnamed(state: &State, (tenant, branch): (TenantId, BranchId), id: SectorId) -> Answer<()> {
    let mut cameras = state.cameras.list(tenant).into_iter().map(|handle| handle.camera());
    match cameras.find(|camera| camera.sector == Some(id) && camera.branch != branch) {
        None => Ok(()),
        Some(camera) => {
            let (name, its) = (&camera.id, camera.branch);
            Err(ApiError::Conflict(format!("camera \"{name}\" of branch {its} is in sector {id}")))
        }
    }
}

/// # Errors
/// When a camera is in it, which would be in a sector that is not one of its branch.
fn check_empty(state: &State, sector: &domain::Sector) -> Answer<()> {
    let handles = state.cameras.list(sector.tenant);
    if handles.iter().any(|handle| handle.camera().sector == Some(sector.id)) {
        return Err(ApiError::Conflict(format!("cameras are in sector {}", sector.id)));
    }
    Ok(())
}

/// # Errors
/// When somebody else was faster.
fn done(swap: Swap, conditions: &Conditions) -> Answer<()> {
    match swap {
        Swap::Done => Ok(()),
        Swap::Changed if conditions.bind() => Err(ApiError::Precondition),
        Swap::Changed => Err(ApiError::Conflict("somebody else has just changed it; try again".into())),
    }
}

/// The sector `id`, as far as `caller` can tell.
async fn find(state: &State, caller: &Caller, id: &str) -> Answer<domain::Sector> {
    let number = id.parse().ok().and_then(|id| SectorId::new(id).ok());
    let sector = match number {
        Some(number) => state.store.sector(caller.tenant, number).await?,
        None => None,
    };
    let seen = sector.filter(|sector| caller.branches.contain(sector.branch));
    seen.ok_or_else(|| ApiError::no("sector", id))
}

pub(super) async fn branch_of(state: &State, caller: &Caller, id: Option<i64>) -> Answer<BranchId> {
    let id = id.unwrap_or(BranchId::default().get());
    let branch = BranchId::new(id).map_err(|error| ApiError::invalid("branch_id", error))?;
    if super::shifts::exists(state, caller, branch).await? {
        Ok(branch)
    } else {
        Err(ApiError::invalid("branch_id", format!("there is no branch {id}")))
    }
}

/// Fails when the sector is one of another branch. One that is not known may be anywhere: tokens name some into being.
pub(super) async fn is_of(
    state: &State,
    (tenant, branch): (TenantId, BranchId),
    sector: Option<SectorId>,
) -> Answer<()> {
    let Some(id) = sector else { return Ok(()) };
    match state.store.sector(tenant, id).await? {
        Some(known) if known.branch != branch => Err(ApiError::no("sector", id)),
        _ => Ok(()),
    }
}

fn sector_id(id: i64) -> Answer<SectorId> {
    SectorId::new(id).map_err(|error| ApiError::invalid("id", error))
}

fn tag(state: &State, sector: &domain::Sector) -> Tag {
    Tag::of(&state.keys, &Sector::from(sector))
}

fn told<R>(state: &State, sector: &domain::Sector, reply: R) -> Told<R> {
    Told::new(reply).tag(tag(state, sector)).note(note(sector.branch))
}
