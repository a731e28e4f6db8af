//! Which shifts were told to have started and ended: each once, whichever node tells it.

use super::columns::Time;
use super::shift::ShiftRow;
use super::{Store, StoreError, with_pool};
use crate::domain::{Shift, Timestamp};

const TAKE_STARTED: &str = "update shift set start_told = true where not start_told and start_at <= $1
    returning id, tenant, branch, name, start_at, end_at";
const TAKE_ENDED: &str = "update shift set end_told = true where not end_told and end_at <= $1
    returning id, tenant, branch, name, start_at, end_at";

impl Store {
    /// Shifts of all tenants that have started by `now`; who asks tells it, as nobody gets them again. For the app's own
    /// work.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_started_shifts(&self, now: Timestamp) -> Result<Vec<Shift>, StoreError> {
        self.take_shifts(TAKE_STARTED, now).await
    }

    /// As [`Store::take_started_shifts`], of those that have ended.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_ended_shifts(&self, now: Timestamp) -> Result<Vec<Shift>, StoreError> {
        self.take_shifts(TAKE_ENDED, now).await
    }

    async fn take_shifts(&self, sql: &'static str, now: Timestamp) -> Result<Vec<Shift>, StoreError> {
        let rows: Vec<ShiftRow> = with_pool!(self.write, pool => {
            sqlx::query_as(sql).bind(Time(now)).fetch_all(pool).await
        })?;
        let mut shifts = rows.into_iter().map(ShiftRow::load).collect::<Result<Vec<_>, _>>()?;
        shifts.sort_by_key(|shift| (shift.start, shift.id));
        Ok(shifts)
    }
}
