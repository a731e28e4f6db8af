//! Opening the database: what is asked for, and one clear sentence when it cannot be had.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migration, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, PgPool, SqlitePool};
use tokio::sync::watch;

use super::{Pools, Store, StoreError};
use crate::config::private_folder;

/// Name of the SQLite file in the data folder.
const FILE_NAME: &str = "atalaya.db";

/// How long a statement waits for another process that is writing to the SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Memory of the writer, KiB (negative: so SQLite counts): what a large batch touches should be written once, at its end.
const WRITER_CACHE: &str = "-32768";

/// Pages of 4 KiB in the write-ahead log before they are put in their places: 32 MiB, some ten large batches.
const CHECKPOINT_PAGES: &str = "8000";

/// How long a caller waits for a free connection, and for the first answer of Postgres.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that lies in the pool says a word in this time, or another one is made.
const AT_HAND: Duration = Duration::from_millis(250);

/// SQLite readers do not wait for the writer; more of them than this would only wait for the disk.
const SQLITE_READERS: u32 = 4;

/// Rows that SQLite's thread reads ahead of whoever takes them, a page of an export: handing over fifty at a time, as sqlx
/// would, the two threads wake each other so often that an export takes nearly twice the processor's time.
const ROWS_AHEAD: usize = 1000;

/// Postgres ends a statement itself shortly before we stop waiting for it: it should not go on for nobody.
/// And it ends a transaction whose client was cut off in the middle of it, whose rows would be locked until TCP gives up.
const STATEMENT_TIMEOUT: &str =
    "set statement_timeout = '9s'; set idle_in_transaction_session_timeout = '30s'";

/// As [`STATEMENT_TIMEOUT`], of somebody who shall not write by mistake.
const READ_ONLY: &str = "set statement_timeout = '9s'; set default_transaction_read_only = on";

/// A new table may be years of rows long, and another node's migration is worth waiting for.
const NO_STATEMENT_TIMEOUT: &str = "set statement_timeout = 0";

/// A small share of Postgres' default of 100.
const POSTGRES_CONNECTIONS: u32 = 8;

/// Where sqlx notes which migrations a database has gone through.
const TABLE: &str = "_sqlx_migrations";

/// Texts that went out in the place of a migration for a while, SQLite's and Postgres's, by the beginnings of their
/// checksums. What they did otherwise a later migration does for all.
const ALSO_RELEASED: [(i64, [u8; 8]); 2] = [
    (7, [0x4f, 0x5e, 0x5c, 0x4e, 0x14, 0x79, 0x4a, 0xc8]),
    (7, [0xc1, 0xe4, 0xf3, 0x98, 0xf8, 0xf3, 0x82, 0xff]),
];

/// What becomes of a Postgres that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    IsRefused,
    IsAwaited,
}

/// Opens what `url` names, or the SQLite file in `data_dir` when there is none.
pub(super) async fn open(url: Option<&str>, data_dir: &Path, absent: Absent) -> Result<Store, StoreError> {
    match sqlite_file(url, data_dir)? {
        Some(file) => open_sqlite(&file).await,
        None => open_postgres(url.unwrap_or_default(), STATEMENT_TIMEOUT, absent).await,
    }
}

/// The same for somebody who only reads, beside whoever writes.
pub(super) async fn open_to_read(url: Option<&str>, data_dir: &Path) -> Result<Store, StoreError> {
    match sqlite_file(url, data_dir)? {
        Some(file) => read_sqlite(&file).await,
        None => open_postgres(url.unwrap_or_default(), READ_ONLY, Absent::IsRefused).await,
    }
}

/// The SQLite file that `url` names, or that lies in `data_dir` when there is none; `None` when it is Postgres.
///
/// # Errors
/// When `url` is of no known kind.
pub fn sqlite_file(url: Option<&str>, data_dir: &Path) -> Result<Option<PathBuf>, StoreError> {
    let Some(url) = url else { return Ok(Some(data_dir.join(FILE_NAME))) };
    if let Some(path) = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
        if path.is_empty() || path.starts_with(":memory:") {
            return Err(wrong_url("names no file"));
        }
        return Ok(Some(data_dir.join(path)));
    }
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(None);
    }
    Err(wrong_url("is of no known kind"))
}

/// The URL itself is not shown: it may hold a password.
fn wrong_url(reason: &str) -> StoreError {
    StoreError::Open {
        place: "`database.url`".to_owned(),
        reason: format!("it {reason}"),
        remedy: "write postgres://user:password@host/name or sqlite:///folder/file.db, or leave it out"
            .to_owned(),
    }
}

async fn open_sqlite(path: &Path) -> Result<Store, StoreError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    make_writable(folder)?;
    make_private(path).map_err(|error| sqlite_error(path, &error.into()))?;
    let options =
        SqliteConnectOptions::new().filename(path).busy_timeout(BUSY_TIMEOUT).row_buffer_size(ROWS_AHEAD);
    let writer_options = options
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        // A totem is switched off at the wall: what was committed must survive that too. The recorder commits
        // twice a second and tenant at most, so the flush costs nothing that could be felt.
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES);
    // SQLite lets one connection write at a time. Writers that queue for the only one never see "locked".
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT * 2)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(writer_options)
        .await
        .map_err(|error| sqlite_error(path, &error))?;
    check_sqlite(&writer).await.map_err(|error| sqlite_error(path, &error))?;
    let reader = SqlitePoolOptions::new()
        .max_connections(SQLITE_READERS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options.read_only(true));
    let place = format!("SQLite file {}", path.display());
    let file = Some(path.into());
    let ready = watch::Sender::new(true);
    Ok(Store { read: Pools::Sqlite(reader), write: Pools::Sqlite(writer), place: place.into(), file, ready })
}

async fn read_sqlite(path: &Path) -> Result<Store, StoreError> {
    if !path.exists() {
        return Err(StoreError::Open {
            place: format!("SQLite file {}", path.display()),
            reason: "there is none yet".to_owned(),
            remedy: "name the server's own --config or --data-dir".to_owned(),
        });
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .row_buffer_size(ROWS_AHEAD)
        .read_only(true);
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(options)
        .await
        .map_err(|error| sqlite_error(path, &error))?;
    let (read, write) = (Pools::Sqlite(pool.clone()), Pools::Sqlite(pool));
    let place = format!("SQLite file {}", path.display());
    Ok(Store { read, write, place: place.into(), file: Some(path.into()), ready: watch::Sender::new(true) })
}

/// Reads and writes once, so that a foreign, broken, locked or read-only file is found now and not at the
/// first visit.
async fn check_sqlite(writer: &SqlitePool) -> Result<(), sqlx::Error> {
    let (version,): (i64,) = sqlx::query_as("pragma user_version").fetch_one(writer).await?;
    // Rewriting the value that stands there changes nothing but takes every step of a write.
    sqlx::query(sqlx::AssertSqlSafe(format!("pragma user_version = {version}"))).execute(writer).await?;
    Ok(())
}

/// Creates `folder` and tries a file in it.
pub(super) fn make_writable(folder: &Path) -> Result<(), StoreError> {
    let fail = |error: &io::Error| StoreError::Open {
        place: format!("data folder {}", folder.display()),
        reason: error.to_string(),
        remedy: "make it writable for this user, or name another one by `--data-dir` or `data_dir`"
            .to_owned(),
    };
    private_folder(folder).map_err(|error| fail(&error))?;
    let probe: PathBuf = folder.join(format!(".writable-{}", std::process::id()));
    let written = File::create(&probe).and_then(|mut file| file.write_all(b"?"));
    let removed = std::fs::remove_file(&probe);
    written.and(removed).map_err(|error| fail(&error))
}

/// Creates an empty file, which SQLite takes for a new database, for its owner only: camera passwords will lie in it.
/// SQLite gives its log and index the same mode. One that is there is left as it is.
pub(super) fn make_private(file: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

pub(super) fn sqlite_error(path: &Path, error: &sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|error| error.code());
    let code = code.and_then(|code| code.parse::<u32>().ok()).map_or(0, |code| code & 0xff);
    let (reason, remedy) = match code {
        5 | 6 => ("another process has locked it", "stop that process; is a second Atalaya running on it?"),
        8 => ("it is read-only", "make it and its -wal and -shm files writable for this user"),
        10 => ("the disk cannot be read or written", "check the disk"),
        11 | 26 => {
            ("it is damaged, or not an SQLite file", "move it away to start anew, or restore a backup")
        }
        13 => ("the disk is full", "make room on it"),
        14 => ("it cannot be opened", "check that it is a file this user may read and write"),
        _ => ("SQLite refuses it", "these are the database's own words"),
    };
    let reason = error
        .as_database_error()
        .map_or_else(|| format!("{reason} ({error})"), |detail| format!("{reason} ({})", detail.message()));
    StoreError::Open { place: format!("SQLite file {}", path.display()), reason, remedy: remedy.to_owned() }
}

async fn open_postgres(url: &str, settings: &'static str, absent: Absent) -> Result<Store, StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| wrong_url("cannot be read"))?;
    let options = options.application_name("atalaya");
    let place = postgres_place(&options);
    let is_awaited = absent == Absent::IsAwaited;
    match try_postgres(&options).await {
        Err(error) if !(is_awaited && may_come(&error)) => {
            let (reason, remedy) = postgres_reason(&error);
            return Err(StoreError::Open { place, reason, remedy: remedy.to_owned() });
        }
        _ => {}
    }
    let ready = watch::Sender::new(!is_awaited);
    let tables = ready.subscribe();
    let pool = PgPoolOptions::new()
        .max_connections(POSTGRES_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(move |connection, _| {
            let mut tables = tables.clone();
            Box::pin(async move {
                // Whoever wants the connection gives up when that takes too long.
                drop(tables.wait_for(|ready| *ready).await);
                connection.execute(settings).await.map(drop)
            })
        })
        // Those that a cut network left are many, and each would be waited for.
        .test_before_acquire(false)
        .before_acquire(|connection, _| Box::pin(is_alive(connection, AT_HAND)))
        .after_release(|connection, _| Box::pin(is_alive(connection, ACQUIRE_TIMEOUT)))
        .connect_lazy_with(options);
    let (read, write) = (Pools::Postgres(pool.clone()), Pools::Postgres(pool));
    Ok(Store { read, write, place: place.into(), file: None, ready })
}

/// Connects once, outside the pool, which would go on for seconds and then say only that it took too long.
async fn try_postgres(options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let connection = connect_postgres(options).await?;
    // It is only a trial; a failing goodbye says nothing.
    drop(connection.close().await);
    Ok(())
}

async fn connect_postgres(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    match tokio::time::timeout(ACQUIRE_TIMEOUT, options.connect()).await {
        Ok(connected) => connected,
        Err(_) => {
            let reason = format!("no answer within {} s", ACQUIRE_TIMEOUT.as_secs());
            Err(io::Error::new(io::ErrorKind::TimedOut, reason).into())
        }
    }
}

/// It does not run yet, or is busy: nothing that anybody has to correct.
fn may_come(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        // It starts, stops, or has no connection left.
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| code.starts_with("57P0") || code == "53300")
        }
        _ => false,
    }
}

/// A connection whose call was given up may be dead. Its place in the pool is free again as soon as that is clear,
/// and not when TCP gives up.
async fn is_alive(connection: &mut PgConnection, patience: Duration) -> Result<bool, sqlx::Error> {
    match tokio::time::timeout(patience, connection.ping()).await {
        Ok(answer) => answer.map(|()| true),
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
    }
}

pub(super) async fn migrate_sqlite(pool: &SqlitePool, migrations: &Migrator) -> Result<(), MigrateError> {
    let mut connection = pool.acquire().await?;
    run(migrations, &mut *connection).await
}

/// What [`Migrator::run`] does, which the compiler does not let wait on any thread.
async fn run(migrations: &Migrator, connection: &mut impl Migrate) -> Result<(), MigrateError> {
    // Of a new database there is no list yet; of one that does not answer the next line tells.
    let applied = connection.list_applied_migrations(TABLE).await.unwrap_or_default();
    as_applied(migrations, &applied).run_direct(None, connection, false).await
}

/// `migrations`, each of those that were applied in another text of [`ALSO_RELEASED`] as that one.
fn as_applied(migrations: &Migrator, applied: &[AppliedMigration]) -> Migrator {
    let one = |migration: &Migration| {
        let mut migration = migration.clone();
        let also = ALSO_RELEASED.iter().filter(|(version, _)| *version == migration.version);
        let found = applied.iter().find(|one| one.version == migration.version);
        if let Some(found) =
            found.filter(|found| also.clone().any(|(_, sum)| found.checksum.starts_with(sum)))
        {
            migration.checksum = found.checksum.clone();
        }
        migration
    };
    Migrator::with_migrations(migrations.iter().map(one).collect())
}

/// Migrates over a connection of its own, which may take as long as it needs; those of the pool may wait for it.
pub(super) async fn migrate_postgres(pool: &PgPool, migrations: &Migrator) -> Result<(), MigrateError> {
    let mut connection = connect_postgres(&pool.connect_options()).await?;
    connection.execute(NO_STATEMENT_TIMEOUT).await?;
    let done = run(migrations, &mut connection).await;
    // Whether it says goodbye or not, it is gone.
    let _ = connection.close().await;
    done
}

/// The database in words, without user and password.
fn postgres_place(options: &PgConnectOptions) -> String {
    let name = options.get_database().unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(socket) => format!("Postgres database {name:?} at socket {}", socket.display()),
        None => format!("Postgres database {name:?} at {}:{}", options.get_host(), options.get_port()),
    }
}

fn postgres_reason(error: &sqlx::Error) -> (String, &'static str) {
    match error {
        sqlx::Error::Io(error) => {
            (error.to_string(), "check host and port in `database.url`, and that it is running")
        }
        sqlx::Error::Database(error) => {
            let remedy = match error.code().as_deref() {
                Some("28P01" | "28000") => "check user and password in `database.url`",
                Some("3D000") => "create it (`createdb`), or correct its name in `database.url`",
                _ => "these are the server's own words",
            };
            (error.message().to_owned(), remedy)
        }
        other => (other.to_string(), "check `database.url`"),
    }
}
