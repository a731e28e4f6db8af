//! The server's word on itself and on who is asking.

use serde::Serialize;
use utoipa::ToSchema;

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Session {
    /// Who the token was issued to.
    pub subject: String,
    pub tenant_id: i64,
    /// Empty: all branches of the tenant.
    pub branch_ids: Vec<i64>,
    #[schema(examples(json!(["admin"])))]
    pub roles: Vec<String>,
    /// What the roles allow: `view`, `read metrics`, `operate cameras`, `seat guests` and others.
    pub may: Vec<String>,
    /// Version of the server.
    pub version: String,
}

/// The process answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    #[schema(examples("ok"))]
    pub status: String,
}

/// Whether the server can do its work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Readiness {
    /// `ready` or `not ready`.
    #[schema(examples("ready"))]
    pub status: String,
    /// `ok` or what is wrong, without secrets.
    #[schema(examples("ok"))]
    pub store: String,
    #[schema(examples("ok"))]
    pub pipelines: String,
    /// `ok`, or that visits wait for the database, and whether the space for them runs out; they wait on disk, so that
    /// the server is ready all the same.
    #[schema(examples("ok"))]
    pub recorder: String,
    /// `ok`, or what is wrong with the gateway; while it does not tell events, the server is not ready.
    #[schema(examples("ok"))]
    pub gateway: String,
}
