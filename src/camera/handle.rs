//! What the rest of the house holds of a camera: its state, its figures, its pictures.
//!
//! A handle outlives the camera's pipeline: restarts, changes of address and losses happen behind it, so a
//! viewer that holds one never has to come back for another.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{broadcast, watch};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::publish::WayIn;
use crate::domain::{Camera, CameraState, Frame};

/// Frames that a live listener may lag behind before it is told what it missed: 10 s at 25 fps.
const LISTENER_BACKLOG: usize = 256;

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
    /// Frames that got lost: that overran their queue, came while the detector was busy, or whose record did not fit
    /// the recorder's. Not those that the detector leaves out as it was told to.
    pub frames_dropped: u64,
    pub detections: u64,
    pub detection_errors: u64,
    /// Mean time of one inference over the last few seconds.
    pub inference_ms: f32,
    /// Mean time from a frame's arrival before the detector to its record, over the last few seconds; 0 unless running.
    pub latency_ms: f32,
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

/// What the owner wants of the camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) run: bool,
    /// A new one means that its pipeline has to be built anew.
    pub(super) round: u64,
    /// A new one means that its parameters are others now.
    pub(super) tune: u64,
}

/// A running or stopped camera; cheap to clone.
#[derive(Debug, Clone)]
pub struct CameraHandle {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) camera: watch::Sender<Arc<Camera>>,
    pub(super) order: watch::Sender<Order>,
    pub(super) state: watch::Sender<CameraState>,
    pub(super) status: watch::Sender<CameraStatus>,
    /// Everything seen, for live listeners; who is too slow is told how many it missed.
    pub(super) frames: broadcast::Sender<Arc<Frame>>,
    pub(super) plain: View,
    pub(super) drawn: View,
    pub(super) way_in: WayIn,
    /// Cancelled when the camera is removed or the process stops.
    pub(super) gone: CancellationToken,
}

/// One of the camera's pictures and who wants it.
#[derive(Debug)]
pub(super) struct View {
    /// How many demands are alive; the pipeline's valve is open while it is not zero.
    wanted: watch::Sender<usize>,
    picture: watch::Sender<Option<Picture>>,
}

impl View {
    fn new() -> Self {
        Self { wanted: watch::Sender::new(0), picture: watch::Sender::new(None) }
    }

    pub(super) fn wanted(&self) -> watch::Receiver<usize> {
        self.wanted.subscribe()
    }

    /// Hands `picture` to all who want it; without them it is dropped at once, so that none stays in memory.
    pub(super) fn show(&self, picture: Picture) {
        self.wanted.send_if_modified(|wanted| {
            if *wanted > 0 {
                self.picture.send_replace(Some(picture));
            }
            false
        });
    }
}

impl Inner {
    pub(super) fn new(camera: Camera, gone: CancellationToken) -> Self {
        let order = Order { run: camera.enabled, round: 0, tune: 0 };
        Self {
            camera: watch::Sender::new(Arc::new(camera)),
            order: watch::Sender::new(order),
            state: watch::Sender::new(CameraState::Stopped),
            status: watch::Sender::default(),
            frames: broadcast::Sender::new(LISTENER_BACKLOG),
            plain: View::new(),
            drawn: View::new(),
            way_in: WayIn::default(),
            gone,
        }
    }

    /// Wakes whoever watches the state, but not for what they know already.
    pub(super) fn tell(&self, state: CameraState) {
        self.state.send_if_modified(|known| {
            let news = *known != state;
            *known = state;
            news
        });
    }

    pub(super) fn view(&self, overlay: Overlay) -> &View {
        match overlay {
            Overlay::Plain => &self.plain,
            Overlay::Drawn => &self.drawn,
        }
    }
}

impl CameraHandle {
    /// A camera without a supervisor: what others hold of it, and the end that whoever has its pictures feeds.
    pub fn fed(camera: Camera) -> (Self, CameraFeed) {
        let inner = Arc::new(Inner::new(camera, CancellationToken::new()));
        (Self { inner: inner.clone() }, CameraFeed { inner })
    }

    /// Whether both are handles of one and the same camera, not of one that took over its name.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// The camera as it is configured now.
    pub fn camera(&self) -> Arc<Camera> {
        self.inner.camera.borrow().clone()
    }

    /// As [`Self::camera`], with a wake-up for each change (name, lines, zones, parameters).
    pub fn camera_changes(&self) -> watch::Receiver<Arc<Camera>> {
        self.inner.camera.subscribe()
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

    /// Lets the camera run, from now on or again; does nothing to one that runs or is being retried.
    pub fn start(&self) {
        let failed = matches!(*self.inner.state.borrow(), CameraState::Failed { .. } | CameraState::Stopped);
        self.inner.order.send_if_modified(|order| {
            let news = !order.run || failed;
            if news {
                *order = Order { run: true, round: order.round + 1, ..*order };
            }
            news
        });
    }

    /// Switches the camera off until [`Self::start`].
    pub fn stop(&self) {
        self.inner.order.send_modify(|order| order.run = false);
    }

    /// Builds the camera's pipeline anew, whatever its state.
    pub fn restart(&self) {
        self.inner.order.send_modify(|order| {
            *order = Order { run: true, round: order.round + 1, ..*order };
        });
    }

    /// Completes when the camera was removed or the process stops: no picture will come any more.
    pub fn gone(&self) -> WaitForCancellationFutureOwned {
        self.inner.gone.clone().cancelled_owned()
    }

    /// Raw pictures for as long as the answer lives; while nobody holds one, none are made.
    pub fn demand(&self, overlay: Overlay) -> Demand {
        self.inner.view(overlay).wanted.send_modify(|wanted| *wanted += 1);
        Demand { inner: self.inner.clone(), overlay }
    }
}

/// The feeding end of [`CameraHandle::fed`].
#[derive(Debug)]
pub struct CameraFeed {
    inner: Arc<Inner>,
}

impl CameraFeed {
    pub fn set_state(&self, state: CameraState) {
        self.inner.tell(state);
    }

    /// Hands `picture` to whoever watches.
    pub fn show(&self, overlay: Overlay, picture: Picture) {
        self.inner.view(overlay).show(picture);
    }

    /// How many want these pictures.
    pub fn wanted(&self, overlay: Overlay) -> usize {
        *self.inner.view(overlay).wanted().borrow()
    }

    /// As when the camera is deleted.
    pub fn remove(&self) {
        self.inner.gone.cancel();
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
        view.wanted.send_modify(|wanted| {
            *wanted -= 1;
            if *wanted == 0 {
                view.picture.send_replace(None);
            }
        });
    }
}

#[cfg(test)]
impl CameraHandle {
    /// A camera for tests, as [`Self::fed`].
    pub(crate) fn door() -> (Self, CameraFeed) {
        use crate::domain::{BranchId, CameraId, TenantId};
        Self::fed(Camera {
            id: CameraId::new("door").unwrap(),
            tenant: TenantId::default(),
            branch: BranchId::default(),
            sector: None,
            name: "door".into(),
            pipeline: "test".into(),
            parameters: Default::default(),
            lines: Vec::new(),
            zones: Vec::new(),
            enabled: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn a_state_that_is_told_twice_wakes_once() {
        let (handle, feed) = CameraHandle::door();
        let mut state = handle.state();
        let failed = || CameraState::Failed { since: Timestamp::from_millis(7), reason: "no file".into() };
        feed.set_state(failed());
        assert!(state.has_changed().unwrap());
        assert_eq!(*state.borrow_and_update(), failed());
        feed.set_state(failed());
        assert!(!state.has_changed().unwrap(), "they know it already");
    }
}
