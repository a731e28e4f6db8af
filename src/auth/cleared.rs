//! Tables that were cleared: a token of theirs is good no more, however long ago that was told.
//!
//! Every guest who comes is looked up, so they are kept in memory. What is told here holds at once and is written behind;
//! what another server of the same database writes is known within two seconds, and all of it after a start.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::{BranchId, ClearedTable, Event, SessionId, TenantId, Timestamp};
use crate::store::{CLEARED_KEPT, Store, StoreError};

/// How often the store is asked for what others have written.
const EVERY: Duration = Duration::from_secs(2);

/// Two servers' clocks may differ by this much without a table being missed.
const CLOCKS_DIFFER: Duration = Duration::from_secs(300);

/// When the server stops, what waits has so long: a little less than stopping has.
const LAST: Duration = Duration::from_secs(2);

/// Sessions of a tenant that are known: of a thousand tables over a week.
const MAX_SESSIONS: usize = 100_000;

/// Tables that wait for a store that is away.
const MAX_UNWRITTEN: usize = 100_000;

type Party = (BranchId, SessionId);

/// A tenant's sessions, of those that were cleared once.
#[derive(Debug, Default)]
struct Sessions {
    /// Whether it is over, or another party has the name.
    over: HashMap<Party, bool>,
    order: VecDeque<Party>,
}

impl Sessions {
    fn set(&mut self, party: Party, is_over: bool) {
        if self.over.insert(party.clone(), is_over).is_some() {
            return;
        }
        self.order.push_back(party);
        if self.order.len() > MAX_SESSIONS
            && let Some(oldest) = self.order.pop_front()
        {
            self.over.remove(&oldest);
        }
    }
}

#[derive(Debug, Default)]
struct Known {
    sessions: HashMap<TenantId, Sessions>,
    /// What the store is still to be told, as it is now.
    unwritten: HashMap<(TenantId, Party), bool>,
}

#[derive(Debug, Default)]
struct Inner {
    known: Mutex<Known>,
    /// There is something to write.
    wake: Notify,
    /// The store was not yet asked what was known before this start.
    is_unread: AtomicBool,
}

/// The cleared tables of all tenants; cheap to clone. The default has no store behind it.
#[derive(Debug, Clone, Default)]
pub struct Cleared {
    inner: Arc<Inner>,
}

impl Cleared {
    /// Those of a store that is yet to be read, by [`Cleared::follow`].
    pub fn unread() -> Self {
        let cleared = Self::default();
        cleared.inner.is_unread.store(true, Ordering::Release);
        cleared
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.inner.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether all is known that was told before this start.
    pub fn is_whole(&self) -> bool {
        !self.inner.is_unread.load(Ordering::Acquire)
    }

    /// Learns from an event when it clears a table, or seats another party there by the same name.
    pub fn note(&self, event: &Event) {
        ClearedTable::told_by(event).into_iter().for_each(|table| self.set(table));
    }

    /// Learns what was told of a table.
    pub fn set(&self, ClearedTable { tenant, branch, session, is_over }: ClearedTable) {
        let party = (branch, session);
        let mut known = self.lock();
        let sessions = known.sessions.entry(tenant).or_default();
        // Of a table that was never cleared nothing has to be known.
        if is_over || sessions.over.contains_key(&party) {
            sessions.set(party.clone(), is_over);
        }
        if known.unwritten.len() < MAX_UNWRITTEN {
            known.unwritten.insert((tenant, party), is_over);
            self.inner.wake.notify_one();
        }
    }

    /// Whether a token of this session is good no more.
    pub fn is_over(&self, tenant: TenantId, branch: BranchId, session: &SessionId) -> bool {
        let known = self.lock();
        let over = known.sessions.get(&tenant).and_then(|known| known.over.get(&(branch, session.clone())));
        over.copied().unwrap_or(false)
    }

    /// Writes what is noted and learns what others note, until `stop`. While the store is away, what is known holds on
    /// and waits to be written.
    pub async fn follow(self, store: Store, clock: Clock, stop: CancellationToken) {
        let mut since = Timestamp::from_millis(0);
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !stop.is_cancelled() {
            let is_time = tokio::select! {
                () = stop.cancelled() => false,
                () = self.inner.wake.notified() => false,
                _ = ticks.tick() => true,
            };
            if !store.is_ready() {
                continue;
            }
            let now = clock.now();
            let done = match is_time {
                true => self.learn(&store, since, now).await.map(|()| since = now - CLOCKS_DIFFER),
                false => self.write(&store, now).await,
            };
            if let Err(error) = done {
                tracing::debug!(%error, "cleared tables are neither written nor learned");
            }
        }
        let last = tokio::time::timeout(LAST, self.write(&store, clock.now())).await;
        if !matches!(last, Ok(Ok(()))) {
            tracing::warn!(
                "tables that were cleared last could not be written; their tokens may be good after a restart"
            );
        }
    }

    /// Writes what is noted, learns what was written since an instant, and forgets what is over.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn learn(&self, store: &Store, since: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        self.write(store, now).await?;
        let tables = store.cleared_tables(since.max(now - CLEARED_KEPT)).await?;
        let mut known = self.lock();
        for ClearedTable { tenant, branch, session, is_over } in tables {
            let key = (tenant, (branch, session));
            // What was noted meanwhile is newer.
            if !known.unwritten.contains_key(&key) {
                known.sessions.entry(tenant).or_default().set(key.1, is_over);
            }
        }
        self.inner.is_unread.store(false, Ordering::Release);
        Ok(())
    }

    /// Writes what is noted.
    ///
    /// # Errors
    /// When the store fails: what it did not take is tried again.
    async fn write(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let unwritten: Vec<_> =
            self.lock().unwritten.iter().map(|(key, over)| (key.clone(), *over)).collect();
        for (key, is_over) in unwritten {
            let (tenant, (branch, session)) = key.clone();
            store.note_cleared_table(tenant, &ClearedTable { tenant, branch, session, is_over }, now).await?;
            let mut known = self.lock();
            // Unless it has changed meanwhile.
            if known.unwritten.get(&key) == Some(&is_over) {
                known.unwritten.remove(&key);
            }
        }
        Ok(())
    }
}
