//! Streams that several servers share: their events come with a place that was given elsewhere.

use super::{Branch, Crowd, Ended, MAX_BRANCHES, Sending, Tenant};
use crate::domain::BranchId;
use crate::gateway::recent::Recent;
use crate::gateway::stream::{Placed, Position, Stream};

impl<M: Clone> Tenant<M> {
    /// Makes a stream be where it is elsewhere, with the newest of its events, which nobody here is sent: whoever listens
    /// to it comes after this.
    pub fn load(&mut self, branch: BranchId, position: Position, newest: Vec<Placed>) {
        let before = newest.first().map_or(position.offset, |first| first.prev);
        let mut stream = Stream::new(Position { offset: before, ..position.clone() }, self.keep);
        let (mut ended, mut recent) = (Ended::default(), Recent::default());
        for Placed { stamped, .. } in newest {
            ended.note(&stamped.event, stamped.offset);
            stamped.event.id.as_ref().map(|id| recent.note(id, stamped.at));
            stream.push(stamped);
        }
        // What is between its log and its count is known to nobody.
        if stream.position().offset < position.offset {
            stream = Stream::new(position, self.keep);
        }
        self.open_quietly(branch, stream.position());
        let room = self.branches.get_mut(&branch).expect("an opened branch should be there");
        // What is here already and goes on is worth more than its end alone.
        if !(stream.is_empty() && room.stream.position() == stream.position()) {
            (room.stream, room.ended, room.recent) = (stream, ended, recent);
        }
        room.is_shared = true;
    }

    /// Ends that a stream is kept in any case.
    pub fn release(&mut self, branch: BranchId) {
        if let Some(room) = self.branches.get_mut(&branch) {
            room.is_shared = false;
        }
    }

    /// Takes an event at its place and tells who gets it; `None` when it is known.
    pub fn take(&mut self, placed: Placed) -> Option<Sending<M>> {
        let Placed { stamped, epoch, prev } = placed;
        let branch = stamped.event.branch;
        let before = Position { epoch, offset: prev };
        let opened = self.open_at(branch, before.clone());
        let keep = self.keep;
        let room = self.branches.get_mut(&branch).expect("an opened branch should be there");
        let now = room.stream.position();
        let is_same = now.epoch == before.epoch;
        if is_same && stamped.offset <= now.offset {
            return None;
        }
        let is_whole = is_same && prev <= now.offset;
        if !is_same {
            room.ended.begin_anew();
        }
        if !is_whole {
            room.stream = Stream::new(before.clone(), keep);
        }
        let is_new = stamped.event.id.as_ref().is_none_or(|id| room.recent.note(id, stamped.at));
        room.stream.push(stamped.clone());
        let sending = match is_new {
            true => room.sending(stamped),
            // It was sent, but the answer to it got lost with the Redis that gave it.
            false => Sending::to_nobody(stamped),
        };
        let lost = if is_whole { None } else { self.everybody_in(branch).map(|crowd| (crowd, before)) };
        Some(Sending { opened, lost, ..sending })
    }

    /// Brings a stream to where it is elsewhere; those who are told that something may have been lost.
    pub fn renew(&mut self, branch: BranchId, position: Position) -> Option<(Crowd<M>, Position)> {
        let room = self.branches.get_mut(&branch)?;
        let now = room.stream.position();
        if now.epoch == position.epoch && position.offset <= now.offset {
            return None;
        }
        if now.epoch != position.epoch {
            room.ended.begin_anew();
        }
        room.stream = Stream::new(position.clone(), self.keep);
        self.everybody_in(branch).map(|crowd| (crowd, position))
    }

    /// As [`Tenant::open`], but at a position.
    pub(super) fn open_at(&mut self, branch: BranchId, position: Position) -> Option<(Crowd<M>, Position)> {
        if self.branches.contains_key(&branch) {
            return None;
        }
        self.make_room();
        self.room(branch, position.clone());
        self.everybody_in(branch).map(|crowd| (crowd, position))
    }

    /// Forgets the branch that was silent for longest when there are too many: it has a new epoch should it come again.
    fn make_room(&mut self) {
        if self.branches.len() < MAX_BRANCHES {
            return;
        }
        let own = self.branches.iter().filter(|(_, room)| !room.is_shared);
        let silent = own.min_by_key(|(_, room)| room.stream.last_at()).map(|(branch, _)| *branch);
        silent.and_then(|branch| self.branches.remove(&branch));
    }

    /// A branch with those who listen to it.
    fn room(&mut self, branch: BranchId, position: Position) -> &mut Branch<M> {
        let keep = self.keep;
        let seats = &self.seats;
        self.branches.entry(branch).or_insert_with(|| {
            let mut room = Branch::new(Stream::new(position, keep));
            for (id, seat) in seats.iter().filter(|(_, seat)| seat.listens.is_in(branch)) {
                room.add(*id, &seat.member, &seat.listens.groups());
            }
            room
        })
    }

    /// All who listen to a branch; `None` when nobody does.
    fn everybody_in(&self, branch: BranchId) -> Option<Crowd<M>> {
        let seats = self.seats.values().filter(|seat| seat.listens.is_in(branch));
        let crowd: Vec<_> = seats.map(|seat| seat.member.clone()).collect();
        (!crowd.is_empty()).then(|| crowd.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::auth::Branches;
    use crate::domain::{Endpoint, Event, EventType, TenantId, Timestamp};
    use crate::gateway::audience::{Listens, Sectors};
    use crate::gateway::hub::Start;
    use crate::gateway::stream::{Keep, Stamped};

    const KEEP: Keep = Keep { events: 10, bytes: 1 << 20, age: Duration::from_secs(60) };

    fn branch() -> BranchId {
        BranchId::default()
    }

    fn placed(epoch: &str, offset: u64, prev: u64) -> Placed {
        let event = Event {
            kind: EventType::new("ROUND_READY").unwrap(),
            tenant: TenantId::default(),
            branch: branch(),
            sector: None,
            session: None,
            id: Some(format!("{epoch}/{offset}").into()),
            fields: "".into(),
        };
        let stamped = Arc::new(Stamped::new(event, epoch, offset, Timestamp::from_millis(1000)));
        Placed { stamped, epoch: epoch.into(), prev }
    }

    fn at(epoch: &str, offset: u64) -> Position {
        Position { epoch: epoch.into(), offset }
    }

    /// A tenant with one admin, who hears everything of branch 1, which is at `e 3`, the third event kept.
    fn tenant() -> Tenant<u64> {
        let mut tenant = Tenant::new(KEEP);
        tenant.load(branch(), at("e", 3), vec![placed("e", 3, 2)]);
        let branches = Branches::Some(BTreeSet::from([branch()]));
        let sectors = Sectors::These(BTreeSet::new());
        let listens = Listens { endpoint: Endpoint::Admin, branches, sectors, session: None };
        let joined = tenant.join(1, 1, listens, &Start::At([(branch(), at("e", 2))].into()));
        assert_eq!(joined.missed.len(), 1, "what was loaded is there for those who come back");
        tenant
    }

    fn sent(tenant: &mut Tenant<u64>, placed: Placed) -> Option<(usize, bool)> {
        let sending = tenant.take(placed)?;
        Some((sending.to.iter().map(|crowd| crowd.len()).sum(), sending.lost.is_some()))
    }

    #[test]
    fn what_comes_twice_is_sent_once() {
        let mut tenant = tenant();
        assert_eq!(sent(&mut tenant, placed("e", 3, 2)), None);
        assert_eq!(sent(&mut tenant, placed("e", 4, 3)), Some((1, false)));
        assert_eq!(sent(&mut tenant, placed("e", 4, 3)), None);
    }

    #[test]
    fn a_stream_that_is_followed_stays_though_nobody_is_here_and_nothing_is_kept() {
        let mut tenant = tenant();
        tenant.leave(1);
        let later = Timestamp::from_millis(1_000_000);
        assert!(!tenant.is_idle(later));
        tenant.release(branch());
        assert!(tenant.is_idle(later));
    }

    #[test]
    fn a_jump_loses_nothing_and_a_hole_is_told() {
        let mut tenant = tenant();
        assert_eq!(sent(&mut tenant, placed("e", 1000, 3)), Some((1, false)));
        assert_eq!(sent(&mut tenant, placed("e", 2000, 900)), Some((1, false)), "known up to 1000");
        assert_eq!(sent(&mut tenant, placed("e", 2005, 2004)), Some((1, true)));
        let joined = tenant.branches[&branch()].stream.after(&at("e", 2000), &[]).is_none();
        assert!(joined, "what is not known is not pretended");
    }

    #[test]
    fn a_new_epoch_is_told_and_what_was_sent_before_is_not_sent_again() {
        let mut tenant = tenant();
        assert_eq!(sent(&mut tenant, placed("f", 1, 0)), Some((1, true)));
        let again = placed("e", 3, 2).stamped.event.clone();
        let again = Arc::new(Stamped::new(again, "f", 2, Timestamp::from_millis(2000)));
        let again = Placed { stamped: again, epoch: "f".into(), prev: 1 };
        assert_eq!(sent(&mut tenant, again), Some((0, false)));
        assert!(tenant.renew(branch(), at("f", 2)).is_none());
        assert_eq!(tenant.renew(branch(), at("g", 0)), Some((vec![1].into(), at("g", 0))));
    }

    #[test]
    fn guests_miss_nothing_of_a_count_that_began_anew() {
        let mut tenant = tenant();
        let of_session = |kind: &str, epoch: &str, offset: u64| {
            let mut event = placed(epoch, offset, offset - 1).stamped.event.clone();
            event.kind = EventType::new(kind).unwrap();
            event.session = Some(crate::domain::SessionId::new("77").unwrap());
            let stamped = Stamped::new(event, epoch, offset, Timestamp::from_millis(1000));
            Placed { stamped: Arc::new(stamped), epoch: epoch.into(), prev: offset - 1 }
        };
        tenant.take(of_session("TABLE_CLEARED", "e", 4)).unwrap();
        tenant.take(of_session(EventType::TABLE_SESSION_STARTED, "e", 5)).unwrap();
        tenant.take(of_session("ROUND_READY", "f", 1)).unwrap();
        let session = crate::domain::SessionId::new("77").ok();
        let branches = Branches::Some(BTreeSet::from([branch()]));
        let listens = Listens { endpoint: Endpoint::Diner, branches, sectors: Sectors::All, session };
        let joined = tenant.join(2, 2, listens, &Start::At([(branch(), at("f", 0))].into()));
        assert_eq!((joined.missed.len(), joined.is_recovered()), (1, true));
    }

    #[test]
    fn numbers_that_are_made_up_do_not_fill_the_memory() {
        let mut tenant: Tenant<u64> = Tenant::new(KEEP);
        for number in 1..=MAX_BRANCHES as i64 + 5 {
            let mut event = placed("e", 1, 0).stamped.event.clone();
            event.branch = BranchId::new(number).unwrap();
            tenant.send(event, Timestamp::from_millis(number));
        }
        assert_eq!(tenant.branches.len(), MAX_BRANCHES);
        assert!(!tenant.branches.contains_key(&branch()), "the one that was silent for longest is gone");
    }
}
