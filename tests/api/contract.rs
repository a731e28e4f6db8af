//! The OpenAPI document and the routes are one.

use reqwest::{Method, StatusCode};

use crate::world::{World, documented, header};

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_route_answers() {
    let world = World::start().await;
    for (method, path) in documented(&world).await {
        let path = path.replace("{id}", "nobody").replace("{session}", "none").replace("{name}", "none");
        let response = world.admin(method.clone(), &path).body("").send().await.unwrap();
        let status = response.status();
        assert!(
            status != StatusCode::METHOD_NOT_ALLOWED && status != StatusCode::INTERNAL_SERVER_ERROR,
            "{method} {path}: {status}"
        );
        if status == StatusCode::NOT_FOUND {
            let problem: serde_json::Value = response.json().await.unwrap();
            let detail = problem["detail"].as_str().unwrap();
            assert!(!detail.contains("no route") && !detail.contains("no page"), "{method} {path}: {detail}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_documented_is_not_there() {
    let world = World::start().await;
    for path in ["/api/v1/nothing", "/api/v1/cameras/", "/api/v1/cameras/hall/nothing", "/api/v2/cameras"] {
        let response = world.admin(Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(header(&response, "content-type"), "application/problem+json", "{path}");
    }
    let response = world.admin(Method::DELETE, "/api/v1/cameras").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(&response, "allow"), "GET, HEAD, POST");
    let response = world.bare(Method::POST, "/healthz").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_get_without_its_body() {
    let world = World::start().await;
    let response = world.admin(Method::HEAD, "/api/v1/cameras").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), "application/json");
    assert_eq!(response.text().await.unwrap(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_openapi_3_1_and_every_reference_in_it_leads_somewhere() {
    let world = World::start().await;
    let (_, document) = world.get("/api/v1/openapi.json").await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let text = document.to_string();
    let mut references = 0;
    for rest in text.split("\"$ref\":\"#").skip(1) {
        let pointer = rest.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
        references += 1;
    }
    assert!(references > 50, "{references}");
    let mut operations: Vec<_> =
        text.split("\"operationId\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    operations.sort_unstable();
    let all = operations.len();
    operations.dedup();
    assert_eq!((operations.len(), all), (documented(&world).await.len(), operations.len()), "{operations:?}");
    let mut names: Vec<_> = documented(&world).await.iter().map(|(m, p)| format!("{m} {p}")).collect();
    names.sort();
    insta::assert_snapshot!(names.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_docs_page_lists_every_route_and_needs_nothing_from_elsewhere() {
    let world = World::start().await;
    let response = world.admin(Method::GET, "/docs").send().await.unwrap();
    assert!(header(&response, "content-security-policy").starts_with("default-src 'none'"));
    let page = response.text().await.unwrap();
    for (_, path) in documented(&world).await {
        assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
    }
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"), "{page}");
}
