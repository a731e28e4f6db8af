//! One camera as the recorder sees it: its visits, crossings and stays by the run, its people by the minute.

use std::sync::Arc;

use super::backlog::Backlog;
use super::board::Board;
use super::crowds::Crowds;
use super::presence::Presence;
use super::telling::sight_of;
use super::{STEP_BACK, millis, random_run, timestamp};
use crate::domain::{
    Camera, CameraId, Frame, Occurrence, Place, Publisher, Sight, TenantId, Timestamp, Visit,
};
use crate::store::{CrossingRecord, Record, VisitRecord, ZoneStayRecord};
use crate::visit::{Happening, Observer, Stay};

/// Where what is seen goes.
pub(super) struct Outlets {
    pub(super) backlog: Arc<Backlog>,
    pub(super) board: Arc<Board>,
    pub(super) publisher: Publisher,
}

/// One camera since it stands where it stands.
pub(super) struct Watched {
    camera: Arc<Camera>,
    place: Place,
    observer: Observer,
    /// Names this run's visits apart from those of all others.
    run: i64,
    number: u64,
    at: Timestamp,
    presence: Presence,
    crowds: Crowds,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Ended,
}

impl Watched {
    pub(super) fn new(camera: Arc<Camera>) -> Self {
        Self {
            place: camera.place(),
            observer: Observer::new(camera.lines.clone(), camera.zones.clone()),
            camera,
            run: random_run(),
            number: 0,
            at: Timestamp::from_millis(i64::MIN / 2),
            presence: Presence::new(),
            crowds: Crowds::default(),
        }
    }

    pub(super) fn key(&self) -> (TenantId, CameraId) {
        (self.place.tenant, self.place.camera.clone())
    }

    /// Visits that go on.
    pub(super) fn open(&self) -> usize {
        self.observer.open().count()
    }

    pub(super) fn take(&mut self, frame: &Frame, out: &Outlets) {
        let stepped_back = frame.at + STEP_BACK < self.at;
        if stepped_back {
            std::mem::replace(&mut self.presence, Presence::new()).end(&self.place, &out.backlog);
        }
        // A later run: the camera was restarted, or the machine's clock set back.
        if stepped_back || frame.number < self.number {
            self.finish(out);
            self.observer = Observer::new(self.camera.lines.clone(), self.camera.zones.clone());
            self.run = random_run();
        }
        (self.number, self.at) = (frame.number, frame.at);
        let happenings = self.observer.observe(millis(frame.at), frame);
        self.put(happenings, out);
        // When nobody has looked it is not known who is there: that is no empty room, but time without a camera.
        if frame.fresh {
            self.presence.look(frame.at, &self.observer, &self.place, &out.backlog);
            let crowded = self.crowds.look(frame.at, &self.camera.zones, self.observer.in_zones());
            self.tell_all(crowded, out);
        }
    }

    /// Lets time pass up to `now`; false when the camera stands elsewhere by now, or is no more.
    pub(super) fn tick(&mut self, now: Timestamp, camera: Option<Arc<Camera>>, out: &Outlets) -> bool {
        let Some(camera) = camera.filter(|camera| camera.place() == self.place) else { return false };
        if !Arc::ptr_eq(&camera, &self.camera) {
            if (&camera.lines, &camera.zones) != (&self.camera.lines, &self.camera.zones) {
                let happenings = self.observer.set_shapes(camera.lines.clone(), camera.zones.clone());
                self.put(happenings, out);
                let over = self.crowds.keep(now, &self.camera.zones, &camera.zones);
                self.tell_all(over, out);
            }
            self.camera = camera;
        }
        let happenings = self.observer.tick(millis(now));
        self.put(happenings, out);
        if !self.camera.zones.is_empty() {
            out.board.set_zones(self.key(), self.observer.in_zones());
        }
        true
    }

    /// Writes the last sight of those who are still there.
    pub(super) fn checkpoint(&self, backlog: &Backlog) {
        for stay in self.observer.open() {
            backlog.put(self.visit(stay, State::Open));
        }
    }

    /// Writes what was counted so far in the minute and the quarter at hand.
    pub(super) fn checkpoint_counts(&mut self, backlog: &Backlog) {
        self.presence.checkpoint(&self.place, backlog);
    }

    pub(super) fn end(mut self, out: &Outlets) {
        self.finish(out);
        let over = self.crowds.keep(self.at, &self.camera.zones, &[]);
        self.tell_all(over, out);
        self.presence.end(&self.place, &out.backlog);
    }

    fn finish(&mut self, out: &Outlets) {
        let happenings = self.observer.finish();
        self.put(happenings, out);
    }

    fn put(&self, happenings: Vec<Happening>, out: &Outlets) {
        for happening in happenings {
            self.tell_all(sight_of(&happening, &self.camera), out);
            match happening {
                Happening::VisitStarted(stay) => out.backlog.put(self.visit(&stay, State::Open)),
                Happening::VisitEnded(stay) => out.backlog.put(self.visit(&stay, State::Ended)),
                Happening::LineCrossed { line, direction, track, at_ms } => {
                    out.board.count(self.key(), line.clone(), direction);
                    out.backlog.put(Record::Crossing(CrossingRecord {
                        run: self.run,
                        place: self.place.clone(),
                        track,
                        entrance: self.camera.is_entrance(&line),
                        line,
                        direction,
                        at: timestamp(at_ms),
                    }));
                }
                Happening::ZoneLeft { zone, track, enter_ms, leave_ms } => {
                    out.backlog.put(Record::ZoneStay(ZoneStayRecord {
                        run: self.run,
                        place: self.place.clone(),
                        track,
                        zone,
                        enter: timestamp(enter_ms),
                        leave: timestamp(leave_ms),
                    }));
                }
                // Stored when it is left.
                Happening::ZoneEntered { .. } | Happening::ZoneDwelt { .. } => {}
            }
        }
    }

    fn tell_all(&self, sights: impl IntoIterator<Item = Sight>, out: &Outlets) {
        for sight in sights {
            let (place, name) = (self.place.clone(), self.camera.name.as_str().into());
            out.publisher.tell(Occurrence::AtCamera { place, name, sight });
        }
    }

    fn visit(&self, stay: &Stay, state: State) -> Record {
        Record::Visit(VisitRecord {
            run: self.run,
            open: state == State::Open,
            visit: Visit {
                place: self.place.clone(),
                track: stay.track,
                enter: timestamp(stay.enter_ms),
                leave: timestamp(stay.leave_ms),
                confidence: stay.confidence,
                model: stay.model.clone(),
                attributes: stay.attributes.clone(),
            },
        })
    }
}
