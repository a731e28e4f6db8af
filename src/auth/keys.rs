//! Signing and checking tokens.
//!
//! The algorithm is ours to choose, never the token's: a header that names another one, or none, is refused before
//! the claims are read. What we sign ourselves is HS256; others have [`Verifiers`].

use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::de::IgnoredAny;
use sha2::{Digest, Sha256};

use super::claims::seconds;
use super::verifiers::{Verifier, validation};
use super::{Caller, Claims, TokenError, Ttl, Verifiers};
use crate::clock::Clock;
use crate::config::Secret;
use crate::domain::{Timestamp, random_name};

/// What tokens are signed and checked with.
#[derive(Clone)]
pub struct Keys {
    encoding: EncodingKey,
    own: Verifier,
    /// Of others, whose tokens name them.
    others: Arc<Verifiers>,
    /// Derived of the secret: what [`Keys::fingerprint`] begins with.
    salt: [u8; 32],
    clock: Clock,
}

/// A token that is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The token itself; whoever has it can use it.
    pub token: String,
    /// Its own name, the claim `jti`.
    pub id: String,
    pub issued: Timestamp,
    pub expires: Timestamp,
}

/// Who sent a token, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    pub caller: Caller,
    /// The token's own name, if it has one.
    pub token: Option<String>,
    /// When the token's life ends.
    pub expires: Timestamp,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    pub fn new(secret: &Secret, clock: Clock) -> Self {
        let secret = secret.reveal().as_bytes();
        Self {
            encoding: EncodingKey::from_secret(secret),
            own: Verifier {
                decoding: DecodingKey::from_secret(secret),
                validation: validation(Algorithm::HS256),
            },
            others: Arc::default(),
            salt: Sha256::new_with_prefix(b"atalaya fingerprints").chain_update(secret).finalize().into(),
            clock,
        }
    }

    /// Takes tokens that others have signed, too.
    pub fn with_others(self, others: Verifiers) -> Self {
        Self { others: Arc::new(others), ..self }
    }

    /// A token for the API that lives for `ttl`.
    pub fn issue(&self, caller: &Caller, ttl: Ttl) -> String {
        self.issue_named(caller, ttl).token
    }

    /// As [`Keys::issue`], with what can be told of the token.
    pub fn issue_named(&self, caller: &Caller, ttl: Ttl) -> Signed {
        self.sign(Claims::of(caller), ttl)
    }

    /// A short text that is the same for the same bytes, and that nobody without the secret can find bytes for: not
    /// even by trying every password there is.
    pub fn fingerprint(&self, bytes: &[u8]) -> String {
        let digest = Sha256::new_with_prefix(self.salt).chain_update(bytes).finalize();
        digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Who sent `token`.
    ///
    /// # Errors
    /// When it is not signed by us or by one of the others, is over, or is not meant for the API.
    pub fn check(&self, token: &str) -> Result<Caller, TokenError> {
        self.identify(token).map(|bearer| bearer.caller)
    }

    /// Who sent `token`, and the token's own name.
    ///
    /// # Errors
    /// As [`Keys::check`].
    pub fn identify(&self, token: &str) -> Result<Bearer, TokenError> {
        let claims = self.read(token, self.others.of(token).unwrap_or(&self.own))?;
        if claims.purpose.is_some() {
            return Err(TokenError::Invalid);
        }
        let expires = Timestamp::from_millis((claims.exp * 1000.0) as i64);
        Ok(Bearer { caller: claims.caller()?, token: claims.jti, expires })
    }

    pub(super) fn sign(&self, mut claims: Claims, ttl: Ttl) -> Signed {
        let issued = self.clock.now();
        let id = random_name();
        claims.iat = Some(seconds(issued).floor());
        claims.exp = seconds(issued + ttl.get()).ceil();
        claims.jti = Some(id.clone());
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding)
            .expect("claims should be JSON and the key HMAC's");
        Signed { token, id, issued, expires: Timestamp::from_millis((claims.exp * 1000.0) as i64) }
    }

    /// The claims of a token that is signed by us and alive.
    pub(super) fn open(&self, token: &str) -> Result<Claims, TokenError> {
        self.read(token, &self.own)
    }

    fn read(&self, token: &str, by: &Verifier) -> Result<Claims, TokenError> {
        let decoded = jsonwebtoken::decode::<Claims>(token, &by.decoding, &by.validation);
        let claims = match decoded {
            Ok(data) => data.claims,
            Err(_) => return Err(why_not(token, by)),
        };
        claims.check_times(self.clock.now())?;
        Ok(claims)
    }
}

/// Tells claims that do not fit from a token that is not ours; only an owner of the secret learns the difference.
fn why_not(token: &str, by: &Verifier) -> TokenError {
    match jsonwebtoken::decode::<IgnoredAny>(token, &by.decoding, &by.validation) {
        Ok(_) => TokenError::Claim {
            claim: "tenant_id, branch_ids, roles or exp",
            reason: "it is missing or of the wrong type".into(),
        },
        Err(_) => TokenError::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{Role, TenantId, Timestamp};

    const SECRET: &str = "a secret of the tests, long enough to sign with";
    const NOW_S: i64 = 1_800_000_000;

    fn keys() -> (Keys, Clock) {
        let clock = Clock::held_at(Timestamp::from_millis(NOW_S * 1000));
        (Keys::new(&Secret::new(SECRET.into()), clock.clone()), clock)
    }

    fn signed(header: &Header, claims: &Value, secret: &str) -> String {
        jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
    }

    fn foreign(claims: &Value) -> String {
        signed(&Header::new(Algorithm::HS256), claims, SECRET)
    }

    #[test]
    fn what_is_issued_is_believed_until_it_ends() {
        let (keys, clock) = keys();
        let caller = Caller {
            subject: "ana".into(),
            tenant: TenantId::new(7).unwrap(),
            branches: [crate::domain::BranchId::new(3).unwrap()].into_iter().collect(),
            sectors: [].into(),
            roles: [Role::Viewer].into(),
        };
        let token = keys.issue(&caller, "15m".parse().unwrap());
        assert_eq!(keys.check(&token), Ok(caller));
        clock.advance(Duration::from_secs(15 * 60 + 6));
        assert_eq!(keys.check(&token), Err(TokenError::Expired));
    }

    #[test]
    fn tokens_of_others_need_neither_kid_nor_iat_nor_sub_as_text() {
        let (keys, _) = keys();
        let token = foreign(&json!({
            "sub": 42, "tenant_id": 1, "branch_ids": null, "roles": ["WAITER", "chef"], "exp": NOW_S as f64 + 60.5,
            "aud": "pos", "iss": "elsewhere", "email": "not ours to care",
        }));
        let caller = keys.check(&token).unwrap();
        assert_eq!((caller.subject.as_str(), caller.roles), ("42", [Role::Waiter].into()));
        assert_eq!(caller.branches, super::super::Branches::All);
    }

    #[test]
    fn signatures_of_others_are_refused() {
        let (keys, _) = keys();
        let claims = json!({"sub": "a", "tenant_id": 1, "roles": ["admin"], "exp": NOW_S + 60});
        let good = foreign(&claims);
        let none_header = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0";
        let body = good.split('.').nth(1).unwrap();
        for token in [
            signed(
                &Header::new(Algorithm::HS256),
                &claims,
                "another secret, as long as the one of the tests",
            ),
            signed(&Header::new(Algorithm::HS512), &claims, SECRET),
            format!("{none_header}.{body}."),
            format!("{none_header}.{body}.{}", good.split('.').nth(2).unwrap()),
            format!("{good}x"),
            "a.b.c".into(),
            String::new(),
        ] {
            assert_eq!(keys.check(&token), Err(TokenError::Invalid), "{token}");
        }
    }

    #[test]
    fn claims_that_do_not_fit_are_named() {
        let (keys, _) = keys();
        let check = |claims: Value| keys.check(&foreign(&claims)).unwrap_err().to_string();
        let exp = NOW_S + 60;
        assert!(check(json!({"tenant_id": 0, "exp": exp})).contains("`tenant_id`"));
        assert!(check(json!({"tenant_id": 1, "branch_ids": [-1], "exp": exp})).contains("`branch_ids`"));
        assert!(check(json!({"tenant_id": "one", "exp": exp})).contains("tenant_id"));
        assert!(check(json!({"tenant_id": 1})).contains("exp"));
        assert!(check(json!({"tenant_id": 1, "exp": exp, "nbf": exp})).contains("not valid yet"));
        assert!(check(json!({"tenant_id": 1, "exp": exp, "purpose": "login"})).contains("not valid"));
    }
}
