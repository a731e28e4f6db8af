//! The change log: whatever changes something is noted, with who, what and when, and never a secret.

use std::time::Duration;

use atalaya::domain::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, caller, json as answer};

/// A request that changes something, for every route that does.
fn sample(method: &str, route: &str) -> Option<(String, Value)> {
    let body = match (method, route) {
        ("POST", "/api/v1/cameras") => json!({"id": "door", "pipeline": "plain", "enabled": false}),
        ("PUT", "/api/v1/cameras/{id}") => {
            json!({"pipeline": "plain", "parameters": {"password": "s3cret-2"}})
        }
        ("PATCH", "/api/v1/cameras/{id}") => json!({"parameters": {"password": "s3cret-3"}}),
        ("DELETE", "/api/v1/cameras/{id}") => return Some(("/api/v1/cameras/bar".into(), json!({}))),
        (
            "POST",
            "/api/v1/cameras/{id}/start" | "/api/v1/cameras/{id}/stop" | "/api/v1/cameras/{id}/restart",
        ) => {
            json!({})
        }
        ("POST", "/api/v1/sectors") => json!({"id": 8, "name": "Bar"}),
        ("PUT", "/api/v1/sectors/{id}") => json!({"name": "Hall"}),
        ("PATCH", "/api/v1/sectors/{id}") => json!({"name": "Roof"}),
        ("DELETE", "/api/v1/sectors/{id}") => return Some(("/api/v1/sectors/6".into(), json!({}))),
        ("PUT", "/api/v1/sectors/assignments") => json!({"user": "ana", "sector_ids": [7]}),
        ("DELETE", "/api/v1/sectors/assignments") => {
            return Some((format!("{route}?user=bea"), json!({})));
        }
        ("POST", "/api/v1/branches") => json!({"id": 8, "name": "Plaza", "time_zone": "Europe/Madrid"}),
        ("PUT", "/api/v1/branches/{id}") => json!({"name": "Centre", "time_zone": "Europe/Madrid"}),
        ("PATCH", "/api/v1/branches/{id}") => json!({"name": "Middle"}),
        ("DELETE", "/api/v1/branches/{id}") => return Some(("/api/v1/branches/9".into(), json!({}))),
        ("PUT", "/api/v1/schedules/{id}") => json!({"shifts": [{"name": "day", "start": "09:00"}]}),
        ("DELETE", "/api/v1/schedules/{id}") => json!({}),
        ("POST", "/api/v1/jobs/{name}/run") => {
            return Some(("/api/v1/jobs/aggregation/run".into(), json!({})));
        }
        ("POST", "/api/v1/tokens") => json!({"subject": "s", "roles": ["viewer"]}),
        ("DELETE", "/api/v1/tokens/{id}") => json!({}),
        ("POST", "/api/v1/tokens/tables") => json!({"branch_id": 1, "session_id": "77"}),
        _ => return None,
    };
    let id = match route.split('/').nth(3) {
        Some("sectors") => "7",
        Some("branches" | "schedules") => "1",
        _ => "hall",
    };
    Some((route.replace("{id}", id), body))
}

async fn log(world: &World, query: &str) -> Vec<Value> {
    let (status, page) = world.get(&format!("/api/v1/audit{query}")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    page["items"].as_array().unwrap().clone()
}

async fn every_route_that_changes_something_is_noted(world: &World) {
    // As its routes are walked in their order, what is deleted cannot be what was just made.
    world.post("/api/v1/branches", &json!({"id": 9, "name": "Muelle", "time_zone": "UTC"})).await;
    for id in [6, 7] {
        world.post("/api/v1/sectors", &json!({"id": id, "name": "First"})).await;
    }
    let serves = json!({"user": "bea", "sector_ids": [7]});
    assert_eq!(world.put("/api/v1/sectors/assignments", &serves).await.0, StatusCode::OK);
    let (_, document) = world.get("/api/v1/openapi.json").await;
    let mut asked = 0;
    for (route, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase();
            if matches!(method.as_str(), "GET" | "OPTIONS") {
                assert!(operation["x-audited"].is_null(), "{method} {route}");
                continue;
            }
            let is_noted = operation["x-audited"].as_bool().unwrap();
            if !is_noted {
                continue;
            }
            let (path, body) = sample(&method, route)
                .unwrap_or_else(|| panic!("{method} {route} changes something: give a sample of it here"));
            let before = log(world, "").await.len();
            let request = world.admin(method.parse().unwrap(), &path).header("x-request-id", "this-one");
            let (status, told) = answer(request.json(&body)).await;
            assert!(status.is_success(), "{method} {path}: {status} {told}");
            let noted = log(world, "").await;
            assert_eq!(noted.len(), before + 1, "{method} {path} is not noted");
            let [newest, ..] = &noted[..] else { panic!("{noted:?}") };
            assert_eq!((&newest["method"], &newest["route"]), (&json!(method), &json!(route)));
            assert_eq!(newest["status"], json!(status.as_u16()));
            assert_eq!((&newest["subject"], &newest["request_id"]), (&json!("test"), &json!("this-one")));
            assert_eq!(
                (&newest["roles"], &newest["at"]),
                (&json!(["admin"]), &json!("2026-05-04T10:00:00+00:00"))
            );
            asked += 1;
        }
    }
    assert!(asked >= 12, "{asked}");
    let all = json!(log(world, "?limit=500").await).to_string();
    assert!(!all.contains("s3cret") && !all.contains("hunter2"), "{all}");
}

async fn a_note_says_which_fields_changed_and_of_what(world: &World) {
    let body = json!({"name": "New", "enabled": true, "parameters": {"password": "hunter3"}});
    world.patch("/api/v1/cameras/hall", &body).await;
    let noted = log(world, "").await;
    assert_eq!(noted[0]["fields"], json!(["name", "parameters.password"]), "enabled was true before");
    assert_eq!((&noted[0]["resource"], &noted[0]["branch_id"]), (&json!("cameras/hall"), &json!(1)));
    world.post("/api/v1/cameras", &json!({"id": "door", "pipeline": "plain", "enabled": false})).await;
    assert_eq!(
        log(world, "").await[0]["resource"],
        "cameras/door",
        "what was made, not where it was asked for"
    );
    world.patch("/api/v1/cameras/hall", &json!({"name": ""})).await;
    world.get("/api/v1/cameras/hall").await;
    world.post("/api/v1/pipelines/check", &json!({"pipeline": "plain"})).await;
    assert_eq!(log(world, "").await.len(), 2, "what was refused, or only read, changed nothing");
}

async fn the_log_is_read_by_time_subject_and_resource_and_page_by_page(world: &World) {
    let mut ana = caller(1, &[], &[Role::Admin]);
    ana.subject = "ana".into();
    for n in 0..3 {
        world.patch("/api/v1/cameras/hall", &json!({"name": format!("Name {n}")})).await;
    }
    world.clock.advance(Duration::from_secs(60));
    let request = world.by(&ana, Method::POST, "/api/v1/cameras/hall/stop");
    assert_eq!(answer(request).await.0, StatusCode::OK);
    world.post("/api/v1/sectors", &json!({"name": "Bar"})).await;
    assert_eq!(log(world, "?subject=ana").await.len(), 1);
    assert_eq!(log(world, "?resource=cameras/hall").await.len(), 4, "with all below it");
    assert_eq!(log(world, "?resource=cameras/hal").await.len(), 0);
    assert_eq!(log(world, "?resource=sectors").await.len(), 1);
    assert_eq!(log(world, "?from=2026-05-04T10:00:30Z").await.len(), 2);
    assert_eq!(log(world, "?to=2026-05-04T10:00:30Z").await.len(), 3);
    let mut seen = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let (_, page) = world.get(&format!("/api/v1/audit{query}")).await;
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, log(world, "").await);
    assert_eq!(seen.len(), 5);
    let (status, problem) = world.get("/api/v1/audit?cursor=~").await;
    assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("cursor")));
}

on_both!(
    every_route_that_changes_something_is_noted,
    a_note_says_which_fields_changed_and_of_what,
    the_log_is_read_by_time_subject_and_resource_and_page_by_page,
);

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_read_the_log_and_those_of_some_branches_what_happened_in_them() {
    let world = World::start().await;
    world.patch("/api/v1/cameras/hall", &json!({"name": "Hall"})).await;
    world.patch("/api/v1/cameras/bar", &json!({"name": "Bar"})).await;
    let get = |of: i64, branches: &[i64], role| {
        answer(world.by(&caller(of, branches, &[role]), Method::GET, "/api/v1/audit"))
    };
    assert_eq!(get(1, &[], Role::Viewer).await.0, StatusCode::FORBIDDEN);
    let (_, local) = get(1, &[2], Role::Admin).await;
    assert_eq!(local["items"].as_array().unwrap().len(), 1, "{local}");
    assert_eq!(local["items"][0]["resource"], "cameras/bar");
    assert_eq!(get(2, &[], Role::Admin).await.1["items"], json!([]), "another tenant's is empty");
}
