//! The standard pipeline with the real detector on real footage, over real RTSP.

use std::path::PathBuf;
use std::time::Instant;

use atalaya::camera::Overlay;
use atalaya::config::{Overrides, load};
use atalaya::domain::ParamValue;

use crate::common::{World, camera, is_running, until, within_deadline};
use crate::simulated::SimulatedCamera;

/// People walking over a yard; `make test` fetches it.
fn footage() -> PathBuf {
    let path = load(&Overrides::default()).unwrap().assets_dir.join("footage/vtest.avi");
    assert!(path.is_file(), "{} is missing: run `make setup`", path.display());
    path
}

#[tokio::test]
async fn people_before_a_network_camera_are_seen_followed_and_counted() {
    let began = Instant::now();
    let footage = footage();
    let simulated = SimulatedCamera::start(&["--footage", footage.to_str().unwrap(), "--fps", "7"]).await;
    let world = World::new(None);
    let location = ("location", ParamValue::Text(simulated.url.clone()));
    let handle = world.cameras.put(camera("yard", "rtsp", &[location]));
    let demand = handle.demand(Overlay::Drawn);
    let mut frames = handle.frames();
    until(&handle, "running", is_running).await;
    let followed = async {
        loop {
            let frame = frames.recv().await.unwrap();
            let people = frame.detections.iter().filter(|seen| &*seen.label == "person");
            if people.filter(|person| person.track.is_some()).count() >= 2 {
                return frame;
            }
        }
    };
    let frame = within_deadline("two people with a track", followed).await;
    assert_eq!((frame.width, frame.height), (768, 576));
    assert!(frame.model.starts_with("nanodet"), "{}", frame.model);
    for seen in &frame.detections {
        assert!((0.0..=1.0).contains(&seen.confidence), "{seen:?}");
        assert!(seen.rect.w > 0.0 && seen.rect.h > seen.rect.w, "people stand: {seen:?}");
    }
    let mut pictures = demand.pictures();
    within_deadline("a drawn picture", pictures.wait_for(Option::is_some)).await.unwrap();
    let counted = async {
        let mut dropped = 0;
        loop {
            let status = handle.status();
            assert!(status.frames_dropped >= dropped, "{dropped} dropped frames, then {status:?}");
            dropped = status.frames_dropped;
            if status.people_now >= 2 && status.fps_in > 1.0 {
                return status;
            }
            frames.recv().await.unwrap();
        }
    };
    let status = within_deadline("figures", counted).await;
    assert!(status.frames_analysed > 0 && status.inference_ms > 0.0, "{status:?}");
    let in_buckets: u64 = status.inference_buckets.iter().map(|(_, count)| count).sum();
    assert_eq!(in_buckets, status.frames_analysed, "{status:?}");
    assert!(status.detections >= 2 && status.bytes_in > 10_000, "{status:?}");
    assert_eq!(status.detection_errors, 0, "{status:?}");
    let longest = began.elapsed().as_secs_f32() * 1000.0;
    assert!(status.latency_ms > 0.0 && status.latency_ms < longest, "{status:?}");
    world.end().await;
}
