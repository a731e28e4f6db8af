//! A circuit breaker for what we ask of Redis: after five failures nobody waits for it for a while, then three tries
//! decide.
//!
//! The crates for it fit badly: `failsafe` closes after the first good try and lets any number of tries through at once,
//! tower's want services and windows. Only calls go through it; who listens to Redis tries again within a second, and
//! tells when Redis is back, so that nobody waits out the half minute for nothing. Where there is nothing to send then,
//! the tries only ask whether Redis is there.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures one after the other that open it.
const FAILURES: u32 = 5;

/// It stays open for so long.
const OPEN: Duration = Duration::from_secs(30);

/// Tries that have to go well before it is closed again.
const PROBES: u32 = 3;

/// Whether calls go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    Closed,
    Open,
    /// Some calls go through, to see.
    HalfOpen,
}

impl BreakerState {
    /// Its number in the figures.
    pub fn number(self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Open => 1,
            Self::HalfOpen => 2,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

#[derive(Debug)]
enum Phase {
    Closed,
    Open { until: Instant },
    HalfOpen { begun: u32, good: u32 },
}

#[derive(Debug)]
struct Inner {
    phase: Phase,
    /// One after the other.
    failures: u32,
}

/// The breaker.
#[derive(Debug)]
pub(super) struct Breaker {
    inner: Mutex<Inner>,
}

impl Breaker {
    pub(super) fn new() -> Self {
        Self { inner: Mutex::new(Inner { phase: Phase::Closed, failures: 0 }) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a call, whose end has to be told.
    ///
    /// # Errors
    /// When none may begin; for how long.
    pub(super) fn begin(&self, now: Instant) -> Result<(), Duration> {
        let mut inner = self.lock();
        if let Phase::Open { until } = inner.phase {
            if now < until {
                return Err(until - now);
            }
            inner.phase = Phase::HalfOpen { begun: 0, good: 0 };
        }
        match &mut inner.phase {
            Phase::HalfOpen { begun, .. } if *begun >= PROBES => Err(OPEN),
            Phase::HalfOpen { begun, .. } => {
                *begun += 1;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A call went well.
    pub(super) fn succeed(&self) {
        let mut inner = self.lock();
        inner.failures = 0;
        if let Phase::HalfOpen { good, .. } = &mut inner.phase {
            *good += 1;
            if *good >= PROBES {
                inner.phase = Phase::Closed;
            }
        }
    }

    /// A call failed.
    pub(super) fn fail(&self, now: Instant) {
        let mut inner = self.lock();
        inner.failures = inner.failures.saturating_add(1);
        if inner.failures >= FAILURES || matches!(inner.phase, Phase::HalfOpen { .. }) {
            inner.phase = Phase::Open { until: now + OPEN };
        }
    }

    /// Redis was heard elsewhere: calls may try now.
    pub(super) fn try_now(&self) {
        let mut inner = self.lock();
        if matches!(inner.phase, Phase::Open { .. }) {
            inner.phase = Phase::HalfOpen { begun: 0, good: 0 };
        }
    }

    pub(super) fn state(&self) -> BreakerState {
        match self.lock().phase {
            Phase::Closed => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Failures since the last call that went well.
    pub(super) fn failures(&self) -> u32 {
        self.lock().failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> Breaker {
        let breaker = Breaker::new();
        for _ in 0..FAILURES {
            assert_eq!(breaker.state(), BreakerState::Closed);
            breaker.begin(now).unwrap();
            breaker.fail(now);
        }
        assert_eq!((breaker.state(), breaker.failures()), (BreakerState::Open, FAILURES));
        breaker
    }

    #[test]
    fn five_failures_one_after_the_other_open_it_for_half_a_minute() {
        let now = Instant::now();
        let breaker = opened(now);
        assert_eq!(breaker.begin(now), Err(OPEN));
        assert!(breaker.begin(now + OPEN - Duration::from_millis(1)).is_err());
        assert!(breaker.begin(now + OPEN).is_ok());
        let other = Breaker::new();
        for _ in 0..9 {
            other.fail(now);
            other.succeed();
        }
        assert_eq!(other.state(), BreakerState::Closed, "never five in a row");
    }

    #[test]
    fn three_good_tries_close_it_and_no_fourth_begins_before() {
        let now = Instant::now();
        let breaker = opened(now);
        let later = now + OPEN;
        for _ in 0..PROBES {
            breaker.begin(later).unwrap();
        }
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        assert!(breaker.begin(later).is_err());
        breaker.succeed();
        breaker.succeed();
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        breaker.succeed();
        assert_eq!((breaker.state(), breaker.failures()), (BreakerState::Closed, 0));
    }

    #[test]
    fn one_bad_try_opens_it_again_and_the_time_begins_anew() {
        let now = Instant::now();
        let breaker = opened(now);
        breaker.begin(now + OPEN).unwrap();
        breaker.fail(now + OPEN);
        assert_eq!(breaker.begin(now + OPEN), Err(OPEN));
    }

    #[test]
    fn it_may_be_tried_before_its_time_when_redis_was_heard() {
        let now = Instant::now();
        let breaker = opened(now);
        breaker.try_now();
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        assert!(breaker.begin(now).is_ok());
        let closed = Breaker::new();
        closed.try_now();
        assert_eq!(closed.state(), BreakerState::Closed);
    }
}
