//! How many people are there: least, mean and most of each minute.
//!
//! Time without a camera is no time without people: it is left out of the mean, and a minute without any sight has no
//! figures at all.

/// Length of a figure.
const MINUTE_MS: u64 = 60_000;

/// A count holds until the next one, but no longer than this: then the camera was away.
const HOLDS_MS: u64 = 2_000;

/// People of one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minute {
    /// Its begin, a full minute.
    pub start_ms: u64,
    pub min: u32,
    pub max: u32,
    /// People times milliseconds.
    pub people_ms: u64,
    /// How much of it was seen, milliseconds, 1 to 60000.
    pub seen_ms: u64,
}

/// Counts over time → minutes.
#[derive(Debug, Clone, Default)]
pub struct Occupancy {
    /// Count at the last look, and when that was.
    last: Option<(u32, u64)>,
    minute: Option<Minute>,
}

impl Occupancy {
    /// Takes in how many are there at `now_ms`; gives the minutes that are over. Time that goes back stands still.
    pub fn observe(&mut self, now_ms: u64, people: u32) -> Vec<Minute> {
        let mut over = Vec::new();
        if let Some((before, since)) = self.last {
            let now_ms = now_ms.max(since);
            self.hold(before, since, now_ms.min(since + HOLDS_MS), &mut over);
        }
        let last = self.last.map_or(now_ms, |(_, since)| now_ms.max(since));
        self.last = Some((people, last));
        over
    }

    /// The minute at hand, as far as it was seen.
    pub fn so_far(&self) -> Option<Minute> {
        self.minute
    }

    /// As [`Self::so_far`], and nothing after it.
    pub fn finish(&mut self) -> Option<Minute> {
        self.last = None;
        self.minute.take()
    }

    /// `people` were there from `from` to `to`.
    fn hold(&mut self, people: u32, mut from: u64, to: u64, over: &mut Vec<Minute>) {
        while from < to {
            let start_ms = from / MINUTE_MS * MINUTE_MS;
            let until = to.min(start_ms + MINUTE_MS);
            if self.minute.is_some_and(|minute| minute.start_ms != start_ms) {
                over.extend(self.minute.take());
            }
            let blank = Minute { start_ms, min: people, max: people, people_ms: 0, seen_ms: 0 };
            let minute = self.minute.get_or_insert(blank);
            minute.min = minute.min.min(people);
            minute.max = minute.max.max(people);
            minute.people_ms += u64::from(people) * (until - from);
            minute.seen_ms += until - from;
            from = until;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn minutes(looks: &[(u64, u32)]) -> Vec<Minute> {
        let mut occupancy = Occupancy::default();
        let mut minutes: Vec<_> =
            looks.iter().flat_map(|(at, people)| occupancy.observe(*at, *people)).collect();
        minutes.extend(occupancy.finish());
        minutes
    }

    #[test]
    fn a_minute_has_its_least_most_and_mean_by_time() {
        let looks: Vec<_> = (0..=60).map(|second| (second * 1000, if second < 15 { 4 } else { 0 })).collect();
        let [minute] = minutes(&looks)[..] else { panic!("not one minute") };
        assert_eq!((minute.start_ms, minute.min, minute.max, minute.seen_ms), (0, 0, 4, 60_000));
        assert_eq!(minute.people_ms, 60_000, "one on average");
    }

    #[test]
    fn time_without_a_camera_is_left_out() {
        let minutes = minutes(&[(0, 2), (1_000, 2), (150_000, 5), (151_000, 5)]);
        assert_eq!(minutes.len(), 2);
        assert_eq!((minutes[0].seen_ms, minutes[0].max), (3_000, 2), "1 s seen and 2 s for which it holds");
        assert_eq!((minutes[1].start_ms, minutes[1].seen_ms, minutes[1].min), (120_000, 1_000, 5));
    }

    proptest! {
        #[test]
        fn minutes_come_once_in_order_and_hold_all_time_that_was_seen(
            steps in proptest::collection::vec((0..90_000_u64, 0..9_u32), 1..60), start in 0..200_000_u64,
        ) {
            let mut at = start;
            let mut looks = Vec::new();
            let mut seen = 0;
            for (index, (step, people)) in steps.iter().enumerate() {
                if index > 0 {
                    at += step;
                    seen += (*step).min(HOLDS_MS);
                }
                looks.push((at, *people));
            }
            let minutes = minutes(&looks);
            prop_assert!(minutes.windows(2).all(|pair| pair[0].start_ms < pair[1].start_ms));
            prop_assert_eq!(minutes.iter().map(|minute| minute.seen_ms).sum::<u64>(), seen);
            for minute in &minutes {
                prop_assert!(minute.start_ms % MINUTE_MS == 0 && minute.seen_ms <= MINUTE_MS);
                let bounds = [minute.min, minute.max].map(|people| u64::from(people) * minute.seen_ms);
                prop_assert!((bounds[0]..=bounds[1]).contains(&minute.people_ms));
            }
        }
    }
}
