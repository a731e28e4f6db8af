//! What the rest of the house holds of a camera: its state, its figures, its pictures.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use tokio::sync::{broadcast, watch};

use crate::domain::{Camera, CameraState, Frame};

/// Records a live listener may lag behind before it misses some: about four seconds of video.
const FRAMES_KEPT: usize = 128;

/// Which of a camera's two pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Overlay {
    /// As it came.
    Plain,
    /// With boxes drawn on it.
    Drawn,
}

/// One raw picture (I420) on its way to viewers. Never leaves memory.
#[derive(Debug, Clone)]
pub struct Picture {
    /// Buffer and caps.
    pub sample: gst::Sample,
    /// When it left the camera's pipeline.
    pub at: Instant,
}

/// Figures of a camera; all counts since the process started.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CameraStatus {
    /// Frames a second over the last few seconds.
    pub fps_in: f32,
    pub fps_analysed: f32,
    pub frames_in: u64,
    pub frames_analysed: u64,
    /// Frames that came but were never looked at by the detector, or whose record did not fit its queue.
    pub frames_dropped: u64,
    pub detections: u64,
    pub detection_errors: u64,
    /// Mean time of one inference over the last few seconds.
    pub inference_ms: f32,
    /// Upper bound in ms and count of each bucket of the inference histogram, not accumulated.
    pub inference_buckets: Vec<(f64, u64)>,
    pub inference_sum_ms: f64,
    pub bytes_in: u64,
    pub reconnects: u64,
    pub last_error: Option<String>,
    pub width: u32,
    pub height: u32,
    /// Confirmed people in the newest frame; 0 unless running.
    pub people_now: u32,
}

/// A running or stopped camera; cheap to clone.
#[derive(Debug, Clone)]
pub struct CameraHandle {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) camera: Camera,
    pub(super) state: watch::Sender<CameraState>,
    pub(super) status: watch::Sender<CameraStatus>,
    /// Everything seen, for live listeners; who is too slow is told how many it missed.
    pub(super) frames: broadcast::Sender<Arc<Frame>>,
    pub(super) plain: View,
    pub(super) drawn: View,
}

#[derive(Debug)]
pub(super) struct View {
    wanted: AtomicUsize,
    /// Wakes the pipeline's valve when `wanted` leaves or reaches zero.
    pub(super) changed: watch::Sender<bool>,
    pub(super) picture: watch::Sender<Option<Picture>>,
}

impl View {
    pub(super) fn new() -> Self {
        Self {
            wanted: AtomicUsize::new(0),
            changed: watch::Sender::new(false),
            picture: watch::Sender::new(None),
        }
    }

    /// Tells the valve what the count says. The count is read under the channel's lock, so that of two
    /// callers at once the later one is right, whichever it is.
    fn settle(&self) {
        self.changed.send_if_modified(|on| {
            let wanted = self.wanted.load(Ordering::Acquire) > 0;
            if !wanted {
                self.picture.send_replace(None);
            }
            std::mem::replace(on, wanted) != wanted
        });
    }
}

impl CameraHandle {
    /// A camera nobody drives yet: what others hold of it, and the end its driver feeds.
    pub fn new(camera: Camera, state: CameraState) -> (Self, CameraFeed) {
        let inner = Arc::new(Inner {
            camera,
            state: watch::Sender::new(state),
            status: watch::Sender::new(CameraStatus::default()),
            frames: broadcast::Sender::new(FRAMES_KEPT),
            plain: View::new(),
            drawn: View::new(),
        });
        (Self { inner: inner.clone() }, CameraFeed { inner })
    }

    /// Whether both are handles of one and the same running camera, not merely of the same name.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    pub fn camera(&self) -> &Camera {
        &self.inner.camera
    }

    pub fn state(&self) -> watch::Receiver<CameraState> {
        self.inner.state.subscribe()
    }

    pub fn status(&self) -> CameraStatus {
        self.inner.status.borrow().clone()
    }

    /// Live records of every frame.
    pub fn frames(&self) -> broadcast::Receiver<Arc<Frame>> {
        self.inner.frames.subscribe()
    }

    /// Raw pictures for as long as the answer lives; while nobody holds one, none are made.
    pub fn demand(&self, overlay: Overlay) -> Demand {
        let view = self.view(overlay);
        view.wanted.fetch_add(1, Ordering::AcqRel);
        view.settle();
        Demand { inner: self.inner.clone(), overlay }
    }

    fn view(&self, overlay: Overlay) -> &View {
        self.inner.view(overlay)
    }
}

impl Inner {
    pub(super) fn view(&self, overlay: Overlay) -> &View {
        match overlay {
            Overlay::Plain => &self.plain,
            Overlay::Drawn => &self.drawn,
        }
    }
}

/// The driving end of a handle: its pipeline's, or a test's in the place of one.
#[derive(Debug)]
pub struct CameraFeed {
    inner: Arc<Inner>,
}

impl CameraFeed {
    pub fn set_state(&self, state: CameraState) {
        self.inner.state.send_replace(state);
    }

    /// Hands `picture` to whoever watches; kept from nobody, queued for nobody.
    pub fn show(&self, overlay: Overlay, picture: Picture) {
        self.inner.view(overlay).picture.send_replace(Some(picture));
    }

    /// True while somebody wants these pictures.
    pub fn wanted(&self, overlay: Overlay) -> watch::Receiver<bool> {
        self.inner.view(overlay).changed.subscribe()
    }
}

/// Somebody wants a camera's pictures.
#[derive(Debug)]
pub struct Demand {
    inner: Arc<Inner>,
    overlay: Overlay,
}

impl Demand {
    /// The newest picture, and a wake-up for each further one; it survives a restart of the camera.
    pub fn pictures(&self) -> watch::Receiver<Option<Picture>> {
        self.inner.view(self.overlay).picture.subscribe()
    }
}

impl Drop for Demand {
    fn drop(&mut self) {
        let view = self.inner.view(self.overlay);
        view.wanted.fetch_sub(1, Ordering::AcqRel);
        view.settle();
    }
}
