//! How it stands with Redis, for those who look after the server.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::breaker::BreakerState;

/// How it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct RedisStatus {
    pub is_connected: bool,
    /// Everything that listeners here need is followed, and nothing that came meanwhile is missing.
    pub is_ready: bool,
    /// It was so at least once since the start, but for what Redis does not let be heard.
    pub was_ready: bool,
    /// What went wrong last; none when nothing did since.
    pub last_error: Option<String>,
    /// Times that a connection was made after one was lost.
    pub reconnects: u64,
    /// Channels and patterns that are subscribed.
    pub subscriptions: usize,
    /// Streams that are followed.
    pub streams: usize,
    pub breaker: BreakerState,
    /// Calls that failed, one after the other.
    pub failures: u32,
    /// From Redis to here, by two clocks, of the newest event.
    pub lag: Duration,
    /// Events on their way to Redis.
    pub waiting: usize,
}

#[derive(Debug, Default)]
struct Inner {
    is_connected: bool,
    is_ready: bool,
    was_ready: bool,
    last_error: Option<String>,
    connects: u64,
    subscriptions: usize,
    streams: usize,
    lag: Duration,
}

/// What is noted of it.
#[derive(Debug, Default)]
pub(super) struct Status {
    inner: Mutex<Inner>,
}

impl Status {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn connect(&self) {
        let mut inner = self.lock();
        inner.is_connected = true;
        inner.connects += 1;
    }

    pub(super) fn be_ready(&self) {
        let mut inner = self.lock();
        if !inner.is_ready && (inner.was_ready || inner.last_error.is_some()) {
            tracing::info!("Redis is back: all that is needed is heard again");
        }
        (inner.is_ready, inner.was_ready, inner.last_error) = (true, true, None);
    }

    /// All is there that Redis lets be heard.
    pub(super) fn be_ready_but_for_refused(&self) {
        self.lock().was_ready = true;
    }

    pub(super) fn disconnect(&self) {
        let mut inner = self.lock();
        (inner.is_connected, inner.is_ready) = (false, false);
    }

    /// Redis does not let something be heard that is needed.
    pub(super) fn be_refused(&self, error: &redis::RedisError) {
        self.note_error(error);
        self.lock().is_ready = false;
    }

    /// Errors of the crate name neither address nor password.
    pub(super) fn note_error(&self, error: &redis::RedisError) {
        let text = error.to_string();
        let mut inner = self.lock();
        if inner.last_error.as_ref() != Some(&text) {
            tracing::warn!(error = text, "Redis");
            inner.last_error = Some(text);
        }
    }

    pub(super) fn count(&self, subscriptions: usize, streams: usize) {
        let mut inner = self.lock();
        (inner.subscriptions, inner.streams) = (subscriptions, streams);
    }

    pub(super) fn note_lag(&self, lag: Duration) {
        self.lock().lag = lag;
    }

    pub(super) fn read(&self, (breaker, failures): (BreakerState, u32), waiting: usize) -> RedisStatus {
        let inner = self.lock();
        RedisStatus {
            is_connected: inner.is_connected,
            is_ready: inner.is_ready,
            was_ready: inner.was_ready,
            last_error: inner.last_error.clone(),
            reconnects: inner.connects.saturating_sub(1),
            subscriptions: inner.subscriptions,
            streams: inner.streams,
            breaker,
            failures,
            lag: inner.lag,
            waiting,
        }
    }
}
