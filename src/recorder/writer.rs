//! What waits → the database, again and again until it takes it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tracing::{error, info, warn};

use super::backlog::Backlog;
use crate::domain::TenantId;
use crate::store::{Record, Store, StoreError};

/// How long the first record of a batch waits for company.
const PATIENCE: Duration = Duration::from_millis(500);

/// Time between attempts while the database is away: doubled each time, from the first to the last of these.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Runs until the backlog is closed and empty.
pub(super) async fn write(store: Store, backlog: Arc<Backlog>) {
    let mut writer = Writer { store, backlog, pause: None };
    writer.close_open_visits().await;
    while let Some(batch) = writer.backlog.batch(PATIENCE).await {
        writer.write_batch(batch).await;
    }
}

struct Writer {
    store: Store,
    backlog: Arc<Backlog>,
    /// Set while the database is away.
    pause: Option<Duration>,
}

impl Writer {
    async fn close_open_visits(&mut self) {
        loop {
            match self.store.close_open_visits().await {
                Ok(visits) => {
                    self.backlog.unstick();
                    if visits > 0 {
                        info!(visits, "closed visits that were left open when the program last ended");
                    }
                    return;
                }
                Err(error) if error.is_away() => self.wait(&error).await,
                Err(error) => {
                    error!(%error, "cannot close visits that were left open");
                    return;
                }
            }
        }
    }

    async fn write_batch(&mut self, batch: Vec<Record>) {
        let size = batch.len();
        let mut by_tenant: BTreeMap<TenantId, Vec<Record>> = BTreeMap::new();
        for record in batch {
            by_tenant.entry(record.place().tenant).or_default().push(record);
        }
        let mut written = 0;
        for (tenant, records) in by_tenant {
            written += match self.insist(tenant, &records).await {
                Ok(()) => records.len(),
                Err(error) => {
                    warn!(%error, "the database refuses some records; trying them one by one");
                    self.write_singly(tenant, &records).await
                }
            };
        }
        self.backlog.done(size, written);
    }

    /// Answers how many the database took.
    async fn write_singly(&mut self, tenant: TenantId, records: &[Record]) -> usize {
        let mut written = 0;
        for record in records {
            match self.insist(tenant, std::slice::from_ref(record)).await {
                Ok(()) => written += 1,
                Err(error) => {
                    let camera = &record.place().camera;
                    error!(%error, %tenant, %camera, "a record is lost");
                }
            }
        }
        written
    }

    /// Tries until it works or there is no use in trying. Writing twice is harmless.
    async fn insist(&mut self, tenant: TenantId, records: &[Record]) -> Result<(), StoreError> {
        loop {
            match self.store.write(tenant, records).await {
                Err(error) if error.is_away() => self.wait(&error).await,
                done => {
                    self.backlog.unstick();
                    if self.pause.take().is_some() {
                        let waiting = self.backlog.figures().waiting;
                        info!(waiting, "the database answers again");
                    }
                    return done;
                }
            }
        }
    }

    /// Said once; when the process ends it is a short wait, as little time is left.
    async fn wait(&mut self, error: &StoreError) {
        self.backlog.count_failure();
        let pause = match self.pause {
            None => {
                warn!(%error, "cannot write what is recorded; it waits in memory");
                FIRST_PAUSE
            }
            Some(pause) => (pause * 2).min(LONGEST_PAUSE),
        };
        self.pause = Some(pause);
        if self.backlog.is_closed() {
            tokio::time::sleep(FIRST_PAUSE).await;
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = self.backlog.closed() => {}
        }
    }
}
