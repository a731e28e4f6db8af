//! Whether a foot has crossed a line: really, on the segment, and once.

use crate::domain::{Direction, Line, Point};

/// One sight of a foot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// In units of the picture's height, so that a distance is the same in all directions.
    pub(super) foot: Point,
    /// A foot nearer to a border than this may be on either side of it; the same unit.
    pub(super) margin: f32,
    pub(super) at_ms: u64,
}

/// A line in units of the picture's height.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    from: Point,
    dx: f32,
    dy: f32,
    length: f32,
}

impl Segment {
    /// `aspect` is the picture's width over its height.
    pub(super) fn new(line: &Line, aspect: f32) -> Self {
        let dx = (line.to.x - line.from.x) * aspect;
        let dy = line.to.y - line.from.y;
        let from = Point { x: line.from.x * aspect, y: line.from.y };
        Self { from, dx, dy, length: dx.hypot(dy) }
    }

    /// Distance of `point` from the endless line: positive on its right. With y pointing down, the right of
    /// (dx, dy) is (-dy, dx).
    fn offset(&self, point: Point) -> f32 {
        (self.dx * (point.y - self.from.y) - self.dy * (point.x - self.from.x)) / self.length
    }

    /// Whether the way from `a` to `b`, which lie on different sides, passes between the segment's ends.
    fn is_passed(&self, a: Point, b: Point) -> bool {
        let (before, after) = (self.offset(a), self.offset(b));
        let share = before / (before - after);
        let (x, y) = (a.x + share * (b.x - a.x), a.y + share * (b.y - a.y));
        let along = (x - self.from.x) * self.dx + (y - self.from.y) * self.dy;
        (0.0..=self.length * self.length).contains(&along)
    }
}

/// One person's way in respect of one line.
#[derive(Debug, Clone, Default)]
pub(super) struct LineWatch {
    /// The direction that led, or would have led, to the side the person is known to be on.
    side: Option<Direction>,
    last: Option<Point>,
    /// Passages through the segment since `side` was settled, out against in. What trembles cancels out, and
    /// who walks around the segment's end does not pass.
    passages: i32,
    passed_at_ms: u64,
    /// Since when the foot is clearly on the other side.
    beyond_since_ms: Option<u64>,
}

impl LineWatch {
    /// Answers a crossing with its time, once it is sure.
    pub(super) fn step(&mut self, segment: &Segment, step: Step, settle_ms: u64) -> Option<(Direction, u64)> {
        let offset = segment.offset(step.foot);
        // A line of no length has no sides.
        if !offset.is_finite() {
            return None;
        }
        let here = if offset >= 0.0 { Direction::In } else { Direction::Out };
        if let Some(last) = self.last.replace(step.foot)
            && (segment.offset(last) >= 0.0) != (offset >= 0.0)
            && segment.is_passed(last, step.foot)
        {
            self.passages += here.sign();
            self.passed_at_ms = step.at_ms;
        }
        if offset.abs() <= step.margin {
            return None;
        }
        match self.side {
            Some(side) if side != here => {
                let since = *self.beyond_since_ms.get_or_insert(step.at_ms);
                if step.at_ms - since < settle_ms { None } else { self.settle(here) }
            }
            _ => {
                self.side = Some(here);
                self.passages = 0;
                self.beyond_since_ms = None;
                None
            }
        }
    }

    /// The person is gone: who was last seen beyond the line has crossed it, as through a door.
    pub(super) fn end(&mut self) -> Option<(Direction, u64)> {
        self.beyond_since_ms?;
        let here = match self.side? {
            Direction::In => Direction::Out,
            Direction::Out => Direction::In,
        };
        self.settle(here)
    }

    fn settle(&mut self, side: Direction) -> Option<(Direction, u64)> {
        let crossed = self.passages * side.sign() > 0;
        self.side = Some(side);
        self.passages = 0;
        self.beyond_since_ms = None;
        crossed.then_some((side, self.passed_at_ms))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MARGIN: f32 = 0.02;
    const SETTLE_MS: u64 = 200;

    fn line(from: (f32, f32), to: (f32, f32)) -> Line {
        let point = |(x, y)| Point { x, y };
        Line { name: "door".into(), from: point(from), to: point(to), entrance: false }
    }

    /// Crossings of somebody who is seen every 100 ms at these places and then no more.
    fn walk(line: &Line, places: &[(f32, f32)]) -> Vec<Direction> {
        let segment = Segment::new(line, 1.0);
        let mut watch = LineWatch::default();
        let mut crossed = Vec::new();
        for (index, (x, y)) in places.iter().enumerate() {
            let step = Step { foot: Point { x: *x, y: *y }, margin: MARGIN, at_ms: index as u64 * 100 };
            crossed.extend(watch.step(&segment, step, SETTLE_MS));
        }
        crossed.extend(watch.end());
        crossed.into_iter().map(|(direction, _)| direction).collect()
    }

    #[test]
    fn in_is_from_left_to_right_of_the_direction_of_the_line() {
        // From the bottom of the picture to its top: its right is the picture's right.
        let upwards = line((0.5, 1.0), (0.5, 0.0));
        assert_eq!(walk(&upwards, &[(0.2, 0.5), (0.8, 0.5)]), [Direction::In]);
        assert_eq!(walk(&upwards, &[(0.8, 0.5), (0.2, 0.5)]), [Direction::Out]);
        // From left to right: its right is below, as y points down.
        let rightwards = line((0.0, 0.5), (1.0, 0.5));
        assert_eq!(walk(&rightwards, &[(0.5, 0.2), (0.5, 0.8)]), [Direction::In]);
        assert_eq!(walk(&rightwards, &[(0.5, 0.8), (0.5, 0.2)]), [Direction::Out]);
    }

    #[test]
    fn who_walks_past_the_end_of_the_segment_does_not_cross_it() {
        let short = line((0.5, 0.6), (0.5, 0.4));
        assert_eq!(walk(&short, &[(0.3, 0.2), (0.7, 0.2)]), []);
        assert_eq!(walk(&short, &[(0.3, 0.5), (0.7, 0.5)]), [Direction::In]);
        // Through it and back around its end: in once, never out.
        let around = [(0.3, 0.5), (0.7, 0.5), (0.7, 0.5), (0.7, 0.5), (0.7, 0.2), (0.3, 0.2), (0.3, 0.2)];
        assert_eq!(walk(&short, &around), [Direction::In]);
    }

    #[test]
    fn trembling_on_the_line_counts_at_most_once() {
        let upwards = line((0.5, 1.0), (0.5, 0.0));
        let tremble = [0.49, 0.51, 0.495, 0.505, 0.49, 0.515].map(|x| (x, 0.5));
        assert_eq!(walk(&upwards, &tremble), []);
        let through: Vec<_> = [&[(0.3, 0.5)], &tremble[..], &[(0.7, 0.5)]].concat();
        assert_eq!(walk(&upwards, &through), [Direction::In]);
        let back: Vec<_> = [&[(0.3, 0.5)], &tremble[..], &[(0.3, 0.5)]].concat();
        assert_eq!(walk(&upwards, &back), []);
    }

    #[test]
    fn box_that_jumps_for_one_frame_does_not_cross() {
        let rightwards = line((0.0, 0.5), (1.0, 0.5));
        // The feet are hidden in one frame, so the box ends at the waist.
        let jump = [(0.5, 0.7), (0.5, 0.7), (0.5, 0.4), (0.5, 0.7), (0.5, 0.7)];
        assert_eq!(walk(&rightwards, &jump), []);
    }

    #[test]
    fn who_leaves_through_the_door_has_crossed_it() {
        let rightwards = line((0.0, 0.5), (1.0, 0.5));
        assert_eq!(walk(&rightwards, &[(0.5, 0.7), (0.5, 0.4)]), [Direction::Out]);
    }

    #[test]
    fn line_of_no_length_is_never_crossed() {
        assert_eq!(walk(&line((0.5, 0.5), (0.5, 0.5)), &[(0.2, 0.5), (0.8, 0.5), (0.2, 0.4)]), []);
    }

    #[test]
    fn crossing_is_timed_at_the_first_sight_beyond() {
        let segment = Segment::new(&line((0.5, 1.0), (0.5, 0.0)), 1.0);
        let mut watch = LineWatch::default();
        let mut crossed = None;
        for (index, x) in [0.4, 0.49, 0.505, 0.6, 0.6, 0.6, 0.6].into_iter().enumerate() {
            let step = Step { foot: Point { x, y: 0.5 }, margin: MARGIN, at_ms: index as u64 * 100 };
            crossed = crossed.or(watch.step(&segment, step, SETTLE_MS));
        }
        assert_eq!(crossed, Some((Direction::In, 200)));
    }

    fn places() -> impl Strategy<Value = Vec<(f32, f32)>> {
        proptest::collection::vec((0.0_f32..1.0, 0.0_f32..1.0), 0..60)
    }

    proptest! {
        #[test]
        fn in_and_out_alternate_on_a_line_across_the_picture(places in places()) {
            let crossed = walk(&line((0.5, 2.0), (0.5, -1.0)), &places);
            for pair in crossed.windows(2) {
                prop_assert_ne!(pair[0], pair[1]);
            }
            let beyond: Vec<_> = places.iter().filter(|(x, _)| (x - 0.5).abs() > MARGIN).collect();
            // Who ends on the line itself may be on either side.
            if let (Some(first), Some(last)) = (beyond.first(), places.last())
                && beyond.last() == Some(&last)
            {
                let expected = i32::from(last.0 > 0.5) - i32::from(first.0 > 0.5);
                prop_assert_eq!(crossed.iter().map(|direction| direction.sign()).sum::<i32>(), expected);
            }
        }

        #[test]
        fn turning_the_line_around_turns_in_into_out(places in places()) {
            let there = walk(&line((0.3, 0.9), (0.6, 0.2)), &places);
            let back = walk(&line((0.6, 0.2), (0.3, 0.9)), &places);
            let signs = |crossed: &[Direction], by| -> Vec<_> {
                crossed.iter().map(|direction| direction.sign() * by).collect()
            };
            prop_assert_eq!(signs(&there, 1), signs(&back, -1));
        }

        #[test]
        fn nothing_near_the_line_ever_counts(xs in proptest::collection::vec(-MARGIN..MARGIN, 0..60)) {
            let near: Vec<_> = xs.iter().map(|x| (0.5 + x * 0.99, 0.5)).collect();
            prop_assert_eq!(walk(&line((0.5, 1.0), (0.5, 0.0)), &near), []);
        }
    }
}
