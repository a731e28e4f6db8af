//! A request that is sent again does nothing twice.

use std::time::Duration;

use atalaya::domain::Role;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, caller, header, json as answer};

const CAMERAS: &str = "/api/v1/cameras";

fn door() -> Value {
    json!({"id": "door", "pipeline": "plain", "enabled": false})
}

async fn the_same_request_is_answered_as_the_first_time(world: &World) {
    let create = || world.admin(Method::POST, CAMERAS).header("idempotency-key", "\"k-1\"").json(&door());
    let first = create().send().await.unwrap();
    assert_eq!((first.status(), header(&first, "idempotent-replayed")), (StatusCode::CREATED, ""));
    let headers = ["location", "etag", "content-type"].map(|name| header(&first, name).to_owned());
    let body = first.text().await.unwrap();
    world.patch("/api/v1/cameras/door", &json!({"name": "Changed since"})).await;
    for key in ["\"k-1\"", "k-1"] {
        let again = world.admin(Method::POST, CAMERAS).header("idempotency-key", key).json(&door());
        let again = again.send().await.unwrap();
        assert_eq!((again.status(), header(&again, "idempotent-replayed")), (StatusCode::CREATED, "true"));
        assert_eq!(["location", "etag", "content-type"].map(|name| header(&again, name).to_owned()), headers);
        assert_eq!(again.text().await.unwrap(), body);
    }
    let (status, problem) = answer(world.admin(Method::POST, CAMERAS).json(&door())).await;
    assert_eq!(status, StatusCode::CONFLICT, "without a key it is a second one: {problem}");
    world.clock.advance(Duration::from_secs(24 * 3600 + 60));
    let (status, problem) = answer(create()).await;
    assert_eq!(status, StatusCode::CONFLICT, "a day later it is forgotten: {problem}");
}

async fn the_same_key_with_another_request_is_refused(world: &World) {
    let create = |key: &str, body: Value| {
        answer(world.admin(Method::POST, CAMERAS).header("idempotency-key", key).json(&body))
    };
    assert_eq!(create("k", door()).await.0, StatusCode::CREATED);
    let (status, problem) = create("k", json!({"id": "gate", "pipeline": "plain"})).await;
    assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("Idempotency-Key")));
    assert_eq!(world.get("/api/v1/cameras/gate").await.0, StatusCode::NOT_FOUND);
    let local = caller(1, &[1], &[Role::Admin]);
    let request = world.by(&local, Method::POST, CAMERAS).header("idempotency-key", "k").json(&door());
    assert_eq!(answer(request).await.0, StatusCode::UNPROCESSABLE_ENTITY, "nor for who may see less");
    let stranger = caller(2, &[], &[Role::Admin]);
    let request = world.by(&stranger, Method::POST, CAMERAS).header("idempotency-key", "k").json(&door());
    assert_eq!(answer(request).await.0, StatusCode::CREATED, "another tenant's keys are its own");
    let sector = world.admin(Method::POST, "/api/v1/sectors").header("idempotency-key", "k");
    assert_eq!(answer(sector.json(&json!({"name": "Bar"}))).await.0, StatusCode::CREATED, "as are a route's");
    for key in ["", "a b", &"k".repeat(256)] {
        let (status, problem) = create(key, door()).await;
        assert_eq!(
            (status, &problem["field"]),
            (StatusCode::BAD_REQUEST, &json!("Idempotency-Key")),
            "{key}"
        );
    }
}

async fn of_many_at_once_one_is_done(world: &World) {
    let create = |_| {
        let request = world.admin(Method::POST, "/api/v1/sectors").header("idempotency-key", "k");
        answer(request.json(&json!({"name": "Terrace"})))
    };
    let answers = join_all((0..12).map(create)).await;
    let made: Vec<_> = answers.iter().filter(|(status, _)| *status == StatusCode::CREATED).collect();
    assert!(!made.is_empty() && made.iter().all(|answer| answer.1 == made[0].1), "{answers:?}");
    let wait = |(status, _): &&(StatusCode, Value)| *status == StatusCode::CONFLICT;
    assert_eq!(answers.iter().filter(wait).count() + made.len(), answers.len(), "{answers:?}");
    assert_eq!(world.get("/api/v1/sectors").await.1["items"].as_array().unwrap().len(), 1);
}

async fn what_came_to_nothing_may_be_tried_again(world: &World) {
    let create =
        |body: Value| answer(world.admin(Method::POST, CAMERAS).header("idempotency-key", "k").json(&body));
    assert_eq!(create(json!({"id": "door", "pipeline": "none"})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(create(door()).await.0, StatusCode::CREATED);
}

on_both!(
    the_same_request_is_answered_as_the_first_time,
    the_same_key_with_another_request_is_refused,
    of_many_at_once_one_is_done,
    what_came_to_nothing_may_be_tried_again,
);

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_request_for_a_token_makes_no_second_one_and_the_token_is_kept_nowhere() {
    let world = World::start().await;
    let issue = || {
        let request = world.admin(Method::POST, "/api/v1/tokens").header("idempotency-key", "k");
        answer(request.json(&json!({"subject": "bar", "roles": ["viewer"]})))
    };
    let (status, first) = issue().await;
    assert_eq!(status, StatusCode::CREATED, "{first}");
    let (status, problem) = issue().await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(problem["detail"].as_str().unwrap().contains(first["id"].as_str().unwrap()), "{problem}");
    assert_eq!(world.get("/api/v1/tokens").await.1["items"].as_array().unwrap().len(), 1);
    let secret = first["token"].as_str().unwrap().rsplit('.').next().unwrap().to_owned();
    for name in ["atalaya.db", "atalaya.db-wal"] {
        let stored = std::fs::read(world.folder.path().join(name)).unwrap_or_default();
        assert!(!stored.windows(secret.len()).any(|part| part == secret.as_bytes()), "{name}");
    }
}
