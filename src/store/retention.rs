//! Rows that are older than somebody wants to keep them: deleted in small batches, shift by shift.
//!
//! Figures of shifts are counted as rows are written and are not touched here: summaries stay.

use sqlx::AssertSqlSafe;

use super::columns::Time;
use super::{Store, StoreError, with_pool};
use crate::domain::Timestamp;

/// Rows of one statement. Whoever wants to write waits no longer than for these: some milliseconds.
const BATCH: i64 = 1000;

/// Shifts that are looked up at once.
const SHIFTS: i64 = 100;

/// A table whose rows may be deleted by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aging {
    Visit,
    LineCrossing,
    ZoneStay,
    Occupancy,
    Heat,
    VoiceActivity,
    Audit,
}

/// By what a table's rows are found.
enum Age {
    /// By the shift they belong to, once that is old; an index leads to them. With what must hold besides.
    Shift { besides: &'static str },
    /// By a time of their own.
    Time { column: &'static str },
}

impl Aging {
    pub const ALL: [Self; 7] = [
        Self::Visit,
        Self::LineCrossing,
        Self::ZoneStay,
        Self::Occupancy,
        Self::Heat,
        Self::VoiceActivity,
        Self::Audit,
    ];

    /// Name of the table.
    pub fn table(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::LineCrossing => "line_crossing",
            Self::ZoneStay => "zone_stay",
            Self::Occupancy => "occupancy",
            Self::Heat => "heat",
            Self::VoiceActivity => "voice_activity",
            Self::Audit => "audit",
        }
    }

    /// What names a row within its tenant.
    fn key(self) -> &'static str {
        match self {
            Self::Visit | Self::Audit => "id",
            Self::LineCrossing => "camera, run, line, track, crossed_at",
            Self::ZoneStay => "camera, run, zone, track, enter_at",
            Self::Occupancy => "camera, minute_at, run",
            Self::Heat => "camera, start_at, run",
            Self::VoiceActivity => "branch, begin_at, camera",
        }
    }

    fn age(self) -> Age {
        match self {
            // Who is still there is not old.
            Self::Visit => Age::Shift { besides: "and not open" },
            Self::LineCrossing | Self::ZoneStay | Self::Occupancy | Self::Heat => Age::Shift { besides: "" },
            Self::VoiceActivity => Age::Time { column: "begin_at" },
            Self::Audit => Age::Time { column: "at" },
        }
    }
}

impl Store {
    /// Deletes the rows of `table` whose shift had ended before `before`, of all tenants, for the app's own work.
    /// Answers how many.
    ///
    /// # Errors
    /// When the database fails; what was deleted until then stays so.
    pub async fn expire(&self, table: Aging, before: Timestamp) -> Result<u64, StoreError> {
        match table.age() {
            Age::Shift { besides } => self.expire_by_shift(table, besides, before).await,
            Age::Time { column } => self.expire_by_time(table, column, before).await,
        }
    }

    async fn expire_by_shift(
        &self,
        table: Aging,
        besides: &str,
        before: Timestamp,
    ) -> Result<u64, StoreError> {
        let (name, key) = (table.table(), table.key());
        let shifts = format!(
            "select tenant, id from shift s where end_at < $1 and exists (
                select 1 from {name} where tenant = s.tenant and shift = s.id {besides}) limit $2"
        );
        let rows = format!(
            "delete from {name} where tenant = $1 and ({key}) in (
                select {key} from {name} where tenant = $1 and shift = $2 {besides} limit $3)"
        );
        let mut deleted = 0;
        loop {
            let old: Vec<(i64, i64)> = with_pool!(self.read, pool => {
                sqlx::query_as(AssertSqlSafe(shifts.clone()))
                    .bind(Time(before)).bind(SHIFTS).fetch_all(pool).await
            })?;
            for (tenant, shift) in &old {
                loop {
                    let gone = with_pool!(self.write, pool => {
                        sqlx::query(AssertSqlSafe(rows.clone()))
                            .bind(tenant).bind(shift).bind(BATCH).execute(pool).await
                            .map(|done| done.rows_affected())
                    })?;
                    deleted += gone;
                    if gone == 0 {
                        break;
                    }
                }
            }
            if old.is_empty() {
                return Ok(deleted);
            }
        }
    }

    async fn expire_by_time(&self, table: Aging, column: &str, before: Timestamp) -> Result<u64, StoreError> {
        let (name, key) = (table.table(), table.key());
        let rows = format!(
            "delete from {name} where (tenant, {key}) in (
                select tenant, {key} from {name} where {column} < $1 limit $2)"
        );
        let mut deleted = 0;
        loop {
            let gone = with_pool!(self.write, pool => {
                sqlx::query(AssertSqlSafe(rows.clone()))
                    .bind(Time(before)).bind(BATCH).execute(pool).await
                    .map(|done| done.rows_affected())
            })?;
            deleted += gone;
            if gone == 0 {
                return Ok(deleted);
            }
        }
    }
}
