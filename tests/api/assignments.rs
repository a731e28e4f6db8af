//! Who serves which sectors: put, listed, taken back, each in a branch that the caller sees.

use atalaya::domain::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, caller, json as answer, tenant};

const ASSIGNMENTS: &str = "/api/v1/sectors/assignments";

/// Sectors 1 and 2 in branch 1, 3 in branch 2.
async fn sectors(world: &World) {
    for (id, branch) in [(1, 1), (2, 1), (3, 2)] {
        let body = json!({"id": id, "branch_id": branch, "name": format!("Sector {id}")});
        assert_eq!(world.post("/api/v1/sectors", &body).await.0, StatusCode::CREATED);
    }
}

/// `user branch [sectors]` of each item.
async fn listed(world: &World, query: &str) -> Vec<String> {
    let (status, page) = world.get(&format!("{ASSIGNMENTS}{query}")).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    let item = |item: &Value| {
        format!("{} {} {}", item["user"].as_str().unwrap(), item["branch_id"], item["sector_ids"])
    };
    page["items"].as_array().unwrap().iter().map(item).collect()
}

async fn who_serves_what_is_put_found_and_taken_back(world: &World) {
    sectors(world).await;
    let (status, put) = world.put(ASSIGNMENTS, &json!({"user": "ana", "sector_ids": [2, 1, 2]})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(put, json!({"user": "ana", "tenant_id": 1, "branch_id": 1, "sector_ids": [1, 2]}));
    world.put(ASSIGNMENTS, &json!({"user": "ana", "branch_id": 2, "sector_ids": [3]})).await;
    world.put(ASSIGNMENTS, &json!({"user": "b & c", "sector_ids": [1]})).await;
    assert_eq!(listed(world, "").await, ["ana 1 [1,2]", "ana 2 [3]", "b & c 1 [1]"]);
    for (query, found) in [
        ("?user=ana", vec!["ana 1 [1,2]", "ana 2 [3]"]),
        ("?user=an", vec![]),
        ("?branch_id=1&sector_id=1", vec!["ana 1 [1,2]", "b & c 1 [1]"]),
        ("?sector_id=3", vec!["ana 2 [3]"]),
    ] {
        assert_eq!(listed(world, query).await, found, "{query}");
    }
    let (_, page) = world.get(&format!("{ASSIGNMENTS}?limit=2")).await;
    let rest = listed(world, &format!("?cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert_eq!(rest, ["b & c 1 [1]"]);
    // What is put takes the place of what was, in its branch alone.
    world.put(ASSIGNMENTS, &json!({"user": "ana", "sector_ids": [2]})).await;
    assert_eq!(listed(world, "?user=ana").await, ["ana 1 [2]", "ana 2 [3]"]);
    let delete = || answer(world.admin(Method::DELETE, &format!("{ASSIGNMENTS}?user=ana&branch_id=2")));
    assert_eq!(delete().await.0, StatusCode::NO_CONTENT);
    assert_eq!(delete().await.0, StatusCode::NOT_FOUND);
    world.put(ASSIGNMENTS, &json!({"user": "ana", "sector_ids": []})).await;
    assert_eq!(listed(world, "").await, ["b & c 1 [1]"]);
    let told: Vec<_> = world.reassigned.lock().unwrap().iter().map(|(_, user)| user.clone()).collect();
    let users = ["ana", "ana", "b & c", "ana", "ana", "ana"].map(|user| Some(user.to_owned()));
    assert_eq!(told, users, "each change is told, and nothing else");
}

async fn what_cannot_be_served_is_refused(world: &World) {
    sectors(world).await;
    let many: Vec<i64> = (1..=1001).collect();
    for (body, field) in [
        (json!({"user": "ana", "sector_ids": [1, 3]}), "sector_ids"),
        (json!({"user": "ana", "sector_ids": [0]}), "sector_ids"),
        (json!({"user": "ana", "sector_ids": many}), "sector_ids"),
        (json!({"user": "ana", "branch_id": 9, "sector_ids": []}), "branch_id"),
        (json!({"user": "", "sector_ids": []}), "user"),
        (json!({"user": "a\0b", "sector_ids": []}), "user"),
    ] {
        let (status, problem) = world.put(ASSIGNMENTS, &body).await;
        assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{body}");
    }
    let (status, _) = answer(world.admin(Method::DELETE, &format!("{ASSIGNMENTS}?user=a%00b"))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, _) = answer(world.admin(Method::DELETE, ASSIGNMENTS)).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "whose is not said");
    assert_eq!(listed(world, "").await, [""; 0]);
    assert!(world.reassigned.lock().unwrap().is_empty());
}

async fn a_sector_or_branch_that_goes_takes_along_who_serves_it(world: &World) {
    sectors(world).await;
    let body = json!({"id": 5, "name": "Muelle", "time_zone": "UTC"});
    world.post("/api/v1/branches", &body).await;
    world.post("/api/v1/sectors", &json!({"id": 4, "branch_id": 5, "name": "Quay"})).await;
    world.put(ASSIGNMENTS, &json!({"user": "ana", "sector_ids": [1, 2]})).await;
    world.put(ASSIGNMENTS, &json!({"user": "ana", "branch_id": 5, "sector_ids": [4]})).await;
    world.reassigned.lock().unwrap().clear();
    answer(world.admin(Method::DELETE, "/api/v1/sectors/2")).await;
    assert_eq!(listed(world, "").await, ["ana 1 [1]", "ana 5 [4]"]);
    world.patch("/api/v1/sectors/1", &json!({"branch_id": 2})).await;
    assert_eq!(listed(world, "").await, ["ana 2 [1]", "ana 5 [4]"], "it moved, and ana with it");
    world.patch("/api/v1/sectors/1", &json!({"name": "Roof"})).await;
    answer(world.admin(Method::DELETE, "/api/v1/branches/5")).await;
    assert_eq!(listed(world, "").await, ["ana 2 [1]"]);
    assert_eq!(*world.reassigned.lock().unwrap(), [(tenant(1), None), (tenant(1), None), (tenant(1), None)]);
}

async fn a_token_of_one_branch_has_its_assignments_only(world: &World) {
    sectors(world).await;
    world.put(ASSIGNMENTS, &json!({"user": "ana", "sector_ids": [1]})).await;
    world.put(ASSIGNMENTS, &json!({"user": "ana", "branch_id": 2, "sector_ids": [3]})).await;
    let local = caller(1, &[2], &[Role::Admin]);
    let by = |who, method, path: &str| world.by(who, method, path);
    let (_, page) = answer(by(&local, Method::GET, ASSIGNMENTS)).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
    let (status, problem) =
        answer(by(&local, Method::PUT, ASSIGNMENTS).json(&json!({"user": "ana", "sector_ids": []}))).await;
    assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("branch_id")));
    let (status, _) = answer(by(&local, Method::DELETE, &format!("{ASSIGNMENTS}?user=ana"))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let waiter = caller(1, &[], &[Role::Waiter]);
    assert_eq!(answer(by(&waiter, Method::GET, ASSIGNMENTS)).await.0, StatusCode::OK);
    let body = json!({"user": "test", "sector_ids": [1]});
    let (status, _) = answer(by(&waiter, Method::PUT, ASSIGNMENTS).json(&body)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let stranger = caller(2, &[], &[Role::Admin]);
    assert_eq!(answer(by(&stranger, Method::GET, ASSIGNMENTS)).await.1["items"], json!([]));
    let (status, _) = answer(by(&stranger, Method::DELETE, &format!("{ASSIGNMENTS}?user=ana"))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(listed(world, "").await, ["ana 1 [1]", "ana 2 [3]"]);
}

on_both!(
    who_serves_what_is_put_found_and_taken_back,
    what_cannot_be_served_is_refused,
    a_sector_or_branch_that_goes_takes_along_who_serves_it,
    a_token_of_one_branch_has_its_assignments_only,
);
