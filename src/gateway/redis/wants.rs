//! What this server's listeners need of Redis, and no more: how many need it, and whether it is there.
//!
//! What nobody needs any more is kept for a minute, so that a client who reconnects finds its stream alive.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use crate::auth::Branches;
use crate::domain::{BranchId, SessionId, TenantId};
use crate::gateway::Listens;

/// For so long nothing is given up.
const LINGER: Duration = Duration::from_secs(60);

/// Something that a listener needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Want {
    /// The stream of a branch.
    Branch(TenantId, BranchId),
    /// The streams of all branches.
    Tenant(TenantId),
    /// What other systems publish for one party.
    Session(TenantId, SessionId),
}

impl Want {
    pub(super) fn tenant(&self) -> TenantId {
        match self {
            Self::Branch(tenant, _) | Self::Tenant(tenant) | Self::Session(tenant, _) => *tenant,
        }
    }

    fn of(tenant: TenantId, listens: &Listens) -> Vec<Self> {
        let streams: Vec<_> = match &listens.branches {
            Branches::All => vec![Self::Tenant(tenant)],
            Branches::Some(some) => some.iter().map(|branch| Self::Branch(tenant, *branch)).collect(),
        };
        let session = listens.session.clone().map(|session| Self::Session(tenant, session));
        streams.into_iter().chain(session).collect()
    }
}

#[derive(Debug)]
struct Entry {
    users: usize,
    /// Since when there are none.
    idle: Instant,
    ready: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<Want, Entry>,
    /// Those that were not there when they were last asked for.
    fresh: Vec<Want>,
}

/// Everything that is needed.
#[derive(Debug, Default)]
pub(super) struct Wants {
    inner: Mutex<Inner>,
    /// There is something fresh.
    pub(super) changed: Notify,
}

impl Wants {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Needs what a listener hears, until the answer is dropped.
    pub(super) fn need(self: &Arc<Self>, tenant: TenantId, listens: &Listens) -> Need {
        let mut inner = self.lock();
        let mut need = Need { wants: self.clone(), held: Want::of(tenant, listens), ready: Vec::new() };
        for want in &need.held {
            if !inner.entries.contains_key(want) {
                let entry = Entry { users: 0, idle: Instant::now(), ready: watch::Sender::new(false) };
                inner.entries.insert(want.clone(), entry);
                inner.fresh.push(want.clone());
                self.changed.notify_one();
            }
            let entry = inner.entries.get_mut(want).expect("what was put in should be there");
            entry.users += 1;
            need.ready.push(entry.ready.subscribe());
        }
        need
    }

    /// What came since this was last asked.
    pub(super) fn fresh(&self) -> Vec<Want> {
        std::mem::take(&mut self.lock().fresh)
    }

    /// Gives up what nobody has needed for a while.
    pub(super) fn sweep(&self, now: Instant) -> Vec<Want> {
        let mut inner = self.lock();
        let is_old = |entry: &Entry| entry.users == 0 && now.saturating_duration_since(entry.idle) >= LINGER;
        let Inner { entries, fresh } = &mut *inner;
        let old = entries.extract_if(|want, entry| is_old(entry) && !fresh.contains(want));
        old.map(|(want, _)| want).collect()
    }

    /// It is there, and from now on kept up.
    pub(super) fn set_ready(&self, want: &Want) {
        if let Some(entry) = self.lock().entries.get(want) {
            entry.ready.send_replace(true);
        }
    }

    pub(super) fn is_ready(&self, want: &Want) -> bool {
        self.lock().entries.get(want).is_some_and(|entry| *entry.ready.borrow())
    }
}

/// What one listener needs; given back when dropped.
#[derive(Debug)]
pub(in crate::gateway) struct Need {
    wants: Arc<Wants>,
    held: Vec<Want>,
    ready: Vec<watch::Receiver<bool>>,
}

impl Need {
    /// Waits until everything is there; whether it came to that.
    pub(in crate::gateway) async fn is_met(&mut self, within: Duration) -> bool {
        let all = async {
            for ready in &mut self.ready {
                if ready.wait_for(|ready| *ready).await.is_err() {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(within, all).await.unwrap_or(false)
    }
}

impl Drop for Need {
    fn drop(&mut self) {
        let mut inner = self.wants.lock();
        for want in &self.held {
            if let Some(entry) = inner.entries.get_mut(want) {
                entry.users -= 1;
                entry.idle = Instant::now();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::Endpoint;
    use crate::gateway::Sectors;

    fn listens(branches: Branches) -> Listens {
        let sectors = Sectors::These(BTreeSet::new());
        Listens { endpoint: Endpoint::Diner, branches, sectors, session: SessionId::new("7").ok() }
    }

    #[test]
    fn what_two_need_is_asked_for_once_and_given_up_a_minute_after_both() {
        let (wants, tenant) = (Arc::new(Wants::default()), TenantId::default());
        let branch = BranchId::default();
        let one = wants.need(tenant, &listens([branch].into_iter().collect()));
        let other = wants.need(tenant, &listens([branch].into_iter().collect()));
        assert_eq!(wants.fresh().len(), 2, "the branch and the session");
        assert!(wants.fresh().is_empty());
        let later = Instant::now() + 2 * LINGER;
        drop(one);
        assert!(wants.sweep(later).is_empty());
        drop(other);
        assert!(wants.sweep(Instant::now()).is_empty(), "it lingers");
        assert_eq!(wants.sweep(later).len(), 2);
        assert!(wants.lock().entries.is_empty());
    }

    #[tokio::test]
    async fn a_need_is_met_when_all_is_there() {
        let (wants, tenant) = (Arc::new(Wants::default()), TenantId::default());
        let mut need = wants.need(tenant, &listens(Branches::All));
        assert!(!need.is_met(Duration::ZERO).await);
        wants.set_ready(&Want::Tenant(tenant));
        assert!(!need.is_met(Duration::ZERO).await);
        wants.fresh().iter().for_each(|want| wants.set_ready(want));
        assert!(need.is_met(Duration::ZERO).await);
    }
}
