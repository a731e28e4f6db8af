//! A branch's events in their order, the newest of them kept for those who come back.
//!
//! Positions are an epoch and an offset, as Centrifugo and Kafka have them: within an epoch offsets rise with each event, by
//! one but for a jump when another Redis goes on; a new epoch says that the count began anew and that nothing is known of
//! what was before.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::audience::{Group, audience};
use super::frame;
use crate::domain::{Event, Timestamp};
use crate::wire::{Stamp, write_event};

/// Groups whose newest forgotten event is told from others': sessions come and go.
const MAX_GROUPS: usize = 4096;

/// What is kept of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Events.
    pub events: usize,
    /// Bytes of their frames.
    pub bytes: usize,
    pub age: Duration,
}

/// Where somebody is in a stream: they have everything up to and with `offset`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub epoch: Arc<str>,
    pub offset: u64,
}

/// An event in its stream, ready to be sent.
#[derive(Debug, PartialEq)]
pub struct Stamped {
    pub event: Event,
    /// Rises with each event of the stream, from 1.
    pub offset: u64,
    pub at: Timestamp,
    /// A whole WebSocket frame, encoded once for all who get it.
    pub frame: Bytes,
}

impl Stamped {
    /// An event at its place in the stream of epoch `epoch`.
    pub fn new(event: Event, epoch: &str, offset: u64, at: Timestamp) -> Self {
        let made = event.id.is_none().then(|| format!("{epoch}-{offset}"));
        let id = event.id.as_deref().or(made.as_deref()).unwrap_or_default();
        let text = write_event(&event, &Stamp { id, offset, at });
        Self { offset, at, frame: frame::text(&text), event }
    }

    /// The event as JSON.
    pub fn json(&self) -> Bytes {
        frame::payload(&self.frame)
    }
}

/// An event that was stamped elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    pub stamped: Arc<Stamped>,
    pub epoch: Arc<str>,
    /// The offset before: there is none between the two.
    pub prev: u64,
}

/// The events of one branch.
#[derive(Debug)]
pub struct Stream {
    epoch: Arc<str>,
    offset: u64,
    /// Nothing is known of what was before this offset.
    floor: u64,
    /// The newest event for each group that is kept no more.
    forgotten: HashMap<Group, u64>,
    newest: VecDeque<Arc<Stamped>>,
    bytes: usize,
    keep: Keep,
    last_at: Timestamp,
}

impl Stream {
    /// An empty stream that goes on from `position`.
    pub fn new(position: Position, keep: Keep) -> Self {
        let Position { epoch, offset } = position;
        Self {
            epoch,
            offset,
            floor: offset,
            forgotten: HashMap::new(),
            newest: VecDeque::new(),
            bytes: 0,
            keep,
            last_at: Timestamp::from_millis(0),
        }
    }

    /// A stream that nobody knows yet.
    pub fn fresh(keep: Keep) -> Self {
        Self::new(Position { epoch: new_epoch(), offset: 0 }, keep)
    }

    /// Where somebody is who has everything.
    pub fn position(&self) -> Position {
        Position { epoch: self.epoch.clone(), offset: self.offset }
    }

    /// Gives `event` the next place.
    pub fn stamp(&mut self, event: Event, at: Timestamp) -> Arc<Stamped> {
        let stamped = Arc::new(Stamped::new(event, &self.epoch, self.offset + 1, at));
        self.push(stamped.clone());
        stamped
    }

    /// Takes in an event that has its place; there is none between it and the last.
    pub fn push(&mut self, stamped: Arc<Stamped>) {
        debug_assert!(stamped.offset > self.offset, "offsets should rise");
        self.offset = stamped.offset;
        self.bytes += stamped.frame.len();
        let at = stamped.at;
        self.last_at = at;
        self.newest.push_back(stamped);
        self.forget(at);
    }

    /// Lets go of what is too old at `now`, and too much.
    pub fn forget(&mut self, now: Timestamp) {
        while let Some(oldest) = self.newest.front() {
            let fits = self.newest.len() <= self.keep.events
                && self.bytes <= self.keep.bytes
                && now.since(oldest.at) <= self.keep.age;
            if fits {
                return;
            }
            self.bytes -= oldest.frame.len();
            for group in audience(&oldest.event) {
                self.forgotten.insert(group, oldest.offset);
            }
            if self.forgotten.len() > MAX_GROUPS {
                self.floor = oldest.offset;
                self.forgotten.clear();
            }
            self.newest.pop_front();
        }
    }

    /// What came since somebody was at `position`, or `None` when something for one of `groups` is not known any more.
    pub fn after(
        &self,
        position: &Position,
        groups: &[Group],
    ) -> Option<impl Iterator<Item = &Arc<Stamped>>> {
        let forgotten = groups.iter().filter_map(|group| self.forgotten.get(group).copied());
        let floor = forgotten.fold(self.floor, u64::max);
        let is_known = position.epoch == self.epoch && (floor..=self.offset).contains(&position.offset);
        let had = || self.newest.partition_point(|stamped| stamped.offset <= position.offset);
        is_known.then(|| self.newest.range(had()..))
    }

    /// When the last event came.
    pub fn last_at(&self) -> Timestamp {
        self.last_at
    }

    /// How many events are kept.
    pub fn len(&self) -> usize {
        self.newest.len()
    }

    pub fn is_empty(&self) -> bool {
        self.newest.is_empty()
    }
}

/// A name that no other run of a stream has.
pub(super) fn new_epoch() -> Arc<str> {
    format!("{:016x}", rand::random::<u64>()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{BranchId, EventType, TenantId};

    const KEEP: Keep = Keep { events: 4, bytes: 1 << 20, age: Duration::from_secs(60) };

    fn event() -> Event {
        Event {
            kind: EventType::new("ROUND_READY").unwrap(),
            tenant: TenantId::default(),
            branch: BranchId::default(),
            sector: None,
            session: None,
            id: None,
            fields: "".into(),
        }
    }

    fn stream(events: u64) -> Stream {
        let mut stream = Stream::fresh(KEEP);
        for second in 0..events {
            stream.stamp(event(), Timestamp::from_millis(second as i64 * 1000));
        }
        stream
    }

    fn missed(stream: &Stream, offset: u64) -> Option<Vec<u64>> {
        let position = Position { offset, ..stream.position() };
        Some(stream.after(&position, &[Group::Kitchen])?.map(|stamped| stamped.offset).collect())
    }

    #[test]
    fn all_that_was_missed_is_given_or_nothing() {
        let stream = stream(6);
        assert_eq!(missed(&stream, 6), Some(vec![]));
        assert_eq!(missed(&stream, 4), Some(vec![5, 6]));
        assert_eq!(missed(&stream, 2), Some(vec![3, 4, 5, 6]));
        assert_eq!(missed(&stream, 1), None, "the second is gone");
        assert_eq!(missed(&stream, 7), None, "nobody is ahead");
        let other = Position { epoch: "another".into(), offset: 6 };
        assert!(stream.after(&other, &[]).is_none());
    }

    #[test]
    fn what_is_for_others_is_not_missed() {
        let stream = stream(6);
        let first = Position { offset: 0, ..stream.position() };
        assert!(stream.after(&first, &[Group::Kitchen]).is_none());
        let guests = Group::Session(crate::domain::SessionId::new("7").unwrap());
        assert!(stream.after(&first, &[guests]).is_some());
    }

    #[test]
    fn nothing_is_missed_in_a_jump() {
        let mut stream = stream(2);
        let at = Timestamp::from_millis(2000);
        stream.push(Arc::new(Stamped::new(event(), &stream.position().epoch, 1000, at)));
        assert_eq!(missed(&stream, 1), Some(vec![2, 1000]));
        assert_eq!(missed(&stream, 2), Some(vec![1000]));
        assert_eq!(missed(&stream, 1000), Some(vec![]));
    }

    #[test]
    fn what_is_old_or_too_much_is_let_go() {
        let mut stream = stream(3);
        stream.forget(Timestamp::from_millis(61_000));
        assert_eq!(stream.len(), 2);
        assert_eq!(missed(&stream, 1), Some(vec![2, 3]));
        let mut small = Stream::fresh(Keep { bytes: 1, ..KEEP });
        small.stamp(event(), Timestamp::from_millis(0));
        assert!(small.is_empty());
        assert_eq!(small.position().offset, 1, "it is counted all the same");
    }
}
