//! How long frames take from where they are counted to where their record leaves, and how many got lost between.
//!
//! Two streaming threads meet here, one at each end. Neither waits for the other: they share a ring of atomics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Frames that may be on their way at once and still be told apart: 10 s at 25 fps.
const SLOTS: u64 = 256;

/// A frame that came in.
#[derive(Debug, Default)]
struct Slot {
    pts_ns: AtomicU64,
    at_us: AtomicU64,
}

/// The way of all frames of one run.
#[derive(Debug)]
pub(super) struct Transit {
    slots: Box<[Slot]>,
    entered: AtomicU64,
    left: AtomicU64,
    /// The first of those that came in which may still leave; frames stay in their order.
    next: AtomicU64,
    lost: AtomicU64,
    timed: AtomicU64,
    sum_us: AtomicU64,
}

/// What is known of the way at one moment; none of it ever falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Passage {
    /// Frames that came in.
    pub(super) entered: u64,
    /// Of them, those that were overtaken by a later one: they will not come out any more.
    pub(super) lost: u64,
    /// Frames whose time on the way is known, and the sum of these times.
    pub(super) timed: u64,
    pub(super) sum_us: u64,
}

impl Transit {
    pub(super) fn new() -> Self {
        Self {
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            entered: AtomicU64::new(0),
            left: AtomicU64::new(0),
            next: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            timed: AtomicU64::new(0),
            sum_us: AtomicU64::new(0),
        }
    }

    /// A frame came in at `at`. For one thread only.
    pub(super) fn enter(&self, pts_ns: Option<u64>, at: Duration) {
        let number = self.entered.load(Ordering::Relaxed);
        let slot = self.slot(number);
        slot.pts_ns.store(pts_ns.unwrap_or(u64::MAX), Ordering::Relaxed);
        slot.at_us.store(micros(at), Ordering::Relaxed);
        self.entered.store(number + 1, Ordering::Release);
    }

    /// A frame left at `at`. For one thread only.
    pub(super) fn leave(&self, pts_ns: Option<u64>, at: Duration) {
        let left = self.left.fetch_add(1, Ordering::Relaxed);
        let Some(pts_ns) = pts_ns else { return };
        let entered = self.entered.load(Ordering::Acquire);
        // The slot of the one before these may be in the middle of being written over.
        let first = self.next.load(Ordering::Relaxed).max(entered.saturating_sub(SLOTS - 1));
        // One that the description gave another time on the way is not found; the next one makes up for it.
        let found =
            (first..entered).find(|&number| self.slot(number).pts_ns.load(Ordering::Relaxed) == pts_ns);
        let Some(number) = found else { return };
        self.next.store(number + 1, Ordering::Relaxed);
        self.lost.fetch_max(number.saturating_sub(left), Ordering::Relaxed);
        let took_us = micros(at).saturating_sub(self.slot(number).at_us.load(Ordering::Relaxed));
        self.sum_us.fetch_add(took_us, Ordering::Relaxed);
        self.timed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn passage(&self) -> Passage {
        Passage {
            entered: self.entered.load(Ordering::Relaxed),
            lost: self.lost.load(Ordering::Relaxed),
            timed: self.timed.load(Ordering::Relaxed),
            sum_us: self.sum_us.load(Ordering::Relaxed),
        }
    }

    fn slot(&self, number: u64) -> &Slot {
        let index = usize::try_from(number % SLOTS).expect("the ring should fit in memory");
        &self.slots[index]
    }
}

fn micros(at: Duration) -> u64 {
    u64::try_from(at.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: u64 = 40;

    fn enter(transit: &Transit, frames: std::ops::Range<u64>) {
        for frame in frames {
            transit.enter(Some(frame), Duration::from_millis(frame * FRAME));
        }
    }

    fn leave(transit: &Transit, frame: u64, after_ms: u64) -> u64 {
        transit.leave(Some(frame), Duration::from_millis(frame * FRAME + after_ms));
        transit.passage().lost
    }

    #[test]
    fn frames_on_their_way_are_not_lost_and_those_that_were_overtaken_are() {
        let transit = Transit::new();
        enter(&transit, 0..3);
        assert_eq!(transit.passage().lost, 0);
        assert_eq!(leave(&transit, 0, 5), 0);
        enter(&transit, 3..10);
        assert_eq!(leave(&transit, 1, 5), 0);
        assert_eq!(leave(&transit, 9, 5), 7);
        enter(&transit, 10..11);
        assert_eq!(leave(&transit, 10, 5), 7);
        assert_eq!(transit.passage(), Passage { entered: 11, lost: 7, timed: 4, sum_us: 20_000 });
    }

    #[test]
    fn what_is_lost_never_falls_whatever_comes_out() {
        let transit = Transit::new();
        let mut before = 0;
        for round in 0..200 {
            enter(&transit, round * 10..round * 10 + 10);
            // Not every one, some twice, some with a time that nobody gave them.
            for frame in [round * 10 + round % 7, round * 10 + round % 7, 1_000_000, round * 10 + 9] {
                let lost = leave(&transit, frame, 1);
                assert!(lost >= before, "{lost} after {before}");
                before = lost;
            }
            transit.leave(None, Duration::ZERO);
        }
    }

    #[test]
    fn a_long_stall_is_counted_though_its_frames_are_forgotten() {
        let transit = Transit::new();
        enter(&transit, 0..1000);
        // The one that was on its way all the time cannot be told apart any more.
        assert_eq!(leave(&transit, 0, 40_000), 0);
        assert_eq!(leave(&transit, 999, 5), 998);
        assert_eq!(transit.passage().timed, 1);
    }
}
