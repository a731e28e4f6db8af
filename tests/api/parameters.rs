//! What parameters may hold when they come from a client, and where a stored secret may go.

use atalaya::domain::{CameraId, ParamValue};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::world::{World, tenant};

const DOOR: &str = "/api/v1/cameras/door";

/// A camera of pipeline `rtsp` whose password stands apart from its address.
async fn with_door() -> World {
    let world = World::start().await;
    let parameters = json!({"location": "rtsp://10.0.0.7/live", "user": "admin", "password": "hunter2", "transport": "tcp"});
    let body = json!({"id": "door", "pipeline": "rtsp", "parameters": parameters, "enabled": false});
    let (status, created) = world.post("/api/v1/cameras", &body).await;
    assert_eq!(status, StatusCode::CREATED, "{created}");
    world
}

async fn stored(world: &World, key: &str) -> Option<ParamValue> {
    let camera = world.store.camera(tenant(1), &CameraId::new("door").unwrap()).await.unwrap().unwrap();
    camera.parameters.get(key).cloned()
}

fn text(text: &str) -> Option<ParamValue> {
    Some(ParamValue::Text(text.into()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_password_follows_its_camera_to_no_other_address() {
    let world = with_door().await;
    for elsewhere in [
        "rtsp://10.0.0.9/live",
        "rtsp://10.0.0.7:8554/live",
        "rtsps://10.0.0.7/live",
        // Read by some as a user name before another host.
        "rtsp://10.0.0.7#@10.0.0.9/live",
        "rtsp://10.0.0.7:1@10.0.0.9/live",
    ] {
        let (status, problem) = world.patch(DOOR, &json!({"parameters": {"location": elsewhere}})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{elsewhere}: {problem}");
        assert_eq!(problem["field"], "parameters.password", "{elsewhere}");
        let kept = json!({"location": elsewhere, "user": "admin", "password": "***"});
        let (status, problem) = world.put(DOOR, &json!({"pipeline": "rtsp", "parameters": kept})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{elsewhere}: {problem}");
    }
    assert_eq!(stored(&world, "location").await, text("rtsp://10.0.0.7/live"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_stays_on_the_same_machine_and_goes_where_it_is_typed_again() {
    let world = with_door().await;
    let patch = async |parameters: Value| {
        let (status, body) = world.patch(DOOR, &json!({"parameters": parameters})).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    };
    patch(json!({"location": "rtsp://10.0.0.7/other?channel=2"})).await;
    patch(json!({"transport": "udp"})).await;
    assert_eq!(stored(&world, "password").await, text("hunter2"));
    patch(json!({"location": "rtsp://10.0.0.9/live", "password": "hunter2"})).await;
    assert_eq!(stored(&world, "password").await, text("hunter2"));
    patch(json!({"location": "rtsp://10.0.0.8/live", "password": null})).await;
    assert_eq!(stored(&world, "password").await, None);
    patch(json!({"location": "rtsp://10.0.0.7/live"})).await;
    assert_eq!(stored(&world, "user").await, text("admin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn control_characters_in_a_text_are_refused_by_name() {
    let world = with_door().await;
    for (key, value) in [("user", "ad\u{0}min"), ("user", "a\nb"), ("location", "rtsp://10.0.0.7/\u{0}")] {
        let (status, problem) = world.patch(DOOR, &json!({"parameters": {key: value}})).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{key}: {problem}");
        assert_eq!(problem["field"], format!("parameters.{key}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_plays_files_of_the_media_folder_and_learns_of_no_others() {
    let world = World::start().await;
    let media = world.folder.path().join("media");
    let clip = media.join("clip.avi");
    std::fs::write(&clip, "a film").unwrap();
    std::fs::write(world.folder.path().join("outside.avi"), "another's film").unwrap();
    std::os::unix::fs::symlink(world.folder.path().join("outside.avi"), media.join("link.avi")).unwrap();
    let create = async |id: &str, location: &str| {
        let body =
            json!({"id": id, "pipeline": "file", "parameters": {"location": location}, "enabled": false});
        world.post("/api/v1/cameras", &body).await
    };
    let real = clip.canonicalize().unwrap();
    for (id, location) in
        [("full", clip.to_str().unwrap()), ("short", "clip.avi"), ("odd", "../media/clip.avi")]
    {
        let (status, camera) = create(id, location).await;
        assert_eq!(status, StatusCode::CREATED, "{camera}");
        assert_eq!(camera["parameters"]["location"], real.to_str().unwrap());
    }
    let outside = world.folder.path().join("outside.avi");
    let missing = world.folder.path().join("missing.avi");
    for location in [
        "/etc/passwd",
        "/etc/nothing",
        "../outside.avi",
        "link.avi",
        ".",
        "",
        outside.to_str().unwrap(),
        missing.to_str().unwrap(),
    ] {
        let says = format!("there is no file {location:?} in the folder of `server.media_dir`");
        let (status, problem) = create("door", location).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{location}: {problem}");
        assert_eq!(problem["detail"], format!("parameters.location: {says}"));
        let values = json!({"pipeline": "file", "parameters": {"location": location}});
        let (_, check) = world.post("/api/v1/pipelines/check", &values).await;
        assert!(check["findings"].as_array().unwrap().iter().any(|f| f["reason"] == says), "{check}");
        // Neither by a description of their own.
        let description = format!(
            "name = 'mine'\ndescription = 'Mine'\nkind = 'live'\nlaunch = 'filesrc name=source ! fakesink'\n\
             [parameters.location]\ntype = 'path'\ndescription = 'A file'\ndefault = '{location}'\n\
             target = 'source.location'\n"
        );
        let (_, check) = world.post("/api/v1/pipelines/check", &json!({"description": description})).await;
        let reasons = check["findings"].to_string();
        assert!(reasons.contains("server.media_dir") && !reasons.contains("default:"), "{check}");
    }
}
