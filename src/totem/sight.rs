//! One totem's pictures as one stream: who is on it, from picture to picture.
//!
//! The detector looks at some of the pictures, and what it found is moved on to those between. Times are those at which
//! pictures arrived, since the first.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gstvision::attributes::{Cutout, People, Rules, Task};
use gstvision::draw::Painter;
use gstvision::engine::I420;
use gstvision::engine::age::AgeReader;
use gstvision::meta::{MarkKind, Object, Rect};
use gstvision::person::Look;
use gstvision::track::{Taken, Tracker};

use super::scene::Scene;
use crate::still::{PERSON, Picture};

/// What was found on an older picture than this is not told any more: the detector looks at the one at hand first. No
/// answer may be about more than 400 ms ago; it takes some to make one.
const OLDEST: Duration = Duration::from_millis(385);

/// A result that is expected to be this much younger than [`OLDEST`] comes in time.
const MARGIN: Duration = Duration::from_millis(40);

/// Weight of the newest in a running mean.
const NEWEST: f64 = 0.25;

/// Pictures further apart are a pause and no rhythm.
const LONGEST_GAP: Duration = Duration::from_secs(2);

/// Looks at people take this share of a core for each totem, and are had so often of one person; as with cameras.
const LOOKS: Rules = Rules { budget: 0.1, interval: Duration::from_secs(2) };

/// What is to be done with a picture before it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// The detector looks at it.
    LookNow,
    /// The detector looks at it, and what it finds is for later ones.
    LookAside,
    Follow,
}

/// Who is on a picture.
#[derive(Debug)]
pub(super) struct Sighted {
    /// Everybody whom the newest result saw, nearest first, with what is known of them.
    pub(super) people: Vec<Object>,
    /// Those, and whom the tracker takes to be there all the same.
    pub(super) all: Vec<Object>,
    /// Whether a result is in it that was in none before.
    pub(super) is_fresh: bool,
    /// How old the picture of the newest result is.
    pub(super) age: Duration,
    /// Pictures before this one.
    pub(super) number: u64,
    pub(super) since_first: Duration,
}

/// What is known of a totem's stream.
pub(super) struct Sight {
    began: Instant,
    tracker: Tracker,
    people: People,
    ages: Option<AgeReader>,
    scene: Scene,
    pub(super) painter: Painter,
    /// Name of the detector, and the score from which what it finds can stand alone.
    pub(super) model: Arc<str>,
    threshold: f32,
    /// When the picture of the newest result arrived.
    newest: Option<Duration>,
    is_fresh: bool,
    last: Option<Duration>,
    /// Usual time between two pictures, and of a look of the detector.
    gap: Duration,
    took: Duration,
    /// Rises with each scene: results do not cross from one to the next.
    pub(super) epoch: u64,
    /// A look of the detector, or at a person, is under way.
    is_looking_aside: bool,
    is_looking_closer: bool,
    number: u64,
}

impl Sight {
    pub(super) fn new(began: Instant) -> Self {
        Self {
            began,
            tracker: Tracker::default(),
            people: People::default(),
            ages: None,
            scene: Scene::default(),
            painter: Painter::default(),
            model: "".into(),
            threshold: 0.0,
            newest: None,
            is_fresh: false,
            last: None,
            gap: Duration::ZERO,
            took: Duration::ZERO,
            epoch: 0,
            is_looking_aside: false,
            is_looking_closer: false,
            number: 0,
        }
    }

    /// The stream's time at `at`.
    pub(super) fn time(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.began)
    }

    /// Takes in that the next picture arrived `now`.
    pub(super) fn plan(&mut self, now: Duration, picture: &Picture) -> Plan {
        let (luma, width) = picture.luma();
        let is_new_scene = self.scene.is_new(luma, width);
        self.epoch += u64::from(is_new_scene);
        let gap = self.last.map_or(Duration::ZERO, |last| now.saturating_sub(last)).min(LONGEST_GAP);
        self.gap = if self.gap.is_zero() { gap } else { mean(self.gap, gap) };
        self.last = Some(now);
        let age = self.newest.map(|newest| now.saturating_sub(newest));
        match age {
            Some(age) if age <= OLDEST && !is_new_scene => {
                let until_next = self.gap.max(self.took) + MARGIN;
                match age + until_next > OLDEST && !self.is_looking_aside {
                    true => {
                        self.is_looking_aside = true;
                        Plan::LookAside
                    }
                    false => Plan::Follow,
                }
            }
            _ => Plan::LookNow,
        }
    }

    /// Takes what `model` found on the picture of `at`.
    pub(super) fn take(&mut self, at: Duration, found: &Found) {
        if *self.model != *found.model {
            self.model = found.model.as_str().into();
        }
        self.threshold = found.threshold;
        self.took = if self.took.is_zero() { found.took } else { mean(self.took, found.took) };
        if self.tracker.update(at, &found.objects) != Taken::TooOld {
            self.newest = Some(at);
            self.is_fresh = true;
        }
    }

    /// Takes the outcome of a look aside, begun in scene `epoch`; `None` when it failed.
    pub(super) fn take_aside(&mut self, at: Duration, epoch: u64, found: Option<&Found>) {
        self.is_looking_aside = false;
        if let Some(found) = found.filter(|_| epoch == self.epoch) {
            self.take(at, found);
        }
    }

    /// Who is on the picture that arrived `now`, and whom to look at more closely.
    pub(super) fn see(&mut self, now: Duration, picture: &I420<'_>) -> (Sighted, Option<Task>) {
        let size = picture.shown_size();
        let is_fresh = std::mem::take(&mut self.is_fresh);
        self.people.advance(now, LOOKS);
        let objects = self.tracker.boxes_at(now);
        let look = if is_fresh { self.look_closer(&objects, picture) } else { None };
        if let Some(ages) = self.ages.as_ref().filter(|_| is_fresh) {
            self.people.sum_up(|votes| votes.attributes(ages));
        }
        let is_shown = |object: &Object| {
            object.label == PERSON && (object.track.is_some() || object.score >= self.threshold)
        };
        let mut all: Vec<Object> = objects.into_iter().filter(is_shown).collect();
        for object in &mut all {
            object.about = self.people.about(object);
        }
        let area = |object: &Object| object.rect.w * size.0 * object.rect.h * size.1;
        all.sort_by(|one, other| area(other).total_cmp(&area(one)));
        let sighted = Sighted {
            people: all.iter().filter(|object| object.seen).cloned().collect(),
            all,
            is_fresh,
            age: self.newest.map_or(Duration::ZERO, |newest| now.saturating_sub(newest)),
            number: self.number,
            since_first: now,
        };
        self.number += 1;
        (sighted, look)
    }

    /// Gives those who have no number yet the one that they will have, for a picture that shows them.
    pub(super) fn number(&self, people: &mut [Object]) {
        let unnumbered = people.iter_mut().filter(|person| person.track.is_none());
        for (number, person) in (self.tracker.confirmed() + 1..).zip(unnumbered) {
            person.track = Some(number);
        }
    }

    fn look_closer(&mut self, objects: &[Object], picture: &I420<'_>) -> Option<Task> {
        let seen = self.people.notice(objects);
        if self.is_looking_closer {
            return None;
        }
        let cut = |rect: &Rect| Cutout::around(picture, rect);
        let task = self.people.begin_look((&seen, objects), picture.shown_size(), LOOKS, cut)?;
        self.is_looking_closer = true;
        Some(task)
    }

    /// Takes what a look saw and cost; `None` when it failed.
    pub(super) fn take_look(&mut self, task: &Task, look: Option<(Look, AgeReader)>, took: Duration) {
        self.is_looking_closer = false;
        self.people.charge(took);
        let Some((look, ages)) = look else { return };
        self.people.end_look(task, &look);
        self.ages = Some(ages);
    }
}

/// What the detector found on a picture.
pub(super) struct Found {
    pub(super) objects: Vec<Object>,
    pub(super) model: String,
    pub(super) threshold: f32,
    pub(super) took: Duration,
}

/// The face of somebody, where it was seen.
pub(super) fn face_of(person: &Object) -> Option<Rect> {
    let marks = &person.about.as_ref()?.marks;
    marks.iter().find(|mark| mark.kind == MarkKind::Face).map(|mark| mark.rect)
}

fn mean(mean: Duration, newest: Duration) -> Duration {
    mean.mul_f64(1.0 - NEWEST) + newest.mul_f64(NEWEST)
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};

    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// A wall, and somebody in front of it.
    fn picture(is_somebody: bool) -> Picture {
        let image = GrayImage::from_fn(320, 240, |x, _| Luma([if is_somebody && x < 80 { 40 } else { 180 }]));
        Picture::of(&image.into())
    }

    fn found(took_ms: u64) -> Found {
        Found { objects: Vec::new(), model: "nanodet".to_owned(), threshold: 0.4, took: ms(took_ms) }
    }

    #[test]
    fn the_detector_looks_only_as_often_as_what_is_told_would_be_too_old() {
        use Plan::{Follow, LookAside, LookNow};
        let wall = picture(false);
        for (took_ms, wanted) in [
            // The next result has to be there by 385 ms.
            (60, [(100, Follow), (200, Follow), (300, LookAside), (380, Follow), (386, LookNow)]),
            (200, [(100, Follow), (200, LookAside), (300, Follow), (380, Follow), (386, LookNow)]),
            // Pictures that are far apart are each looked at.
            (60, [(200, LookAside), (400, LookNow), (800, LookNow), (1200, LookNow), (1600, LookNow)]),
        ] {
            let mut sight = Sight::new(Instant::now());
            assert_eq!(sight.plan(ms(0), &wall), LookNow);
            sight.take(ms(0), &found(took_ms));
            for (at, plan) in wanted {
                assert_eq!(sight.plan(ms(at), &wall), plan, "at {at} ms, a look takes {took_ms} ms");
            }
        }
    }

    #[test]
    fn a_look_aside_is_had_once_and_again_when_it_failed() {
        use Plan::{Follow, LookAside, LookNow};
        let wall = picture(false);
        let mut sight = Sight::new(Instant::now());
        assert_eq!(sight.plan(ms(0), &wall), LookNow);
        sight.take(ms(0), &found(60));
        for (at, plan) in [(100, Follow), (200, Follow), (300, LookAside), (380, Follow)] {
            assert_eq!(sight.plan(ms(at), &wall), plan, "at {at} ms");
        }
        sight.take_aside(ms(300), 0, Some(&found(60)));
        for (at, plan) in [(480, Follow), (580, LookAside), (640, Follow)] {
            assert_eq!(sight.plan(ms(at), &wall), plan, "at {at} ms");
        }
        sight.take_aside(ms(580), 0, None);
        assert_eq!(sight.plan(ms(670), &wall), LookAside);
    }

    #[test]
    fn what_was_seen_in_another_scene_is_not_told_in_this_one() {
        let mut sight = Sight::new(Instant::now());
        assert_eq!(sight.plan(ms(0), &picture(false)), Plan::LookNow);
        sight.take(ms(0), &found(60));
        assert_eq!(sight.plan(ms(300), &picture(false)), Plan::LookAside);
        let epoch = sight.epoch;
        assert_eq!(sight.plan(ms(350), &picture(true)), Plan::LookNow);
        // The look at this one fails, and then the one before comes to its end.
        sight.take_aside(ms(300), epoch, Some(&found(60)));
        assert_eq!(sight.plan(ms(400), &picture(true)), Plan::LookNow);
    }
}
