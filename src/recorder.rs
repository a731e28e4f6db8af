//! Frames → visits, crossings, stays, people by the minute → store.
//!
//! One task watches all cameras and writes what it sees in batches. A visit is written as soon as it counts,
//! so that the running shift's number rises when somebody comes in, and completed when it ends. The database
//! may be slow or away: frames are taken in all the same, and what it does not have within a second is on disk until it
//! takes it.

mod backlog;
mod board;
mod crowds;
mod disk;
mod keeper;
mod presence;
mod telling;
mod watched;
mod writer;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info};

use crate::clock::Clock;
use crate::domain::{
    Camera, CameraId, Frame, LiveFigures, Occurrence, Publisher, RecorderFigures, TenantId, Timestamp, Visit,
};
use crate::store::{Record, Spool, Store, VisitRecord};
use backlog::Backlog;
use board::Board;
use watched::{Outlets, Watched};

/// Frames without pixels: about four seconds of twenty cameras.
const QUEUE_FRAMES: usize = 1024;

/// How often cameras that are silent are looked after.
const TICK: Duration = Duration::from_millis(250);

/// Frames may wait in the queue so long before they are looked at; no visit is ended ahead of them.
const QUEUE_DELAY: Duration = Duration::from_secs(1);

/// How often the last sight of those who are still there is written, and how many there were: all that a crash can cut
/// off.
const CHECKPOINT: Duration = Duration::from_secs(10);

/// How often those counts are written while they go to disk, where each takes its own space and not the last one's.
const CHECKPOINT_ON_DISK: Duration = Duration::from_secs(60);

/// A step back of the machine's clock beyond this ends what is open: durations over it would mean nothing.
const STEP_BACK: Duration = Duration::from_secs(2);

/// Time for the last writes when the process ends.
const LAST_WRITES: Duration = Duration::from_secs(2);

/// A camera as it is described now, or `None` when there is no such camera (any more).
pub type FindCamera = Box<dyn Fn(TenantId, &CameraId) -> Option<Arc<Camera>> + Send + Sync>;

/// What the recorder needs of the house.
pub struct RecorderContext {
    pub store: Store,
    /// Where records wait that `store` does not take.
    pub spool: Spool,
    pub clock: Clock,
    pub find_camera: FindCamera,
    /// Told of what happens before the cameras, as it happens.
    pub publisher: Publisher,
    pub tasks: TaskTracker,
    /// Cancel it once the cameras send no more: everything open is then ended, written, and the task over.
    pub stop: CancellationToken,
}

/// The running recorder; cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder {
    frames: mpsc::Sender<Arc<Frame>>,
    backlog: Arc<Backlog>,
    board: Arc<Board>,
    publisher: Publisher,
}

impl Recorder {
    /// Starts the task on `context.tasks`. Visits that a crash left open are closed first.
    pub fn start(context: RecorderContext) -> Self {
        let (frames, queue) = mpsc::channel(QUEUE_FRAMES);
        let (backlog, board) = (Arc::new(Backlog::default()), Arc::new(Board::default()));
        // Now and not when the task begins: what an earlier run left waits already.
        backlog.set_spooled(context.spool.figures());
        let tasks = context.tasks.clone();
        let (publisher, told) = (context.publisher.clone(), context.publisher.clone());
        let out = Outlets { backlog: backlog.clone(), board: board.clone(), publisher };
        tasks.spawn(record(context, queue, out));
        Self { frames, backlog, board, publisher: told }
    }

    /// Where cameras put every frame. Use `try_send`: what does not fit is for the camera to count.
    pub fn frames(&self) -> mpsc::Sender<Arc<Frame>> {
        self.frames.clone()
    }

    /// Writes down and tells of a visit that somebody else has seen from its beginning to its end. The same branch, camera,
    /// track and `enter` again are the same visit.
    pub fn add_visit(&self, visit: Visit) {
        for sight in telling::sights_of(&visit) {
            let (place, name) = (visit.place.clone(), visit.place.camera.as_str().into());
            self.publisher.tell(Occurrence::AtCamera { place, name, sight });
        }
        self.backlog.put(Record::Visit(VisitRecord { run: told_run(&visit), open: false, visit }));
    }

    pub fn figures(&self) -> RecorderFigures {
        self.backlog.figures()
    }

    /// What a camera's lines and zones say now.
    pub fn live(&self, tenant: TenantId, camera: &CameraId) -> LiveFigures {
        self.board.figures(tenant, camera)
    }
}

/// The run of a visit that was seen elsewhere: one of its own, since nobody there counts runs and people are told apart by
/// theirs. The same visit has the same one whenever it is told, and no run of ours is negative.
fn told_run(visit: &Visit) -> i64 {
    let text = format!("{} {} {}", visit.place.branch, visit.track, visit.enter.as_millis());
    let digest = Sha256::digest(text.as_bytes());
    let (head, _) = digest.split_first_chunk::<8>().expect("a digest should have 32 bytes");
    -1 - (i64::from_be_bytes(*head) & i64::MAX)
}

async fn record(context: RecorderContext, queue: mpsc::Receiver<Arc<Frame>>, out: Outlets) {
    let RecorderContext { store, spool, clock, find_camera, tasks, stop, .. } = context;
    let backlog = out.backlog.clone();
    // A task of its own: neither do frames wait for the database, nor the disk for a flood of frames.
    let writing = tasks.spawn(writer::write(store, spool, backlog.clone()));
    Watch { clock, find_camera, out, cameras: HashMap::new() }.run(queue, stop).await;
    let stop_writing = writing.abort_handle();
    if tokio::time::timeout(LAST_WRITES, writing).await.is_err() {
        stop_writing.abort();
        let RecorderFigures { in_memory: lost, waiting, .. } = backlog.figures();
        match lost {
            0 => info!(
                waiting,
                "the database did not take everything in time; it waits on disk for the next start"
            ),
            _ => error!(lost, "neither the database nor the disk took the last records in time"),
        }
    }
}

/// All cameras as the recorder sees them.
struct Watch {
    clock: Clock,
    find_camera: FindCamera,
    out: Outlets,
    cameras: HashMap<(TenantId, CameraId), Watched>,
}

impl Watch {
    async fn run(mut self, mut queue: mpsc::Receiver<Arc<Frame>>, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut checkpoint = self.clock.now();
        let mut counts_checkpoint = checkpoint;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                _ = ticks.tick() => {
                    let now = self.clock.now();
                    // What was seen before now but waits yet must not come after visits were ended for want of it.
                    for _ in 0..QUEUE_FRAMES {
                        let Ok(frame) = queue.try_recv() else { break };
                        self.take(&frame);
                    }
                    self.tick(now);
                    if now.since(checkpoint) >= CHECKPOINT || now < checkpoint {
                        checkpoint = now;
                        self.cameras.values().for_each(|watched| watched.checkpoint(&self.out.backlog));
                        let is_due = now.since(counts_checkpoint) >= CHECKPOINT_ON_DISK || now < counts_checkpoint;
                        if is_due || !self.out.backlog.is_spooling() {
                            counts_checkpoint = now;
                            self.cameras.values_mut().for_each(|watched| watched.checkpoint_counts(&self.out.backlog));
                        }
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
            watched.end(&self.out);
        }
        self.out.backlog.close();
    }

    fn take(&mut self, frame: &Frame) {
        self.out.backlog.count_frame();
        let key = (frame.tenant, frame.camera.clone());
        if !self.cameras.contains_key(&key) {
            // A camera that was just deleted may have frames in the queue.
            let Some(camera) = (self.find_camera)(frame.tenant, &frame.camera) else { return };
            self.cameras.insert(key.clone(), Watched::new(camera));
        }
        if let Some(watched) = self.cameras.get_mut(&key) {
            watched.take(frame, &self.out);
        }
    }

    /// Ends the visits of silent cameras, and everything of cameras that moved or are gone.
    fn tick(&mut self, now: Timestamp) {
        let Self { find_camera, out, cameras, .. } = self;
        let ended = cameras.extract_if(|(tenant, id), watched| {
            !watched.tick(now - QUEUE_DELAY, find_camera(*tenant, id), out)
        });
        for (key, watched) in ended {
            watched.end(out);
            // Also of a camera that moved: what it counted belongs to the branch where it was.
            out.board.forget(&key);
        }
        out.backlog.set_open(cameras.values().map(Watched::open).sum());
    }
}

fn random_run() -> i64 {
    (rand::random::<u64>() >> 1).cast_signed()
}

/// The observer's time; nothing is recorded before 1970.
fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis()).unwrap_or(0)
}

fn timestamp(ms: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}
