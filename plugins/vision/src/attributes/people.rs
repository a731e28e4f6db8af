//! Who is to be looked at next, and what is known of everybody.
//!
//! Pure: times are media times. A look costs far more than a detection, so there is a budget for all looks of a
//! camera, a share of a core. It fills with time and each look takes from it what it cost; whoever waits longest, or
//! was seen worse than now, is next.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::meta::{About, Aspect, Attributes, Mark, MarkKind, Object, Point, Rect};
use crate::person::{Carried, LEAST_HEIGHT, Votes};
use crate::track::geometry::{covered_part, is_before, overlap};

/// What is known of somebody is kept for so long after they were last seen: longer than any tracker remembers.
const KEPT: Duration = Duration::from_secs(60);

/// The budget holds at most what fills in this time, so that a busy minute does not follow a quiet hour. It begins
/// full, as a person who only passes by at the start should be seen, too.
const LARGEST_SAVING: Duration = Duration::from_secs(2);

/// A face and what is on a head are where they were seen for so long …
const STILL_THERE: Duration = Duration::from_secs(1);
/// … and as long as this when the person's box still overlaps the one they were seen in by this part.
const SAME_POSTURE: Duration = Duration::from_secs(10);
const SAME_PLACE: f64 = 0.5;

/// Nearer than this to a side of the picture, in widths of it, a box may be cut off by it …
const SIDE: f32 = 0.004;
/// … and is when it is not even so wide, in heights of itself: half of a person is what is seen then.
const LEAST_WIDTH: f32 = 0.25;

/// So many looks later somebody is looked at only a quarter as often.
const SETTLED_LOOKS: u32 = 5;

/// A look at a crop of this part of the best one's quality or less tells nothing new.
const LEAST_QUALITY: f32 = 0.5;

/// Covered to this part by somebody nearer, a person is no good crop.
const COVERED: f32 = 0.35;

/// How looks are given out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// Share of a core, 0..1; 0 looks at nobody.
    pub budget: f32,
    /// Between two looks at one person, at least.
    pub interval: Duration,
}

/// The people before one camera.
#[derive(Debug, Default)]
pub struct People {
    known: BTreeMap<u64, Person>,
    /// What looks may cost now, seconds of a core; below 0 when the last one cost more than there was. `None` before the
    /// first frame.
    credit: Option<f64>,
    now: Option<Duration>,
}

#[derive(Debug, Default)]
struct Person {
    votes: Votes,
    attributes: Attributes,
    /// In fractions of the person's box.
    marks: Vec<Mark>,
    landmarks: Vec<Point>,
    /// The person's box at the last look that saw anything, and when that was.
    looked_at: Option<(Rect, Duration)>,
    bag: Option<(Mark, Duration)>,
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
    /// Time starts anew: all are forgotten. What looks may cost is not: a stream that starts again and again would
    /// else have no budget.
    pub fn reset(&mut self) {
        *self = Self { credit: self.credit, ..Self::default() };
    }

    /// Lets time go on to `now`: the budget fills, and who left long ago is forgotten.
    pub fn advance(&mut self, now: Duration, rules: Rules) {
        let passed = self.now.map_or(Duration::ZERO, |before| now.saturating_sub(before));
        let budget = f64::from(rules.budget);
        let full = LARGEST_SAVING.as_secs_f64() * budget;
        self.credit =
            Some(self.credit.map_or(full, |credit| (credit + passed.as_secs_f64() * budget).min(full)));
        self.now = Some(now);
        self.known.retain(|_, person| now.saturating_sub(person.last_seen) <= KEPT);
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
                    kind: MarkKind::Bag,
                    label: carried.bag.name().to_owned(),
                    rect: within(&carried.rect, rect),
                };
                person.bag = Some((mark, now));
            }
        }
    }

    /// Who of `people`, all detected in this frame of `size` pixels, should be looked at now.
    pub(super) fn next(&self, people: &[(u64, Rect)], size: (f32, f32), rules: Rules) -> Option<Next> {
        if rules.budget <= 0.0 || self.credit.is_none_or(|credit| credit <= 0.0) {
            return None;
        }
        let now = self.now?;
        let due = people.iter().filter_map(|(track, rect)| {
            let quality = quality(*track, rect, people, size)?;
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
    pub(super) fn begin(&mut self, next: Next, people: &[(u64, Rect)], size: (f32, f32)) {
        let now = self.now;
        let person = self.known.entry(next.track).or_default();
        person.looks += 1;
        person.last_look = now;
        person.last_seen = now.unwrap_or_default();
        person.best = person.best.max(quality(next.track, &next.rect, people, size).unwrap_or_default());
    }

    /// Takes what a look cost, whether it saw anything or not.
    pub fn charge(&mut self, cost: Duration) {
        self.credit = self.credit.map(|credit| credit - cost.as_secs_f64());
    }

    /// Takes what a look saw. Marks and landmarks are in fractions of the frame that `next` was in.
    pub(super) fn finish(&mut self, next: Next, seen: Seen<'_>) {
        let now = self.now.unwrap_or_default();
        let Some(person) = self.known.get_mut(&next.track) else { return };
        person.votes.add(seen.look);
        person.looked_at = Some((next.rect, now));
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
    pub fn sum_up(&mut self, attributes: impl Fn(&Votes) -> Attributes) {
        let now = self.now.unwrap_or_default();
        for person in self.known.values_mut().filter(|person| person.last_seen == now) {
            person.attributes = attributes(&person.votes);
        }
    }

    /// What is known of the person in `object`; `None` before the first look and the first bag.
    pub fn about(&self, object: &Object) -> Option<Box<About>> {
        let (person, now) = (self.known.get(&object.track?)?, self.now?);
        if person.looked_at.is_none() && person.bag.is_none() {
            return None;
        }
        let rect = &object.rect;
        let shown = person.marks_at(rect, now).into_iter();
        let point =
            |point: &Point| Point { x: rect.x + point.x * rect.w, y: rect.y + point.y * rect.h, ..*point };
        Some(Box::new(About {
            attributes: person.attributes.clone(),
            marks: shown.map(|mark| Mark { rect: placed(&mark.rect, rect), ..mark }).collect(),
            landmarks: person.landmarks.iter().map(point).collect(),
        }))
    }
}

impl Person {
    /// The marks that still hold for the person who is in `rect` now, named by what is said of them.
    fn marks_at(&self, rect: &Rect, now: Duration) -> Vec<Mark> {
        let said = |aspect| self.attributes.get(aspect).value.as_deref();
        let is_as_seen = self.looked_at.is_some_and(|(then, at)| {
            let age = now.saturating_sub(at);
            age <= STILL_THERE || age <= SAME_POSTURE && overlap(then, *rect) >= SAME_PLACE
        });
        let holds = |mark: &Mark| match mark.kind {
            MarkKind::Garment => true,
            MarkKind::Face => is_as_seen,
            MarkKind::HeadAccessory => is_as_seen && said(Aspect::HeadAccessory) == Some(&mark.label),
            MarkKind::Bag => said(Aspect::Bag) == Some(&mark.label),
        };
        let bag = self.bag.iter().filter(|(_, at)| now.saturating_sub(*at) <= STILL_THERE);
        let mut marks: Vec<Mark> = self.marks.iter().chain(bag.map(|(mark, _)| mark)).cloned().collect();
        marks.retain(holds);
        for mark in marks.iter_mut().filter(|mark| mark.kind == MarkKind::Garment) {
            mark.label = said(Aspect::Garment).unwrap_or(MarkKind::Garment.name()).to_owned();
        }
        marks
    }
}

/// What a look saw.
pub(super) struct Seen<'a> {
    pub(super) look: &'a crate::person::Look,
    pub(super) marks: Vec<Mark>,
    pub(super) landmarks: Vec<Point>,
}

/// How good a crop of a person is: larger is better; `None` when nothing could be seen.
fn quality(track: u64, rect: &Rect, people: &[(u64, Rect)], (width, height): (f32, f32)) -> Option<f32> {
    let covered = people
        .iter()
        .filter(|(other, nearer)| *other != track && is_before(*nearer, *rect))
        .map(|(_, nearer)| covered_part(*rect, *nearer) as f32)
        .fold(0.0, f32::max);
    let pixels = rect.h * height;
    let is_large = pixels >= LEAST_HEIGHT;
    let is_at_side = rect.x <= SIDE || rect.x + rect.w >= 1.0 - SIDE;
    let inside = (rect.x + rect.w).min(1.0) - rect.x.max(0.0);
    let is_inside = !is_at_side || inside * width >= LEAST_WIDTH * pixels;
    (is_large && is_inside && covered < COVERED).then(|| pixels.min(400.0) * (1.0 - covered))
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
fn placed(rect: &Rect, frame: &Rect) -> Rect {
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
