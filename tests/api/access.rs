//! Closed by default: who may come in, and with what.

use std::time::Duration;

use atalaya::domain::Role;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{NOON, SECRET, World, caller, documented, header};

/// What the product leaves open, besides the console's files.
const OPEN: [&str; 5] = ["GET /healthz", "GET /login", "GET /readyz", "GET /ws/health", "POST /logout"];

/// What a WebSocket's client sends: without it nobody learns whether a token is wanted.
const HANDSHAKE: [(&str, &str); 4] = [
    ("connection", "upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_route_but_the_open_ones_wants_a_token() {
    let world = World::start().await;
    let mut open = Vec::new();
    for (method, path) in documented(&world).await {
        let filled = path.replace("{id}", "hall").replace("{session}", "none").replace("{name}", "plain");
        let mut request = world.bare(method.clone(), &filled);
        if path.starts_with("/ws") {
            for (name, value) in HANDSHAKE {
                request = request.header(name, value);
            }
        }
        let response = request.send().await.unwrap();
        if path != "/login" && response.status() == StatusCode::UNAUTHORIZED {
            assert_eq!(header(&response, "www-authenticate"), "Bearer", "{method} {path}");
            assert_eq!(header(&response, "content-type"), "application/problem+json", "{method} {path}");
        } else {
            open.push(format!("{method} {path}"));
        }
    }
    open.sort();
    assert_eq!(open, OPEN);
    let response = world.bare(Method::GET, "/api/v1/nothing").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "outsiders do not learn what there is");
}

async fn status(world: &World, token: &str) -> StatusCode {
    world.bare(Method::GET, "/api/v1/session").bearer_auth(token).send().await.unwrap().status()
}

fn signed(claims: &Value, algorithm: Algorithm, secret: &str) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes()))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_tokens_that_this_secret_signed_and_that_are_alive_are_believed() {
    let world = World::start().await;
    let now_s = NOON.as_millis() / 1000;
    let claims = |exp_s: i64| json!({"sub": "pos", "tenant_id": 1, "roles": ["viewer"], "exp": exp_s});
    let good = signed(&claims(now_s + 60), Algorithm::HS256, SECRET);
    assert_eq!(status(&world, &good).await, StatusCode::OK, "neither kid nor iat is needed");
    let none = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", good.split('.').nth(1).unwrap());
    for (token, why) in [
        (none, "no algorithm"),
        (signed(&claims(now_s + 60), Algorithm::HS384, SECRET), "another algorithm"),
        (
            signed(&claims(now_s + 60), Algorithm::HS256, "another secret that is long enough to sign"),
            "secret",
        ),
        (signed(&claims(now_s - 6), Algorithm::HS256, SECRET), "over"),
        (signed(&json!({"sub": "pos", "tenant_id": 1, "roles": []}), Algorithm::HS256, SECRET), "no end"),
        (
            signed(&json!({"sub": "pos", "tenant_id": 0, "exp": now_s + 60}), Algorithm::HS256, SECRET),
            "tenant 0",
        ),
        ("nonsense".into(), "no token"),
    ] {
        let response = world.bare(Method::GET, "/api/v1/session").bearer_auth(&token).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{why}");
        assert_eq!(header(&response, "www-authenticate"), "Bearer error=\"invalid_token\"", "{why}");
    }
    world.clock.advance(Duration::from_secs(66));
    assert_eq!(status(&world, &good).await, StatusCode::UNAUTHORIZED, "it ends while the server runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_query_of_the_api_is_not_taken() {
    let world = World::start().await;
    let token = world.token(&caller(1, &[], &[Role::Admin]));
    let response = world.bare(Method::GET, &format!("/api/v1/session?token={token}")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_do_what_the_table_says_and_the_refusal_names_it() {
    let world = World::start().await;
    let camera = json!({"id": "new", "pipeline": "plain"});
    for (role, metrics, change) in [
        (Role::Admin, StatusCode::OK, StatusCode::CREATED),
        (Role::Viewer, StatusCode::OK, StatusCode::FORBIDDEN),
        (Role::Waiter, StatusCode::FORBIDDEN, StatusCode::FORBIDDEN),
        (Role::Kitchen, StatusCode::FORBIDDEN, StatusCode::FORBIDDEN),
    ] {
        let who = caller(1, &[], &[role]);
        let get = |path| world.by(&who, Method::GET, path).send();
        assert_eq!(get("/api/v1/cameras/hall").await.unwrap().status(), StatusCode::OK, "{role:?}");
        assert_eq!(get("/metrics").await.unwrap().status(), metrics, "{role:?}");
        let created = world.by(&who, Method::POST, "/api/v1/cameras").json(&camera).send().await.unwrap();
        assert_eq!(created.status(), change, "{role:?}");
        let restart = world.by(&who, Method::POST, "/api/v1/cameras/hall/restart").send().await.unwrap();
        assert_eq!(restart.status() == StatusCode::OK, role == Role::Admin, "{role:?}");
    }
    let nobody = world.by(&caller(1, &[], &[]), Method::GET, "/api/v1/cameras").send().await.unwrap();
    assert_eq!(nobody.status(), StatusCode::FORBIDDEN);
    let problem: Value = nobody.json().await.unwrap();
    assert_eq!(problem["detail"], "your roles do not allow to view");
}
