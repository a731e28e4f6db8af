//! What waits in memory → the database when it is quick, else the disk: within a second, whatever happens.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tracing::{error, info};

use super::backlog::{BATCH, Backlog};
use super::disk::Disk;
use crate::store::Record;

/// How long the first record of a batch waits for company.
const PATIENCE: Duration = Duration::from_millis(400);

/// The database has so long to take a batch before the disk gets it, too. A record that just missed a batch waits for
/// that one, for company, and for its own turn: with the time that a disk needs, less than a second.
const QUICK: Duration = Duration::from_millis(250);

/// Time between attempts while the disk takes nothing.
const PAUSE: Duration = Duration::from_millis(500);

/// A batch for the database, and where to say how many of it were written; dropped without a word when it is away.
pub(super) struct Direct {
    pub(super) batch: Arc<[Record]>,
    pub(super) written: oneshot::Sender<usize>,
}

pub(super) struct Keeper {
    pub(super) backlog: Arc<Backlog>,
    pub(super) disk: Disk,
    pub(super) writer: mpsc::Sender<Direct>,
}

impl Keeper {
    /// Runs until the backlog is closed and empty.
    pub(super) async fn run(self) {
        while let Some(batch) = self.backlog.batch(PATIENCE).await {
            self.keep(batch.into()).await;
        }
    }

    async fn keep(&self, batch: Arc<[Record]>) {
        let mut failed = false;
        loop {
            // What is on disk goes first, and the disk is quicker when the process ends with much in memory.
            if !self.backlog.is_spooling()
                && !self.backlog.is_ending_with_more_than(BATCH)
                && let Ok(Some(written)) = tokio::time::timeout(QUICK, self.hand_over(&batch)).await
            {
                return self.backlog.done(batch.len(), written);
            }
            match self.disk.append(batch.clone()).await {
                Ok(()) => {
                    if failed {
                        info!("the disk takes records that wait for the database again");
                    }
                    return;
                }
                Err(error) => {
                    if !std::mem::replace(&mut failed, true) {
                        self.tell(&error);
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn tell(&self, error: &io::Error) {
        let folder = self.disk.folder();
        error!(%folder, %error, "the disk takes no records that wait for the database; they wait in memory, and do not survive the process");
    }

    /// Answers how many were written; `None` when the database is away.
    async fn hand_over(&self, batch: &Arc<[Record]>) -> Option<usize> {
        let (written, answer) = oneshot::channel();
        self.writer.send(Direct { batch: batch.clone(), written }).await.ok()?;
        answer.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::super::backlog::tests::record;
    use super::*;
    use crate::store::Spool;

    struct Scene {
        backlog: Arc<Backlog>,
        disk: Disk,
        direct: mpsc::Receiver<Direct>,
        _folder: tempfile::TempDir,
    }

    fn scene() -> Scene {
        let (folder, backlog) = (tempfile::tempdir().unwrap(), Arc::new(Backlog::default()));
        let spool = Spool::open(folder.path(), "a database", 8 << 20).unwrap();
        let disk = Disk::new(spool, backlog.clone());
        let (writer, direct) = mpsc::channel(1);
        tokio::spawn(Keeper { backlog: backlog.clone(), disk: disk.clone(), writer }.run());
        Scene { backlog, disk, direct, _folder: folder }
    }

    /// How long a record that is put now stays in memory alone.
    async fn time_in_memory(backlog: &Backlog, track: u64) -> Duration {
        let put = Instant::now();
        backlog.put(record(track, 1));
        while backlog.figures().in_memory > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        put.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_silent_database_does_not_take_is_on_disk_within_a_second() {
        // Nobody takes what is handed over.
        let scene = scene();
        assert!(time_in_memory(&scene.backlog, 0).await < Duration::from_secs(1));
        assert!(scene.backlog.is_spooling());
        for track in 1..10 {
            scene.backlog.put(record(track, 1));
            // The next one just misses the batch of this one.
            tokio::time::sleep(PATIENCE + Duration::from_millis(1)).await;
            assert!(time_in_memory(&scene.backlog, 100 + track).await < Duration::from_secs(1));
        }
        assert_eq!(scene.disk.read(100).await.len(), 19);
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_that_waits_for_a_slow_batch_is_on_disk_within_a_second() {
        let mut scene = scene();
        scene.backlog.put(record(0, 1));
        let slow = scene.direct.recv().await.unwrap();
        // Just too late for the batch, which takes nearly as long as it may.
        let next = time_in_memory(&scene.backlog, 1);
        let answer = async {
            tokio::time::sleep(QUICK - Duration::from_millis(1)).await;
            slow.written.send(1).unwrap();
        };
        let (took, ()) = tokio::join!(next, answer);
        assert!(took < Duration::from_secs(1), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_with_much_in_memory_puts_it_on_disk() {
        let mut scene = scene();
        for track in 0..25 * BATCH as u64 {
            scene.backlog.put(record(track, 1));
        }
        scene.backlog.close();
        let started = Instant::now();
        // Quick enough for each batch, but not for all of them in the time that is left.
        while let Some(slow) = scene.direct.recv().await {
            tokio::time::sleep(QUICK - Duration::from_millis(1)).await;
            slow.written.send(slow.batch.len()).unwrap();
        }
        assert!(started.elapsed() < super::super::LAST_WRITES, "{:?}", started.elapsed());
        let figures = scene.backlog.figures();
        assert_eq!((figures.waiting, figures.in_memory), (25 * BATCH, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_database_takes_at_once_never_goes_to_disk() {
        let mut scene = scene();
        for track in 0..3 {
            scene.backlog.put(record(track, 1));
            let Direct { batch, written } = scene.direct.recv().await.unwrap();
            written.send(batch.len()).unwrap();
        }
        while scene.backlog.figures().written < 3 {
            tokio::task::yield_now().await;
        }
        let figures = scene.backlog.figures();
        assert_eq!((figures.waiting, figures.spool_bytes), (0, 0));
    }
}
