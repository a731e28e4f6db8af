//! How many requests a client may send: by its token, or by its address when it has none.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use super::error::ApiError;
use super::request::Answer;
use super::slots::{is_here, network};
use crate::auth::Bearer;

/// Clients who have been quiet are forgotten once in so many requests.
const TIDY_EVERY: u32 = 4096;

/// How much is too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// 0: nothing is.
    pub per_second: u32,
    /// As many may come at once.
    pub burst: u32,
}

type Buckets<C> = RateLimiter<u64, HashMapStateStore<u64>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// A bucket for each client that refills as time passes.
pub(super) struct Rates<C: Clock = DefaultClock> {
    buckets: Option<Buckets<C>>,
    clock: C,
    hasher: RandomState,
    asked: AtomicU32,
}

impl Rates {
    pub(super) fn new(rate: Rate) -> Self {
        Self::with_clock(rate, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Rates<C> {
    fn with_clock(rate: Rate, clock: C) -> Self {
        let burst = NonZeroU32::new(rate.burst).unwrap_or(NonZeroU32::MIN);
        let quota = NonZeroU32::new(rate.per_second).map(|rate| Quota::per_second(rate).allow_burst(burst));
        let buckets = quota.map(|quota| RateLimiter::new(quota, HashMapStateStore::default(), clock.clone()));
        Self { buckets, clock, hasher: RandomState::new(), asked: AtomicU32::new(0) }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// When its sender has sent too many. Whoever comes from this machine without a token is never counted: it may be
    /// a proxy in front with all of its clients, and it is the health checks.
    pub(super) fn count(&self, bearer: Option<&Bearer>, address: IpAddr) -> Answer<()> {
        let Some(buckets) = &self.buckets else { return Ok(()) };
        let key = match bearer {
            Some(Bearer { caller, token: Some(token), .. }) => self.hasher.hash_one((caller.tenant, token)),
            Some(Bearer { caller, token: None, .. }) => {
                self.hasher.hash_one((caller.tenant, &caller.subject, ()))
            }
            None if is_here(address) => return Ok(()),
            None => self.hasher.hash_one(network(address)),
        };
        if self.asked.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            buckets.retain_recent();
            buckets.shrink_to_fit();
        }
        buckets.check_key(&key).map_err(|until| {
            let wait: Duration = until.wait_time_from(self.clock.now());
            ApiError::TooFast(wait.as_secs() + 1)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use governor::clock::FakeRelativeClock;

    use super::*;
    use crate::auth::{Branches, Caller};
    use crate::domain::TenantId;

    fn bearer(token: Option<&str>) -> Bearer {
        let caller = Caller {
            subject: "test".into(),
            tenant: TenantId::default(),
            branches: Branches::All,
            sectors: BTreeSet::new(),
            roles: BTreeSet::new(),
        };
        Bearer { caller, token: token.map(Into::into), expires: crate::domain::Timestamp::from_millis(0) }
    }

    #[test]
    fn each_token_and_each_address_has_its_own_bucket_that_refills() {
        let clock = FakeRelativeClock::default();
        let rates = Rates::with_clock(Rate { per_second: 2, burst: 3 }, clock.clone());
        let away: IpAddr = "192.0.2.1".parse().unwrap();
        let count = |token: Option<&str>| rates.count(Some(&bearer(token)), away).is_ok();
        assert!(count(Some("a")) && count(Some("a")) && count(Some("a")));
        assert!(matches!(rates.count(Some(&bearer(Some("a"))), away), Err(ApiError::TooFast(1))));
        assert!(count(Some("b")) && count(None) && rates.count(None, away).is_ok(), "others may");
        clock.advance(Duration::from_millis(500));
        assert!(count(Some("a")) && !count(Some("a")), "one came back");
    }

    #[test]
    fn this_machine_without_a_token_and_a_rate_of_nought_are_never_too_fast() {
        let (here, away): (IpAddr, IpAddr) = ("::1".parse().unwrap(), "192.0.2.1".parse().unwrap());
        let rates = Rates::new(Rate { per_second: 1, burst: 1 });
        assert!((0..9).all(|_| rates.count(None, here).is_ok()));
        assert!(rates.count(None, away).is_ok() && rates.count(None, away).is_err());
        let off = Rates::new(Rate { per_second: 0, burst: 1 });
        assert!((0..9).all(|_| off.count(None, away).is_ok()));
    }
}
