//! Tokens: how one is asked for, and what can be told of those that were.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use super::event::{NO_SESSION, session_name};
use super::{Time, ZoneClock};
use crate::domain::{BranchId, IssuedToken, SectorId};

/// What a new token is to be good for; never more than the asker's own.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenInput {
    /// Whom it is for, shown in the change log: 1 to 100 printable characters.
    #[schema(examples("display at the bar"), min_length = 1, max_length = 100)]
    pub subject: String,
    /// `admin`, `kitchen`, `waiter`, `viewer`.
    #[schema(examples(json!(["viewer"])), min_items = 1)]
    pub roles: Vec<TokenRole>,
    /// Only these branches; empty: all that the asker sees.
    #[serde(default)]
    #[schema(examples(json!([1])), max_items = 1000)]
    pub branch_ids: Vec<i64>,
    /// Only these sectors of them; empty: the asker's own, if it has any.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub sector_ids: Vec<i64>,
    /// How long it holds: a number and `s`, `m`, `h` or `d`. Default 30d.
    #[schema(examples("8h"), pattern = "^[0-9]{1,9}[smhd]$")]
    pub ttl: Option<String>,
}

/// Which table a new token is to be for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TableTokenInput {
    /// Where the table stands.
    #[schema(examples(1), minimum = 1)]
    pub branch_id: i64,
    /// The party's time at the table, as events name it in `session_id`: 1 to 64 printable characters, or an integer.
    #[serde(deserialize_with = "session_id")]
    #[schema(schema_with = session_schema)]
    pub session_id: String,
    /// What the table is called; not looked at.
    #[schema(examples("T-12"), min_length = 1, max_length = 64)]
    pub table_id: Option<String>,
    /// How long it holds: a number and `s`, `m`, `h` or `d`, a day at most. Default 4h.
    #[schema(examples("4h"), pattern = "^[0-9]{1,9}[smhd]$")]
    pub ttl: Option<String>,
}

/// A text or a number, as in events.
fn session_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let value = Value::deserialize(deserializer)?;
    session_name(&value).ok_or_else(|| D::Error::custom(NO_SESSION))
}

fn session_schema() -> Schema {
    let schema = json!({
        "type": ["string", "integer"], "minLength": 1, "maxLength": 64, "examples": ["77", 77],
        "description": "The party's time at the table, as events name it in `session_id`: 1 to 64 printable characters, or an integer",
    });
    serde_json::from_value(schema).expect("the schema should be one")
}

/// A token for the guests of a table.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NewTableToken {
    /// For `?table_token=` at `/ws/diner` and `/api/v1/events/stream`; the server does not keep it.
    pub token: String,
    pub branch_id: i64,
    pub session_id: String,
    pub table_id: Option<String>,
    /// UTC.
    pub expires_at: Time,
}

/// What a token allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TokenRole {
    Admin,
    Kitchen,
    Waiter,
    Viewer,
}

impl TokenRole {
    /// The role of this name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Kitchen => "kitchen",
            Self::Waiter => "waiter",
            Self::Viewer => "viewer",
        }
    }
}

/// A token that was issued over this API, or revoked.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Token {
    /// The token's own name, its claim `jti`.
    pub id: String,
    /// Whom it is for; empty when it was made elsewhere and revoked by its name.
    pub subject: String,
    pub roles: Vec<String>,
    /// Empty: all branches of the tenant.
    pub branch_ids: Vec<i64>,
    pub sector_ids: Vec<i64>,
    /// Who asked for it, or revoked it by its name.
    pub issued_by: String,
    /// UTC, as all of these; null when it was made elsewhere.
    pub issued_at: Option<Time>,
    pub expires_at: Option<Time>,
    /// Null: it is good until it expires.
    pub revoked_at: Option<Time>,
}

/// A token that was just issued, and the token itself, which is never shown again.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct NewToken {
    /// For `Authorization: Bearer …`; keep it, for the server does not.
    pub token: String,
    #[serde(flatten)]
    pub about: Token,
}

impl From<&IssuedToken> for Token {
    fn from(token: &IssuedToken) -> Self {
        let clock = ZoneClock::utc();
        Self {
            id: token.id.clone(),
            subject: token.subject.clone(),
            roles: token.roles.iter().map(|role| role.name().to_owned()).collect(),
            branch_ids: token.branches.iter().copied().map(BranchId::get).collect(),
            sector_ids: token.sectors.iter().copied().map(SectorId::get).collect(),
            issued_by: token.issued_by.clone(),
            issued_at: token.issued.map(|at| clock.write(at)),
            expires_at: token.expires.map(|at| clock.write(at)),
            revoked_at: token.revoked.map(|at| clock.write(at)),
        }
    }
}
