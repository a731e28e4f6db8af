//! The only place that asks the machine for the time of day, so that tests can turn it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::domain::Timestamp;

/// A source of the time of day; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// Set only in tests: the time stands still until it is moved.
    held_ms: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at `now` until [`Clock::advance`].
    pub fn held_at(now: Timestamp) -> Self {
        Self { held_ms: Some(Arc::new(AtomicI64::new(now.as_millis()))) }
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
    pub fn now(&self) -> Timestamp {
        let ms = self.held_ms.as_ref().map_or_else(
            || {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
            },
            |held| held.load(Ordering::Relaxed),
        );
        Timestamp::from_millis(ms)
    }

    /// Moves a held clock; the machine's own is left alone.
    pub fn advance(&self, by: Duration) {
        if let Some(held) = &self.held_ms {
            held.fetch_add(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
        }
    }

    /// As [`Clock::advance`], the other way round.
    pub fn set_back(&self, by: Duration) {
        if let Some(held) = &self.held_ms {
            held.fetch_sub(i64::try_from(by.as_millis()).unwrap_or(0), Ordering::Relaxed);
        }
    }
}
