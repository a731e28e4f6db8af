//! Sectors: the areas of branches.

use super::{Store, StoreError, Swap, id, with_pool};
use crate::domain::{BranchId, Sector, SectorId, TenantId};

const SELECT: &str = "select tenant, id, branch, name from sector where tenant = $1 and id = $2";
const SELECT_ALL: &str = "select tenant, id, branch, name from sector where tenant = $1 order by id";
/// A camera may name one that nobody has made yet: it would be in the sector of somebody else.
const SELECT_NEXT: &str = "select coalesce(max(id), 0) + 1 from (
    select max(id) as id from sector where tenant = $1 and id < 9223372036854775807
    union all select max(sector) from camera where tenant = $1 and sector < 9223372036854775807) as known";
const INSERT: &str = "insert into sector (tenant, id, branch, name) values ($1, $2, $3, $4)
    on conflict (tenant, id) do nothing";
/// Only over what stands there as it is known.
const UPDATE: &str = "update sector set branch = $5, name = $6
    where tenant = $1 and id = $2 and branch = $3 and name = $4";
const DELETE: &str = "delete from sector where tenant = $1 and id = $2 and branch = $3 and name = $4";

#[derive(sqlx::FromRow)]
struct SectorRow {
    tenant: i64,
    id: i64,
    branch: i64,
    name: String,
}

impl SectorRow {
    fn load(self) -> Result<Sector, StoreError> {
        Ok(Sector {
            id: id(self.id, SectorId::new)?,
            tenant: id(self.tenant, TenantId::new)?,
            branch: id(self.branch, BranchId::new)?,
            name: self.name,
        })
    }
}

impl Store {
    /// # Errors
    /// When the database fails.
    pub async fn sector(&self, tenant: TenantId, sector: SectorId) -> Result<Option<Sector>, StoreError> {
        // By the connection that writes: who was told of a change asks again at once.
        let row: Option<SectorRow> = with_pool!(self.write, pool => {
            sqlx::query_as(SELECT).bind(tenant.get()).bind(sector.get()).fetch_optional(pool).await
        })?;
        row.map(SectorRow::load).transpose()
    }

    /// All sectors of a tenant, by their ids.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sectors(&self, tenant: TenantId) -> Result<Vec<Sector>, StoreError> {
        let rows: Vec<SectorRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_ALL).bind(tenant.get()).fetch_all(pool).await
        })?;
        rows.into_iter().map(SectorRow::load).collect()
    }

    /// A number that no sector of the tenant has yet, and that no stored camera names.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_sector(&self, tenant: TenantId) -> Result<SectorId, StoreError> {
        let (next,): (i64,) = with_pool!(self.write, pool => {
            sqlx::query_as(SELECT_NEXT).bind(tenant.get()).fetch_one(pool).await
        })?;
        id(next, SectorId::new)
    }

    /// Adds a sector.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when its id is taken.
    pub async fn create_sector(&self, tenant: TenantId, sector: &Sector) -> Result<(), StoreError> {
        if sector.tenant != tenant {
            return Err(StoreError::Tenant { row: sector.tenant, caller: tenant });
        }
        let rows = with_pool!(self.write, pool => {
            let query = sqlx::query(INSERT).bind(tenant.get()).bind(sector.id.get());
            query.bind(sector.branch.get()).bind(&sector.name).execute(pool).await
                .map(|done| done.rows_affected())
        })?;
        if rows > 0 { Ok(()) } else { Err(StoreError::Conflict(format!("sector {}", sector.id))) }
    }

    /// Puts `after` in the place of `before`, or nothing when there is none, if it still is as it was.
    ///
    /// # Errors
    /// When the database fails, or the sector is another tenant's.
    pub async fn swap_sector(
        &self,
        tenant: TenantId,
        before: &Sector,
        after: Option<&Sector>,
    ) -> Result<Swap, StoreError> {
        for sector in [Some(before), after].into_iter().flatten() {
            if sector.tenant != tenant {
                return Err(StoreError::Tenant { row: sector.tenant, caller: tenant });
            }
        }
        let rows = with_pool!(self.write, pool => {
            let query = sqlx::query(if after.is_some() { UPDATE } else { DELETE });
            let mut query = query.bind(tenant.get()).bind(before.id.get());
            query = query.bind(before.branch.get()).bind(&before.name);
            if let Some(after) = after {
                query = query.bind(after.branch.get()).bind(&after.name);
            }
            query.execute(pool).await.map(|done| done.rows_affected())
        })?;
        Ok(if rows > 0 { Swap::Done } else { Swap::Changed })
    }
}
