//! What those need who run the server: health, figures, choices, start and stop.

use std::time::Duration;

use atalaya::api::{Api, BindError};
use atalaya::domain::RecorderFigures;
use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::{World, header, json as answer};

#[tokio::test(flavor = "multi_thread")]
async fn readiness_follows_the_store_and_health_does_not() {
    let world = World::start().await;
    let ready = answer(world.bare(Method::GET, "/readyz")).await;
    let fine =
        json!({"status": "ready", "store": "ok", "pipelines": "ok", "recorder": "ok", "gateway": "ok"});
    assert_eq!(ready, (StatusCode::OK, fine));
    world.recorder.lock().unwrap().is_stuck = true;
    let (status, body) = answer(world.bare(Method::GET, "/readyz")).await;
    assert_eq!((status, &body["recorder"]), (StatusCode::OK, &json!("visits wait for the database")));
    for (spool_bytes, is_losing, word) in
        [(79, false, ""), (80, false, "nearly used up"), (100, true, "are lost")]
    {
        let figures = RecorderFigures {
            is_stuck: true,
            spool_bytes,
            spool_max_bytes: 100,
            is_losing,
            ..Default::default()
        };
        *world.recorder.lock().unwrap() = figures;
        let (status, body) = answer(world.bare(Method::GET, "/readyz")).await;
        let told = body["recorder"].as_str().unwrap();
        assert!(
            status == StatusCode::OK && told.starts_with("visits wait") && told.ends_with(word),
            "{told}"
        );
        assert_eq!(told.contains("space"), spool_bytes >= 80, "{told}");
    }
    world.store.close().await;
    let (status, body) = answer(world.bare(Method::GET, "/readyz")).await;
    assert_eq!((status, &body["store"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("does not answer")));
    let health = answer(world.bare(Method::GET, "/healthz")).await;
    assert_eq!(health, (StatusCode::OK, json!({"status": "ok"})));
    let (status, cameras) = world.get("/api/v1/cameras").await;
    assert_eq!(status, StatusCode::OK, "who watches need not know of it: {cameras}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_show_what_they_take() {
    let world = World::start().await;
    let (_, list) = world.get("/api/v1/pipelines").await;
    let names: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect();
    assert_eq!(names, ["file", "plain", "pushed", "rtsp", "test", "usb", "whip"]);
    let (_, plain) = world.get("/api/v1/pipelines/plain").await;
    insta::assert_json_snapshot!(plain);
    let (status, problem) = world.get("/api/v1/pipelines/nothing").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(problem["detail"].as_str().unwrap().contains("rtsp"), "it names those that there are: {problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_description_is_checked_before_anything_runs() {
    let world = World::start().await;
    let check = async |body| world.post("/api/v1/pipelines/check", &body).await;
    let good = check(json!({"pipeline": "plain", "parameters": {"speed": 2}})).await;
    assert_eq!(good, (StatusCode::OK, json!({"ok": true, "findings": []})));
    let (_, bad) = check(json!({"pipeline": "plain", "parameters": {"speed": 20}})).await;
    assert_eq!((&bad["ok"], &bad["findings"][0]["parameter"]), (&json!(false), &json!("speed")));
    let text = "name = \"mine\"\ndescription = \"Mine\"\nkind = \"live\"\nlaunch = '''\nvideotestsrc\n  ! nosuchthing\n  ! appsink name=records\n'''\n";
    let (_, bad) = check(json!({"description": text})).await;
    assert_eq!((&bad["ok"], &bad["findings"][0]["line"]), (&json!(false), &json!(6)), "{bad}");
    assert!(bad["findings"][0]["reason"].as_str().unwrap().contains("nosuchthing"), "{bad}");
    let (_, bad) = check(json!({"description": "name = "})).await;
    assert_eq!((&bad["ok"], &bad["findings"][0]["line"]), (&json!(false), &json!(1)), "{bad}");
    assert_eq!(check(json!({})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(check(json!({"pipeline": "nothing"})).await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_listed_whether_or_not_they_are_in_use() {
    let world = World::start().await;
    let (status, list) = world.get("/api/v1/models").await;
    assert_eq!(status, StatusCode::OK);
    let models = list["items"].as_array().unwrap();
    let nanodet = models.iter().find(|model| model["name"] == "nanodet").unwrap();
    assert_eq!(nanodet["job"], "detector");
    assert_eq!(nanodet["score"], 0.5, "as its manifest says");
    assert!(models.iter().any(|model| model["name"] == "silero_vad" && model["job"] == "voice"));
    // Whether it is in memory depends on the other tests of this process; where it runs is known only then.
    let loaded = nanodet["loaded"].as_bool().unwrap();
    assert_eq!(nanodet["device"], if loaded { json!("cpu") } else { json!(null) });
    assert!(nanodet["labels"].as_array().unwrap().contains(&json!("person")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_is_served_to_everybody_and_kept_by_browsers() {
    let world = World::start().await;
    let response = world.bare(Method::GET, "/").send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(&response, "cache-control"), "no-cache");
    let tag = header(&response, "etag").to_owned();
    let again = world.bare(Method::GET, "/").header("if-none-match", tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
}

/// Written by hand, as every HTTP client folds such paths before it sends them.
#[tokio::test(flavor = "multi_thread")]
async fn no_path_leads_out_of_the_console() {
    let world = World::start().await;
    for path in [
        "/nothing.js",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%2fCargo.toml",
        "/assets/../../Cargo.toml",
        "/assets/../../../Cargo.toml",
        "//etc/passwd",
        "/../../../../../../../../etc/passwd",
        "/..\\Cargo.toml",
    ] {
        let mut socket = TcpStream::connect(world.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", world.address);
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 404 ") || answer.starts_with("HTTP/1.1 400 "),
            "{path}: {answer}"
        );
        assert!(!answer.contains("[package]") && !answer.contains("root:"), "{path}: {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_told_with_the_way_out() {
    let world = World::start().await;
    let error = Api::bind(world.address).await.unwrap_err();
    assert!(matches!(error, BindError::InUse(address) if address == world.address));
    assert!(error.to_string().contains("--listen"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_streams_at_once_and_the_server_soon() {
    let mut world = World::start().await;
    world.running(1, "hall").await;
    let events = world.admin(Method::GET, "/api/v1/cameras/hall/detections").send().await.unwrap();
    let pictures = world.admin(Method::GET, "/api/v1/cameras/hall/mjpeg").send().await.unwrap();
    world.stop.cancel();
    for stream in [events, pictures] {
        tokio::time::timeout(Duration::from_secs(2), stream.bytes()).await.unwrap().unwrap();
    }
    tokio::time::timeout(Duration::from_secs(3), &mut world.server).await.unwrap().unwrap();
    assert!(world.bare(Method::GET, "/healthz").send().await.is_err());
    world.tasks.close();
    tokio::time::timeout(Duration::from_secs(5), world.tasks.wait()).await.unwrap();
}
