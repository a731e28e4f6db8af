//! How fast a client may talk, and how much nonsense.

use std::time::{Duration, Instant};

/// Windows with too many messages before the connection ends.
const MAX_WINDOWS: u32 = 3;

/// Messages without a meaning before the connection ends.
const MAX_STRIKES: u32 = 3;

const WINDOW: Duration = Duration::from_secs(1);

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Take,
    /// Drop it, and say so.
    Warn,
    /// Drop it.
    Drop,
    /// End the connection.
    End,
}

/// One client's pace: messages in the last second, by a window that slides.
#[derive(Debug)]
pub(super) struct Pace {
    /// Kept as a rate that leaks (GCRA): the time at which everything said so far would be forgiven.
    forgiven: Option<Instant>,
    per_second: u32,
    /// When the current run of too many began, and how many windows it has lasted.
    excess: Option<(Instant, u32)>,
    strikes: u32,
}

impl Pace {
    /// A client that may say so much a second, and as much at once.
    pub(super) fn new(per_second: u32) -> Self {
        Self { forgiven: None, per_second: per_second.max(1), excess: None, strikes: 0 }
    }

    /// A message came.
    pub(super) fn heard(&mut self, now: Instant) -> Verdict {
        let cost = WINDOW / self.per_second;
        let forgiven = self.forgiven.map_or(now, |at| at.max(now));
        if forgiven + cost <= now + WINDOW {
            self.forgiven = Some(forgiven + cost);
            return Verdict::Take;
        }
        match &mut self.excess {
            Some((began, _)) if now - *began < WINDOW => Verdict::Drop,
            Some((began, windows)) if now - *began < 2 * WINDOW => {
                (*began, *windows) = (now, *windows + 1);
                if *windows >= MAX_WINDOWS { Verdict::End } else { Verdict::Warn }
            }
            excess => {
                *excess = Some((now, 1));
                Verdict::Warn
            }
        }
    }

    /// A message meant nothing.
    pub(super) fn strike(&mut self) -> Verdict {
        self.strikes += 1;
        if self.strikes >= MAX_STRIKES { Verdict::End } else { Verdict::Warn }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_a_second_are_taken_and_no_more() {
        let (mut pace, start) = (Pace::new(20), Instant::now());
        let said: Vec<_> = (0..25).map(|_| pace.heard(start)).collect();
        assert!(said[..20].iter().all(|verdict| *verdict == Verdict::Take));
        assert_eq!(said[20..], [Verdict::Warn, Verdict::Drop, Verdict::Drop, Verdict::Drop, Verdict::Drop]);
        let later = start + Duration::from_millis(100);
        assert_eq!([(); 3].map(|()| pace.heard(later)), [Verdict::Take, Verdict::Take, Verdict::Drop]);
    }

    #[test]
    fn who_never_stops_is_sent_away_after_three_windows() {
        let (mut pace, start) = (Pace::new(20), Instant::now());
        let verdicts: Vec<_> = (0..400).map(|n| pace.heard(start + Duration::from_millis(10) * n)).collect();
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Warn).count(), 2);
        let end = verdicts.iter().position(|verdict| *verdict == Verdict::End).unwrap();
        assert!((200..330).contains(&end), "{end}");
    }

    #[test]
    fn nonsense_is_heard_three_times() {
        let mut pace = Pace::new(20);
        assert_eq!([(); 3].map(|()| pace.strike()), [Verdict::Warn, Verdict::Warn, Verdict::End]);
    }
}
