//! The OpenAPI document and the routes are one.

use std::sync::Arc;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::postgres::Cluster;
use crate::world::{World, documented, header, json as json_of};

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_route_answers() {
    let world = World::start().await;
    let (_, document) = world.get("/api/v1/openapi.json").await;
    let queries = ["", "?nonsense=1", "?limit=0", "?cursor=~"];
    let routes = documented(&world).await;
    for ((method, route), query) in routes.iter().flat_map(|route| queries.map(|query| (route, query))) {
        let path = route.replace("{id}", "nobody").replace("{session}", "none").replace("{name}", "none");
        let path = format!("{path}{query}");
        let response = world.admin(method.clone(), &path).body("").send().await.unwrap();
        let status = response.status();
        assert!(is_declared(&document, method, route, status), "{method} {path}: {status} is not documented");
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

fn is_declared(document: &Value, method: &Method, route: &str, status: StatusCode) -> bool {
    document["paths"][route][method.as_str().to_lowercase()]["responses"][status.as_str()].is_object()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_the_database_is_documented_to_be_away_with_it() {
    let cluster = Arc::new(Cluster::start());
    let world = World::start_on(cluster.clone()).await;
    let (_, document) = world.get("/api/v1/openapi.json").await;
    tokio::task::block_in_place(|| cluster.crash());
    let asked = [
        (Method::GET, "/api/v1/branches", "/api/v1/branches"),
        (Method::GET, "/api/v1/shifts", "/api/v1/shifts"),
        (Method::GET, "/api/v1/shifts/current", "/api/v1/shifts/current"),
        (Method::GET, "/api/v1/shifts/current/summary", "/api/v1/shifts/current/summary"),
        (Method::GET, "/api/v1/shifts/current/comparison", "/api/v1/shifts/current/comparison"),
        (Method::GET, "/api/v1/shifts/current/visits", "/api/v1/shifts/current/visits"),
        (Method::GET, "/api/v1/cameras/{id}/occupancy", "/api/v1/cameras/hall/occupancy"),
        (Method::GET, "/api/v1/cameras/{id}/heatmap.png", "/api/v1/cameras/hall/heatmap.png"),
        (Method::GET, "/api/v1/series", "/api/v1/series"),
        (Method::GET, "/api/v1/export/{name}", "/api/v1/export/visits.csv?from=2026-05-04T00:00:00Z"),
        (Method::GET, "/api/v1/shifts/current/export.csv", "/api/v1/shifts/current/export.csv"),
        (Method::GET, "/api/v1/shifts/current/export.ndjson", "/api/v1/shifts/current/export.ndjson"),
        (Method::GET, "/api/v1/shifts/{id}/export.csv", "/api/v1/shifts/1/export.csv"),
        (Method::GET, "/api/v1/shifts/{id}/export.ndjson", "/api/v1/shifts/1/export.ndjson"),
        (Method::GET, "/api/v1/shifts/{id}", "/api/v1/shifts/1"),
        (Method::GET, "/api/v1/shifts/{id}/summary", "/api/v1/shifts/1/summary"),
        (Method::GET, "/api/v1/shifts/{id}/comparison", "/api/v1/shifts/1/comparison"),
        (Method::GET, "/api/v1/shifts/{id}/visits", "/api/v1/shifts/1/visits"),
        (Method::POST, "/api/v1/cameras", "/api/v1/cameras"),
        (Method::POST, "/api/v1/tracking/voice", "/api/v1/tracking/voice?camera=hall&rate=8000&format=s16le"),
        (Method::PUT, "/api/v1/cameras/{id}", "/api/v1/cameras/hall"),
        (Method::DELETE, "/api/v1/cameras/{id}", "/api/v1/cameras/hall"),
    ];
    let answers = asked.map(|(method, route, path)| {
        let mut request = world.admin(method.clone(), path);
        if route.ends_with("voice") {
            request = request.header("content-type", "application/octet-stream").body(vec![0; 800]);
        } else if matches!(method, Method::POST | Method::PUT) {
            let id = if method == Method::PUT { "hall" } else { "new" };
            request = request.json(&json!({"id": id, "pipeline": "plain"}));
        }
        async move { (method, route, json_of(request).await) }
    });
    for (method, route, (status, problem)) in futures_util::future::join_all(answers).await {
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{method} {route}: {problem}");
        assert!(is_declared(&document, &method, route, status), "{method} {route}");
    }
    assert!(is_declared(&document, &Method::PATCH, "/api/v1/cameras/{id}", StatusCode::SERVICE_UNAVAILABLE));
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
