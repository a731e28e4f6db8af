//! Is it alive, and can it do its work. Open to all, so neither says anything that an outsider could use.

use std::time::Duration;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::{Reply, Response};

use super::State;
use super::reply::Json;
use super::request::with;
use crate::domain::RecorderFigures;
use crate::gateway::{Gateway, Health as Condition};
use crate::wire::{Health, Readiness};

/// A store that takes longer than this to say a word cannot serve anybody.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let health = warp::path!("healthz").and(warp::get()).map(|| get_health().into_response());
    let ready = warp::path!("readyz").and(warp::get()).and(with(state.clone())).then(get_readiness);
    health.or(ready).unify().boxed()
}

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "operations", security(()),
    responses((status = 200, body = Health)))]
pub(super) fn get_health() -> Json<Health> {
    Json(Health { status: "ok".into() })
}

/// The server can do its work.
#[utoipa::path(get, path = "/readyz", tag = "operations", security(()),
    responses((status = 200, body = Readiness), (status = 503, description = "It cannot", body = Readiness)))]
pub(super) async fn get_readiness(state: State) -> Response {
    let store = match tokio::time::timeout(PING_TIMEOUT, state.store.ping()).await {
        Ok(Ok(())) if !state.revocations.is_whole() => Err("has not told yet which tokens were revoked"),
        Ok(Ok(())) => Ok("ok"),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the store does not answer");
            Err("does not answer")
        }
        Err(_) => Err("does not answer in time"),
    };
    let catalog = state.cameras.catalog();
    let broken = catalog.broken().len();
    let pipelines = match (catalog.list().count(), broken) {
        (0, _) => Err("there is none".to_owned()),
        (_, 0) => Ok("ok".to_owned()),
        (_, broken) => Ok(format!("ok, but {broken} of the folder cannot be read")),
    };
    let ready = store.is_ok() && pipelines.is_ok() && state.gateway.is_ready();
    let body = Readiness {
        status: if ready { "ready" } else { "not ready" }.into(),
        store: store.unwrap_or_else(|reason| reason).into(),
        pipelines: pipelines.unwrap_or_else(|reason| reason),
        recorder: recorder(&(state.recorder)()).into(),
        gateway: gateway(&state.gateway).into(),
    };
    let mut response = Json(body).into_response();
    if !ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

fn recorder(figures: &RecorderFigures) -> &'static str {
    if figures.is_losing {
        "visits wait for the database, there is no more space for them, and the oldest are lost"
    } else if RecorderFigures::is_filling(figures.spool_bytes, figures.spool_max_bytes) {
        "visits wait for the database, and the space for them is nearly used up"
    } else if figures.is_stuck {
        "visits wait for the database"
    } else {
        "ok"
    }
}

fn gateway(gateway: &Gateway) -> &'static str {
    let checkup = gateway.check_up();
    match &checkup.redis {
        _ if checkup.health == Condition::Unhealthy => "it tells no events",
        Some(redis) if !redis.was_ready => "it does not hear of other servers' events yet",
        Some(redis) if !redis.is_ready => "it does not hear of other servers' events",
        Some(redis) if redis.telling() != Condition::Healthy => "Redis does not answer",
        _ if checkup.health == Condition::Degraded => "events are lost: too many come",
        _ => "ok",
    }
}
