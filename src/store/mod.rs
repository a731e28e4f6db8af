//! Everything that outlives the process, in SQLite or Postgres behind one type.
//!
//! One SQL text serves both where both take it; two stand side by side where not. Every method takes the
//! tenant first, and every statement has it in its `where`, so that no caller can forget it; the few methods
//! without one serve the app itself and say so.
//!
//! A write is durable when its call returns: it survives `kill -9` and, on SQLite too, a power cut.

mod branch;
mod camera;
mod columns;
mod connect;
mod error;
mod shift;
mod summary;
mod visit;

use std::path::Path;
use std::sync::Arc;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{PgPool, SqlitePool};

pub use error::StoreError;
pub use visit::{MAX_PAGE, StoredVisit, VisitPage, VisitRecord};

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Runs the same expression on whichever pool it is.
macro_rules! with_pool {
    ($pools:expr, $pool:ident => $body:expr) => {
        match &$pools {
            $crate::store::Pools::Sqlite($pool) => $body,
            $crate::store::Pools::Postgres($pool) => $body,
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
}

/// What a write to a named thing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    Created,
    Replaced,
}

impl Store {
    /// Opens the database at `url` (`postgres://…`, or `sqlite://…`, a relative file being taken from
    /// `data_dir`), or the file `atalaya.db` in `data_dir`, which is created when missing. Call
    /// [`Store::migrate`] next.
    ///
    /// # Errors
    /// When it cannot be used; the message names the file or host and what to do, and never the password.
    pub async fn open(url: Option<&str>, data_dir: &Path) -> Result<Self, StoreError> {
        connect::open(url, data_dir).await
    }

    /// Where the rows lie, in words for people: the file, or database, host and port.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Brings the tables up to what this program needs; does nothing the second time. Answers the schema
    /// version.
    ///
    /// # Errors
    /// When a newer program has written the database, or it refuses.
    pub async fn migrate(&self) -> Result<i64, StoreError> {
        let done = match &self.write {
            Pools::Sqlite(pool) => SQLITE_MIGRATIONS.run(pool).await,
            Pools::Postgres(pool) => POSTGRES_MIGRATIONS.run(pool).await,
        };
        match done {
            Ok(()) => Ok(Self::schema_version()),
            Err(MigrateError::VersionMissing(found)) => Err(StoreError::Open {
                place: self.place.as_ref().to_owned(),
                reason: format!("its schema {found} is newer than {}", Self::schema_version()),
                remedy: "start the program version that made it, or a later one".to_owned(),
            }),
            Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(error.into()),
            Err(other) => Err(StoreError::Open {
                place: self.place.as_ref().to_owned(),
                reason: other.to_string(),
                remedy: "restore a backup, or start with an empty database".to_owned(),
            }),
        }
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
        with_pool!(self.read, pool => sqlx::query("select 1").execute(pool).await.map(drop))?;
        Ok(())
    }

    /// Closes every connection; on SQLite that also folds the write-ahead log into the file.
    pub async fn close(&self) {
        with_pool!(self.read, pool => pool.close().await);
        with_pool!(self.write, pool => pool.close().await);
    }
}

/// A stored identifier as the type it has in the domain.
fn id<T, V, E: std::fmt::Display>(value: V, new: impl FnOnce(V) -> Result<T, E>) -> Result<T, StoreError> {
    new(value).map_err(|error| StoreError::Row { what: "id".to_owned(), reason: error.to_string() })
}
