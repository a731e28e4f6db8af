//! Shifts: numbered when somebody first asks for them or a visit falls into them.

use super::branch::calendar;
use super::columns::Time;
use super::page::{LATEST, Page, instant, rows_to_read};
use super::{Store, StoreError, id, with_pool};
use crate::domain::{BranchId, Shift, ShiftId, TenantId, Timestamp};
use crate::shift::Period;

const SELECT: &str = "select id, tenant, branch, name, start_at, end_at from shift
    where tenant = $1 and id = $2";
const SELECT_START: &str = "select id, tenant, branch, name, start_at, end_at from shift
    where tenant = $1 and branch = $2 and start_at = $3";
const SELECT_LATEST: &str = "select id, tenant, branch, name, start_at, end_at from shift
    where tenant = $1 and branch = $2 and start_at < $3 order by start_at desc limit $4";
const INSERT: &str = "insert into shift (tenant, branch, name, start_at, end_at)
    values ($1, $2, $3, $4, $5) on conflict (tenant, branch, start_at) do nothing";

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
        let branch_row = self.branch_or_unnamed(tenant, branch).await?;
        self.shift_of(tenant, branch, &calendar(&branch_row)?.period_at(at)).await
    }

    /// # Errors
    /// When the database fails.
    pub async fn shift(&self, tenant: TenantId, shift: ShiftId) -> Result<Option<Shift>, StoreError> {
        let row: Option<ShiftRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT).bind(tenant.get()).bind(shift.get()).fetch_optional(pool).await
        })?;
        row.map(ShiftRow::load).transpose()
    }

    /// A page of a branch's shifts, newest first, `limit` or [`super::MAX_PAGE`] at most.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] when `cursor` is not from an earlier page.
    pub async fn shifts(
        &self,
        tenant: TenantId,
        branch: BranchId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Shift>, StoreError> {
        let before = match cursor {
            None => LATEST,
            Some(text) => instant(text).ok_or_else(|| StoreError::Cursor(text.to_owned()))?,
        };
        let rows: Vec<ShiftRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_LATEST)
                .bind(tenant.get())
                .bind(branch.get())
                .bind(Time(before))
                .bind(rows_to_read(limit))
                .fetch_all(pool)
                .await
        })?;
        let shifts = rows.into_iter().map(ShiftRow::load).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(shifts, limit, |last| format!("{:x}", last.start.as_millis())))
    }

    /// The row of `period`; of two who add it at once, both get the same.
    pub(super) async fn shift_of(
        &self,
        tenant: TenantId,
        branch: BranchId,
        period: &Period,
    ) -> Result<Shift, StoreError> {
        if let Some(shift) = self.shift_starting(tenant, branch, period.start).await? {
            return Ok(shift);
        }
        with_pool!(self.write, pool => {
            sqlx::query(INSERT)
                .bind(tenant.get())
                .bind(branch.get())
                .bind(&period.name)
                .bind(Time(period.start))
                .bind(Time(period.end))
                .execute(pool)
                .await
                .map(drop)
        })?;
        let added = self.shift_starting(tenant, branch, period.start).await?;
        added.ok_or_else(|| StoreError::Row {
            what: format!("shift of branch {branch}"),
            reason: "it vanished as soon as it was added".to_owned(),
        })
    }

    async fn shift_starting(
        &self,
        tenant: TenantId,
        branch: BranchId,
        start: Timestamp,
    ) -> Result<Option<Shift>, StoreError> {
        let row: Option<ShiftRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_START)
                .bind(tenant.get())
                .bind(branch.get())
                .bind(Time(start))
                .fetch_optional(pool)
                .await
        })?;
        row.map(ShiftRow::load).transpose()
    }
}
