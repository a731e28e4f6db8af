//! Sectors, as they are shown and as they are written, and who serves them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain;

/// An area of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sector {
    pub id: i64,
    pub tenant_id: i64,
    pub branch_id: i64,
    #[schema(examples("Terrace"))]
    pub name: String,
}

impl From<&domain::Sector> for Sector {
    fn from(sector: &domain::Sector) -> Self {
        Self {
            id: sector.id.get(),
            tenant_id: sector.tenant.get(),
            branch_id: sector.branch.get(),
            name: sector.name.clone(),
        }
    }
}

/// A sector to create or to put in the place of another.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SectorInput {
    /// A positive integer, unique in the tenant. Default: the next one that is free. With PUT it must be that of the path,
    /// if it is there.
    #[schema(minimum = 1)]
    pub id: Option<i64>,
    /// Default 1.
    #[schema(examples(1), minimum = 1)]
    pub branch_id: Option<i64>,
    /// 1 to 100 printable characters.
    #[schema(examples("Terrace"), min_length = 1, max_length = 100)]
    pub name: String,
}

/// Changes to a sector; what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SectorPatch {
    #[schema(minimum = 1)]
    pub branch_id: Option<i64>,
    #[schema(examples("Terrace"), min_length = 1, max_length = 100)]
    pub name: Option<String>,
}

/// Which sectors of a branch somebody serves: the events of these are theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SectorAssignment {
    /// The `sub` of their tokens.
    #[schema(examples("ana"))]
    pub user: String,
    pub tenant_id: i64,
    pub branch_id: i64,
    #[schema(examples(json!([1, 2])))]
    pub sector_ids: Vec<i64>,
}

impl From<&domain::SectorAssignment> for SectorAssignment {
    fn from(assignment: &domain::SectorAssignment) -> Self {
        Self {
            user: assignment.user.clone(),
            tenant_id: assignment.tenant.get(),
            branch_id: assignment.branch.get(),
            sector_ids: assignment.sectors.iter().map(|sector| sector.get()).collect(),
        }
    }
}

/// Sectors that somebody is to serve, in place of those of the branch that they served so far.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SectorAssignmentInput {
    /// The `sub` of their tokens: 1 to 100 printable characters.
    #[schema(examples("ana"), min_length = 1, max_length = 100)]
    pub user: String,
    /// Default 1.
    #[schema(examples(1), minimum = 1)]
    pub branch_id: Option<i64>,
    /// Each a sector of the branch; empty: none.
    #[schema(examples(json!([1, 2])), max_items = 1000)]
    pub sector_ids: Vec<i64>,
}
