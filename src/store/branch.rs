//! Branches: the venues of a tenant.

use jiff::tz::TimeZone;

use super::{Put, Store, StoreError, id, with_pool};
use crate::domain::{Branch, BranchId, Schedule, TenantId};
use crate::shift::Calendar;

const UTC: &str = "UTC";

const SELECT: &str = "select tenant, id, name, time_zone from branch where tenant = $1 and id = $2";
const SELECT_ALL: &str = "select tenant, id, name, time_zone from branch where tenant = $1 order by id";
const INSERT: &str = "insert into branch (tenant, id, name, time_zone) values ($1, $2, $3, $4)
    on conflict (tenant, id) do nothing";
const UPDATE: &str = "update branch set name = $3, time_zone = $4 where tenant = $1 and id = $2";

#[derive(sqlx::FromRow)]
struct BranchRow {
    tenant: i64,
    id: i64,
    name: String,
    time_zone: String,
}

impl BranchRow {
    fn load(self) -> Result<Branch, StoreError> {
        Ok(Branch {
            id: id(self.id, BranchId::new)?,
            tenant: id(self.tenant, TenantId::new)?,
            name: self.name,
            time_zone: self.time_zone,
        })
    }
}

impl Store {
    /// # Errors
    /// When the database fails.
    pub async fn branch(&self, tenant: TenantId, branch: BranchId) -> Result<Option<Branch>, StoreError> {
        let row: Option<BranchRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT).bind(tenant.get()).bind(branch.get()).fetch_optional(pool).await
        })?;
        row.map(BranchRow::load).transpose()
    }

    /// The branch as it is described, else as it is taken to be: see [`unnamed_branch`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn branch_or_unnamed(&self, tenant: TenantId, branch: BranchId) -> Result<Branch, StoreError> {
        Ok(self.branch(tenant, branch).await?.unwrap_or_else(|| unnamed_branch(tenant, branch)))
    }

    /// All branches of a tenant, by their ids.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn branches(&self, tenant: TenantId) -> Result<Vec<Branch>, StoreError> {
        let rows: Vec<BranchRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_ALL).bind(tenant.get()).fetch_all(pool).await
        })?;
        rows.into_iter().map(BranchRow::load).collect()
    }

    /// Adds a branch.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when its id is taken, [`StoreError::Branch`] when its time zone is unknown.
    pub async fn create_branch(&self, tenant: TenantId, branch: &Branch) -> Result<(), StoreError> {
        if self.write_branch(tenant, branch, INSERT).await? {
            return Ok(());
        }
        Err(StoreError::Conflict(format!("branch {}", branch.id)))
    }

    /// Adds a branch, or replaces the one of its id. A changed time zone holds for shifts from now on; those
    /// that were begun keep their times.
    ///
    /// # Errors
    /// [`StoreError::Branch`] when its time zone is unknown.
    pub async fn put_branch(&self, tenant: TenantId, branch: &Branch) -> Result<Put, StoreError> {
        // Two tries, as another process may add or delete it in between.
        for _ in 0..2 {
            if self.write_branch(tenant, branch, UPDATE).await? {
                return Ok(Put::Replaced);
            }
            if self.write_branch(tenant, branch, INSERT).await? {
                return Ok(Put::Created);
            }
        }
        Err(StoreError::Conflict(format!("branch {}", branch.id)))
    }

    /// Answers whether a row was written.
    async fn write_branch(
        &self,
        tenant: TenantId,
        branch: &Branch,
        sql: &'static str,
    ) -> Result<bool, StoreError> {
        if branch.tenant != tenant {
            return Err(StoreError::Tenant { row: branch.tenant, caller: tenant });
        }
        calendar(branch)?;
        let rows = with_pool!(self.write, pool => {
            let query = sqlx::query(sql).bind(tenant.get()).bind(branch.id.get());
            query.bind(&branch.name).bind(&branch.time_zone).execute(pool).await
                .map(|done| done.rows_affected())
        })?;
        Ok(rows > 0)
    }
}

/// A branch that nobody has described. The first one is where this machine stands, as most installations are one
/// venue with its machine in it; where any other may be, nobody knows, so its clock is UTC.
pub fn unnamed_branch(tenant: TenantId, id: BranchId) -> Branch {
    let time_zone = if id == BranchId::default() { machine_zone() } else { UTC.to_owned() };
    Branch { id, tenant, name: format!("Branch {id}"), time_zone }
}

/// The IANA name of the zone this machine is set to; UTC when it has none, or one that no table knows.
fn machine_zone() -> String {
    let zone = TimeZone::try_system().ok();
    let name = zone.as_ref().and_then(TimeZone::iana_name).filter(|name| TimeZone::get(name).is_ok());
    name.unwrap_or(UTC).to_owned()
}

/// The shifts of `branch` through time.
pub(super) fn calendar(branch: &Branch) -> Result<Calendar, StoreError> {
    Calendar::new(Schedule::default(), &branch.time_zone).map_err(|error| StoreError::Branch {
        tenant: branch.tenant,
        branch: branch.id,
        reason: error.to_string(),
    })
}
