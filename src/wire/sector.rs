//! Sectors, as they are shown and as they are written.

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
