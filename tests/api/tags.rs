//! Entity tags: what has not changed is not sent again, and nobody overwrites what they have not seen.

use atalaya::domain::Role;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::world::{World, caller, header, json as answer};

const HALL: &str = "/api/v1/cameras/hall";

async fn tag(world: &World, path: &str) -> String {
    let response = world.admin(Method::GET, path).send().await.unwrap();
    let tag = header(&response, "etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 10, "{tag}");
    tag
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_has_is_not_sent_again() {
    let world = World::start().await;
    let tag = tag(&world, HALL).await;
    for (given, status) in
        [(tag.clone(), 304), (format!("W/{tag}"), 304), ("*".into(), 304), ("\"other\"".into(), 200)]
    {
        let response = world.admin(Method::GET, HALL).header("if-none-match", &given).send().await.unwrap();
        assert_eq!(response.status(), status, "{given}");
        assert_eq!(header(&response, "etag"), tag);
        assert_eq!(response.text().await.unwrap().is_empty(), status == 304);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_changes_with_every_change_of_the_description_secrets_too_and_with_nothing_else() {
    let world = World::start().await;
    let first = tag(&world, HALL).await;
    world.running(1, "hall").await;
    assert_eq!(tag(&world, HALL).await, first, "its state is none of the description");
    let body = json!({"parameters": {"password": "another"}});
    let response = world.admin(Method::PATCH, HALL).json(&body).send().await.unwrap();
    let told = header(&response, "etag").to_owned();
    assert_ne!(told, first);
    assert_eq!(tag(&world, HALL).await, told);
    let back = json!({"parameters": {"password": "hunter2"}});
    world.patch(HALL, &back).await;
    assert_eq!(tag(&world, HALL).await, first, "the same description has the same tag");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_has_seen_the_newest_may_change_it() {
    let world = World::start().await;
    let old = tag(&world, HALL).await;
    world.patch(HALL, &json!({"name": "Other"})).await;
    let new = tag(&world, HALL).await;
    let put = json!({"pipeline": "plain", "parameters": {"password": "***"}});
    for (method, body) in
        [(Method::PATCH, json!({"name": "Mine"})), (Method::PUT, put), (Method::DELETE, json!({}))]
    {
        for given in [old.clone(), format!("W/{new}"), "new".into()] {
            let request = world.admin(method.clone(), HALL).header("if-match", &given);
            let (status, problem) = answer(request.json(&body)).await;
            assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{method} {given}: {problem}");
        }
    }
    assert_eq!(world.get(HALL).await.1["name"], "Other");
    let request = world.admin(Method::PATCH, HALL).header("if-match", format!("{old}, {new}"));
    assert_eq!(answer(request.json(&json!({"name": "Mine"}))).await.0, StatusCode::OK);
    let request = world.admin(Method::DELETE, HALL).header("if-match", "*");
    assert_eq!(answer(request).await.0, StatusCode::NO_CONTENT);
    let request = world.admin(Method::DELETE, HALL).header("if-match", "*");
    assert_eq!(answer(request).await.0, StatusCode::NOT_FOUND);
}

/// All send the same tag at once, to one server or two.
async fn race(worlds: &[&World]) {
    let tag = tag(worlds[0], HALL).await;
    let changes = (0..12).map(|n| {
        let request = worlds[n % worlds.len()].admin(Method::PATCH, HALL).header("if-match", &tag);
        answer(request.json(&json!({"name": format!("Name {n}")})))
    });
    let answers = join_all(changes).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|(status, _)| *status == StatusCode::OK);
    assert_eq!(won.len(), 1, "{answers:?}");
    assert!(lost.iter().all(|(status, _)| *status == StatusCode::PRECONDITION_FAILED), "{answers:?}");
    for world in worlds {
        // Whoever lost to another server has learned of it.
        assert_eq!(world.get(HALL).await.1["name"], won[0].1["name"]);
    }
}

async fn of_changes_with_the_same_tag_at_once_one_wins(world: &World) {
    race(&[world]).await;
}

on_both!(of_changes_with_the_same_tag_at_once_one_wins);

#[tokio::test(flavor = "multi_thread")]
async fn of_changes_with_the_same_tag_on_two_servers_one_wins() {
    let world = World::start_on_postgres().await;
    let beside = world.beside().await;
    race(&[&world, &beside]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_tells_nobody_anything_of_another_tenant() {
    let world = World::start().await;
    let tag = tag(&world, HALL).await;
    let stranger = caller(2, &[], &[Role::Admin]);
    for name in ["if-match", "if-none-match"] {
        let request = world.by(&stranger, Method::GET, HALL).header(name, &tag);
        assert_eq!(answer(request).await.0, StatusCode::NOT_FOUND);
    }
}
