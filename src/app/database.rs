//! The database when the server starts: opened and brought up to date, or awaited.
//!
//! After a power cut a server is often there before its Postgres is. The cameras of the settings file run then, and what
//! they record waits on disk; all else begins when the database has come.

use std::time::Duration;

use anyhow::Result;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use super::places::{Stored, describe};
use crate::clock::Clock;
use crate::config::{Config, Secret};
use crate::domain::Camera;
use crate::store::{Store, StoreError};

/// Time between two looks whether it has come.
const PAUSE: Duration = Duration::from_secs(1);

/// The database of a server that starts.
pub(super) struct Database {
    pub(super) store: Store,
    config: Config,
    clock: Clock,
    is_there: bool,
}

impl Database {
    /// Opens the database of `config`, with its tables as this program needs them and the branches of the file.
    pub(super) async fn open(config: &Config, clock: &Clock) -> Result<Self> {
        if config.branches.is_empty() && jiff::tz::TimeZone::system().iana_name().is_none() {
            warn!(
                "this machine's time zone has no name; branch 1 counts its shifts in UTC: describe it by [[branches]] or set TZ"
            );
        }
        let url = config.database.url.as_ref().map(Secret::reveal);
        let store = Store::open_or_await(url, &config.data_dir).await?;
        let mut database = Self { store, config: config.clone(), clock: clock.clone(), is_there: true };
        match database.prepare().await {
            Ok(()) => {}
            Err(error) if database.store.file().is_none() && is_away(&error) => {
                warn!(
                    %error, database = database.store.place(),
                    "the database is not there yet; the cameras of the settings run, and what they record waits on disk"
                );
                database.is_there = false;
            }
            Err(error) => return Err(error),
        }
        Ok(database)
    }

    /// Starts the cameras that it knows, `more` among them: now, or once it has come.
    pub(super) async fn start(
        self,
        stored: Stored,
        more: Vec<Camera>,
        (tasks, stop): (&TaskTracker, &CancellationToken),
    ) -> Result<()> {
        if self.is_there {
            return stored.start(&more).await;
        }
        let stop = stop.clone();
        drop(tasks.spawn(async move { self.attend(stored, more, stop).await }));
        Ok(())
    }

    async fn attend(self, stored: Stored, more: Vec<Camera>, stop: CancellationToken) {
        let mut said = String::new();
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(PAUSE) => {}
            }
            match self.arrive(&stored, &more).await {
                Ok(()) => return info!(database = self.store.place(), "the database has come"),
                Err(error) if is_away(&error) || error.to_string() == said => {}
                Err(error) => {
                    said = error.to_string();
                    error!(%error, database = self.store.place(), "the database has come and cannot be used");
                }
            }
        }
    }

    async fn arrive(&self, stored: &Stored, more: &[Camera]) -> Result<()> {
        self.prepare().await?;
        stored.start(more).await
    }

    async fn prepare(&self) -> Result<()> {
        self.store.migrate().await?;
        describe(&self.config, &self.store, self.clock.now()).await
    }
}

fn is_away(error: &anyhow::Error) -> bool {
    error.downcast_ref::<StoreError>().is_some_and(StoreError::is_away)
}
