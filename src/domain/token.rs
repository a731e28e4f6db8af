//! Tokens that were issued or revoked. Never the token itself: who has it can use it.

use super::{BranchId, Role, SectorId, TenantId, Timestamp};

/// What is known of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedToken {
    pub tenant: TenantId,
    /// The token's own name, its claim `jti`.
    pub id: String,
    /// Who it was issued to; empty when it was revoked by its name alone.
    pub subject: String,
    pub roles: Vec<Role>,
    /// Empty: all branches of the tenant.
    pub branches: Vec<BranchId>,
    pub sectors: Vec<SectorId>,
    /// Subject of the token that asked for it.
    pub issued_by: String,
    /// `None`: it was made elsewhere.
    pub issued: Option<Timestamp>,
    pub expires: Option<Timestamp>,
    pub revoked: Option<Timestamp>,
}
