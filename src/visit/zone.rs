//! Whether a foot is in a zone, and from when to when.

use super::line::Step;
use crate::domain::{Point, Zone};

/// A zone in units of the picture's height.
#[derive(Debug, Clone)]
pub(super) struct Polygon {
    /// Each edge's two ends; none for fewer than three corners, which enclose nothing.
    edges: Vec<(Point, Point)>,
}

impl Polygon {
    /// `aspect` is the picture's width over its height.
    pub(super) fn new(zone: &Zone, aspect: f32) -> Self {
        let corners: Vec<_> =
            zone.corners.iter().map(|corner| Point { x: corner.x * aspect, y: corner.y }).collect();
        if corners.len() < 3 {
            return Self { edges: Vec::new() };
        }
        let next = corners.iter().cycle().skip(1);
        Self { edges: corners.iter().copied().zip(next.copied()).collect() }
    }

    /// By the even-odd rule: a ray to the right passes an odd number of edges.
    fn contains(&self, point: Point) -> bool {
        let passed = |(a, b): &&(Point, Point)| {
            (a.y > point.y) != (b.y > point.y) && point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x
        };
        self.edges.iter().filter(passed).count() % 2 == 1
    }

    fn is_near(&self, point: Point, margin: f32) -> bool {
        self.edges.iter().any(|(a, b)| distance(*a, *b, point) <= margin)
    }
}

/// Of `point` from the segment between `a` and `b`.
fn distance(a: Point, b: Point, point: Point) -> f32 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let squared = dx * dx + dy * dy;
    let along = (point.x - a.x) * dx + (point.y - a.y) * dy;
    let share = if squared > 0.0 { (along / squared).clamp(0.0, 1.0) } else { 0.0 };
    (a.x + share * dx - point.x).hypot(a.y + share * dy - point.y)
}

/// From the first to the last sight inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inside {
    pub(super) enter_ms: u64,
    pub(super) leave_ms: u64,
}

/// What a step changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Entered(u64),
    Left(Inside),
}

/// One person's way in respect of one zone.
#[derive(Debug, Clone, Default)]
pub(super) struct ZoneWatch {
    inside: Option<Inside>,
    /// Whether `inside` has lasted long enough to be told.
    told: bool,
    /// Whether it was told that it has lasted for long.
    dwelt: bool,
}

impl ZoneWatch {
    pub(super) fn step(&mut self, polygon: &Polygon, step: Step, settle_ms: u64) -> Option<Change> {
        let now = step.at_ms;
        // Who is inside leaves only by going clearly beyond the border.
        let here =
            polygon.contains(step.foot) || (self.inside.is_some() && polygon.is_near(step.foot, step.margin));
        if here {
            let inside = self.inside.get_or_insert(Inside { enter_ms: now, leave_ms: now });
            inside.leave_ms = now;
            if !self.told && now - inside.enter_ms >= settle_ms {
                self.told = true;
                return Some(Change::Entered(inside.enter_ms));
            }
            return None;
        }
        if self.told && now - self.inside?.leave_ms < settle_ms {
            return None;
        }
        self.end()
    }

    /// The stay, once it has lasted `dwell_ms`: once for each.
    pub(super) fn dwell(&mut self, dwell_ms: u64) -> Option<Inside> {
        let inside = self.inside.filter(|inside| inside.leave_ms - inside.enter_ms >= dwell_ms)?;
        (self.told && !std::mem::replace(&mut self.dwelt, true)).then_some(inside)
    }

    /// Whether the person has entered and not left.
    pub(super) fn is_inside(&self) -> bool {
        self.told
    }

    /// The person is gone.
    pub(super) fn end(&mut self) -> Option<Change> {
        let inside = self.inside.take()?;
        self.dwelt = false;
        std::mem::take(&mut self.told).then_some(Change::Left(inside))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SETTLE_MS: u64 = 500;

    fn square() -> Polygon {
        let corners = [(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)].map(|(x, y)| Point { x, y });
        Polygon::new(&Zone::new("queue", corners.to_vec()), 1.0)
    }

    /// Changes for somebody who is seen at these times and places.
    fn walk(places: &[(u64, f32)]) -> Vec<Change> {
        let mut watch = ZoneWatch::default();
        let polygon = square();
        let mut changes = Vec::new();
        for (at_ms, x) in places {
            let step = Step { foot: Point { x: *x, y: 0.5 }, margin: 0.02, at_ms: *at_ms };
            changes.extend(watch.step(&polygon, step, SETTLE_MS));
        }
        changes.extend(watch.end());
        changes
    }

    #[test]
    fn stay_is_from_first_to_last_sight_inside() {
        let stay = walk(&[(0, 0.1), (100, 0.3), (700, 0.5), (1500, 0.7), (1600, 0.9), (2200, 0.9)]);
        let inside = Inside { enter_ms: 100, leave_ms: 1500 };
        assert_eq!(stay, [Change::Entered(100), Change::Left(inside)]);
    }

    #[test]
    fn who_only_passes_has_not_entered() {
        assert_eq!(walk(&[(0, 0.1), (100, 0.3), (400, 0.7), (500, 0.9), (2000, 0.9)]), []);
    }

    #[test]
    fn short_step_out_does_not_end_the_stay() {
        let stay = walk(&[(0, 0.5), (600, 0.5), (700, 0.9), (900, 0.5), (2000, 0.5)]);
        assert_eq!(stay, [Change::Entered(0), Change::Left(Inside { enter_ms: 0, leave_ms: 2000 })]);
    }

    #[test]
    fn trembling_on_the_border_is_one_stay() {
        let places: Vec<_> = (0..100).map(|n| (n * 100, if n % 2 == 0 { 0.795 } else { 0.815 })).collect();
        assert_eq!(walk(&places).len(), 2);
    }

    #[test]
    fn long_stay_is_told_once_and_the_next_one_again() {
        let (mut watch, polygon) = (ZoneWatch::default(), square());
        let mut told = Vec::new();
        let inside = |from: u64| (0..60).map(move |n| (from + n * 100, 0.5));
        let outside = (0..10).map(|n| (6000 + n * 100, 0.1));
        for (at_ms, x) in inside(0).chain(outside).chain(inside(7000)) {
            let step = Step { foot: Point { x, y: 0.5 }, margin: 0.02, at_ms };
            watch.step(&polygon, step, SETTLE_MS);
            told.extend(watch.dwell(2000).map(|inside| (inside.enter_ms, inside.leave_ms)));
        }
        assert_eq!(told, [(0, 2000), (7000, 9000)]);
    }

    #[test]
    fn fewer_than_three_corners_enclose_nothing() {
        let corners = vec![Point { x: 0.0, y: 0.0 }, Point { x: 1.0, y: 1.0 }];
        let polygon = Polygon::new(&Zone::new("x", corners), 1.0);
        assert!(!polygon.contains(Point { x: 0.5, y: 0.5 }));
    }

    #[test]
    fn concave_zone_excludes_its_notch() {
        let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.2), (0.0, 1.0)];
        let corners = corners.map(|(x, y)| Point { x, y }).to_vec();
        let polygon = Polygon::new(&Zone::new("x", corners), 1.0);
        assert!(polygon.contains(Point { x: 0.1, y: 0.5 }));
        assert!(!polygon.contains(Point { x: 0.5, y: 0.5 }));
    }

    proptest! {
        #[test]
        fn every_entry_is_left_and_lasts_long_enough(
            places in proptest::collection::vec((1_u64..400, 0.0_f32..1.0), 0..80),
        ) {
            let mut now = 0;
            let timed: Vec<_> = places.into_iter().map(|(gap, x)| { now += gap; (now, x) }).collect();
            let changes = walk(&timed);
            prop_assert_eq!(changes.len() % 2, 0);
            let mut before = 0;
            for pair in changes.chunks(2) {
                let (Change::Entered(at), Change::Left(inside)) = (pair[0], pair[1]) else {
                    return Err(TestCaseError::fail(format!("{changes:?}")));
                };
                prop_assert_eq!(at, inside.enter_ms);
                prop_assert!(inside.leave_ms - inside.enter_ms >= SETTLE_MS);
                prop_assert!(at >= before);
                before = inside.leave_ms;
            }
        }
    }
}
