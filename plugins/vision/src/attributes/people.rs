//! Who is to be looked at next, and what is known of everybody.
//!
//! Pure: times are media times. A look costs far more than a detection, so there is a budget for all looks of a
//! camera, a share of a core. It fills with time and each look takes from it what it cost; whoever waits longest, or
//! was seen worse than now, is next.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::meta::{About, Attributes, Mark, Object, Point, Rect};
use crate::person::{Carried, LEAST_HEIGHT, Votes};

/// What is known of somebody is kept for so long after they were last seen: longer than any tracker remembers.
const KEPT: Duration = Duration::from_secs(60);

/// The budget holds at most what fills in this time, so that a busy minute does not follow a quiet hour.
const LARGEST_SAVING: Duration = Duration::from_secs(2);

/// So many looks later somebody is looked at only a quarter as often.
const SETTLED_LOOKS: u32 = 5;

/// A look at a crop of this part of the best one's quality or less tells nothing new.
const LEAST_QUALITY: f32 = 0.5;

/// Covered to this part by somebody nearer, a person is no good crop.
const COVERED: f32 = 0.35;

/// How looks are given out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rules {
    /// Share of a core, 0..1; 0 looks at nobody.
    pub(super) budget: f32,
    /// Between two looks at one person, at least.
    pub(super) interval: Duration,
}

/// The people before one camera.
#[derive(Debug, Default)]
pub(super) struct People {
    known: BTreeMap<u64, Person>,
    /// What looks may cost now.
    credit: Duration,
    now: Option<Duration>,
}

#[derive(Debug, Default)]
struct Person {
    votes: Votes,
    attributes: Attributes,
    /// In fractions of the person's box.
    marks: Vec<Mark>,
    landmarks: Vec<Point>,
    bag: Option<Mark>,
    looks: u32,
    last_look: Option<Duration>,
    best: f32,
    last_seen: Duration,
}

/// Somebody to look at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Next {
    pub(super) track: u64,
    pub(super) rect: Rect,
}

impl People {
    /// Time starts anew: all are forgotten.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Lets time go on to `now`: the budget fills, and who left long ago is forgotten.
    pub(super) fn advance(&mut self, now: Duration, rules: Rules) {
        let passed = self.now.map_or(Duration::ZERO, |before| now.saturating_sub(before));
        // The first look is free: a person who only passes by should be seen, too.
        let saved = if self.now.is_none() { LARGEST_SAVING } else { self.credit_with(passed, rules) };
        self.credit = saved;
        self.now = Some(now);
        self.known.retain(|_, person| now.saturating_sub(person.last_seen) <= KEPT);
    }

    fn credit_with(&self, passed: Duration, rules: Rules) -> Duration {
        let most = LARGEST_SAVING.mul_f32(rules.budget);
        (self.credit + passed.mul_f32(rules.budget)).min(most.max(self.credit))
    }

    /// Takes notice of people who were detected in this frame, and of what they carry.
    pub(super) fn see(&mut self, people: &[(u64, Rect)], carried: &[Option<Carried>]) {
        let now = self.now.unwrap_or_default();
        for ((track, rect), carried) in people.iter().zip(carried) {
            let person = self.known.entry(*track).or_default();
            person.last_seen = now;
            person.votes.add_bag(carried.as_ref());
            if let Some(carried) = carried {
                let mark = Mark {
                    kind: crate::meta::MarkKind::Bag,
                    label: carried.bag.name().to_owned(),
                    rect: within(&carried.rect, rect),
                };
                person.bag = Some(mark);
            }
        }
    }

    /// Who of `people`, all detected in this frame whose height is `height` pixels, should be looked at now.
    pub(super) fn next(&self, people: &[(u64, Rect)], height: f32, rules: Rules) -> Option<Next> {
        if rules.budget <= 0.0 || self.credit.is_zero() {
            return None;
        }
        let now = self.now?;
        let due = people.iter().filter_map(|(track, rect)| {
            let quality = quality(*track, rect, people, height)?;
            let Some(person) = self.known.get(track).filter(|person| person.looks > 0) else {
                return Some((f32::INFINITY, quality, *track, *rect));
            };
            let slower = if person.looks >= SETTLED_LOOKS { 4 } else { 1 };
            let waited = now.saturating_sub(person.last_look.unwrap_or_default());
            let is_due = waited >= rules.interval * slower && quality >= LEAST_QUALITY * person.best;
            is_due.then(|| (waited.as_secs_f32() / slower as f32, quality, *track, *rect))
        });
        let longest = due.max_by(|one, other| {
            one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)).then(other.2.cmp(&one.2))
        });
        longest.map(|(_, _, track, rect)| Next { track, rect })
    }

    /// Somebody is being looked at, and is not to be chosen again meanwhile.
    pub(super) fn begin(&mut self, next: Next, people: &[(u64, Rect)], height: f32) {
        let now = self.now;
        let person = self.known.entry(next.track).or_default();
        person.looks += 1;
        person.last_look = now;
        person.last_seen = now.unwrap_or_default();
        person.best = person.best.max(quality(next.track, &next.rect, people, height).unwrap_or_default());
    }

    /// Takes what a look saw and cost. Marks and landmarks are in fractions of the frame that `next` was in.
    pub(super) fn finish(&mut self, next: Next, seen: Seen<'_>, cost: Duration) {
        self.credit = self.credit.saturating_sub(cost);
        let Some(person) = self.known.get_mut(&next.track) else { return };
        person.votes.add(seen.look);
        let moved = |mark: &Mark| Mark { rect: within(&mark.rect, &next.rect), ..mark.clone() };
        person.marks = seen.marks.iter().map(moved).collect();
        let rect = &next.rect;
        let point = |point: &Point| Point {
            x: (point.x - rect.x) / rect.w,
            y: (point.y - rect.y) / rect.h,
            ..*point
        };
        person.landmarks = seen.landmarks.iter().map(point).collect();
    }

    /// Sums up what is known of those who were seen in this frame; `attributes` makes words of votes.
    pub(super) fn sum_up(&mut self, attributes: impl Fn(&Votes) -> Attributes) {
        let now = self.now.unwrap_or_default();
        for person in self.known.values_mut().filter(|person| person.last_seen == now) {
            person.attributes = attributes(&person.votes);
        }
    }

    /// What is known of the person in `object`.
    pub(super) fn about(&self, object: &Object) -> Option<Box<About>> {
        let person = self.known.get(&object.track?)?;
        let rect = &object.rect;
        let marks = person.marks.iter().chain(&person.bag);
        let placed = |mark: &Mark| Mark { rect: outof(&mark.rect, rect), ..mark.clone() };
        let point =
            |point: &Point| Point { x: rect.x + point.x * rect.w, y: rect.y + point.y * rect.h, ..*point };
        Some(Box::new(About {
            attributes: person.attributes.clone(),
            marks: marks.map(placed).collect(),
            landmarks: person.landmarks.iter().map(point).collect(),
        }))
    }
}

/// What a look saw.
pub(super) struct Seen<'a> {
    pub(super) look: &'a crate::person::Look,
    pub(super) marks: Vec<Mark>,
    pub(super) landmarks: Vec<Point>,
}

/// How good a crop of a person is: larger is better; `None` when nothing could be seen.
fn quality(track: u64, rect: &Rect, people: &[(u64, Rect)], height: f32) -> Option<f32> {
    let foot = |rect: &Rect| rect.y + rect.h;
    let covered = people
        .iter()
        .filter(|(other, nearer)| *other != track && foot(nearer) > foot(rect))
        .map(|(_, nearer)| covered_part(rect, nearer))
        .fold(0.0, f32::max);
    let pixels = rect.h * height;
    let is_large = pixels >= LEAST_HEIGHT;
    // Who is half beyond a side of the picture will come in or has been.
    let inside = (rect.x + rect.w).min(1.0) - rect.x.max(0.0);
    let is_inside = inside >= 0.75 * rect.w;
    (is_large && is_inside && covered < COVERED).then(|| pixels.min(400.0) * (1.0 - covered))
}

/// The part of `rect` that `other` covers, 0..1.
fn covered_part(rect: &Rect, other: &Rect) -> f32 {
    let across = (rect.x + rect.w).min(other.x + other.w) - rect.x.max(other.x);
    let down = (rect.y + rect.h).min(other.y + other.h) - rect.y.max(other.y);
    let area = rect.w * rect.h;
    if area > 0.0 { across.max(0.0) * down.max(0.0) / area } else { 1.0 }
}

/// `rect` in fractions of `frame`, both in the same units.
fn within(rect: &Rect, frame: &Rect) -> Rect {
    let (width, height) = (frame.w.max(f32::MIN_POSITIVE), frame.h.max(f32::MIN_POSITIVE));
    Rect {
        x: (rect.x - frame.x) / width,
        y: (rect.y - frame.y) / height,
        w: rect.w / width,
        h: rect.h / height,
    }
}

/// The reverse of [`within`].
fn outof(rect: &Rect, frame: &Rect) -> Rect {
    Rect {
        x: frame.x + rect.x * frame.w,
        y: frame.y + rect.y * frame.h,
        w: rect.w * frame.w,
        h: rect.h * frame.h,
    }
}

#[cfg(test)]
#[path = "people_tests.rs"]
mod tests;
