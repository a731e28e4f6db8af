//! Cameras that somebody publishes to.

use atalaya::camera::CameraHandle;
use atalaya::domain::{CameraId, CameraState, Role};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::Offering;
use crate::eventually::eventually;
use crate::sender::{Ball, Publishing, Sender};
use crate::world::{World, caller, header, json as answer, tenant};

const SDP: &str = "application/sdp";
const WHIP: &str = "/api/v1/cameras/totem/whip";

/// A server with a camera that waits for somebody to publish to it.
async fn world() -> (World, CameraHandle) {
    let world = World::start().await;
    let totem = json!({"id": "totem", "name": "Totem", "pipeline": "pushed"});
    let (status, camera) = world.post("/api/v1/cameras", &totem).await;
    assert_eq!(status, StatusCode::CREATED, "{camera}");
    let handle = world.cameras.get(tenant(1), &CameraId::new("totem").unwrap()).unwrap();
    (world, handle)
}

/// Publishes; gives the session's path.
async fn publish(world: &World, ball: Ball) -> (String, Sender) {
    let publishing = Publishing::new(ball);
    let offer = world.admin(Method::POST, WHIP).header(CONTENT_TYPE, SDP).body(publishing.offer.clone());
    let response = offer.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::CREATED);
    assert_eq!(header(&response, "content-type"), SDP);
    let session = header(&response, "location").to_owned();
    assert!(session.starts_with("/api/v1/cameras/totem/whip/"), "{session}");
    let sdp = response.text().await.unwrap();
    for feedback in ["transport-cc", "nack", "nack pli"] {
        let says = |line: &str| line.starts_with("a=rtcp-fb:") && line.ends_with(&format!(" {feedback}"));
        assert!(sdp.lines().any(says), "who sends is to hear of losses and of its line by {feedback}: {sdp}");
    }
    let mut sender = publishing.send(&sdp);
    sender.connected().await;
    (session, sender)
}

async fn becomes(what: &str, is_so: impl Fn() -> bool) {
    eventually(what, async || is_so().then_some(())).await;
}

async fn lost(camera: &CameraHandle) {
    let is_so = || matches!(&*camera.state().borrow(), CameraState::Lost { reason, .. } if reason == "nobody sends it pictures");
    becomes("the camera lost, as nobody publishes", is_so).await;
}

async fn refusal(world: &World, path: &str, offer: &str) -> (StatusCode, String) {
    let offer = world.admin(Method::POST, path).header(CONTENT_TYPE, SDP).body(offer.to_owned());
    let (status, problem): (StatusCode, Value) = answer(offer).await;
    (status, problem["detail"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_publishes_is_a_camera_for_as_long_as_it_does() {
    for ball in [Ball::H264, Ball::Vp8] {
        let (world, camera) = world().await;
        assert!(matches!(*camera.state().borrow(), CameraState::Connecting { .. }));
        let (session, mut sender) = publish(&world, ball).await;
        world.running(1, "totem").await;
        becomes("its pictures' size", || camera.status().width == 320 && camera.status().height == 240).await;

        let offering = Offering::video();
        let offer = world.admin(Method::POST, "/api/v1/cameras/totem/whep?overlay=false");
        let response = offer.header(CONTENT_TYPE, SDP).body(offering.offer.clone()).send().await.unwrap();
        let mut viewer = offering.watch(&response.text().await.unwrap());
        assert!(viewer.picture().await.key, "{ball:?} is seen as any camera is");

        assert_eq!(answer(world.admin(Method::DELETE, &session)).await.0, StatusCode::OK);
        sender.closed().await;
        lost(&camera).await;
        viewer.picture().await;
        let (_again, _sender) = publish(&world, ball).await;
        world.running(1, "totem").await;
        becomes("the return to be counted", || camera.status().reconnects == 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_last_publishes_and_another_setting_costs_nobody_his_session() {
    let (world, camera) = world().await;
    let (_, mut first) = publish(&world, Ball::H264).await;
    world.running(1, "totem").await;
    let (session, mut second) = publish(&world, Ball::Vp8).await;
    first.closed().await;
    becomes("the second to be seen", || camera.status().frames_in > 0).await;
    world.running(1, "totem").await;
    let (status, _) = answer(world.admin(Method::POST, "/api/v1/cameras/totem/restart")).await;
    assert_eq!(status, StatusCode::OK);
    let before = camera.status().frames_in;
    becomes("pictures in the new pipeline", || camera.status().frames_in > before + 10).await;
    world.running(1, "totem").await;
    assert_eq!(answer(world.admin(Method::DELETE, &session)).await.0, StatusCode::OK);
    second.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_size_may_change_while_it_is_sent() {
    let (world, camera) = world().await;
    let (_, _sender) = publish(&world, Ball::Growing).await;
    becomes("the first size", || camera.status().width == 320).await;
    becomes("the second", || camera.status().width == 640).await;
    becomes("the first again", || camera.status().width == 320).await;
    assert_eq!(camera.status().reconnects, 0, "by one pipeline");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_whose_camera_is_deleted_is_sent_away() {
    let (world, _) = world().await;
    let (_, mut sender) = publish(&world, Ball::H264).await;
    world.running(1, "totem").await;
    let (status, _) = answer(world.admin(Method::DELETE, "/api/v1/cameras/totem")).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    sender.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_publishes_where_it_would_not_be_played() {
    let (world, _) = world().await;
    let sends = Publishing::new(Ball::Vp8).offer;
    let (status, detail) = refusal(&world, "/api/v1/cameras/hall/whip", &sends).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(detail.contains("\"hall\"") && detail.contains("\"whip\""), "{detail}");
    let (status, detail) = refusal(&world, WHIP, &Offering::video().offer).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(detail.contains("VP8"), "{detail}");
    assert_eq!(refusal(&world, WHIP, "nonsense").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(refusal(&world, "/api/v1/cameras/nobody/whip", &sends).await.0, StatusCode::NOT_FOUND);
    let (status, _) = answer(world.admin(Method::POST, "/api/v1/cameras/totem/stop")).await;
    assert_eq!(status, StatusCode::OK);
    let (status, detail) = refusal(&world, WHIP, &sends).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(detail.contains("stopped"), "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_its_publishers_and_no_viewers() {
    let (world, _) = world().await;
    let (session, _sender) = publish(&world, Ball::Vp8).await;
    let stranger = caller(2, &[], &[Role::Admin]);
    assert_eq!(answer(world.by(&stranger, Method::DELETE, &session)).await.0, StatusCode::NOT_FOUND);
    let waiter = caller(1, &[], &[Role::Waiter]);
    assert_eq!(answer(world.by(&waiter, Method::DELETE, &session)).await.0, StatusCode::FORBIDDEN);
    let as_viewer = session.replace("/whip/", "/whep/");
    assert_eq!(answer(world.admin(Method::DELETE, &as_viewer)).await.0, StatusCode::NOT_FOUND);
    let fragment =
        world.admin(Method::PATCH, &session).header(CONTENT_TYPE, "application/trickle-ice-sdpfrag");
    assert_eq!(answer(fragment.body("a=end-of-candidates\r\n")).await.0, StatusCode::NO_CONTENT);
}
