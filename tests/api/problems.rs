//! Requests that cannot be answered say why, in one shape.

use reqwest::header::CONTENT_TYPE;
use reqwest::{Body, Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, header, json as answer};

#[tokio::test(flavor = "multi_thread")]
async fn problems_have_one_shape() {
    let world = World::start().await;
    let not_found = world.get("/api/v1/cameras/nobody").await.1;
    let no_token = answer(world.bare(Method::GET, "/api/v1/cameras")).await.1;
    let unreadable = world.post("/api/v1/cameras", &json!({"id": 5, "pipeline": "plain"})).await.1;
    let invalid = world.post("/api/v1/cameras", &json!({"id": "a b", "pipeline": "plain"})).await.1;
    let taken = world.post("/api/v1/cameras", &json!({"id": "hall", "pipeline": "plain"})).await.1;
    let method = answer(world.admin(Method::PUT, "/api/v1/cameras")).await.1;
    insta::assert_json_snapshot!([not_found, no_token, unreadable, invalid, taken, method]);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_cannot_be_read_is_told_by_its_key() {
    let world = World::start().await;
    let post = |body: &'static str| {
        answer(
            world.admin(Method::POST, "/api/v1/cameras").header(CONTENT_TYPE, "application/json").body(body),
        )
    };
    for (body, field) in [
        (r#"{"id":"door","pipeline":"plain","lines":[{"name":"a","from":[0],"to":[1,1]}]}"#, "lines[0].from"),
        (r#"{"id":"door","pipeline":"plain","parameters":{"speed":[1]}}"#, "parameters.speed"),
        (r#"{"id":"door","pipeline":"plain","nmae":"Door"}"#, "nmae"),
        (r#"{"id":"door"}"#, "pipeline"),
        (r#"{"id":"door","pipeline":"plain","lines":[{"name":"a","from":[0,1]}]}"#, "lines[0].to"),
    ] {
        let (status, problem) = post(body).await;
        assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{problem}");
    }
    for body in ["", "{", "[]", r#"{"id":"door","pipeline":"plain"} trailing"#] {
        let (status, problem) = post(body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{body}");
    }
    let (status, problem) =
        answer(world.admin(Method::PATCH, "/api/v1/cameras/hall").json(&json!([null, null]))).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "a list is no object: {problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_of_another_type_or_size_are_refused() {
    let world = World::start().await;
    let post = |kind: &str| world.admin(Method::POST, "/api/v1/cameras").header(CONTENT_TYPE, kind);
    let (status, problem) = answer(post("text/plain").body("{}")).await;
    assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(problem["detail"], "the body must be application/json, not text/plain");
    assert_eq!(answer(post("application/json; charset=utf-8").body("{}")).await.0, StatusCode::BAD_REQUEST);
    let large = "x".repeat(64 * 1024 + 1);
    let (status, problem) = answer(post("application/json").body(large.clone())).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(problem["detail"], "the body is larger than 65536 bytes");
    // Without a length, only what has come can tell.
    let parts = large
        .into_bytes()
        .chunks(8192)
        .map(|part| Ok(part.to_vec()))
        .collect::<Vec<Result<_, std::io::Error>>>();
    let streamed = Body::wrap_stream(futures_util::stream::iter(parts));
    assert_eq!(answer(post("application/json").body(streamed)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_keys_of_a_query_are_refused_by_name() {
    let world = World::start().await;
    for (path, word) in [
        ("/api/v1/cameras?limt=1", "limt"),
        ("/api/v1/cameras?limit=many", "limit"),
        ("/api/v1/cameras/hall/snapshot.jpg?overlay=1", "overlay"),
        ("/api/v1/cameras/hall/snapshot.jpg?height=361", "height"),
        ("/api/v1/cameras/hall/mjpeg?height=small", "height"),
        ("/api/v1/shifts/current?branch=1", "branch"),
    ] {
        let (status, problem) = world.get(path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{path}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_an_id_and_the_headers_that_keep_browsers_safe() {
    let world = World::start().await;
    for path in ["/", "/healthz", "/api/v1/cameras", "/api/v1/nothing"] {
        let response = world.admin(Method::GET, path).header("x-request-id", "a-1").send().await.unwrap();
        assert_eq!(header(&response, "x-request-id"), "a-1", "{path}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header(&response, "x-frame-options"), "DENY", "{path}");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer", "{path}");
        assert!(header(&response, "content-security-policy").starts_with("default-src 'self'"), "{path}");
    }
    let response = world.admin(Method::GET, "/healthz").header("x-request-id", "a b").send().await.unwrap();
    assert_eq!(header(&response, "x-request-id").len(), 16, "a harmful one is not passed on");
    let response = world.admin(Method::GET, "/api/v1/cameras").send().await.unwrap();
    assert_eq!(header(&response, "cache-control"), "no-store");
    let problem: Value = world.get("/api/v1/cameras/%22%3E").await.1;
    assert_eq!(problem["instance"], "/api/v1/cameras/%22%3E");
}
