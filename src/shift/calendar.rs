//! One schedule by one clock.
//!
//! A shift lasts from its start on the branch's wall clock until the next start, so a night over a change to
//! or from daylight saving time is shorter or longer than usual, and the last shift before a day without any lasts
//! over that day; no instant is left out or counted twice.

use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp as Instant};
use thiserror::Error;

use crate::domain::{Schedule, ScheduleError, TimeOfDay, Timestamp};

/// Days looked at on either side: a shift lasts a week at most, and a zone may skip one whole day on its wall
/// clock (Samoa, 30 December 2011).
const DAYS_AROUND: i64 = 9;

/// Years 1 and 9000 in milliseconds: what lies outside is taken as the border itself.
const EARLIEST_MS: i64 = -62_100_000_000_000;
const LATEST_MS: i64 = 221_800_000_000_000;

/// Why there can be no calendar.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CalendarError {
    #[error("{0:?} is not an IANA time zone, e.g. \"Europe/Madrid\"")]
    UnknownZone(String),
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
}

/// One work period in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    pub name: String,
    pub start: Timestamp,
    /// First instant that belongs to the next period.
    pub end: Timestamp,
}

/// The shifts of a branch through time, as one schedule has them.
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    schedule: Schedule,
    zone_name: String,
    zone: TimeZone,
}

impl Calendar {
    /// # Errors
    /// When `zone` is unknown, or `schedule` is none: see [`Schedule::check`].
    pub fn new(mut schedule: Schedule, zone_name: &str) -> Result<Self, CalendarError> {
        let zone = TimeZone::get(zone_name).map_err(|_| CalendarError::UnknownZone(zone_name.to_owned()))?;
        schedule.check()?;
        schedule.shifts.sort_by_key(|shift| shift.start);
        Ok(Self { schedule, zone_name: zone_name.to_owned(), zone })
    }

    /// Its shifts in order of their starts.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The IANA name that it was made with.
    pub fn zone_name(&self) -> &str {
        &self.zone_name
    }

    /// The one period that holds `at`.
    pub fn period_at(&self, at: Timestamp) -> Period {
        let at = at.as_millis().clamp(EARLIEST_MS, LATEST_MS);
        let starts = self.starts_around(at);
        let next = starts.partition_point(|(start, _)| *start <= at);
        let (start, name) = starts
            .get(next.wrapping_sub(1))
            .expect("a schedule should start a shift on one of the days before any instant");
        let (end, _) = starts.get(next).expect("a schedule should start a shift on one of the days after");
        Period {
            name: (*name).to_owned(),
            start: Timestamp::from_millis(*start),
            end: Timestamp::from_millis(*end),
        }
    }

    /// Every start on the days around `at_ms`, in order, no two at the same instant.
    fn starts_around(&self, at_ms: i64) -> Vec<(i64, &str)> {
        let instant = Instant::from_millisecond(at_ms).expect("clamped instants should be in range");
        let today = self.zone.to_datetime(instant).date();
        let mut starts: Vec<(i64, &str)> = Vec::new();
        for offset in -DAYS_AROUND..=DAYS_AROUND {
            let day = today.saturating_add(Span::new().days(offset));
            let weekday = u8::try_from(day.weekday().to_monday_zero_offset()).unwrap_or(0);
            for shift in self.schedule.shifts.iter().filter(|shift| shift.days.contains(weekday)) {
                let start = self.instant_of(day, shift.start).as_millisecond();
                match starts.last_mut() {
                    // The clock jumped over more than one start: the last of them is the shift that runs.
                    Some(last) if last.0 >= start => *last = (start, &shift.name),
                    _ => starts.push((start, &shift.name)),
                }
            }
        }
        starts
    }

    /// When the wall clock first shows `time` on `day`, or jumps over it.
    ///
    /// Both rules keep the order of local times, which "move it by the length of the gap" would not.
    fn instant_of(&self, day: Date, time: TimeOfDay) -> Instant {
        let hour = i8::try_from(time.hour).expect("a checked hour should fit");
        let minute = i8::try_from(time.minute).expect("a checked minute should fit");
        let local = day.at(hour, minute, 0, 0);
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        let in_range = "days near a clamped instant should be in range";
        match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
                ambiguous.earlier().expect(in_range)
            }
            AmbiguousOffset::Gap { .. } => {
                let before_jump = ambiguous.earlier().expect(in_range);
                let jump = self.zone.following(before_jump).next();
                jump.map_or(before_jump, |jump| jump.timestamp())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Days, ScheduledShift};

    const HOUR_MS: i64 = 3_600_000;
    const ZONES: [&str; 8] = [
        "America/Argentina/Mendoza",
        "Europe/Madrid",
        "Australia/Lord_Howe",
        "America/New_York",
        "Pacific/Apia",
        "Asia/Kathmandu",
        "Africa/Casablanca",
        "UTC",
    ];

    fn calendar(zone: &str) -> Calendar {
        Calendar::new(Schedule::default(), zone).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<Instant>().unwrap().as_millisecond())
    }

    fn hours(period: &Period) -> i64 {
        (period.end.as_millis() - period.start.as_millis()) / HOUR_MS
    }

    #[test]
    fn ordinary_day_has_three_shifts_of_eight_hours() {
        let calendar = calendar("Europe/Madrid");
        for (instant, name, start) in [
            ("2026-06-10T05:59:59.999+02:00", "night", "2026-06-09T22:00+02:00"),
            ("2026-06-10T06:00:00+02:00", "morning", "2026-06-10T06:00+02:00"),
            ("2026-06-10T13:59:59.999+02:00", "morning", "2026-06-10T06:00+02:00"),
            ("2026-06-10T14:00:00+02:00", "afternoon", "2026-06-10T14:00+02:00"),
            ("2026-06-10T22:00:00+02:00", "night", "2026-06-10T22:00+02:00"),
            ("2026-06-11T00:00:00+02:00", "night", "2026-06-10T22:00+02:00"),
        ] {
            let period = calendar.period_at(at(instant));
            assert_eq!((period.name.as_str(), period.start), (name, at(start)), "{instant}");
            assert_eq!(hours(&period), 8, "{instant}");
        }
    }

    #[test]
    fn night_lasts_seven_hours_in_spring_and_nine_in_autumn() {
        for (zone, spring, autumn) in [
            ("Europe/Madrid", "2026-03-29T01:30:00+01:00", "2026-10-25T01:30:00+02:00"),
            ("America/New_York", "2026-03-08T01:30:00-05:00", "2026-11-01T01:30:00-04:00"),
        ] {
            let short = calendar(zone).period_at(at(spring));
            assert_eq!((short.name.as_str(), hours(&short)), ("night", 7), "{zone}");
            let long = calendar(zone).period_at(at(autumn));
            assert_eq!((long.name.as_str(), hours(&long)), ("night", 9), "{zone}");
        }
    }

    #[test]
    fn lord_howe_moves_its_clock_by_half_an_hour() {
        let night = calendar("Australia/Lord_Howe").period_at(at("2026-10-03T23:00:00+10:30"));
        assert_eq!(night.end.as_millis() - night.start.as_millis(), 15 * HOUR_MS / 2);
    }

    #[test]
    fn mendoza_keeps_its_offset_all_year() {
        let calendar = calendar("America/Argentina/Mendoza");
        for month in 1..=12 {
            let period = calendar.period_at(at(&format!("2026-{month:02}-15T23:00:00-03:00")));
            assert_eq!((period.name.as_str(), hours(&period)), ("night", 8), "month {month}");
        }
    }

    #[test]
    fn starts_inside_a_jump_of_the_clock_keep_their_order() {
        let shift = |name: &str, hour, minute| ScheduledShift {
            name: name.to_owned(),
            start: TimeOfDay { hour, minute },
            days: Days::ALL,
        };
        let shifts = vec![shift("a", 2, 15), shift("b", 2, 45), shift("c", 3, 10)];
        let calendar = Calendar::new(Schedule { shifts }, "Europe/Madrid").unwrap();
        // 02:00 becomes 03:00: `a` is over before it began, `b` begins at the jump.
        let jump = at("2026-03-29T03:00:00+02:00");
        let b = calendar.period_at(jump);
        assert_eq!((b.name.as_str(), b.start, b.end), ("b", jump, at("2026-03-29T03:10:00+02:00")));
        let before = calendar.period_at(at("2026-03-29T01:59:59.999+01:00"));
        assert_eq!((before.name.as_str(), before.end), ("c", jump));
    }

    #[test]
    fn start_that_the_clock_shows_twice_counts_once() {
        let shifts = vec![
            ScheduledShift {
                name: "day".to_owned(),
                start: TimeOfDay { hour: 2, minute: 30 },
                days: Days::ALL,
            },
            ScheduledShift {
                name: "late".to_owned(),
                start: TimeOfDay { hour: 14, minute: 0 },
                days: Days::ALL,
            },
        ];
        let calendar = Calendar::new(Schedule { shifts }, "Europe/Madrid").unwrap();
        let first = at("2026-10-25T02:30:00+02:00");
        for instant in ["2026-10-25T02:45:00+02:00", "2026-10-25T02:15:00+01:00", "2026-10-25T02:45:00+01:00"]
        {
            assert_eq!(calendar.period_at(at(instant)).start, first, "{instant}");
        }
    }

    #[test]
    fn skipped_day_leaves_no_hole() {
        // Samoa had no 30 December 2011.
        let night = calendar("Pacific/Apia").period_at(at("2011-12-30T09:59:00Z"));
        let after = calendar("Pacific/Apia").period_at(night.end);
        assert_eq!((night.end, after.start), (at("2011-12-30T10:00:00Z"), at("2011-12-30T10:00:00Z")));
        assert_eq!((after.name.as_str(), hours(&after)), ("night", 6));
    }

    #[test]
    fn unusable_schedules_and_zones_are_refused() {
        let none = Calendar::new(Schedule { shifts: Vec::new() }, "UTC").unwrap_err();
        assert!(matches!(none, CalendarError::Schedule(_)), "{none}");
        let nowhere = Calendar::new(Schedule::default(), "Mars/Base").unwrap_err();
        assert_eq!(nowhere, CalendarError::UnknownZone("Mars/Base".to_owned()));
    }

    #[test]
    fn the_last_shift_before_days_without_any_lasts_over_them() {
        let weekdays = Days::from_bits(0b1_1111);
        let shift = |name: &str, hour, days| ScheduledShift {
            name: name.to_owned(),
            start: TimeOfDay { hour, minute: 0 },
            days,
        };
        let shifts = vec![shift("day", 9, weekdays), shift("evening", 18, weekdays)];
        let calendar = Calendar::new(Schedule { shifts }, "Europe/Madrid").unwrap();
        // From Friday to Monday, over the change to summer time.
        let evening = calendar.period_at(at("2026-03-29T12:00:00+02:00"));
        assert_eq!((evening.name.as_str(), hours(&evening)), ("evening", 2 * 24 + 15 - 1));
        assert_eq!(evening.start, at("2026-03-27T18:00:00+01:00"));
        assert_eq!(evening.end, at("2026-03-30T09:00:00+02:00"));
    }

    #[test]
    fn a_leap_day_is_a_day_like_others() {
        let night = calendar("Europe/Madrid").period_at(at("2028-02-29T00:30:00+01:00"));
        assert_eq!((night.start, hours(&night)), (at("2028-02-28T22:00:00+01:00"), 8));
        let morning = calendar("Europe/Madrid").period_at(at("2028-02-29T06:00:00+01:00"));
        assert_eq!((morning.name.as_str(), hours(&morning)), ("morning", 8));
        let next = calendar("Europe/Madrid").period_at(at("2028-03-01T05:00:00+01:00"));
        assert_eq!(next.start, at("2028-02-29T22:00:00+01:00"));
    }

    fn schedules() -> impl Strategy<Value = Schedule> {
        let starts = proptest::collection::btree_map((0_u8..24, 0_u8..60), 1_u8..128, 1..6);
        starts.prop_map(|starts| Schedule {
            shifts: starts
                .into_iter()
                .map(|((hour, minute), days)| ScheduledShift {
                    name: format!("{hour}:{minute}"),
                    start: TimeOfDay { hour, minute },
                    days: Days::from_bits(days),
                })
                .collect(),
        })
    }

    proptest! {
        #[test]
        fn every_instant_belongs_to_exactly_one_shift(
            zone in proptest::sample::select(&ZONES[..]),
            schedule in schedules(),
            // 1990 to 2040.
            ms in 631_152_000_000_i64..2_208_988_800_000,
            inside in 0.0_f64..1.0,
        ) {
            let calendar = Calendar::new(schedule, zone).unwrap();
            let period = calendar.period_at(Timestamp::from_millis(ms));
            prop_assert!(period.start.as_millis() <= ms && ms < period.end.as_millis());
            let length = period.end.as_millis() - period.start.as_millis();
            // A week, plus the longest step back, plus Samoa's leap.
            prop_assert!(length > 0 && length <= (7 * 24 + 26) * HOUR_MS, "{length} ms");
            // Any other instant of it, its first and its last name the same shift.
            let other = period.start.as_millis() + (length as f64 * inside) as i64;
            for ms in [other, period.start.as_millis(), period.end.as_millis() - 1] {
                prop_assert_eq!(&calendar.period_at(Timestamp::from_millis(ms)), &period);
            }
            let next = calendar.period_at(period.end);
            prop_assert_eq!(next.start, period.end);
            let before = calendar.period_at(Timestamp::from_millis(period.start.as_millis() - 1));
            prop_assert_eq!(before.end, period.start);
        }

        #[test]
        fn any_number_is_an_instant(ms: i64, zone in proptest::sample::select(&ZONES[..])) {
            let period = calendar(zone).period_at(Timestamp::from_millis(ms));
            prop_assert!(period.start < period.end);
        }
    }
}
