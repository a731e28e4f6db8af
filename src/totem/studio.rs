//! A totem's picture in, what is to be told of it out; with all that the pictures before it said.
//!
//! Everything here blocks and is done in turns: pictures are decoded, answered and drawn in one lane, the detector's looks
//! that nobody waits for in a second, the closer looks at people in a third.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gstvision::attributes::Task;
use gstvision::engine::EngineError;
use gstvision::meta::Object;
use gstvision::person::Language;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::figures::Counts;
use super::lane::Lane;
use super::registry::Seat;
use super::sight::{Found, Plan, Sight, Sighted, face_of};
use crate::clock::Clock;
use crate::domain::{Detection, Frame};
use crate::still::{Analyser, Analysers, EncodeError, Encoders, Picture, attributes_of, to_domain};
use crate::wire::{RealtimeAnalysis, TotemAnalysis, TotemDetection, ZoneClock};

/// Looks of the detector that nobody waits for, at the same time: the pictures that are answered need the rest of a small
/// machine.
const LOOKS_ASIDE: usize = 2;

/// Closer looks at the same time.
const LOOKS_CLOSER: usize = 1;

/// Why a picture has no answer.
#[derive(Debug, Error)]
pub(super) enum SeeError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// A totem whose pictures are followed.
pub(super) struct Totem {
    pub(super) seat: Seat,
    pub(super) counts: Arc<Counts>,
    sight: Mutex<Sight>,
    aside: Mutex<Option<Aside>>,
    look: Mutex<Option<Task>>,
}

/// A picture that the detector is to look at for later ones.
struct Aside {
    picture: Picture,
    at: Duration,
    epoch: u64,
}

impl Totem {
    pub(super) fn new(seat: Seat, counts: Arc<Counts>, began: Instant) -> Self {
        Self {
            seat,
            counts,
            sight: Mutex::new(Sight::new(began)),
            aside: Mutex::default(),
            look: Mutex::default(),
        }
    }

    fn sight(&self) -> MutexGuard<'_, Sight> {
        lock(&self.sight)
    }
}

/// Where pictures are looked at; cheap to clone.
#[derive(Clone)]
pub(super) struct Studio(Arc<Inner>);

struct Inner {
    analysers: Analysers,
    clock: Clock,
    records: mpsc::Sender<Arc<Frame>>,
    encoders: Encoders,
    asides: Lane<Totem>,
    looks: Lane<Totem>,
}

impl Studio {
    pub(super) fn new(
        analysers: Analysers,
        clock: Clock,
        records: mpsc::Sender<Arc<Frame>>,
        on: (&TaskTracker, &CancellationToken),
    ) -> Self {
        let looking = analysers.clone();
        let look_aside = move |totem: &Arc<Totem>| look_aside(&looking, totem);
        let has_aside = |totem: &Totem| lock(&totem.aside).is_some();
        let asides = Lane::new(LOOKS_ASIDE, has_aside, look_aside, on);
        let looking = analysers.clone();
        let look_closer = move |totem: &Arc<Totem>| look_closer(&looking, totem);
        let has_look = |totem: &Totem| lock(&totem.look).is_some();
        let looks = Lane::new(LOOKS_CLOSER, has_look, look_closer, on);
        Self(Arc::new(Inner { analysers, clock, records, encoders: Encoders::default(), asides, looks }))
    }

    /// What is to be told of `picture`, which arrived `at`. Blocks for as long as it takes to draw and encode it, and for a
    /// look of the detector when nothing that is known is new enough.
    pub(super) fn see(
        &self,
        totem: &Arc<Totem>,
        mut picture: Picture,
        at: Instant,
    ) -> Result<RealtimeAnalysis, SeeError> {
        let mut sight = totem.sight();
        let now = sight.time(at);
        match sight.plan(now, &picture) {
            Plan::LookNow => {
                let found = look(&self.0.analysers, totem, &picture)?;
                sight.take(now, &found);
            }
            Plan::LookAside => {
                let aside = Aside { picture: picture.clone(), at: now, epoch: sight.epoch };
                *lock(&totem.aside) = Some(aside);
                self.0.asides.offer(totem);
            }
            Plan::Follow => {}
        }
        let (mut sighted, look) = sight.see(now, &picture.i420());
        if let Some(look) = look {
            *lock(&totem.look) = Some(look);
            self.0.looks.offer(totem);
        }
        self.record(totem, &sighted, (&sight.model, &picture));
        let analysis = self.tell(totem, &sighted, (&sight.model, &picture));
        sight.number(&mut sighted.people);
        picture.draw(&mut sight.painter, sighted.people, Language::Spanish);
        drop(sight);
        let annotated = STANDARD.encode(self.0.encoders.encode(&picture)?);
        Counts::add(&totem.counts.answers, 1);
        Ok(RealtimeAnalysis { annotated_image: Some(annotated), ..analysis })
    }

    /// Name of the detector that looks at a totem's pictures; empty before the first one.
    pub(super) fn engine(totem: &Totem) -> Arc<str> {
        totem.sight().model.clone()
    }

    fn record(&self, totem: &Totem, sighted: &Sighted, (model, picture): (&Arc<str>, &Picture)) {
        let camera = &totem.seat.camera;
        if totem.seat.is_a_cameras() {
            return Counts::add(&totem.counts.unrecorded, 1);
        }
        let frame = Frame {
            tenant: camera.tenant,
            camera: camera.id.clone(),
            number: sighted.number,
            pts_ms: u64::try_from(sighted.since_first.as_millis()).unwrap_or(u64::MAX),
            at: self.0.clock.now(),
            width: picture.width(),
            height: picture.height(),
            fresh: sighted.is_fresh,
            model: model.clone(),
            detections: sighted.all.iter().map(detection_of).collect(),
        };
        if self.0.records.try_send(Arc::new(frame)).is_err() {
            Counts::add(&totem.counts.unrecorded, 1);
        }
    }

    fn tell(
        &self,
        totem: &Totem,
        sighted: &Sighted,
        (model, picture): (&Arc<str>, &Picture),
    ) -> RealtimeAnalysis {
        let camera = &totem.seat.camera;
        let size = (picture.width(), picture.height());
        let told = |person: &Object| {
            TotemDetection::new(&detection_of(person), face_of(person).map(to_domain), size)
        };
        let detections: Vec<_> = sighted.people.iter().map(told).collect();
        RealtimeAnalysis {
            analysis: TotemAnalysis::new(detections.first()),
            annotated_image: None,
            engine: model.as_ref().to_owned(),
            timestamp: ZoneClock::utc().write(self.0.clock.now()),
            camera: camera.id.to_string(),
            branch_id: camera.branch.get(),
            width: size.0,
            height: size.1,
            detections,
            detector_ran: sighted.is_fresh,
            analysis_age_ms: u64::try_from(sighted.age.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

fn look(analysers: &Analysers, totem: &Totem, picture: &Picture) -> Result<Found, EngineError> {
    Counts::add(&totem.counts.detector_runs, 1);
    let look = |analyser: &mut Analyser| {
        let began = Instant::now();
        let objects = analyser.objects(picture)?;
        let (model, threshold) = (analyser.model().to_owned(), analyser.threshold());
        Ok(Found { objects, model, threshold, took: began.elapsed() })
    };
    analysers.lend(look)
}

/// Tells what came of a look when it ends; nothing did when it panicked.
struct Ending<T, F: FnMut(Option<T>)> {
    outcome: Option<T>,
    tell: F,
}

impl<T, F: FnMut(Option<T>)> Drop for Ending<T, F> {
    fn drop(&mut self) {
        (self.tell)(self.outcome.take());
    }
}

fn look_aside(analysers: &Analysers, totem: &Totem) {
    let Some(Aside { picture, at, epoch }) = lock(&totem.aside).take() else { return };
    let tell = |found: Option<Found>| totem.sight().take_aside(at, epoch, found.as_ref());
    let mut ending = Ending { outcome: None, tell };
    match look(analysers, totem, &picture) {
        Ok(found) => ending.outcome = Some(found),
        Err(error) => tracing::warn!(%error, "the detector could not look at a totem's picture"),
    }
}

fn look_closer(analysers: &Analysers, totem: &Totem) {
    let Some(task) = lock(&totem.look).take() else { return };
    Counts::add(&totem.counts.looks, 1);
    let began = Instant::now();
    let tell = |seen| totem.sight().take_look(&task, seen, began.elapsed());
    let mut ending = Ending { outcome: None, tell };
    let seen = analysers.lend(|analyser| {
        let looker = analyser.looker()?;
        Ok((task.look(looker)?, looker.age_reader()))
    });
    match seen {
        Ok(seen) => ending.outcome = Some(seen),
        Err(error) => tracing::warn!(%error, "somebody before a totem could not be looked at"),
    }
}

fn detection_of(object: &Object) -> Detection {
    Detection {
        track: object.track,
        label: object.label.as_str().into(),
        confidence: object.score,
        rect: to_domain(object.rect),
        seen: object.seen,
        attributes: object.about.as_deref().map(|about| Arc::new(attributes_of(about))),
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_panics_has_ended_too() {
        let told = Mutex::new(Vec::new());
        let look = |panics: bool| {
            let mut ending = Ending { outcome: None, tell: |found| lock(&told).push(found) };
            assert!(!panics, "as it should");
            ending.outcome = Some(5);
        };
        look(false);
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| look(true)));
        assert!(ended.is_err());
        assert_eq!(*lock(&told), [Some(5), None]);
    }
}
