//! Who is looked at when, and what stays known.

use super::*;
use crate::person::{Garment, Look};

const RULES: Rules = Rules { budget: 0.1, interval: Duration::from_secs(2) };

/// Of the picture, pixels.
const SIZE: (f32, f32) = (600.0, 400.0);

const COST: Duration = Duration::from_millis(80);

/// Somebody 200 pixels high in a picture of 400.
fn person(track: u64, x: f32) -> (u64, Rect) {
    (track, Rect { x, y: 0.3, w: 0.1, h: 0.5 })
}

/// One frame: answers who is looked at.
fn frame(people: &mut People, ms: u64, seen: &[(u64, Rect)]) -> Option<u64> {
    people.advance(Duration::from_millis(ms), RULES);
    people.see(seen, &vec![None; seen.len()]);
    let next = people.next(seen, SIZE, RULES)?;
    people.begin(next, seen, SIZE);
    let look = Look { garment: Some((Garment::Jacket, 0.8)), ..Look::default() };
    people.charge(COST);
    people.finish(next, Seen { look: &look, marks: Vec::new(), landmarks: Vec::new() });
    Some(next.track)
}

#[test]
fn everybody_is_looked_at_once_before_anybody_twice() {
    let mut people = People::default();
    let seen = [person(1, 0.1), person(2, 0.4), person(3, 0.7)];
    let looked: Vec<_> = (0..60).filter_map(|tick| frame(&mut people, tick * 100, &seen)).collect();
    assert_eq!(looked[..3], [1, 2, 3]);
    assert!(looked.len() > 3, "{looked:?}");
    let count = |track| looked.iter().filter(|looked| **looked == track).count();
    assert!(count(1).abs_diff(count(3)) <= 1, "{looked:?}");
}

#[test]
fn looks_cost_no_more_than_the_budget_however_many_people_there_are() {
    for count in [3, 9, 40] {
        let mut people = People::default();
        let seen: Vec<_> = (0..count).map(|track| person(track + 1, 0.02 + 0.02 * track as f32)).collect();
        let looks = (0..600).filter(|tick| frame(&mut people, tick * 100, &seen).is_some()).count();
        let (cost, budget) = (COST * looks as u32, Duration::from_secs(6));
        // The saving at the start, and the look that was begun with the last of the budget.
        assert!(
            cost <= budget + LARGEST_SAVING.mul_f32(0.1) + COST,
            "{count} people, {looks} looks: {cost:?}"
        );
        if count > 3 {
            assert!(cost >= budget / 2, "{count} people, {looks} looks: {cost:?}");
        }
    }
}

#[test]
fn a_stream_that_starts_again_and_again_gets_no_more_of_a_budget() {
    let mut people = People::default();
    let mut looks = 0;
    for tick in 0..100 {
        people.reset();
        looks += usize::from(frame(&mut people, tick, &[person(1, 0.4)]).is_some());
    }
    assert!(looks <= 3, "{looks}");
}

#[test]
fn one_person_is_looked_at_less_and_less_often() {
    let mut people = People::default();
    let times: Vec<u64> = (0..400)
        .map(|tick| tick * 100)
        .filter(|ms| frame(&mut people, *ms, &[person(7, 0.4)]).is_some())
        .collect();
    assert_eq!(times[..6], [0, 2000, 4000, 6000, 8000, 16_000]);
}

#[test]
fn bad_crops_are_left_alone() {
    let cases = [
        ("60 pixels high", vec![(1, Rect { x: 0.4, y: 0.3, w: 0.05, h: 0.15 })]),
        ("half in the picture, as detectors say it", vec![(1, Rect { x: 0.0, y: 0.3, w: 0.05, h: 0.5 })]),
        ("half in the picture, as trackers may say it", vec![(1, Rect { x: 0.95, y: 0.3, w: 0.1, h: 0.5 })]),
        ("behind somebody", vec![person(1, 0.4), (2, Rect { x: 0.43, y: 0.32, w: 0.1, h: 0.5 })]),
    ];
    for (name, seen) in cases {
        let mut people = People::default();
        let looked = frame(&mut people, 0, &seen);
        assert_ne!(looked, Some(1), "{name}");
    }
    // The same crop is good enough for a first look, but not after a much better one.
    let mut people = People::default();
    let far = (1, Rect { x: 0.4, y: 0.3, w: 0.05, h: 0.2 });
    assert_eq!(frame(&mut people, 0, &[person(1, 0.4)]), Some(1));
    assert_eq!(frame(&mut people, 5000, &[far]), None);
    assert_eq!(frame(&mut People::default(), 0, &[far]), Some(1));
}

#[test]
fn without_a_budget_nobody_is_looked_at() {
    let mut people = People::default();
    let rules = Rules { budget: 0.0, ..RULES };
    people.advance(Duration::ZERO, rules);
    assert_eq!(people.next(&[person(1, 0.4)], SIZE, rules), None);
}

/// A look that saw a face and a hat, and the box they are said to be in.
fn seen_with_hat(people: &mut People, rect: Rect) {
    let mark = |kind: MarkKind, label: &str| Mark { kind, label: label.into(), rect };
    let marks = vec![mark(MarkKind::Face, "face"), mark(MarkKind::HeadAccessory, "hat")];
    let next = Next { track: 5, rect };
    people.begin(next, &[(5, rect)], SIZE);
    people.finish(next, Seen { look: &Look::default(), marks, landmarks: Vec::new() });
}

fn said(aspect: Aspect, word: &str) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set(aspect, crate::meta::Attribute { value: Some(word.into()), confidence: 0.5 });
    attributes
}

fn kinds(people: &People, rect: Rect) -> Vec<MarkKind> {
    let about = people.about(&Object { track: Some(5), rect, ..Object::default() });
    about.map(|about| about.marks.iter().map(|mark| mark.kind).collect()).unwrap_or_default()
}

#[test]
fn marks_are_handed_on_while_they_hold() {
    let mut people = People::default();
    let (track, rect) = person(5, 0.2);
    people.advance(Duration::ZERO, RULES);
    people.see(&[(track, rect)], &[None]);
    assert!(
        people.about(&Object { track: Some(5), rect, ..Object::default() }).is_none(),
        "nobody has looked"
    );
    seen_with_hat(&mut people, rect);
    people.sum_up(|_| Attributes::default());
    assert_eq!(kinds(&people, rect), [MarkKind::Face], "the votes say nothing of a hat");
    people.sum_up(|_| said(Aspect::HeadAccessory, "hat"));
    assert_eq!(kinds(&people, rect), [MarkKind::Face, MarkKind::HeadAccessory]);
    people.advance(Duration::from_secs(5), RULES);
    assert_eq!(kinds(&people, rect).len(), 2, "whoever stands there still has a face");
    assert_eq!(kinds(&people, Rect { x: 0.6, ..rect }), [], "whoever has walked on may have turned");
    people.advance(Duration::from_secs(11), RULES);
    assert_eq!(kinds(&people, rect), []);
}

#[test]
fn a_bag_moves_with_the_person_and_is_put_down_in_the_end() {
    let mut people = People::default();
    let (track, rect) = person(5, 0.2);
    let held = Rect { x: 0.2, y: 0.35, w: 0.05, h: 0.1 };
    let carried = Carried { bag: crate::person::Bag::Backpack, score: 0.7, rect: held };
    people.advance(Duration::ZERO, RULES);
    people.see(&[(track, rect)], &[Some(carried)]);
    assert_eq!(kinds(&people, rect), [], "it is not said yet");
    people.sum_up(|_| said(Aspect::Bag, "backpack"));
    let moved = Rect { x: 0.5, y: 0.1, w: 0.2, h: 1.0 };
    let about = people.about(&Object { track: Some(track), rect: moved, ..Object::default() }).unwrap();
    let bag = about.marks[0].rect;
    assert!(
        (bag.x - 0.5).abs() < 1e-5 && (bag.y - 0.2).abs() < 1e-5 && (bag.w - 0.1).abs() < 1e-5,
        "{bag:?}"
    );
    people.advance(Duration::from_secs(2), RULES);
    assert_eq!(kinds(&people, rect), []);
    people.advance(Duration::from_secs(61), RULES);
    assert!(people.about(&Object { track: Some(track), rect, ..Object::default() }).is_none());
}
