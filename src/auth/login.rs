//! Login links: a token that is good once, for a few minutes, and only to be turned into a session.
//!
//! A link lands in terminals, logs and chats, so it must be worthless soon. Used ones are remembered until they would
//! have expired anyway; links made before this server started are refused, so a restart cannot make a used one good
//! again.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use super::claims::seconds;
use super::{Caller, Claims, Keys, TokenError, Ttl};
use crate::clock::Clock;
use crate::domain::Timestamp;

/// Long enough to open a browser, short enough to be worthless when found later.
pub const LOGIN_LINK_TTL: Ttl = Ttl::from_secs(10 * 60);
/// A work shift with its edges.
pub const SESSION_TTL: Ttl = Ttl::from_secs(12 * 3600);

const PURPOSE: &str = "login";
/// Far more links than anybody opens in ten minutes; beyond it new ones are refused, so memory is bounded.
const MAX_USED: usize = 10_000;

/// The address that logs `caller` in when opened in a browser, once, within [`LOGIN_LINK_TTL`].
pub fn login_link(keys: &Keys, caller: &Caller, (scheme, server): (&str, SocketAddr)) -> String {
    let claims = Claims { purpose: Some(PURPOSE.to_owned()), ..Claims::of(caller) };
    let token = keys.sign(claims, LOGIN_LINK_TTL).token;
    // An unspecified address is where a server listens, not where a browser can go.
    let host = match server {
        _ if server.ip().is_unspecified() => format!("localhost:{}", server.port()),
        _ => server.to_string(),
    };
    format!("{scheme}://{host}/login?token={token}")
}

/// The links that have been used.
#[derive(Debug)]
pub struct LoginLinks {
    keys: Keys,
    clock: Clock,
    started: Timestamp,
    /// Name of a used token → end of its life, seconds since 1970.
    used: Mutex<HashMap<String, f64>>,
}

impl LoginLinks {
    pub fn new(keys: Keys, clock: Clock) -> Self {
        let started = clock.now();
        Self { keys, clock, started, used: Mutex::default() }
    }

    /// Takes the token of a link: the first time it says who logs in, ever after it is refused.
    ///
    /// # Errors
    /// When it is not a login token of ours, is over, or was used before.
    pub fn redeem(&self, token: &str) -> Result<Caller, TokenError> {
        let claims = self.keys.open(token)?;
        let (Some(PURPOSE), Some(name), Some(issued)) = (claims.purpose.as_deref(), &claims.jti, claims.iat)
        else {
            return Err(TokenError::Invalid);
        };
        if issued < seconds(self.started).floor() {
            return Err(TokenError::Expired);
        }
        let caller = claims.caller()?;
        let now = seconds(self.clock.now());
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        // The leeway of the check is on top of `exp`, so a name is kept for a minute longer.
        used.retain(|_, exp| *exp + 60.0 > now);
        if used.len() >= MAX_USED || used.contains_key(name) {
            return Err(TokenError::Used);
        }
        used.insert(name.clone(), claims.exp);
        Ok(caller)
    }

    /// The token of a new session of `caller`.
    pub fn session(&self, caller: &Caller) -> String {
        self.keys.issue(caller, SESSION_TTL)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Secret;
    use crate::domain::{Role, TenantId};

    fn links() -> (LoginLinks, Keys, Clock) {
        let clock = Clock::held_at(Timestamp::from_millis(1_800_000_000_000));
        let keys =
            Keys::new(&Secret::new("a secret of the tests, long enough to sign with".into()), clock.clone());
        (LoginLinks::new(keys.clone(), clock.clone()), keys, clock)
    }

    fn admin() -> Caller {
        Caller {
            subject: "console".into(),
            tenant: TenantId::default(),
            branches: super::super::Branches::All,
            sectors: [].into(),
            roles: [Role::Admin].into(),
        }
    }

    fn token(keys: &Keys) -> String {
        let link = login_link(keys, &admin(), ("http", SocketAddr::from(([0, 0, 0, 0], 8001))));
        link.strip_prefix("http://localhost:8001/login?token=").unwrap().to_owned()
    }

    #[test]
    fn a_link_is_good_once() {
        let (links, keys, _) = links();
        let token = token(&keys);
        assert_eq!(links.redeem(&token), Ok(admin()));
        assert_eq!(links.redeem(&token), Err(TokenError::Used));
    }

    #[test]
    fn a_link_dies_after_ten_minutes_and_at_a_restart() {
        let (links, keys, clock) = links();
        let (late, early) = (token(&keys), token(&keys));
        clock.advance(Duration::from_secs(2));
        let restarted = LoginLinks::new(keys, clock.clone());
        assert_eq!(restarted.redeem(&early), Err(TokenError::Expired));
        clock.advance(Duration::from_secs(10 * 60 + 4));
        assert_eq!(links.redeem(&late), Err(TokenError::Expired));
    }

    #[test]
    fn a_link_is_not_a_token_for_the_api_nor_the_other_way_round() {
        let (links, keys, _) = links();
        assert_eq!(keys.check(&token(&keys)), Err(TokenError::Invalid));
        let session = links.session(&admin());
        assert_eq!(keys.check(&session), Ok(admin()));
        assert_eq!(links.redeem(&session), Err(TokenError::Invalid));
    }
}
