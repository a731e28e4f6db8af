//! Which parts of a frame have to be hidden, erring on the side of hiding too much.
//!
//! A detector misses people now and then, answers late, or fails. So a part that was hidden stays hidden, and grows,
//! until a result of a while later does not see its person either; all parts grow while results are overdue; and a
//! picture that nobody has looked at for too long is hidden whole. Time counts from the sight, not from the answer.

use std::time::Duration;

use crate::meta::{Detections, Object, Rect};

/// Label of what is hidden.
const PERSON: &str = "person";

/// Share of its size by which a part grows on each side, a second that its person has not been seen: somebody who walks
/// crosses about their own width in it.
const GROWTH_PER_S: f32 = 1.0;

/// Share of its size by which a part is larger than its box, which may cut off hair, hands or a step.
const MARGIN: f32 = 0.1;

/// What of a person is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Head,
    Whole,
}

/// How long what was seen counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// A person stays hidden until a result of so long after they were last seen does not see them either.
    pub hold: Duration,
    /// Without any result for so long the whole picture is hidden.
    pub blackout: Duration,
}

/// What to hide in a frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Cover {
    /// In fractions of the picture; empty when nobody is there.
    Parts(Vec<Rect>),
    Everything,
}

#[derive(Debug, Clone)]
struct Kept {
    object: Object,
    /// Media time of the frame in which a result last saw it.
    seen: Duration,
}

/// What was seen so far in a stream.
#[derive(Debug, Default)]
pub struct Regions {
    kept: Vec<Kept>,
    /// Media time of the frame that the last result was of.
    looked: Option<Duration>,
}

impl Regions {
    /// What to hide in the frame at media time `now` that carries `detections`; `None` is a frame that no detector saw.
    pub fn cover(
        &mut self,
        now: Option<Duration>,
        detections: Option<&Detections>,
        part: Part,
        patience: Patience,
    ) -> Cover {
        let (Some(now), Some(detections)) = (now, detections) else { return Cover::Everything };
        if let Some(seen) = detections.seen_pts {
            self.looked = Some(seen.into());
        } else if detections.fresh {
            self.looked = Some(now);
        }
        let Some(looked) = self.looked else { return Cover::Everything };
        // A result of the future is one from before the clock was set back.
        if now.checked_sub(looked).is_none_or(|age| age >= patience.blackout) {
            return Cover::Everything;
        }
        let mut before = std::mem::take(&mut self.kept);
        for object in detections.objects.iter().filter(|object| object.label == PERSON) {
            let known = before.iter().position(|kept| kept.is_same(object)).map(|at| before.swap_remove(at));
            let seen = if object.seen { looked } else { known.map_or(looked, |known| known.seen) };
            self.kept.push(Kept { object: object.clone(), seen });
        }
        // Only who looked can say that somebody is gone, so that nobody is uncovered while results stay away. What was
        // seen long after this result is from before the clock was set back.
        before.retain(|kept| looked.abs_diff(kept.seen) < patience.hold);
        self.kept.append(&mut before);
        let rect = |kept: &Kept| {
            let unseen = now.saturating_sub(kept.seen).as_secs_f32();
            grown(part.of(kept.object.rect), MARGIN + unseen * GROWTH_PER_S)
        };
        Cover::Parts(self.kept.iter().map(rect).collect())
    }

    /// How long the people of the last cover's parts had not been seen at media time `now`, in the order of the parts.
    pub fn unseen(&self, now: Duration) -> impl Iterator<Item = Duration> {
        self.kept.iter().map(move |kept| now.saturating_sub(kept.seen))
    }
}

impl Kept {
    /// The same track, or for want of a number a box that covers most of it.
    fn is_same(&self, object: &Object) -> bool {
        match (self.object.track, object.track) {
            (Some(known), Some(track)) => known == track,
            _ => overlaps(self.object.rect, object.rect),
        }
    }
}

impl Part {
    /// The part of a person's box; a head lies at its top, and is the larger share of it the less of the body is seen.
    fn of(self, person: Rect) -> Rect {
        match self {
            Self::Whole => person,
            Self::Head => {
                let height = (person.h * 0.22).max((person.w * 0.8).min(person.h * 0.6));
                Rect { h: height, ..person }
            }
        }
    }
}

fn grown(rect: Rect, share: f32) -> Rect {
    let (by_x, by_y) = (rect.w * share, rect.h * share);
    Rect { x: rect.x - by_x, y: rect.y - by_y, w: rect.w + 2.0 * by_x, h: rect.h + 2.0 * by_y }
}

/// More than half of the smaller box lies in the other.
fn overlaps(a: Rect, b: Rect) -> bool {
    let width = (a.x + a.w).min(b.x + b.w) - a.x.max(b.x);
    let height = (a.y + a.h).min(b.y + b.h) - a.y.max(b.y);
    width > 0.0 && height > 0.0 && width * height > 0.5 * (a.w * a.h).min(b.w * b.h)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PATIENCE: Patience = Patience { hold: Duration::from_secs(1), blackout: Duration::from_secs(2) };

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn person(x: f32, track: Option<u64>, seen: bool) -> Object {
        Object {
            label: PERSON.into(),
            score: 0.8,
            rect: Rect { x, y: 0.2, w: 0.1, h: 0.4 },
            track,
            seen,
            ..Object::default()
        }
    }

    /// A result of the frame at `at`.
    fn result(objects: Vec<Object>) -> Detections {
        Detections { fresh: true, objects, ..Detections::default() }
    }

    /// A frame without a result of its own; the last one was of the frame at `seen_ms`.
    fn between(seen_ms: u64, objects: Vec<Object>) -> Detections {
        Detections {
            seen_pts: Some(gst::ClockTime::from_mseconds(seen_ms)),
            objects,
            ..Detections::default()
        }
    }

    fn cover(regions: &mut Regions, at: u64, detections: &Detections) -> Cover {
        regions.cover(Some(ms(at)), Some(detections), Part::Whole, PATIENCE)
    }

    fn parts(cover: Cover) -> Vec<Rect> {
        match cover {
            Cover::Parts(parts) => parts,
            Cover::Everything => panic!("everything is hidden"),
        }
    }

    #[test]
    fn everything_is_hidden_until_somebody_has_looked() {
        let mut regions = Regions::default();
        assert_eq!(cover(&mut regions, 0, &Detections::default()), Cover::Everything);
        assert_eq!(cover(&mut regions, 40, &result(Vec::new())), Cover::Parts(Vec::new()));
        assert_eq!(regions.cover(Some(ms(80)), None, Part::Whole, PATIENCE), Cover::Everything);
        let nothing = Detections::default();
        assert_eq!(regions.cover(None, Some(&nothing), Part::Whole, PATIENCE), Cover::Everything);
    }

    #[test]
    fn everything_is_hidden_when_results_stay_away_and_until_they_come_back() {
        let mut regions = Regions::default();
        assert!(matches!(cover(&mut regions, 0, &result(Vec::new())), Cover::Parts(_)));
        assert!(matches!(cover(&mut regions, 1999, &between(0, Vec::new())), Cover::Parts(_)));
        assert_eq!(cover(&mut regions, 2000, &between(0, Vec::new())), Cover::Everything);
        assert!(matches!(cover(&mut regions, 2040, &between(1900, Vec::new())), Cover::Parts(_)));
    }

    #[test]
    fn a_clock_that_was_set_back_hides_everything_until_the_next_result() {
        let mut regions = Regions::default();
        cover(&mut regions, 60_000, &result(vec![person(0.5, Some(1), true)]));
        assert_eq!(cover(&mut regions, 40, &between(60_000, Vec::new())), Cover::Everything);
        assert_eq!(cover(&mut regions, 80, &result(Vec::new())), Cover::Parts(Vec::new()));
    }

    #[test]
    fn somebody_who_is_missed_stays_hidden_by_more_and_more_for_a_while() {
        let mut regions = Regions::default();
        let first = parts(cover(&mut regions, 0, &result(vec![person(0.5, Some(1), true)])));
        let later = parts(cover(&mut regions, 500, &result(Vec::new())));
        assert!(later[0].w > first[0].w + 0.09, "{first:?} {later:?}");
        assert_eq!(parts(cover(&mut regions, 1000, &result(Vec::new()))), []);
    }

    #[test]
    fn nobody_is_uncovered_because_the_detector_stalls() {
        let mut regions = Regions::default();
        let mut before = parts(cover(&mut regions, 0, &result(vec![person(0.5, Some(1), true)])))[0].w;
        for at in [500, 1000, 1500, 1999] {
            let there = parts(cover(&mut regions, at, &between(0, Vec::new())));
            assert_eq!(there.len(), 1, "at {at}");
            assert!(there[0].w > before, "at {at} {there:?}");
            before = there[0].w;
        }
        assert_eq!(cover(&mut regions, 2000, &between(0, Vec::new())), Cover::Everything);
        let late = Detections { fresh: true, ..between(900, Vec::new()) };
        assert_eq!(parts(cover(&mut regions, 2040, &late)).len(), 1, "that one looked too early");
        let enough = Detections { fresh: true, ..between(1000, Vec::new()) };
        assert_eq!(parts(cover(&mut regions, 2080, &enough)), []);
    }

    #[test]
    fn whoever_is_carried_for_longer_than_the_hold_does_not_shrink() {
        let mut regions = Regions::default();
        let mut before = parts(cover(&mut regions, 0, &result(vec![person(0.5, Some(1), true)])))[0].w;
        for at in [400, 800, 1200, 1600] {
            let there = parts(cover(&mut regions, at, &result(vec![person(0.5, Some(1), false)])));
            assert_eq!(there.len(), 1, "at {at}");
            assert!(there[0].w > before, "at {at} {there:?}");
            before = there[0].w;
        }
        assert_eq!(parts(cover(&mut regions, 1640, &result(Vec::new()))), [], "it was not seen for long");
    }

    #[test]
    fn a_late_result_counts_from_what_it_saw() {
        let late = |seen_ms, objects| Detections { fresh: true, ..between(seen_ms, objects) };
        let mut regions = Regions::default();
        let there = parts(cover(&mut regions, 500, &late(0, vec![person(0.5, Some(1), true)])));
        assert!((there[0].w - 0.22).abs() < 0.001, "half a second of growth: {there:?}");
        assert_eq!(regions.unseen(ms(500)).collect::<Vec<_>>(), [ms(500)]);
        let mut regions = Regions::default();
        let overdue = late(0, vec![person(0.5, Some(1), true)]);
        assert_eq!(cover(&mut regions, 2000, &overdue), Cover::Everything);
    }

    #[test]
    fn a_camera_whose_times_jitter_uncovers_nobody() {
        let mut regions = Regions::default();
        cover(&mut regions, 1000, &result(vec![person(0.5, Some(1), true)]));
        assert_eq!(parts(cover(&mut regions, 980, &result(Vec::new()))).len(), 1);
    }

    #[test]
    fn parts_grow_while_only_motion_carries_them() {
        let mut regions = Regions::default();
        cover(&mut regions, 0, &result(vec![person(0.5, Some(1), true)]));
        let carried = parts(cover(&mut regions, 500, &between(0, vec![person(0.55, Some(1), false)])));
        assert_eq!(carried.len(), 1, "one person is one part");
        assert!((carried[0].w - 0.22).abs() < 0.001, "{carried:?}");
    }

    #[test]
    fn somebody_without_a_number_takes_one_place() {
        let mut regions = Regions::default();
        for (at, track) in [(0, None), (40, None), (80, Some(1)), (120, Some(1))] {
            let there = parts(cover(&mut regions, at, &result(vec![person(0.5, track, true)])));
            assert_eq!(there.len(), 1, "at {at}");
        }
    }

    #[test]
    fn a_head_is_the_top_of_a_person_and_most_of_one_seen_close() {
        let standing = Part::Head.of(Rect { x: 0.4, y: 0.1, w: 0.1, h: 0.5 });
        assert!((0.1..0.15).contains(&standing.h), "{standing:?}");
        let close = Part::Head.of(Rect { x: 0.2, y: 0.3, w: 0.6, h: 0.7 });
        assert!((close.h - 0.42).abs() < 0.001, "{close:?}");
    }

    proptest! {
        #[test]
        fn whoever_is_seen_is_always_hidden(
            frames in proptest::collection::vec(
                (proptest::collection::vec((0.0..0.9_f32, 0..4_u64), 0..6), any::<bool>()), 1..40),
        ) {
            let mut regions = Regions::default();
            for (number, (people, fresh)) in frames.into_iter().enumerate() {
                let at = number as u64 * 40;
                let objects: Vec<_> =
                    people.iter().map(|(x, track)| person(*x, (*track > 0).then_some(*track), true)).collect();
                let detections = Detections { fresh, objects: objects.clone(), ..Detections::default() };
                let Cover::Parts(parts) = cover(&mut regions, at, &detections) else { continue };
                for object in &objects {
                    let (x, y) = (object.rect.x + 0.05, object.rect.y + 0.2);
                    let hidden = parts.iter().any(|part| {
                        (part.x..part.x + part.w).contains(&x) && (part.y..part.y + part.h).contains(&y)
                    });
                    prop_assert!(hidden, "{:?} in {:?}", object, parts);
                }
            }
        }
    }
}
