//! The pictures of one camera without an end: live while it runs, its last one greyed while it does not.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::camera::{CameraHandle, Demand, Overlay, Picture};
use crate::domain::CameraState;

use super::still;

/// Pace of the greyed picture: often enough that a player does not take the stream for dead.
const STILL_EVERY: Duration = Duration::from_millis(500);

/// A camera that says it runs but shows nothing for this long has no signal: its own watchdog's time.
const SILENCE: Duration = Duration::from_secs(3);

/// A picture to encode.
#[derive(Debug, Clone)]
pub(super) struct Shot {
    pub(super) sample: gst::Sample,
    pub(super) at: Instant,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Feed {
    state: watch::Receiver<CameraState>,
    /// Keeps the camera making pictures.
    _demand: Demand,
    pictures: watch::Receiver<Option<Picture>>,
    last: Option<gst::Sample>,
    still: Option<gst::Sample>,
    /// When the greyed picture is due.
    still_at: Instant,
    /// Since when the camera does not run; older pictures are not live.
    lost_at: Option<Instant>,
}

impl Feed {
    pub(super) fn new(camera: &CameraHandle, overlay: Overlay) -> Self {
        let demand = camera.demand(overlay);
        let mut pictures = demand.pictures();
        pictures.mark_changed();
        let mut feed = Self {
            state: camera.state(),
            _demand: demand,
            pictures,
            last: None,
            still: None,
            still_at: Instant::now() + SILENCE,
            lost_at: None,
        };
        feed.follow_state();
        feed
    }

    /// The next picture; may be dropped while it waits and called again.
    pub(super) async fn next(&mut self) -> Shot {
        loop {
            let due = self.still_at.into();
            tokio::select! {
                Ok(()) = self.state.changed() => self.follow_state(),
                Ok(()) = self.pictures.changed() => {
                    let picture = self.pictures.borrow_and_update().clone();
                    if let Some(shot) = picture.and_then(|picture| self.take(picture)) {
                        return shot;
                    }
                }
                () = tokio::time::sleep_until(due) => return self.still(),
            }
        }
    }

    /// Live, unless it was left over from before the camera was lost.
    fn take(&mut self, picture: Picture) -> Option<Shot> {
        let Picture { sample, at } = picture;
        self.last = Some(sample.clone());
        self.still = None;
        // One that a lost camera's pipeline still had in it is shown, but makes no camera run.
        self.still_at = Instant::now() + if self.lost_at.is_some() { STILL_EVERY } else { SILENCE };
        if self.lost_at.is_some_and(|lost_at| at < lost_at) {
            self.still_at = Instant::now();
            return None;
        }
        Some(Shot { sample, at })
    }

    fn still(&mut self) -> Shot {
        let now = Instant::now();
        self.still_at = now + STILL_EVERY;
        let sample = self.still.get_or_insert_with(|| still::no_signal(self.last.as_ref()));
        Shot { sample: sample.clone(), at: now }
    }

    /// A camera that does not run shows its greyed picture at once.
    fn follow_state(&mut self) {
        let running = matches!(*self.state.borrow_and_update(), CameraState::Running { .. });
        if running {
            self.lost_at = None;
            self.still_at = Instant::now() + SILENCE;
        } else if self.lost_at.is_none() {
            self.lost_at = Some(Instant::now());
            self.still_at = Instant::now();
        }
    }
}
