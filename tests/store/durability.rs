//! Nothing that was seen is lost or doubled, whatever becomes of the database. `cargo bench --bench durability` does the
//! same for longer, with figures.

use std::path::Path;
use std::time::{Duration, Instant};

use atalaya::store::{Spool, Store};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::net::{TcpListener, UnixStream};
use tokio::sync::watch;

use crate::eventually::eventually;
use crate::postgres::Cluster;
use crate::venue::{SPOOL_BYTES, Venue, compare, stored};

/// Faster than life, as it is the records that matter.
pub(crate) const PACE: Duration = Duration::from_millis(50);

pub(crate) fn spool(folder: &Path, store: &Store) -> Spool {
    Spool::open(folder, store.place(), SPOOL_BYTES).unwrap()
}

/// Waits until more records were written than now.
pub(crate) async fn writing_goes_on(venue: &Venue) {
    let before = venue.figures().written;
    eventually("records are written", async || (venue.figures().written > before + 200).then_some(())).await;
}

/// Waits until records are on disk, and more of them than now.
pub(crate) async fn disk_takes_over(venue: &Venue) {
    let before = venue.figures().spool_bytes;
    eventually("records go to disk", async || (venue.figures().spool_bytes > before).then_some(())).await;
}

pub(crate) async fn drained(venue: &Venue) {
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

/// A network between us and a cluster; answers its port. While it is cut nothing passes and nobody is told, and whoever
/// was connected then never hears anything again, as behind a router that was replaced.
async fn network(socket: String, is_cut: watch::Receiver<bool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            let (mut cut, socket) = (is_cut.clone(), socket.clone());
            tokio::spawn(async move {
                let passes = async {
                    let mut far = UnixStream::connect(socket).await.unwrap();
                    // Either end may close whenever it likes.
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                };
                let is_cut = async { drop(cut.wait_for(|is_cut| *is_cut).await) };
                tokio::select! {
                    () = passes => {}
                    () = is_cut => std::future::pending().await,
                }
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_that_is_cut_costs_nothing() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().unwrap());
    let url = cluster.create_database();
    let (_, socket) = url.split_once("?host=").unwrap();
    let (cut, is_cut) = watch::channel(false);
    let port = network(format!("{socket}/.s.PGSQL.5432"), is_cut).await;
    let store =
        Store::open(Some(&format!("postgres://postgres@127.0.0.1:{port}/test_0")), folder.path()).await;
    let store = store.unwrap();
    store.migrate().await.unwrap();
    let venue = Venue::open(&store, spool(folder.path(), &store));
    let stream = venue.stream(PACE);
    for _ in 0..2 {
        writing_goes_on(&venue).await;
        cut.send(true).unwrap();
        disk_takes_over(&venue).await;
        eventually("it is noticed", async || venue.figures().is_stuck.then_some(())).await;
        cut.send(false).unwrap();
        let (back, written) = (Instant::now(), venue.figures().written);
        eventually("it drains", async || (venue.figures().written > written).then_some(())).await;
        // Two seconds are promised, on a machine that does nothing else.
        assert!(back.elapsed() < 2 * Duration::from_secs(2), "{:?}", back.elapsed());
        drained(&venue).await;
    }
    let (frames, recorder) = (stream.end().await, venue.recorder.clone());
    venue.end().await;
    assert_eq!(recorder.figures().dropped, 0);
    assert_eq!(compare(&store, frames).await, (0, 0), "lost and doubled");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_full_loses_the_oldest_and_says_how_many() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().unwrap());
    let store = Store::open(Some(&cluster.create_database()), folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    tokio::task::block_in_place(|| cluster.kill());
    let venue = Venue::open(&store, Spool::open(folder.path(), store.place(), 3 << 20).unwrap());
    let mut frames = 0;
    while !venue.figures().is_losing {
        venue.show_many(frames, frames + 20).await;
        frames += 20;
    }
    // What comes to disk while it is drained would cost more of the oldest, in the middle of what is written.
    eventually("all is on disk", async || {
        let figures = venue.figures();
        (figures.in_memory == 0 && figures.frames == frames * 4).then_some(())
    })
    .await;
    let lost = venue.figures().dropped;
    assert!(venue.figures().spool_bytes <= 3 << 20);
    tokio::task::block_in_place(|| cluster.resume());
    drained(&venue).await;
    eventually("nothing more is lost", async || (!venue.figures().is_losing).then_some(())).await;
    let recorder = venue.recorder.clone();
    venue.end().await;
    // A thread may still be at a file.
    let rest =
        eventually("the spool is free", async || Spool::open(folder.path(), store.place(), SPOOL_BYTES).ok());
    let rest = Venue::open(&store, rest.await);
    drained(&rest).await;
    rest.end().await;
    let tracks: std::collections::BTreeSet<_> =
        stored(&store).await.into_iter().map(|(_, track, ..)| track).collect();
    let oldest = *tracks.first().unwrap();
    // Of one whose beginning is lost the end may be there, as it was written ten seconds later.
    // The file that went last ends among those who came with one frame, camera by camera.
    let whole = oldest + 50..(frames - 2) * 50;
    let missing = whole.filter(|track| !tracks.contains(track)).count();
    assert_eq!((missing, oldest > 0, lost > 0), (0, true, true), "from {oldest} on");
    assert_eq!(recorder.figures().dropped, lost, "nothing is lost once there is space");
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
    // The last ones are not looked for: that they are taken in does not say that they have been put down yet.
    venue.show(40, 82).await;
    let left = tempfile::tempdir().unwrap();
    let counted = (80 - 2) * 50;
    eventually("everybody is on disk", async || {
        let figures = venue.figures();
        (figures.frames == 328 && figures.spool_bytes > 0 && figures.in_memory == 0).then_some(())
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
