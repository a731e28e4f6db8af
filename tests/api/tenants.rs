//! Walls: between tenants, and between branches of one.

use atalaya::domain::{Camera, CameraId, Role};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, branch, caller, documented, json as answer, tenant};

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_another_tenant_does_not_exist() {
    let world = World::start().await;
    let shift = world.store.shift_at(tenant(1), branch(1), crate::world::NOON).await.unwrap();
    let stranger = caller(2, &[], &[Role::Admin]);
    let mut asked = 0;
    let (_, document) = world.get("/api/v1/openapi.json").await;
    for (method, route) in documented(&world).await {
        // Branches are numbered by each tenant; the other one has no second.
        let is_place = route.contains("/branches/") || route.contains("/schedules/");
        let id = match route.contains("/shifts/") {
            true => shift.id.to_string(),
            false if is_place => "2".into(),
            false => "hall".into(),
        };
        // Any name can be taken back, in one's own tenant: see the tests of tokens.
        if !route.contains("{id}") || route == "/api/v1/tokens/{id}" {
            continue;
        }
        let operation = &document["paths"][&route][method.as_str().to_lowercase()];
        let example = &operation["requestBody"]["content"]["application/json"]["example"];
        let path = route.replace("{id}", &id).replace("{session}", "none");
        let request = world.by(&stranger, method.clone(), &path);
        let request = if example.is_null() { request } else { request.json(example) };
        let (status, problem) = answer(request).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}: {problem}");
        asked += 1;
    }
    assert!(asked >= 15, "{asked}");
    let (status, _) = world.get("/api/v1/cameras/hall").await;
    assert_eq!(status, StatusCode::OK, "it is there all the same");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_list_names_anything_of_another_tenant() {
    let world = World::start().await;
    world.running(1, "hall").await;
    let stranger = caller(2, &[], &[Role::Admin]);
    for (method, path) in documented(&world).await {
        let is_endless = path == "/api/v1/events/stream";
        if method != Method::GET || path.contains('{') || path == "/login" || is_endless {
            continue;
        }
        let text = world.by(&stranger, method, &path).send().await.unwrap().text().await.unwrap();
        for name in ["hall", "HALL", "\"bar\"", "fixed", "Centro", "Playa", "hunter2"] {
            // The pipelines and the contract are everybody's, and speak of no camera.
            let public = path.contains("openapi") || path == "/docs";
            assert!(public || !text.contains(name), "{path} names {name}: {text}");
        }
    }
    let (_, own) = answer(world.by(&stranger, Method::GET, "/api/v1/cameras")).await;
    assert_eq!(ids(&own), ["theirs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_one_branch_sees_that_branch_only() {
    let world = World::start().await;
    let other_shift = world.store.shift_at(tenant(1), branch(1), crate::world::NOON).await.unwrap();
    let waiter = caller(1, &[2], &[Role::Waiter]);
    let get = |path: &str| answer(world.by(&waiter, Method::GET, path));
    assert_eq!(ids(&get("/api/v1/cameras").await.1), ["bar"]);
    assert_eq!(get("/api/v1/cameras/hall").await.0, StatusCode::NOT_FOUND);
    let (_, branches) = get("/api/v1/branches").await;
    assert_eq!(branches["items"][0]["name"], "Playa");
    assert_eq!(branches["items"].as_array().unwrap().len(), 1);
    assert_eq!(get(&format!("/api/v1/shifts/{}", other_shift.id)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(get("/api/v1/shifts/current?branch_id=1").await.0, StatusCode::NOT_FOUND);
    let (_, shift) = get("/api/v1/shifts/current").await;
    assert_eq!(shift["branch_id"], 2, "without being asked for, it is the caller's own");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_of_one_branch_cannot_move_a_camera_into_another() {
    let world = World::start().await;
    let admin = caller(1, &[2], &[Role::Admin]);
    for body in
        [json!({"id": "new", "pipeline": "plain", "branch_id": 1}), json!({"id": "new", "pipeline": "plain"})]
    {
        let (status, problem) = answer(world.by(&admin, Method::POST, "/api/v1/cameras").json(&body)).await;
        assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("branch_id")));
    }
    let moved = world.by(&admin, Method::PATCH, "/api/v1/cameras/bar").json(&json!({"branch_id": 1}));
    assert_eq!(answer(moved).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let created = json!({"id": "new", "pipeline": "plain", "branch_id": 2});
    let created = world.by(&admin, Method::POST, "/api/v1/cameras").json(&created);
    assert_eq!(answer(created).await.0, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_may_use_the_same_camera_id() {
    let world = World::start().await;
    let body = json!({"id": "hall", "pipeline": "plain", "name": "Other hall"});
    let stranger = caller(2, &[], &[Role::Admin]);
    let (status, _) = answer(world.by(&stranger, Method::POST, "/api/v1/cameras").json(&body)).await;
    assert_eq!(status, StatusCode::CREATED);
    let (_, own) = world.get("/api/v1/cameras/hall").await;
    assert_eq!(own["name"], "HALL");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_only_a_camera_names_is_listed_too() {
    let world = World::start().await;
    // One of the configuration file, which may name any.
    let hall = world.cameras.get(tenant(1), &CameraId::new("hall").unwrap()).unwrap().camera();
    world.cameras.put(Camera { id: CameraId::new("new").unwrap(), branch: branch(7), ..(*hall).clone() });
    let (_, branches) = world.get("/api/v1/branches").await;
    let names: Vec<_> =
        branches["items"].as_array().unwrap().iter().map(|branch| branch["name"].clone()).collect();
    assert_eq!(names, ["Centro", "Playa", "Branch 7"]);
    assert_eq!(world.get("/api/v1/shifts/current?branch_id=7").await.1["branch_id"], 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_branch_is_refused_and_not_made() {
    let world = World::start().await;
    let body = json!({"id": "new", "pipeline": "plain", "branch_id": 71});
    for (status, problem) in [
        world.post("/api/v1/cameras", &body).await,
        world.patch("/api/v1/cameras/hall", &json!({"branch_id": 71})).await,
        world.put("/api/v1/cameras/hall", &json!({"pipeline": "plain", "branch_id": 71})).await,
    ] {
        assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("branch_id")));
        assert!(problem["detail"].as_str().unwrap().contains("no branch 71"), "{problem}");
    }
    let (_, branches) = world.get("/api/v1/branches").await;
    assert_eq!(branches["items"].as_array().unwrap().len(), 2);
    let (status, _) = world.patch("/api/v1/cameras/hall", &json!({"branch_id": 2})).await;
    assert_eq!(status, StatusCode::OK);
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}
