//! Frames go in at one end, rows come out at the other, whatever happens in between.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use atalaya::clock::Clock;
use atalaya::domain::{
    Camera, CameraId, Detection, Frame, Occurrence, Place, Publisher, Rect, TenantId, Timestamp, Visit,
};
use atalaya::recorder::{Recorder, RecorderContext};
use atalaya::store::{Spool, Store, StoredVisit, VisitRecord};
use sqlx::Connection;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::eventually::eventually;
use crate::fixture::{EARLY, at, bare_camera, branch, branch_id, camera_id, seconds, sqlite, tenant, visit};
use crate::postgres::Cluster;

on_both!(
    visit_is_stored_while_the_person_is_there_and_completed_after,
    a_busy_hour_is_stored_person_by_person,
    camera_that_restarts_begins_anew,
    stop_ends_and_writes_what_is_open,
    what_a_crash_left_open_is_closed_at_the_start,
    frames_of_a_camera_that_is_gone_or_moves_are_filed_right,
);

/// 13:30 in UTC, half an hour before the afternoon.
pub(crate) const START: &str = "2026-06-10T13:30:00Z";

type Cameras = HashMap<(TenantId, CameraId), Arc<Camera>>;

/// A recorder and what a test turns.
pub(crate) struct Scene {
    store: Store,
    pub(crate) clock: Clock,
    pub(crate) cameras: Arc<Mutex<Cameras>>,
    pub(crate) recorder: Recorder,
    /// What was told as it happened.
    pub(crate) told: Arc<Mutex<Vec<Occurrence>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
    _folder: Option<TempDir>,
}

impl Scene {
    /// Cameras `door` and `bar` of tenant 1 and `door` of tenant 2, each in branch 2; a spool of its own.
    pub(crate) fn start(store: &Store) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path(), store.place(), 64 << 20).unwrap();
        Self { _folder: Some(folder), ..Self::with_spool(store, spool) }
    }

    pub(crate) fn with_spool(store: &Store, spool: Spool) -> Self {
        let clock = Clock::held_at(at(START));
        let cameras = [(1, "door"), (1, "bar"), (2, "door")].map(|(tenant_id, slug)| {
            let camera = bare_camera(tenant_id, slug);
            ((camera.tenant, camera.id.clone()), Arc::new(camera))
        });
        let cameras = Arc::new(Mutex::new(HashMap::from(cameras)));
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (looked_up, told) = (cameras.clone(), Arc::<Mutex<Vec<_>>>::default());
        let teller = told.clone();
        let recorder = Recorder::start(RecorderContext {
            store: store.clone(),
            spool,
            clock: clock.clone(),
            find_camera: Box::new(move |tenant, camera| {
                looked_up.lock().unwrap().get(&(tenant, camera.clone())).cloned()
            }),
            publisher: Publisher::new(move |occurrence| teller.lock().unwrap().push(occurrence)),
            tasks: tasks.clone(),
            stop: stop.clone(),
        });
        Self { store: store.clone(), clock, cameras, recorder, told, tasks, stop, _folder: None }
    }

    /// Sends one frame of camera `door` of tenant 1 a quarter of a second from `from` to `to`, milliseconds after the
    /// start, with these tracks in it.
    async fn show(&self, tracks: &[u64], from: u64, to: u64) {
        for ms in (from..=to).step_by(250) {
            self.send(frame(1, "door", ms, tracks)).await;
        }
    }

    pub(crate) async fn send(&self, frame: Frame) {
        self.recorder.frames().send(Arc::new(frame)).await.unwrap();
    }

    /// The visits of tenant 1's branch 2 in the shift of the start.
    async fn stored(&self) -> Vec<StoredVisit> {
        let shift = self.store.shift_at(tenant(1), branch_id(2), at(START)).await.unwrap();
        let page = self.store.visits(tenant(1), shift.id, None, 500).await.unwrap();
        assert_eq!(page.next_cursor, None);
        page.items
    }

    async fn wait_for(&self, what: &str, is_so: impl Fn(&[StoredVisit]) -> bool) -> Vec<StoredVisit> {
        eventually(what, async || Some(self.stored().await).filter(|visits| is_so(visits))).await
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

pub(crate) fn place(tenant_id: i64, camera: &str) -> Place {
    Place { tenant: tenant(tenant_id), branch: branch_id(2), sector: None, camera: camera_id(camera) }
}

pub(crate) fn after(ms: u64) -> Timestamp {
    at(START) + Duration::from_millis(ms)
}

/// A frame that reached us `ms` after the start and has this number of quarter seconds before it.
pub(crate) fn frame(tenant_id: i64, camera: &str, ms: u64, tracks: &[u64]) -> Frame {
    let seen = |track: &u64| Detection {
        track: Some(*track),
        label: "person".into(),
        confidence: 0.75,
        rect: Rect { x: 0.4, y: 0.4, w: 0.1, h: 0.3 },
        seen: true,
        attributes: None,
    };
    Frame {
        tenant: tenant(tenant_id),
        camera: camera_id(camera),
        number: ms / 250,
        pts_ms: ms,
        at: after(ms),
        width: 640,
        height: 480,
        fresh: true,
        model: "nanodet".into(),
        detections: tracks.iter().map(seen).collect(),
    }
}

fn times(visits: &[StoredVisit]) -> Vec<(u64, Timestamp, Timestamp)> {
    visits.iter().map(|stored| (stored.visit.track, stored.visit.enter, stored.visit.leave)).collect()
}

async fn visit_is_stored_while_the_person_is_there_and_completed_after(store: &Store) {
    let scene = Scene::start(store);
    scene.show(&[7], 0, 750).await;
    let stored = scene.wait_for("a visit is stored", |visits| visits.len() == 1).await;
    assert!(stored[0].open);
    let shift = store.shift_at(tenant(1), branch_id(2), at(START)).await.unwrap();
    let summary = store.summary(tenant(1), &shift).await.unwrap();
    assert_eq!((summary.visits, summary.dwell_median_s), (1, None));

    // Ten seconds later a crash would lose no more than what comes after.
    scene.show(&[7], 1000, 12_000).await;
    scene.clock.advance(seconds(12));
    let stored = scene.wait_for("the stay is kept up", |visits| visits[0].visit.leave == after(12_000)).await;
    assert!(stored[0].open);
    eventually("it is counted", async || (scene.recorder.figures().visits_open == 1).then_some(())).await;

    // The camera falls silent, and the time after which a visit is over passes.
    scene.clock.advance(seconds(12));
    let stored = scene.wait_for("the visit is over", |visits| !visits[0].open).await;
    let expected = Visit {
        place: place(1, "door"),
        track: 7,
        enter: after(0),
        leave: after(12_000),
        confidence: 0.75,
        model: "nanodet".into(),
        attributes: Default::default(),
    };
    assert_eq!(stored.into_iter().map(|stored| stored.visit).collect::<Vec<_>>(), [expected]);
    assert_eq!(store.summary(tenant(1), &shift).await.unwrap().dwell_median_s, Some(12));
    scene.end().await;
}

async fn a_busy_hour_is_stored_person_by_person(store: &Store) {
    store.put_branch(tenant(1), &branch(1, 2, "UTC"), None, EARLY).await.unwrap();
    let scene = Scene::start(store);
    // Person n comes every 40 s and stays 10 + n s; at 14:00, between persons 44 and 45, the shift changes.
    let stay = |n: u64| (n * 40_000, n * 40_000 + (10 + n) * 1000);
    let camera = |n: u64| if n.is_multiple_of(3) { "bar" } else { "door" };
    for ms in (0..3_700_000).step_by(500) {
        for name in ["door", "bar"] {
            let there: Vec<u64> =
                (0..90).filter(|n| camera(*n) == name && (stay(*n).0..=stay(*n).1).contains(&ms)).collect();
            scene.send(frame(1, name, ms, &there)).await;
        }
    }
    scene.clock.advance(seconds(3700));
    eventually("all visits are over", async || {
        let figures = scene.recorder.figures();
        (figures.frames == 14_800 && figures.visits_open == 0 && figures.waiting == 0).then_some(())
    })
    .await;
    let stored = scene.stored().await;
    let expected: Vec<_> = (0..45).rev().map(|n| (n, after(stay(n).0), after(stay(n).1))).collect();
    assert_eq!(times(&stored), expected);
    assert!(stored.iter().all(|stored| !stored.open));
    let afternoon = store.shift_at(tenant(1), branch_id(2), after(1_800_000)).await.unwrap();
    let summary = store.summary(tenant(1), &afternoon).await.unwrap();
    assert_eq!(summary.visits, 45);
    assert_eq!(summary.visits_by_camera, [("bar".to_owned(), 15), ("door".to_owned(), 30)]);
    // Stays of 55 to 99 s.
    assert_eq!((summary.dwell_median_s, summary.dwell_p95_s), (Some(77), Some(97)));
    let figures = scene.recorder.figures();
    assert_eq!((figures.dropped, figures.failures), (0, 0));
    scene.end().await;
}

async fn camera_that_restarts_begins_anew(store: &Store) {
    let scene = Scene::start(store);
    scene.show(&[1], 0, 2000).await;
    // It is back a second later; frames and tracks are numbered from the start again.
    for ms in (3000..=5000).step_by(250) {
        scene.send(Frame { number: (ms - 3000) / 250, ..frame(1, "door", ms, &[1]) }).await;
    }
    let stored = scene.wait_for("both visits are stored", |visits| visits.len() == 2).await;
    assert_eq!([stored[0].open, stored[1].open], [true, false]);
    assert_eq!(stored[1].visit.leave, after(2000));
    // The machine's clock is set back by an hour.
    let back = |ms: u64| Frame { at: after(ms) - seconds(3600), number: ms, ..frame(1, "door", ms, &[1]) };
    for ms in (5250..=8000).step_by(250) {
        scene.send(back(ms)).await;
    }
    let stored = scene.wait_for("a third visit is stored", |visits| visits.len() == 3).await;
    assert_eq!(stored[2].visit.enter, after(5250) - seconds(3600));
    let second = stored.iter().find(|stored| stored.visit.enter == after(3000)).unwrap();
    assert_eq!((second.open, second.visit.leave), (false, after(5000)));
    scene.end().await;
}

async fn stop_ends_and_writes_what_is_open(store: &Store) {
    let scene = Scene::start(store);
    for (tenant_id, camera) in [(1, "door"), (1, "bar"), (2, "door")] {
        for ms in (0..=1000).step_by(250) {
            scene.send(frame(tenant_id, camera, ms, &[1])).await;
        }
    }
    let store = scene.store.clone();
    scene.end().await;
    for (tenant_id, visits) in [(1, 2), (2, 1)] {
        let shift = store.shift_at(tenant(tenant_id), branch_id(2), at(START)).await.unwrap();
        let page = store.visits(tenant(tenant_id), shift.id, None, 10).await.unwrap();
        assert_eq!(page.items.len(), visits);
        assert!(page.items.iter().all(|stored| !stored.open && stored.visit.leave == after(1000)));
    }
}

async fn what_a_crash_left_open_is_closed_at_the_start(store: &Store) {
    let left = VisitRecord { open: true, ..visit(1, 9, after(0), seconds(42)) };
    store.write_visits(tenant(1), &[left]).await.unwrap();
    let scene = Scene::start(store);
    let stored = scene.wait_for("the visit is closed", |visits| !visits[0].open).await;
    assert_eq!(times(&stored), [(9, after(0), after(42_000))]);
    scene.end().await;
}

async fn frames_of_a_camera_that_is_gone_or_moves_are_filed_right(store: &Store) {
    let scene = Scene::start(store);
    let key = (tenant(1), camera_id("door"));
    let elsewhere = Place { branch: branch_id(5), ..place(1, "door") };
    let moved = Camera { branch: branch_id(5), ..bare_camera(1, "door") };
    for ms in (0..=1000).step_by(250) {
        scene.send(frame(1, "unknown", ms, &[1])).await;
    }
    scene.show(&[1], 0, 1000).await;
    scene.wait_for("the visit is stored", |visits| visits.len() == 1).await;
    scene.cameras.lock().unwrap().insert(key.clone(), Arc::new(moved));
    scene.wait_for("it ends where it was", |visits| !visits[0].open).await;
    scene.show(&[1], 1250, 3000).await;
    let shift = store.shift_at(tenant(1), branch_id(5), at(START)).await.unwrap();
    eventually("the visit goes on at the new place", async || {
        let page = store.visits(tenant(1), shift.id, None, 10).await.unwrap();
        page.items.into_iter().find(|stored| stored.visit.place == elsewhere)
    })
    .await;
    scene.cameras.lock().unwrap().remove(&key);
    eventually("it ends with the camera", async || {
        let page = store.visits(tenant(1), shift.id, None, 10).await.unwrap();
        (!page.items[0].open).then_some(())
    })
    .await;
    assert_eq!(scene.stored().await.len(), 1);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_while_postgres_is_away() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().unwrap());
    let url = cluster.create_database();
    let store = Store::open(Some(&url), folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    let scene = Scene::start(&store);
    // Person n is there from n to n + 4 s.
    let there = |ms: u64| ((ms / 1000).saturating_sub(4)..=ms / 1000).collect::<Vec<u64>>();
    let show = async |from: u64, to: u64| {
        for ms in (from..to).step_by(250) {
            scene.send(frame(1, "door", ms, &there(ms))).await;
        }
    };
    show(0, 20_000).await;
    scene.wait_for("first visits are stored", |visits| visits.len() >= 10).await;
    tokio::task::block_in_place(|| cluster.crash());
    show(20_000, 40_000).await;
    eventually("the loss is noticed", async || (scene.recorder.figures().failures > 1).then_some(())).await;
    assert!(scene.recorder.figures().is_stuck);
    let away = store.ping().await.unwrap_err();
    assert!(away.is_away(), "{away}");
    tokio::task::block_in_place(|| cluster.resume());
    show(40_000, 60_000).await;
    scene.clock.advance(seconds(60));
    eventually("everything is written", async || {
        let figures = scene.recorder.figures();
        (figures.frames == 240 && figures.waiting == 0 && store.ping().await.is_ok()).then_some(())
    })
    .await;
    let recorder = scene.recorder.clone();
    let stored = {
        let store = scene.store.clone();
        scene.end().await;
        let shift = store.shift_at(tenant(1), branch_id(2), at(START)).await.unwrap();
        store.visits(tenant(1), shift.id, None, 500).await.unwrap().items
    };
    let expected: Vec<_> =
        (0..60_u64).rev().map(|n| (n, after(n * 1000), after((n * 1000 + 4750).min(59_750)))).collect();
    assert_eq!(times(&stored), expected);
    assert!(stored.iter().all(|stored| !stored.open));
    assert_eq!((recorder.figures().dropped, recorder.figures().is_stuck), (0, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recorder_that_starts_before_its_database_is_stuck_no_longer_than_that() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().unwrap());
    let store = Store::open(Some(&cluster.create_database()), folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    tokio::task::block_in_place(|| cluster.crash());
    let scene = Scene::start(&store);
    eventually("it is stuck", async || scene.recorder.figures().is_stuck.then_some(())).await;
    tokio::task::block_in_place(|| cluster.resume());
    // Nobody has come yet, so nothing is written.
    eventually("it is not", async || (!scene.recorder.figures().is_stuck).then_some(())).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stop_does_not_wait_for_a_database_that_is_away() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().unwrap());
    let url = cluster.create_database();
    let store = Store::open(Some(&url), folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    let scene = Scene::start(&store);
    scene.show(&[1], 0, 1000).await;
    scene.wait_for("the visit is stored", |visits| visits.len() == 1).await;
    tokio::task::block_in_place(|| cluster.crash());
    let stopped = Instant::now();
    scene.end().await;
    assert!(stopped.elapsed() < seconds(4), "{:?}", stopped.elapsed());
    tokio::task::block_in_place(|| cluster.resume());
    // What was committed is there, and the next start closes it.
    let scene = Scene::start(&store);
    let stored = scene.wait_for("the visit is closed", |visits| !visits[0].open).await;
    assert_eq!(stored.len(), 1);
    scene.end().await;
}

#[tokio::test]
async fn frames_are_taken_in_while_the_database_is_slow() {
    let fresh = sqlite().await;
    let scene = Scene::start(&fresh.store);
    scene.show(&[1], 0, 1000).await;
    scene.wait_for("the visit is stored", |visits| visits.len() == 1).await;
    // Another process writes for long.
    let file = fresh.folder.path().join("atalaya.db");
    let mut other = sqlx::SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();
    let frames = scene.recorder.frames();
    for n in 0..1600 {
        let ms = 1250 + n * 250;
        let frame = Arc::new(frame(1, "door", ms, &[2 + n / 4]));
        tokio::time::timeout(seconds(20), frames.send(frame)).await.unwrap().unwrap();
    }
    sqlx::query("commit").execute(&mut other).await.unwrap();
    scene.wait_for("all are stored", |visits| visits.len() == 401).await;
    scene.end().await;
}
