//! Scheduled work: once for each of its times, by one node, and made up for when nobody was there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atalaya::clock::Clock;
use atalaya::domain::{JobStatus, Occurrence, Publisher, TimeOfDay, Timestamp};
use atalaya::jobs::{BackupPlan, Daily, Jobs, JobsContext, Look, RunError};
use atalaya::store::{Aging, Store};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::fixture::{EARLY, at, branch, branch_id, camera_id, postgres, seconds, sqlite, tenant, visit};

on_both!(
    what_is_due_is_done_once_for_each_of_its_times,
    what_was_missed_is_made_up_for_at_the_next_start,
    a_clock_that_was_ahead_once_stops_nothing,
    what_a_crash_broke_off_is_done_again,
    shifts_are_numbered_as_they_start,
    a_job_is_run_by_hand_but_not_twice_at_once,
    nodes_are_known_until_they_are_silent,
);

/// A Wednesday, in the middle of a shift in UTC.
const NOON: &str = "2026-06-10T12:00:30Z";

/// A node of its own on `store`, woken by hand.
pub(crate) struct Node {
    jobs: Jobs,
    pub(crate) clock: Clock,
    /// What was told.
    pub(crate) told: Arc<Mutex<Vec<Occurrence>>>,
    tasks: TaskTracker,
}

impl Node {
    pub(crate) fn new(store: &Store, host: &str, now: Timestamp) -> Self {
        Self::with_backups(store, host, now, Path::new("/nonexistent"))
    }

    fn with_backups(store: &Store, host: &str, now: Timestamp, folder: &Path) -> Self {
        let (clock, tasks) = (Clock::held_at(now), TaskTracker::new());
        let at = Daily::at(TimeOfDay { hour: 3, minute: 30 }, "UTC").unwrap();
        let told = Arc::<Mutex<Vec<_>>>::default();
        let teller = told.clone();
        let backup = folder.exists().then(|| (BackupPlan { folder: folder.to_owned(), keep: 2 }, at));
        let jobs = Jobs::new(JobsContext {
            store: store.clone(),
            clock: clock.clone(),
            cameras: Arc::new(|| vec![(tenant(1), branch_id(7), camera_id("door"), true)]),
            retention: [(Aging::Visit, 30)].into(),
            backup,
            enabled: true,
            host: host.to_owned(),
            publisher: Publisher::new(move |occurrence| teller.lock().unwrap().push(occurrence)),
            tasks: tasks.clone(),
            stop: CancellationToken::new(),
        });
        Self { jobs, clock, told, tasks }
    }

    pub(crate) async fn look(&self, look: Look) {
        self.jobs.look(look).await;
        self.done().await;
    }

    /// Waits for the work that was started.
    async fn done(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    pub(crate) async fn status(&self, name: &str) -> JobStatus {
        self.jobs.list().await.unwrap().into_iter().find(|job| job.name == name).unwrap()
    }
}

fn detail(status: &JobStatus) -> &str {
    status.last.as_ref().unwrap().outcome.as_ref().unwrap().as_ref().unwrap()
}

async fn what_is_due_is_done_once_for_each_of_its_times(store: &Store) {
    let node = Node::new(store, "a", at(NOON));
    node.look(Look::AtStart).await;
    let first = node.status("clean_up").await;
    assert_eq!((first.every.as_str(), first.running), ("6 hours", false));
    assert_eq!(first.next, at("2026-06-10T18:00:00Z"));
    let last = first.last.clone().unwrap();
    assert_eq!((last.due, last.started, last.done), (at("2026-06-10T12:00:00Z"), at(NOON), Some(at(NOON))));
    assert_eq!(last.node, node.jobs.node());
    assert_eq!(detail(&first), "nothing was old enough");
    node.clock.advance(seconds(3600));
    node.look(Look::AtMinute).await;
    assert_eq!(node.status("clean_up").await.last, first.last, "it is not due");
    assert_eq!(node.status("shifts").await.last.unwrap().due, at("2026-06-10T13:00:00Z"));
    node.clock.advance(seconds(5 * 3600));
    node.look(Look::AtMinute).await;
    let second = node.status("clean_up").await;
    assert_eq!(second.last.as_ref().unwrap().due, at("2026-06-10T18:00:00Z"));
    assert_eq!(node.jobs.known(), node.jobs.list().await.unwrap());
}

async fn what_was_missed_is_made_up_for_at_the_next_start(store: &Store) {
    store.write_visits(tenant(1), &[visit(1, 1, at("2026-05-01T12:00:00Z"), seconds(5))]).await.unwrap();
    Node::new(store, "a", at("2026-05-20T12:00:30Z")).look(Look::AtStart).await;
    // Off for three weeks; it comes back in the middle of two of its times.
    let back = Node::new(store, "a", at("2026-06-10T14:59:59Z"));
    back.look(Look::AtStart).await;
    let status = back.status("clean_up").await;
    assert_eq!(detail(&status), "deleted 1 of visit");
    assert_eq!(status.last.unwrap().due, at("2026-06-10T12:00:00Z"));
}

async fn a_clock_that_was_ahead_once_stops_nothing(store: &Store) {
    Node::new(store, "a", at("2036-06-10T12:00:30Z")).look(Look::AtStart).await;
    let back = Node::new(store, "a", at(NOON));
    back.look(Look::AtMinute).await;
    assert_eq!(back.status("clean_up").await.last.unwrap().due, at("2026-06-10T12:00:00Z"));
}

async fn what_a_crash_broke_off_is_done_again(store: &Store) {
    let due = at("2026-06-10T12:00:00Z");
    store.begin_job("clean_up", "gone", due, at("2026-06-10T12:00:01Z")).await.unwrap();
    let node = Node::new(store, "a", at(NOON));
    assert!(!node.status("clean_up").await.running, "whose node is gone does not run");
    node.look(Look::AtMinute).await;
    assert_eq!(node.status("clean_up").await.last.unwrap().outcome, None, "another may be at it");
    node.look(Look::AtStart).await;
    let status = node.status("clean_up").await;
    assert_eq!(detail(&status), "nothing was old enough");
    assert_eq!(status.last.unwrap().node, node.jobs.node());
}

async fn shifts_are_numbered_as_they_start(store: &Store) {
    store.put_branch(tenant(1), &branch(1, 2, "UTC"), None, EARLY).await.unwrap();
    store.put_branch(tenant(2), &branch(2, 2, "Europe/Madrid"), None, EARLY).await.unwrap();
    let node = Node::new(store, "a", at("2026-06-10T13:59:59Z"));
    node.look(Look::AtStart).await;
    // Those that are described and the one that only a camera names.
    assert_eq!(detail(&node.status("shifts").await), "started 3 shifts");
    node.clock.advance(seconds(1));
    node.look(Look::AtMinute).await;
    assert_eq!(detail(&node.status("shifts").await), "started 2 shifts");
    let newest = store.shifts(tenant(1), branch_id(2), (None, None), (None, 5)).await.unwrap().items;
    let names: Vec<_> = newest.iter().map(|shift| (shift.name.as_str(), shift.start)).collect();
    assert_eq!(names[0], ("afternoon", at("2026-06-10T14:00:00Z")));
    assert_eq!(names.len(), 2);
    assert_eq!(store.shifts(tenant(2), branch_id(2), (None, None), (None, 5)).await.unwrap().items.len(), 1);
    node.jobs.run_now("shifts").await.unwrap();
    node.done().await;
    assert_eq!(detail(&node.status("shifts").await), "started 0 shifts");
}

async fn a_job_is_run_by_hand_but_not_twice_at_once(store: &Store) {
    let node = Node::new(store, "a", at(NOON));
    let unknown = node.jobs.run_now("nothing").await.unwrap_err();
    assert_eq!(unknown.to_string(), "no job \"nothing\"");
    node.jobs.run_now("clean_up").await.unwrap();
    // The work was given to a task that has not had its turn yet: there is one thread.
    let twice = node.jobs.run_now("clean_up").await.unwrap_err();
    assert!(matches!(twice, RunError::Running("clean_up")), "{twice}");
    node.done().await;
    assert_eq!(detail(&node.status("clean_up").await), "nothing was old enough");
    node.jobs.run_now("clean_up").await.unwrap();
    node.done().await;
}

async fn nodes_are_known_until_they_are_silent(store: &Store) {
    let (a, b) = (Node::new(store, "a", at(NOON)), Node::new(store, "b", at(NOON) + seconds(1)));
    a.look(Look::AtStart).await;
    b.look(Look::AtStart).await;
    let nodes = a.jobs.nodes().await.unwrap();
    let hosts: Vec<_> = nodes.iter().map(|node| node.host.as_str()).collect();
    assert_eq!(hosts, ["a", "b"]);
    assert_eq!(nodes[0].cameras, [(1, "door".to_owned())]);
    assert_eq!((nodes[0].started, nodes[0].seen), (at(NOON), at(NOON)));
    for _ in 0..4 {
        b.clock.advance(seconds(60));
        b.look(Look::AtMinute).await;
    }
    let nodes = b.jobs.nodes().await.unwrap();
    assert_eq!(nodes.len(), 1);
    assert_eq!((nodes[0].host.as_str(), nodes[0].seen), ("b", at(NOON) + seconds(241)));
    store.forget_node(b.jobs.node()).await.unwrap();
    assert!(b.jobs.nodes().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_nodes_on_one_postgres_one_does_the_work() {
    let fresh = postgres().await;
    let other = Store::open(fresh.url.as_deref(), fresh.folder.path()).await.unwrap();
    let (a, b) = (Node::new(&fresh.store, "a", at(NOON)), Node::new(&other, "b", at(NOON)));
    let mut doers = BTreeSet::new();
    for _ in 0..12 {
        tokio::join!(a.jobs.look(Look::AtMinute), b.jobs.look(Look::AtMinute));
        tokio::join!(a.done(), b.done());
        let run = a.status("clean_up").await.last.unwrap();
        assert!(run.ended.is_some());
        doers.insert((run.due, run.node));
        for node in [&a, &b] {
            node.clock.advance(Duration::from_secs(6 * 3600));
        }
    }
    assert_eq!(doers.len(), 12, "one node for each time: {doers:?}");
    // While one holds it, the other cannot begin, by hand neither; once its node is gone, it can.
    let held = fresh.store.lock_job("clean_up").await.unwrap().unwrap();
    let refused = b.jobs.run_now("clean_up").await.unwrap_err();
    assert!(matches!(refused, RunError::Running("clean_up")), "{refused}");
    assert!(other.lock_job("shifts").await.unwrap().is_some(), "another job is another lock");
    held.release().await;
    b.jobs.run_now("clean_up").await.unwrap();
    b.done().await;
    assert_eq!(b.status("clean_up").await.last.unwrap().node, b.jobs.node());
}

#[tokio::test]
async fn backups_are_made_daily_checked_and_rotated() {
    let fresh = sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("atalaya-mine.db"), "not ours to delete").unwrap();
    // Copies that were broken off: one long ago, one that somebody else may be at.
    for name in ["atalaya-20260608T032959Z.db.part", "atalaya-20260612T120000Z.db.part"] {
        fs::write(folder.path().join(name), "half").unwrap();
    }
    let node = Node::with_backups(&fresh.store, "a", at("2026-06-10T03:29:59Z"), folder.path());
    node.look(Look::AtStart).await;
    for _ in 0..3 {
        fresh.store.write_visits(tenant(1), &[visit(1, 1, at(NOON), seconds(5))]).await.unwrap();
        node.clock.advance(seconds(86_400));
        node.look(Look::AtMinute).await;
        node.look(Look::AtMinute).await;
    }
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "atalaya-20260612T032959Z.db",
            "atalaya-20260612T120000Z.db.part",
            "atalaya-20260613T032959Z.db",
            "atalaya-mine.db"
        ]
    );
    let status = node.status("backup").await;
    assert_eq!((status.every.as_str(), status.next), ("day at 03:30", at("2026-06-13T03:30:00Z")));
    let told = detail(&status);
    assert!(
        told.starts_with("atalaya-20260613T032959Z.db: ") && told.ends_with("checked; 1 older deleted"),
        "{told}"
    );
    let restored = tempfile::tempdir().unwrap();
    fs::copy(folder.path().join(&names[2]), restored.path().join("atalaya.db")).unwrap();
    let store = Store::open(None, restored.path()).await.unwrap();
    let shift = store.shift_at(tenant(1), branch_id(2), at(NOON)).await.unwrap();
    assert_eq!(store.summary(tenant(1), &shift).await.unwrap().visits, 1);
}

#[tokio::test]
async fn a_backup_that_fails_is_told_and_tried_again_at_the_next_start() {
    let fresh = sqlite().await;
    let folder = tempfile::tempdir().unwrap();
    let node = Node::with_backups(&fresh.store, "a", at(NOON), folder.path());
    // Its name is taken: nothing is overwritten.
    fs::write(folder.path().join("atalaya-20260610T120030Z.db"), "mine").unwrap();
    node.look(Look::AtStart).await;
    let status = node.status("backup").await.last.unwrap();
    assert!(status.outcome.unwrap().unwrap_err().contains("it is there already"));
    assert_eq!(status.done, None);
    node.clock.advance(seconds(60));
    node.look(Look::AtMinute).await;
    assert!(node.status("backup").await.last.unwrap().outcome.unwrap().is_err(), "not every minute");
    node.look(Look::AtStart).await;
    assert!(node.status("backup").await.last.unwrap().outcome.unwrap().is_ok());
}
