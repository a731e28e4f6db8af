//! Tables that were cleared, by their sessions.

use std::time::Duration;

use super::columns::Time;
use super::{Store, StoreError, id, with_pool};
use crate::domain::{BranchId, ClearedTable, SessionId, TenantId, Timestamp};

const CLEAR: &str = "insert into cleared_table (tenant, branch, session, is_over, changed_at)
    values ($1, $2, $3, $4, $5)
    on conflict (tenant, branch, session) do update set is_over = excluded.is_over, changed_at = excluded.changed_at";
// Of a table that was never cleared nothing has to be known.
const SEAT: &str = "update cleared_table set is_over = $4, changed_at = $5
    where tenant = $1 and branch = $2 and session = $3";
const SELECT: &str = "select tenant, branch, session, is_over from cleared_table where changed_at >= $1";
const FORGET: &str = "delete from cleared_table where changed_at < $1";

/// Cleared tables are remembered for so long: the tokens of tables that we issue hold for a day at most.
pub const CLEARED_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(sqlx::FromRow)]
struct ClearedRow {
    tenant: i64,
    branch: i64,
    session: String,
    is_over: bool,
}

impl Store {
    /// Notes at `at` that a table was cleared, or that another party sits there under the same name.
    ///
    /// # Errors
    /// When the database fails, or the table is another tenant's.
    pub async fn note_cleared_table(
        &self,
        tenant: TenantId,
        table: &ClearedTable,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if table.tenant != tenant {
            return Err(StoreError::Tenant { row: table.tenant, caller: tenant });
        }
        let sql = if table.is_over { CLEAR } else { SEAT };
        with_pool!(self.write, pool => {
            sqlx::query(sql)
                .bind(tenant.get())
                .bind(table.branch.get())
                .bind(table.session.as_str())
                .bind(table.is_over)
                .bind(Time(at))
                .execute(pool)
                .await
                .map(drop)
        })?;
        Ok(())
    }

    /// The tables of all tenants of which something was noted at `since` or later; for the app's own door, never for an
    /// answer to a caller.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cleared_tables(&self, since: Timestamp) -> Result<Vec<ClearedTable>, StoreError> {
        let rows: Vec<ClearedRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT).bind(Time(since)).fetch_all(pool).await
        })?;
        let load = |row: ClearedRow| {
            Ok(ClearedTable {
                tenant: id(row.tenant, TenantId::new)?,
                branch: id(row.branch, BranchId::new)?,
                session: id(row.session, |name| SessionId::new(&name))?,
                is_over: row.is_over,
            })
        };
        rows.into_iter().map(load).collect()
    }

    /// Forgets what is older than [`CLEARED_KEPT`] at `now`, of all tenants.
    pub(super) async fn forget_cleared_tables(&self, now: Timestamp) -> Result<(), StoreError> {
        with_pool!(self.write, pool => {
            sqlx::query(FORGET).bind(Time(now - CLEARED_KEPT)).execute(pool).await.map(drop)
        })?;
        Ok(())
    }
}
