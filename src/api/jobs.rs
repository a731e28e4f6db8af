//! Scheduled work and the nodes that do it: seen and run by admins.

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::cameras::visible;
use super::error::ApiError;
use super::reply::{Accepted, Json, respond};
use super::request::{Answer, with};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::jobs::RunError;
use crate::wire::{Job, Node, Page, Problem};

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let with_caller = || with(state.clone()).and(caller());
    let list =
        warp::path!("api" / "v1" / "jobs").and(warp::get()).and(with_caller()).then(list_jobs).map(respond);
    let run = warp::path!("api" / "v1" / "jobs" / String / "run")
        .and(warp::post())
        .and(with_caller())
        .then(run_job)
        .map(respond);
    let nodes =
        warp::path!("api" / "v1" / "nodes").and(warp::get()).and(with_caller()).then(list_nodes).map(respond);
    list.or(run).unify().or(nodes).unify().boxed()
}

/// Scheduled work: when it was done last, by which node, and when it is due next.
#[utoipa::path(get, path = "/api/v1/jobs", tag = "operations",
    responses((status = 200, body = Page<Job>), super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn list_jobs(state: State, caller: Caller) -> Answer<Json<Page<Job>>> {
    super::permit_operator(&caller)?;
    let jobs = state.jobs.list().await?;
    Ok(Json(Page::whole(jobs.iter().map(Into::into).collect())))
}

/// Starts a job now, whether it is due or not. The list of jobs tells what comes of it.
#[utoipa::path(post, path = "/api/v1/jobs/{name}/run", tag = "operations", params(("name" = String, Path)),
    responses((status = 202, body = Job, description = "It has begun"),
        (status = 409, description = "It is running", body = Problem, content_type = "application/problem+json"),
        super::openapi::Absence, super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn run_job(name: String, state: State, caller: Caller) -> Answer<Accepted<Job>> {
    super::permit_operator(&caller)?;
    state.jobs.run_now(&name).await?;
    let jobs = state.jobs.list().await?;
    let job = jobs.iter().find(|job| job.name == name).ok_or_else(|| ApiError::no("job", &name))?;
    Ok(Accepted(job.into()))
}

/// The servers that share the database, and which of the caller's cameras each runs.
#[utoipa::path(get, path = "/api/v1/nodes", tag = "operations",
    responses((status = 200, body = Page<Node>), super::openapi::Away, super::openapi::Refusals))]
pub(super) async fn list_nodes(state: State, caller: Caller) -> Answer<Json<Page<Node>>> {
    super::permit(&caller, Action::OperateServer)?;
    let seen: Vec<_> = visible(&state, &caller).iter().map(|handle| handle.camera().id.to_string()).collect();
    let shown = |tenant, id: &str| tenant == caller.tenant.get() && seen.iter().any(|known| known == id);
    let nodes = state.jobs.nodes().await?;
    let this = state.jobs.node();
    Ok(Json(Page::whole(nodes.iter().map(|node| Node::new(node, this, shown)).collect())))
}

impl From<RunError> for ApiError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Unknown(name) => Self::no("job", name),
            RunError::Running(_) => Self::Conflict(error.to_string()),
            RunError::Store(error) => error.into(),
        }
    }
}
