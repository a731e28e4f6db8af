//! The examples of the contract run.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::world::{World, json as answer};

#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_a_body_and_of_a_query_is_taken() {
    let world = World::start().await;
    // What examples speak of is there.
    world.post("/api/v1/sectors", &serde_json::json!({"id": 1, "name": "Bar"})).await;
    world.post("/api/v1/tokens", &serde_json::json!({"subject": "a", "roles": ["viewer"]})).await;
    let (_, document) = world.get("/api/v1/openapi.json").await;
    let (mut bodies, mut queries) = (0, 0);
    for (route, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let is_number = ["sectors", "branches", "schedules"].iter().any(|part| route.contains(part));
            let path = route.replace("{id}", if is_number { "1" } else { "hall" }).replace("{name}", "plain");
            let body = &operation["requestBody"]["content"]["application/json"];
            let takes_camera = !body.is_null() && !route.contains("/cv/");
            if takes_camera {
                let example = &body["example"];
                assert!(example.is_object(), "{method} {route} has no example of its body");
                let (status, told) = answer(world.admin(method.clone(), &path).json(example)).await;
                assert!(status.is_success(), "{method} {path} {example}: {status} {told}");
                bodies += 1;
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "query" && !parameter["example"].is_null() {
                    let example = text(&parameter["example"]);
                    let mut query = url::form_urlencoded::Serializer::new(String::new());
                    query.append_pair(parameter["name"].as_str().unwrap(), &example);
                    let query = query.finish();
                    let target = format!("{path}?{query}");
                    let (status, told) = answer(world.admin(method.clone(), &target)).await;
                    assert_eq!(status, StatusCode::OK, "{method} {target}: {told}");
                    queries += 1;
                }
            }
        }
    }
    assert!(bodies >= 7 && queries >= 8, "{bodies} {queries}");
}

fn text(example: &Value) -> String {
    example.as_str().map_or_else(|| example.to_string(), str::to_owned)
}
