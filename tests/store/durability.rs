//! Nothing that was seen is lost or doubled, whatever becomes of the database. `cargo bench --bench durability` does the
//! same for longer, with figures.

use std::path::Path;
use std::time::{Duration, Instant};

use atalaya::store::{Spool, Store};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::eventually::eventually;
use crate::fixture::sqlite;
use crate::postgres::Cluster;
use crate::venue::{SPOOL_BYTES, Venue, compare, stored};

/// Faster than life, as it is the records that matter.
const PACE: Duration = Duration::from_millis(50);

fn spool(folder: &Path, store: &Store) -> Spool {
    Spool::open(folder, store.place(), SPOOL_BYTES).unwrap()
}

/// Waits until more records were written than now.
async fn writing_goes_on(venue: &Venue) {
    let before = venue.figures().written;
    eventually("records are written", async || (venue.figures().written > before + 200).then_some(())).await;
}

/// Waits until records are on disk, and more of them than now.
async fn disk_takes_over(venue: &Venue) {
    let before = venue.figures().spool_bytes;
    eventually("records go to disk", async || (venue.figures().spool_bytes > before).then_some(())).await;
}

async fn drained(venue: &Venue) {
    eventually("the disk is empty", async || (venue.figures().spool_bytes == 0).then_some(())).await;
}

/// Copies the files of a spool, as a killed process would leave them.
fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_that_is_killed_and_frozen_under_load_costs_nothing() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().unwrap());
    let store = Store::open(Some(&cluster.create_database()), folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    let venue = Venue::open(&store, spool(folder.path(), &store));
    let stream = venue.stream(PACE);
    for round in 0..4 {
        writing_goes_on(&venue).await;
        let is_killed = round != 1;
        tokio::task::block_in_place(|| if is_killed { cluster.kill() } else { cluster.freeze() });
        disk_takes_over(&venue).await;
        disk_takes_over(&venue).await;
        tokio::task::block_in_place(|| if is_killed { cluster.resume() } else { cluster.thaw() });
        drained(&venue).await;
    }
    let (frames, recorder) = (stream.end().await, venue.recorder.clone());
    venue.end().await;
    assert_eq!(compare(&store, frames).await, (0, 0), "lost and doubled");
    let figures = recorder.figures();
    assert_eq!((figures.dropped, figures.waiting, figures.is_stuck), (0, 0, false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_that_refuses_everything_for_a_while_costs_nothing() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().unwrap());
    let url = cluster.create_database();
    let mut admin = PgConnection::connect(&cluster.url("postgres")).await.unwrap();
    let mut inside = PgConnection::connect(&url).await.unwrap();
    // Limits do not hold for superusers.
    admin.execute("create role venue login").await.unwrap();
    admin.execute("alter database test_0 owner to venue").await.unwrap();
    inside.execute("alter schema public owner to venue").await.unwrap();
    let url = url.replace("postgres@", "venue@");
    let store = Store::open(Some(&url), folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    let full = "create function full_disk() returns trigger language plpgsql as
        $$begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end$$;
        create trigger full_disk before insert on visit execute function full_disk()";
    inside.execute(full).await.unwrap();
    inside.execute("alter table visit disable trigger full_disk").await.unwrap();
    let kick = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'venue'";
    let troubles = [
        ("alter table visit enable trigger full_disk", "alter table visit disable trigger full_disk"),
        ("alter database test_0 connection limit 0", "alter database test_0 connection limit -1"),
        (
            "alter role venue set default_transaction_read_only = on",
            "alter role venue reset default_transaction_read_only",
        ),
        ("alter table visit rename to visit_away", "alter table visit_away rename to visit"),
    ];
    let venue = Venue::open(&store, spool(folder.path(), &store));
    let stream = venue.stream(PACE);
    for (trouble, cure) in troubles {
        writing_goes_on(&venue).await;
        inside.execute(AssertSqlSafe(trouble)).await.unwrap();
        admin.execute(kick).await.unwrap();
        disk_takes_over(&venue).await;
        eventually(trouble, async || venue.figures().is_stuck.then_some(())).await;
        inside.execute(AssertSqlSafe(cure)).await.unwrap();
        admin.execute(kick).await.unwrap();
        drained(&venue).await;
    }
    let (frames, recorder) = (stream.end().await, venue.recorder.clone());
    venue.end().await;
    assert_eq!(recorder.figures().dropped, 0);
    assert_eq!(compare(&store, frames).await, (0, 0), "lost and doubled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_left_on_disk_is_written_by_the_next_one() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().unwrap());
    let store = Store::open(Some(&cluster.create_database()), folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    let venue = Venue::open(&store, spool(folder.path(), &store));
    venue.show(0, 40).await;
    writing_goes_on(&venue).await;
    tokio::task::block_in_place(|| cluster.freeze());
    venue.show(40, 80).await;
    let left = tempfile::tempdir().unwrap();
    let counted = (80 - 2) * 50;
    eventually("everybody is on disk", async || {
        let figures = venue.figures();
        (figures.frames == 320 && figures.spool_bytes > 0 && figures.in_memory == 0).then_some(())
    })
    .await;
    copy(folder.path(), left.path());
    // The process is gone; its database comes back, and another process with it.
    tokio::task::block_in_place(|| cluster.thaw());
    venue.end().await;
    let store = Store::open(Some(&cluster.create_database()), folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    let rest = Spool::open(left.path(), "another database", SPOOL_BYTES).unwrap();
    assert_eq!(rest.figures().records, 0, "what waits is for the database it was meant for");
    let names = std::fs::read_dir(left.path().join("spool")).unwrap();
    let theirs = names.map(|entry| entry.unwrap().path()).find(|path| path != rest.folder()).unwrap();
    let place = std::fs::read_to_string(theirs.join("database")).unwrap();
    let venue = Venue::open(&store, Spool::open(left.path(), place.trim(), SPOOL_BYTES).unwrap());
    drained(&venue).await;
    let visits = eventually("open visits are closed", async || {
        let visits = stored(&store).await;
        visits.iter().all(|(.., open)| !open).then_some(visits)
    })
    .await;
    // Those before the frost may have been written to the other one.
    let tracks: std::collections::BTreeSet<_> = visits.iter().map(|(_, track, ..)| *track).collect();
    assert_eq!(tracks.len(), visits.len(), "none is doubled");
    assert!((40 * 50..counted).all(|track| tracks.contains(&track)), "none of the frost is lost");
    venue.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_that_is_damaged_while_in_use_is_left_alone_and_records_wait_for_another() {
    let fresh = sqlite().await;
    let file = fresh.folder.path().join("atalaya.db");
    let venue = Venue::open(&fresh.store, spool(fresh.folder.path(), &fresh.store));
    let stream = venue.stream(PACE);
    writing_goes_on(&venue).await;
    // A disk that loses its mind: the file and its log hold nothing that SQLite knows.
    for name in ["atalaya.db", "atalaya.db-wal", "atalaya.db-shm"] {
        let length = std::fs::metadata(fresh.folder.path().join(name)).unwrap().len();
        let garbage = vec![b'x'; usize::try_from(length).unwrap()];
        std::fs::write(fresh.folder.path().join(name), garbage).unwrap();
    }
    eventually("it is noticed", async || venue.figures().is_stuck.then_some(())).await;
    disk_takes_over(&venue).await;
    let (frames, recorder) = (stream.end().await, venue.recorder.clone());
    venue.end().await;
    assert_eq!(recorder.figures().dropped, 0);
    fresh.store.close().await;
    let damaged = std::fs::read(&file).unwrap();
    let error = Store::open(None, fresh.folder.path()).await.unwrap_err().to_string();
    assert!(error.contains("it is damaged, or not an SQLite file"), "{error}");
    assert!(std::fs::read(&file).unwrap() == damaged, "it is left as it is");
    // As the message says.
    for name in ["atalaya.db", "atalaya.db-wal", "atalaya.db-shm"] {
        let _ =
            std::fs::rename(fresh.folder.path().join(name), fresh.folder.path().join(format!("{name}.old")));
    }
    let store = Store::open(None, fresh.folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    let venue = Venue::open(&store, spool(fresh.folder.path(), &store));
    drained(&venue).await;
    venue.end().await;
    let last = (frames - 3) * 50;
    assert!(stored(&store).await.iter().any(|(_, track, ..)| *track == last), "the latest are there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_lasts_is_waited_for_on_disk_and_nobody_reads_locked() {
    let fresh = sqlite().await;
    let venue = Venue::open(&fresh.store, spool(fresh.folder.path(), &fresh.store));
    let stream = venue.stream(PACE);
    writing_goes_on(&venue).await;
    let file = fresh.folder.path().join("atalaya.db");
    let mut other = sqlx::SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();
    disk_takes_over(&venue).await;
    let started = Instant::now();
    let before = stored(&fresh.store).await.len();
    assert!(before > 0 && started.elapsed() < Duration::from_secs(5), "readers do not wait for it");
    sqlx::query("commit").execute(&mut other).await.unwrap();
    drained(&venue).await;
    // A backup by another process, and one of those that read for long.
    let copy = fresh.folder.path().join("copy.db");
    sqlx::query("begin").execute(&mut other).await.unwrap();
    sqlx::query("select count(*) from visit").execute(&mut other).await.unwrap();
    let mut backup = sqlx::SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    let vacuum = format!("vacuum into '{}'", copy.display());
    sqlx::query(AssertSqlSafe(vacuum)).execute(&mut backup).await.unwrap();
    writing_goes_on(&venue).await;
    let (frames, recorder) = (stream.end().await, venue.recorder.clone());
    venue.end().await;
    assert_eq!(
        (recorder.figures().failures, recorder.figures().dropped),
        (0, 0),
        "nobody was told \"locked\""
    );
    assert_eq!(compare(&fresh.store, frames).await, (0, 0), "lost and doubled");
}
