//! One thread with one slot: it looks at one frame at a time and nothing queues up.
//!
//! The streaming thread hands a job over only when the slot is empty and takes the outcome out of it, at once, after
//! a bounded wait or with a later frame. So at most one frame is in flight and memory does not grow with lag.

use std::io;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::engine::{EngineError, Found, Tensor, Wanted};
use crate::meta::Cue;
use crate::niceness::spawn_behind_video;
use crate::sync::{lock, wait, wait_for};

/// A frame to look at.
pub(super) struct Job {
    pub(super) tensor: Tensor,
    pub(super) wanted: Wanted,
    pub(super) origin: Origin,
}

/// Which frame a job is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) pts: Option<gst::ClockTime>,
    /// Rises with every flush, so that no result crosses one.
    pub(super) epoch: u64,
}

/// The boxes of a frame, each with its cue.
pub(super) type Seen = Vec<(Found, Cue)>;

/// What came of a job.
pub(super) struct Outcome {
    /// Given back for the next job.
    pub(super) tensor: Tensor,
    pub(super) origin: Origin,
    pub(super) result: Result<Seen, EngineError>,
    /// From the start of the work to its end.
    pub(super) took: Duration,
}

enum Slot {
    Idle,
    Queued(Job),
    Running,
    Done(Outcome),
    /// The streaming thread wants the worker to end.
    Stopping,
    /// The worker ended without being asked; nothing will ever come.
    Dead,
}

struct Shared {
    slot: Mutex<Slot>,
    changed: Condvar,
}

/// The thread. Dropping it waits for the work at hand.
pub(super) struct Worker {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread; `look` does the work.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(super) fn start<F>(mut look: F) -> io::Result<Self>
    where
        F: FnMut(&Job) -> Result<Seen, EngineError> + Send + 'static,
    {
        let shared = Arc::new(Shared { slot: Mutex::new(Slot::Idle), changed: Condvar::new() });
        let guard = DeathNotice(shared.clone());
        let thread = spawn_behind_video("visiondetect", move || {
            while let Some(job) = guard.0.next_job() {
                let start = Instant::now();
                let result = look(&job);
                let took = start.elapsed();
                guard.0.finish(Outcome { tensor: job.tensor, origin: job.origin, result, took });
            }
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// True when a job can be handed over.
    pub(super) fn is_idle(&self) -> bool {
        matches!(*lock(&self.shared.slot), Slot::Idle)
    }

    /// True when the thread died of a panic.
    pub(super) fn is_dead(&self) -> bool {
        matches!(*lock(&self.shared.slot), Slot::Dead)
    }

    /// Hands `job` over; only an idle worker takes it.
    pub(super) fn submit(&self, job: Job) {
        let mut slot = lock(&self.shared.slot);
        debug_assert!(matches!(*slot, Slot::Idle), "a job should only be handed to an idle worker");
        *slot = Slot::Queued(job);
        self.shared.changed.notify_all();
    }

    /// The outcome when there is one; the worker is idle after that.
    pub(super) fn take(&self) -> Option<Outcome> {
        lock(&self.shared.slot).take_outcome()
    }

    /// Waits for the outcome of the job that was handed over, until `limit` has passed, or for ever.
    pub(super) fn wait(&self, limit: Option<Duration>) -> Option<Outcome> {
        let end = limit.map(|limit| Instant::now() + limit);
        let mut slot = lock(&self.shared.slot);
        while matches!(*slot, Slot::Queued(_) | Slot::Running) {
            slot = match end.map(|end| end.saturating_duration_since(Instant::now())) {
                None => wait(&self.shared.changed, slot),
                Some(Duration::ZERO) => return None,
                Some(left) => wait_for(&self.shared.changed, slot, left),
            };
        }
        slot.take_outcome()
    }
}

impl Slot {
    fn take_outcome(&mut self) -> Option<Outcome> {
        match std::mem::replace(self, Self::Idle) {
            Self::Done(outcome) => Some(outcome),
            other => {
                *self = other;
                None
            }
        }
    }
}

impl Shared {
    /// Waits for a job; `None` when the worker shall end.
    fn next_job(&self) -> Option<Job> {
        let mut slot = lock(&self.slot);
        loop {
            match std::mem::replace(&mut *slot, Slot::Running) {
                Slot::Queued(job) => return Some(job),
                Slot::Stopping => {
                    *slot = Slot::Stopping;
                    return None;
                }
                other => *slot = other,
            }
            slot = wait(&self.changed, slot);
        }
    }

    fn finish(&self, outcome: Outcome) {
        let mut slot = lock(&self.slot);
        if matches!(*slot, Slot::Running) {
            *slot = Slot::Done(outcome);
        }
        self.changed.notify_all();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        *lock(&self.shared.slot) = Slot::Stopping;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic was reported on its way; there is nobody here to hand it to.
            let _ = thread.join();
        }
    }
}

/// Tells those who wait when the thread ends by a panic.
struct DeathNotice(Arc<Shared>);

impl Drop for DeathNotice {
    fn drop(&mut self) {
        let mut slot = lock(&self.0.slot);
        if !matches!(*slot, Slot::Stopping) {
            *slot = Slot::Dead;
        }
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::engine::Manifest;

    /// Long enough for any machine, short enough for a test that fails.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn job(ms: u64) -> Job {
        let manifest = Manifest::parse(include_str!("../../tests/models/blob.toml"), "blob.toml").unwrap();
        Job {
            tensor: Tensor::default(),
            wanted: Wanted::new(&manifest, &[], 0.5).unwrap(),
            origin: Origin { pts: Some(gst::ClockTime::from_mseconds(ms)), epoch: 0 },
        }
    }

    #[test]
    fn a_job_is_done_once_and_its_outcome_taken_once() {
        let (finish, allowed) = mpsc::channel();
        let worker = Worker::start(move |_| {
            allowed.recv().unwrap();
            Ok(Vec::new())
        })
        .unwrap();
        assert!(worker.is_idle() && worker.take().is_none());
        assert!(worker.wait(Some(PATIENCE)).is_none(), "there is nothing to wait for");
        worker.submit(job(40));
        assert!(!worker.is_idle());
        assert!(worker.wait(Some(Duration::from_millis(1))).is_none(), "it is not allowed to finish yet");
        assert!(!worker.is_idle());
        finish.send(()).unwrap();
        let outcome = worker.wait(Some(PATIENCE)).unwrap();
        assert_eq!(outcome.origin.pts, Some(gst::ClockTime::from_mseconds(40)));
        assert!(outcome.result.is_ok());
        assert!(worker.is_idle() && worker.take().is_none());
        worker.submit(job(80));
        finish.send(()).unwrap();
        assert!(worker.wait(None).is_some());
    }

    #[test]
    fn stopping_waits_for_the_work_at_hand() {
        let (started, has_started) = mpsc::channel();
        let (ended, has_ended) = mpsc::channel();
        let worker = Worker::start(move |_| {
            started.send(()).unwrap();
            ended.send(()).unwrap();
            Ok(Vec::new())
        })
        .unwrap();
        worker.submit(job(0));
        has_started.recv_timeout(PATIENCE).unwrap();
        drop(worker);
        has_ended.try_recv().unwrap();
    }

    #[test]
    fn a_dead_worker_is_noticed_by_those_who_wait() {
        let worker = Worker::start(|_| panic!("this thread dies on purpose")).unwrap();
        worker.submit(job(0));
        assert!(worker.wait(None).is_none());
        assert!(worker.is_dead());
    }
}
