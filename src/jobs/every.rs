//! How often a job is due.

use std::fmt;

use crate::domain::{Days, Schedule, ScheduledShift, TimeOfDay, Timestamp};
use crate::shift::Calendar;

const MINUTE_MS: i64 = 60_000;

/// A rhythm.
#[derive(Debug, Clone, PartialEq)]
pub enum Every {
    /// At each full minute of the clock.
    Minute,
    /// At full hours whose number since 1970 divides by this.
    Hours(u8),
    /// Once a day at this time.
    Day(Daily),
}

/// A time of day by the clock of a zone.
#[derive(Debug, Clone, PartialEq)]
pub struct Daily {
    at: TimeOfDay,
    /// A day is a period from this time to the next, also where clocks change.
    days: Calendar,
}

impl Daily {
    /// By the clock of an IANA zone; `None` when it is unknown.
    pub fn at(at: TimeOfDay, zone: &str) -> Option<Self> {
        let shifts = vec![ScheduledShift { name: "day".to_owned(), start: at, days: Days::ALL }];
        Calendar::new(Schedule { shifts }, zone).ok().map(|days| Self { at, days })
    }
}

impl Every {
    /// The last time it was due, `now` included.
    pub fn last(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::Minute => floor(now, MINUTE_MS),
            Self::Hours(hours) => floor(now, i64::from(*hours) * 60 * MINUTE_MS),
            Self::Day(daily) => daily.days.period_at(now).start,
        }
    }

    /// The next time it will be due, after `now`.
    pub fn next(&self, now: Timestamp) -> Timestamp {
        let later = |step: i64| Timestamp::from_millis(floor(now, step).as_millis() + step);
        match self {
            Self::Minute => later(MINUTE_MS),
            Self::Hours(hours) => later(i64::from(*hours) * 60 * MINUTE_MS),
            Self::Day(daily) => daily.days.period_at(now).end,
        }
    }
}

fn floor(at: Timestamp, step: i64) -> Timestamp {
    Timestamp::from_millis(at.as_millis().div_euclid(step) * step)
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minute => f.write_str("minute"),
            Self::Hours(1) => f.write_str("hour"),
            Self::Hours(hours) => write!(f, "{hours} hours"),
            Self::Day(daily) => write!(f, "day at {}", daily.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    #[test]
    fn a_rhythm_knows_when_it_was_due_and_when_it_will_be() {
        let half_past_two = Daily::at(TimeOfDay { hour: 2, minute: 30 }, "Europe/Madrid").unwrap();
        for (every, now, last, next, name) in [
            (Every::Minute, "2026-06-10T11:07:59.9Z", "2026-06-10T11:07Z", "2026-06-10T11:08Z", "minute"),
            (Every::Minute, "2026-06-10T11:07Z", "2026-06-10T11:07Z", "2026-06-10T11:08Z", "minute"),
            (Every::Hours(1), "2026-06-10T11:07Z", "2026-06-10T11:00Z", "2026-06-10T12:00Z", "hour"),
            (Every::Hours(6), "2026-06-10T11:07Z", "2026-06-10T06:00Z", "2026-06-10T12:00Z", "6 hours"),
            (
                Every::Day(half_past_two.clone()),
                "2026-06-10T00:29Z",
                "2026-06-09T00:30Z",
                "2026-06-10T00:30Z",
                "day at 02:30",
            ),
            // The clock jumps over it: it is due at the jump, once.
            (
                Every::Day(half_past_two.clone()),
                "2026-03-29T02:00Z",
                "2026-03-29T01:00Z",
                "2026-03-30T00:30Z",
                "day at 02:30",
            ),
            // The clock shows it twice: it is due at the first, once.
            (
                Every::Day(half_past_two),
                "2026-10-25T01:30Z",
                "2026-10-25T00:30Z",
                "2026-10-26T01:30Z",
                "day at 02:30",
            ),
        ] {
            assert_eq!((every.last(at(now)), every.next(at(now))), (at(last), at(next)), "{every} {now}");
            assert_eq!(every.to_string(), name);
        }
    }
}
