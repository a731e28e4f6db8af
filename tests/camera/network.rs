//! Cameras over real RTSP: killed, hung, misconfigured, and beside each other.

use std::time::{Duration, Instant};

use atalaya::camera::CameraHandle;
use atalaya::clock::Clock;
use atalaya::domain::{Camera, CameraState, ParamValue};

use crate::common::{World, camera, is_running, undetected, until, within_deadline};
use crate::film::film;
use crate::log::Log;
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

/// Waits until the camera runs again, not too long after it was `back`.
async fn recovery(handle: &CameraHandle, back: Instant) {
    until(handle, "running again", is_running).await;
    let took = back.elapsed();
    assert!(took < BACK_WITHIN + SLACK, "back only after {took:?}");
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
        recovery(&handle, Instant::now()).await;
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
        recovery(&handle, Instant::now()).await;
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
    let log = Log::default();
    let _logging = log.listen();
    let folder = undetected();
    let world = World::new(Some(folder.path()));
    let simulated = SimulatedCamera::start(&["--user", "ana", "--password", "right-horse"]).await;
    let with = |password: &str| simulated.url.replace("rtsp://", &format!("rtsp://ana:{password}@"));
    let handle = world.cameras.put(rtsp("door", &with("wrong-battery")));
    assert_eq!(lost_reason(&handle).await, "camera refused user name or password (401)");
    let CameraState::Lost { next_try, .. } = *handle.state().borrow() else { panic!("not lost any more") };
    let wait = next_try.since(Clock::system().now());
    assert!(wait > Duration::from_secs(60), "the camera would lock its users out: again in {wait:?}");
    let everything = format!("{:?} {:?} {handle:?}", handle.camera(), handle.status());
    assert!(!everything.contains("wrong-battery"), "{everything}");
    let parameters =
        [("location", text(&simulated.url)), ("user", text("ana")), ("password", text("right-horse"))];
    world.cameras.put(camera("door", "rtsp", &parameters));
    until(&handle, "running with the right password", is_running).await;
    world.cameras.put(rtsp("door", &with("right-horse")));
    until(&handle, "running with the password in the address", is_running).await;
    world.end().await;
    let log = log.text();
    assert!(log.contains("camera refused user name or password"), "{log}");
    assert!(!log.contains("wrong-battery") && !log.contains("right-horse"), "{log}");
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
async fn a_camera_may_send_over_udp() {
    let folder = undetected();
    let world = World::new(Some(folder.path()));
    let simulated = SimulatedCamera::start(&[]).await;
    let parameters = [("location", text(&simulated.url)), ("transport", text("udp"))];
    let handle = world.cameras.put(camera("door", "rtsp", &parameters));
    until(&handle, "running", is_running).await;
    world.end().await;
}

#[tokio::test]
async fn an_absent_usb_camera_is_waited_for() {
    let folder = undetected();
    let world = World::new(Some(folder.path()));
    let handle = world.cameras.put(camera("desk", "usb", &[("device", text("/dev/video-absent"))]));
    let reason = lost_reason(&handle).await;
    assert!(reason.contains("/dev/video-absent"), "{reason}");
    world.end().await;
}

/// Four times over the seam: the time stamps go on, and none is missing.
#[tokio::test]
async fn the_simulated_camera_loops_without_a_seam() {
    let films = tempfile::tempdir().unwrap();
    let path = films.path().join("second.avi");
    film(&path, 25, "jpegenc ! avimux");
    let folder = undetected();
    let world = World::new(Some(folder.path()));
    let simulated = SimulatedCamera::start(&["--footage", path.to_str().unwrap()]).await;
    let handle = world.cameras.put(rtsp("door", &simulated.url));
    let mut frames = handle.frames();
    let mut last = within_deadline("a frame", frames.recv()).await.unwrap().pts_ms;
    for _ in 0..100 {
        let frame = within_deadline("a frame", frames.recv()).await.unwrap();
        let gap = frame.pts_ms.saturating_sub(last);
        // A busy machine drops a few; a seam would take far longer, or go back.
        assert!((1..=400).contains(&gap), "{gap} ms between two frames of 40 ms");
        last = frame.pts_ms;
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
