//! The way in for pictures that somebody sends to a camera: from whoever publishes to whichever of the camera's
//! pipelines plays now.
//!
//! Pipelines come and go behind it (another setting, a loss), and so do publishers; neither has to know of the other.
//! One that begins in the middle is given nothing before a key frame, for it could show nothing of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::handle::{CameraHandle, Inner};

/// How sent pictures are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// Annex B, one access unit a picture.
    H264,
    Vp8,
}

impl Codec {
    fn caps(self) -> gst::Caps {
        match self {
            Self::H264 => gst::Caps::builder("video/x-h264")
                .field("stream-format", "byte-stream")
                .field("alignment", "au")
                .build(),
            Self::Vp8 => gst::Caps::new_empty_simple("video/x-vp8"),
        }
    }
}

/// One picture as it was sent.
#[derive(Debug, Clone)]
pub struct Encoded {
    pub codec: Codec,
    pub data: Arc<[u8]>,
    /// It can be shown without those before it.
    pub is_key: bool,
}

/// What became of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Yes,
    /// It was dropped: nothing can be shown before the next key frame.
    WantsKey,
    /// Somebody else publishes to this camera now, or it is gone.
    No,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct WayIn {
    /// Who publishes now, by number.
    publisher: watch::Sender<Option<u64>>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    publishers: u64,
    /// Where the pipeline that plays now takes its pictures.
    source: Option<gst_app::AppSrc>,
    /// What it was given since its last key frame; nothing while it waits for one.
    codec: Option<Codec>,
}

impl WayIn {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes at once while somebody publishes, else when somebody does.
    pub(super) async fn publisher(&self) {
        // The sender lives as long as this.
        let _ = self.publisher.subscribe().wait_for(Option::is_some).await;
    }
}

/// A pipeline's place at the way in, for as long as this lives.
#[derive(Debug)]
pub(super) struct Intake {
    inner: Arc<Inner>,
    source: gst_app::AppSrc,
}

impl Intake {
    /// From now on pictures go to `source`.
    pub(super) fn new(inner: Arc<Inner>, source: gst_app::AppSrc) -> Self {
        let mut state = inner.way_in.lock();
        state.source = Some(source.clone());
        state.codec = None;
        drop(state);
        Self { inner, source }
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        let mut state = self.inner.way_in.lock();
        // The next pipeline may have begun already.
        if state.source.as_ref() == Some(&self.source) {
            state.source = None;
            state.codec = None;
        }
    }
}

/// Somebody who sends pictures to a camera, until this is dropped.
#[derive(Debug)]
pub struct Publishing {
    inner: Arc<Inner>,
    number: u64,
}

impl CameraHandle {
    /// Takes over the camera's way in: there is one publisher at a time, and whoever comes last is it, since most often
    /// that is the one before whose connection is lost and not noticed yet.
    pub fn publish(&self) -> Publishing {
        let way_in = &self.inner.way_in;
        let mut state = way_in.lock();
        state.publishers += 1;
        state.codec = None;
        way_in.publisher.send_replace(Some(state.publishers));
        Publishing { inner: self.inner.clone(), number: state.publishers }
    }
}

impl Publishing {
    /// Hands over a picture. It never waits: while as much waits as the source may hold (`max-bytes`), pictures are dropped
    /// up to the next key frame, or what comes after one that is missing would be smeared.
    pub fn send(&self, picture: &Encoded) -> Taken {
        let way_in = &self.inner.way_in;
        let mut state = way_in.lock();
        if *way_in.publisher.borrow() != Some(self.number) || self.inner.gone.is_cancelled() {
            return Taken::No;
        }
        let Some(source) = state.source.clone() else { return Taken::WantsKey };
        match state.codec {
            Some(codec) if codec == picture.codec => {}
            None if picture.is_key => source.set_caps(Some(&picture.codec.caps())),
            _ => {
                state.codec = None;
                return Taken::WantsKey;
            }
        }
        let most = source.max_bytes();
        if most > 0 && source.current_level_bytes() >= most {
            state.codec = None;
            return Taken::WantsKey;
        }
        match source.push_buffer(gst::Buffer::from_slice(picture.data.clone())) {
            Ok(_) => {
                state.codec = Some(picture.codec);
                Taken::Yes
            }
            // It is about to end, and another one begins with a key frame.
            Err(_) => Taken::WantsKey,
        }
    }

    /// Something between the last picture and the next is missing.
    pub fn lose(&self) {
        self.inner.way_in.lock().codec = None;
    }
}

impl Drop for Publishing {
    fn drop(&mut self) {
        let way_in = &self.inner.way_in;
        let mut state = way_in.lock();
        if *way_in.publisher.borrow() != Some(self.number) {
            return;
        }
        way_in.publisher.send_replace(None);
        state.codec = None;
        if let Some(source) = state.source.take()
            && let Err(error) = source.end_of_stream()
        {
            tracing::debug!(%error, "the pipeline that was published to has ended already");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gst::prelude::*;

    fn picture(codec: Codec, is_key: bool) -> Encoded {
        Encoded { codec, data: [1, 2, 3].into(), is_key }
    }

    fn source() -> gst_app::AppSrc {
        crate::camera::start_gstreamer().unwrap();
        let source = gst_app::AppSrc::builder().build();
        source.set_state(gst::State::Paused).unwrap();
        source
    }

    #[test]
    fn a_pipeline_begins_with_a_key_frame() {
        let (camera, _feed) = CameraHandle::door();
        let publishing = camera.publish();
        assert_eq!(publishing.send(&picture(Codec::H264, true)), Taken::WantsKey, "nothing plays");
        let source = source();
        let intake = Intake::new(camera.inner.clone(), source.clone());
        assert_eq!(publishing.send(&picture(Codec::H264, false)), Taken::WantsKey);
        assert_eq!(publishing.send(&picture(Codec::H264, true)), Taken::Yes);
        assert_eq!(publishing.send(&picture(Codec::H264, false)), Taken::Yes);
        assert_eq!(source.caps().unwrap().structure(0).unwrap().name(), "video/x-h264");
        publishing.lose();
        assert_eq!(publishing.send(&picture(Codec::H264, false)), Taken::WantsKey);
        assert_eq!(publishing.send(&picture(Codec::Vp8, true)), Taken::Yes, "another codec may follow");
        assert_eq!(source.caps().unwrap().structure(0).unwrap().name(), "video/x-vp8");
        drop(intake);
        assert_eq!(publishing.send(&picture(Codec::Vp8, true)), Taken::WantsKey);
        source.set_state(gst::State::Null).unwrap();
    }

    #[test]
    fn what_a_pipeline_has_no_time_for_is_left_out_up_to_a_key_frame() {
        let (camera, _feed) = CameraHandle::door();
        crate::camera::start_gstreamer().unwrap();
        let pipeline = gst::parse::launch("appsrc name=source max-bytes=9 ! fakesink").unwrap();
        let pipeline = pipeline.downcast::<gst::Pipeline>().unwrap();
        let source = pipeline.by_name("source").unwrap().downcast::<gst_app::AppSrc>().unwrap();
        // A sink that is paused takes one.
        pipeline.set_state(gst::State::Paused).unwrap();
        let _intake = Intake::new(camera.inner.clone(), source.clone());
        let publishing = camera.publish();
        let taken = (0..20).filter(|_| publishing.send(&picture(Codec::Vp8, true)) == Taken::Yes).count();
        assert!((3..6).contains(&taken), "{taken}");
        pipeline.set_state(gst::State::Playing).unwrap();
        let began = std::time::Instant::now();
        while source.current_level_bytes() > 0 {
            assert!(began.elapsed().as_secs() < 10, "it should be played");
            std::thread::yield_now();
        }
        assert_eq!(publishing.send(&picture(Codec::Vp8, false)), Taken::WantsKey, "one before it is missing");
        assert_eq!(publishing.send(&picture(Codec::Vp8, true)), Taken::Yes);
        pipeline.set_state(gst::State::Null).unwrap();
    }

    #[test]
    fn whoever_comes_last_publishes() {
        let (camera, feed) = CameraHandle::door();
        let source = source();
        let _intake = Intake::new(camera.inner.clone(), source.clone());
        let first = camera.publish();
        assert_eq!(first.send(&picture(Codec::Vp8, true)), Taken::Yes);
        let second = camera.publish();
        assert_eq!(first.send(&picture(Codec::Vp8, true)), Taken::No);
        drop(first);
        assert_eq!(second.send(&picture(Codec::Vp8, false)), Taken::WantsKey, "its own first");
        assert_eq!(second.send(&picture(Codec::Vp8, true)), Taken::Yes);
        feed.remove();
        assert_eq!(second.send(&picture(Codec::Vp8, true)), Taken::No);
        source.set_state(gst::State::Null).unwrap();
    }
}
