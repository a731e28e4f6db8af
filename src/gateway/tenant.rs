//! One tenant's listeners and streams: who is there, and who of them gets what.
//!
//! Another tenant's listener cannot be in here, so no mistake in routing tells one tenant of another. Whoever joins gets
//! what it missed and its place among the listeners in one step: nothing falls between the two, and nothing comes twice.

mod shared;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::audience::{Group, Listens, Sectors, audience, is_for};
use super::hub::Start;
use super::recent::Recent;
use super::stream::{Keep, Position, Stamped, Stream, new_epoch};
use crate::auth::Branches;
use crate::domain::{BranchId, Endpoint, Event, EventType, SessionId, Timestamp};

/// Branches of a tenant: more venues than anybody has, and few enough for numbers that somebody makes up.
const MAX_BRANCHES: usize = 10_000;

/// Sessions of a branch whose end is remembered: of a thousand tables over a day.
const MAX_ENDED_SESSIONS: usize = 10_000;

/// Positions by branch.
pub type Positions = BTreeMap<BranchId, Position>;

/// Listeners of a group, as they were when an event came.
pub(super) type Crowd<M> = Arc<[M]>;

/// A group's listeners by their numbers.
#[derive(Debug)]
struct Members<M> {
    all: BTreeMap<u64, M>,
    /// Made when the next event comes, not for each who comes or goes.
    crowd: Option<Crowd<M>>,
}

impl<M: Clone> Members<M> {
    fn crowd(&mut self) -> Crowd<M> {
        self.crowd.get_or_insert_with(|| self.all.values().cloned().collect()).clone()
    }
}

impl<M> Default for Members<M> {
    fn default() -> Self {
        Self { all: BTreeMap::new(), crowd: None }
    }
}

/// One branch.
#[derive(Debug)]
struct Branch<M> {
    stream: Stream,
    groups: HashMap<Group, Members<M>>,
    ended: Ended,
    recent: Recent,
    /// It is followed elsewhere, and has to be here as long as that lasts.
    is_shared: bool,
}

impl<M> Branch<M> {
    fn new(stream: Stream) -> Self {
        Self {
            stream,
            groups: HashMap::new(),
            ended: Ended::default(),
            recent: Recent::default(),
            is_shared: false,
        }
    }

    fn add(&mut self, id: u64, member: &M, groups: &[Group])
    where
        M: Clone,
    {
        for group in groups {
            let members = self.groups.entry(group.clone()).or_default();
            members.all.insert(id, member.clone());
            members.crowd = None;
        }
    }

    fn remove(&mut self, id: u64, groups: &[Group]) {
        for group in groups {
            if let Some(members) = self.groups.get_mut(group) {
                members.all.remove(&id);
                members.crowd = None;
                if members.all.is_empty() {
                    self.groups.remove(group);
                }
            }
        }
    }
}

/// Where sessions were over: the offset of the event that said so.
#[derive(Debug, Default)]
struct Ended {
    at: HashMap<SessionId, u64>,
    order: VecDeque<SessionId>,
}

impl Ended {
    fn note(&mut self, event: &Event, offset: u64) {
        let Some(session) =
            event.session.as_ref().filter(|_| event.kind.as_str() == EventType::TABLE_CLEARED)
        else {
            return;
        };
        if self.at.insert(session.clone(), offset).is_none() {
            self.order.push_back(session.clone());
        }
        if self.order.len() > MAX_ENDED_SESSIONS
            && let Some(oldest) = self.order.pop_front()
        {
            self.at.remove(&oldest);
        }
    }

    /// The count of offsets begins anew; what was before is not heard by anybody.
    fn begin_anew(&mut self) {
        self.at.values_mut().for_each(|offset| *offset = 0);
    }

    /// The offset that a session's guests hear nothing before: another party had the same name.
    fn floor(&self, session: &SessionId) -> u64 {
        self.at.get(session).copied().unwrap_or(0)
    }
}

#[derive(Debug)]
struct Seat<M> {
    member: M,
    listens: Listens,
}

/// What becomes of an event.
#[derive(Debug)]
pub struct Sending<M> {
    pub stamped: Arc<Stamped>,
    /// It was not sent before.
    pub is_new: bool,
    /// Who gets it; nobody is in two of them.
    pub to: Vec<Crowd<M>>,
    /// Those who did not know of this stream, and where it was before.
    pub opened: Option<(Crowd<M>, Position)>,
    /// Those who may have missed something before it, and where the stream was after that.
    pub lost: Option<(Crowd<M>, Position)>,
    /// The guests of a table that this event clears.
    pub cleared: Option<Crowd<M>>,
}

impl<M> Sending<M> {
    fn to_nobody(stamped: Arc<Stamped>) -> Self {
        Self { stamped, is_new: false, to: Vec::new(), opened: None, lost: None, cleared: None }
    }
}

/// What somebody gets on joining.
#[derive(Debug, PartialEq)]
pub struct Joined {
    /// Where its streams are now, and whether everything that was missed is known.
    pub streams: BTreeMap<BranchId, (Position, bool)>,
    /// What was missed, stream by stream in order.
    pub missed: Vec<Arc<Stamped>>,
    /// From where on it is told everything, with what was missed.
    pub from: Positions,
}

impl Joined {
    pub fn is_recovered(&self) -> bool {
        self.streams.values().all(|(_, recovered)| *recovered)
    }
}

/// One tenant. `M` is a listener's handle.
#[derive(Debug)]
pub struct Tenant<M> {
    branches: BTreeMap<BranchId, Branch<M>>,
    seats: HashMap<u64, Seat<M>>,
    keep: Keep,
    /// When somebody last came or was told where the streams are.
    used: Timestamp,
    news: Vec<(BranchId, Crowd<M>, Position)>,
}

impl<M: Clone> Tenant<M> {
    pub fn new(keep: Keep) -> Self {
        Self {
            branches: BTreeMap::new(),
            seats: HashMap::new(),
            keep,
            used: Timestamp::from_millis(0),
            news: Vec::new(),
        }
    }

    /// Notes that it is in use at `now`.
    pub fn touch(&mut self, now: Timestamp) {
        self.used = now;
    }

    /// Whether there is nothing in here worth keeping at `now`: also no place in a stream that somebody may come back to.
    pub fn is_idle(&mut self, now: Timestamp) -> bool {
        self.branches.values_mut().for_each(|branch| branch.stream.forget(now));
        let is_idle = |branch: &Branch<M>| branch.stream.is_empty() && !branch.is_shared;
        now.since(self.used) > self.keep.age && self.seats.is_empty() && self.branches.values().all(is_idle)
    }

    /// Where the streams are that a listener has.
    pub fn positions(&mut self, listens: &Listens) -> Positions {
        if let Branches::Some(some) = &listens.branches {
            for branch in some {
                self.open_quietly(*branch, Position { epoch: new_epoch(), offset: 0 });
            }
        }
        let own = self.branches.iter().filter(|(branch, _)| listens.is_in(**branch));
        own.map(|(branch, room)| (*branch, room.stream.position())).collect()
    }

    /// Seats a listener, who has everything up to `start`; of streams that are not in there it gets everything there is.
    pub fn join(&mut self, id: u64, member: M, listens: Listens, start: &Start) -> Joined {
        self.leave(id);
        let mut joined = Joined { streams: BTreeMap::new(), missed: Vec::new(), from: Positions::new() };
        let groups = listens.groups();
        let positions = self.positions(&listens);
        for (branch, position) in positions {
            let room = self.branches.get_mut(&branch).expect("a branch with a position should be there");
            let floor = listens.session.as_ref().map_or(0, |session| room.ended.floor(session));
            let begin = || Position { offset: 0, ..position.clone() };
            let since = start.positions().get(&branch).cloned().unwrap_or_else(begin);
            // What it was told already: of streams that are newer than its coming, everything.
            let had = start.had().map(|had| had.get(&branch).filter(|had| had.epoch == position.epoch));
            let end = had.map_or(position.offset, |had| had.map_or(0, |had| had.offset));
            let missed = room.stream.after(&since, &groups);
            let recovered = missed.is_some();
            let own = missed.into_iter().flatten();
            let own = own.filter(|stamped| stamped.offset > floor && is_for(&stamped.event, &groups));
            joined.missed.extend(own.take_while(|stamped| stamped.offset <= end).cloned());
            let from = if recovered { since.offset.min(end) } else { end };
            joined.from.insert(branch, Position { offset: from, ..position.clone() });
            // Not where it is now: what is on its way since comes behind this, and is not to be taken for had.
            joined.streams.insert(branch, (Position { offset: end, ..position }, recovered));
            room.add(id, &member, &groups);
        }
        // Of a stream that is not there any more nothing is known, and it has to be said.
        for (branch, position) in start.positions().iter().filter(|(branch, _)| listens.is_in(**branch)) {
            joined.streams.entry(*branch).or_insert_with(|| (position.clone(), false));
        }
        self.seats.insert(id, Seat { member, listens });
        joined
    }

    /// Gives a waiter other sectors.
    pub fn reseat(&mut self, id: u64, sectors: Sectors) {
        let Some(mut seat) = self.seats.remove(&id) else { return };
        self.unseat(id, &seat.listens);
        seat.listens.sectors = sectors;
        let groups = seat.listens.groups();
        for (branch, room) in &mut self.branches {
            if seat.listens.is_in(*branch) {
                room.add(id, &seat.member, &groups);
            }
        }
        self.seats.insert(id, seat);
    }

    pub fn leave(&mut self, id: u64) {
        if let Some(seat) = self.seats.remove(&id) {
            self.unseat(id, &seat.listens);
        }
    }

    fn unseat(&mut self, id: u64, listens: &Listens) {
        let groups = listens.groups();
        for (_, room) in self.branches.iter_mut().filter(|(branch, _)| listens.is_in(**branch)) {
            room.remove(id, &groups);
        }
    }

    /// Gives an event its place and tells who gets it; `None` when the publisher sent it before.
    pub fn send(&mut self, event: Event, at: Timestamp) -> Option<Sending<M>> {
        let branch = event.branch;
        let opened = self.open(branch);
        let room = self.branches.get_mut(&branch).expect("an opened branch should be there");
        if !event.id.as_ref().is_none_or(|id| room.recent.note(id, at)) {
            return None;
        }
        let stamped = room.stream.stamp(event, at);
        Some(Sending { opened, ..room.sending(stamped) })
    }

    /// Sees to it that a branch is there; those who listen to all branches have to be told of a new one.
    fn open(&mut self, branch: BranchId) -> Option<(Crowd<M>, Position)> {
        self.open_at(branch, Position { epoch: new_epoch(), offset: 0 })
    }

    /// As [`Tenant::open_at`]; who is to be told of it is told by [`Tenant::take_news`].
    fn open_quietly(&mut self, branch: BranchId, position: Position) {
        if let Some((crowd, position)) = self.open_at(branch, position) {
            self.news.push((branch, crowd, position));
        }
    }

    /// Streams that were opened because somebody came, and who else listens to them.
    pub fn take_news(&mut self) -> Vec<(BranchId, Crowd<M>, Position)> {
        std::mem::take(&mut self.news)
    }

    /// The waiters.
    pub fn waiters(&self) -> impl Iterator<Item = &M> {
        let waiters = self.seats.values().filter(|seat| seat.listens.endpoint == Endpoint::Waiter);
        waiters.map(|seat| &seat.member)
    }
}

impl<M: Clone> Branch<M> {
    fn sending(&mut self, stamped: Arc<Stamped>) -> Sending<M> {
        self.ended.note(&stamped.event, stamped.offset);
        let mut to = Vec::new();
        for group in audience(&stamped.event) {
            to.extend(self.groups.get_mut(&group).map(Members::crowd));
        }
        let is_clearing = stamped.event.kind.as_str() == EventType::TABLE_CLEARED;
        let session = stamped.event.session.clone().filter(|_| is_clearing);
        let cleared =
            session.and_then(|session| self.groups.get_mut(&Group::Session(session)).map(Members::crowd));
        Sending { is_new: true, to, cleared, ..Sending::to_nobody(stamped) }
    }
}
