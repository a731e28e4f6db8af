//! Shifts: numbered when they start, or when somebody first asks for them or a visit falls into them.
//!
//! A stored shift is never cut by another: who numbers one has the branch's turn and keeps clear of its neighbours.

use super::branch::unnamed_branch;
use super::columns::Time;
use super::page::{EARLIEST, LATEST, Page, instant, rows_to_read};
use super::schedule::{SELECT_VERSIONS, VersionRow, in_turn, plan};
use super::{Store, StoreError, id, with_pool};
use crate::domain::{Branch, BranchId, Shift, ShiftId, TenantId, Timestamp};

const SELECT: &str = "select id, tenant, branch, name, start_at, end_at from shift
    where tenant = $1 and id = $2";
/// As shifts do not overlap, no other can hold the instant.
const SELECT_BEFORE: &str = "select id, tenant, branch, name, start_at, end_at from shift
    where tenant = $1 and branch = $2 and start_at <= $3 order by start_at desc limit 1";
const SELECT_NEXT_START: &str = "select min(start_at) from shift
    where tenant = $1 and branch = $2 and start_at > $3";
const SELECT_BRANCH: &str = "select name, time_zone from branch where tenant = $1 and id = $2";
const SELECT_LATEST: &str = "select id, tenant, branch, name, start_at, end_at from shift
    where tenant = $1 and branch = $2 and start_at < $3 and end_at > $4 order by start_at desc limit $5";
const INSERT: &str = "insert into shift (tenant, branch, name, start_at, end_at)
    values ($1, $2, $3, $4, $5) returning id, tenant, branch, name, start_at, end_at";

#[derive(sqlx::FromRow)]
pub(super) struct ShiftRow {
    id: i64,
    tenant: i64,
    branch: i64,
    name: String,
    start_at: Time,
    end_at: Time,
}

impl ShiftRow {
    pub(super) fn load(self) -> Result<Shift, StoreError> {
        Ok(Shift {
            id: id(self.id, ShiftId::new)?,
            tenant: id(self.tenant, TenantId::new)?,
            branch: id(self.branch, BranchId::new)?,
            name: self.name,
            start: self.start_at.0,
            end: self.end_at.0,
        })
    }
}

impl Store {
    /// The shift of `branch` that holds `at`, numbered now if it was not yet. A branch need not be described, so that
    /// no visit is lost for want of its description; see [`Store::branch_or_unnamed`].
    ///
    /// # Errors
    /// When the database fails, or the branch's time zone is no longer known.
    pub async fn shift_at(
        &self,
        tenant: TenantId,
        branch: BranchId,
        at: Timestamp,
    ) -> Result<Shift, StoreError> {
        let before: Option<ShiftRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_BEFORE)
                .bind(tenant.get())
                .bind(branch.get())
                .bind(Time(at))
                .fetch_optional(pool)
                .await
        })?;
        match before {
            Some(row) if at < row.end_at.0 => row.load(),
            _ => self.number_shift(tenant, branch, at).await,
        }
    }

    /// # Errors
    /// When the database fails.
    pub async fn shift(&self, tenant: TenantId, shift: ShiftId) -> Result<Option<Shift>, StoreError> {
        let row: Option<ShiftRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT).bind(tenant.get()).bind(shift.get()).fetch_optional(pool).await
        })?;
        row.map(ShiftRow::load).transpose()
    }

    /// A page of a branch's shifts of which some part lies between two instants, newest first; `limit` or
    /// [`super::MAX_PAGE`] at most, after `cursor`.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] when `cursor` is not from an earlier page.
    pub async fn shifts(
        &self,
        tenant: TenantId,
        branch: BranchId,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        (cursor, limit): (Option<&str>, u32),
    ) -> Result<Page<Shift>, StoreError> {
        let before = match cursor {
            None => LATEST,
            Some(text) => instant(text).ok_or_else(|| StoreError::Cursor(text.to_owned()))?,
        };
        let rows: Vec<ShiftRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_LATEST)
                .bind(tenant.get())
                .bind(branch.get())
                .bind(Time(to.map_or(before, |to| before.min(to))))
                .bind(Time(from.unwrap_or(EARLIEST)))
                .bind(rows_to_read(limit))
                .fetch_all(pool)
                .await
        })?;
        let shifts = rows.into_iter().map(ShiftRow::load).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(shifts, limit, |last| format!("{:x}", last.start.as_millis())))
    }

    /// The shift that holds `at`, of however many who number it at once the same for all.
    async fn number_shift(
        &self,
        tenant: TenantId,
        branch: BranchId,
        at: Timestamp,
    ) -> Result<Shift, StoreError> {
        in_turn!(self, tenant, branch, transaction => {
            let before: Option<ShiftRow> = sqlx::query_as(SELECT_BEFORE)
                .bind(tenant.get()).bind(branch.get()).bind(Time(at))
                .fetch_optional(&mut *transaction).await?;
            let row = match before {
                Some(row) if at < row.end_at.0 => row,
                before => {
                    let (after,): (Option<Time>,) = sqlx::query_as(SELECT_NEXT_START)
                        .bind(tenant.get()).bind(branch.get()).bind(Time(at))
                        .fetch_one(&mut *transaction).await?;
                    let described: Option<(String, String)> = sqlx::query_as(SELECT_BRANCH)
                        .bind(tenant.get()).bind(branch.get())
                        .fetch_optional(&mut *transaction).await?;
                    let rows: Vec<VersionRow> = sqlx::query_as(SELECT_VERSIONS)
                        .bind(tenant.get()).bind(branch.get())
                        .fetch_all(&mut *transaction).await?;
                    let period = plan(&as_described(tenant, branch, described), rows)?.period_at(at);
                    // Older programs let shifts overlap when the time zone changed: neighbours keep their times.
                    let start = before.map_or(period.start, |row| row.end_at.0.max(period.start));
                    let end = after.map_or(period.end, |after| after.0.min(period.end));
                    sqlx::query_as(INSERT)
                        .bind(tenant.get()).bind(branch.get()).bind(period.name)
                        .bind(Time(start)).bind(Time(end))
                        .fetch_one(&mut *transaction).await?
                }
            };
            row.load()?
        })
    }
}

fn as_described(tenant: TenantId, id: BranchId, row: Option<(String, String)>) -> Branch {
    match row {
        Some((name, time_zone)) => Branch { id, tenant, name, time_zone },
        None => unnamed_branch(tenant, id),
    }
}
