//! Health and figures of the gateway, and tokens of tables.

use std::collections::BTreeMap;

use atalaya::domain::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::web::answer;
use crate::world::{World, numbered, within};

async fn get(world: &World, path: &str) -> (StatusCode, Value) {
    answer(world.ask(Method::GET, path).bearer_auth(world.admin_of(1, &[]))).await
}

async fn figures(world: &World, token: &str) -> (String, String) {
    let response = within(world.ask(Method::GET, "/ws/metrics").bearer_auth(token).send()).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    (kind, response.text().await.unwrap())
}

fn value(text: &str, series: &str) -> f64 {
    let line = text.lines().find(|line| line.strip_prefix(series).is_some_and(|rest| rest.starts_with(' ')));
    let line = line.unwrap_or_else(|| panic!("{series} is not in {text}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn health_is_open_and_tells_how_many_are_connected() {
    let world = World::start().await;
    let _waiter = world.connect_v1("waiter", &world.token("ana", Role::Waiter, &[5])).await;
    let (status, health) = answer(world.ask(Method::GET, "/ws/health")).await;
    let connections = json!({"total": 1, "by_endpoint": {"waiter": 1, "kitchen": 0, "admin": 0, "diner": 0}});
    assert_eq!((status, health), (StatusCode::OK, json!({"status": "healthy", "connections": connections})));
    for path in ["/ws/health/detailed", "/ws/metrics"] {
        assert_eq!(answer(world.ask(Method::GET, path)).await.0, StatusCode::UNAUTHORIZED, "{path}");
        let waiter = world.token("ana", Role::Waiter, &[5]);
        let refused = answer(world.ask(Method::GET, path).bearer_auth(waiter)).await.0;
        assert_eq!(refused, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn the_parts_are_told_and_without_redis_its_own_are_disabled() {
    let world = World::start().await;
    let (status, parts) = get(&world, "/ws/health/detailed").await;
    let by_endpoint = json!({"waiter": 0, "kitchen": 0, "admin": 0, "diner": 0});
    let whole = json!({
        "status": "healthy",
        "redis_async": {"status": "disabled", "pool_size": 0, "active_connections": 0},
        "redis_sync": {"status": "disabled", "pool_size": 0},
        "circuit_breaker": {"redis": {"state": "closed", "failures": 0}},
        "connections": {"total": 0, "by_endpoint": by_endpoint},
        "rate_limiter": {"tracked_connections": 0, "capacity": 1000},
        "event_processing": {"queue_size": 0, "drop_rate": 0.0},
    });
    assert_eq!((status, parts), (StatusCode::OK, whole));
}

#[tokio::test]
async fn a_redis_that_never_was_there_makes_it_degraded_and_unready() {
    let world = World::with(|config| {
        // Nobody is there.
        config.redis.url = Some(atalaya::config::Secret::new("redis://127.0.0.1:1".into()));
    })
    .await;
    let (code, parts) = get(&world, "/ws/health/detailed").await;
    assert_eq!((code, &parts["status"]), (StatusCode::OK, &json!("degraded")));
    assert_eq!(parts["redis_async"], json!({"status": "starting", "pool_size": 1, "active_connections": 0}));
    let (code, readiness) = get(&world, "/readyz").await;
    assert_eq!(code, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(readiness["gateway"], "it does not hear of other servers' events yet");
}

/// The names of `gateway.md`, section 11, that others rely on.
const NAMES: [(&str, &str); 32] = [
    ("connections_total", "gauge"),
    ("connections", "gauge"),
    ("connections_opened_total", "counter"),
    ("connections_by_endpoint", "gauge"),
    ("connections_rejected_total", "counter"),
    ("broadcasts_total", "counter"),
    ("broadcasts_failed_total", "counter"),
    ("broadcast_rate_limited_total", "counter"),
    ("events_processed_total", "counter"),
    ("events_dropped_total", "counter"),
    ("event_drop_rate", "gauge"),
    ("circuit_breaker_state", "gauge"),
    ("circuit_breaker_failures", "gauge"),
    ("locks_branch_count", "gauge"),
    ("locks_user_count", "gauge"),
    ("send_queue_bytes", "histogram"),
    ("slow_consumer_disconnects_total", "counter"),
    ("delivery_latency_seconds", "histogram"),
    ("pubsub_lag_seconds", "histogram"),
    ("gaps_detected_total", "counter"),
    ("recoveries_total", "counter"),
    ("recovered_events", "histogram"),
    ("disconnects_total", "counter"),
    ("ping_rtt_seconds", "histogram"),
    ("tenant_mismatch_total", "counter"),
    ("sector_lookup_total", "counter"),
    ("subscriptions_active", "gauge"),
    ("accept_inflight", "gauge"),
    ("build_info", "gauge"),
    ("events_unknown_total", "counter"),
    ("events_refused_total", "counter"),
    ("deliveries_total", "counter"),
];

/// The rules of the text format: each family has its help and type once and before its values, which stand together; a
/// histogram has rising buckets up to `+Inf`, which is its count.
fn check_format(text: &str) -> BTreeMap<String, String> {
    let (mut families, mut current) = (BTreeMap::new(), String::new());
    let mut buckets: Vec<f64> = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            assert!(!help.is_empty() && !families.contains_key(name), "{line}");
            current = name.to_owned();
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(name, current, "{line}");
            families.insert(name.to_owned(), kind.to_owned());
        } else {
            let name = line.split(['{', ' ']).next().unwrap();
            let number: f64 = line.rsplit(' ').next().unwrap().parse().unwrap_or_else(|_| panic!("{line}"));
            if families[&current] != "histogram" {
                assert_eq!(name, current, "{line}");
                continue;
            }
            match name.strip_prefix(current.as_str()) {
                Some("_sum" | "_count") => buckets.clear(),
                Some("_bucket") => {
                    assert!(line.contains("le=\""), "{line}");
                    buckets.push(number);
                    assert!(buckets.is_sorted(), "{line}");
                }
                _ => panic!("{line}"),
            }
        }
    }
    for (name, _) in families.iter().filter(|(_, kind)| *kind == "histogram") {
        assert_eq!(
            value(text, &format!("{name}_bucket{{le=\"+Inf\"}}")),
            value(text, &format!("{name}_count"))
        );
    }
    families
}

#[tokio::test]
async fn every_figure_is_there_by_its_name_and_the_text_is_what_prometheus_reads() {
    let world = World::start().await;
    let mut waiter = world.connect("waiter", &world.token("ana", Role::Waiter, &[5])).await;
    world.publish(numbered("ROUND_READY", 1));
    world.publish(numbered("MADE_UP", 2));
    waiter.next().await;
    waiter.next().await;
    world.try_connect("/ws/waiter?token=nonsense", &[]).await.err().unwrap();
    let (kind, text) = figures(&world, &world.admin_of(1, &[])).await;
    assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
    let families = check_format(&text);
    for (name, kind) in NAMES {
        assert_eq!(
            families.get(&format!("wsgateway_{name}")).map(String::as_str),
            Some(kind),
            "{name}: {text}"
        );
    }
    for (series, expected) in [
        ("connections_total", 1.0),
        ("connections", 1.0),
        ("connections_opened_total", 1.0),
        ("connections_by_endpoint{endpoint=\"waiter\"}", 1.0),
        ("connections_by_endpoint{endpoint=\"diner\"}", 0.0),
        ("connections_rejected_total{reason=\"auth\"}", 1.0),
        ("connections_rejected_total{reason=\"rate_limit\"}", 0.0),
        ("connections_rejected_total{reason=\"max_per_user\"}", 0.0),
        ("connections_rejected_total{reason=\"max_total\"}", 0.0),
        ("broadcasts_total", 2.0),
        ("events_processed_total", 2.0),
        ("events_unknown_total{type=\"MADE_UP\"}", 1.0),
        ("disconnects_total{code=\"4430\"}", 0.0),
        ("delivery_latency_seconds_count", 2.0),
        ("recoveries_total{result=\"recovered\",has_recovered=\"true\"}", 0.0),
        ("sector_lookup_total{result=\"stale\"}", 0.0),
    ] {
        assert_eq!(value(&text, &format!("wsgateway_{series}")), expected, "{series}");
    }
    let (_, theirs) = figures(&world, &world.admin_of(2, &[])).await;
    assert!(!theirs.contains("MADE_UP"), "what one tenant made up is not told to another");
    let request = world.ask(Method::GET, "/metrics").bearer_auth(world.admin_of(1, &[]));
    let all = within(request.send()).await.unwrap().text().await.unwrap();
    assert_eq!(value(&all, "wsgateway_connections"), 1.0, "they stand with the others too");
}

#[tokio::test]
async fn waiters_seat_guests_of_their_own_branches() {
    let world = World::start().await;
    let path = "/api/v1/tokens/tables";
    let ask =
        |token: String, body: Value| answer(world.ask(Method::POST, path).bearer_auth(token).json(&body));
    let waiter = || world.token("ana", Role::Waiter, &[5]);
    let body = json!({"branch_id": 5, "session_id": "77", "table_id": "T-12"});
    let (status, issued) = ask(waiter(), body.clone()).await;
    assert_eq!((status, &issued["session_id"]), (StatusCode::OK, &json!("77")));
    let table = world.tables.check(issued["token"].as_str().unwrap()).unwrap();
    assert_eq!((table.branch.get(), table.table.as_deref()), (5, Some("T-12")));
    let mut guest = world.connect("diner", issued["token"].as_str().unwrap()).await;
    world.publish(json!({"type": "ROUND_READY", "branch_id": 5, "session_id": 77}));
    assert_eq!(guest.next().await["type"], "ROUND_READY");
    for role in [Role::Kitchen, Role::Viewer] {
        assert_eq!(ask(world.token("eva", role, &[5]), body.clone()).await.0, StatusCode::FORBIDDEN);
    }
    // Events name it by a number as well.
    let (status, numbered) = ask(waiter(), json!({"branch_id": 5, "session_id": 77})).await;
    assert_eq!((status, &numbered["session_id"]), (StatusCode::OK, &json!("77")));
    for (wrong, field) in [
        (json!({"branch_id": 6, "session_id": "77"}), "branch_id"),
        (json!({"branch_id": 5, "session_id": ""}), "session_id"),
        (json!({"branch_id": 5, "session_id": "77", "table_id": ""}), "table_id"),
        (json!({"branch_id": 5, "session_id": "77", "ttl": "30d"}), "ttl"),
    ] {
        let (status, problem) = ask(waiter(), wrong).await;
        assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)));
    }
}
