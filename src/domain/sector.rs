//! Areas of a branch, and who serves them.

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

/// Which sectors of a branch somebody serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectorAssignment {
    pub tenant: TenantId,
    pub branch: BranchId,
    /// The `sub` of their tokens.
    pub user: String,
    /// In order, each once.
    pub sectors: Vec<SectorId>,
}
