//! The life of tracks: begun by a confident box, confirmed by several, remembered while hidden, forgotten.

use std::{cmp::Ordering, time::Duration};

use super::{assign::best_pairs, motion::Motion};
use crate::meta::{Object, Rect};

/// How a tracker behaves. All times are media times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How long a hidden object keeps its number.
    pub memory: Duration,
    /// How long a box is shown for an object that results no longer see; one miss is forgiven at any rate.
    pub coast: Duration,
    /// Confirmed after so many results that saw it …
    pub confirm_hits: u32,
    /// … over at least this time.
    pub confirm_after: Duration,
    /// Boxes with this score or more may begin a track; weaker ones only carry on tracks that are there.
    pub high_score: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            memory: Duration::from_millis(3000),
            coast: Duration::from_millis(250),
            confirm_hits: 3,
            confirm_after: Duration::from_millis(150),
            high_score: 0.5,
        }
    }
}

/// Overlap (intersection over union) from which a confident box may be its track.
const LEAST_OVERLAP: f64 = 0.15;
/// … and a weak box, which may as well be half of somebody else.
const LEAST_OVERLAP_WEAK: f64 = 0.35;
/// … and the second box of something that is not confirmed.
const LEAST_OVERLAP_UNCONFIRMED: f64 = 0.25;

/// Squared Mahalanobis distance over four values that a right box exceeds once in a thousand times.
const SURPRISE_LIMIT: f64 = 18.5;

/// A weak box is so many times less exact: it is often cut off by what hides it.
const WEAK_DOUBT: f64 = 3.0;

/// An unconfirmed track that was not seen for so long was a flicker.
const FLICKER: Duration = Duration::from_millis(450);

/// A track that was seen within this time is where its motion says, so overlap decides about it.
const RECENT: Duration = Duration::from_millis(400);

/// Within this time a walker leaves half of their width behind.
const FAR_APART: Duration = Duration::from_millis(180);

/// So many usual distances without a result are no chance any more. A detector that works all the time delivers the
/// next one when the last is two distances old.
const OVERDUE: u32 = 3;

/// Weight of the newest distance between two results in the usual one.
const NEWEST_GAP: f64 = 0.25;

/// A box that is hidden by a fresh track's box to this part of its own area begins no track: it is the same
/// object found twice, whole and in part.
const TWICE: f64 = 0.9;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Track {
    /// Counts every track ever begun.
    key: u64,
    /// Given at confirmation.
    number: Option<u64>,
    motion: Motion,
    score: f32,
    hits: u32,
    begun: Duration,
    last_seen: Duration,
    /// Results since then that did not see it.
    missed: u32,
}

/// What became of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// For each box of the result, in its order: the key of the track that took it. Keys count the tracks that
    /// were ever begun, confirmed or not; no key appears twice.
    By(Vec<Option<u64>>),
    /// The result is not newer than one before it and was ignored.
    TooOld,
}

/// Follows the objects of one camera.
#[derive(Debug, Default)]
pub struct Tracker {
    settings: Settings,
    labels: Vec<(String, Vec<Track>)>,
    newest: Option<Duration>,
    /// Usual distance between two results; `None` before the second.
    gap: Option<Duration>,
    keys: u64,
    numbers: u64,
}

impl Tracker {
    pub fn new(settings: Settings) -> Self {
        Self { settings, ..Self::default() }
    }

    /// Changes how it behaves from the next result on.
    pub fn set_settings(&mut self, settings: Settings) {
        self.settings = settings;
    }

    /// Forgets all tracks, as after a seek. Numbers go on rising.
    pub fn reset(&mut self) {
        self.labels.clear();
        self.newest = None;
        self.gap = None;
    }

    /// How many tracks were ever confirmed; also the highest number given.
    pub fn confirmed(&self) -> u64 {
        self.numbers
    }

    /// How many tracks are remembered, hidden and unconfirmed ones included.
    pub fn remembered(&self) -> usize {
        self.labels.iter().map(|(_, tracks)| tracks.len()).sum()
    }

    /// Takes a detector's result for the frame at `at`. The order of `boxes` does not matter.
    pub fn update(&mut self, at: Duration, boxes: &[Object]) -> Taken {
        if self.newest.is_some_and(|newest| at <= newest) {
            return Taken::TooOld;
        }
        self.note_gap(at);
        self.newest = Some(at);
        for object in boxes {
            if !self.labels.iter().any(|(label, _)| *label == object.label) {
                self.labels.push((object.label.clone(), Vec::new()));
            }
        }
        self.labels.sort_by(|a, b| a.0.cmp(&b.0));
        let mut taken = vec![None; boxes.len()];
        for (label, tracks) in &mut self.labels {
            let mut seen: Vec<(usize, &Object)> = boxes
                .iter()
                .enumerate()
                .filter(|(_, object)| object.label == *label && is_usable(object))
                .collect();
            seen.sort_by(|a, b| canonical(a.1, b.1));
            let mut round = Round::new(at, self.settings, tracks, &seen);
            round.associate();
            round.begin(&mut self.keys);
            for (slot, key) in round.taken.iter().enumerate() {
                taken[seen[slot].0] = *key;
            }
        }
        self.end_and_confirm(at);
        Taken::By(taken)
    }

    fn note_gap(&mut self, at: Duration) {
        let Some(newest) = self.newest else { return };
        // One long silence says nothing about what is usual.
        let gap = (at - newest).min(self.settings.memory);
        let mean = |mean: Duration| mean.mul_f64(1.0 - NEWEST_GAP) + gap.mul_f64(NEWEST_GAP);
        self.gap = Some(self.gap.map_or(gap, mean));
    }

    /// True when so long after the newest result nobody knows any more where things are.
    fn is_overdue(&self, unseen: Duration) -> bool {
        let usual = self.gap.map_or(self.settings.memory, |gap| gap * OVERDUE);
        unseen > usual.max(RECENT).max(self.settings.coast).min(self.settings.memory)
    }

    fn end_and_confirm(&mut self, at: Duration) {
        let settings = self.settings;
        for (_, tracks) in &mut self.labels {
            tracks.retain(|track| {
                let unseen = at.saturating_sub(track.last_seen);
                let limit =
                    if track.number.is_some() { settings.memory } else { FLICKER.min(settings.memory) };
                unseen <= limit && (unseen.is_zero() || !track.motion.predicted(at).has_left())
            });
            for track in tracks.iter_mut().filter(|track| track.last_seen != at) {
                track.missed += 1;
            }
            for track in tracks.iter_mut().filter(|track| track.number.is_none()) {
                let lasted = track.last_seen.saturating_sub(track.begun);
                if track.hits >= settings.confirm_hits && lasted >= settings.confirm_after {
                    self.numbers += 1;
                    track.number = Some(self.numbers);
                }
            }
        }
        self.labels.retain(|(_, tracks)| !tracks.is_empty());
    }

    /// The boxes to show on the frame at `at`: predicted to it, `seen` when the newest result saw them. When results
    /// stop coming, they soon stop too: nobody has seen where a box glides that is only moved on.
    pub fn boxes_at(&self, at: Duration) -> Vec<Object> {
        let Some(newest) = self.newest else { return Vec::new() };
        if self.is_overdue(at.saturating_sub(newest)) {
            return Vec::new();
        }
        let mut shown = Vec::new();
        for (label, tracks) in &self.labels {
            for track in tracks {
                let hidden = newest.saturating_sub(track.last_seen);
                let is_carried =
                    track.number.is_some() && (track.missed <= 1 || hidden <= self.settings.coast);
                let rect = track.motion.predicted(at).rect();
                if !(track.missed == 0 || is_carried) || is_outside(rect) {
                    continue;
                }
                let (label, seen) = (label.clone(), track.missed == 0);
                shown.push(Object {
                    label,
                    score: track.score,
                    rect,
                    track: track.number,
                    seen,
                    ..Object::default()
                });
            }
        }
        shown
    }
}

/// One result being shared out among the tracks of one label.
struct Round<'a> {
    at: Duration,
    settings: Settings,
    tracks: &'a mut Vec<Track>,
    predicted: Vec<Motion>,
    boxes: &'a [(usize, &'a Object)],
    /// For each box, the key of its track.
    taken: Vec<Option<u64>>,
}

impl<'a> Round<'a> {
    fn new(
        at: Duration,
        settings: Settings,
        tracks: &'a mut Vec<Track>,
        boxes: &'a [(usize, &'a Object)],
    ) -> Self {
        let predicted = tracks.iter().map(|track| track.motion.predicted(at)).collect();
        Self { at, settings, tracks, predicted, boxes, taken: vec![None; boxes.len()] }
    }

    fn associate(&mut self) {
        let at = self.at;
        let is_recent = |track: &Track| track.missed <= 1 || at.saturating_sub(track.last_seen) <= RECENT;
        let is_stale = |track: &Track| at.saturating_sub(track.last_seen) > FAR_APART;
        self.pair(Score::High, |track| track.number.is_some() && is_recent(track), by_overlap(LEAST_OVERLAP));
        self.pair(
            Score::Low,
            |track| track.number.is_some() && is_recent(track),
            by_overlap(LEAST_OVERLAP_WEAK),
        );
        self.pair(Score::High, |track| track.number.is_some(), by_motion);
        self.pair(Score::High, |track| track.number.is_none(), by_overlap(LEAST_OVERLAP_UNCONFIRMED));
        // When results are far apart, whoever walks has left their old box before the second one comes.
        self.pair(Score::High, |track| track.number.is_none() && is_stale(track), by_motion);
    }

    /// Pairs what is still free on both sides.
    fn pair(
        &mut self,
        score: Score,
        may: impl Fn(&Track) -> bool,
        affinity: impl Fn(&Motion, Rect) -> Option<f64>,
    ) {
        let rows: Vec<usize> = (0..self.tracks.len())
            .filter(|index| self.tracks[*index].last_seen != self.at && may(&self.tracks[*index]))
            .collect();
        let columns: Vec<usize> = (0..self.boxes.len())
            .filter(|index| self.taken[*index].is_none() && self.score(*index) == score)
            .collect();
        let pairs = best_pairs(rows.len(), columns.len(), |row, column| {
            affinity(&self.predicted[rows[row]], self.boxes[columns[column]].1.rect)
        });
        for (row, column) in pairs {
            let (row, column) = (rows[row], columns[column]);
            let object = self.boxes[column].1;
            let doubt = if score == Score::High { 1.0 } else { WEAK_DOUBT };
            let track = &mut self.tracks[row];
            track.motion = self.predicted[row].corrected(object.rect, doubt);
            track.score = object.score;
            track.hits += 1;
            track.last_seen = self.at;
            track.missed = 0;
            self.taken[column] = Some(track.key);
        }
    }

    /// Confident boxes that nobody took begin tracks.
    fn begin(&mut self, keys: &mut u64) {
        for index in 0..self.boxes.len() {
            let object = self.boxes[index].1;
            let twice = self.tracks.iter().any(|track| {
                track.last_seen == self.at && hidden_part(object.rect, track.motion.rect()) > TWICE
            });
            if self.taken[index].is_some() || self.score(index) == Score::Low || twice {
                continue;
            }
            *keys += 1;
            self.taken[index] = Some(*keys);
            self.tracks.push(Track {
                key: *keys,
                number: None,
                motion: Motion::start(object.rect, self.at),
                score: object.score,
                hits: 1,
                begun: self.at,
                last_seen: self.at,
                missed: 0,
            });
        }
    }

    fn score(&self, index: usize) -> Score {
        if self.boxes[index].1.score >= self.settings.high_score { Score::High } else { Score::Low }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Score {
    High,
    Low,
}

/// Affinity of a track that was just seen: how much the boxes overlap, and how expected the place is.
fn by_overlap(least: f64) -> impl Fn(&Motion, Rect) -> Option<f64> {
    move |motion, rect| {
        let overlap = overlap(motion.rect(), rect);
        let surprise = motion.surprise(rect);
        (overlap >= least).then(|| 0.7 * overlap + 0.3 * (1.0 - surprise / SURPRISE_LIMIT).max(0.0))
    }
}

/// Affinity of a track that comes out of hiding: only how expected the place and size are.
fn by_motion(motion: &Motion, rect: Rect) -> Option<f64> {
    let surprise = motion.surprise(rect);
    (surprise <= SURPRISE_LIMIT).then(|| 1.0 - surprise / SURPRISE_LIMIT)
}

/// A box without numbers or without an area cannot be followed.
fn is_usable(object: &Object) -> bool {
    let Rect { x, y, w, h } = object.rect;
    [object.score, x, y, w, h].iter().all(|value| value.is_finite() && value.abs() < 10.0)
        && w > 0.0
        && h > 0.0
}

/// An order that depends on the boxes alone: the surest first.
fn canonical(a: &Object, b: &Object) -> Ordering {
    let key = |object: &Object| [-object.score, object.rect.x, object.rect.y, object.rect.w, object.rect.h];
    let pairs = key(a).into_iter().zip(key(b));
    pairs.fold(Ordering::Equal, |order, (a, b)| order.then(a.total_cmp(&b)))
}

fn is_outside(rect: Rect) -> bool {
    rect.x >= 1.0 || rect.y >= 1.0 || rect.x + rect.w <= 0.0 || rect.y + rect.h <= 0.0
}

fn shared(a: Rect, b: Rect) -> f64 {
    let width = f64::from((a.x + a.w).min(b.x + b.w) - a.x.max(b.x)).max(0.0);
    let height = f64::from((a.y + a.h).min(b.y + b.h) - a.y.max(b.y)).max(0.0);
    width * height
}

fn area(rect: Rect) -> f64 {
    f64::from(rect.w) * f64::from(rect.h)
}

/// Intersection over union, 0..1.
fn overlap(a: Rect, b: Rect) -> f64 {
    let both = shared(a, b);
    both / (area(a) + area(b) - both).max(f64::MIN_POSITIVE)
}

/// The part of `rect` that `other` covers, 0..1.
fn hidden_part(rect: Rect, other: Rect) -> f64 {
    shared(rect, other) / area(rect).max(f64::MIN_POSITIVE)
}
