//! The thread that looks at people: one look at a time, away from the streaming thread.

use std::sync::mpsc::{self, Receiver, SyncSender, TryRecvError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::task::Task;
use crate::engine::EngineError;
use crate::niceness::spawn_behind_video;
use crate::person::{Look, Looker};

/// A look that was had.
pub(super) struct Outcome {
    pub(super) task: Task,
    /// That of its task: a result of an earlier one is of another time.
    pub(super) epoch: u64,
    pub(super) look: Result<Look, EngineError>,
    pub(super) took: Duration,
}

/// The thread has died.
#[derive(Debug, thiserror::Error)]
#[error("the thread that looks at people has died")]
pub(super) struct Dead;

/// The thread; it ends when this is dropped, after the look at hand.
pub(super) struct Worker {
    /// `None` only while it is dropped.
    tasks: Option<SyncSender<(Task, u64)>>,
    outcomes: Receiver<Outcome>,
    is_busy: bool,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has none left.
    pub(super) fn start(mut looker: Looker) -> std::io::Result<Self> {
        let (tasks, todo) = mpsc::sync_channel::<(Task, u64)>(1);
        let (done, outcomes) = mpsc::sync_channel(1);
        let work = move || {
            for (task, epoch) in todo {
                let began = Instant::now();
                let look = task.look(&mut looker);
                let outcome = Outcome { task, epoch, look, took: began.elapsed() };
                if done.send(outcome).is_err() {
                    break;
                }
            }
        };
        let thread = spawn_behind_video("visionattributes", work)?;
        Ok(Self { tasks: Some(tasks), outcomes, is_busy: false, thread: Some(thread) })
    }

    /// Whether a look is being had or was not taken yet.
    pub(super) fn is_busy(&self) -> bool {
        self.is_busy
    }

    /// Hands out a look; only when it is not busy.
    pub(super) fn submit(&mut self, task: Task, epoch: u64) -> Result<(), Dead> {
        self.tasks.as_ref().ok_or(Dead)?.try_send((task, epoch)).map_err(|_| Dead)?;
        self.is_busy = true;
        Ok(())
    }

    /// The look that was had, if there is one.
    pub(super) fn take(&mut self) -> Result<Option<Outcome>, Dead> {
        match self.outcomes.try_recv() {
            Ok(outcome) => {
                self.is_busy = false;
                Ok(Some(outcome))
            }
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Disconnected) => Err(Dead),
        }
    }

    /// Waits for the look at hand.
    pub(super) fn wait(&mut self) -> Result<Outcome, Dead> {
        self.is_busy = false;
        self.outcomes.recv().map_err(|_| Dead)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.tasks.take());
        if let Some(thread) = self.thread.take() {
            // A panic was reported on its way; there is nobody here to hand it to.
            let _ = thread.join();
        }
    }
}
