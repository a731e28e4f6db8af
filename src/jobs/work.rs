//! What the jobs do: functions of the store and an instant, so that tests turn the clock and call them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::news::{tell_shifts, tell_summaries};
use crate::domain::{BranchId, Publisher, TenantId, Timestamp};
use crate::store::{Aging, Store, StoreError};

const DAY: Duration = Duration::from_secs(86_400);

/// Backups are named by their instant, so that names sort by age; others in the folder are left alone.
const BACKUP_START: &str = "atalaya-";
const BACKUP_END: &str = ".db";
/// What a copy is called besides until it is whole.
const BROKEN_OFF: &str = ".part";

/// What a job says of itself in a line, or why it failed.
pub type Outcome = Result<String, StoreError>;

/// Where backups go, and how many are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupPlan {
    pub folder: PathBuf,
    pub keep: usize,
}

/// Days that rows of each table are kept; those of tables that are not named stay.
pub type Retention = BTreeMap<Aging, u32>;

/// Numbers the shifts of `branches` that run at `now`, tells of those that begin and end, and says how many have begun.
///
/// # Errors
/// When the database fails; what could be numbered is, and is told all the same.
pub(super) async fn start_shifts(
    store: &Store,
    publisher: &Publisher,
    branches: &BTreeSet<(TenantId, BranchId)>,
    now: Timestamp,
) -> Outcome {
    let mut failed = None;
    for (tenant, branch) in branches {
        if let Err(error) = store.shift_at(*tenant, *branch, now).await {
            failed = Some(error);
        }
    }
    // Whoever numbered them: another job, or a visit that fell into one first.
    let started = tell_shifts(store, publisher, now).await?;
    failed.map_or_else(|| Ok(format!("started {started} shifts")), Err)
}

/// Settles the shifts that are over: their figures, which are kept as rows are written, are counted once more, and their
/// stays are put in order, so that they are told without counting. Tells the figures of these shifts, and of those that
/// run in `branches`.
///
/// # Errors
/// When the database fails; what could be settled is, and is told all the same.
pub async fn settle_shifts(
    store: &Store,
    publisher: &Publisher,
    branches: &BTreeSet<(TenantId, BranchId)>,
    now: Timestamp,
) -> Outcome {
    let (settled, done) = store.aggregate_due(now).await;
    tell_summaries(store, publisher, branches, &settled, now).await;
    done.map(|()| format!("settled {} shifts", settled.len()))
}

/// Deletes rows that are older than they are to be kept. Summaries stay.
///
/// # Errors
/// When the database fails; what was deleted until then stays so, and the other tables are cleaned all the same.
pub async fn clean_up(store: &Store, retention: &Retention, now: Timestamp) -> Outcome {
    let (mut told, mut failed) = (Vec::new(), None);
    for (table, days) in retention.iter().filter(|(_, days)| **days > 0) {
        match store.expire(*table, now - DAY * *days).await {
            Ok(0) => {}
            Ok(deleted) => told.push(format!("{deleted} of {}", table.table())),
            Err(error) => failed = Some(error),
        }
    }
    store.forget_ended(now).await?;
    if let Some(error) = failed {
        return Err(error);
    }
    Ok(if told.is_empty() {
        "nothing was old enough".to_owned()
    } else {
        format!("deleted {}", told.join(", "))
    })
}

/// Copies the database into the plan's folder, checked, and lets go of the oldest beyond those to keep.
///
/// # Errors
/// When the copy cannot be made or is not right; no older one is let go then.
pub async fn back_up(store: &Store, plan: &BackupPlan, now: Timestamp) -> Outcome {
    let file = plan.folder.join(backup_name(now));
    sweep(&plan.folder, now);
    let made = store.back_up(&file).await?;
    let gone = rotate(&plan.folder, plan.keep);
    let name = file.file_name().unwrap_or_default().display();
    Ok(format!("{name}: {} rows, {} bytes, checked; {gone} older deleted", made.rows, made.bytes))
}

/// The name of a backup that is made at `now`.
pub fn backup_name(now: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{BACKUP_START}{}{BACKUP_END}", at.strftime("%Y%m%dT%H%M%SZ"))
}

/// Deletes all backups but the newest `keep`; answers how many.
fn rotate(folder: &Path, keep: usize) -> usize {
    let names = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut backups: Vec<_> = names.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    backups.retain(|name| is_backup(name));
    backups.sort_unstable();
    let old = &backups[..backups.len().saturating_sub(keep)];
    old.iter().filter(|name| fs::remove_file(folder.join(name)).is_ok()).count()
}

/// Deletes what is left of copies that were broken off, by the end of the process say, a day ago or longer.
fn sweep(folder: &Path, now: Timestamp) {
    let old = backup_name(now - DAY);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_old = name.strip_suffix(BROKEN_OFF).is_some_and(|of| is_backup(of) && *of < *old);
        if is_old && let Err(error) = fs::remove_file(entry.path()) {
            tracing::warn!(file = name, %error, "what is left of a backup cannot be deleted");
        }
    }
}

fn is_backup(name: &str) -> bool {
    let stamp = name.strip_prefix(BACKUP_START).and_then(|rest| rest.strip_suffix(BACKUP_END));
    stamp.is_some_and(|stamp| jiff::fmt::strtime::parse("%Y%m%dT%H%M%SZ", stamp).is_ok())
}
