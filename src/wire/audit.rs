//! The change log as admins read it.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Time, ZoneClock};
use crate::domain;

/// A change that somebody made.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Change {
    /// When; UTC.
    pub at: Time,
    /// Who the token was issued to.
    #[schema(examples("ana"))]
    pub subject: String,
    #[schema(examples(json!(["admin"])))]
    pub roles: Vec<String>,
    /// The token's own name (`jti`), by which it can be revoked; null when it has none.
    pub token_id: Option<String>,
    #[schema(examples("PATCH"))]
    pub method: String,
    /// As this contract writes it.
    #[schema(examples("/api/v1/cameras/{id}"))]
    pub route: String,
    /// What was changed, as its path below the API.
    #[schema(examples("cameras/hall"))]
    pub resource: String,
    /// Of what was changed; null when it is of no branch, or of all.
    pub branch_id: Option<i64>,
    /// Names of the fields that were given or changed, never their values.
    #[schema(examples(json!(["name", "parameters.location"])))]
    pub fields: Vec<String>,
    /// The answer's HTTP status.
    #[schema(examples(200))]
    pub status: u16,
    /// `x-request-id` of the answer, as it stands in the log.
    pub request_id: String,
}

impl From<&domain::Change> for Change {
    fn from(change: &domain::Change) -> Self {
        Self {
            at: ZoneClock::utc().write(change.at),
            subject: change.subject.clone(),
            roles: change.roles.iter().map(|role| role.name().to_owned()).collect(),
            token_id: change.token.clone(),
            method: change.method.clone(),
            route: change.route.clone(),
            resource: change.resource.clone(),
            branch_id: change.branch.map(domain::BranchId::get),
            fields: change.fields.clone(),
            status: change.status,
            request_id: change.request.clone(),
        }
    }
}
