//! Who is looked at when, and what stays known.

use super::*;
use crate::person::{Garment, Look};

const RULES: Rules = Rules { budget: 0.1, interval: Duration::from_secs(2) };

const COST: Duration = Duration::from_millis(80);

/// Somebody 200 pixels high in a picture of 400.
fn person(track: u64, x: f32) -> (u64, Rect) {
    (track, Rect { x, y: 0.3, w: 0.1, h: 0.5 })
}

/// One frame: answers who is looked at.
fn frame(people: &mut People, ms: u64, seen: &[(u64, Rect)]) -> Option<u64> {
    people.advance(Duration::from_millis(ms), RULES);
    people.see(seen, &vec![None; seen.len()]);
    let next = people.next(seen, 400.0, RULES)?;
    people.begin(next, seen, 400.0);
    let look = Look { garment: Some((Garment::Jacket, 0.8)), ..Look::default() };
    people.finish(next, Seen { look: &look, marks: Vec::new(), landmarks: Vec::new() }, COST);
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
fn looks_cost_no_more_than_the_budget() {
    let mut people = People::default();
    let seen: Vec<_> = (0..9).map(|track| person(track + 1, 0.1 * track as f32)).collect();
    let looks = (0..600).filter(|tick| frame(&mut people, tick * 100, &seen).is_some()).count();
    let (cost, budget) = (COST * looks as u32, Duration::from_secs(6));
    assert!(cost <= budget + LARGEST_SAVING, "{looks} looks took {cost:?}");
    assert!(cost >= budget / 2, "{looks} looks took {cost:?}");
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
        ("half in the picture", vec![(1, Rect { x: -0.05, y: 0.3, w: 0.1, h: 0.5 })]),
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
    assert_eq!(people.next(&[person(1, 0.4)], 400.0, rules), None);
}

#[test]
fn marks_move_with_the_person_and_are_forgotten_after_a_while() {
    let mut people = People::default();
    let (track, rect) = person(5, 0.2);
    people.advance(Duration::ZERO, RULES);
    let carried = Carried {
        bag: crate::person::Bag::Backpack,
        score: 0.7,
        rect: Rect { x: 0.2, y: 0.35, w: 0.05, h: 0.1 },
    };
    people.see(&[(track, rect)], &[Some(carried)]);
    people.sum_up(|_| Attributes::default());
    let moved = Rect { x: 0.5, y: 0.1, w: 0.2, h: 1.0 };
    let object = Object { track: Some(track), rect: moved, ..Object::default() };
    let about = people.about(&object).unwrap();
    let bag = about.marks[0].rect;
    assert!(
        (bag.x - 0.5).abs() < 1e-5 && (bag.y - 0.2).abs() < 1e-5 && (bag.w - 0.1).abs() < 1e-5,
        "{bag:?}"
    );
    people.advance(Duration::from_secs(59), RULES);
    assert!(people.about(&object).is_some());
    people.advance(Duration::from_secs(61), RULES);
    assert!(people.about(&object).is_none());
}
