//! Table tokens: what a guest's phone shows to follow its own table's orders.
//!
//! `v1.<kid>.<base64url(JSON)>.<base64url(HMAC-SHA256)>`, the last over everything before its dot. The JSON is
//! `{"tenant_id","branch_id","session_id","table_id","exp"}`; `kid` names the key, so that keys can change while tokens
//! are about.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::claims::{claim, seconds};
use super::{TokenError, Ttl};
use crate::clock::Clock;
use crate::config::Secret;
use crate::domain::{BranchId, SessionId, TenantId, Timestamp};

/// The longest token that is looked at.
const MAX_BYTES: usize = 2048;

/// The `kid` of tokens that are issued when no keys are set.
const DEFAULT_KID: &str = "default";

/// How long a token holds unless it is said: longer than any meal.
pub const TABLE_TTL: Ttl = Ttl::from_secs(4 * 3600);

/// Whose table it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub tenant: TenantId,
    pub branch: BranchId,
    pub session: SessionId,
    /// As the system names it that takes the orders.
    pub table: Option<String>,
    pub expires: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct TableClaims {
    tenant_id: i64,
    branch_id: i64,
    session_id: Value,
    #[serde(default)]
    table_id: Value,
    exp: f64,
}

/// What table tokens are signed and checked with.
#[derive(Clone)]
pub struct TableKeys {
    /// By `kid`; none: the one secret of all tokens, whatever the `kid`.
    named: BTreeMap<String, Secret>,
    default: Secret,
    clock: Clock,
}

impl std::fmt::Debug for TableKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableKeys").field("kids", &self.named.keys()).finish_non_exhaustive()
    }
}

impl TableKeys {
    /// Tokens signed with one of `named`; with `default` when there is none.
    pub fn new(named: BTreeMap<String, Secret>, default: Secret, clock: Clock) -> Self {
        Self { named, default, clock }
    }

    /// A token for a table, signed with the last key by name.
    pub fn issue(&self, table: &Table) -> String {
        let last = self.named.iter().next_back();
        let (kid, secret) = last.map_or((DEFAULT_KID, &self.default), |(kid, secret)| (kid.as_str(), secret));
        let claims = TableClaims {
            tenant_id: table.tenant.get(),
            branch_id: table.branch.get(),
            session_id: table.session.as_str().into(),
            table_id: table.table.clone().map_or(Value::Null, Value::String),
            exp: seconds(table.expires).ceil(),
        };
        let claims = serde_json::to_vec(&claims).expect("claims should be JSON: they are texts and numbers");
        let signed = format!("v1.{kid}.{}", URL_SAFE_NO_PAD.encode(claims));
        let key = EncodingKey::from_secret(secret.reveal().as_bytes());
        let mac = crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).expect("the key should be HMAC's");
        format!("{signed}.{mac}")
    }

    /// Whose table `token` is of.
    ///
    /// # Errors
    /// When it is not signed by us, or is over.
    pub fn check(&self, token: &str) -> Result<Table, TokenError> {
        let (signed, mac) =
            token.rsplit_once('.').filter(|_| token.len() <= MAX_BYTES).ok_or(TokenError::Invalid)?;
        let mut parts = signed.split('.');
        let (Some("v1"), Some(kid), Some(claims), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenError::Invalid);
        };
        let secret = match self.named.is_empty() {
            true => &self.default,
            false => self.named.get(kid).ok_or(TokenError::Invalid)?,
        };
        let key = DecodingKey::from_secret(secret.reveal().as_bytes());
        // In constant time.
        let is_ours = crypto::verify(mac, signed.as_bytes(), &key, Algorithm::HS256).unwrap_or(false);
        if !is_ours {
            return Err(TokenError::Invalid);
        }
        let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| TokenError::Invalid)?;
        let claims: TableClaims =
            serde_json::from_slice(&claims).map_err(claim("tenant_id, branch_id, session_id or exp"))?;
        self.table_of(claims)
    }

    fn table_of(&self, claims: TableClaims) -> Result<Table, TokenError> {
        let now_s = seconds(self.clock.now());
        if !claims.exp.is_finite() || claims.exp <= now_s {
            return Err(TokenError::Expired);
        }
        let session = text(&claims.session_id).unwrap_or_default();
        Ok(Table {
            tenant: TenantId::new(claims.tenant_id).map_err(claim("tenant_id"))?,
            branch: BranchId::new(claims.branch_id).map_err(claim("branch_id"))?,
            session: SessionId::new(&session).map_err(claim("session_id"))?,
            table: text(&claims.table_id),
            expires: Timestamp::from_millis((claims.exp * 1000.0) as i64),
        })
    }
}

/// Ids are numbers with some, texts with others.
fn text(id: &Value) -> Option<String> {
    match id {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn keys(named: &[(&str, &str)]) -> (TableKeys, Clock) {
        let clock = Clock::held_at(Timestamp::from_millis(1_800_000_000_000));
        let named = named.iter().map(|(kid, key)| ((*kid).to_owned(), Secret::new((*key).to_owned())));
        let default = Secret::new("a secret of the tests, long enough to sign with".into());
        (TableKeys::new(named.collect(), default, clock.clone()), clock)
    }

    fn table() -> Table {
        Table {
            tenant: TenantId::default(),
            branch: BranchId::new(5).unwrap(),
            session: SessionId::new("77").unwrap(),
            table: Some("T-12".into()),
            expires: Timestamp::from_millis(1_800_000_060_000),
        }
    }

    #[test]
    fn a_token_is_good_for_its_table_until_it_ends() {
        let (keys, clock) = keys(&[]);
        let token = keys.issue(&table());
        assert_eq!(keys.check(&token), Ok(table()));
        clock.advance(Duration::from_secs(60));
        assert_eq!(keys.check(&token), Err(TokenError::Expired));
    }

    #[test]
    fn whatever_is_changed_is_noticed() {
        let (keys, _) = keys(&[]);
        let token = keys.issue(&table());
        for (index, _) in token.char_indices() {
            let mut bytes = token.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(keys.check(&changed).is_err(), "{changed}");
        }
        for bad in ["", "v1", "v1.a.b", "v2.default.e30.x", "v1.a.b.c.d", &"v1.".repeat(1000)] {
            assert_eq!(keys.check(bad), Err(TokenError::Invalid), "{bad}");
        }
    }

    #[test]
    fn keys_change_while_tokens_are_about() {
        let (old, _) = keys(&[("2026a", "the first key, which has been used for a year")]);
        let (both, _) = keys(&[
            ("2026a", "the first key, which has been used for a year"),
            ("2026b", "the second key, which is used from now on ..."),
        ]);
        let (new, _) = keys(&[("2026b", "the second key, which is used from now on ...")]);
        let token = old.issue(&table());
        assert!(both.check(&token).is_ok());
        assert!(both.issue(&table()).starts_with("v1.2026b."));
        assert_eq!(new.check(&token), Err(TokenError::Invalid));
    }
}
