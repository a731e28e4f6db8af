//! How the gateway does, in a word and in figures.

use std::sync::PoisonError;

use super::Gateway;
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

/// Where a connection to Redis stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinkState {
    /// None is wanted: this server is the only one.
    #[default]
    Disabled,
    /// It was not there yet since the start: events of others are not heard, and who comes would miss them.
    Starting,
    /// It is there, and what is subscribed to is confirmed.
    Up,
    /// It was there, and is being made anew.
    Lost,
}

impl LinkState {
    /// As [`Health`] has it, where there is one.
    pub fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Starting => "starting",
            Self::Up => Health::Healthy.name(),
            Self::Lost => Health::Degraded.name(),
        }
    }
}

/// What holds requests back that would fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Breaker {
    #[default]
    Closed,
    Open,
    /// Some are let through to see whether they fail.
    HalfOpen,
}

impl Breaker {
    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }

    /// As the figures have it.
    pub fn number(self) -> i64 {
        match self {
            Self::Closed => 0,
            Self::Open => 1,
            Self::HalfOpen => 2,
        }
    }
}

/// What is known of Redis; nothing when there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RedisHealth {
    /// What brings the events of others.
    pub subscription: LinkState,
    /// What takes ours and answers questions.
    pub requests: LinkState,
    /// Connections that there may be for events, and that there are.
    pub pool_size: u32,
    pub active_connections: u32,
    /// Connections that there may be for requests.
    pub request_pool_size: u32,
    pub breaker: Breaker,
    /// Failures one after the other.
    pub failures: u32,
}

impl RedisHealth {
    fn health(&self) -> Health {
        let links = [self.subscription, self.requests];
        let is_well = links.iter().all(|link| matches!(link, LinkState::Disabled | LinkState::Up));
        if is_well && self.breaker == Breaker::Closed { Health::Healthy } else { Health::Degraded }
    }
}

/// All that is told of the gateway's health.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkup {
    pub health: Health,
    pub redis: RedisHealth,
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
        let (redis, drop_rate) = (self.redis_health(), self.figures().drop_rate());
        let losing = if drop_rate > TOO_MANY_DROPS { Health::Degraded } else { Health::Healthy };
        let serving = if self.is_stopping() || self.is_stuck() { Health::Unhealthy } else { Health::Healthy };
        Checkup {
            health: redis.health().max(losing).max(serving),
            redis,
            connections: Endpoint::ALL.map(|endpoint| (endpoint, self.figures().connected(endpoint))),
            max_connections: self.inner.settings.most.total,
            waiting: self.waiting(),
            drop_rate,
        }
    }

    /// Whether clients may be sent here: it tells events, and those of other servers too.
    pub fn is_ready(&self) -> bool {
        !self.is_stopping() && !self.is_stuck() && self.redis_health().subscription != LinkState::Starting
    }

    /// What the connection to Redis says of itself.
    pub fn redis_health(&self) -> RedisHealth {
        *self.inner.redis.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how the connection to Redis does.
    pub fn note_redis(&self, status: RedisHealth) {
        *self.inner.redis.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    /// Whether events wait and none is sent.
    fn is_stuck(&self) -> bool {
        self.inner.figures.is_stuck()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_redis_nothing_of_it_is_unwell() {
        let none = RedisHealth::default();
        assert_eq!((none.health(), none.subscription.name()), (Health::Healthy, "disabled"));
    }

    #[test]
    fn whatever_is_lost_of_redis_is_told() {
        let up =
            RedisHealth { subscription: LinkState::Up, requests: LinkState::Up, ..RedisHealth::default() };
        assert_eq!(up.health(), Health::Healthy);
        for unwell in [
            RedisHealth { subscription: LinkState::Lost, ..up },
            RedisHealth { subscription: LinkState::Starting, ..up },
            RedisHealth { requests: LinkState::Lost, ..up },
            RedisHealth { breaker: Breaker::Open, ..up },
            RedisHealth { breaker: Breaker::HalfOpen, ..up },
        ] {
            assert_eq!(unwell.health(), Health::Degraded, "{unwell:?}");
        }
    }
}
