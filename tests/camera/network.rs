//! Cameras over real RTSP: killed, hung, misconfigured, and beside each other.

use std::time::{Duration, Instant};

use atalaya::camera::CameraHandle;
use atalaya::domain::{Camera, CameraState, ParamValue};

use crate::common::{World, camera, is_running, undetected, until, within_deadline};
use crate::simulated::SimulatedCamera;

/// What is promised on a quiet machine; the figures of one stand in docs/performance.md.
const BACK_WITHIN: Duration = Duration::from_secs(2);
/// Tests share their machine with each other.
const SLACK: Duration = Duration::from_secs(2);

fn text(text: &str) -> ParamValue {
    ParamValue::Text(text.to_owned())
}

fn rtsp(id: &str, url: &str) -> Camera {
    camera(id, "rtsp", &[("location", text(url))])
}

async fn lost_reason(handle: &CameraHandle) -> String {
    let lost = until(handle, "lost", |state| matches!(state, CameraState::Lost { .. })).await;
    let CameraState::Lost { reason, .. } = lost else { panic!("not lost: {lost:?}") };
    reason
}

/// Waits until the camera runs again and answers how long that took from `back` on.
async fn recovery(handle: &CameraHandle, back: Instant) -> Duration {
    until(handle, "running again", is_running).await;
    let took = back.elapsed();
    assert!(took < BACK_WITHIN + SLACK, "back only after {took:?}");
    took
}

#[tokio::test]
async fn a_camera_that_is_killed_comes_back_by_itself() {
    let folder = undetected();
    let world = World::new(Some(folder.path()));
    let mut simulated = SimulatedCamera::start(&[]).await;
    let handle = world.cameras.put(rtsp("door", &simulated.url));
    until(&handle, "running", is_running).await;
    for round in 1..=3 {
        let url = simulated.kill().await;
        let reason = lost_reason(&handle).await;
        assert!(reason == "the camera ended the stream" || reason.contains("connection refused"), "{reason}");
        simulated = SimulatedCamera::start_at(&url, &[]).await;
        let took = recovery(&handle, Instant::now()).await;
        println!("killed, back after {took:?}");
        assert_eq!(handle.status().reconnects, round);
    }
    world.end().await;
}

#[tokio::test]
async fn a_camera_that_hangs_is_noticed_and_comes_back_by_itself() {
    let folder = undetected();
    let world = World::new(Some(folder.path()));
    let simulated = SimulatedCamera::start(&[]).await;
    let handle = world.cameras.put(rtsp("door", &simulated.url));
    until(&handle, "running", is_running).await;
    for _ in 0..2 {
        simulated.hang();
        let hung = Instant::now();
        assert_eq!(lost_reason(&handle).await, "no picture for 3 s");
        assert!(hung.elapsed() < Duration::from_secs(5), "noticed only after {:?}", hung.elapsed());
        simulated.wake();
        let took = recovery(&handle, Instant::now()).await;
        println!("hung, back after {took:?}");
    }
    world.end().await;
}

#[tokio::test]
async fn a_camera_that_is_not_there_yet_is_taken_when_it_comes() {
    let folder = undetected();
    let world = World::new(Some(folder.path()));
    let url = SimulatedCamera::start(&[]).await.kill().await;
    let handle = world.cameras.put(rtsp("door", &url));
    let reason = lost_reason(&handle).await;
    assert!(reason.starts_with("connection refused by 127.0.0.1 on port "), "{reason}");
    let simulated = SimulatedCamera::start_at(&url, &[]).await;
    recovery(&handle, Instant::now()).await;
    assert_eq!(handle.status().last_error.as_deref(), Some(reason.as_str()));
    drop(simulated);
    world.end().await;
}

#[tokio::test]
async fn a_wrong_path_is_told_and_retried() {
    let folder = undetected();
    let world = World::new(Some(folder.path()));
    let simulated = SimulatedCamera::start(&[]).await;
    let handle = world.cameras.put(rtsp("door", &simulated.url.replace("/cam", "/other")));
    assert_eq!(lost_reason(&handle).await, "no stream at this path (404)");
    world.cameras.put(rtsp("door", &simulated.url));
    until(&handle, "running once the path is right", is_running).await;
    world.end().await;
}

#[tokio::test]
async fn a_wrong_password_is_told_and_never_shown() {
    let folder = undetected();
    let world = World::new(Some(folder.path()));
    let simulated = SimulatedCamera::start(&["--user", "ana", "--password", "right-horse"]).await;
    let with = |password: &str| simulated.url.replace("rtsp://", &format!("rtsp://ana:{password}@"));
    let handle = world.cameras.put(rtsp("door", &with("wrong-battery")));
    assert_eq!(lost_reason(&handle).await, "camera refused user name or password (401)");
    let everything = format!("{:?} {:?} {handle:?}", handle.camera(), handle.status());
    assert!(!everything.contains("wrong-battery"), "{everything}");
    let parameters =
        [("location", text(&simulated.url)), ("user", text("ana")), ("password", text("right-horse"))];
    world.cameras.put(camera("door", "rtsp", &parameters));
    until(&handle, "running with the right password", is_running).await;
    world.cameras.put(rtsp("door", &with("right-horse")));
    until(&handle, "running with the password in the address", is_running).await;
    world.end().await;
}

#[tokio::test]
async fn a_camera_with_sound_shows_its_picture() {
    let folder = undetected();
    let world = World::new(Some(folder.path()));
    let simulated = SimulatedCamera::start(&["--sound"]).await;
    let handle = world.cameras.put(rtsp("door", &simulated.url));
    let mut frames = handle.frames();
    for _ in 0..30 {
        within_deadline("a frame beside the sound", frames.recv()).await.unwrap();
    }
    world.end().await;
}

#[tokio::test]
async fn the_loss_of_one_camera_leaves_the_other_alone() {
    let folder = undetected();
    let world = World::new(Some(folder.path()));
    let (first, second) =
        (SimulatedCamera::start(&[]).await, SimulatedCamera::start(&["--codec", "jpeg"]).await);
    let door = world.cameras.put(rtsp("door", &first.url));
    let yard = world.cameras.put(rtsp("yard", &second.url));
    until(&door, "door running", is_running).await;
    until(&yard, "yard running", is_running).await;
    let mut frames = yard.frames();
    let before = within_deadline("a frame", frames.recv()).await.unwrap().number;
    first.kill().await;
    lost_reason(&door).await;
    assert!(is_running(&yard.state().borrow()));
    let mut number = before;
    while number < before + 30 {
        let next = within_deadline("a frame of the other camera", frames.recv()).await.unwrap().number;
        assert_eq!(next, number + 1, "the other camera lost a frame or restarted");
        number = next;
    }
    assert_eq!(yard.status().reconnects, 0);
    world.end().await;
}
