//! The other direction: a browser or an encoder sends, and a camera's pipeline plays it.

use std::time::{Duration, Instant};

use str0m::Rtc;
use str0m::format::Codec as Format;
use str0m::media::{KeyframeRequestKind, MediaData};
use tokio::sync::OwnedSemaphorePermit;

use crate::camera::{CameraHandle, Codec, Encoded, Publishing, Taken};

/// A key frame is large: one that is on its way is not asked for again.
const ASK_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Somebody who publishes to a camera.
#[derive(Debug)]
pub(in crate::viewer) struct Publisher {
    camera: CameraHandle,
    /// Once it is connected; before, who publishes now goes on.
    publishing: Option<Publishing>,
    asked: Option<Instant>,
    _place: OwnedSemaphorePermit,
}

impl Publisher {
    /// `place` is its own among all sessions that are allowed.
    pub(in crate::viewer) fn new(camera: CameraHandle, place: OwnedSemaphorePermit) -> Self {
        Self { camera, publishing: None, asked: None, _place: place }
    }

    /// It is connected: the camera's pipeline may start.
    pub(super) fn begin(&mut self) {
        self.publishing = Some(self.camera.publish());
    }

    /// Hands a picture on; why this session is over when it is.
    pub(super) fn take(&mut self, rtc: &mut Rtc, media: &MediaData) -> Result<(), &'static str> {
        let Some(publishing) = &self.publishing else { return Ok(()) };
        let codec = match media.params.spec().codec {
            Format::H264 => Codec::H264,
            Format::Vp8 => Codec::Vp8,
            _ => return Ok(()),
        };
        if !media.contiguous {
            publishing.lose();
        }
        let picture = Encoded { codec, data: media.data.clone(), is_key: media.is_keyframe() };
        match publishing.send(&picture) {
            Taken::Yes => Ok(()),
            Taken::WantsKey => {
                self.ask_for_key(rtc, media);
                Ok(())
            }
            Taken::No => Err("somebody else publishes to the camera now"),
        }
    }

    fn ask_for_key(&mut self, rtc: &mut Rtc, media: &MediaData) {
        if self.asked.is_some_and(|asked| asked.elapsed() < ASK_AGAIN_AFTER) {
            return;
        }
        let Some(mut writer) = rtc.writer(media.mid) else { return };
        let kinds = [KeyframeRequestKind::Pli, KeyframeRequestKind::Fir];
        let Some(kind) = kinds.into_iter().find(|kind| writer.is_request_keyframe_possible(*kind)) else {
            return;
        };
        match writer.request_keyframe(media.rid, kind) {
            Ok(()) => self.asked = Some(Instant::now()),
            Err(error) => tracing::debug!(%error, "a key frame cannot be asked for"),
        }
    }
}
