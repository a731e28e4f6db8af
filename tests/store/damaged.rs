//! An SQLite file that is locked or damaged while it is in use: records wait on disk, and the file is left alone.

use std::time::{Duration, Instant};

use atalaya::store::Store;
use sqlx::{AssertSqlSafe, Connection};

use crate::durability::{PACE, disk_takes_over, drained, spool, writing_goes_on};
use crate::eventually::eventually;
use crate::fixture::sqlite;
use crate::venue::{Venue, compare, stored};

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
