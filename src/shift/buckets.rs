//! A range of time cut into minutes, hours or days of a branch's clock.
//!
//! An hour that the clock shows twice is two, one of which it skips a part is shorter, and a day has as many hours as it
//! has: no instant is in two buckets, and none in none.

use jiff::Timestamp as Instant;
use jiff::tz::TimeZone;
use thiserror::Error;

use crate::domain::{TimeStep, Timestamp};

/// 1970 and the year 9000 in milliseconds: what lies outside is taken as the border itself.
const EARLIEST_MS: i64 = 0;
const LATEST_MS: i64 = 221_800_000_000_000;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// The clocks of all zones differ by multiples of this since 1972.
const QUARTER_MS: i64 = 15 * MINUTE_MS;

/// There would be more buckets than are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("more than {0} steps")]
pub struct TooMany(pub usize);

/// Buckets that follow one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buckets {
    /// Where each begins, and at last where the last one ends.
    borders: Vec<i64>,
}

impl Buckets {
    /// The whole buckets that `from..to` touches, by the clock of `zone`, which is UTC's when nobody knows it.
    ///
    /// # Errors
    /// When there are more than `most`.
    pub fn new(
        step: TimeStep,
        zone: &str,
        (from, to): (Timestamp, Timestamp),
        most: usize,
    ) -> Result<Self, TooMany> {
        let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
        let within = |at: Timestamp| at.as_millis().clamp(EARLIEST_MS, LATEST_MS);
        let from = within(from);
        let to = within(to).max(from + 1);
        let mut border = match step {
            TimeStep::Day => start_of_day(&zone, from, 0),
            TimeStep::Hour => start_of_part(&zone, from, HOUR_MS),
            TimeStep::Minute => start_of_part(&zone, from, MINUTE_MS),
        };
        let mut borders = vec![border];
        let mut part = Parts::new(&zone, border);
        while border < to {
            if borders.len() > most {
                return Err(TooMany(most));
            }
            border = match step {
                TimeStep::Day => end_of_day(&zone, border),
                TimeStep::Hour => part.end(border, HOUR_MS),
                TimeStep::Minute => part.end(border, MINUTE_MS),
            };
            borders.push(border);
        }
        Ok(Self { borders })
    }

    pub fn count(&self) -> usize {
        self.borders.len() - 1
    }

    /// Where the first one begins.
    pub fn from(&self) -> Timestamp {
        Timestamp::from_millis(self.borders[0])
    }

    /// Where the last one ends.
    pub fn to(&self) -> Timestamp {
        Timestamp::from_millis(self.borders[self.count()])
    }

    /// Where each begins.
    pub fn starts(&self) -> impl Iterator<Item = Timestamp> {
        self.borders[..self.count()].iter().map(|ms| Timestamp::from_millis(*ms))
    }

    /// The bucket that holds `at`.
    pub fn find(&self, at: Timestamp) -> Option<usize> {
        let after = self.borders.partition_point(|border| *border <= at.as_millis());
        (1..self.borders.len()).contains(&after).then(|| after - 1)
    }

    /// The bucket that holds all of `from..to`.
    pub fn find_whole(&self, from: Timestamp, to: Timestamp) -> Option<usize> {
        let bucket = self.find(from)?;
        (to.as_millis() <= self.borders[bucket + 1]).then_some(bucket)
    }

    /// A length, in milliseconds, into which time since 1970 can be cut so that no piece lies in two buckets: the longer,
    /// the fewer pieces have to be counted.
    pub fn grain_ms(&self) -> i64 {
        let fits = |grain: &i64| self.borders.iter().all(|border| border % grain == 0);
        [HOUR_MS, QUARTER_MS, MINUTE_MS, 1000].into_iter().find(fits).unwrap_or(1)
    }
}

/// Where hours or minutes end, one after the other.
struct Parts<'a> {
    zone: &'a TimeZone,
    offset_ms: i64,
    /// When the clock is next put forward or back.
    change: Option<i64>,
}

impl<'a> Parts<'a> {
    fn new(zone: &'a TimeZone, at: i64) -> Self {
        Self { zone, offset_ms: offset_ms(zone, at), change: next_change(zone, at) }
    }

    /// The end of the part that begins at `at`: the next full one on the clock, or a change of the clock before that.
    fn end(&mut self, at: i64, length_ms: i64) -> i64 {
        let full = at + length_ms - (at + self.offset_ms).rem_euclid(length_ms);
        match self.change {
            Some(change) if change <= full => {
                *self = Self::new(self.zone, change);
                change
            }
            _ => full,
        }
    }
}

fn start_of_part(zone: &TimeZone, at: i64, length_ms: i64) -> i64 {
    let full = at - (at + offset_ms(zone, at)).rem_euclid(length_ms);
    // The clock may have been changed since.
    std::iter::successors(next_change(zone, full), |change| next_change(zone, *change))
        .take_while(|change| *change <= at)
        .last()
        .unwrap_or(full)
}

/// When the day begins that is so many days after the one of `at`, or the first one after it that there is.
fn start_of_day(zone: &TimeZone, at: i64, days: i64) -> i64 {
    let date = zone.to_datetime(instant(at)).date();
    let date = date.saturating_add(jiff::Span::new().days(days));
    let begin = date.to_zoned(zone.clone()).and_then(|day| day.start_of_day());
    begin.map_or(at + days * 24 * HOUR_MS, |begin| begin.timestamp().as_millisecond())
}

/// A zone may skip a whole day (Samoa, 30 December 2011).
fn end_of_day(zone: &TimeZone, begin: i64) -> i64 {
    (1..4)
        .map(|days| start_of_day(zone, begin, days))
        .find(|next| *next > begin)
        .unwrap_or(begin + 24 * HOUR_MS)
}

fn offset_ms(zone: &TimeZone, at: i64) -> i64 {
    i64::from(zone.to_offset(instant(at)).seconds()) * 1000
}

/// The next change that moves the hands; some only rename the zone.
fn next_change(zone: &TimeZone, at: i64) -> Option<i64> {
    let changes = zone.following(instant(at)).map(|change| change.timestamp().as_millisecond());
    changes
        .take_while(|change| *change <= LATEST_MS)
        .find(|change| *change > at && offset_ms(zone, *change) != offset_ms(zone, *change - 1))
}

fn instant(ms: i64) -> Instant {
    Instant::from_millisecond(ms).expect("clamped instants should be in range")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_millis(text.parse::<Instant>().unwrap().as_millisecond())
    }

    fn buckets(step: TimeStep, zone: &str, from: &str, to: &str) -> Buckets {
        Buckets::new(step, zone, (at(from), at(to)), 10_000).unwrap()
    }

    /// Minutes of each bucket.
    fn lengths(buckets: &Buckets) -> Vec<i64> {
        buckets.borders.windows(2).map(|pair| (pair[1] - pair[0]) / MINUTE_MS).collect()
    }

    #[test]
    fn a_day_has_the_hours_that_it_has() {
        for (zone, day, hours) in [
            ("Europe/Madrid", "2026-03-29", 23),
            ("Europe/Madrid", "2026-10-25", 25),
            ("Europe/Madrid", "2026-06-10", 24),
            // Where the clock jumps at midnight, the day begins at one.
            ("Asia/Beirut", "2026-03-29", 23),
            ("America/Havana", "2026-11-01", 25),
        ] {
            let noon = format!("{day}T12:00:00Z");
            let days = buckets(TimeStep::Day, zone, &noon, &noon);
            assert_eq!(lengths(&days), [hours * 60], "{day} in {zone}");
            let parts = Buckets::new(TimeStep::Hour, zone, (days.from(), days.to()), 100).unwrap();
            assert_eq!(lengths(&parts), vec![60; usize::try_from(hours).unwrap()], "{day} in {zone}");
        }
    }

    #[test]
    fn an_hour_that_comes_twice_is_two() {
        let night = buckets(
            TimeStep::Hour,
            "Europe/Madrid",
            "2026-10-25T01:30:00+02:00",
            "2026-10-25T04:00:00+01:00",
        );
        let starts: Vec<_> = night.starts().collect();
        let expected = [
            "2026-10-25T01:00:00+02:00",
            "2026-10-25T02:00:00+02:00",
            "2026-10-25T02:00:00+01:00",
            "2026-10-25T03:00:00+01:00",
        ];
        assert_eq!(starts, expected.map(at));
        assert_eq!(night.grain_ms(), HOUR_MS);
    }

    #[test]
    fn lord_howe_has_halves_of_hours_when_it_moves_its_clock() {
        let autumn = ("2026-04-05T00:30:00+11:00", "2026-04-05T03:00:00+10:30");
        let night = buckets(TimeStep::Hour, "Australia/Lord_Howe", autumn.0, autumn.1);
        // From 02:00 it goes back to 01:30.
        assert_eq!(lengths(&night), [60, 60, 30, 60]);
        assert_eq!(night.grain_ms(), QUARTER_MS);
        let inside = "2026-04-05T01:45:00+10:30";
        let part = buckets(TimeStep::Hour, "Australia/Lord_Howe", inside, inside);
        assert_eq!((part.from(), lengths(&part)), (at("2026-04-05T01:30:00+10:30"), vec![30]));
    }

    #[test]
    fn a_day_that_the_calendar_skips_is_not_there() {
        let days = buckets(TimeStep::Day, "Pacific/Apia", "2011-12-29T12:00:00Z", "2012-01-01T08:00:00Z");
        assert_eq!(lengths(&days), [24 * 60; 3], "29 and 31 December, and New Year");
    }

    #[test]
    fn whole_buckets_are_taken_and_no_more_than_are_wanted() {
        let range = (at("2026-06-10T10:20:30Z"), at("2026-06-10T12:00:00Z"));
        let hours = Buckets::new(TimeStep::Hour, "UTC", range, 2).unwrap();
        assert_eq!((hours.from(), hours.to()), (at("2026-06-10T10:00:00Z"), range.1));
        assert_eq!(Buckets::new(TimeStep::Hour, "UTC", range, 1), Err(TooMany(1)));
        assert_eq!(hours.find(at("2026-06-10T11:59:59.999Z")), Some(1));
        assert_eq!((hours.find(range.1), hours.find(at("2026-06-10T09:59:59Z"))), (None, None));
        assert_eq!(hours.find_whole(hours.from(), at("2026-06-10T11:00:00Z")), Some(0));
        assert_eq!(hours.find_whole(range.0, at("2026-06-10T11:00:00.001Z")), None);
        let kathmandu = Buckets::new(TimeStep::Hour, "Asia/Kathmandu", range, 9).unwrap();
        assert_eq!((kathmandu.from(), kathmandu.grain_ms()), (at("2026-06-10T10:15:00Z"), QUARTER_MS));
    }

    proptest! {
        #[test]
        fn every_instant_is_in_the_bucket_that_its_clock_shows(
            zone in proptest::sample::select(&[
                "Europe/Madrid", "Australia/Lord_Howe", "America/Havana", "Asia/Beirut", "Africa/Casablanca",
                "Asia/Kathmandu", "Pacific/Apia", "UTC",
            ][..]),
            step in proptest::sample::select(&TimeStep::ALL[..]),
            // 1990 to 2040.
            ms in 631_152_000_000_i64..2_208_988_800_000,
            length_ms in 1_i64..4 * 24 * HOUR_MS,
            inside in 0.0_f64..1.0,
        ) {
            let range = (Timestamp::from_millis(ms), Timestamp::from_millis(ms + length_ms));
            let buckets = Buckets::new(step, zone, range, 10_000).unwrap();
            prop_assert!(buckets.from() <= range.0 && range.1 <= buckets.to());
            prop_assert!(buckets.borders.windows(2).all(|pair| pair[0] < pair[1]));
            let some = Timestamp::from_millis(ms + (length_ms as f64 * inside) as i64);
            let bucket = buckets.find(some).unwrap();
            let zone = TimeZone::get(zone).unwrap();
            let shown = |ms: i64| {
                let shown = zone.to_datetime(instant(ms));
                match step {
                    TimeStep::Day => (shown.date(), 0, 0),
                    TimeStep::Hour => (shown.date(), shown.hour(), 0),
                    TimeStep::Minute => (shown.date(), shown.hour(), shown.minute()),
                }
            };
            let (begin, end) = (buckets.borders[bucket], buckets.borders[bucket + 1]);
            for ms in [begin, end - 1] {
                prop_assert_eq!(shown(ms), shown(some.as_millis()));
            }
            // One more on either side is another, or the same once more.
            let is_another = |ms: i64| {
                shown(ms) != shown(some.as_millis()) || offset_ms(&zone, ms) != offset_ms(&zone, some.as_millis())
            };
            prop_assert!(is_another(begin - 1) && is_another(end));
        }

        #[test]
        fn any_number_is_an_instant(from: i64, to: i64) {
            let range = (Timestamp::from_millis(from), Timestamp::from_millis(to));
            if let Ok(buckets) = Buckets::new(TimeStep::Day, "Europe/Madrid", range, 100) {
                prop_assert!((1..=100).contains(&buckets.count()));
            }
        }
    }
}
