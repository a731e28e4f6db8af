//! Copies of the SQLite file: made while others write it, checked before they count, put back.
//!
//! Nothing here ever overwrites a file: a copy is written under another name and gets its own once it is checked, and
//! what has to make room is moved aside.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection};

use super::connect::{make_private, make_writable, sqlite_error};
use super::{Store, StoreError};

/// How long a restore waits for whoever uses the file to let go of it.
const CLAIM_TIMEOUT: Duration = Duration::from_secs(1);

/// First bytes of every SQLite file.
const HEADER: &[u8; 16] = b"SQLite format 3\0";

const TABLES: &str = "select name from sqlite_schema
    where type = 'table' and name not like 'sqlite_%' order by name";
/// Tables whose rows come and go within a request: how many there are at an instant says nothing.
const PASSING: [&str; 2] = ["idempotency", "node"];
/// Which there are, and how far each has come: rows of visits change, those of other tables come and go. The rest of a
/// division, as the sum of five million instants is more than SQLite can count.
const VISITS: &str = "select coalesce(max(id), 0), coalesce(sum(leave_at % 1000003), 0) from visit";
const SCHEMA: &str = "select max(version) from _sqlx_migrations where success";

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    pub schema: i64,
    pub bytes: u64,
    /// Rows of all tables together.
    pub rows: i64,
}

/// What became of a restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub backup: Backup,
    /// Where the database of before lies now.
    pub moved: Option<PathBuf>,
}

impl Store {
    /// Copies the SQLite file to `to`, which must not be there yet, while the server goes on writing, and checks the
    /// copy: it is opened, its structure is gone through, and it has the rows that the database had.
    ///
    /// # Errors
    /// When there is no file to copy (Postgres), `to` exists, the disk is full, or the copy is not right; nothing is
    /// left behind then.
    pub async fn back_up(&self, to: &Path) -> Result<Backup, StoreError> {
        match self.file() {
            Some(file) => copy(file, to).await,
            None => Err(StoreError::Open {
                place: self.place().to_owned(),
                reason: "it is no file that could be copied".to_owned(),
                remedy: "use pg_dump; docs/operations.md has the command".to_owned(),
            }),
        }
    }
}

/// Copies a database that may be in use: see [`Store::back_up`].
///
/// # Errors
/// As [`Store::back_up`].
pub async fn copy(from: &Path, to: &Path) -> Result<Backup, StoreError> {
    if to.exists() {
        return Err(refused(to, "it is there already", "name another file; none is overwritten"));
    }
    make_writable(to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
    let part = beside(to, ".part");
    // Of a copy that was broken off.
    let _ = fs::remove_file(&part);
    let copied = copy_checked(from, &part).await;
    let kept = copied.and_then(|backup| {
        let synced = fs::File::open(&part).and_then(|file| file.sync_all());
        synced
            .and_then(|()| fs::rename(&part, to))
            .map_err(|error| refused(to, &error.to_string(), "check the disk"))?;
        Ok(backup)
    });
    if kept.is_err() {
        let _ = fs::remove_file(&part);
    }
    kept
}

async fn copy_checked(from: &Path, part: &Path) -> Result<Backup, StoreError> {
    make_private(part).map_err(|error| sqlite_error(part, &error.into()))?;
    let failed = |error: sqlx::Error| sqlite_error(from, &error);
    let mut source = open(from).await.map_err(failed)?;
    let before = rows(&mut source).await.map_err(failed)?;
    let path = part.to_str().ok_or_else(|| refused(part, "its name is not UTF-8", "name another file"))?;
    sqlx::query("vacuum into $1").bind(path).execute(&mut source).await.map_err(failed)?;
    let after = rows(&mut source).await.map_err(failed)?;
    source.close().await.map_err(failed)?;
    let (backup, copied) = inspect_rows(part).await?;
    for (table, count) in copied.iter().filter(|(table, _)| !PASSING.contains(&table.as_str())) {
        let (least, most) = (before.get(table).copied(), after.get(table).copied());
        // Rows come and go while it is copied; a table that stood still has to have exactly its rows.
        let range = least.min(most).unwrap_or(0)..=least.max(most).unwrap_or(i64::MAX);
        if !range.contains(count) {
            let reason = format!("the copy has {count} rows of {table}, the database {range:?}");
            return Err(refused(part, &reason, "check the disk"));
        }
    }
    if copied.len() != before.len() {
        return Err(refused(part, "the copy lacks a table", "check the disk"));
    }
    Ok(backup)
}

/// What a file holds, once its structure was gone through from end to end.
///
/// # Errors
/// When it cannot be read, is damaged, no database of ours, or a newer program's.
pub async fn inspect(file: &Path) -> Result<Backup, StoreError> {
    inspect_rows(file).await.map(|(backup, _)| backup)
}

async fn inspect_rows(file: &Path) -> Result<(Backup, BTreeMap<String, i64>), StoreError> {
    let failed = |error: sqlx::Error| sqlite_error(file, &error);
    let bytes = fs::metadata(file).map_err(|error| unreadable(file, &error))?.len();
    let mut connection = open(file).await.map_err(failed)?;
    let (verdict,): (String,) =
        sqlx::query_as("pragma integrity_check(1)").fetch_one(&mut connection).await.map_err(failed)?;
    if verdict != "ok" {
        return Err(refused(file, &format!("it is damaged ({verdict})"), "take another backup"));
    }
    let rows = rows(&mut connection).await.map_err(failed)?;
    if !rows.contains_key("_sqlx_migrations") || !rows.contains_key("visit") {
        return Err(refused(file, "it is no database of Atalaya", "take another file"));
    }
    let (schema,): (Option<i64>,) =
        sqlx::query_as(SCHEMA).fetch_one(&mut connection).await.map_err(failed)?;
    connection.close().await.map_err(failed)?;
    let schema = schema.unwrap_or(0);
    if schema > Store::schema_version() {
        let reason = format!("its schema {schema} is newer than {}", Store::schema_version());
        return Err(refused(file, &reason, "use the program version that made it, or a later one"));
    }
    Ok((Backup { schema, bytes, rows: rows.values().sum() }, rows))
}

/// Puts a copy of `backup` in the place of the database `file`, which is moved aside.
///
/// # Errors
/// When somebody uses `file`, or `backup` is not right; `file` is untouched then.
pub async fn restore(backup: &Path, file: &Path) -> Result<Restored, StoreError> {
    inspect(backup).await?;
    if fs::canonicalize(backup).ok() == fs::canonicalize(file).ok() {
        return Err(refused(backup, "it is the database itself", "name a backup"));
    }
    let folder = file.parent().unwrap_or(Path::new("/"));
    make_writable(folder)?;
    let claim = claim(file).await?;
    let fresh = free(file, ".restoring");
    let copied = copy(backup, &fresh).await?;
    if let Some(connection) = claim {
        // The last one to close it folds the log into the file.
        connection.close().await.map_err(|error| sqlite_error(file, &error))?;
    }
    let moved = file.exists().then(|| free(file, ".before-restore"));
    let swap = || {
        if let Some(moved) = &moved {
            // The log belongs to its file: left behind, it would be taken for the new one's.
            for end in ["", "-wal"] {
                let (from, to) = (beside(file, end), beside(moved, end));
                if from.exists() {
                    fs::rename(from, to)?;
                }
            }
            // Of a process that was killed: whoever opens the file makes it anew.
            let index = beside(file, "-shm");
            if index.exists() {
                fs::remove_file(index)?;
            }
        }
        fs::rename(&fresh, file)?;
        fs::File::open(folder)?.sync_all()
    };
    swap().map_err(|error| refused(file, &error.to_string(), "check the disk"))?;
    Ok(Restored { backup: copied, moved })
}

/// Takes the file for ourselves; `None` when there is none, or it is too damaged to be in use.
async fn claim(file: &Path) -> Result<Option<SqliteConnection>, StoreError> {
    if !has_header(file) {
        // SQLite would throw away the log beside it.
        return Ok(None);
    }
    let attempt = async {
        let options = SqliteConnectOptions::new().filename(file).busy_timeout(CLAIM_TIMEOUT);
        let mut connection = options.connect().await?;
        // Whoever has the file open, even idle, keeps a lock on it that this one does not go with.
        sqlx::query("pragma locking_mode = exclusive").execute(&mut connection).await?;
        sqlx::query("begin exclusive").execute(&mut connection).await?;
        sqlx::query("commit").execute(&mut connection).await?;
        Ok::<_, sqlx::Error>(connection)
    };
    match attempt.await {
        Ok(connection) => Ok(Some(connection)),
        Err(error) if is_damage(&error) => Ok(None),
        Err(error) if is_busy(&error) => Err(refused(file, "a server is using it", "stop the server first")),
        Err(error) => Err(sqlite_error(file, &error)),
    }
}

/// Whether it begins as SQLite files do; nobody can be using one that does not.
fn has_header(file: &Path) -> bool {
    let mut start = [0; HEADER.len()];
    fs::File::open(file).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *HEADER
}

/// The copy of `file` under the name that [`free`] gives out first, if it is whole and holds what `file` does.
pub(super) async fn same(file: &Path, end: &str) -> Option<PathBuf> {
    let copy = beside(file, end);
    if !copy.exists() {
        return None;
    }
    let (_, kept) = inspect_rows(&copy).await.ok()?;
    let visits = async |connection: &mut SqliteConnection| -> Result<(i64, i64), sqlx::Error> {
        sqlx::query_as(VISITS).fetch_one(connection).await
    };
    let (mut here, mut there) = (open(file).await.ok()?, open(&copy).await.ok()?);
    let is_same = rows(&mut here).await.ok()? == kept
        && visits(&mut here).await.ok()? == visits(&mut there).await.ok()?;
    is_same.then_some(copy)
}

/// A name like `file` plus `end` that nothing has yet.
pub(super) fn free(file: &Path, end: &str) -> PathBuf {
    let numbered = (2_u32..).map(|number| beside(file, &format!("{end}-{number}")));
    let mut names = std::iter::once(beside(file, end)).chain(numbered);
    names.find(|name| !name.exists()).expect("there should be a free name")
}

fn beside(file: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(end);
    name.into()
}

async fn open(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new()
        .filename(file)
        .read_only(true)
        .busy_timeout(Duration::from_secs(5))
        .connect()
        .await
}

/// Rows by table.
async fn rows(connection: &mut SqliteConnection) -> Result<BTreeMap<String, i64>, sqlx::Error> {
    let tables: Vec<(String,)> = sqlx::query_as(TABLES).fetch_all(&mut *connection).await?;
    let mut rows = BTreeMap::new();
    for (table,) in tables {
        let quoted = table.replace('"', "\"\"");
        let count = AssertSqlSafe(format!("select count(*) from \"{quoted}\""));
        let (count,): (i64,) = sqlx::query_as(count).fetch_one(&mut *connection).await?;
        rows.insert(table, count);
    }
    Ok(rows)
}

fn code(error: &sqlx::Error) -> u32 {
    let code = error.as_database_error().and_then(|error| error.code());
    code.and_then(|code| code.parse::<u32>().ok()).map_or(0, |code| code & 0xff)
}

fn is_busy(error: &sqlx::Error) -> bool {
    matches!(code(error), 5 | 6)
}

fn is_damage(error: &sqlx::Error) -> bool {
    matches!(code(error), 11 | 26)
}

fn unreadable(file: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::NotFound => refused(file, "there is no such file", "name one that is there"),
        _ => refused(file, &error.to_string(), "check that it is a file this user may read"),
    }
}

fn refused(file: &Path, reason: &str, remedy: &str) -> StoreError {
    StoreError::Open {
        place: format!("SQLite file {}", file.display()),
        reason: reason.to_owned(),
        remedy: remedy.to_owned(),
    }
}
