//! Who changed what, and when.

use super::{BranchId, Role, TenantId, Timestamp};

/// A change that somebody made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub tenant: TenantId,
    /// Of what was changed; `None` when it is of no branch or of all.
    pub branch: Option<BranchId>,
    pub at: Timestamp,
    /// Who the token was issued to.
    pub subject: String,
    pub roles: Vec<Role>,
    /// The token's own name, when it has one.
    pub token: Option<String>,
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// The route as the contract writes it, e.g. `/api/v1/cameras/{id}`.
    pub route: String,
    /// What was changed, as its path below the API, e.g. `cameras/hall`.
    pub resource: String,
    /// Names of the fields that were given or changed; never their values, which may be secrets.
    pub fields: Vec<String>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Id of the request, as it stands in the log.
    pub request: String,
}
