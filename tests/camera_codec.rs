//! A camera whose codec nobody here can decode. The decoders are hidden from the whole process, so this test has
//! one of its own.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "common/simulated.rs"]
mod simulated;

use atalaya::domain::{CameraState, ParamValue};
use common::{World, camera, undetected, until};
use gst::prelude::*;
use simulated::SimulatedCamera;

fn hide_decoders_of(media_type: &str) {
    let caps = gst::Caps::new_empty_simple(media_type);
    let decoders =
        gst::ElementFactory::factories_with_type(gst::ElementFactoryType::DECODER, gst::Rank::NONE);
    let hidden: Vec<_> = decoders.into_iter().filter(|decoder| decoder.can_sink_any_caps(&caps)).collect();
    assert!(!hidden.is_empty(), "there should be a decoder to hide");
    for decoder in hidden {
        gst::Registry::get().remove_feature(&decoder);
    }
}

#[tokio::test]
async fn a_codec_without_decoder_fails_and_says_what_to_install() {
    let folder = undetected();
    let world = World::new(Some(folder.path()));
    hide_decoders_of("video/x-h265");
    let simulated = SimulatedCamera::start(&["--codec", "h265"]).await;
    let location = ParamValue::Text(simulated.url.clone());
    let handle = world.cameras.put(camera("door", "rtsp", &[("location", location)]));
    let settled = |state: &CameraState| !matches!(state, CameraState::Connecting { .. });
    let state = until(&handle, "failed", settled).await;
    let CameraState::Failed { reason, .. } = state else { panic!("not failed: {state:?}") };
    assert_eq!(reason, "no decoder for video/x-h265: install gstreamer1.0-libav");
    world.end().await;
}
