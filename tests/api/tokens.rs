//! Tokens over the API: issued, listed, taken back, and never more than the asker has.

use std::time::{Duration, Instant};

use atalaya::auth::Ttl;
use atalaya::domain::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, caller, json as answer};

const TOKENS: &str = "/api/v1/tokens";

async fn issue(world: &World, body: &Value) -> Value {
    let (status, token) = world.post(TOKENS, body).await;
    assert_eq!(status, StatusCode::CREATED, "{token}");
    token
}

/// What a token gets.
async fn status(world: &World, token: &str) -> StatusCode {
    answer(world.bare(Method::GET, "/api/v1/session").bearer_auth(token)).await.0
}

async fn a_token_is_issued_used_listed_and_taken_back(world: &World) {
    let body =
        json!({"subject": "bar", "roles": ["viewer"], "branch_ids": [2], "sector_ids": [4], "ttl": "8h"});
    let issued = issue(world, &body).await;
    let (token, id) = (issued["token"].as_str().unwrap(), issued["id"].as_str().unwrap());
    assert_eq!(issued["expires_at"], "2026-05-04T18:00:00+00:00");
    let (_, session) = answer(world.bare(Method::GET, "/api/v1/session").bearer_auth(token)).await;
    assert_eq!((&session["subject"], &session["branch_ids"]), (&json!("bar"), &json!([2])));
    let (_, list) = world.get(TOKENS).await;
    assert_eq!(list["items"][0]["id"], id);
    assert_eq!(
        (&list["items"][0]["issued_by"], &list["items"][0]["revoked_at"]),
        (&json!("test"), &json!(null))
    );
    assert!(!list.to_string().contains(token), "{list}");
    let (gone, _) = answer(world.admin(Method::DELETE, &format!("{TOKENS}/{id}"))).await;
    assert_eq!(gone, StatusCode::NO_CONTENT);
    assert_eq!(status(world, token).await, StatusCode::UNAUTHORIZED, "at once");
    assert_eq!(answer(world.admin(Method::DELETE, &format!("{TOKENS}/{id}"))).await.0, StatusCode::NOT_FOUND);
    let (_, list) = world.get(&format!("{TOKENS}?revoked=true")).await;
    assert_eq!(list["items"][0]["revoked_at"], "2026-05-04T10:00:00+00:00");
    assert_eq!(world.get(&format!("{TOKENS}?revoked=false")).await.1["items"], json!([]));
}

async fn a_token_of_elsewhere_is_taken_back_by_its_name(world: &World) {
    let signed = world.keys.issue_named(&caller(1, &[], &[Role::Viewer]), Ttl::from_secs(600));
    assert_eq!(status(world, &signed.token).await, StatusCode::OK);
    let path = format!("{TOKENS}/{}", signed.id);
    let local = caller(1, &[2], &[Role::Admin]);
    let refused = answer(world.by(&local, Method::DELETE, &path)).await.0;
    assert_eq!(refused, StatusCode::NOT_FOUND, "who may not do everything cannot tell what it is good for");
    let stranger = caller(2, &[], &[Role::Admin]);
    assert_eq!(answer(world.by(&stranger, Method::DELETE, &path)).await.0, StatusCode::NO_CONTENT);
    assert_eq!(status(world, &signed.token).await, StatusCode::OK, "another tenant takes back its own only");
    assert_eq!(answer(world.admin(Method::DELETE, &path)).await.0, StatusCode::NO_CONTENT);
    assert_eq!(status(world, &signed.token).await, StatusCode::UNAUTHORIZED);
}

on_both!(a_token_is_issued_used_listed_and_taken_back, a_token_of_elsewhere_is_taken_back_by_its_name);

#[tokio::test(flavor = "multi_thread")]
async fn what_one_server_takes_back_is_soon_refused_by_the_others_and_after_a_restart() {
    let world = World::start_on_postgres().await;
    let beside = world.beside().await;
    let issued = issue(&world, &json!({"subject": "bar", "roles": ["viewer"]})).await;
    let token = issued["token"].as_str().unwrap();
    assert_eq!(status(&beside, token).await, StatusCode::OK);
    let path = format!("{TOKENS}/{}", issued["id"].as_str().unwrap());
    assert_eq!(answer(world.admin(Method::DELETE, &path)).await.0, StatusCode::NO_CONTENT);
    let end = Instant::now() + Duration::from_secs(10);
    while status(&beside, token).await == StatusCode::OK {
        assert!(Instant::now() < end, "the other server still takes it");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let restarted = world.beside().await;
    assert_eq!(status(&restarted, token).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_issues_more_than_they_have_or_sees_more_than_theirs() {
    let world = World::start().await;
    let viewer = caller(1, &[], &[Role::Viewer]);
    for method in [Method::GET, Method::POST] {
        let request = world.by(&viewer, method, TOKENS).json(&json!({"subject": "a", "roles": ["viewer"]}));
        assert_eq!(answer(request).await.0, StatusCode::FORBIDDEN);
    }
    issue(&world, &json!({"subject": "all", "roles": ["admin"]})).await;
    issue(&world, &json!({"subject": "both", "roles": ["admin"], "branch_ids": [1, 2]})).await;
    let local = caller(1, &[2], &[Role::Admin]);
    let post = |body: Value| answer(world.by(&local, Method::POST, TOKENS).json(&body));
    for (body, field) in [
        (json!({"subject": "a", "roles": ["viewer"], "branch_ids": [1]}), "branch_ids"),
        (json!({"subject": "a", "roles": ["viewer"], "branch_ids": [0]}), "branch_ids"),
        (json!({"subject": "a", "roles": []}), "roles"),
        (json!({"subject": "", "roles": ["viewer"]}), "subject"),
        (json!({"subject": "a", "roles": ["viewer"], "ttl": "1w"}), "ttl"),
    ] {
        let (status, problem) = post(body.clone()).await;
        assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{body}");
    }
    let (_, own) = post(json!({"subject": "own", "roles": ["viewer"]})).await;
    assert_eq!(own["branch_ids"], json!([2]), "as wide as the asker and no wider");
    let (_, list) = answer(world.by(&local, Method::GET, TOKENS)).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    let (_, all) = world.get(TOKENS).await;
    let wide = all["items"].as_array().unwrap().iter().find(|token| token["subject"] == "both").unwrap();
    let path = format!("{TOKENS}/{}", wide["id"].as_str().unwrap());
    assert_eq!(answer(world.by(&local, Method::DELETE, &path)).await.0, StatusCode::NOT_FOUND);
}
