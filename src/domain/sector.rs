//! Areas of a branch.

use super::{BranchId, SectorId, TenantId};

/// An area of a branch: a floor, a terrace, a row of tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sector {
    /// Unique in the tenant.
    pub id: SectorId,
    pub tenant: TenantId,
    pub branch: BranchId,
    pub name: String,
}
