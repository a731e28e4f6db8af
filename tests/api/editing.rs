//! Mistakes in a camera's description, and its secrets.

use atalaya::domain::{Camera, CameraId, ParamValue, Point, Zone};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::world::{World, tenant};

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_does_not_fit_is_named_with_what_would() {
    let world = World::start().await;
    let with = |key: &str, value: Value| {
        let mut body = json!({"id": "door", "pipeline": "plain"});
        body[key] = value;
        body
    };
    let parameter = |key: &str, value: Value| with("parameters", json!({key: value}));
    let triangle = json!([[0.0, 0.5], [1.0, 0.5], [0.5, 1.0]]);
    let bow_tie = json!([[0, 0], [1, 1], [1, 0], [0, 1]]);
    for (body, field, says) in [
        (with("id", json!("Big Door")), "id", "a-z"),
        (json!({"pipeline": "plain"}), "id", "is needed"),
        (with("pipeline", json!("plane")), "pipeline", "plain"),
        (parameter("spead", json!(1)), "parameters.spead", "speed"),
        (parameter("speed", json!(11)), "parameters.speed", "11 is not an integer from 1 to 10"),
        (parameter("speed", json!("fast")), "parameters.speed", "from 1 to 10"),
        (parameter("pattern", json!("snow")), "parameters.pattern", "ball, smpte"),
        (json!({"id": "door", "pipeline": "rtsp"}), "parameters.location", "is required"),
        (with("branch_id", json!(0)), "branch_id", "positive"),
        (with("sector_id", json!(-3)), "sector_id", "positive"),
        (with("name", json!("")), "name", "1 to 100"),
        (with("lines", json!([{"name": "a", "from": [0, 0], "to": [0, 0]}])), "lines[0]", "same point"),
        (with("lines", json!([{"name": "a", "from": [0, 1.5], "to": [0, 0]}])), "lines[0]", "0..1"),
        (with("zones", json!([{"name": "a", "corners": [[0, 0], [1, 1]]}])), "zones[0]", "needs 3"),
        (with("zones", json!([{"name": "a", "corners": bow_tie}])), "zones[0]", "crosses itself"),
        (
            with("zones", json!([{"name": "a", "corners": triangle}, {"name": "a", "corners": triangle}])),
            "zones[1]",
            "twice",
        ),
    ] {
        let (status, problem) = world.post("/api/v1/cameras", &body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {problem}");
        assert_eq!(problem["field"], field, "{body}");
        assert!(problem["detail"].as_str().unwrap().contains(says), "{body}: {problem}");
    }
    assert_eq!(world.get("/api/v1/cameras/door").await.0, StatusCode::NOT_FOUND, "nothing came of it");
    let (status, problem) =
        world.put("/api/v1/cameras/hall", &json!({"id": "bar", "pipeline": "plain"})).await;
    assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("id")));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_shown_masked_and_stay_when_sent_back_so() {
    let world = World::start().await;
    let location = "rtsp://admin:hunter2@127.0.0.1:9/live";
    let body =
        json!({"id": "door", "pipeline": "rtsp", "parameters": {"location": location}, "enabled": false});
    let (status, created) = world.post("/api/v1/cameras", &body).await;
    assert_eq!(status, StatusCode::CREATED, "{created}");
    let shown = "rtsp://admin:***@127.0.0.1:9/live";
    assert_eq!(created["parameters"]["location"], shown);
    let stored = async || {
        let camera = world.store.camera(tenant(1), &CameraId::new("door").unwrap()).await.unwrap().unwrap();
        camera.parameters["location"].clone()
    };
    let path = "/api/v1/cameras/door";
    let back = json!({"name": "Door", "parameters": {"location": shown}});
    assert_eq!(world.patch(path, &back).await.0, StatusCode::OK);
    assert_eq!(stored().await, ParamValue::Text(location.into()));
    for elsewhere in ["rtsp://admin:***@10.0.0.9/live", "***"] {
        let (status, problem) = world.patch(path, &json!({"parameters": {"location": elsewhere}})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "a stored password goes to no other address");
        assert_eq!(problem["field"], "parameters.location");
    }
    let other = json!({"pipeline": "plain", "parameters": {"password": "***"}});
    assert_eq!(world.put(path, &other).await.0, StatusCode::UNPROCESSABLE_ENTITY, "nor to another pipeline");
    assert_eq!(stored().await, ParamValue::Text(location.into()));
    let (_, all) = world.get("/api/v1/cameras").await;
    assert!(!all.to_string().contains("hunter2"), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_camera_says_why_without_its_password() {
    let world = World::start().await;
    let parameters = json!({"location": "rtsp://admin:hunter2@127.0.0.1:9/live"});
    let body = json!({"id": "door", "pipeline": "rtsp", "parameters": parameters});
    assert_eq!(world.post("/api/v1/cameras", &body).await.0, StatusCode::CREATED);
    let handle = world.cameras.get(tenant(1), &CameraId::new("door").unwrap()).unwrap();
    let gone = |state: &atalaya::domain::CameraState| matches!(state.name(), "lost" | "failed");
    let mut state = handle.state();
    tokio::time::timeout(std::time::Duration::from_secs(30), state.wait_for(gone)).await.unwrap().unwrap();
    let (_, status) = world.get("/api/v1/cameras/door/status").await;
    assert!(status["reason"].is_string() && status["since"].is_string(), "{status}");
    assert!(!status.to_string().contains("hunter2"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_with_shapes_that_are_refused_now_can_be_changed_all_the_same() {
    let world = World::start().await;
    let id = CameraId::new("hall").unwrap();
    let before = world.store.camera(tenant(1), &id).await.unwrap().unwrap();
    let corners = [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)].map(|(x, y)| Point { x, y }).to_vec();
    let camera = Camera { zones: vec![Zone::new("tie", corners)], ..before };
    world.store.put_camera(tenant(1), &camera).await.unwrap();
    world.cameras.put(camera);
    let path = "/api/v1/cameras/hall";
    let line = json!({"name": "door", "from": [0, 0.5], "to": [1, 0.5]});
    for body in [json!({"name": "Hall"}), json!({"lines": [line]})] {
        let (status, camera) = world.patch(path, &body).await;
        assert_eq!(status, StatusCode::OK, "{body}: {camera}");
    }
    let (_, shown) = world.get(path).await;
    let (status, problem) = world.patch(path, &json!({"zones": shown["zones"]})).await;
    assert_eq!(
        (status, &problem["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("zones[0]")),
        "{problem}"
    );
}
