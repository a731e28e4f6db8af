//! Cameras on the network: found, created as they were shown, and nobody asked who must not be.

use atalaya::demo::{Options, SimulatedCamera};
use atalaya::domain::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::onvif::{Device, Manners, Mood};
use crate::world::{World, caller, json as answer};

const PATH: &str = "/api/v1/discover";
const USER: (&str, &str) = ("ana", "s3cret-word");

fn camera() -> SimulatedCamera {
    let (user, password) = (Some(USER.0.to_owned()), Some(USER.1.to_owned()));
    SimulatedCamera::start(Options { path: "stream1".into(), user, password, ..Options::default() }).unwrap()
}

async fn device(camera: &SimulatedCamera) -> Device {
    Device::start(Manners { stream: camera.url().into(), user: Some(USER), ..Manners::default() }).await
}

/// Looks for what listens on these ports of this machine.
fn search(rtsp: &[u16], onvif: &[u16]) -> Value {
    json!({"hosts": ["127.0.0.1"], "rtsp_ports": rtsp, "onvif_ports": onvif, "timeout_s": 10,
        "user": USER.0, "password": USER.1})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_can_be_created_as_it_stands_and_gives_frames() {
    let world = World::start().await;
    let camera = camera();
    let device = device(&camera).await;
    let body = search(&[], &[device.port]);
    let (status, found) = world.post(PATH, &body).await;
    assert_eq!((status, &found["complete"]), (StatusCode::OK, &json!(true)), "{found}");
    let shown = found["cameras"][0].clone();
    assert_eq!((&shown["found_by"], &shown["known_as"]), (&json!("onvif"), &Value::Null));
    assert_eq!((&shown["needs_credentials"], &shown["note"]), (&json!(false), &Value::Null), "{shown}");
    let entry = &shown["entry"];
    assert_eq!(entry["id"], "atalaya-simulated-1");
    let parameters = json!({"location": camera.url(), "user": "ana", "password": "***"});
    assert_eq!(entry["parameters"], parameters);
    assert!(shown["toml"].as_str().unwrap().starts_with("[[cameras]]\nid = \"atalaya-simulated-1\"\n"));
    let text = found.to_string();
    assert!(!text.contains(USER.1) && text.contains("password=***"), "{text}");

    // Another's mask stands for nothing.
    let stranger = world.by(&caller(2, &[], &[Role::Admin]), Method::POST, "/api/v1/cameras").json(entry);
    let (status, problem) = answer(stranger).await;
    assert_eq!(
        (status, &problem["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("parameters.password"))
    );
    // And for no other machine.
    let mut moved = entry.clone();
    moved["parameters"]["location"] = "rtsp://127.0.0.2/stream1".into();
    assert_eq!(world.post("/api/v1/cameras", &moved).await.0, StatusCode::UNPROCESSABLE_ENTITY);

    let (status, created) = world.post("/api/v1/cameras", entry).await;
    assert_eq!(status, StatusCode::CREATED, "{created}");
    world.running(1, "atalaya-simulated-1").await;
    let (_, again) = world.post(PATH, &body).await;
    assert_eq!(again["cameras"][0]["known_as"], "atalaya-simulated-1");
    assert_eq!(again["cameras"][0]["entry"]["id"], "atalaya-simulated-1-2");
    world.clock.advance(std::time::Duration::from_secs(601));
    let (status, _) = world.post("/api/v1/cameras", &again["cameras"][0]["entry"]).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "the mask stands for the password for ten minutes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_onvif_is_found_and_one_without_a_user_says_so() {
    let world = World::start().await;
    let camera = camera();
    let port = url::Url::parse(camera.url()).unwrap().port().unwrap();
    let mut body = search(&[port], &[]);
    let (_, found) = world.post(PATH, &body).await;
    let shown = &found["cameras"][0];
    assert_eq!(
        (&shown["found_by"], &shown["profiles"][0]["codec"]),
        (&json!("rtsp"), &json!("H264")),
        "{found}"
    );
    assert_eq!(shown["entry"]["parameters"]["location"], camera.url());
    body["user"].take();
    body["password"].take();
    let (_, found) = world.post(PATH, &body).await;
    let shown = &found["cameras"][0];
    assert_eq!((&shown["needs_credentials"], &shown["entry"]), (&json!(true), &Value::Null), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_local_addresses_are_asked_and_only_by_those_who_may() {
    let world = World::start().await;
    for (body, field, part) in [
        (json!({"hosts": ["8.8.8.8"]}), "hosts", "never public ones"),
        (json!({"hosts": ["10.0.0.1", "::ffff:1.1.1.1"]}), "hosts", "never public ones"),
        (json!({"cidr": "203.0.113.0/24"}), "hosts", "never public ones"),
        (json!({"cidr": "10.0.0.0/16"}), "hosts", "at most a /24"),
        (json!({"hosts": ["rtsp://10.0.0.1/x"]}), "hosts", "neither a host"),
        (json!({"timeout_s": 31}), "timeout_s", "1..=30"),
        (json!({"timeout_s": 0}), "timeout_s", "1..=30"),
        (json!({"user": "ana"}), "password", "needed"),
        (json!({"password": "x"}), "user", "needed"),
        (json!({"user": "a\r\nb", "password": "x"}), "user", "control character"),
        (json!({"rtsp_ports": [0]}), "rtsp_ports", "1 to 65535"),
        (json!({"onvif_ports": [1, 2, 3, 4, 5, 6, 7, 8, 9]}), "onvif_ports", "at most 8"),
    ] {
        let (status, problem) = world.post(PATH, &body).await;
        assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{body}");
        assert!(problem["detail"].as_str().unwrap().contains(part), "{body}: {problem}");
    }
    // What listens for this machine alone is asked for those who run it.
    for (tenant, branches) in [(2, &[][..]), (1, &[1][..])] {
        for host in ["127.0.0.1", "169.254.169.254", "::1", "fe80::1"] {
            let who = caller(tenant, branches, &[Role::Admin]);
            let request = world.by(&who, Method::POST, PATH).json(&json!({"hosts": [host]}));
            let (status, problem) = answer(request).await;
            assert_eq!(
                (status, &problem["field"]),
                (StatusCode::UNPROCESSABLE_ENTITY, &json!("hosts")),
                "{host}"
            );
        }
    }
    for role in [Role::Viewer, Role::Waiter, Role::Kitchen] {
        let request = world.by(&caller(1, &[], &[role]), Method::POST, PATH).json(&json!({}));
        assert_eq!(answer(request).await.0, StatusCode::FORBIDDEN, "{role:?}");
    }
    assert_eq!(answer(world.bare(Method::POST, PATH).json(&json!({}))).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_search_at_a_time() {
    let world = World::start().await;
    let device = Device::start(Manners { mood: Mood::SilentLater, ..Manners::default() }).await;
    let body =
        json!({"hosts": ["127.0.0.1"], "rtsp_ports": [], "onvif_ports": [device.port], "timeout_s": 4});
    let first = world.admin(Method::POST, PATH).json(&body);
    let first = tokio::spawn(answer(first));
    while device.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    let (status, problem) = world.post(PATH, &body).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    let (status, found) = first.await.unwrap();
    assert_eq!((status, found["cameras"].as_array().unwrap().len()), (StatusCode::OK, 1), "{found}");
    assert_eq!(
        world.post(PATH, &json!({"hosts": ["127.0.0.1"], "rtsp_ports": [], "onvif_ports": []})).await.0,
        StatusCode::OK
    );
}
