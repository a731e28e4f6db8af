//! Whether too many people are somewhere: told when it begins and when it is over, and not each time that one of them
//! is hidden for a moment.

/// Between two looks that are further apart than this anything may have been: the camera was away.
const AWAY_MS: u64 = 10_000;

/// So long there must be too many before it is told.
const HIGH_AFTER_MS: u64 = 2_000;

/// So long there must be few enough: the tracker knows somebody again who was hidden for as long.
const NORMAL_AFTER_MS: u64 = 10_000;

/// What a look has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crowding {
    /// There are too many.
    High,
    /// No longer.
    Normal,
}

/// One place watched over time. Beyond `max` there are too many; they are few enough again at a tenth of it less, so
/// that a crowd of a hundred does not come and go by one.
#[derive(Debug, Clone, Default)]
pub struct Crowd {
    is_high: bool,
    /// Since when the count has said otherwise without a break.
    otherwise_since_ms: Option<u64>,
    last_ms: u64,
    last_people: u32,
}

impl Crowd {
    /// Takes in how many are there at `now_ms`; time that goes back begins anew.
    pub fn observe(&mut self, now_ms: u64, people: u32, max: u32) -> Option<Crowding> {
        let was_away = now_ms < self.last_ms || now_ms - self.last_ms > AWAY_MS;
        (self.last_ms, self.last_people) = (now_ms, people);
        if was_away {
            self.otherwise_since_ms = None;
        }
        let (is_otherwise, after_ms, change) = match self.is_high {
            false => (people > max, HIGH_AFTER_MS, Crowding::High),
            true => (people <= max - max / 10, NORMAL_AFTER_MS, Crowding::Normal),
        };
        if !is_otherwise {
            self.otherwise_since_ms = None;
            return None;
        }
        let since_ms = *self.otherwise_since_ms.get_or_insert(now_ms);
        if now_ms - since_ms < after_ms {
            return None;
        }
        self.is_high = !self.is_high;
        self.otherwise_since_ms = None;
        Some(change)
    }

    /// How many there were at the last look, if it was told last that there are too many.
    pub fn too_many(&self) -> Option<u32> {
        self.is_high.then_some(self.last_people)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Changes while so many people are there for so many seconds, seen four times a second.
    fn watch(max: u32, parts: &[(u32, u64)]) -> Vec<(u64, Crowding)> {
        let (mut crowd, mut now, mut told) = (Crowd::default(), 0, Vec::new());
        for (people, seconds) in parts {
            for _ in 0..seconds * 4 {
                told.extend(crowd.observe(now, *people, max).map(|change| (now, change)));
                now += 250;
            }
        }
        told
    }

    #[test]
    fn too_many_are_told_after_two_seconds_and_few_enough_after_ten() {
        let told = watch(5, &[(5, 10), (6, 5), (5, 20)]);
        assert_eq!(told, [(12_000, Crowding::High), (25_000, Crowding::Normal)]);
        assert_eq!(watch(0, &[(0, 5), (1, 3)]), [(7_000, Crowding::High)], "nobody should be there");
    }

    #[test]
    fn who_comes_or_is_hidden_for_a_moment_is_not_told() {
        assert_eq!(watch(5, &[(6, 1), (5, 1), (6, 1), (4, 30)]), []);
        let told = watch(5, &[(6, 3), (3, 9), (6, 1), (3, 9), (7, 1)]);
        assert_eq!(told, [(2_000, Crowding::High)]);
    }

    #[test]
    fn a_large_crowd_is_few_enough_only_at_a_tenth_less() {
        let told = watch(100, &[(101, 3), (95, 60), (90, 11)]);
        assert_eq!(told, [(2_000, Crowding::High), (73_000, Crowding::Normal)]);
    }

    #[test]
    fn time_without_a_camera_counts_for_nothing() {
        let mut crowd = Crowd::default();
        assert_eq!(crowd.observe(10_000, 9, 5), None);
        assert_eq!(crowd.observe(60_000, 9, 5), None, "who knows who was there in between");
        assert_eq!(crowd.observe(61_000, 9, 5), None);
        assert_eq!(crowd.observe(62_000, 9, 5), Some(Crowding::High));
        assert_eq!(crowd.observe(1_000, 0, 5), None, "the clock was set back");
        assert_eq!(crowd.too_many(), Some(0));
    }

    proptest! {
        #[test]
        fn high_and_normal_take_turns_and_are_never_near_each_other(
            looks in proptest::collection::vec((0..1_500_u64, 0..12_u32), 0..400), max in 0..10_u32,
        ) {
            let (mut crowd, mut now, mut told) = (Crowd::default(), 0, Vec::new());
            for (step, people) in looks {
                now += step;
                told.extend(crowd.observe(now, people, max).map(|change| (now, change)));
            }
            for (index, (at, change)) in told.iter().enumerate() {
                let expected = if index % 2 == 0 { Crowding::High } else { Crowding::Normal };
                prop_assert_eq!(*change, expected);
                let least = if expected == Crowding::High { HIGH_AFTER_MS } else { NORMAL_AFTER_MS };
                prop_assert!(index == 0 || at - told[index - 1].0 >= least);
            }
        }
    }
}
