//! What the gateway says of itself: its health to everybody, the parts of it and its figures to those who may read them.

use prometheus_client::registry::Registry;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::StatusCode;
use warp::reply::{Reply, Response};

use super::error::ApiError;
use super::gateway_metrics::Gateway as Figures;
use super::reply::{Content, Json, respond};
use super::request::{Answer, with};
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::domain::Endpoint;
use crate::gateway::{Checkup, Health};
use crate::wire::{
    BreakerState, CircuitBreaker, EndpointConnections, EventProcessing, GatewayConnections, GatewayHealth,
    GatewayHealthDetailed, RateLimiter, RedisPool,
};

/// The format that every reader of Prometheus' figures takes, also those that know nothing of OpenMetrics.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    let with_caller = || with(state.clone()).and(caller());
    let health = warp::path!("ws" / "health").and(warp::get()).and(with(state.clone()));
    let health = health.then(get_gateway_health);
    let detailed = warp::path!("ws" / "health" / "detailed").and(warp::get()).and(with_caller());
    let detailed = detailed.then(get_gateway_parts).map(respond);
    let metrics = warp::path!("ws" / "metrics").and(warp::get()).and(with_caller());
    let metrics = metrics.then(get_gateway_metrics).map(respond);
    health.or(detailed).unify().or(metrics).unify().boxed()
}

/// The gateway tells events, and to how many.
#[utoipa::path(get, path = "/ws/health", tag = "gateway", security(()),
    responses((status = 200, description = "It does, perhaps less well than it should", body = GatewayHealth),
        (status = 503, description = "It does not", body = GatewayHealth)))]
pub(super) async fn get_gateway_health(state: State) -> Response {
    let checkup = state.gateway.check_up();
    let status = checkup.health.name().to_owned();
    answer(&checkup, &GatewayHealth { status, connections: connections(&checkup) })
}

/// How each part of the gateway does.
#[utoipa::path(get, path = "/ws/health/detailed", tag = "gateway",
    responses((status = 200, description = "It tells events", body = GatewayHealthDetailed),
        (status = 503, description = "It does not", body = GatewayHealthDetailed), super::openapi::Refusals))]
pub(super) async fn get_gateway_parts(state: State, caller: Caller) -> Answer<Response> {
    super::permit(&caller, Action::ReadMetrics)?;
    let checkup = state.gateway.check_up();
    let redis = checkup.redis.as_ref();
    let pool_size = u32::from(redis.is_some());
    let hearing = redis.map_or("disabled", |redis| match redis.was_ready {
        true => redis.hearing().name(),
        false => "starting",
    });
    let parts = GatewayHealthDetailed {
        status: checkup.health.name().to_owned(),
        redis_async: RedisPool {
            status: hearing.to_owned(),
            pool_size,
            active_connections: Some(redis.map_or(0, |redis| redis.is_connected.into())),
        },
        redis_sync: RedisPool {
            status: redis.map_or("disabled", |redis| redis.telling().name()).to_owned(),
            pool_size,
            active_connections: None,
        },
        circuit_breaker: CircuitBreaker {
            redis: BreakerState {
                state: redis.map_or("closed", |redis| redis.breaker.name()).to_owned(),
                failures: redis.map_or(0, |redis| redis.failures),
            },
        },
        connections: connections(&checkup),
        rate_limiter: RateLimiter {
            tracked_connections: checkup.total(),
            capacity: checkup.max_connections as u64,
        },
        event_processing: EventProcessing {
            queue_size: checkup.waiting as u64,
            drop_rate: checkup.drop_rate,
        },
    };
    Ok(answer(&checkup, &parts))
}

/// The gateway's figures, for Prometheus.
#[utoipa::path(get, path = "/ws/metrics", tag = "gateway",
    responses((status = 200, content_type = "text/plain", body = String), super::openapi::Refusals))]
pub(super) async fn get_gateway_metrics(state: State, caller: Caller) -> Answer<Content> {
    super::permit(&caller, Action::ReadMetrics)?;
    let mut registry = Registry::with_prefix("wsgateway");
    registry.register_collector(Box::new(Figures::of(&state.gateway, &caller)));
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).map_err(ApiError::internal)?;
    Ok(Content { kind: CONTENT_TYPE, bytes: plain(&text).into() })
}

fn answer<T: serde::Serialize + Send + Clone>(checkup: &Checkup, body: &T) -> Response {
    let mut response = Json(body.clone()).into_response();
    if checkup.health == Health::Unhealthy {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

fn connections(checkup: &Checkup) -> GatewayConnections {
    let mut by_endpoint = EndpointConnections::default();
    for (endpoint, count) in checkup.connections {
        *match endpoint {
            Endpoint::Waiter => &mut by_endpoint.waiter,
            Endpoint::Kitchen => &mut by_endpoint.kitchen,
            Endpoint::Admin => &mut by_endpoint.admin,
            Endpoint::Diner => &mut by_endpoint.diner,
        } = count;
    }
    GatewayConnections { total: checkup.total(), by_endpoint }
}

/// OpenMetrics as the older format has it: a counter is called by the name that its values have, there are no units, and
/// nothing says where the end is.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let lines: Vec<_> = text.lines().collect();
    let counters: Vec<_> =
        lines.iter().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    for line in lines {
        let about = ["# HELP ", "# TYPE "].iter().find_map(|head| Some((*head, line.strip_prefix(head)?)));
        match about.and_then(|(head, rest)| Some((head, rest.split_once(' ')?))) {
            Some((head, (name, rest))) if counters.contains(&name) => {
                plain.push_str(&format!("{head}{name}_total {rest}\n"));
            }
            _ if line.starts_with("# UNIT ") || line == "# EOF" => {}
            _ => plain.extend([line, "\n"]),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_format_calls_counters_by_their_whole_name() {
        let text = "# HELP a_events Those.\n# TYPE a_events counter\na_events_total 3\n\
            # HELP a_wait_seconds Time.\n# TYPE a_wait_seconds histogram\n# UNIT a_wait_seconds seconds\n\
            a_wait_seconds_sum 1.0\n# EOF\n";
        assert_eq!(
            plain(text),
            "# HELP a_events_total Those.\n# TYPE a_events_total counter\na_events_total 3\n\
             # HELP a_wait_seconds Time.\n# TYPE a_wait_seconds histogram\na_wait_seconds_sum 1.0\n"
        );
    }
}
