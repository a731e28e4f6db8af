//! Tokens that are good no more before their time.
//!
//! Every request asks, so they are kept in memory: what is revoked here holds at once, what another server of the same
//! database revokes within two seconds.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::TokenError;
use crate::clock::Clock;
use crate::domain::{TenantId, Timestamp};
use crate::store::{Store, StoreError};

/// How often the store is asked for what others have revoked.
const EVERY: Duration = Duration::from_secs(2);

/// Two servers' clocks may differ by this much without a revocation being missed.
const CLOCKS_DIFFER: Duration = Duration::from_secs(300);

/// Name of a token → when it would have ended anyway.
type Names = HashMap<String, Option<Timestamp>>;

/// The revoked tokens of all tenants; cheap to clone.
#[derive(Debug, Clone)]
pub struct Revocations {
    store: Store,
    clock: Clock,
    known: Arc<RwLock<HashMap<TenantId, Names>>>,
    /// The store has told what was revoked before this start.
    is_whole: Arc<AtomicBool>,
    changed: watch::Sender<()>,
}

impl Revocations {
    pub fn new(store: Store, clock: Clock) -> Self {
        Self {
            store,
            clock,
            known: Arc::default(),
            is_whole: Arc::default(),
            changed: watch::Sender::new(()),
        }
    }

    /// Whether there is somebody to ask.
    pub fn is_ready(&self) -> bool {
        self.store.is_ready()
    }

    /// Whether all is known that was revoked before this start.
    pub fn is_whole(&self) -> bool {
        self.is_whole.load(Ordering::Acquire)
    }

    /// Looks at a token by its name; one that has none cannot be revoked.
    ///
    /// # Errors
    /// When it is good no more, or nobody knows yet.
    pub fn check(&self, tenant: TenantId, token: Option<&str>) -> Result<(), TokenError> {
        let Some(token) = token else { return Ok(()) };
        // First, as what is not found may be learned the moment after.
        let is_whole = self.is_whole();
        match self.contains(tenant, token) {
            true => Err(TokenError::Revoked),
            false if is_whole => Ok(()),
            false => Err(TokenError::Unsure),
        }
    }

    /// Whether the token of this name is good no more.
    pub fn contains(&self, tenant: TenantId, token: &str) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&tenant).is_some_and(|names| names.contains_key(token))
    }

    /// Holds from now on, on this server; the store is the caller's to tell.
    pub fn add(&self, tenant: TenantId, token: &str, expires: Option<Timestamp>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(tenant).or_default().insert(token.to_owned(), expires);
        drop(known);
        self.changed.send_replace(());
    }

    /// Tells each time that more tokens are revoked.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Learns what the store knows, and again every two seconds until `stop`. While the store is away, what is known
    /// holds on.
    pub async fn follow(&self, stop: CancellationToken) {
        let mut since = Timestamp::from_millis(0);
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if !self.is_ready() {
                continue;
            }
            let now = self.clock.now();
            match self.learn(since).await {
                Ok(()) => since = now - CLOCKS_DIFFER,
                Err(error) => tracing::debug!(%error, "cannot ask for revoked tokens"),
            }
        }
    }

    /// Learns what was revoked since an instant, and forgets what is over.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn learn(&self, since: Timestamp) -> Result<(), StoreError> {
        let now = self.clock.now();
        let revoked = self.store.revoked_tokens(since, now).await?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        for token in revoked {
            let names = known.entry(token.tenant).or_default();
            if names.insert(token.id, token.expires).is_none() {
                self.changed.send_replace(());
            }
        }
        // A token is believed for some seconds after its end.
        let is_over = |expires: &Option<Timestamp>| expires.is_some_and(|at| at + CLOCKS_DIFFER < now);
        known.values_mut().for_each(|names| names.retain(|_, expires| !is_over(expires)));
        known.retain(|_, names| !names.is_empty());
        self.is_whole.store(true, Ordering::Release);
        Ok(())
    }
}
