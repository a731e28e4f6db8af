//! The schedules of a branch one after another, each with the instant from which it holds.
//!
//! The rule: shifts that have begun keep their begin and their name. The one that runs when a schedule is changed
//! lasts until the first start of the new schedule; from there on the new one holds. So a record that comes late still
//! finds the shift that was there at its time.

use std::time::Duration;

use super::{Calendar, Period};
use crate::domain::Timestamp;

/// A change takes hold at a start no nearer than this: what other nodes write meanwhile, by clocks that may differ by
/// some seconds, belongs to the shift that runs in any case.
const NOTICE: Duration = Duration::from_secs(60);

/// One schedule, and when it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    pub calendar: Calendar,
    /// When it was decided: no start of the version before it counts after this instant.
    pub decided: Timestamp,
    /// Its first start, after `decided`; of the first version the begin of all time.
    pub from: Timestamp,
}

/// All schedules that a branch has had and the one that it will have.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// By `from`; never empty.
    versions: Vec<Version>,
}

impl Plan {
    /// One schedule since ever.
    pub fn always(calendar: Calendar) -> Self {
        let begin = Timestamp::from_millis(i64::MIN);
        Self { versions: vec![Version { calendar, decided: begin, from: begin }] }
    }

    /// What [`Plan::versions`] told; `None` when there are none.
    pub fn of(mut versions: Vec<Version>) -> Option<Self> {
        versions.sort_by_key(|version| version.from);
        versions.first_mut()?.from = Timestamp::from_millis(i64::MIN);
        Some(Self { versions })
    }

    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// The schedule that was decided last, whether it holds already or not.
    pub fn latest(&self) -> &Version {
        self.versions.last().expect("a plan should have a version")
    }

    /// The one period that holds `at`.
    pub fn period_at(&self, at: Timestamp) -> Period {
        let index = self.versions.partition_point(|version| version.from <= at).saturating_sub(1);
        let version = &self.versions[index];
        let Some(next) = self.versions.get(index + 1) else { return version.calendar.period_at(at) };
        let mut period = version.calendar.period_at(at.min(next.decided));
        if period.end > next.decided {
            period.end = next.from;
        }
        period
    }

    /// The plan after somebody decides at `now` that `calendar` is to hold.
    #[must_use]
    pub fn changed(&self, calendar: Calendar, now: Timestamp) -> Self {
        let mut versions = self.versions.clone();
        if self.latest().calendar == calendar {
            return self.clone();
        }
        let mut decided = now;
        // One that does not hold yet gives way. What it has prolonged goes on: the starts that it has put off are over.
        while versions.len() > 1 && versions.last().is_some_and(|version| version.from > now) {
            decided = versions.pop().map_or(decided, |version| decided.min(version.decided));
        }
        let from = calendar.period_at(now + NOTICE).end;
        versions.push(Version { calendar, decided, from });
        Self { versions }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Days, Schedule, ScheduledShift, TimeOfDay};

    const HOUR_MS: i64 = 3_600_000;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
    }

    fn calendar(zone: &str, hours: &[u8]) -> Calendar {
        let shift = |hour: &u8| ScheduledShift {
            name: format!("from {hour}"),
            start: TimeOfDay { hour: *hour, minute: 0 },
            days: Days::ALL,
        };
        Calendar::new(Schedule { shifts: hours.iter().map(shift).collect() }, zone).unwrap()
    }

    #[test]
    fn the_running_shift_lasts_until_the_first_start_of_the_new_schedule() {
        let plan = Plan::always(calendar("UTC", &[6, 14, 22]));
        for (hours, end) in [
            // Sooner, later, and past the end that it had.
            (&[7, 12][..], "2026-06-10T12:00Z"),
            (&[16], "2026-06-10T16:00Z"),
            (&[5, 10], "2026-06-11T05:00Z"),
        ] {
            let changed = plan.changed(calendar("UTC", hours), at("2026-06-10T11:00Z"));
            let running = changed.period_at(at("2026-06-10T11:30Z"));
            assert_eq!(running.name, "from 6");
            assert_eq!((running.start, running.end), (at("2026-06-10T06:00Z"), at(end)), "{hours:?}");
            assert_eq!(changed.period_at(running.end).start, running.end);
            // Late records of before find what was there.
            let before = at("2026-06-09T15:00Z");
            assert_eq!(changed.period_at(before), plan.period_at(before));
        }
    }

    #[test]
    fn a_change_of_zone_is_a_change_of_schedule() {
        let plan = Plan::always(calendar("UTC", &[6, 14, 22]));
        let changed = plan.changed(calendar("Europe/Madrid", &[6, 14, 22]), at("2026-06-10T11:00Z"));
        assert_eq!(changed.period_at(at("2026-06-10T11:00Z")).end, at("2026-06-10T12:00Z"));
        let afternoon = changed.period_at(at("2026-06-10T12:00Z"));
        assert_eq!((afternoon.start, afternoon.end), (at("2026-06-10T12:00Z"), at("2026-06-10T20:00Z")));
    }

    #[test]
    fn a_change_just_before_a_start_leaves_that_one_out() {
        let plan = Plan::always(calendar("UTC", &[6, 14, 22]));
        let changed = plan.changed(calendar("UTC", &[12, 18]), at("2026-06-10T11:59:30Z"));
        assert_eq!(changed.period_at(at("2026-06-10T12:30Z")).end, at("2026-06-10T18:00Z"));
    }

    #[test]
    fn second_thoughts_do_not_bring_back_a_start_that_was_put_off() {
        let first = Plan::always(calendar("UTC", &[6, 14, 22]));
        let second = first.changed(calendar("UTC", &[5]), at("2026-06-10T11:00Z"));
        let third = second.changed(calendar("UTC", &[6, 14, 22]), at("2026-06-10T15:00Z"));
        for time in ["2026-06-10T13:00Z", "2026-06-10T14:30Z", "2026-06-10T21:00Z"] {
            let period = third.period_at(at(time));
            assert_eq!(period.start, at("2026-06-10T06:00Z"), "{time}");
            assert_eq!(period.end, at("2026-06-10T22:00Z"), "{time}");
        }
        assert_eq!(third.period_at(at("2026-06-10T22:00Z")).name, "from 22");
    }

    #[test]
    fn the_same_again_changes_nothing() {
        let plan = Plan::always(calendar("UTC", &[6, 14, 22]));
        assert_eq!(plan.changed(calendar("UTC", &[6, 14, 22]), at("2026-06-10T11:00Z")), plan);
    }

    fn calendars() -> impl Strategy<Value = Calendar> {
        const ZONES: [&str; 5] =
            ["Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"];
        let shift = (0_u8..24, 0_u8..60, 1_u8..128);
        (proptest::sample::select(&ZONES[..]), proptest::collection::vec(shift, 1..5)).prop_filter_map(
            "two shifts that start at once are refused",
            |(zone, shifts)| {
                let shift = |(hour, minute, days): &(u8, u8, u8)| ScheduledShift {
                    name: format!("{hour}:{minute} {days}"),
                    start: TimeOfDay { hour: *hour, minute: *minute },
                    days: Days::from_bits(*days),
                };
                Calendar::new(Schedule { shifts: shifts.iter().map(shift).collect() }, zone).ok()
            },
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn every_instant_has_one_shift_whatever_is_changed_and_what_has_begun_stays(
            first in calendars(),
            changes in proptest::collection::vec((calendars(), 1_i64..400), 0..6),
            // 2011 (Samoa skips a day) to 2030.
            start in 1_300_000_000_000_i64..1_900_000_000_000,
        ) {
            let mut plan = Plan::always(first);
            let mut now = start;
            let mut begun = Vec::new();
            for (calendar, hours) in changes {
                // Somebody looks every seven hours, as a recorder does.
                for step in 0..hours / 7 {
                    let seen = Timestamp::from_millis(now + step * 7 * HOUR_MS);
                    begun.push((seen, plan.period_at(seen)));
                }
                now += hours * HOUR_MS;
                let seen = Timestamp::from_millis(now);
                begun.push((seen, plan.period_at(seen)));
                plan = plan.changed(calendar, seen);
                begun.push((seen, plan.period_at(seen)));
            }
            for (seen, before) in begun {
                let after = plan.period_at(seen);
                prop_assert_eq!((&after.name, after.start), (&before.name, before.start));
            }
            // One after another, without a hole and without an overlap.
            let end = now + 20 * 24 * HOUR_MS;
            let mut period = plan.period_at(Timestamp::from_millis(start - 10 * 24 * HOUR_MS));
            while period.end.as_millis() < end {
                prop_assert!(period.start < period.end);
                let middle = period.start.as_millis().midpoint(period.end.as_millis());
                for ms in [period.start.as_millis(), middle, period.end.as_millis() - 1] {
                    prop_assert_eq!(&plan.period_at(Timestamp::from_millis(ms)), &period);
                }
                let next = plan.period_at(period.end);
                prop_assert_eq!(next.start, period.end);
                period = next;
            }
        }
    }
}
