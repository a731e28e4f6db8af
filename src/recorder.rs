//! Frames → visits → store.
//!
//! One task watches all cameras and writes what it sees in batches. A visit is written as soon as it counts,
//! so that the running shift's number rises when somebody comes in, and completed when it ends. The database
//! may be slow or away: frames are taken in all the same, and what waits for it is kept, up to a bound.

mod backlog;
mod writer;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::clock::Clock;
use crate::domain::{CameraId, Frame, Place, RecorderFigures, TenantId, Timestamp, Visit};
use crate::store::{Store, VisitRecord};
use crate::visit::{Happening, Observer, Stay};
use backlog::Backlog;

/// Frames without pixels: about four seconds of twenty cameras.
const QUEUE_FRAMES: usize = 1024;

/// How often cameras that are silent are looked after.
const TICK: Duration = Duration::from_millis(250);

/// Frames may wait in the queue so long before they are looked at; no visit is ended ahead of them.
const QUEUE_DELAY: Duration = Duration::from_secs(1);

/// How often the last sight of those who are still there is written: all that a crash can cut off their stay.
const CHECKPOINT: Duration = Duration::from_secs(10);

/// A step back of the machine's clock beyond this ends what is open: durations over it would mean nothing.
const STEP_BACK: Duration = Duration::from_secs(2);

/// Time for the last writes when the process ends.
const LAST_WRITES: Duration = Duration::from_secs(2);

/// Where a camera is, or `None` when there is no such camera (any more).
pub type FindPlace = Box<dyn Fn(TenantId, &CameraId) -> Option<Place> + Send + Sync>;

/// What the recorder needs of the house.
pub struct RecorderContext {
    pub store: Store,
    pub clock: Clock,
    pub find_place: FindPlace,
    pub tasks: TaskTracker,
    /// Cancel it once the cameras send no more: everything open is then ended, written, and the task over.
    pub stop: CancellationToken,
}

/// The running recorder; cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder {
    frames: mpsc::Sender<Arc<Frame>>,
    backlog: Arc<Backlog>,
}

impl Recorder {
    /// Starts the task on `context.tasks`. Visits that a crash left open are closed first.
    pub fn start(context: RecorderContext) -> Self {
        let (frames, queue) = mpsc::channel(QUEUE_FRAMES);
        let backlog = Arc::new(Backlog::default());
        let tasks = context.tasks.clone();
        tasks.spawn(record(context, queue, backlog.clone()));
        Self { frames, backlog }
    }

    /// Where cameras put every frame. Use `try_send`: what does not fit is for the camera to count.
    pub fn frames(&self) -> mpsc::Sender<Arc<Frame>> {
        self.frames.clone()
    }

    pub fn figures(&self) -> RecorderFigures {
        self.backlog.figures()
    }
}

async fn record(context: RecorderContext, queue: mpsc::Receiver<Arc<Frame>>, backlog: Arc<Backlog>) {
    let RecorderContext { store, clock, find_place, stop, .. } = context;
    let watch = Watch { clock, find_place, backlog: backlog.clone(), cameras: HashMap::new() };
    // Both in one task: while the database is waited for, frames are taken in.
    let mut writing = std::pin::pin!(writer::write(store, backlog.clone()));
    tokio::select! {
        () = watch.run(queue, stop) => {}
        // Does not happen before `watch` has closed the backlog.
        () = &mut writing => return,
    }
    if tokio::time::timeout(LAST_WRITES, writing).await.is_err() {
        let lost = backlog.figures().waiting;
        warn!(lost, "the database did not take the last visits in time");
    }
}

/// All cameras as the recorder sees them.
struct Watch {
    clock: Clock,
    find_place: FindPlace,
    backlog: Arc<Backlog>,
    cameras: HashMap<(TenantId, CameraId), Watched>,
}

/// One run of one camera.
struct Watched {
    place: Place,
    observer: Observer,
    /// Names this run's visits apart from those of all others.
    run: i64,
    number: u64,
    at: Timestamp,
}

impl Watch {
    async fn run(mut self, mut queue: mpsc::Receiver<Arc<Frame>>, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut checkpoint = self.clock.now();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = ticks.tick() => {
                    let now = self.clock.now();
                    self.tick(now);
                    if now.since(checkpoint) >= CHECKPOINT || now < checkpoint {
                        checkpoint = now;
                        self.write_open();
                    }
                }
                frame = queue.recv() => match frame {
                    Some(frame) => self.take(&frame),
                    None => break,
                },
            }
        }
        queue.close();
        while let Some(frame) = queue.recv().await {
            self.take(&frame);
        }
        for (_, watched) in self.cameras.drain() {
            watched.end(&self.backlog);
        }
        self.backlog.close();
    }

    fn take(&mut self, frame: &Frame) {
        self.backlog.count_frame();
        let key = (frame.tenant, frame.camera.clone());
        if self.cameras.get(&key).is_some_and(|watched| watched.is_before(frame))
            && let Some(old) = self.cameras.remove(&key)
        {
            old.end(&self.backlog);
        }
        if !self.cameras.contains_key(&key) {
            // A camera that was just deleted may have frames in the queue.
            let Some(place) = (self.find_place)(frame.tenant, &frame.camera) else { return };
            self.cameras.insert(key.clone(), Watched::new(place));
        }
        if let Some(watched) = self.cameras.get_mut(&key) {
            watched.take(frame, &self.backlog);
        }
    }

    /// Ends the visits of silent cameras, and everything of cameras that moved or are gone.
    fn tick(&mut self, now: Timestamp) {
        let moved = |watched: &Watched| {
            let place = &watched.place;
            (self.find_place)(place.tenant, &place.camera).as_ref() != Some(place)
        };
        for (_, watched) in self.cameras.extract_if(|_, watched| moved(watched)) {
            watched.end(&self.backlog);
        }
        for watched in self.cameras.values_mut() {
            let happenings = watched.observer.tick(millis(now - QUEUE_DELAY));
            watched.put(happenings, &self.backlog);
        }
        let open = self.cameras.values().map(|watched| watched.observer.open().count()).sum();
        self.backlog.set_open(open);
    }

    fn write_open(&self) {
        for watched in self.cameras.values() {
            for stay in watched.observer.open() {
                self.backlog.put(watched.record(stay, State::Open));
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Ended,
}

impl Watched {
    fn new(place: Place) -> Self {
        Self {
            place,
            // Lines and zones come in when there are rows for their crossings and stays.
            observer: Observer::new(Vec::new(), Vec::new()),
            run: (rand::random::<u64>() >> 1).cast_signed(),
            number: 0,
            at: Timestamp::from_millis(i64::MIN / 2),
        }
    }

    /// Whether `frame` belongs to a later run: the camera was restarted, or the machine's clock set back.
    fn is_before(&self, frame: &Frame) -> bool {
        frame.number < self.number || frame.at + STEP_BACK < self.at
    }

    fn take(&mut self, frame: &Frame, backlog: &Backlog) {
        self.number = frame.number;
        self.at = frame.at;
        let happenings = self.observer.observe(millis(frame.at), frame);
        self.put(happenings, backlog);
    }

    fn end(mut self, backlog: &Backlog) {
        let happenings = self.observer.finish();
        self.put(happenings, backlog);
    }

    fn put(&self, happenings: Vec<Happening>, backlog: &Backlog) {
        for happening in happenings {
            match happening {
                Happening::VisitStarted(stay) => backlog.put(self.record(&stay, State::Open)),
                Happening::VisitEnded(stay) => backlog.put(self.record(&stay, State::Ended)),
                Happening::LineCrossed { .. }
                | Happening::ZoneEntered { .. }
                | Happening::ZoneLeft { .. } => {}
            }
        }
    }

    fn record(&self, stay: &Stay, state: State) -> VisitRecord {
        VisitRecord {
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
        }
    }
}

/// The observer's time; nothing is recorded before 1970.
fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(0)
}

fn timestamp(ms: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}
