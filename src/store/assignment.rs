//! Who serves which sectors. The branch is the sector's own: one that moves takes along who serves it.

use super::schedule::in_turn;
use super::{Store, StoreError, id, with_pool};
use crate::domain::{BranchId, SectorAssignment, SectorId, TenantId};

const SELECT_ALL: &str = "select a.subject, s.branch, a.sector from sector_assignment a
    join sector s on s.tenant = a.tenant and s.id = a.sector
    where a.tenant = $1 order by a.subject, s.branch, a.sector";
const SELECT_SECTORS: &str = "select a.sector from sector_assignment a
    join sector s on s.tenant = a.tenant and s.id = a.sector
    where a.tenant = $1 and a.subject = $2 and ($3 = 0 or s.branch = $3) order by a.sector";
/// Only a sector that is there and in the branch.
const INSERT: &str = "insert into sector_assignment (tenant, subject, sector)
    select tenant, $2, id from sector where tenant = $1 and id = $4 and branch = $3";
const DELETE: &str = "delete from sector_assignment where tenant = $1 and subject = $2
    and sector in (select id from sector where tenant = $1 and branch = $3)";
pub(super) const DELETE_BRANCH: &str = "delete from sector_assignment where tenant = $1
    and sector in (select id from sector where tenant = $1 and branch = $2)";

/// What became of an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assigned {
    Done,
    /// This one is no sector of the branch; nothing was written.
    NoSector(SectorId),
}

impl Store {
    /// Who of a tenant serves which sectors, by user and branch.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sector_assignments(&self, tenant: TenantId) -> Result<Vec<SectorAssignment>, StoreError> {
        let rows: Vec<(String, i64, i64)> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_ALL).bind(tenant.get()).fetch_all(pool).await
        })?;
        let mut assignments: Vec<SectorAssignment> = Vec::new();
        for (user, branch, sector) in rows {
            let (branch, sector) = (id(branch, BranchId::new)?, id(sector, SectorId::new)?);
            match assignments.last_mut().filter(|last| last.user == user && last.branch == branch) {
                Some(last) => last.sectors.push(sector),
                None => assignments.push(SectorAssignment { tenant, branch, user, sectors: vec![sector] }),
            }
        }
        // Databases sort texts each in their own way.
        assignments.sort_by(|a, b| (&a.user, a.branch).cmp(&(&b.user, b.branch)));
        Ok(assignments)
    }

    /// The sectors that `user` serves, in order: of a branch, or of all of the tenant's. None of somebody unknown.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn assigned_sectors(
        &self,
        tenant: TenantId,
        user: &str,
        branch: Option<BranchId>,
    ) -> Result<Vec<SectorId>, StoreError> {
        let branch = branch.map_or(0, BranchId::get);
        // By the connection that writes: whoever was told of a change asks again at once.
        let rows: Vec<(i64,)> = with_pool!(self.write, pool => {
            sqlx::query_as(SELECT_SECTORS).bind(tenant.get()).bind(user).bind(branch).fetch_all(pool).await
        })?;
        rows.into_iter().map(|(sector,)| id(sector, SectorId::new)).collect()
    }

    /// Puts these sectors in place of those of the branch that the user served so far, all or none.
    ///
    /// # Errors
    /// When the database fails, or the assignment is another tenant's.
    pub async fn put_sector_assignment(
        &self,
        tenant: TenantId,
        assignment: &SectorAssignment,
    ) -> Result<Assigned, StoreError> {
        let SectorAssignment { tenant: row, branch, user, sectors } = assignment;
        if *row != tenant {
            return Err(StoreError::Tenant { row: *row, caller: tenant });
        }
        in_turn!(self, tenant, branch, transaction => {
            sqlx::query(DELETE).bind(tenant.get()).bind(user).bind(branch.get())
                .execute(&mut *transaction).await?;
            for sector in sectors {
                let done = sqlx::query(INSERT).bind(tenant.get()).bind(user).bind(branch.get())
                    .bind(sector.get()).execute(&mut *transaction).await?;
                if done.rows_affected() == 0 {
                    return Ok(Assigned::NoSector(*sector));
                }
            }
            Assigned::Done
        })
    }

    /// Takes all sectors of a branch from a user. Answers whether there were any.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_sector_assignment(
        &self,
        tenant: TenantId,
        user: &str,
        branch: BranchId,
    ) -> Result<bool, StoreError> {
        let rows = with_pool!(self.write, pool => {
            sqlx::query(DELETE).bind(tenant.get()).bind(user).bind(branch.get()).execute(pool).await
                .map(|done| done.rows_affected())
        })?;
        Ok(rows > 0)
    }
}
