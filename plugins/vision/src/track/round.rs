//! One result being shared out among the tracks of one label.

use std::cmp::Ordering;
use std::time::Duration;

use super::{
    Settings,
    appearance::Appearance,
    assign::best_pairs,
    geometry::{covered_part, is_before, overlap},
    life::Life,
    motion::Motion,
    tracker::Track,
};
use crate::meta::{Object, Rect};

/// Overlap (intersection over union) from which a confident box may be its track.
const LEAST_OVERLAP: f64 = 0.15;
/// … and a weak box, which may as well be half of somebody else.
const LEAST_OVERLAP_WEAK: f64 = 0.35;
/// … and a box in the clothes of nobody who is near.
const LEAST_OVERLAP_LONELY: f64 = 0.35;
/// Part of a box that a track must cover to be near.
const LONELY: f64 = 0.3;
/// … and the second box of something that is not confirmed.
const LEAST_OVERLAP_UNCONFIRMED: f64 = 0.25;

/// Squared Mahalanobis distance over four values that a right box exceeds once in a thousand times.
const SURPRISE_LIMIT: f64 = 18.5;

/// A weak box is so many times less exact: it is often cut off by what hides it.
const WEAK_DOUBT: f64 = 3.0;

/// A track that was seen within this time is where its motion says, so overlap decides about it.
pub(super) const RECENT: Duration = Duration::from_millis(400);

/// How long somebody hidden is expected to go on as before.
const FORESEEN: Duration = Duration::from_millis(3000);

/// Within this time a walker leaves half of their width behind.
const FAR_APART: Duration = Duration::from_millis(180);

/// A box that is hidden by a fresh track's box to this part of its own area begins no track: it is the same
/// object found twice, whole and in part.
const TWICE: f64 = 0.9;

/// Clothes that differ by more are somebody else's. Measured: the same person's differ by less in 49 of 50 clear
/// sights, two people's by more in half of them.
const OTHER_CLOTHES: f64 = 0.25;
/// … and by less, the same person's, even a long way or time apart.
const SAME_CLOTHES: f64 = 0.1;
/// Weight of clothes beside place.
const CLOTHES_WEIGHT: f64 = 0.5;

/// What clothes are worth that cannot be seen, where 1 is the very same.
const UNKNOWN_CLOTHES: f64 = 0.6;

/// A box that another one hides to this part shows the other's clothes.
const HIDDEN: f64 = 0.3;
/// … and one that is overlapped less shows its own so well that they can be learned.
const CLEAR: f64 = 0.15;
/// … or at least compared with in the next moment.
const NOTED: f64 = 0.3;

/// Who is hidden can have turned: so far, in heights of the box, they may come at most, and so far a second.
const REACH: f64 = 0.5;
const REACH_A_SECOND: f64 = 0.6;
/// What such a place is worth beside an expected one.
const UNFORESEEN: f64 = 0.5;
/// Greatest ratio of heights of one person before and after hiding.
const GROWN: f64 = 1.35;

/// Part of a box that a passer-by must cover to disturb it.
const DISTURBED: f64 = 0.05;

/// A box with what is around it.
pub(super) struct Sight<'a> {
    /// Its place in the result.
    pub(super) index: usize,
    object: &'a Object,
    /// The part of it that the most covering box before it covers.
    hidden: f64,
    /// … and any other box.
    overlapped: f64,
}

/// See the top of the file.
pub(super) struct Round<'a> {
    at: Duration,
    settings: Settings,
    tracks: &'a mut Vec<Track>,
    predicted: Vec<Motion>,
    sights: Vec<Sight<'a>>,
    /// For each sight, the key of its track.
    taken: Vec<Option<u64>>,
}

impl<'a> Round<'a> {
    pub(super) fn new(
        at: Duration,
        settings: Settings,
        tracks: &'a mut Vec<Track>,
        boxes: impl Iterator<Item = (usize, &'a Object)>,
    ) -> Self {
        let mut boxes: Vec<_> = boxes.filter(|(_, object)| is_usable(object)).collect();
        boxes.sort_by(|a, b| canonical(a.1, b.1));
        let sights: Vec<_> =
            boxes.iter().map(|(index, object)| Sight::new(*index, object, &boxes, settings)).collect();
        let predicted = tracks.iter().map(|track| track.motion.predicted(at)).collect();
        Self { at, settings, tracks, predicted, taken: vec![None; sights.len()], sights }
    }

    /// Shares the boxes out; answers for each its place in the result and its track.
    pub(super) fn run(mut self, keys: &mut u64) -> Vec<(usize, Option<u64>)> {
        self.associate();
        self.begin(keys);
        self.sights.iter().map(|sight| sight.index).zip(self.taken).collect()
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
        self.pair(Score::High, |track| track.number.is_some(), by_memory(at));
        self.pair_lonely(is_recent);
        self.pair(Score::High, |track| track.number.is_none(), by_overlap(LEAST_OVERLAP_UNCONFIRMED));
        // When results are far apart, whoever walks has left their old box before the second one comes.
        self.pair(Score::High, |track| track.number.is_none() && is_stale(track), by_motion);
    }

    /// Pairs what is still free on both sides.
    fn pair(
        &mut self,
        score: Score,
        may: impl Fn(&Track) -> bool,
        affinity: impl Fn(&Track, &Motion, Rect) -> Option<Place>,
    ) {
        let rows: Vec<usize> = (0..self.tracks.len())
            .filter(|index| self.tracks[*index].last_seen != self.at && may(&self.tracks[*index]))
            .collect();
        let columns: Vec<usize> = (0..self.sights.len())
            .filter(|index| self.taken[*index].is_none() && self.score(*index) == score)
            .collect();
        let pairs = best_pairs(rows.len(), columns.len(), |row, column| {
            let (track, sight) = (&self.tracks[rows[row]], &self.sights[columns[column]]);
            let place = affinity(track, &self.predicted[rows[row]], sight.object.rect)?;
            place.with_clothes(sight.clothes(track, self.at))
        });
        for (row, column) in pairs {
            self.take(rows[row], columns[column], score);
        }
    }

    /// In another light clothes look like somebody else's. Where nobody else is near, they are not.
    fn pair_lonely(&mut self, may: impl Fn(&Track) -> bool) {
        for column in 0..self.sights.len() {
            let rect = self.sights[column].object.rect;
            let near = |motion: &Motion| covered_part(rect, motion.rect()) > LONELY;
            let mut rows = (0..self.tracks.len()).filter(|row| near(&self.predicted[*row]));
            let (Some(row), None) = (rows.next(), rows.next()) else { continue };
            let track = &self.tracks[row];
            let is_free = self.taken[column].is_none() && track.last_seen != self.at;
            let is_there = overlap(self.predicted[row].rect(), rect) >= LEAST_OVERLAP_LONELY;
            if is_free && is_there && track.number.is_some() && may(track) {
                self.take(row, column, self.score(column));
            }
        }
    }

    fn take(&mut self, row: usize, column: usize, score: Score) {
        let sight = &self.sights[column];
        let is_disturbed = self.is_disturbed(row, sight.object.rect);
        let doubt = if score == Score::High { 1.0 } else { WEAK_DOUBT };
        let (predicted, track) = (&self.predicted[row], &mut self.tracks[row]);
        if score == Score::High {
            sight.teach(&mut track.appearance, (self.at - track.last_seen).as_secs_f64());
        }
        track.life = track.life.after(sight.object, self.at, is_disturbed);
        track.motion = predicted.corrected(sight.object.rect, doubt);
        track.score = sight.object.score;
        track.hits += 1;
        track.last_seen = self.at;
        track.missed = 0;
        self.taken[column] = Some(track.key);
    }

    /// Whether somebody else walks past `rect`.
    fn is_disturbed(&self, row: usize, rect: Rect) -> bool {
        let others = self.tracks.iter().zip(&self.predicted).enumerate();
        let mut passing = others.filter(|(other, (track, motion))| {
            *other != row && track.number.is_some() && motion.is_walking()
        });
        passing.any(|(_, (_, motion))| covered_part(rect, motion.rect()) > DISTURBED)
    }

    /// Confident boxes that nobody took begin tracks.
    fn begin(&mut self, keys: &mut u64) {
        for index in 0..self.sights.len() {
            let sight = &self.sights[index];
            let object = sight.object;
            let twice = self.tracks.iter().any(|track| {
                track.last_seen == self.at && covered_part(object.rect, track.motion.rect()) > TWICE
            });
            if self.taken[index].is_some() || self.score(index) == Score::Low || twice {
                continue;
            }
            *keys += 1;
            self.taken[index] = Some(*keys);
            let mut appearance = Appearance::default();
            sight.teach(&mut appearance, 0.0);
            self.tracks.push(Track {
                key: *keys,
                number: None,
                motion: Motion::start(object.rect, self.at),
                appearance,
                life: Life::start(object, self.at),
                score: object.score,
                hits: 1,
                begun: self.at,
                last_seen: self.at,
                missed: 0,
            });
        }
    }

    fn score(&self, index: usize) -> Score {
        if self.sights[index].object.score >= self.settings.high_score { Score::High } else { Score::Low }
    }
}

impl<'a> Sight<'a> {
    fn new(index: usize, object: &'a Object, all: &[(usize, &Object)], settings: Settings) -> Self {
        let (mut hidden, mut overlapped) = (0.0_f64, 0.0_f64);
        for (other, box_) in all {
            if *other == index || box_.score < settings.high_score {
                continue;
            }
            let part = covered_part(object.rect, box_.rect);
            overlapped = overlapped.max(part);
            if is_before(box_.rect, object.rect) {
                hidden = hidden.max(part);
            }
        }
        Self { index, object, hidden, overlapped }
    }

    fn colours(&self) -> &[u8] {
        self.object.cue.as_ref().map_or(&[], |cue| cue.colours.as_slice())
    }

    /// `None` when nobody can tell.
    fn clothes(&self, track: &Track, at: Duration) -> Option<Clothes> {
        if self.hidden > HIDDEN {
            return None;
        }
        let unlike = track.appearance.distance(self.colours())?;
        let is_recent = at.saturating_sub(track.last_seen) <= RECENT;
        let last = if is_recent { track.appearance.distance_to_last(self.colours()) } else { None };
        Some(Clothes { unlike, at_least: last.map_or(unlike, |last| last.min(unlike)) })
    }

    fn teach(&self, appearance: &mut Appearance, seconds: f64) {
        if self.hidden <= HIDDEN && self.overlapped <= NOTED && !self.colours().is_empty() {
            appearance.note(self.colours());
        }
        if self.overlapped <= CLEAR && !self.colours().is_empty() {
            appearance.learn(self.colours(), seconds);
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Score {
    High,
    Low,
}

/// What the place of a box says.
struct Place {
    /// 0..1, more is better.
    affinity: f64,
    /// The greatest difference of clothes that it makes up for.
    forgives: f64,
    /// Whether it is enough when clothes say nothing.
    is_enough: bool,
}

impl Place {
    /// The affinity with what clothes say; `None` when it cannot be.
    fn with_clothes(self, clothes: Option<Clothes>) -> Option<f64> {
        let Some(clothes) = clothes else {
            return self
                .is_enough
                .then_some(self.affinity * (1.0 - CLOTHES_WEIGHT * (1.0 - UNKNOWN_CLOTHES)));
        };
        let like = (1.0 - clothes.unlike / self.forgives).max(0.0);
        let affinity = self.affinity * (1.0 - CLOTHES_WEIGHT) + CLOTHES_WEIGHT * like;
        (clothes.at_least <= self.forgives).then_some(affinity)
    }
}

/// How different clothes are: 0 is the same, 1 has nothing in common.
#[derive(Debug, Clone, Copy)]
struct Clothes {
    /// From what is known of the track.
    unlike: f64,
    /// … or from what was seen a moment ago, if that is less.
    at_least: f64,
}

/// Affinity of a track that was just seen: how much the boxes overlap, and how expected the place is.
fn by_overlap(least: f64) -> impl Fn(&Track, &Motion, Rect) -> Option<Place> {
    move |_, motion, rect| {
        let overlap = overlap(motion.rect(), rect);
        let surprise = motion.surprise(rect);
        let affinity = 0.7 * overlap + 0.3 * (1.0 - surprise / SURPRISE_LIMIT).max(0.0);
        (overlap >= least).then_some(Place { affinity, forgives: OTHER_CLOTHES, is_enough: true })
    }
}

/// Affinity of a track that comes out of hiding: how expected the place and size are.
fn by_motion(_: &Track, motion: &Motion, rect: Rect) -> Option<Place> {
    let surprise = motion.surprise(rect);
    let affinity = 1.0 - surprise / SURPRISE_LIMIT;
    (affinity >= 0.0).then_some(Place { affinity, forgives: OTHER_CLOTHES, is_enough: true })
}

/// Affinity of a track that was hidden: as its motion says, or, with the same clothes, anywhere it can be by now.
fn by_memory(at: Duration) -> impl Fn(&Track, &Motion, Rect) -> Option<Place> {
    move |track, motion, rect| {
        let unseen = at.saturating_sub(track.last_seen);
        if unseen <= FORESEEN
            && let Some(place) = by_motion(track, motion, rect)
        {
            return Some(place);
        }
        let reach = REACH + REACH_A_SECOND * unseen.as_secs_f64();
        // They may have gone on, or stayed where they were last seen.
        let distance = motion.distance(rect).min(track.motion.distance(rect));
        let affinity = UNFORESEEN * (1.0 - distance / reach);
        let is_possible = affinity >= 0.0 && track.motion.growth(rect) <= GROWN;
        is_possible.then_some(Place { affinity, forgives: SAME_CLOTHES, is_enough: false })
    }
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
