//! Events in, frames out: takes events of all tenants, gives each its place in its stream, and sends it to whom it is for.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::audience::{Listens, Sectors};
use super::figures::Figures;
use super::lanes::{Class, LaneFull, Lanes, Turn};
use super::stream::{Keep, Placed, Position, Stamped};
use super::sync::{Mutex, MutexGuard, RwLock};
use super::tenant::{Crowd, Joined, Positions, Sending, Tenant};
use crate::auth::{Branches, Cleared};
use crate::clock::Clock;
use crate::domain::{BranchId, Event, TenantId};

/// Frames that are sent before the next tenant has its turn: under a millisecond of writing.
const PIECE: usize = 256;

/// A listener as the hub sees it.
pub trait Member: Clone + Send + Sync + 'static {
    /// Its number, unique in the process.
    fn id(&self) -> u64;

    /// Sends an event and never waits; whether it was taken.
    fn send(&self, stamped: &Arc<Stamped>) -> bool;

    /// Sends what came since `start`.
    fn catch_up(&self, joined: &Joined, start: &Start);

    /// Tells of a stream that was not there when it joined.
    fn tell_of(&self, branch: BranchId, position: &Position);

    /// Tells that events of a stream may have been lost up to this position.
    fn tell_gap(&self, branch: BranchId, position: &Position);

    /// Its session is over, after what was sent.
    fn end_session(&self);
}

/// From where somebody listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// From these positions, of which it was told a moment ago.
    At(Positions),
    /// It was away since, and wants to be told when it has everything.
    Resume(Positions),
    /// It listens already and was told everything since `had`: what it missed is what came before that.
    Again { since: Positions, had: Positions },
}

impl Start {
    pub(super) fn positions(&self) -> &Positions {
        match self {
            Self::At(positions) | Self::Resume(positions) | Self::Again { since: positions, .. } => positions,
        }
    }

    /// From where on it was told everything already, if it listens.
    pub(super) fn had(&self) -> Option<&Positions> {
        match self {
            Self::At(_) | Self::Resume(_) => None,
            Self::Again { had, .. } => Some(had),
        }
    }
}

/// An event on its way through a crowd.
struct Round<M> {
    sending: Sending<M>,
    crowd: usize,
    member: usize,
    received: Instant,
}

struct Work {
    what: What,
    received: Instant,
}

enum What {
    /// An event that gets its place here.
    Event(Event),
    /// One that got it elsewhere.
    Placed(Placed),
    /// A stream is elsewhere now.
    Renewed(TenantId, BranchId, Position),
}

/// The hub; cheap to clone.
pub struct Hub<M> {
    inner: Arc<Inner<M>>,
}

impl<M> Clone for Hub<M> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

struct Inner<M> {
    tenants: RwLock<HashMap<TenantId, Arc<Mutex<Tenant<M>>>>>,
    lanes: Mutex<Lanes<Work, Round<M>>>,
    wake: Notify,
    keep: Keep,
    clock: Clock,
    figures: Arc<Figures>,
    cleared: Cleared,
}

/// The session of these guests is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionOver;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells those who listen to all branches of the new ones.
fn tell_news<M: Member>(tenant: &mut Tenant<M>) {
    for (branch, crowd, position) in tenant.take_news() {
        crowd.iter().for_each(|member| member.tell_of(branch, &position));
    }
}

impl<M: Member> Hub<M> {
    /// A hub in which so many events of a tenant may wait.
    pub fn new(keep: Keep, room: usize, clock: Clock, figures: Arc<Figures>, cleared: Cleared) -> Self {
        let (tenants, lanes) = (RwLock::default(), Mutex::new(Lanes::new(room)));
        let inner = Inner { tenants, lanes, wake: Notify::new(), keep, clock, figures, cleared };
        Self { inner: Arc::new(inner) }
    }

    /// Takes an event, to be sent soon.
    ///
    /// # Errors
    /// When as many of its tenant's wait as may.
    pub fn publish(&self, event: Event) -> Result<(), LaneFull> {
        let class = if event.kind.topic().is_urgent() { Class::Urgent } else { Class::Normal };
        let pushed = self.push(event.tenant, class, What::Event(event));
        let figures = &self.inner.figures;
        if pushed.is_ok() {
            figures.published.add(1);
        } else {
            figures.dropped.add(1);
        }
        pushed
    }

    /// Takes an event that has its place. Those of a tenant are sent in the order in which they come.
    ///
    /// # Errors
    /// When as many of its tenant's wait as may; nothing is lost then, as it can be asked for again.
    pub fn deliver(&self, placed: Placed) -> Result<(), LaneFull> {
        self.push(placed.stamped.event.tenant, Class::Normal, What::Placed(placed))
    }

    /// Brings a stream to where it is elsewhere, after what waits.
    ///
    /// # Errors
    /// As [`Hub::deliver`].
    pub fn renew(&self, tenant: TenantId, branch: BranchId, position: Position) -> Result<(), LaneFull> {
        self.push(tenant, Class::Normal, What::Renewed(tenant, branch, position))
    }

    /// Makes a stream known before anybody listens to it.
    pub fn load(&self, tenant: TenantId, branch: BranchId, position: Position, newest: Vec<Placed>) {
        let tenant = self.tenant(tenant);
        let mut tenant = lock(&tenant);
        newest.iter().for_each(|placed| self.inner.cleared.note(&placed.stamped.event));
        tenant.load(branch, position, newest);
        tell_news(&mut tenant);
    }

    /// A stream is not followed elsewhere any more: it goes when nobody needs it.
    pub fn release(&self, tenant: TenantId, branch: BranchId) {
        lock(&self.tenant(tenant)).release(branch);
    }

    fn push(&self, tenant: TenantId, class: Class, what: What) -> Result<(), LaneFull> {
        lock(&self.inner.lanes).push(tenant, class, Work { what, received: Instant::now() })?;
        self.inner.wake.notify_one();
        Ok(())
    }

    /// Events that wait.
    pub fn waiting(&self) -> usize {
        lock(&self.inner.lanes).len()
    }

    /// How many tenants there is something of.
    pub fn tenants(&self) -> usize {
        self.inner.tenants.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Where a listener's streams are.
    pub fn positions(&self, tenant: TenantId, listens: &Listens) -> Positions {
        let tenant = self.tenant(tenant);
        let mut tenant = lock(&tenant);
        tenant.touch(self.inner.clock.now());
        let positions = tenant.positions(listens);
        tell_news(&mut tenant);
        positions
    }

    /// Seats a listener, after what came since `start`; answers from where on it is told everything.
    ///
    /// # Errors
    /// When it is of a session that is over.
    pub fn join(
        &self,
        id: TenantId,
        member: &M,
        listens: Listens,
        start: &Start,
    ) -> Result<Positions, SessionOver> {
        let tenant = self.tenant(id);
        let mut tenant = lock(&tenant);
        // Under the lock: a table that is cleared the moment after parts with those who are there.
        if let (Some(session), Branches::Some(some)) = (&listens.session, &listens.branches)
            && some.iter().any(|branch| self.inner.cleared.is_over(id, *branch, session))
        {
            return Err(SessionOver);
        }
        let joined = tenant.join(member.id(), member.clone(), listens, start);
        tell_news(&mut tenant);
        // Under the lock: what comes next goes behind it.
        member.catch_up(&joined, start);
        Ok(joined.from)
    }

    pub fn reseat(&self, tenant: TenantId, id: u64, sectors: Sectors) {
        lock(&self.tenant(tenant)).reseat(id, sectors);
    }

    pub fn leave(&self, tenant: TenantId, id: u64) {
        let tenant = self.tenant(tenant);
        let mut tenant = lock(&tenant);
        tenant.touch(self.inner.clock.now());
        tenant.leave(id);
    }

    /// The waiters of a tenant.
    pub fn waiters(&self, tenant: TenantId) -> Vec<M> {
        lock(&self.tenant(tenant)).waiters().cloned().collect()
    }

    /// Forgets tenants of whom nobody is there and nothing is kept.
    pub fn tidy(&self) {
        let now = self.inner.clock.now();
        let mut tenants = self.inner.tenants.write().unwrap_or_else(PoisonError::into_inner);
        // Whoever holds one is about to use it.
        tenants.retain(|_, tenant| Arc::strong_count(tenant) > 1 || !lock(tenant).is_idle(now));
    }

    fn tenant(&self, id: TenantId) -> Arc<Mutex<Tenant<M>>> {
        let tenants = self.inner.tenants.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(tenant) = tenants.get(&id) {
            return tenant.clone();
        }
        drop(tenants);
        let mut tenants = self.inner.tenants.write().unwrap_or_else(PoisonError::into_inner);
        tenants.entry(id).or_insert_with(|| Arc::new(Mutex::new(Tenant::new(self.inner.keep)))).clone()
    }

    /// Sends events until `stop`, and then what waits.
    pub async fn run(self, stop: CancellationToken) {
        let mut is_stopping = false;
        loop {
            if self.turn() {
                // Those who read and those who write share the processors.
                tokio::task::yield_now().await;
                continue;
            }
            if is_stopping {
                return;
            }
            tokio::select! {
                () = self.inner.wake.notified() => {}
                () = stop.cancelled() => is_stopping = true,
            }
        }
    }

    /// Sends a piece of what waits; whether there was anything.
    pub fn turn(&self) -> bool {
        let next = lock(&self.inner.lanes).next();
        let Some((tenant, turn)) = next else { return false };
        let round = match turn {
            Turn::New(work) => self.begin(work),
            Turn::Rest(round) => Some(round),
        };
        let rest = round.and_then(|round| self.send_piece(round));
        lock(&self.inner.lanes).done(tenant, rest);
        true
    }

    /// What is to be sent for a piece of work, if anything.
    fn begin(&self, work: Work) -> Option<Round<M>> {
        let Work { what, received } = work;
        let figures = &self.inner.figures;
        let sending = match what {
            What::Event(event) => {
                let (tenant, now) = (self.tenant(event.tenant), self.inner.clock.now());
                let mut tenant = lock(&tenant);
                tenant.touch(now);
                self.noted(tenant.send(event, now))
            }
            What::Placed(placed) => {
                let tenant = self.tenant(placed.stamped.event.tenant);
                let mut tenant = lock(&tenant);
                self.noted(tenant.take(placed))
            }
            What::Renewed(tenant, branch, position) => {
                let tenant = self.tenant(tenant);
                let lost = lock(&tenant).renew(branch, position);
                self.tell_lost(branch, lost.as_ref());
                return None;
            }
        };
        let Some(sending) = sending else {
            figures.duplicates.add(1);
            return None;
        };
        let event = &sending.stamped.event;
        if !event.kind.is_known() {
            figures.unknown(&event.kind);
        }
        figures.processed.add(1);
        figures.broadcasts.add(1);
        if let Some((crowd, position)) = &sending.opened {
            crowd.iter().for_each(|member| member.tell_of(event.branch, position));
        }
        self.tell_lost(event.branch, sending.lost.as_ref());
        Some(Round { sending, crowd: 0, member: 0, received })
    }

    /// Under the tenant's lock: whoever comes after an event finds what it says of tables.
    fn noted(&self, sending: Option<Sending<M>>) -> Option<Sending<M>> {
        let new = sending.iter().filter(|sending| sending.is_new);
        new.for_each(|sending| self.inner.cleared.note(&sending.stamped.event));
        sending
    }

    fn tell_lost(&self, branch: BranchId, lost: Option<&(Crowd<M>, Position)>) {
        if let Some((crowd, position)) = lost {
            self.inner.figures.gaps.add(1);
            crowd.iter().for_each(|member| member.tell_gap(branch, position));
        }
    }

    /// Sends to some; what is left.
    fn send_piece(&self, mut round: Round<M>) -> Option<Round<M>> {
        let (mut sent, mut failed) = (0, 0);
        while sent + failed < PIECE as u64 {
            let Some(crowd) = round.sending.to.get(round.crowd) else { break };
            let Some(member) = crowd.get(round.member) else {
                (round.crowd, round.member) = (round.crowd + 1, 0);
                continue;
            };
            round.member += 1;
            match member.send(&round.sending.stamped) {
                true => sent += 1,
                false => failed += 1,
            }
        }
        let figures = &self.inner.figures;
        figures.deliveries.add(sent);
        figures.failed_deliveries.add(failed);
        figures.delivery_seconds.add_many(round.received.elapsed().as_secs_f64(), sent);
        if round.crowd < round.sending.to.len() {
            return Some(round);
        }
        for member in round.sending.cleared.iter().flat_map(|crowd| crowd.iter()) {
            member.end_session();
        }
        None
    }
}
