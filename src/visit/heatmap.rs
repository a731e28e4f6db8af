//! Where people stand over time: heat by the quarter of an hour.
//!
//! Shifts begin at full hours and all zones lie whole quarters apart, so that no quarter belongs to two shifts.

use crate::domain::{Heat, Point};

/// Length of a figure.
const QUARTER_MS: u64 = 15 * 60_000;

/// Feet hold their place until the next look, but no longer than this: then the camera was away.
const HOLDS_MS: u64 = 2_000;

/// Heat of one quarter of an hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarter {
    /// Its begin: full, quarter past, half past or quarter to.
    pub start_ms: u64,
    pub heat: Heat,
}

/// Feet over time → quarters in which somebody was there.
#[derive(Debug, Clone, Default)]
pub struct HeatWatch {
    last: Option<(Vec<Point>, u64)>,
    quarter: Option<Quarter>,
}

impl HeatWatch {
    /// Takes in where people stand at `now_ms`; gives the quarters that are over. Time that goes back stands still.
    pub fn observe(&mut self, now_ms: u64, feet: &[Point]) -> Vec<Quarter> {
        let mut over = Vec::new();
        let (mut places, since) = self.last.take().unwrap_or((Vec::new(), now_ms));
        let now_ms = now_ms.max(since);
        self.hold(&places, since, now_ms.min(since + HOLDS_MS), &mut over);
        places.clear();
        places.extend_from_slice(feet);
        self.last = Some((places, now_ms));
        over
    }

    /// The quarter at hand; `None` when nobody was there in it.
    pub fn so_far(&self) -> Option<&Quarter> {
        self.quarter.as_ref()
    }

    /// As [`Self::so_far`], and nothing after it.
    pub fn finish(&mut self) -> Option<Quarter> {
        self.last = None;
        self.quarter.take()
    }

    /// People stood at `feet` from `from` to `to`.
    fn hold(&mut self, feet: &[Point], mut from: u64, to: u64, over: &mut Vec<Quarter>) {
        while from < to && !feet.is_empty() {
            let start_ms = from / QUARTER_MS * QUARTER_MS;
            let until = to.min(start_ms + QUARTER_MS);
            if self.quarter.as_ref().is_some_and(|quarter| quarter.start_ms != start_ms) {
                over.extend(self.quarter.take());
            }
            let quarter = self.quarter.get_or_insert_with(|| Quarter { start_ms, heat: Heat::default() });
            for foot in feet {
                quarter.heat.stand(*foot, until - from);
            }
            from = until;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn point(x: f32, y: f32) -> Point {
        Point { x, y }
    }

    #[test]
    fn time_is_counted_where_the_feet_are() {
        let mut watch = HeatWatch::default();
        watch.observe(0, &[point(0.0, 0.0), point(1.0, 1.3)]);
        watch.observe(400, &[point(0.5, 0.5)]);
        watch.observe(500, &[]);
        watch.observe(900, &[]);
        let heat = watch.finish().expect("people were there").heat;
        let warm: Vec<_> = heat.cells().iter().enumerate().filter(|(_, ms)| **ms > 0).collect();
        let middle = Heat::ROWS / 2 * Heat::COLUMNS + Heat::COLUMNS / 2;
        assert_eq!(warm, [(0, &400), (middle, &100), (Heat::COLUMNS * Heat::ROWS - 1, &400)]);
        assert_eq!(watch.finish(), None, "it is told once");
    }

    #[test]
    fn somebody_does_not_stand_there_while_the_camera_is_away() {
        let mut watch = HeatWatch::default();
        watch.observe(0, &[point(0.1, 0.1)]);
        watch.observe(60_000, &[point(0.1, 0.1)]);
        assert_eq!(watch.so_far().expect("heat").heat.total_ms(), HOLDS_MS);
    }

    #[test]
    fn quarters_in_which_nobody_was_there_are_left_out() {
        let mut watch = HeatWatch::default();
        assert_eq!(watch.observe(QUARTER_MS - 500, &[point(0.1, 0.1)]), []);
        let over = watch.observe(QUARTER_MS + 500, &[]);
        assert_eq!(over.iter().map(|quarter| quarter.start_ms).collect::<Vec<_>>(), [0]);
        assert_eq!(over[0].heat.total_ms(), 500);
        assert_eq!(watch.observe(3 * QUARTER_MS, &[]), []);
        assert_eq!(watch.finish().map(|quarter| quarter.start_ms), Some(QUARTER_MS));
    }

    proptest! {
        #[test]
        fn no_time_is_lost_wherever_the_feet_are(
            feet in proptest::collection::vec((-1.0..2.0_f32, -1.0..2.0_f32), 0..9),
            start in 0..3 * QUARTER_MS, ms in 0..HOLDS_MS,
        ) {
            let mut watch = HeatWatch::default();
            let places: Vec<_> = feet.iter().map(|(x, y)| point(*x, *y)).collect();
            let mut quarters = watch.observe(start, &places);
            quarters.extend(watch.observe(start + ms, &[]));
            quarters.extend(watch.finish());
            let sum: u64 = quarters.iter().map(|quarter| quarter.heat.total_ms()).sum();
            prop_assert_eq!(sum, feet.len() as u64 * ms);
            prop_assert!(quarters.windows(2).all(|pair| pair[0].start_ms < pair[1].start_ms));
        }
    }
}
