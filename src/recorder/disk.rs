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
        self.with(move |spool| spool.append(&batch)).await?;
        self.0.backlog.spooled(size);
        self.0.added.notify_one();
        Ok(())
    }

    /// The oldest records on disk; they stay until [`Disk::confirm`].
    pub(super) async fn read(&self, most: usize) -> Vec<Record> {
        self.with(move |spool| spool.read(most)).await
    }

    /// What was read last is in the database.
    pub(super) async fn confirm(&self) {
        self.with(Spool::confirm).await;
    }

    async fn with<T: Send + 'static>(&self, work: impl FnOnce(&mut Spool) -> T + Send + 'static) -> T {
        let inner = self.0.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut spool = inner.spool.lock().unwrap_or_else(PoisonError::into_inner);
            let done = work(&mut spool);
            // Under the lock, so that figures never go back to what they were.
            inner.tell(spool.figures());
            done
        });
        match done.await {
            Ok(done) => done,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // The process ends before it has begun.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Inner {
    fn tell(&self, figures: SpoolFigures) {
        self.backlog.set_spooled(figures);
        let (folder, max_mib) = (self.folder.display(), figures.max_bytes >> 20);
        let filling = RecorderFigures::is_filling(figures.bytes, figures.max_bytes);
        if filling && !self.said_filling.swap(true, Ordering::Relaxed) {
            warn!(
                %folder, mib = figures.bytes >> 20, max_mib,
                "the space for records that wait on disk is nearly used up; get the database back, or raise `recorder.spool_max_mib`"
            );
        }
        if figures.is_full && !self.said_full.swap(true, Ordering::Relaxed) {
            error!(
                %folder, max_mib,
                "the space for records that wait on disk is used up; from now on the oldest are lost"
            );
        }
        if figures.records == 0 {
            self.said_filling.store(false, Ordering::Relaxed);
            if self.said_full.swap(false, Ordering::Relaxed) {
                info!(lost = figures.lost, "nothing waits on disk any more; records are no longer lost");
            }
        }
    }
}
