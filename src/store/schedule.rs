//! Schedules of branches with their history, and the turn in which a branch's shifts are numbered or changed.

use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::StoreError;
use super::columns::Time;
use crate::domain::{Branch, Days, Schedule, ScheduledShift, Timestamp};
use crate::shift::{Calendar, Plan, Version};

pub(super) const SELECT_VERSIONS: &str = "select from_at, decided_at, time_zone, shifts from schedule
    where tenant = $1 and branch = $2 order by from_at";
pub(super) const DELETE_VERSIONS: &str = "delete from schedule where tenant = $1 and branch = $2";
pub(super) const INSERT_VERSION: &str = "insert into schedule
    (tenant, branch, from_at, decided_at, time_zone, shifts) values ($1, $2, $3, $4, $5, $6)";

/// Nothing is recorded before it; the begin of all time in a column.
const BEGIN: Timestamp = Timestamp::from_millis(0);

/// Runs `$body`, which works on `$transaction` and may fail with a [`StoreError`], while nobody else, on this node or
/// another, numbers or changes shifts of the branch: on Postgres by a lock of that branch, on SQLite as the only writer.
macro_rules! in_turn {
    ($store:expr, $tenant:expr, $branch:expr, $transaction:ident => $body:expr) => {
        match &$store.write {
            $crate::store::Pools::Sqlite(pool) => {
                $crate::store::patiently(async {
                    let mut $transaction = pool.begin_with("begin immediate").await?;
                    let done = $body;
                    $transaction.commit().await?;
                    Ok(done)
                })
                .await
            }
            $crate::store::Pools::Postgres(pool) => {
                $crate::store::patiently(async {
                    let mut $transaction = pool.begin().await?;
                    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1, 0))")
                        .bind(format!("atalaya shifts of {}/{}", $tenant, $branch))
                        .execute(&mut *$transaction)
                        .await?;
                    let done = $body;
                    $transaction.commit().await?;
                    Ok(done)
                })
                .await
            }
        }
    };
}
pub(super) use in_turn;

#[derive(sqlx::FromRow)]
pub(super) struct VersionRow {
    from_at: Time,
    decided_at: Time,
    time_zone: String,
    shifts: Json<Vec<StoredShift>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredShift {
    name: String,
    start: String,
    days: Vec<String>,
}

impl StoredShift {
    fn load(self) -> Result<ScheduledShift, String> {
        let days = Days::from_names(self.days.iter().map(String::as_str))?;
        Ok(ScheduledShift { name: self.name, start: self.start.parse()?, days })
    }
}

/// The schedules of `branch`: those of `rows`, else the default one by its clock.
pub(super) fn plan(branch: &Branch, rows: Vec<VersionRow>) -> Result<Plan, StoreError> {
    let versions = rows.into_iter().map(|row| version(branch, row)).collect::<Result<_, _>>()?;
    match Plan::of(versions) {
        Some(plan) => Ok(plan),
        None => Ok(Plan::always(calendar(branch, Schedule::default())?)),
    }
}

fn version(branch: &Branch, row: VersionRow) -> Result<Version, StoreError> {
    let shifts = row.shifts.0.into_iter().map(StoredShift::load).collect::<Result<_, _>>();
    let shifts = shifts
        .map_err(|reason| StoreError::Row { what: format!("schedule of branch {}", branch.id), reason })?;
    let calendar = Calendar::new(Schedule { shifts }, &row.time_zone).map_err(|e| unusable(branch, &e))?;
    Ok(Version { calendar, decided: row.decided_at.0, from: row.from_at.0 })
}

/// `schedule` by the clock of `branch`.
pub(super) fn calendar(branch: &Branch, schedule: Schedule) -> Result<Calendar, StoreError> {
    Calendar::new(schedule, &branch.time_zone).map_err(|error| unusable(branch, &error))
}

fn unusable(branch: &Branch, error: &crate::shift::CalendarError) -> StoreError {
    StoreError::Branch { tenant: branch.tenant, branch: branch.id, reason: error.to_string() }
}

/// The columns of a version: `from_at`, `decided_at`, `time_zone`, `shifts`.
pub(super) fn columns(version: &Version) -> (Time, Time, String, Json<Vec<StoredShift>>) {
    let store = |shift: &ScheduledShift| StoredShift {
        name: shift.name.clone(),
        start: shift.start.to_string(),
        days: shift.days.names().into_iter().map(str::to_owned).collect(),
    };
    let shifts = version.calendar.schedule().shifts.iter().map(store).collect();
    let zone = version.calendar.zone_name().to_owned();
    (Time(version.from.max(BEGIN)), Time(version.decided.max(BEGIN)), zone, Json(shifts))
}
