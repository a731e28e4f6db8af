//! Who counts, from when to when, however the frames come.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::domain::{CameraId, Point, Rect, TenantId, Timestamp};
use crate::visit::Direction;

/// A person whose feet are at `x`, `y`.
fn person(track: u64, x: f32, y: f32) -> Detection {
    Detection {
        track: Some(track),
        label: PERSON.into(),
        confidence: 0.5,
        rect: Rect { x: x - 0.05, y: y - 0.2, w: 0.1, h: 0.2 },
        seen: true,
        attributes: None,
    }
}

fn frame(detections: Vec<Detection>) -> Frame {
    Frame {
        tenant: TenantId::default(),
        camera: CameraId::new("door").unwrap(),
        number: 0,
        pts_ms: 0,
        at: Timestamp::from_millis(0),
        width: 1600,
        height: 900,
        fresh: true,
        model: "nanodet".into(),
        detections,
    }
}

/// Everything that happens when the frames come at their times, and then no more.
fn watch(observer: &mut Observer, frames: &[(u64, Vec<Detection>)]) -> Vec<Happening> {
    let mut out = Vec::new();
    for (now, detections) in frames {
        out.extend(observer.observe(*now, &frame(detections.clone())));
    }
    out.extend(observer.finish());
    out
}

fn plain() -> Observer {
    Observer::new(Vec::new(), Vec::new())
}

/// Track, enter and leave of each finished visit.
fn stays(happenings: &[Happening]) -> Vec<(u64, u64, u64)> {
    let ended = happenings.iter().filter_map(|happening| match happening {
        Happening::VisitEnded(stay) => Some((stay.track, stay.enter_ms, stay.leave_ms)),
        _ => None,
    });
    ended.collect()
}

fn seen_at(track: u64, times: impl IntoIterator<Item = u64>) -> Vec<(u64, Vec<Detection>)> {
    times.into_iter().map(|now| (now, vec![person(track, 0.5, 0.5)])).collect()
}

#[test]
fn visit_is_from_first_to_last_sight() {
    let mut observer = plain();
    let mut frames = seen_at(3, (0..=20).map(|n| 1000 + n * 100));
    frames.extend((0..100).map(|n| (3100 + n * 100, vec![])));
    let happenings = watch(&mut observer, &frames);
    assert_eq!(stays(&happenings), [(3, 1000, 3000)]);
    assert_eq!(observer.people(), 1);
}

#[test]
fn visit_counts_as_soon_as_it_is_long_enough() {
    let mut observer = plain();
    assert_eq!(observer.observe(0, &frame(vec![person(1, 0.5, 0.5)])), []);
    assert_eq!(observer.observe(499, &frame(vec![person(1, 0.5, 0.5)])), []);
    assert_eq!((observer.people(), observer.now(), observer.open().count()), (0, 1, 0));
    let started = observer.observe(500, &frame(vec![person(1, 0.5, 0.5)]));
    assert!(matches!(&started[..], [Happening::VisitStarted(stay)] if stay.dwell_ms() == 500), "{started:?}");
    assert_eq!((observer.people(), observer.now(), observer.open().count()), (1, 1, 1));
}

#[test]
fn who_is_seen_too_briefly_never_counts() {
    let mut observer = plain();
    let mut frames = seen_at(1, [0, 100, 200, 300]);
    frames.push((20_000, vec![]));
    assert_eq!(watch(&mut observer, &frames), []);
    assert_eq!(observer.people(), 0);
}

#[test]
fn who_is_hidden_for_a_moment_stays_one_visit() {
    let frames = seen_at(1, [0, 1000, 10_900, 11_000]);
    assert_eq!(stays(&watch(&mut plain(), &frames)), [(1, 0, 11_000)]);
}

#[test]
fn who_comes_back_is_another_visit_of_the_same_person() {
    let mut observer = plain();
    let frames = seen_at(1, [0, 1000, 12_000, 13_000]);
    assert_eq!(stays(&watch(&mut observer, &frames)), [(1, 0, 1000), (1, 12_000, 13_000)]);
    assert_eq!(observer.people(), 1);
}

#[test]
fn visits_end_while_the_camera_is_silent() {
    let mut observer = plain();
    for (now, detections) in seen_at(1, [0, 1000]) {
        observer.observe(now, &frame(detections));
    }
    assert_eq!(observer.tick(11_000), []);
    assert_eq!(observer.now(), 1);
    assert_eq!(stays(&observer.tick(11_001)), [(1, 0, 1000)]);
    assert_eq!((observer.now(), observer.finish()), (0, vec![]));
}

#[test]
fn only_confirmed_people_who_were_seen_count() {
    let mut observer = plain();
    let handbag = Detection { label: "handbag".into(), ..person(1, 0.5, 0.5) };
    let unconfirmed = Detection { track: None, ..person(2, 0.5, 0.5) };
    let carried = Detection { seen: false, ..person(3, 0.5, 0.5) };
    let frames: Vec<_> =
        (0..20).map(|n| (n * 100, vec![handbag.clone(), unconfirmed.clone(), carried.clone()])).collect();
    assert_eq!(watch(&mut observer, &frames), []);
    observer.observe(3000, &frame(vec![handbag, unconfirmed, carried]));
    assert_eq!((observer.people(), observer.now()), (0, 1));
}

#[test]
fn boxes_carried_by_motion_do_not_prolong_a_visit() {
    let mut frames = seen_at(1, [0, 1000]);
    let carried = Detection { seen: false, ..person(1, 0.5, 0.5) };
    frames.extend((11..40).map(|n| (n * 100, vec![carried.clone()])));
    assert_eq!(stays(&watch(&mut plain(), &frames)), [(1, 0, 1000)]);
}

#[test]
fn best_score_is_kept_with_its_model() {
    let mut observer = plain();
    for (now, confidence, model) in [(0, 0.5, "a"), (500, 0.9, "b"), (1000, 0.7, "c")] {
        let seen = Detection { confidence, ..person(1, 0.5, 0.5) };
        observer.observe(now, &Frame { model: model.into(), ..frame(vec![seen]) });
    }
    let Some(Happening::VisitEnded(stay)) = observer.finish().pop() else { panic!("a visit should end") };
    assert_eq!((stay.confidence, stay.model.as_ref()), (0.9, "b"));
}

#[test]
fn lines_and_zones_are_told_of_people_who_count_only() {
    let (from, to) = (Point { x: 0.5, y: 1.0 }, Point { x: 0.5, y: 0.0 });
    let line = Line { name: "door".into(), from, to, entrance: false };
    let corners = [(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)].map(|(x, y)| Point { x, y });
    let zone = Zone::new("shop", corners.to_vec());
    let mut observer = Observer::new(vec![line], vec![zone]);
    let place = |n: u64| if n < 3 { 0.3 } else { 0.7 };
    let mut frames: Vec<_> = (0..20_u64).map(|n| (n * 100, vec![person(1, place(n), 0.5)])).collect();
    // Another one flashes up on either side of the line.
    for (n, (_, detections)) in frames.iter_mut().take(5).enumerate() {
        detections.push(person(2, place(n as u64), 0.8));
    }
    let happenings = watch(&mut observer, &frames);
    let stay = |leave_ms| Stay {
        track: 1,
        enter_ms: 0,
        leave_ms,
        confidence: 0.5,
        model: "nanodet".into(),
        attributes: Attributes::default(),
    };
    let expected = [
        Happening::VisitStarted(stay(500)),
        Happening::LineCrossed { line: "door".into(), direction: Direction::In, track: 1, at_ms: 300 },
        Happening::ZoneEntered { zone: "shop".into(), track: 1, at_ms: 300 },
        Happening::ZoneLeft { zone: "shop".into(), track: 1, enter_ms: 300, leave_ms: 1900 },
        Happening::VisitEnded(stay(1900)),
    ];
    assert_eq!(happenings, expected);
}

#[test]
fn who_stays_long_in_a_zone_is_told_once_also_when_its_thresholds_change() {
    let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)].map(|(x, y)| Point { x, y });
    let zone = |dwell_s, max_people| Zone { dwell_s, max_people, ..Zone::new("bar", corners.to_vec()) };
    let mut observer = Observer::new(Vec::new(), vec![zone(None, None)]);
    let mut told = Vec::new();
    for n in 0..60_u64 {
        if n == 10 {
            told.extend(observer.set_shapes(Vec::new(), vec![zone(Some(3), None)]));
        }
        if n == 40 {
            told.extend(observer.set_shapes(Vec::new(), vec![zone(Some(2), Some(4))]));
        }
        told.extend(observer.observe(n * 100, &frame(vec![person(1, 0.5, 0.5)])));
    }
    let (zone, track): (Arc<str>, _) = ("bar".into(), 1);
    let expected = [
        Happening::ZoneEntered { zone: zone.clone(), track, at_ms: 0 },
        Happening::ZoneDwelt { zone, track, enter_ms: 0, at_ms: 3000 },
    ];
    told.retain(|happening| !matches!(happening, Happening::VisitStarted(_)));
    assert_eq!(told, expected);
}

#[test]
fn who_counts_and_is_in_view_is_there() {
    let mut observer = plain();
    let look = |observer: &mut Observer, now, detections| {
        observer.observe(now, &frame(detections));
        (observer.there(), observer.feet().to_vec())
    };
    let (feet, none) = (vec![Point { x: 0.5, y: 0.5 }], Vec::<Point>::new());
    let close = |(there, at): (usize, Vec<Point>), expected: (usize, &[Point])| {
        assert_eq!((there, at.len()), (expected.0, expected.1.len()));
        assert!(at.iter().zip(expected.1).all(|(a, b)| (a.x - b.x).hypot(a.y - b.y) < 1e-6), "{at:?}");
    };
    close(look(&mut observer, 0, vec![person(1, 0.5, 0.5)]), (0, &none));
    close(look(&mut observer, 600, vec![person(1, 0.5, 0.5)]), (1, &feet));
    let carried = Detection { seen: false, ..person(1, 0.5, 0.5) };
    close(look(&mut observer, 900, vec![carried]), (1, &feet));
    // The tracker gives the same person another number.
    close(look(&mut observer, 1000, vec![person(2, 0.5, 0.5)]), (1, &none));
    close(look(&mut observer, 1500, vec![person(2, 0.5, 0.5)]), (1, &feet));
    observer.tick(2001);
    assert_eq!(observer.there(), 0);
}

#[test]
fn other_lines_and_zones_split_no_visit() {
    let corners = |left: f32| [(left, 0.0), (1.0, 0.0), (1.0, 1.0), (left, 1.0)].map(|(x, y)| Point { x, y });
    let zone = |name: &str, left| Zone::new(name, corners(left).to_vec());
    let line = |x, entrance| {
        let (from, to) = (Point { x, y: 1.0 }, Point { x, y: 0.0 });
        Line { name: "door".into(), from, to, entrance }
    };
    let mut observer = Observer::new(vec![line(0.6, false)], vec![zone("shop", 0.0), zone("bar", 0.1)]);
    let mut out = Vec::new();
    for now in (0..=1000).step_by(100) {
        out.extend(observer.observe(now, &frame(vec![person(1, 0.5, 0.5)])));
    }
    out.clear();
    // The door becomes an entrance, the bar is moved, the shop stays and gets company.
    let zones = vec![zone("new", 0.2), zone("bar", 0.3), zone("shop", 0.0)];
    let changed = observer.set_shapes(vec![line(0.6, true)], zones);
    let left = Happening::ZoneLeft { zone: "bar".into(), track: 1, enter_ms: 0, leave_ms: 1000 };
    assert_eq!(changed, [left]);
    assert_eq!(
        observer.in_zones().map(|(name, people)| (&**name, people)).collect::<Vec<_>>(),
        [("new", 0), ("bar", 0), ("shop", 1)]
    );
    for now in (1100..=2000).step_by(100) {
        out.extend(observer.observe(now, &frame(vec![person(1, 0.7, 0.5)])));
    }
    let rest = observer.finish();
    let crossed =
        Happening::LineCrossed { line: "door".into(), direction: Direction::In, track: 1, at_ms: 1100 };
    assert!(out.contains(&crossed), "the side it was on is known: {out:?}");
    let shop = Happening::ZoneLeft { zone: "shop".into(), track: 1, enter_ms: 0, leave_ms: 2000 };
    assert!(rest.contains(&shop), "{rest:?}");
    assert_eq!(stays(&rest), [(1, 0, 2000)]);
}

#[test]
fn time_never_goes_back() {
    let frames = seen_at(1, [5000, 5600, 100, 200, 5700]);
    assert_eq!(stays(&watch(&mut plain(), &frames)), [(1, 5000, 5700)]);
}

#[test]
fn nothing_piles_up_over_days() {
    let mut observer = plain();
    for n in 0..20_000_u64 {
        observer.observe(n * 600, &frame(vec![person(n / 2, 0.5, 0.5)]));
    }
    assert_eq!(observer.people(), 10_000);
    assert!(observer.gone.len() + observer.present.len() < 1000);
}

/// Gaps between frames and who is in each, seen or carried.
fn histories() -> impl Strategy<Value = Vec<(u64, Vec<Detection>)>> {
    let gap = prop_oneof![20 => 1_u64..300, 1 => 4000_u64..8000];
    let detection = (0_u64..6, 0.0_f32..1.0, 0.0_f32..1.0, proptest::bool::weighted(0.8));
    let step = (gap, proptest::collection::vec(detection, 0..5));
    proptest::collection::vec(step, 0..120).prop_map(|steps| {
        let mut now = 0;
        let timed = steps.into_iter().map(|(gap, detections)| {
            now += gap;
            let detections = detections.into_iter();
            let people = detections.map(|(track, x, y, seen)| Detection { seen, ..person(track, x, y) });
            (now, people.collect())
        });
        timed.collect()
    })
}

fn track_of(happening: &Happening) -> u64 {
    match happening {
        Happening::VisitStarted(stay) | Happening::VisitEnded(stay) => stay.track,
        Happening::LineCrossed { track, .. }
        | Happening::ZoneEntered { track, .. }
        | Happening::ZoneDwelt { track, .. }
        | Happening::ZoneLeft { track, .. } => *track,
    }
}

fn shaped() -> Observer {
    let point = |x, y| Point { x, y };
    let (from, to) = (point(0.2, 0.8), point(0.7, 0.3));
    let line = Line { name: "door".into(), from, to, entrance: false };
    let corners = vec![point(0.1, 0.1), point(0.9, 0.2), point(0.5, 0.9)];
    Observer::new(vec![line], vec![Zone { dwell_s: Some(2), ..Zone::new("queue", corners) }])
}

proptest! {
    #[test]
    fn every_visit_starts_once_ends_once_and_is_what_was_seen(history in histories()) {
        let rules = Rules::default();
        let mut observer = shaped();
        let happenings = watch(&mut observer, &history);
        let mut sights: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        for (now, detections) in &history {
            for seen in detections.iter().filter(|detection| detection.seen) {
                sights.entry(seen.track.unwrap()).or_default().insert(*now);
            }
        }
        let mut open: BTreeMap<u64, u64> = BTreeMap::new();
        let mut left: BTreeMap<u64, u64> = BTreeMap::new();
        for happening in &happenings {
            match happening {
                Happening::VisitStarted(stay) => {
                    prop_assert_eq!(open.insert(stay.track, stay.enter_ms), None);
                    if let Some(left) = left.get(&stay.track) {
                        prop_assert!(stay.enter_ms - left > rules.quiet_ms);
                    }
                }
                Happening::VisitEnded(stay) => {
                    prop_assert_eq!(open.remove(&stay.track), Some(stay.enter_ms));
                    prop_assert!(stay.dwell_ms() >= rules.min_stay_ms);
                    let sights = &sights[&stay.track];
                    prop_assert!(sights.contains(&stay.enter_ms) && sights.contains(&stay.leave_ms));
                    left.insert(stay.track, stay.leave_ms);
                }
                Happening::LineCrossed { track, .. }
                | Happening::ZoneEntered { track, .. }
                | Happening::ZoneDwelt { track, .. }
                | Happening::ZoneLeft { track, .. } => prop_assert!(open.contains_key(track)),
            }
        }
        prop_assert_eq!(open.len(), 0);
        prop_assert_eq!(observer.people(), left.len() as u64);
        prop_assert_eq!(observer.open().count(), 0);
    }

    #[test]
    fn same_frames_give_the_same_happenings(history in histories()) {
        prop_assert_eq!(watch(&mut shaped(), &history), watch(&mut shaped(), &history));
    }

    #[test]
    fn ticks_between_frames_change_no_visit(history in histories()) {
        let mut ticked = shaped();
        let mut out = Vec::new();
        let mut before = 0;
        for (now, detections) in &history {
            for tick in (before..*now).step_by(250) {
                out.extend(ticked.tick(tick));
            }
            out.extend(ticked.observe(*now, &frame(detections.clone())));
            before = *now;
        }
        out.extend(ticked.finish());
        // People may end in another order among each other, but each one's story is the same.
        let told = |mut happenings: Vec<Happening>| { happenings.sort_by_key(track_of); happenings };
        prop_assert_eq!(told(out), told(watch(&mut shaped(), &history)));
    }
}
