//! What the cameras see, live.

use std::time::Duration;

use atalaya::domain::Role;
use futures_util::StreamExt;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use crate::client::Offering;
use crate::world::{World, caller, header, json};

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// Reads the body until it holds `count` times `mark`.
async fn read_until(response: Response, mark: &str, count: usize) -> String {
    let mut stream = response.bytes_stream();
    let mut text = String::new();
    let read = async {
        while text.matches(mark).count() < count {
            text.push_str(&String::from_utf8_lossy(&stream.next().await.unwrap().unwrap()));
        }
    };
    tokio::time::timeout(Duration::from_secs(30), read).await.unwrap();
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn every_frame_comes_as_an_event_with_its_own_time() {
    let world = World::start().await;
    world.running(1, "hall").await;
    let response = world.admin(Method::GET, "/api/v1/cameras/hall/detections").send().await.unwrap();
    assert_eq!(header(&response, "content-type"), "text/event-stream");
    let text = read_until(response, "\n\n", 6).await;
    let events: Vec<Value> = text
        .split("\n\n")
        .take(5)
        .map(|event| serde_json::from_str(event.strip_prefix("event: frame\ndata: ").unwrap()).unwrap())
        .collect();
    for pair in events.windows(2) {
        assert_eq!(pair[1]["frame"].as_u64(), pair[0]["frame"].as_u64().map(|frame| frame + 1));
        assert!(pair[1]["pts_ms"].as_u64() > pair[0]["pts_ms"].as_u64(), "{pair:?}");
    }
    assert_eq!((&events[0]["camera"], &events[0]["width"]), (&"hall".into(), &320.into()));
    assert!(events[0]["detections"].is_array() && events[0]["at"].is_string(), "{}", events[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_when_the_camera_is_deleted() {
    let world = World::start().await;
    world.running(1, "hall").await;
    let events = world.admin(Method::GET, "/api/v1/cameras/hall/detections").send().await.unwrap();
    let pictures = world.admin(Method::GET, "/api/v1/cameras/hall/mjpeg").send().await.unwrap();
    let (status, _) = json(world.admin(Method::DELETE, "/api/v1/cameras/hall")).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    for stream in [events, pictures] {
        tokio::time::timeout(Duration::from_secs(10), stream.bytes()).await.unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stills_and_streams_are_jpeg() {
    let world = World::start().await;
    world.running(1, "hall").await;
    for overlay in [true, false] {
        let path = format!("/api/v1/cameras/hall/snapshot.jpg?overlay={overlay}");
        let response = world.admin(Method::GET, &path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header(&response, "content-type"), "image/jpeg");
        assert!(response.bytes().await.unwrap().starts_with(&[0xff, 0xd8, 0xff]));
    }
    let response = world.admin(Method::GET, "/api/v1/cameras/hall/mjpeg").send().await.unwrap();
    let kind = header(&response, "content-type").to_owned();
    let boundary = kind.strip_prefix("multipart/x-mixed-replace; boundary=").unwrap();
    let text = read_until(response, &format!("--{boundary}"), 3).await;
    assert!(text.contains("Content-Type: image/jpeg\r\n"), "{}", &text[..200]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_shows_nothing_has_no_still() {
    let world = World::start().await;
    let (status, _) = json(world.admin(Method::POST, "/api/v1/cameras/hall/stop")).await;
    assert_eq!(status, StatusCode::OK);
    let (status, problem) = world.get("/api/v1/cameras/hall/snapshot.jpg").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(problem["detail"].as_str().unwrap().contains("no picture"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_becomes_a_session_that_shows_the_camera_until_it_is_ended() {
    let world = World::start().await;
    world.running(1, "hall").await;
    let offering = Offering::video();
    let offer =
        world.admin(Method::POST, "/api/v1/cameras/hall/whep?overlay=false").header(CONTENT_TYPE, SDP);
    let response = offer.body(offering.offer.clone()).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(header(&response, "content-type"), SDP);
    assert_eq!(header(&response, "link"), "<stun:stun.example.net>; rel=\"ice-server\"");
    let session = header(&response, "location").to_owned();
    assert!(session.starts_with("/api/v1/cameras/hall/whep/"), "{session}");
    let mut viewer = offering.watch(&response.text().await.unwrap());
    assert!(viewer.picture().await.key);
    assert_eq!(world.get("/api/v1/cameras/hall/status").await.1["viewers"], 1);

    let trickle = |request: reqwest::RequestBuilder| {
        json(request.header(CONTENT_TYPE, FRAGMENT).body("a=end-of-candidates\r\n"))
    };
    assert_eq!(trickle(world.admin(Method::PATCH, &session)).await.0, StatusCode::NO_CONTENT);
    let stranger = caller(2, &[], &[Role::Admin]);
    assert_eq!(trickle(world.by(&stranger, Method::PATCH, &session)).await.0, StatusCode::NOT_FOUND);
    let of_other_camera = session.replace("/hall/", "/fixed/");
    assert_eq!(json(world.admin(Method::DELETE, &of_other_camera)).await.0, StatusCode::NOT_FOUND);
    assert_eq!(json(world.by(&stranger, Method::DELETE, &session)).await.0, StatusCode::NOT_FOUND);

    assert_eq!(json(world.admin(Method::DELETE, &session)).await.0, StatusCode::OK);
    viewer.closed().await;
    assert_eq!(json(world.admin(Method::DELETE, &session)).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_help_through_firewalls_are_told_before_the_offer() {
    let world = World::start().await;
    let ask = |request: reqwest::RequestBuilder| async { request.send().await.unwrap() };
    let path = "/api/v1/cameras/hall/whep";
    let response = ask(world.admin(Method::OPTIONS, path)).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(header(&response, "link"), "<stun:stun.example.net>; rel=\"ice-server\"");
    assert_eq!(header(&response, "accept-post"), SDP);
    let stranger = caller(2, &[], &[Role::Admin]);
    for (refused, status) in [
        (world.bare(Method::OPTIONS, path), StatusCode::UNAUTHORIZED),
        (world.by(&stranger, Method::OPTIONS, path), StatusCode::NOT_FOUND),
    ] {
        let response = ask(refused).await;
        assert_eq!((response.status(), header(&response, "link")), (status, ""));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_cannot_be_answered_is_refused() {
    let world = World::start().await;
    let offer = |kind: &'static str, body: &'static str| {
        let request = world.admin(Method::POST, "/api/v1/cameras/hall/whep").header(CONTENT_TYPE, kind);
        json(request.body(body))
    };
    assert_eq!(offer(SDP, "nonsense").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(offer("application/json", "{}").await.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}
