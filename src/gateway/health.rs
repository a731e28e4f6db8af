//! How the gateway does, in a word and in figures.

use std::collections::BTreeMap;

use super::redis::{BreakerState, RedisStatus};
use super::{Close, Gateway};
use crate::domain::Endpoint;

/// A larger share of events that are lost is not healthy.
const TOO_MANY_DROPS: f64 = 0.05;

/// How somebody or something does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    Healthy,
    /// It works, and less than it should.
    Degraded,
    /// It tells nobody anything.
    Unhealthy,
}

impl Health {
    pub fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }
}

impl RedisStatus {
    /// How the connection does that brings events.
    pub fn hearing(&self) -> Health {
        if self.is_ready { Health::Healthy } else { Health::Degraded }
    }

    /// How the one does that takes ours.
    pub fn telling(&self) -> Health {
        if self.is_connected && self.breaker == BreakerState::Closed {
            Health::Healthy
        } else {
            Health::Degraded
        }
    }
}

/// All that is told of the gateway's health.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkup {
    pub health: Health,
    /// `None` when this server is the only one.
    pub redis: Option<RedisStatus>,
    pub connections: [(Endpoint, u64); Endpoint::ALL.len()],
    /// Most connections; 0: any number.
    pub max_connections: usize,
    pub waiting: usize,
    /// The share of events that were lost of late, 0 to 1.
    pub drop_rate: f64,
}

impl Checkup {
    pub fn total(&self) -> u64 {
        self.connections.iter().map(|(_, count)| count).sum()
    }
}

impl Gateway {
    /// How it does now.
    pub fn check_up(&self) -> Checkup {
        let (redis, drop_rate) = (self.redis_status(), self.figures().drop_rate());
        let shared = redis.as_ref().map_or(Health::Healthy, |redis| redis.hearing().max(redis.telling()));
        let losing = if drop_rate > TOO_MANY_DROPS { Health::Degraded } else { Health::Healthy };
        let serving = if self.is_serving() { Health::Healthy } else { Health::Unhealthy };
        Checkup {
            health: shared.max(losing).max(serving),
            redis,
            connections: Endpoint::ALL.map(|endpoint| (endpoint, self.figures().connected(endpoint))),
            max_connections: self.inner.settings.most.total,
            waiting: self.waiting(),
            drop_rate,
        }
    }

    /// Whether clients may be sent here: it tells events, and has heard of those of other servers, if there are any.
    pub fn is_ready(&self) -> bool {
        self.is_serving() && self.redis_status().is_none_or(|redis| redis.was_ready)
    }

    /// Whether events that come are sent.
    fn is_serving(&self) -> bool {
        !self.is_stopping() && !self.figures().is_stuck()
    }
}

/// How often connections ended by each code.
pub fn by_code(closed: impl Fn(Close) -> u64) -> BTreeMap<u16, u64> {
    let mut codes = BTreeMap::new();
    // Some codes have several reasons.
    for close in Close::ALL {
        *codes.entry(close.code()).or_default() += closed(close);
    }
    codes
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn whatever_is_lost_of_redis_is_told() {
        let up = RedisStatus {
            is_connected: true,
            is_ready: true,
            was_ready: true,
            last_error: None,
            reconnects: 0,
            subscriptions: 0,
            streams: 0,
            breaker: BreakerState::Closed,
            failures: 0,
            lag: Duration::ZERO,
            waiting: 0,
        };
        assert_eq!((up.hearing(), up.telling()), (Health::Healthy, Health::Healthy));
        let deaf = RedisStatus { is_ready: false, ..up.clone() };
        assert_eq!((deaf.hearing(), deaf.telling()), (Health::Degraded, Health::Healthy));
        for mute in [
            RedisStatus { is_connected: false, ..up.clone() },
            RedisStatus { breaker: BreakerState::Open, ..up.clone() },
            RedisStatus { breaker: BreakerState::HalfOpen, ..up },
        ] {
            assert_eq!(mute.telling(), Health::Degraded, "{mute:?}");
        }
    }

    #[test]
    fn reasons_of_one_code_are_counted_together() {
        let codes = by_code(|_| 1);
        assert_eq!(
            (codes[&1013], codes[&4430], codes.values().sum::<u64>()),
            (2, 1, Close::ALL.len() as u64)
        );
    }
}
