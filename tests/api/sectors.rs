//! Sectors: made, listed, changed, deleted, each in a branch that the caller sees.

use atalaya::domain::{Camera, CameraId, Role, SectorId, TenantId};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, caller, header, json as answer};

const SECTORS: &str = "/api/v1/sectors";

fn names(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect()
}

async fn a_sector_is_made_found_changed_and_deleted(world: &World) {
    for (body, id) in [
        (json!({"name": "Terrace"}), 1),
        (json!({"id": 7, "branch_id": 2, "name": "Bar"}), 7),
        (json!({"branch_id": 2, "name": "Back bar"}), 8),
    ] {
        let response = world.admin(Method::POST, SECTORS).json(&body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED, "{body}");
        assert_eq!(header(&response, "location"), format!("{SECTORS}/{id}"));
        assert_ne!(header(&response, "etag"), "");
    }
    assert_eq!(world.post(SECTORS, &json!({"id": 7, "name": "X"})).await.0, StatusCode::CONFLICT);
    assert_eq!(names(&world.get(SECTORS).await.1), ["Terrace", "Bar", "Back bar"]);
    assert_eq!(names(&world.get("/api/v1/sectors?branch_id=2&q=BACK").await.1), ["Back bar"]);
    let (_, page) = world.get("/api/v1/sectors?limit=2").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    assert_eq!(names(&world.get(&format!("/api/v1/sectors?cursor={cursor}")).await.1), ["Back bar"]);
    let response = world.admin(Method::GET, "/api/v1/sectors/7").send().await.unwrap();
    let tag = header(&response, "etag").to_owned();
    let patch = |body: Value| {
        answer(world.admin(Method::PATCH, "/api/v1/sectors/7").header("if-match", &tag).json(&body))
    };
    assert_eq!(patch(json!({"name": "Long bar"})).await.1["branch_id"], 2, "what is not given stays");
    assert_eq!(patch(json!({"name": "Mine"})).await.0, StatusCode::PRECONDITION_FAILED);
    let (_, put) = world.put("/api/v1/sectors/7", &json!({"name": "Bar"})).await;
    assert_eq!(put["branch_id"], 1, "what is not given takes its default");
    world.patch("/api/v1/cameras/hall", &json!({"sector_id": 7})).await;
    let delete = || answer(world.admin(Method::DELETE, "/api/v1/sectors/7"));
    assert_eq!(delete().await.0, StatusCode::CONFLICT, "a camera is in it");
    world.patch("/api/v1/cameras/hall", &json!({"sector_id": null})).await;
    assert_eq!(delete().await.0, StatusCode::NO_CONTENT);
    assert_eq!(world.get("/api/v1/sectors/7").await.0, StatusCode::NOT_FOUND);
}

async fn a_token_of_one_branch_has_its_sectors_only(world: &World) {
    world.post(SECTORS, &json!({"name": "Terrace", "branch_id": 1})).await;
    let local = caller(1, &[2], &[Role::Admin]);
    let ask = |method, path: &str, body: Value| answer(world.by(&local, method, path).json(&body));
    assert_eq!(ask(Method::GET, SECTORS, json!({})).await.1["items"], json!([]));
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        let (status, _) = ask(method, "/api/v1/sectors/1", json!({"name": "Mine"})).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }
    for branch in [1, 9, 0] {
        let (status, problem) = ask(Method::POST, SECTORS, json!({"name": "X", "branch_id": branch})).await;
        assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("branch_id")));
    }
    let viewer = caller(1, &[], &[Role::Viewer]);
    let request = world.by(&viewer, Method::POST, SECTORS).json(&json!({"name": "X"}));
    assert_eq!(answer(request).await.0, StatusCode::FORBIDDEN);
}

/// As cameras of the settings file do, of which nobody asks whether their sectors are there.
async fn a_sector_that_a_camera_names_is_not_made_in_another_branch(world: &World) {
    let hall = world.cameras.get(TenantId::default(), &CameraId::new("hall").unwrap()).unwrap().camera();
    world.cameras.put(Camera { sector: Some(SectorId::new(5).unwrap()), ..(*hall).clone() });
    let (_, sector) = world.post(SECTORS, &json!({"name": "Bar", "branch_id": 2})).await;
    assert_eq!(sector["id"], 6);
    let (status, problem) = world.post(SECTORS, &json!({"id": 5, "name": "Bar", "branch_id": 2})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(problem["detail"], "camera \"hall\" of branch 1 is in sector 5");
    let (status, sector) = world.post(SECTORS, &json!({"id": 5, "name": "Hall", "branch_id": 1})).await;
    assert_eq!((status, &sector["id"]), (StatusCode::CREATED, &json!(5)));
}

on_both!(
    a_sector_is_made_found_changed_and_deleted,
    a_sector_that_a_camera_names_is_not_made_in_another_branch,
    a_token_of_one_branch_has_its_sectors_only,
);

#[tokio::test(flavor = "multi_thread")]
async fn cameras_are_found_by_place_state_pipeline_and_name() {
    let world = World::start().await;
    world.running(1, "hall").await;
    let stopped = answer(world.admin(Method::POST, "/api/v1/cameras/fixed/stop")).await;
    assert_eq!(stopped.0, StatusCode::OK);
    world.post(SECTORS, &json!({"id": 3, "name": "Terrace"})).await;
    world.patch("/api/v1/cameras/hall", &json!({"sector_id": 3})).await;
    for (query, found) in [
        ("branch_id=2", vec!["BAR"]),
        ("sector_id=3", vec!["HALL"]),
        ("state=stopped", vec!["FIXED"]),
        ("state=running&branch_id=1", vec!["HALL"]),
        ("q=al", vec!["HALL"]),
        ("pipeline=rtsp", vec![]),
        ("enabled=true&limit=1", vec!["BAR"]),
    ] {
        let (status, page) = world.get(&format!("/api/v1/cameras?{query}")).await;
        assert_eq!((status, names(&page)), (StatusCode::OK, found), "{query}");
    }
    assert_eq!(world.get("/api/v1/cameras?state=gone").await.0, StatusCode::BAD_REQUEST);
}
