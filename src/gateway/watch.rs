//! What ends a listener though nothing comes: its token's end, a revocation, or the server's own end.

use std::time::Duration;

use tokio::time::Instant;

use super::Gateway;
use super::close::Close;
use super::identity::Identity;
use crate::domain::Timestamp;

/// A listener is told so long before its token ends.
const EXPIRY_NOTICE: Duration = Duration::from_secs(30);

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Nothing,
    /// Its token ends at this time, and it should be told.
    Warn(Timestamp),
    End(Close),
}

/// Looks after one listener.
#[derive(Debug)]
pub(super) struct Watch {
    revalidate: Instant,
    warned_of_expiry: bool,
    /// When it is ended because the server stops.
    drain: Option<Instant>,
}

impl Watch {
    pub(super) fn new(gateway: &Gateway) -> Self {
        let revalidate = Instant::now() + gateway.inner.settings.revalidate_every;
        Self { revalidate, warned_of_expiry: false, drain: None }
    }

    /// When there is something to do. A token ends by the clock on the wall, which may be turned meanwhile: ask again
    /// whenever something else has happened.
    pub(super) fn next_time(&self, gateway: &Gateway, identity: &Identity) -> Instant {
        let left = identity.expires.since(gateway.inner.clock.now());
        let notice = if self.warned_of_expiry { Duration::ZERO } else { EXPIRY_NOTICE };
        let expiry = Instant::now() + left.saturating_sub(notice);
        self.drain.into_iter().fold(self.revalidate.min(expiry), Instant::min)
    }

    /// What is due.
    pub(super) fn due(&mut self, gateway: &Gateway, identity: &Identity) -> Due {
        let now = Instant::now();
        if self.drain.is_some_and(|at| at <= now) {
            return Due::End(Close::Restart);
        }
        let left = identity.expires.since(gateway.inner.clock.now());
        if left.is_zero() {
            return Due::End(Close::TokenExpired);
        }
        if self.revalidate <= now
            && let Some(close) = self.revalidate(gateway, identity)
        {
            return Due::End(close);
        }
        if left <= EXPIRY_NOTICE && !self.warned_of_expiry {
            self.warned_of_expiry = true;
            return Due::Warn(identity.expires);
        }
        Due::Nothing
    }

    /// Why it is to be ended, when its token was revoked.
    pub(super) fn revalidate(&mut self, gateway: &Gateway, identity: &Identity) -> Option<Close> {
        self.revalidate = Instant::now() + gateway.inner.settings.revalidate_every;
        let is_revoked = gateway.inner.doorman.is_revoked(identity.tenant, identity.token.as_deref());
        is_revoked.then_some(Close::Unauthorized)
    }

    /// It has a new token, whose end it has to be told of unless that is the same.
    pub(super) fn renew(&mut self, old: Timestamp, new: Timestamp) {
        self.warned_of_expiry &= new <= old;
    }

    pub(super) fn is_draining(&self) -> bool {
        self.drain.is_some()
    }

    /// The server stops: it is ended within the time for that, at another moment than others.
    pub(super) fn drain(&mut self, gateway: &Gateway) {
        let within = gateway.inner.settings.drain;
        self.drain = Some(Instant::now() + within.mul_f64(rand::random_range(0.0..1.0)));
    }
}
