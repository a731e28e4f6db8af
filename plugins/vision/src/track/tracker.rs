//! The life of tracks: begun by a confident box, confirmed by several, remembered while hidden, forgotten.

use std::time::Duration;

use super::{
    appearance::Appearance,
    geometry::{covered_part, is_before, is_outside},
    life::Life,
    motion::Motion,
    round::{RECENT, Round},
};
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
            memory: Duration::from_millis(10_000),
            coast: Duration::from_millis(150),
            confirm_hits: 2,
            confirm_after: Duration::from_millis(150),
            high_score: 0.5,
        }
    }
}

/// An unconfirmed track that was not seen for so long was a flicker.
const FLICKER: Duration = Duration::from_millis(450);

/// Who walks out of the picture within this time of being seen last has left, and is not waited for.
const FORESEEN: Duration = Duration::from_millis(1500);

/// Part of a box that others must cover for its owner to be behind them.
const BEHIND: f64 = 0.4;
/// Whoever is behind others is shown for so many times longer.
const COAST_BEHIND: f64 = 2.0;

/// So many usual distances without a result are no chance any more. A detector that works all the time delivers the
/// next one when the last is two distances old.
const OVERDUE: u32 = 3;

/// Results further apart than this are silence, not a rhythm.
const LONGEST_GAP: Duration = Duration::from_millis(3000);

/// Weight of the newest distance between two results in the usual one.
const NEWEST_GAP: f64 = 0.25;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Track {
    /// Counts every track ever begun.
    pub(super) key: u64,
    /// Given at confirmation.
    pub(super) number: Option<u64>,
    pub(super) motion: Motion,
    pub(super) appearance: Appearance,
    pub(super) life: Life,
    pub(super) score: f32,
    pub(super) hits: u32,
    pub(super) begun: Duration,
    pub(super) last_seen: Duration,
    /// Results since then that did not see it.
    pub(super) missed: u32,
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
            let seen = boxes.iter().enumerate().filter(|(_, object)| object.label == *label);
            for (index, key) in Round::new(at, self.settings, tracks, seen).run(&mut self.keys) {
                taken[index] = key;
            }
        }
        self.end_and_confirm(at);
        Taken::By(taken)
    }

    fn note_gap(&mut self, at: Duration) {
        let Some(newest) = self.newest else { return };
        // One long silence says nothing about what is usual.
        let gap = (at - newest).min(LONGEST_GAP);
        let mean = |mean: Duration| mean.mul_f64(1.0 - NEWEST_GAP) + gap.mul_f64(NEWEST_GAP);
        self.gap = Some(self.gap.map_or(gap, mean));
    }

    /// True when so long after the newest result nobody knows any more where things are.
    fn is_overdue(&self, unseen: Duration) -> bool {
        let usual = self.gap.map_or(LONGEST_GAP, |gap| gap * OVERDUE);
        unseen > usual.max(RECENT).max(self.settings.coast).min(LONGEST_GAP).min(self.settings.memory)
    }

    fn end_and_confirm(&mut self, at: Duration) {
        let settings = self.settings;
        for (_, tracks) in &mut self.labels {
            tracks.retain(|track| {
                let unseen = at.saturating_sub(track.last_seen);
                let limit =
                    if track.number.is_some() { settings.memory } else { FLICKER.min(settings.memory) };
                let foreseen = track.motion.predicted(at.min(track.last_seen + FORESEEN));
                unseen <= limit && (unseen.is_zero() || !foreseen.has_left())
            });
            for track in tracks.iter_mut().filter(|track| track.last_seen != at) {
                track.missed += 1;
            }
            for track in tracks.iter_mut().filter(|track| track.number.is_none()) {
                let lasted = track.last_seen.saturating_sub(track.begun);
                let is_sure = track.hits >= settings.confirm_hits && lasted >= settings.confirm_after;
                if is_sure && track.life.is_alive(at) {
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
            let rects: Vec<Rect> = tracks.iter().map(|track| track.motion.predicted(at).rect()).collect();
            for (track, rect) in tracks.iter().zip(&rects) {
                let seen = track.missed == 0;
                let is_carried = || {
                    let before = tracks.iter().zip(&rects).filter(|(other, _)| other.is_before(track));
                    let hidden = before.map(|(_, other)| covered_part(*rect, *other)).fold(0.0, f64::max);
                    self.is_carried(track, newest, hidden)
                };
                // What does not live is a thing: its box is what the detector saw, and nobody's.
                let is_alive = track.life.is_alive(newest);
                if !(seen || is_alive && is_carried()) || is_outside(*rect) {
                    continue;
                }
                let (label, rect) = (label.clone(), *rect);
                shown.push(Object {
                    label,
                    score: track.score,
                    rect,
                    track: track.number.filter(|_| is_alive),
                    seen,
                    ..Object::default()
                });
            }
        }
        shown
    }

    /// Whether the box of a track that the newest result did not see is shown; `hidden` is the part of it that others
    /// cover.
    fn is_carried(&self, track: &Track, newest: Duration, hidden: f64) -> bool {
        let unseen = newest.saturating_sub(track.last_seen);
        // Nobody sees whoever stands behind somebody else, but they are there.
        let coast =
            if hidden >= BEHIND { self.settings.coast.mul_f64(COAST_BEHIND) } else { self.settings.coast };
        track.number.is_some() && (track.missed <= 1 || unseen <= coast)
    }
}

impl Track {
    /// True when it was seen last and stands before `other`.
    fn is_before(&self, other: &Self) -> bool {
        self.key != other.key
            && self.missed == 0
            && self.number.is_some()
            && is_before(self.motion.rect(), other.motion.rect())
    }
}
