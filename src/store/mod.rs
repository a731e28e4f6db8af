//! Everything that outlives the process, in SQLite or Postgres behind one type.
//!
//! One SQL text serves both where both take it; two stand side by side where not. Every method takes the
//! tenant first, and every statement has it in its `where`, so that no caller can forget it; the few methods
//! without one serve the app itself and say so.
//!
//! A write is durable when its call returns: it survives `kill -9` and, on SQLite too, a power cut. What the database does
//! not take waits in a [`Spool`], as durable.

mod aggregate;
mod assignment;
mod audit;
pub mod backup;
mod branch;
mod bulk;
mod camera;
mod cleared;
mod columns;
mod comparison;
mod connect;
mod count;
mod crossing;
mod error;
mod export;
mod heat;
mod idempotency;
mod insert;
mod job;
mod news;
mod occupancy;
mod page;
#[cfg(test)]
mod plan_tests;
mod record;
mod retention;
mod schedule;
mod sector;
mod series;
mod shift;
mod spool;
mod summary;
mod tally;
mod token;
mod visit;
mod voice;

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{PgPool, SqlitePool};
use tokio::sync::watch;

pub use assignment::Assigned;
pub use audit::ChangeFilter;
pub use branch::{machine_zone, unnamed_branch};
pub use cleared::CLEARED_KEPT;
pub use connect::sqlite_file;
pub use error::StoreError;
pub use export::Export;
pub use idempotency::{Claim, Once, SavedAnswer};
pub use job::JobLock;
pub use page::{MAX_PAGE, Page};
pub use record::{CrossingRecord, HeatRecord, MinuteRecord, Record, ZoneStayRecord};
pub use retention::Aging;
pub use series::Counted;
pub use spool::{Spool, SpoolFigures};
pub use token::Revoked;
pub use visit::{StoredVisit, VisitRecord};

/// Longest time for one call, waiting for a connection included.
const PATIENCE: Duration = Duration::from_secs(10);

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

const HAS_MIGRATIONS: &str =
    "select exists (select 1 from sqlite_schema where type = 'table' and name = '_sqlx_migrations')";
const HAS_MIGRATIONS_POSTGRES: &str = "select to_regclass('_sqlx_migrations') is not null";
const SELECT_SCHEMA: &str = "select max(version) from _sqlx_migrations";

/// Runs the same expression on whichever pool it is, and gives it up when it takes too long.
macro_rules! with_pool {
    ($pools:expr, $pool:ident => $body:expr) => {
        match &$pools {
            $crate::store::Pools::Sqlite($pool) => $crate::store::in_time(async { $body }).await,
            $crate::store::Pools::Postgres($pool) => $crate::store::in_time(async { $body }).await,
        }
    };
}
use with_pool;

#[derive(Debug, Clone)]
enum Pools {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// The database; cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    read: Pools,
    /// On Postgres the same pool as `read`; on SQLite the only connection that writes.
    write: Pools,
    place: Arc<str>,
    /// None on Postgres.
    file: Option<Arc<Path>>,
    /// The tables are as this program needs them; connections to an awaited Postgres are given to nobody before.
    ready: watch::Sender<bool>,
}

/// What [`Store::migrate`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The schema that the tables have now.
    pub version: i64,
    /// The SQLite file as it was, if there was something to change in it.
    pub kept: Option<PathBuf>,
}

/// What a write to a named thing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    Created,
    Replaced,
}

/// What became of a change that was to be made only to what it was decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    Done,
    /// Somebody else has changed it meanwhile, or it is gone; nothing was written.
    Changed,
}

impl Store {
    /// Opens the database at `url` (`postgres://…`, or `sqlite://…`, a relative file being taken from
    /// `data_dir`), or the file `atalaya.db` in `data_dir`, which is created when missing. Call
    /// [`Store::migrate`] next.
    ///
    /// # Errors
    /// When it cannot be used; the message names the file or host and what to do, and never the password.
    pub async fn open(url: Option<&str>, data_dir: &Path) -> Result<Self, StoreError> {
        connect::open(url, data_dir, connect::Absent::IsRefused).await
    }

    /// As [`Store::open`], of a Postgres that need not run yet: until [`Store::migrate`] has done its work all other
    /// calls fail as they do while it is away.
    ///
    /// # Errors
    /// As [`Store::open`], but for a Postgres that does not answer.
    pub async fn open_or_await(url: Option<&str>, data_dir: &Path) -> Result<Self, StoreError> {
        connect::open(url, data_dir, connect::Absent::IsAwaited).await
    }

    /// Opens it to read only, also while servers work on it: nothing is made, locked or changed.
    ///
    /// # Errors
    /// As [`Store::open`], and when it is not there or of another schema than this program's.
    pub async fn open_to_read(url: Option<&str>, data_dir: &Path) -> Result<Self, StoreError> {
        let store = connect::open_to_read(url, data_dir).await?;
        store.check_schema().await?;
        Ok(store)
    }

    async fn check_schema(&self) -> Result<(), StoreError> {
        let (is_ours,): (bool,) = match &self.read {
            Pools::Sqlite(pool) => in_time(sqlx::query_as(HAS_MIGRATIONS).fetch_one(pool)).await?,
            Pools::Postgres(pool) => in_time(sqlx::query_as(HAS_MIGRATIONS_POSTGRES).fetch_one(pool)).await?,
        };
        let found: Option<i64> = match is_ours {
            true => with_pool!(self.read, pool => sqlx::query_scalar(SELECT_SCHEMA).fetch_one(pool).await)?,
            false => None,
        };
        let needed = Self::schema_version();
        let (reason, remedy) = match found {
            Some(found) if found == needed => return Ok(()),
            None => ("it has no tables of Atalaya".to_owned(), "name the database that a server has made"),
            Some(found) => (
                format!("its schema is {found}, and this program reads {needed}"),
                match found < needed {
                    true => "run `atalaya migrate` with all servers stopped",
                    false => "use the program version that made it, or a later one",
                },
            ),
        };
        Err(StoreError::Open { place: self.place.as_ref().to_owned(), reason, remedy: remedy.to_owned() })
    }

    /// Where the rows lie, in words for people: the file, or database, host and port.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// The SQLite file; `None` on Postgres.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Brings the tables up to what this program needs; does nothing the second time. An SQLite file that is older is
    /// copied before.
    ///
    /// # Errors
    /// When a newer program has written the database, or it refuses; nothing is changed without a copy of before.
    pub async fn migrate(&self) -> Result<Migrated, StoreError> {
        let kept = self.keep_before_migration().await?;
        let done = match &self.write {
            Pools::Sqlite(pool) => connect::migrate_sqlite(pool, &SQLITE_MIGRATIONS).await,
            Pools::Postgres(pool) => connect::migrate_postgres(pool, &POSTGRES_MIGRATIONS).await,
        };
        match done {
            Ok(()) => {
                self.ready.send_replace(true);
                Ok(Migrated { version: Self::schema_version(), kept })
            }
            Err(MigrateError::VersionMissing(found)) => Err(StoreError::Open {
                place: self.place.as_ref().to_owned(),
                reason: format!("its schema {found} is newer than {}", Self::schema_version()),
                remedy: "start the program version that made it, or a later one".to_owned(),
            }),
            Err(MigrateError::VersionMismatch(found)) => Err(StoreError::Open {
                place: self.place.as_ref().to_owned(),
                reason: format!("its schema {found} is not this program's"),
                remedy: "start the program version that made it".to_owned(),
            }),
            Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(error.into()),
            Err(other) => Err(StoreError::Open {
                place: self.place.as_ref().to_owned(),
                reason: other.to_string(),
                remedy: "restore a backup, or start with an empty database".to_owned(),
            }),
        }
    }

    /// Copies an SQLite file that a migration is going to change.
    async fn keep_before_migration(&self) -> Result<Option<PathBuf>, StoreError> {
        let (Some(file), Pools::Sqlite(pool)) = (self.file(), &self.write) else { return Ok(None) };
        let (is_ours,): (bool,) = in_time(sqlx::query_as(HAS_MIGRATIONS).fetch_one(pool)).await?;
        if !is_ours {
            return Ok(None);
        }
        let (found,): (Option<i64>,) = in_time(sqlx::query_as(SELECT_SCHEMA).fetch_one(pool)).await?;
        if found.is_none_or(|found| found >= Self::schema_version()) {
            return Ok(None);
        }
        let suffix = format!(".before-{}", Self::schema_version());
        // Of a migration that was broken off: one copy of what has not changed since is enough.
        if let Some(kept) = backup::same(file, &suffix).await {
            return Ok(Some(kept));
        }
        let kept = backup::free(file, &suffix);
        backup::copy(file, &kept).await?;
        tracing::info!(file = %kept.display(), "kept a copy of the database before its tables are changed");
        Ok(Some(kept))
    }

    /// Whether the tables are as this program needs them: of a Postgres that is awaited, not before it has come.
    pub fn is_ready(&self) -> bool {
        *self.ready.borrow()
    }

    /// The schema this program needs.
    pub fn schema_version() -> i64 {
        SQLITE_MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// When there is none.
    pub async fn ping(&self) -> Result<(), StoreError> {
        with_pool!(self.read, pool => sqlx::query("select 1").execute(pool).await.map(drop))
    }

    /// Closes every connection; on SQLite that also folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.read.close().await;
        self.write.close().await;
    }
}

impl Pools {
    async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// What `work` comes to, or [`StoreError::Away`] when it takes too long. A server that froze, or whose cable was cut,
/// says nothing at all: without an end of ours its callers would wait as long as TCP does, a quarter of an hour.
async fn in_time<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StoreError> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(too_late()),
    }
}

/// As [`in_time`], of work that is more than the database's.
async fn patiently<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => Err(too_late()),
    }
}

fn too_late() -> StoreError {
    let reason = format!("no answer within {} s", PATIENCE.as_secs());
    StoreError::Away(io::Error::new(io::ErrorKind::TimedOut, reason).into())
}

/// Of all states of each thing the furthest, as one statement may touch a row only once.
fn latest<'a, R, K: Ord, S: Ord>(
    records: &[&'a R],
    key: impl Fn(&'a R) -> K,
    state: impl Fn(&'a R) -> S,
) -> Vec<&'a R> {
    let mut latest: BTreeMap<K, &'a R> = BTreeMap::new();
    for record in records {
        let known = latest.entry(key(record)).or_insert(record);
        if state(record) > state(known) {
            *known = record;
        }
    }
    latest.into_values().collect()
}

/// A stored identifier as the type it has in the domain.
fn id<T, V, E: std::fmt::Display>(value: V, new: impl FnOnce(V) -> Result<T, E>) -> Result<T, StoreError> {
    new(value).map_err(|error| StoreError::Row { what: "id".to_owned(), reason: error.to_string() })
}
