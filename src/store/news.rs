//! Which shifts were told to have started and ended: each once, whichever node tells it.

use super::bulk::{Cell, Sql, Writing};
use super::shift::ShiftRow;
use super::{Store, StoreError, patiently};
use crate::domain::{Shift, Timestamp};

const TAKE_ENDED: Sql = Sql::same(
    "update shift set end_told = true where not end_told and end_at <= $1
    returning id, tenant, branch, name, start_at, end_at",
);
const TAKE_STARTED: Sql = Sql::same(
    "update shift set start_told = true where not start_told and start_at <= $1
    returning id, tenant, branch, name, start_at, end_at",
);

impl Store {
    /// Shifts of all tenants that have ended, and those that have started, by `now`; who asks tells it, as nobody gets them
    /// again. For the app's own work.
    ///
    /// # Errors
    /// When the database fails; the next who asks gets them all.
    pub async fn take_shift_news(&self, now: Timestamp) -> Result<(Vec<Shift>, Vec<Shift>), StoreError> {
        patiently(async {
            let mut writing = Writing::begin(&self.write).await?;
            let ended = take(&mut writing, TAKE_ENDED, now).await?;
            let started = take(&mut writing, TAKE_STARTED, now).await?;
            writing.commit().await?;
            Ok((ended, started))
        })
        .await
    }
}

async fn take(writing: &mut Writing, sql: Sql, now: Timestamp) -> Result<Vec<Shift>, StoreError> {
    let rows: Vec<ShiftRow> = writing.ask(sql, &[Cell::Time(now)]).await?;
    let mut shifts = rows.into_iter().map(ShiftRow::load).collect::<Result<Vec<_>, _>>()?;
    shifts.sort_by_key(|shift| (shift.start, shift.id));
    Ok(shifts)
}
