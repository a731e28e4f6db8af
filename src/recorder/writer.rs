//! The only one who writes to the database: first what is on disk, then what comes, again and again until it is taken.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tracing::{error, info, warn};

use super::backlog::Backlog;
use super::disk::Disk;
use super::keeper::{Direct, Keeper};
use crate::domain::TenantId;
use crate::store::{Record, Spool, Store, StoreError};

/// Records from the disk that are written at once.
const DRAINED_AT_ONCE: usize = 1000;

/// Time between attempts while the database is away: doubled each time, from the first to the last of these.
const FIRST_PAUSE: Duration = Duration::from_millis(125);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// A database that is back says a word in this time. It is asked anew each time, as an old question may hang in a
/// network that was cut for longer than the cut.
const PROBE: Duration = Duration::from_secs(1);

/// Runs until the backlog is closed, and everything in the database or on disk.
pub(super) async fn write(store: Store, spool: Spool, backlog: Arc<Backlog>) {
    let disk = Disk::new(spool, backlog.clone());
    let (sender, receiver) = mpsc::channel(1);
    let keeper = Keeper { backlog: backlog.clone(), disk: disk.clone(), writer: sender };
    let writer = Writer { store, disk, backlog: backlog.clone(), pause: None, told: false };
    let keep = async {
        keeper.run().await;
        backlog.set_kept();
    };
    tokio::join!(keep, writer.run(receiver));
}

/// The process ends; what is on disk stays there.
struct Ending;

struct Writer {
    store: Store,
    disk: Disk,
    backlog: Arc<Backlog>,
    /// Set while the database is away: the time between the last two attempts.
    pause: Option<Duration>,
    /// It was said that records wait on disk. Those that the database was only slow to take wait there unsaid.
    told: bool,
}

impl Writer {
    async fn run(mut self, mut direct: mpsc::Receiver<Direct>) {
        let _ended = self.write(&mut direct).await;
        let waiting = self.backlog.figures().waiting;
        if waiting > 0 {
            info!(waiting, folder = %self.disk.folder(), "what the database did not take waits on disk for the next start");
        }
    }

    async fn write(&mut self, direct: &mut mpsc::Receiver<Direct>) -> Result<(), Ending> {
        // What an earlier run left comes first: it may hold visits that were open then.
        self.told = self.backlog.has_earlier();
        while self.backlog.has_earlier() {
            self.drain().await?;
        }
        self.close_open_visits().await?;
        loop {
            if self.backlog.is_spooling() {
                self.drain().await?;
                continue;
            }
            tokio::select! {
                next = direct.recv() => match next {
                    Some(next) => self.write_direct(next).await,
                    None if self.backlog.is_spooling() => {}
                    None => return Ok(()),
                },
                () = self.disk.added() => {}
            }
        }
    }

    async fn close_open_visits(&mut self) -> Result<(), Ending> {
        loop {
            match self.store.close_open_visits().await {
                Ok(visits) => {
                    self.answers();
                    if visits > 0 {
                        info!(visits, "closed visits that were left open when the program last ended");
                    }
                    return Ok(());
                }
                Err(error) if error.is_away() => self.wait(&error).await?,
                Err(error) => {
                    error!(%error, "cannot close visits that were left open");
                    return Ok(());
                }
            }
        }
    }

    /// Tries once.
    async fn write_direct(&mut self, Direct { batch, written }: Direct) {
        // Who gave it up while it lay here has put it on disk.
        if written.is_closed() {
            return;
        }
        match self.write_batch(&batch).await {
            // Nobody listens when it took long: then it is on disk as well, and is counted from there.
            Ok(count) => drop(written.send(count)),
            Err(error) => self.fails(&error),
        }
    }

    /// Brings some records from disk to the database, whatever it takes.
    async fn drain(&mut self) -> Result<(), Ending> {
        let records = self.disk.read(DRAINED_AT_ONCE).await;
        let started = Instant::now();
        loop {
            match self.write_batch(&records).await {
                Ok(written) => {
                    self.disk.confirm().await;
                    self.backlog.count_drained(records.len(), written);
                    tracing::debug!(written, took = ?started.elapsed(), "records from disk are written");
                    if !self.backlog.is_spooling() && std::mem::take(&mut self.told) {
                        info!("everything that waited on disk is in the database");
                    }
                    return Ok(());
                }
                Err(error) => self.wait(&error).await?,
            }
        }
    }

    /// Answers how many the database took; the others it refuses for good. Writing twice is harmless.
    async fn write_batch(&mut self, batch: &[Record]) -> Result<usize, StoreError> {
        let mut by_tenant: BTreeMap<TenantId, Vec<Record>> = BTreeMap::new();
        for record in batch {
            by_tenant.entry(record.place().tenant).or_default().push(record.clone());
        }
        let mut written = 0;
        for (tenant, records) in by_tenant {
            written += match self.store.write(tenant, &records).await {
                Ok(()) => records.len(),
                Err(error) if error.is_away() => return Err(error),
                Err(error) => {
                    warn!(%error, "the database refuses some records; trying them one by one");
                    self.write_singly(tenant, &records).await?
                }
            };
        }
        self.answers();
        Ok(written)
    }

    async fn write_singly(&self, tenant: TenantId, records: &[Record]) -> Result<usize, StoreError> {
        let mut written = 0;
        for record in records {
            match self.store.write(tenant, std::slice::from_ref(record)).await {
                Ok(()) => written += 1,
                Err(error) if error.is_away() => return Err(error),
                Err(error) => {
                    let camera = &record.place().camera;
                    error!(%error, %tenant, %camera, "a record is lost");
                }
            }
        }
        Ok(written)
    }

    /// The database has failed: waits until it says a word again.
    async fn wait(&mut self, error: &StoreError) -> Result<(), Ending> {
        self.fails(error);
        loop {
            let pause = self.pause.map_or(FIRST_PAUSE, |pause| (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE));
            self.pause = Some(pause);
            if self.backlog.is_kept() {
                return Err(Ending);
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.backlog.kept() => return Err(Ending),
            }
            if let Ok(Ok(())) = tokio::time::timeout(PROBE, self.store.ping()).await {
                return Ok(());
            }
            self.backlog.count_failure();
        }
    }

    /// Said once.
    fn fails(&mut self, error: &StoreError) {
        self.backlog.count_failure();
        if self.pause.is_none() {
            self.pause = Some(Duration::ZERO);
            self.told = true;
            warn!(%error, folder = %self.disk.folder(), "cannot write what is recorded; it waits on disk");
        }
    }

    fn answers(&mut self) {
        self.backlog.unstick();
        if self.pause.take().is_some() {
            let waiting = self.backlog.figures().waiting;
            info!(waiting, "the database answers again");
        }
    }
}
