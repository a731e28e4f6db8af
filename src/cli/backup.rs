//! `atalaya backup` and `atalaya restore`: the SQLite file copied while it is in use, and put back.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{out, runtime};
use crate::clock::Clock;
use crate::config::{Config, FolderLock, Secret};
use crate::jobs::backup_name;
use crate::store::{backup, sqlite_file};

/// All of it or nothing, as docs/operations.md has it.
const PG_RESTORE: &str =
    "pg_restore --clean --if-exists --no-owner --exit-on-error --single-transaction --dbname=URL";

/// Copies the database to `to`, or into the folder of scheduled backups.
///
/// # Errors
/// When there is no file to copy, `to` is there already, or the copy is not right.
pub(super) fn back_up(to: Option<PathBuf>, config: &Config) -> Result<()> {
    let Some(from) = file(config)? else {
        bail!(
            "`database.url` is a Postgres database: back it up by `pg_dump --format=custom --file=atalaya.dump \
             --dbname=URL`, and restore it by `{PG_RESTORE} atalaya.dump`; see docs/operations.md"
        );
    };
    if !from.exists() {
        bail!("there is no database at {} yet", from.display());
    }
    let to =
        to.unwrap_or_else(|| config.backup.folder(&config.data_dir).join(backup_name(Clock::system().now())));
    let made = runtime()?.block_on(backup::copy(&from, &to))?;
    let backup::Backup { schema, bytes, rows } = made;
    out::line(format_args!("{}: {rows} rows, {bytes} bytes, schema {schema}, checked", to.display()))
}

/// Puts `backup` in the place of the database, which is moved aside.
///
/// # Errors
/// When a server uses the database, or `backup` is not right.
pub(super) fn restore(backup: &Path, config: &Config) -> Result<()> {
    let Some(file) = file(config)? else {
        bail!(
            "`database.url` is a Postgres database: restore it by `{PG_RESTORE} FILE`; see docs/operations.md"
        );
    };
    // Held until the end, so that no server starts in the middle of it.
    let _lock = FolderLock::take(&config.data_dir)?;
    let restored = runtime()?.block_on(backup::restore(backup, &file))?;
    out::line(format_args!("{}: {} rows restored", file.display(), restored.backup.rows))?;
    if let Some(moved) = restored.moved {
        out::line(format_args!("the database of before: {}", moved.display()))?;
    }
    Ok(())
}

fn file(config: &Config) -> Result<Option<PathBuf>> {
    Ok(sqlite_file(config.database.url.as_ref().map(Secret::reveal), &config.data_dir)?)
}
