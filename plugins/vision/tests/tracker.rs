//! What holds for every sequence of detections, and what people in front of a camera do.

use std::{collections::HashSet, time::Duration};

use gstvision::{
    meta::{Object, Rect},
    track::{Settings, Taken, Tracker},
};
use proptest::prelude::*;

fn person(x: f32, score: f32) -> Object {
    labelled("person", Rect { x, y: 0.3, w: 0.08, h: 0.4 }, score)
}

fn labelled(label: &str, rect: Rect, score: f32) -> Object {
    Object { label: label.into(), score, rect, seen: true, ..Object::default() }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn numbers(tracker: &Tracker, at: Duration) -> Vec<Option<u64>> {
    tracker.boxes_at(at).iter().map(|object| object.track).collect()
}

/// Frames of arbitrary boxes, also broken ones, at rising times.
fn footage() -> impl Strategy<Value = Vec<(Duration, Vec<Object>)>> {
    let number = prop_oneof![
        8 => -0.3..1.3_f32,
        1 => prop_oneof![Just(f32::NAN), Just(f32::INFINITY), Just(-1e30_f32), Just(0.0_f32)],
    ];
    let rect =
        (number.clone(), number.clone(), number.clone(), number).prop_map(|(x, y, w, h)| Rect { x, y, w, h });
    let object = (prop_oneof![Just("person"), Just("handbag")], rect, 0.0..1.0_f32)
        .prop_map(|(label, rect, score)| labelled(label, rect, score));
    let frame = (1..400_u64, proptest::collection::vec(object, 0..8));
    proptest::collection::vec(frame, 1..40).prop_map(|frames| {
        let mut at = 0;
        let rise = |(gap, boxes)| {
            at += gap;
            (ms(at), boxes)
        };
        frames.into_iter().map(rise).collect()
    })
}

/// Walks with gaps and noise: footage in which tracks are confirmed, lost and found.
fn walks() -> impl Strategy<Value = Vec<(Duration, Vec<Object>)>> {
    let walker = (0.0..1.0_f32, -0.2..0.2_f32, 0.05..0.9_f32, any::<u64>());
    (proptest::collection::vec(walker, 1..6), 20..250_u64, 5..40_usize).prop_map(|(walkers, gap, frames)| {
        (0..frames)
            .map(|frame| {
                let boxes = walkers.iter().filter_map(|(start, speed, score, misses)| {
                    let is_missed = misses >> (frame % 64) & 3 == 0;
                    let x = start + speed * (frame as u64 * gap) as f32 / 1000.0;
                    (!is_missed).then(|| person(x, *score))
                });
                (ms(frame as u64 * gap), boxes.collect())
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn no_two_tracks_share_a_detection_and_no_two_boxes_a_number(footage in prop_oneof![footage(), walks()]) {
        let mut tracker = Tracker::default();
        let mut highest = 0;
        for (at, boxes) in &footage {
            let Taken::By(keys) = tracker.update(*at, boxes) else { panic!("times rise") };
            prop_assert_eq!(keys.len(), boxes.len());
            let given: Vec<u64> = keys.into_iter().flatten().collect();
            prop_assert_eq!(given.iter().collect::<HashSet<_>>().len(), given.len());
            let shown: Vec<u64> = numbers(&tracker, *at).into_iter().flatten().collect();
            prop_assert_eq!(shown.iter().collect::<HashSet<_>>().len(), shown.len());
            prop_assert!(tracker.confirmed() >= highest);
            highest = tracker.confirmed();
            prop_assert!(shown.iter().all(|number| (1..=highest).contains(number)));
        }
    }

    #[test]
    fn boxes_are_finite_and_touch_the_picture(footage in footage(), later in 0..5000_u64) {
        let mut tracker = Tracker::default();
        for (at, boxes) in &footage {
            tracker.update(*at, boxes);
            for Object { rect, .. } in tracker.boxes_at(*at + ms(later)) {
                prop_assert!([rect.x, rect.y, rect.w, rect.h].iter().all(|value| value.is_finite()));
                prop_assert!(rect.w > 0.0 && rect.h > 0.0);
                prop_assert!(rect.x < 1.0 && rect.y < 1.0 && rect.x + rect.w > 0.0 && rect.y + rect.h > 0.0);
            }
        }
    }

    #[test]
    fn the_order_of_detections_changes_nothing(footage in prop_oneof![footage(), walks()], turn in 0..8_usize) {
        let (mut one, mut other) = (Tracker::default(), Tracker::default());
        for (at, boxes) in &footage {
            let mut turned: Vec<Object> = boxes.iter().rev().cloned().collect();
            let by = turn.min(turned.len());
            turned.rotate_left(by);
            one.update(*at, boxes);
            other.update(*at, &turned);
            prop_assert_eq!(one.boxes_at(*at), other.boxes_at(*at));
        }
    }

    #[test]
    fn the_same_footage_gives_the_same_boxes_bit_for_bit(footage in walks(), asked in 0..4_u64) {
        let (mut one, mut other) = (Tracker::default(), Tracker::default());
        for (at, boxes) in &footage {
            one.update(*at, boxes);
            other.update(*at, boxes);
            // Looking at it, however often, must not change a tracker.
            for step in 0..asked {
                other.boxes_at(*at + ms(step * 10));
            }
            let bits = |tracker: &Tracker| -> Vec<[u32; 4]> {
                let boxes = tracker.boxes_at(*at + ms(40));
                boxes.iter().map(|o| [o.rect.x, o.rect.y, o.rect.w, o.rect.h].map(f32::to_bits)).collect()
            };
            prop_assert_eq!(bits(&one), bits(&other));
        }
    }

    #[test]
    fn a_walk_behind_a_pillar_keeps_its_number(
        speed in -0.12..0.12_f32,
        hidden_ms in 100..1800_u64,
        gap_ms in 33..200_u64,
    ) {
        let mut tracker = Tracker::new(Settings { memory: ms(2000), ..Settings::default() });
        let place = |at: u64| person(0.5 + speed * (at as f32 - 2500.0) / 1000.0, 0.8);
        let hidden = 1500..1500 + hidden_ms;
        let mut seen = HashSet::new();
        for at in (0..5000).step_by(gap_ms as usize) {
            let boxes = if hidden.contains(&at) { vec![] } else { vec![place(at)] };
            tracker.update(ms(at), &boxes);
            seen.extend(numbers(&tracker, ms(at)).into_iter().flatten());
        }
        prop_assert_eq!(seen, HashSet::from([1]));
        let last = tracker.boxes_at(ms(5000));
        prop_assert!((last[0].rect.x - place(5000).rect.x).abs() < 0.008, "{:?}", last);
    }

    #[test]
    fn a_late_result_is_carried_forward_to_the_frame_shown(
        speed in -0.2..0.2_f32,
        late_ms in 0..300_u64,
    ) {
        let mut tracker = Tracker::default();
        let place = |at: u64| person(0.5 + speed * (at as f32 - 1500.0) / 1000.0, 0.8);
        for at in (0..3000).step_by(130) {
            tracker.update(ms(at), &[place(at)]);
            let shown = tracker.boxes_at(ms(at + late_ms));
            if at > 1000 {
                let error = (shown[0].rect.x - place(at + late_ms).rect.x).abs();
                prop_assert!(error < 0.02 * shown[0].rect.w, "{} at {}", error, at);
            }
        }
    }
}

#[test]
fn one_bad_frame_confirms_nothing() {
    let mut tracker = Tracker::default();
    for at in (0..2000).step_by(40) {
        let flicker = if at == 400 || at == 1200 { vec![person(0.3, 0.95)] } else { vec![] };
        tracker.update(ms(at), &flicker);
        assert!(numbers(&tracker, ms(at)).iter().all(Option::is_none), "at {at} ms");
    }
    assert_eq!(tracker.confirmed(), 0);
    assert_eq!(tracker.remembered(), 0);
}

#[test]
fn an_unconfirmed_box_is_shown_without_a_number() {
    let mut tracker = Tracker::default();
    tracker.update(ms(0), &[person(0.3, 0.8)]);
    assert_eq!(numbers(&tracker, ms(0)), [None]);
    for at in [40, 80, 120, 160] {
        tracker.update(ms(at), &[person(0.3, 0.8)]);
    }
    assert_eq!(numbers(&tracker, ms(160)), [Some(1)]);
}

#[test]
fn confirmation_needs_time_and_not_only_frames() {
    let settings = Settings { confirm_hits: 3, confirm_after: ms(150), ..Settings::default() };
    let confirmed_at = |gap: usize| {
        let mut tracker = Tracker::new(settings);
        (0..1000).step_by(gap).find(|at| {
            tracker.update(ms(*at), &[person(0.3, 0.8)]);
            tracker.confirmed() == 1
        })
    };
    assert_eq!(confirmed_at(10), Some(150), "a fast camera waits for the time");
    assert_eq!(confirmed_at(200), Some(400), "a slow one for the third frame");
}

#[test]
fn a_weak_box_carries_a_track_on_but_never_begins_one() {
    let mut tracker = Tracker::default();
    for at in (0..1000).step_by(40) {
        tracker.update(ms(at), &[person(0.3, 0.35)]);
    }
    assert_eq!(tracker.remembered(), 0);
    for at in (1000..1400).step_by(40) {
        tracker.update(ms(at), &[person(0.3, 0.8)]);
    }
    for at in (1400..9000).step_by(40) {
        tracker.update(ms(at), &[person(0.3, 0.35)]);
        assert_eq!(numbers(&tracker, ms(at)), [Some(1)]);
    }
}

#[test]
fn a_lost_box_is_shown_for_a_moment_and_remembered_for_long() {
    let settings = Settings { coast: ms(200), memory: ms(2000), ..Settings::default() };
    let mut tracker = Tracker::new(settings);
    for at in (0..=400).step_by(40) {
        tracker.update(ms(at), &[person(0.3, 0.8)]);
    }
    for at in (440..2000).step_by(40) {
        tracker.update(ms(at), &[]);
        let expected: &[Option<u64>] = if at <= 600 { &[Some(1)] } else { &[] };
        assert_eq!(numbers(&tracker, ms(at)), expected, "at {at} ms");
    }
    tracker.update(ms(2000), &[person(0.3, 0.8)]);
    assert_eq!(numbers(&tracker, ms(2000)), [Some(1)], "found again");
    tracker.update(ms(4500), &[]);
    assert_eq!(tracker.remembered(), 0, "memory has an end");
    for at in [4600, 4800, 5000] {
        tracker.update(ms(at), &[person(0.3, 0.8)]);
    }
    assert_eq!(numbers(&tracker, ms(5000)), [Some(2)], "a number is never given twice");
}

#[test]
fn boxes_do_not_glide_on_when_results_stop_coming() {
    for (gap, last_shown) in [(40, 400), (200, 600), (1500, 3000)] {
        let mut tracker = Tracker::default();
        let place = |at: u64| person(0.2 + 0.02 * at as f32 / 1000.0, 0.8);
        for at in (0..=6000).step_by(gap) {
            tracker.update(ms(at), &[place(at)]);
        }
        let newest = 6000 - 6000 % gap as u64;
        assert_eq!(numbers(&tracker, ms(newest + last_shown)), [Some(1)], "results {gap} ms apart");
        assert_eq!(numbers(&tracker, ms(newest + last_shown + 1)), [], "results {gap} ms apart");
        tracker.update(ms(newest + 2900), &[place(newest + 2900)]);
        assert_eq!(numbers(&tracker, ms(newest + 2900)), [Some(1)], "results {gap} ms apart, and again");
    }
}

#[test]
fn people_who_cross_keep_their_numbers() {
    let mut tracker = Tracker::default();
    for at in (0..4000).step_by(66) {
        let seconds = at as f32 / 1000.0;
        let (a, b) = (0.1 + 0.2 * seconds, 0.8 - 0.15 * seconds);
        // The one behind is not found while they overlap by much.
        let both = vec![person(a, 0.8), person(b, 0.7)];
        let boxes = if (a - b).abs() < 0.05 { vec![person(a, 0.8)] } else { both };
        tracker.update(ms(at), &boxes);
    }
    let mut last = tracker.boxes_at(ms(3960));
    last.sort_by_key(|object| object.track);
    let places: Vec<(Option<u64>, bool)> = last.iter().map(|o| (o.track, o.rect.x > 0.5)).collect();
    assert_eq!(places, [(Some(1), true), (Some(2), false)]);
    assert_eq!(tracker.confirmed(), 2);
}

#[test]
fn a_person_and_their_bag_are_two_tracks() {
    let mut tracker = Tracker::default();
    let same = Rect { x: 0.3, y: 0.3, w: 0.1, h: 0.4 };
    for at in (0..=400).step_by(40) {
        tracker.update(ms(at), &[labelled("person", same, 0.8), labelled("handbag", same, 0.8)]);
    }
    let shown: HashSet<(String, Option<u64>)> =
        tracker.boxes_at(ms(400)).into_iter().map(|object| (object.label, object.track)).collect();
    assert_eq!(shown.len(), 2);
    assert_eq!(tracker.confirmed(), 2);
}

#[test]
fn who_walks_out_is_forgotten_and_who_walks_in_is_new() {
    let mut tracker = Tracker::default();
    let cut = |x: f32| {
        let right = (x + 0.1).min(1.0);
        labelled("person", Rect { x, y: 0.3, w: right - x, h: 0.4 }, 0.8)
    };
    for at in (0..1000).step_by(40) {
        tracker.update(ms(at), &[cut(0.75 + 0.24 * at as f32 / 1000.0)]);
    }
    for at in (1000..1800).step_by(40) {
        tracker.update(ms(at), &[]);
    }
    for at in (1800..2800).step_by(40) {
        tracker.update(ms(at), &[cut(0.99 - 0.24 * (at - 1800) as f32 / 1000.0)]);
    }
    assert_eq!(tracker.confirmed(), 2);
}

#[test]
fn a_result_from_the_past_is_ignored() {
    let mut tracker = Tracker::default();
    tracker.update(ms(100), &[person(0.3, 0.8)]);
    let before = tracker.boxes_at(ms(200));
    assert_eq!(tracker.update(ms(100), &[person(0.9, 0.8)]), Taken::TooOld);
    assert_eq!(tracker.update(ms(50), &[]), Taken::TooOld);
    assert_eq!(tracker.boxes_at(ms(200)), before);
}

#[test]
fn numbers_go_on_rising_after_a_reset() {
    let mut tracker = Tracker::default();
    for round in 1..=3 {
        for at in [0, 100, 200, 300] {
            tracker.update(ms(at), &[person(0.3, 0.8)]);
        }
        assert_eq!(numbers(&tracker, ms(300)), [Some(round)]);
        tracker.reset();
        assert!(tracker.boxes_at(ms(300)).is_empty());
    }
}
