//! The product as it is sold: a standard pipeline with its detector, a camera that dies, a viewer who stays.

use atalaya::camera::Overlay;
use atalaya::config::{Overrides, load};
use atalaya::domain::{CameraState, ParamValue};

use crate::client::Offering;
use crate::common::{World, camera, is_running, until};
use crate::simulated::SimulatedCamera;
use crate::studio::{Decoder, Studio};
use crate::webrtc::see;

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_stays_while_the_camera_dies_and_sees_it_come_back() {
    let footage = load(&Overrides::default()).unwrap().assets_dir.join("footage/vtest.avi");
    assert!(footage.is_file(), "{} is missing: run `make setup`", footage.display());
    let arguments = ["--footage", footage.to_str().unwrap(), "--fps", "10"];
    let simulated = SimulatedCamera::start(&arguments).await;
    let (world, studio) = (World::new(None), Studio::new());
    let location = ("location", ParamValue::Text(simulated.url.clone()));
    let handle = world.cameras.put(camera("yard", "rtsp", &[location]));
    until(&handle, "running", is_running).await;
    let offering = Offering::video();
    let answer = studio.viewers.whep_offer(&handle, Overlay::Drawn.into(), &offering.offer).await.unwrap();
    let (mut client, decoder) = (offering.watch(&answer.sdp), Decoder::h264());
    let live = see(&mut client, &decoder, |seen| !seen.is_no_signal()).await;
    assert_eq!((live.width, live.height), (768, 576));

    let url = simulated.kill().await;
    see(&mut client, &decoder, |seen| seen.is_no_signal()).await;
    until(&handle, "lost", |state| matches!(state, CameraState::Lost { .. })).await;
    let analysed = handle.status().frames_analysed;

    let _simulated = SimulatedCamera::start_at(&url, &arguments).await;
    until(&handle, "running again", is_running).await;
    let mut light = 0;
    for _ in 0..5 {
        let moved = see(&mut client, &decoder, |seen| !seen.is_no_signal() && seen.light != light).await;
        light = moved.light;
    }
    let mut frames = handle.frames();
    while handle.status().frames_analysed <= analysed {
        frames.recv().await.unwrap();
    }
    assert_eq!(handle.status().reconnects, 1);
    assert!(studio.viewers.session_camera(&answer.id).is_some(), "it was one session all the time");
    assert_eq!(studio.viewers.encodes().h264_started, 1, "and one encode");
    world.end().await;
}
