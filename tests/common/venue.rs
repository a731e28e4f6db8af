//! A busy venue: a recorder that is shown hundreds of people, each with a stay that is known beforehand.
#![allow(dead_code, reason = "each test uses its part of these")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use atalaya::clock::Clock;
use atalaya::domain::{
    BranchId, Camera, CameraId, Detection, Frame, Publisher, RecorderFigures, Rect, ShiftId, TenantId,
    Timestamp,
};
use atalaya::recorder::{Recorder, RecorderContext};
use atalaya::store::{Spool, Store};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::eventually::eventually;

/// 2026-06-01T06:00:00Z, the start of a morning of eight hours.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_780_293_600_000);

/// Time between frames of a camera.
pub(crate) const FRAME: Duration = Duration::from_millis(250);

pub(crate) const CAMERAS: [&str; 4] = ["door", "bar", "hall", "desk"];

/// People who come between two frames, all cameras together: 200 a second.
pub(crate) const PEOPLE_A_FRAME: u64 = 50;

/// Frames of a stay after the first one.
const STAY_FRAMES: u64 = 4;

/// Records in memory at which a flood waits.
const MUCH: usize = 2000;

/// Most that waits on disk.
pub(crate) const SPOOL_BYTES: u64 = 256 << 20;

/// Camera, track, enter, leave, whether it is open.
pub(crate) type Seen = (String, u64, i64, i64, bool);

/// A recorder with its cameras, whose time goes by frames.
pub(crate) struct Venue {
    pub(crate) recorder: Recorder,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// Frames that come whatever happens elsewhere.
pub(crate) struct Stream {
    is_over: Arc<AtomicBool>,
    frames: Arc<AtomicU64>,
    task: tokio::task::JoinHandle<()>,
}

impl Venue {
    pub(crate) fn open(store: &Store, spool: Spool) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let recorder = Recorder::start(RecorderContext {
            store: store.clone(),
            spool,
            clock: Clock::held_at(START),
            find_camera: Box::new(|_, id| CAMERAS.contains(&id.as_str()).then(|| Arc::new(camera(id)))),
            publisher: Publisher::nobody(),
            tasks: tasks.clone(),
            stop: stop.clone(),
        });
        Self { recorder, tasks, stop }
    }

    /// Shows frames `from..to` of every camera.
    pub(crate) async fn show(&self, from: u64, to: u64) {
        for n in from..to {
            show(&self.recorder, n).await;
        }
    }

    /// As [`Venue::show`] from the first frame on, but no faster than records leave the memory: there, the end of a stay
    /// would take the place of its beginning.
    pub(crate) async fn show_many(&self, from: u64, to: u64) {
        for n in from..to {
            show(&self.recorder, n).await;
            let taken_in = (n + 1) * CAMERAS.len() as u64;
            let keeps_up = async || {
                let figures = self.figures();
                (figures.frames == taken_in && figures.in_memory < MUCH).then_some(())
            };
            eventually("records leave the memory", keeps_up).await;
        }
    }

    /// Shows frame after frame from the first on, one each `every`.
    pub(crate) fn stream(&self, every: Duration) -> Stream {
        self.stream_from(0, every)
    }

    /// As [`Venue::stream`], from another frame on.
    pub(crate) fn stream_from(&self, first: u64, every: Duration) -> Stream {
        let (is_over, frames) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(first)));
        let task = tokio::spawn({
            let (recorder, is_over, frames) = (self.recorder.clone(), is_over.clone(), frames.clone());
            async move {
                let mut ticks = tokio::time::interval(every);
                while !is_over.load(Ordering::Relaxed) {
                    ticks.tick().await;
                    show(&recorder, frames.load(Ordering::Relaxed)).await;
                    frames.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Stream { is_over, frames, task }
    }

    pub(crate) fn figures(&self) -> RecorderFigures {
        self.recorder.figures()
    }

    /// Ends everybody's stay, and the recorder.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Stream {
    /// How many frames were shown, counted from the venue's first one.
    pub(crate) fn shown(&self) -> u64 {
        self.frames.load(Ordering::Relaxed)
    }

    /// Ends it; answers how many frames there were.
    pub(crate) async fn end(self) -> u64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.task.await.unwrap();
        self.frames.load(Ordering::Relaxed)
    }
}

async fn show(recorder: &Recorder, n: u64) {
    for camera in 0..CAMERAS.len() as u64 {
        recorder.frames().send(Arc::new(frame(camera, n))).await.unwrap();
    }
}

/// Frame `n` of a camera: in each of them others come, who stay for a second.
fn frame(camera: u64, n: u64) -> Frame {
    let first = n.saturating_sub(STAY_FRAMES) * PEOPLE_A_FRAME;
    let people = (first..(n + 1) * PEOPLE_A_FRAME).filter(|person| person % CAMERAS.len() as u64 == camera);
    let seen = |track| Detection {
        track: Some(track),
        label: "person".into(),
        confidence: 0.75,
        rect: Rect { x: 0.4, y: 0.4, w: 0.1, h: 0.3 },
        seen: true,
        attributes: None,
    };
    Frame {
        tenant: TenantId::default(),
        camera: CameraId::new(CAMERAS[usize::try_from(camera).unwrap()]).unwrap(),
        number: n,
        pts_ms: 0,
        at: at(n),
        width: 640,
        height: 480,
        fresh: true,
        model: "nanodet".into(),
        detections: people.map(seen).collect(),
    }
}

fn at(frame: u64) -> Timestamp {
    START + FRAME * u32::try_from(frame).unwrap()
}

fn camera(id: &CameraId) -> Camera {
    Camera {
        id: id.clone(),
        tenant: TenantId::default(),
        branch: BranchId::new(2).unwrap(),
        sector: None,
        name: id.to_string(),
        pipeline: "rtsp".to_owned(),
        parameters: Default::default(),
        lines: Vec::new(),
        zones: Vec::new(),
        enabled: true,
    }
}

/// The person's camera, number and first sight, of those who come with the frames `from..to`.
pub(crate) fn who_come(from: u64, to: u64) -> impl Iterator<Item = (String, u64, i64)> {
    let camera = |person: u64| CAMERAS[usize::try_from(person % CAMERAS.len() as u64).unwrap()].to_owned();
    let people = from * PEOPLE_A_FRAME..to * PEOPLE_A_FRAME;
    people.map(move |person| (camera(person), person, at(person / PEOPLE_A_FRAME).as_millis()))
}

/// Everybody who counts after frames `0..frames`, once all stays are over.
pub(crate) fn expected(frames: u64) -> BTreeSet<Seen> {
    let last = frames - 1;
    let leave = |person: u64| at((person / PEOPLE_A_FRAME + STAY_FRAMES).min(last)).as_millis();
    // Who was there for half a second counts.
    who_come(0, frames.saturating_sub(2))
        .map(|(camera, person, enter)| (camera, person, enter, leave(person), false))
        .collect()
}

/// Every visit of the venue's shift, as often as it is stored.
pub(crate) async fn stored(store: &Store) -> Vec<Seen> {
    let (tenant, shift) = (TenantId::default(), shift(store).await);
    let (mut all, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = store.visits(tenant, shift, cursor.as_deref(), 500).await.unwrap();
        all.extend(page.items.into_iter().map(|stored| {
            let visit = stored.visit;
            let times = (visit.enter.as_millis(), visit.leave.as_millis());
            (visit.place.camera.to_string(), visit.track, times.0, times.1, stored.open)
        }));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return all;
        }
    }
}

async fn shift(store: &Store) -> ShiftId {
    let branch = BranchId::new(2).unwrap();
    store.shift_at(TenantId::default(), branch, START).await.unwrap().id
}

/// Compares what is stored with what should be: how many are missing, and how many there are too many.
pub(crate) async fn compare(store: &Store, frames: u64) -> (usize, usize) {
    let (expected, stored) = (expected(frames), stored(store).await);
    let found: BTreeSet<_> = stored.iter().cloned().collect();
    let lost = expected.difference(&found).count();
    (lost, stored.len() + lost - expected.len())
}
