//! What ends a listener though nothing comes: its token's end, a revocation, or the server's own end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Gateway;
use super::close::Close;
use super::identity::Identity;
use crate::domain::{TenantId, Timestamp};

/// A listener is told so long before its token ends.
const EXPIRY_NOTICE: Duration = Duration::from_secs(30);

/// Who is connected, as far as it may have to go.
#[derive(Debug, Clone)]
pub struct Holder {
    pub tenant: TenantId,
    /// The token's own name, by which it may be revoked.
    pub token: Option<Arc<str>>,
    /// `None` of one without a token.
    pub expires: Option<Timestamp>,
}

impl From<&Identity> for Holder {
    fn from(identity: &Identity) -> Self {
        let Identity { tenant, token, expires, .. } = identity;
        Self { tenant: *tenant, token: token.clone(), expires: Some(*expires) }
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    Nothing,
    /// Its token ends at this time, and it should be told.
    Warn(Timestamp),
    End(Close),
}

/// Looks after one listener.
#[derive(Debug)]
pub struct Watch {
    holder: Holder,
    revalidate: Instant,
    warned_of_expiry: bool,
    /// When it is ended because the server stops.
    drain: Option<Instant>,
}

impl Watch {
    pub fn new(gateway: &Gateway, holder: Holder) -> Self {
        let revalidate = Instant::now() + gateway.inner.settings.revalidate_every;
        Self { holder, revalidate, warned_of_expiry: false, drain: None }
    }

    /// When there is something to do. A token ends by the clock on the wall, which may be turned meanwhile: ask again
    /// whenever something else has happened.
    pub fn next_time(&self, gateway: &Gateway) -> Instant {
        let notice = if self.warned_of_expiry { Duration::ZERO } else { EXPIRY_NOTICE };
        let expiry = self.left(gateway).map(|left| Instant::now() + left.saturating_sub(notice));
        [expiry, self.drain].into_iter().flatten().fold(self.revalidate, Instant::min)
    }

    /// What is left of its token's life.
    fn left(&self, gateway: &Gateway) -> Option<Duration> {
        Some(self.holder.expires?.since(gateway.inner.clock.now()))
    }

    /// What is due.
    pub fn due(&mut self, gateway: &Gateway) -> Due {
        let now = Instant::now();
        if self.drain.is_some_and(|at| at <= now) {
            return Due::End(Close::Restart);
        }
        let left = self.left(gateway);
        if left.is_some_and(|left| left.is_zero()) {
            return Due::End(Close::TokenExpired);
        }
        if self.revalidate <= now
            && let Some(close) = self.revalidate(gateway)
        {
            return Due::End(close);
        }
        if left.is_some_and(|left| left <= EXPIRY_NOTICE) && !self.warned_of_expiry {
            self.warned_of_expiry = true;
            return self.holder.expires.map_or(Due::Nothing, Due::Warn);
        }
        Due::Nothing
    }

    /// Why it is to be ended, when its token was revoked.
    pub fn revalidate(&mut self, gateway: &Gateway) -> Option<Close> {
        self.revalidate = Instant::now() + gateway.inner.settings.revalidate_every;
        let is_revoked = gateway.inner.doorman.is_revoked(self.holder.tenant, self.holder.token.as_deref());
        is_revoked.then_some(Close::Unauthorized)
    }

    /// It has a new token, whose end it has to be told of unless that is the same.
    pub fn renew(&mut self, holder: Holder) {
        self.warned_of_expiry &= holder.expires <= self.holder.expires;
        self.holder = holder;
    }

    pub fn is_draining(&self) -> bool {
        self.drain.is_some()
    }

    /// The server stops: it is ended within the time for that, at another moment than others.
    pub fn drain(&mut self, gateway: &Gateway) {
        let within = gateway.inner.settings.drain;
        self.drain = Some(Instant::now() + within.mul_f64(rand::random_range(0.0..1.0)));
    }
}
