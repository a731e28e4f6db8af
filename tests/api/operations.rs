//! What those need who run the server: health, figures, choices, start and stop.

use std::time::Duration;

use atalaya::api::{Api, BindError};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::world::{World, header, json as answer};

#[tokio::test(flavor = "multi_thread")]
async fn readiness_follows_the_store_and_health_does_not() {
    let world = World::start().await;
    let ready = answer(world.bare(Method::GET, "/readyz")).await;
    assert_eq!(ready, (StatusCode::OK, json!({"status": "ready", "store": "ok", "pipelines": "ok"})));
    world.store.close().await;
    let (status, body) = answer(world.bare(Method::GET, "/readyz")).await;
    assert_eq!((status, &body["store"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("does not answer")));
    let health = answer(world.bare(Method::GET, "/healthz")).await;
    assert_eq!(health, (StatusCode::OK, json!({"status": "ok"})));
    let (status, cameras) = world.get("/api/v1/cameras").await;
    assert_eq!(status, StatusCode::OK, "who watches need not know of it: {cameras}");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_told_for_each_camera_and_for_the_process() {
    let world = World::start().await;
    world.running(1, "hall").await;
    let response = world.admin(Method::GET, "/metrics").send().await.unwrap();
    assert!(header(&response, "content-type").starts_with("application/openmetrics-text; version=1.0.0"));
    let text = response.text().await.unwrap();
    let value = |series: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with(&format!("{series} ")));
        line.unwrap_or_else(|| panic!("{series} is not in {text}"))
            .rsplit(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    };
    let hall = "{camera=\"hall\",tenant=\"1\"}";
    for name in [
        "frames_total",
        "frames_analysed_total",
        "frames_dropped_total",
        "detections_total",
        "detection_errors_total",
        "restarts_total",
        "received_bytes_total",
        "fps_in",
        "fps_analysed",
        "viewers",
        "inference_seconds_count",
    ] {
        value(&format!("atalaya_camera_{name}{hall}"));
    }
    assert!(text.contains("atalaya_camera_inference_seconds_bucket{"), "{text}");
    assert_eq!(value("atalaya_camera_state{camera=\"hall\",tenant=\"1\",state=\"running\"}"), 1.0);
    assert_eq!(value("atalaya_camera_state{camera=\"hall\",tenant=\"1\",state=\"lost\"}"), 0.0);
    assert!(value("process_resident_memory_bytes") > 1e6);
    assert!(value("process_open_fds") > 3.0);
    assert!(value("process_cpu_seconds_total") > 0.0);
    assert_eq!(value("process_start_time_seconds"), 1_777_888_800.0);
    assert_eq!(text.matches("# EOF").count(), 1);
    assert!(text.ends_with("# EOF\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelines_show_what_they_take() {
    let world = World::start().await;
    let (_, list) = world.get("/api/v1/pipelines").await;
    let names: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect();
    assert_eq!(names, ["file", "plain", "rtsp", "test", "usb"]);
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
    assert_eq!((&nanodet["loaded"], &nanodet["device"]), (&json!(false), &json!(null)));
    assert_eq!(nanodet["job"], "detector");
    assert!(models.iter().any(|model| model["name"] == "silero_vad" && model["job"] == "voice"));
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
    for path in ["/nothing.js", "/../Cargo.toml", "/%2e%2e/Cargo.toml"] {
        assert_eq!(
            world.bare(Method::GET, path).send().await.unwrap().status(),
            StatusCode::NOT_FOUND,
            "{path}"
        );
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
