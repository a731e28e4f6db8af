//! The spool as the recorder's tasks use it: its waits for the disk are on threads that may wait.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tracing::{error, info, warn};

use super::backlog::Backlog;
use crate::domain::RecorderFigures;
use crate::store::{Record, Spool, SpoolFigures};

#[derive(Clone)]
pub(super) struct Disk(Arc<Inner>);

struct Inner {
    spool: Mutex<Spool>,
    folder: PathBuf,
    backlog: Arc<Backlog>,
    /// Records were added.
    added: Notify,
    /// Each is said once, until the spool is well below it again.
    said_filling: AtomicBool,
    said_full: AtomicBool,
}

impl Disk {
    pub(super) fn new(spool: Spool, backlog: Arc<Backlog>) -> Self {
        backlog.set_spooled(spool.figures());
        Self(Arc::new(Inner {
            folder: spool.folder().to_owned(),
            spool: Mutex::new(spool),
            backlog,
            added: Notify::new(),
            said_filling: AtomicBool::new(false),
            said_full: AtomicBool::new(false),
        }))
    }

    pub(super) fn folder(&self) -> std::path::Display<'_> {
        self.0.folder.display()
    }

    /// Waits until records were added.
    pub(super) async fn added(&self) {
        self.0.added.notified().await;
    }

    /// Adds a batch that was taken from the backlog.
    pub(super) async fn append(&self, batch: Arc<[Record]>) -> io::Result<()> {
        let size = batch.len();
        let (done, figures) = self.with(move |spool| spool.append(&batch)).await;
        let lost = done?;
        self.0.backlog.spooled(size, lost);
        if lost > 0 && !self.0.said_full.swap(true, Ordering::Relaxed) {
            error!(
                folder = %self.folder(), max_mib = figures.max_bytes >> 20,
                "the space for records that wait on disk is used up; from now on the oldest are lost"
            );
        }
        self.0.added.notify_one();
        Ok(())
    }

    /// The oldest records on disk; they stay until [`Disk::confirm`].
    pub(super) async fn read(&self, most: usize) -> Vec<Record> {
        self.with(move |spool| spool.read(most)).await.0
    }

    /// What was read last is in the database.
    pub(super) async fn confirm(&self) {
        self.with(Spool::confirm).await;
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Spool) -> T + Send + 'static,
    ) -> (T, SpoolFigures) {
        let inner = self.0.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut spool = inner.spool.lock().unwrap_or_else(PoisonError::into_inner);
            let done = work(&mut spool);
            let figures = spool.figures();
            // Under the lock, so that figures never go back to what they were.
            inner.backlog.set_spooled(figures);
            (done, figures)
        });
        let (done, figures) = done.await.expect("work on the spool should not panic");
        self.tell(figures);
        (done, figures)
    }

    fn tell(&self, figures: SpoolFigures) {
        let Inner { said_filling, said_full, .. } = &*self.0;
        let filling = RecorderFigures::is_filling(figures.bytes, figures.max_bytes);
        if filling && !said_filling.swap(true, Ordering::Relaxed) {
            warn!(
                folder = %self.folder(), mib = figures.bytes >> 20, max_mib = figures.max_bytes >> 20,
                "the space for records that wait on disk is nearly used up; get the database back, or raise `recorder.spool_max_mib`"
            );
        }
        if figures.records == 0 {
            let was_filling = said_filling.swap(false, Ordering::Relaxed);
            if said_full.swap(false, Ordering::Relaxed) || was_filling {
                info!("nothing waits on disk any more");
            }
        }
    }
}
