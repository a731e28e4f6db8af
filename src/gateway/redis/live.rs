//! One shared stream as this server follows it: event by event as they are told, and from the log when one was not.

use std::collections::VecDeque;
use std::sync::Arc;

use super::act::Act;
use super::packet::Packet;
use super::script::Part;
use crate::gateway::lanes::LaneFull;
use crate::gateway::stream::Position;

/// Events that are kept while the log is read.
const MOST: usize = 4096;

/// Events that are read of the log at once.
const PAGE: usize = 512;

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Nothing,
    /// Ask for a part of the log.
    Ask(Part),
    /// There is no room now: ask a little later.
    Wait,
}

/// A part of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) now: Position,
    /// In order.
    pub(super) packets: Vec<Packet>,
    /// Whether there may be more after it.
    pub(super) has_more: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// What is told is what comes next.
    Following,
    /// The log was asked.
    Asking,
    /// There was no room for what came.
    Behind,
}

/// Who is sent what a stream holds that is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    /// Nobody: they have not come yet.
    Nobody,
    /// All who listen to the tenant's branches.
    All,
}

/// A stream.
#[derive(Debug)]
pub(super) struct Live {
    known: Option<Position>,
    phase: Phase,
    first: First,
    told: VecDeque<Packet>,
    /// More was told meanwhile than is kept.
    missed: bool,
    /// From where the log was asked for.
    from: u64,
}

impl Live {
    /// A stream whose log is being asked for, of which nothing is known.
    pub(super) fn new(first: First) -> Self {
        Self { known: None, phase: Phase::Asking, first, told: VecDeque::new(), missed: false, from: 0 }
    }

    /// A stream that is loaded, and whose first event is about to be told.
    pub(super) fn begun(known: Position) -> Self {
        Self { known: Some(known), phase: Phase::Following, ..Self::new(First::All) }
    }

    /// Whether it is there for listeners.
    pub(super) fn is_loaded(&self) -> bool {
        self.known.is_some()
    }

    /// The log is to be asked for a little later.
    pub(super) fn wait(&mut self) {
        self.phase = Phase::Behind;
    }

    pub(super) fn is_behind(&self) -> bool {
        self.phase == Phase::Behind
    }

    /// Asks for what came since.
    pub(super) fn ask(&mut self, newest: usize) -> Part {
        self.phase = Phase::Asking;
        // The log is read after it, and has it, or it is no more.
        self.told.clear();
        self.missed = false;
        match (&self.known, self.first) {
            (Some(known), _) => self.part_from(known.offset + 1),
            (None, First::Nobody) => Part::Newest(newest),
            (None, First::All) => self.part_from(0),
        }
    }

    fn part_from(&mut self, offset: u64) -> Part {
        self.from = offset;
        Part::From(offset, PAGE)
    }

    /// Takes what was told; whether something before it was not is counted by `on_gap`.
    pub(super) fn hear(
        &mut self,
        packet: Packet,
        act: &mut impl FnMut(Act) -> Result<(), LaneFull>,
        on_gap: impl FnOnce(),
    ) -> Next {
        match self.phase {
            Phase::Behind => Next::Nothing,
            Phase::Asking => {
                if self.told.len() < MOST {
                    self.told.push_back(packet);
                } else {
                    self.missed = true;
                }
                Next::Nothing
            }
            Phase::Following => self.follow(packet, act, on_gap),
        }
    }

    fn follow(
        &mut self,
        packet: Packet,
        act: &mut impl FnMut(Act) -> Result<(), LaneFull>,
        on_gap: impl FnOnce(),
    ) -> Next {
        let known = self.known.as_mut().expect("who follows should know a position");
        let is_same = known.epoch == packet.epoch;
        if is_same && packet.offset <= known.offset {
            return Next::Nothing;
        }
        if is_same && packet.prev <= known.offset {
            let offset = packet.offset;
            return match act(Act::Deliver(packet)) {
                Ok(()) => {
                    known.offset = offset;
                    Next::Nothing
                }
                Err(LaneFull) => self.fall_behind(),
            };
        }
        let from = if is_same { known.offset + 1 } else { 0 };
        if is_same {
            on_gap();
        }
        // The log has this one, too, or it is no more.
        self.phase = Phase::Asking;
        Next::Ask(self.part_from(from))
    }

    fn fall_behind(&mut self) -> Next {
        self.phase = Phase::Behind;
        self.told.clear();
        self.missed = false;
        Next::Wait
    }

    /// Takes an answer of the log, then what was told meanwhile.
    pub(super) fn take(&mut self, answer: Answer, act: &mut impl FnMut(Act) -> Result<(), LaneFull>) -> Next {
        let Answer { now, mut packets, has_more } = answer;
        // Of another epoch everything is wanted, and not only from where the last one was.
        if self.from > 0 && self.known.as_ref().is_some_and(|known| known.epoch != now.epoch) {
            return Next::Ask(self.part_from(0));
        }
        // Of what is told between the two questions, some may be of a newer epoch.
        packets.retain(|packet| packet.epoch == now.epoch);
        if self.apply(now, packets, act).is_err() {
            return self.fall_behind();
        }
        let known = self.known.as_ref().expect("an answer should say a position");
        if has_more || std::mem::take(&mut self.missed) {
            let next = known.offset + 1;
            return Next::Ask(self.part_from(next));
        }
        self.phase = Phase::Following;
        while let Some(packet) = self.told.pop_front() {
            let next = self.follow(packet, act, || ());
            if next != Next::Nothing {
                return next;
            }
        }
        Next::Nothing
    }

    fn apply(
        &mut self,
        now: Position,
        packets: Vec<Packet>,
        act: &mut impl FnMut(Act) -> Result<(), LaneFull>,
    ) -> Result<(), LaneFull> {
        let last = packets.last().map_or(now.offset, |last| last.offset.max(now.offset));
        let before = packets.first().map_or(now.offset, |first| first.prev);
        let start = Position { epoch: Arc::clone(&now.epoch), offset: before };
        match &self.known {
            None if self.first == First::Nobody => {
                let known = Position { offset: last, ..now };
                act(Act::Load(known.clone(), packets))?;
                self.known = Some(known);
                return Ok(());
            }
            None => {
                act(Act::Load(start.clone(), Vec::new()))?;
                self.known = Some(start);
            }
            Some(known) if known.epoch != now.epoch => {
                act(Act::Renew(start.clone()))?;
                self.known = Some(start);
            }
            // What was between is gone from the log.
            Some(known) if packets.is_empty() && known.offset < now.offset => {
                act(Act::Renew(now.clone()))?;
                self.known = Some(now);
            }
            Some(_) => {}
        }
        let known = self.known.as_mut().expect("a position was just set");
        for packet in packets {
            let offset = packet.offset;
            if offset > known.offset {
                act(Act::Deliver(packet))?;
                known.offset = offset;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(epoch: &str, offset: u64, prev: u64) -> Packet {
        Packet::read(format!("{epoch} {offset} {prev} 0 {{}}").as_bytes()).unwrap()
    }

    fn at(epoch: &str, offset: u64) -> Position {
        Position { epoch: epoch.into(), offset }
    }

    fn answer(epoch: &str, now: u64, offsets: std::ops::RangeInclusive<u64>) -> Answer {
        let packets = offsets.map(|offset| packet(epoch, offset, offset - 1)).collect();
        Answer { now: at(epoch, now), packets, has_more: false }
    }

    /// A stream with what its listeners got: offsets, epochs of renewals, `room` for so many more.
    struct Followed {
        live: Live,
        got: Vec<String>,
        gaps: u32,
        room: usize,
    }

    impl Followed {
        /// Loaded up to `e 3`.
        fn new() -> Self {
            let mut new = Self { live: Live::new(First::Nobody), got: Vec::new(), gaps: 0, room: 1000 };
            assert_eq!(new.live.ask(10), Part::Newest(10));
            assert_eq!(new.hear("e", 3, 2), Next::Nothing);
            assert_eq!(new.take(answer("e", 3, 2..=3)), Next::Nothing);
            assert_eq!(std::mem::take(&mut new.got), ["load e3"]);
            new
        }

        fn act(got: &mut Vec<String>, room: &mut usize, act: Act) -> Result<(), LaneFull> {
            *room = room.checked_sub(1).ok_or(LaneFull)?;
            got.push(match act {
                Act::Load(position, _) => format!("load {}{}", position.epoch, position.offset),
                Act::Deliver(packet) => format!("{}{}", packet.epoch, packet.offset),
                Act::Renew(position) => format!("renew {}{}", position.epoch, position.offset),
            });
            Ok(())
        }

        fn hear(&mut self, epoch: &str, offset: u64, prev: u64) -> Next {
            let Self { live, got, gaps, room } = self;
            live.hear(packet(epoch, offset, prev), &mut |act| Self::act(got, room, act), || *gaps += 1)
        }

        fn take(&mut self, answer: Answer) -> Next {
            let Self { live, got, room, .. } = self;
            live.take(answer, &mut |act| Self::act(got, room, act))
        }
    }

    #[test]
    fn what_is_told_is_delivered_once_and_in_order() {
        let mut stream = Followed::new();
        for offset in [3, 4, 4, 5, 2, 6] {
            assert_eq!(stream.hear("e", offset, offset - 1), Next::Nothing);
        }
        assert_eq!(stream.hear("e", 1000, 6), Next::Nothing, "a jump is no hole");
        assert_eq!((stream.got.join(" "), stream.gaps), ("e4 e5 e6 e1000".into(), 0));
    }

    #[test]
    fn a_hole_is_filled_from_the_log_before_it_goes_on() {
        let mut stream = Followed::new();
        assert_eq!(stream.hear("e", 6, 5), Next::Ask(Part::From(4, PAGE)));
        assert_eq!(stream.hear("e", 7, 6), Next::Nothing);
        assert_eq!(stream.hear("e", 8, 7), Next::Nothing);
        assert_eq!(stream.take(answer("e", 7, 4..=7)), Next::Nothing);
        assert_eq!((stream.got.join(" "), stream.gaps), ("e4 e5 e6 e7 e8".into(), 1));
        assert_eq!(stream.hear("e", 9, 8), Next::Nothing);
        assert_eq!(stream.got.last().unwrap(), "e9");
    }

    #[test]
    fn a_long_log_is_read_page_by_page() {
        let mut stream = Followed::new();
        assert_eq!(stream.live.ask(10), Part::From(4, PAGE));
        let page = Answer { has_more: true, ..answer("e", 9, 4..=6) };
        assert_eq!(stream.take(page), Next::Ask(Part::From(7, PAGE)));
        assert_eq!(stream.take(answer("e", 9, 7..=9)), Next::Nothing);
        assert_eq!(stream.got.join(" "), "e4 e5 e6 e7 e8 e9");
    }

    #[test]
    fn a_redis_that_comes_back_empty_begins_anew() {
        let mut stream = Followed::new();
        assert_eq!(stream.hear("f", 2, 1), Next::Ask(Part::From(0, PAGE)));
        assert_eq!(stream.take(answer("f", 2, 1..=2)), Next::Nothing);
        assert_eq!(stream.got.join(" "), "renew f0 f1 f2");
        let mut silent = Followed::new();
        assert_eq!(silent.live.ask(10), Part::From(4, PAGE));
        let (empty, part) =
            (Answer { packets: Vec::new(), ..answer("g", 2, 2..=2) }, Next::Ask(Part::From(0, PAGE)));
        assert_eq!(silent.take(empty), part, "what came below the old offset counts too");
        silent.take(answer("g", 2, 1..=2));
        assert_eq!(silent.got.join(" "), "renew g0 g1 g2");
    }

    #[test]
    fn what_the_log_has_lost_is_told_and_an_older_redis_takes_nothing_back() {
        let mut stream = Followed::new();
        stream.live.ask(10);
        stream.take(Answer { now: at("e", 9), packets: Vec::new(), has_more: false });
        assert_eq!(stream.got.join(" "), "renew e9");
        stream.live.ask(10);
        assert_eq!(stream.take(answer("e", 7, 5..=7)), Next::Nothing);
        assert_eq!(stream.hear("e", 1000, 7), Next::Nothing);
        assert_eq!(stream.got.join(" "), "renew e9 e1000");
    }

    #[test]
    fn what_is_told_of_a_stream_that_is_no_more_asks_once() {
        let mut stream = Followed::new();
        stream.live.ask(10);
        assert_eq!(stream.hear("e", 12, 11), Next::Nothing);
        // Redis forgot everything meanwhile.
        let empty = || Answer { now: at("f", 0), packets: Vec::new(), has_more: false };
        assert_eq!(stream.take(empty()), Next::Ask(Part::From(0, PAGE)));
        let next = stream.take(empty());
        assert_eq!((next, stream.take(empty())), (Next::Ask(Part::From(0, PAGE)), Next::Nothing));
    }

    #[test]
    fn what_there_is_no_room_for_is_read_again_later() {
        let mut stream = Followed::new();
        stream.room = 1;
        assert_eq!([stream.hear("e", 4, 3), stream.hear("e", 5, 4)], [Next::Nothing, Next::Wait]);
        assert_eq!(stream.hear("e", 6, 5), Next::Nothing);
        assert!(stream.live.is_behind());
        stream.room = 1;
        assert_eq!(stream.live.ask(10), Part::From(5, PAGE));
        assert_eq!(stream.take(answer("e", 6, 5..=6)), Next::Wait);
        stream.room = 9;
        assert_eq!(stream.live.ask(10), Part::From(6, PAGE));
        assert_eq!(stream.take(answer("e", 6, 6..=6)), Next::Nothing);
        assert_eq!((stream.got.join(" "), stream.gaps), ("e4 e5 e6".into(), 0));
    }

    #[test]
    fn a_stream_that_is_new_to_those_who_listen_to_all_is_sent_from_its_begin() {
        let mut got = Vec::new();
        let mut act = |act| Followed::act(&mut got, &mut 100, act);
        let mut met = Live::begun(at("e", 0));
        assert!(met.is_loaded());
        met.hear(packet("e", 1, 0), &mut act, || ());
        let mut listed = Live::new(First::All);
        assert_eq!(listed.ask(10), Part::From(0, PAGE));
        listed.take(answer("f", 2, 1..=2), &mut act);
        assert_eq!(got.join(" "), "e1 load f0 f1 f2");
    }
}
