//! Tells when a camera goes and when it is back: losses that somebody has to look after, not each hiccup.
//!
//! A camera that its owner stops or changes is not lost; once it is stopped and started again, it is told of anew.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::handle::Inner;
use crate::domain::{CameraState, Occurrence, Publisher, Sight};

/// A camera that is back within this was not away: most hiccups of a network are shorter.
const GRACE: Duration = Duration::from_secs(3);

/// So long pictures must flow before a camera that was lost is back: one that dies again and again is not.
const STEADY: Duration = Duration::from_secs(3);

/// Tells `publisher` of `inner`'s camera until it is gone.
pub(super) async fn announce(publisher: Publisher, inner: Arc<Inner>) {
    let mut states = inner.state.subscribe();
    let mut course = Course::default();
    loop {
        let state = states.borrow_and_update().clone();
        course.take(&state, Instant::now());
        let due = course.due(&state);
        let wait = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = inner.gone.cancelled() => return,
            _ = states.changed() => {}
            () = wait => tell(&publisher, &inner, course.told(&state)),
        }
    }
}

fn tell(publisher: &Publisher, inner: &Inner, sight: Option<Sight>) {
    let Some(sight) = sight else { return };
    let camera = inner.camera.borrow().clone();
    let (place, name) = (camera.place(), camera.name.as_str().into());
    publisher.tell(Occurrence::AtCamera { place, name, sight });
}

/// A camera's way through its states.
#[derive(Debug, Default)]
struct Course {
    /// Whether it was told last that it is up; `None`: nothing was since it was switched on.
    up: Option<bool>,
    running: Option<Instant>,
    /// Since when it has not run steadily.
    lost: Option<Instant>,
}

impl Course {
    /// Takes in that `state` holds at `now`.
    fn take(&mut self, state: &CameraState, now: Instant) {
        if self.running.is_some_and(|since| now - since >= STEADY) {
            self.lost = None;
        }
        match state {
            CameraState::Stopped => *self = Self::default(),
            // It never connects anew of its own accord: its owner has changed something, and looks after it.
            CameraState::Connecting { .. } => (self.running, self.lost) = (None, None),
            CameraState::Running { .. } => {
                self.running.get_or_insert(now);
            }
            CameraState::Lost { .. } | CameraState::Failed { .. } => {
                self.running = None;
                self.lost.get_or_insert(now);
            }
        }
    }

    /// When something is to be told, if `state` holds until then.
    fn due(&self, state: &CameraState) -> Option<Instant> {
        match state {
            CameraState::Running { .. } if self.up != Some(true) => {
                self.running.map(|since| if self.lost.is_some() { since + STEADY } else { since })
            }
            CameraState::Lost { .. } if self.up != Some(false) => self.lost.map(|since| since + GRACE),
            // Nothing is tried again: there is nothing to wait for.
            CameraState::Failed { .. } if self.up != Some(false) => self.lost,
            _ => None,
        }
    }

    /// What there is to tell of `state`, now that it is due.
    fn told(&mut self, state: &CameraState) -> Option<Sight> {
        let sight = match state {
            CameraState::Running { since } => Sight::Online { since: *since },
            CameraState::Lost { since, reason, .. } => {
                Sight::Offline { since: *since, reason: reason.clone(), retried: true }
            }
            CameraState::Failed { since, reason } => {
                Sight::Offline { since: *since, reason: reason.clone(), retried: false }
            }
            CameraState::Connecting { .. } | CameraState::Stopped => return None,
        };
        self.up = Some(matches!(sight, Sight::Online { .. }));
        Some(sight)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;
    use tokio::time::advance;

    use super::*;
    use crate::camera::{CameraFeed, CameraHandle};
    use crate::domain::Timestamp;

    const AT: Timestamp = Timestamp::from_millis(7);

    struct Scene {
        feed: CameraFeed,
        told: mpsc::UnboundedReceiver<Occurrence>,
        _handle: CameraHandle,
    }

    impl Scene {
        fn start() -> Self {
            let (handle, feed) = CameraHandle::door();
            let (sender, told) = mpsc::unbounded_channel();
            let publisher = Publisher::new(move |occurrence| drop(sender.send(occurrence)));
            tokio::spawn(announce(publisher, handle.inner.clone()));
            Self { feed, told, _handle: handle }
        }

        /// What is told within `ms` of this state.
        async fn after(&mut self, state: CameraState, ms: u64) -> Vec<&'static str> {
            self.feed.set_state(state);
            let mut told = Vec::new();
            // In steps, as one of the whole would wake whoever waits only at its end.
            for _ in 0..ms / 100 {
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
                advance(Duration::from_millis(100)).await;
            }
            while let Ok(occurrence) = self.told.try_recv() {
                told.push(match occurrence {
                    Occurrence::AtCamera { sight: Sight::Online { .. }, .. } => "online",
                    Occurrence::AtCamera { sight: Sight::Offline { retried: true, .. }, .. } => "lost",
                    Occurrence::AtCamera { sight: Sight::Offline { .. }, .. } => "failed",
                    other => panic!("{other:?}"),
                });
            }
            told
        }
    }

    fn connecting() -> CameraState {
        CameraState::Connecting { since: AT }
    }

    fn running() -> CameraState {
        CameraState::Running { since: AT }
    }

    fn lost() -> CameraState {
        CameraState::Lost { since: AT, reason: "no route".into(), next_try: AT }
    }

    fn failed() -> CameraState {
        CameraState::Failed { since: AT, reason: "no file".into() }
    }

    const NOTHING: [&str; 0] = [];

    #[tokio::test(start_paused = true)]
    async fn a_loss_is_told_after_a_moment_and_its_end_when_pictures_flow_again() {
        let mut scene = Scene::start();
        assert_eq!(scene.after(connecting(), 5000).await, NOTHING);
        assert_eq!(scene.after(running(), 200).await, ["online"]);
        assert_eq!(scene.after(lost(), 2000).await, NOTHING);
        assert_eq!(scene.after(running(), 60_000).await, NOTHING, "it was away for a moment");
        assert_eq!(scene.after(lost(), 2900).await, NOTHING);
        assert_eq!(scene.after(lost(), 600).await, ["lost"]);
        assert_eq!(scene.after(lost(), 600_000).await, NOTHING, "they know");
        assert_eq!(scene.after(running(), 2900).await, NOTHING);
        assert_eq!(scene.after(running(), 600).await, ["online"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_connect_that_fails_is_told() {
        let mut scene = Scene::start();
        assert_eq!(scene.after(connecting(), 1000).await, NOTHING);
        assert_eq!(scene.after(lost(), 3500).await, ["lost"]);
        let mut scene = Scene::start();
        assert_eq!(scene.after(connecting(), 1000).await, NOTHING);
        assert_eq!(scene.after(failed(), 200).await, ["failed"], "nothing is tried again");
        assert_eq!(scene.after(connecting(), 1000).await, NOTHING, "somebody looks after it");
        assert_eq!(scene.after(running(), 200).await, ["online"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_its_owner_does_is_no_loss() {
        let mut scene = Scene::start();
        assert_eq!(scene.after(running(), 200).await, ["online"]);
        assert_eq!(scene.after(connecting(), 10_000).await, NOTHING, "a restart");
        assert_eq!(scene.after(running(), 10_000).await, NOTHING);
        assert_eq!(scene.after(CameraState::Stopped, 10_000).await, NOTHING);
        assert_eq!(scene.after(connecting(), 1000).await, NOTHING);
        assert_eq!(scene.after(running(), 200).await, ["online"], "it was switched on");
        scene.feed.remove();
        assert_eq!(scene.after(lost(), 10_000).await, NOTHING);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_dies_with_its_first_pictures_is_told_once() {
        let mut scene = Scene::start();
        let mut told = scene.after(running(), 5000).await;
        for _ in 0..20 {
            told.extend(scene.after(lost(), 2000).await);
            told.extend(scene.after(running(), 300).await);
        }
        assert_eq!(told, ["online", "lost"]);
    }
}
