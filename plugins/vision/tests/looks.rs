//! What people look like and whether they live: who is told apart, who is known again, and who is no visitor.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gstvision::meta::{Cue, Object, Rect};
use gstvision::track::Tracker;

/// Results a second.
const RATE: u64 = 10;

/// Histograms with nothing in common.
const RED: [u8; 4] = [255, 0, 0, 255];
const BLUE: [u8; 4] = [0, 255, 255, 0];

/// Part of a box that changes when somebody walks, stands still, or is a poster.
const WALKS: f32 = 0.5;
const STANDS: f32 = 0.05;
const NEVER: f32 = 0.0;

fn somebody(x: f32, colours: [u8; 4], change: f32) -> Object {
    let rect = Rect { x, y: 0.3, w: 0.08, h: 0.4 };
    let cue = Some(Cue { colours: colours.to_vec(), change });
    Object { label: "person".into(), score: 0.8, rect, seen: true, cue, ..Object::default() }
}

/// First and last sight of every number, in seconds, while `scene` says what is there in each tenth of a second.
fn stays(seconds: u64, scene: impl Fn(f32) -> Vec<Object>) -> BTreeMap<u64, (f32, f32)> {
    let mut tracker = Tracker::default();
    let mut stays = BTreeMap::new();
    for result in 0..seconds * RATE {
        let (at, now) = (Duration::from_millis(result * 1000 / RATE), result as f32 / RATE as f32);
        tracker.update(at, &scene(now));
        for object in tracker.boxes_at(at) {
            assert_eq!(object.cue, None, "cues stay inside");
            if let Some(number) = object.track {
                stays.entry(number).or_insert((now, now)).1 = now;
            }
        }
    }
    stays
}

fn numbers(seconds: u64, scene: impl Fn(f32) -> Vec<Object>) -> BTreeSet<u64> {
    stays(seconds, scene).into_keys().collect()
}

/// A tremble of detectors, about a fiftieth of the width.
fn tremble(now: f32) -> f32 {
    (now * 7.0).sin() * 0.0016
}

#[test]
fn a_poster_is_never_a_visitor_and_whoever_stands_still_is() {
    let poster = numbers(60, |now| vec![somebody(0.5 + tremble(now), RED, NEVER)]);
    assert!(poster.is_empty(), "{poster:?}");
    // A tenth of the results shows no movement at all.
    let breathes = |now: f32| if ((now * 10.0) as u64).is_multiple_of(10) { NEVER } else { STANDS };
    let stands = stays(60, |now| vec![somebody(0.5 + tremble(now), RED, breathes(now))]);
    assert_eq!(stands.len(), 1, "{stands:?}");
    assert!(stands[&1].0 < 1.0 && stands[&1].1 > 59.5, "{stands:?}");
}

#[test]
fn passers_by_do_not_bring_a_poster_to_life() {
    // Somebody walks past it every five seconds, and the poster's pixels change as they do.
    let scene = |now: f32| {
        let walker = (now % 5.0) / 2.5;
        let is_past = (walker - 0.5).abs() < 0.08;
        let mut scene = vec![somebody(0.5, RED, if is_past { WALKS } else { NEVER })];
        if walker < 0.95 {
            scene.push(Object {
                rect: Rect { x: walker, y: 0.35, w: 0.08, h: 0.4 },
                ..somebody(0.0, BLUE, WALKS)
            });
        }
        scene
    };
    let stays = stays(30, scene);
    // One number for each who walks past, none for the poster: nobody stays for longer than a walk takes.
    assert!(stays.values().all(|(first, last)| last - first < 3.5), "{stays:?}");
    assert!((5..=7).contains(&stays.len()), "{stays:?}");
}

#[test]
fn a_thing_left_behind_is_no_visitor_for_ever() {
    let scene = |now: f32| match now {
        // They come, put their coat there and are gone.
        now if now < 3.0 => vec![somebody(0.2 + now * 0.1, RED, WALKS)],
        _ => vec![somebody(0.5, RED, NEVER)],
    };
    let stays = stays(60, scene);
    assert_eq!(stays.len(), 1, "{stays:?}");
    assert!(stays[&1].1 < 15.0, "{stays:?}");
}

#[test]
fn two_who_meet_and_turn_back_keep_their_numbers() {
    // For a second one hides the other; both go back where they came from, against what their motion says.
    let scene = |now: f32| {
        let way = if now < 3.0 { now } else { 6.0 - now };
        let mut scene = vec![somebody(0.2 + way * 0.1, RED, WALKS)];
        if (now - 3.0).abs() > 0.5 {
            scene.push(somebody(0.8 - way * 0.1, BLUE, WALKS));
        }
        scene
    };
    let mut tracker = Tracker::default();
    let mut sides = BTreeSet::new();
    for result in 0..60 {
        let at = Duration::from_millis(result * 100);
        tracker.update(at, &scene(result as f32 / 10.0));
        if (result as f32 / 10.0 - 3.0).abs() > 1.0 {
            let boxes = tracker.boxes_at(at);
            sides.extend(boxes.iter().filter_map(|object| Some((object.track?, object.rect.x < 0.46))));
        }
    }
    assert_eq!(sides.len(), 2, "each number stays on its side: {sides:?}");
}

#[test]
fn whoever_comes_out_of_hiding_is_known_by_their_clothes() {
    // Behind a pillar for six seconds, standing there.
    let hidden = 4.0..10.0;
    let scene = |colours: [u8; 4]| {
        let hidden = hidden.clone();
        move |now: f32| {
            let x = if now < 4.0 { 0.1 + now * 0.1 } else { 0.5 + (now - 10.0) * 0.1 };
            let colours = if now < 4.0 { RED } else { colours };
            if hidden.contains(&now) { vec![] } else { vec![somebody(x, colours, WALKS)] }
        }
    };
    assert_eq!(numbers(13, scene(RED)), BTreeSet::from([1]));
    assert_eq!(numbers(13, scene(BLUE)), BTreeSet::from([1, 2]));
}

#[test]
fn whoever_stands_for_25_s_and_leaves_is_one_visit_and_who_comes_next_is_another() {
    let walk_in = |now: f32| (0.95 - now * 0.15).max(0.5);
    let scene = |now: f32| match now {
        now if now < 28.0 => {
            vec![somebody(walk_in(now) + tremble(now), RED, if now < 3.0 { WALKS } else { STANDS })]
        }
        // Out of the picture at the other side within three seconds.
        now if now < 31.2 => vec![somebody(0.5 - (now - 28.0) * 0.15, RED, WALKS)],
        now if now < 34.0 => vec![],
        now => {
            vec![somebody(walk_in(now - 34.0) + tremble(now), BLUE, if now < 37.0 { WALKS } else { STANDS })]
        }
    };
    let stays = stays(50, scene);
    assert_eq!(stays.len(), 2, "{stays:?}");
    assert!((stays[&1].1 - stays[&1].0 - 31.2).abs() < 2.0, "{stays:?}");
    assert!((stays[&2].1 - stays[&2].0 - 16.0).abs() < 2.0, "{stays:?}");
}

#[test]
fn a_sudden_change_of_light_makes_nobody_new() {
    let scene = |now: f32| vec![somebody(0.4 + now * 0.02, if now < 3.0 { RED } else { BLUE }, WALKS)];
    assert_eq!(numbers(8, scene), BTreeSet::from([1]));
}
