//! What an outage costs: Postgres killed again and again under load, and the recorder itself.
//!
//! `cargo bench --bench durability [-- KILLS_OF_POSTGRES KILLS_OF_THE_RECORDER]` (10 and 50) prints each figure beside its
//! target; docs/performance.md quotes them.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for a person at a terminal")]

#[path = "../tests/common/eventually.rs"]
mod eventually;
#[allow(dead_code, reason = "tests ask more of a cluster than a measurement does")]
#[path = "../tests/common/postgres.rs"]
mod postgres;
#[path = "../tests/common/venue.rs"]
mod venue;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use atalaya::store::{Spool, Store};

use eventually::eventually;
use postgres::Cluster;
use venue::{FRAME, SPOOL_BYTES, Venue, compare, stored, who_come};

/// What the disk holds for the measured drain.
const BACKLOG: usize = 100_000;

/// Frames a second of the recorder that is killed, five times those of life: a thousand visits a second.
const PACE: Duration = Duration::from_millis(50);

/// What is younger than this may be lost with the process.
const UNCONFIRMED: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [word, folder, url, first] = &arguments[..]
        && word == "record"
    {
        return record(Path::new(folder), Some(url.as_str()).filter(|url| !url.is_empty()), first).await;
    }
    let mut counts = arguments.iter().filter_map(|argument| argument.parse::<u64>().ok());
    let (postgres, recorder) = (counts.next().unwrap_or(10), counts.next().unwrap_or(50));
    kill_postgres(postgres).await;
    drain().await;
    kill_recorder("SQLite", None, recorder / 2).await;
    let cluster = Cluster::start();
    kill_recorder("Postgres", Some(&cluster), recorder - recorder / 2).await;
}

async fn open(url: Option<&str>, folder: &Path) -> (Store, Spool) {
    let store = Store::open(url, folder).await.unwrap();
    store.migrate().await.unwrap();
    let spool = Spool::open(folder, store.place(), SPOOL_BYTES).unwrap();
    (store, spool)
}

async fn kill_postgres(kills: u64) {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().unwrap());
    let (store, spool) = open(Some(&cluster.create_database()), folder.path()).await;
    let venue = Venue::open(&store, spool);
    let stream = venue.stream(FRAME);
    let (mut waits, mut away) = (Vec::new(), Duration::ZERO);
    for _ in 0..kills {
        let written = venue.figures().written;
        eventually("records are written", async || (venue.figures().written > written + 500).then_some(()))
            .await;
        let killed = Instant::now();
        tokio::task::block_in_place(|| cluster.kill());
        let shown = stream.shown();
        eventually("five seconds of people", async || (stream.shown() > shown + 20).then_some(())).await;
        tokio::task::block_in_place(|| cluster.resume());
        away += killed.elapsed();
        let (back, written) = (Instant::now(), venue.figures().written);
        eventually("it drains", async || (venue.figures().written > written).then_some(())).await;
        waits.push(back.elapsed());
        eventually("it is drained", async || (venue.figures().spool_bytes == 0).then_some(())).await;
    }
    let (frames, recorder) = (stream.end().await, venue.recorder.clone());
    venue.end().await;
    let (lost, doubled) = compare(&store, frames).await;
    waits.sort_unstable();
    println!(
        "Postgres killed {kills} times, {away:.0?} away, 200 visits/s, {} in all: {lost} lost, {doubled} doubled, {} dropped (target 0, 0)",
        venue::expected(frames).len(),
        recorder.figures().dropped
    );
    println!(
        "drain begins after it answers: median {:.0?}, worst {:.0?} (target 2 s)",
        waits[waits.len() / 2],
        waits[waits.len() - 1]
    );
}

async fn drain() {
    let cluster = Cluster::start();
    for name in ["Postgres", "SQLite"] {
        let folder = tempfile::tempdir().unwrap();
        let url = (name == "Postgres").then(|| cluster.create_database());
        let (store, spool) = open(url.as_deref(), folder.path()).await;
        let mut lock = None;
        let venue = Venue::open(&store, spool);
        if url.is_some() {
            tokio::task::block_in_place(|| cluster.kill());
        } else {
            lock = Some(locked(&folder.path().join("atalaya.db")).await);
        }
        let mut frames = 0;
        while venue.figures().waiting < BACKLOG {
            venue.show_many(frames, frames + 20).await;
            frames += 20;
        }
        eventually("all is on disk", async || {
            let figures = venue.figures();
            (figures.in_memory == 0 && figures.frames == frames * venue::CAMERAS.len() as u64).then_some(())
        })
        .await;
        let figures = venue.figures();
        println!(
            "{name}: {} records on disk, {:.0} MiB, {} bytes each",
            figures.waiting,
            figures.spool_bytes as f64 / f64::from(1 << 20),
            figures.spool_bytes / figures.waiting as u64
        );
        let written = figures.written;
        if url.is_some() {
            tokio::task::block_in_place(|| cluster.resume());
        }
        drop(lock);
        eventually("it drains", async || (venue.figures().written > written).then_some(())).await;
        let started = Instant::now();
        eventually("it is drained", async || (venue.figures().spool_bytes == 0).then_some(())).await;
        println!("{name}: they are in the database {:.1?} after the first of them", started.elapsed());
        venue.end().await;
        let (lost, doubled) = compare(&store, frames).await;
        println!("{name}: of {} visits {lost} lost, {doubled} doubled", venue::expected(frames).len());
    }
}

/// A connection that holds the write lock of a file until it is dropped.
async fn locked(file: &Path) -> sqlx::SqliteConnection {
    let mut other =
        <sqlx::SqliteConnection as sqlx::Connection>::connect(file.to_str().unwrap()).await.unwrap();
    sqlx::query("begin immediate").execute(&mut other).await.unwrap();
    other
}

/// The recorder that is killed: says what it has shown to it, and what it reads in the store.
async fn record(folder: &Path, url: Option<&str>, first: &str) {
    let (store, spool) = open(url, folder).await;
    let venue = Venue::open(&store, spool);
    let stream = venue.stream_from(first.parse().unwrap(), PACE);
    let mut out = std::io::stdout();
    let mut said = BTreeSet::new();
    loop {
        writeln!(out, "shown {}", stream.shown()).unwrap();
        let reads = tokio::time::timeout(PACE, stored(&store)).await;
        for (camera, track, enter, ..) in reads.unwrap_or_default() {
            if said.insert((track, enter)) {
                writeln!(out, "stored {camera} {track} {enter}").unwrap();
            }
        }
        out.flush().unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What a recorder said, and when.
struct Said {
    at: Instant,
    line: String,
}

fn start(folder: &Path, url: Option<&str>, first: u64) -> (Child, mpsc::Receiver<Said>) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["record", folder.to_str().unwrap(), url.unwrap_or_default(), &first.to_string()]);
    let mut child = child.stdout(Stdio::piped()).spawn().unwrap();
    let (sender, said) = mpsc::channel();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let _ = sender.send(Said { at: Instant::now(), line });
        }
    });
    (child, said)
}

async fn kill_recorder(name: &str, cluster: Option<&Cluster>, kills: u64) {
    let (mut confirmed, mut older, mut lost_confirmed, mut lost_older, mut doubled) = (0, 0, 0, 0, 0);
    for round in 0..kills {
        let folder = tempfile::tempdir().unwrap();
        let url = cluster.map(Cluster::create_database);
        // Every second time the database is silent, too, so that it is all on disk.
        let frozen = cluster.filter(|_| round % 2 == 1);
        let (mut child, said) = start(folder.path(), url.as_deref(), 1);
        let mut all = vec![said.recv_timeout(eventually::PATIENCE).unwrap()];
        let freeze_at = all[0].at + Duration::from_millis(700);
        let kill_at = all[0].at + Duration::from_secs(4).mul_f64(rand::random());
        let mut is_frozen = false;
        while Instant::now() < kill_at {
            all.extend(said.recv_timeout(Duration::from_millis(5)));
            if let Some(cluster) = frozen
                && !is_frozen
                && Instant::now() > freeze_at
            {
                cluster.freeze();
                is_frozen = true;
            }
        }
        child.kill().unwrap();
        let killed = Instant::now();
        child.wait().unwrap();
        all.extend(said.iter());
        if is_frozen && let Some(cluster) = frozen {
            cluster.thaw();
        }
        let (store, spool) = open(url.as_deref(), folder.path()).await;
        let venue = Venue::open(&store, spool);
        eventually("it drains", async || (venue.figures().spool_bytes == 0).then_some(())).await;
        venue.end().await;
        let visits = stored(&store).await;
        let found: BTreeSet<_> =
            visits.iter().map(|(camera, track, enter, ..)| (camera.clone(), *track, *enter)).collect();
        doubled += visits.len() - found.len();
        let texts: BTreeSet<_> =
            found.iter().map(|(camera, track, enter)| format!("stored {camera} {track} {enter}")).collect();
        let stored_lines = all.iter().filter(|said| said.line.starts_with("stored"));
        for said in stored_lines {
            confirmed += 1;
            lost_confirmed += usize::from(!texts.contains(&said.line));
        }
        // Who counted by what was shown a second before the end.
        let shown = all.iter().filter(|said| said.at + UNCONFIRMED < killed);
        let last = shown.filter_map(|said| said.line.strip_prefix("shown ")?.parse::<u64>().ok()).max();
        for person in who_come(1, last.unwrap_or(0).saturating_sub(2).max(1)) {
            older += 1;
            lost_older += usize::from(!found.contains(&person));
        }
    }
    println!(
        "{name}: recorder killed {kills} times, 1000 visits/s: store opened each time; of {confirmed} confirmed visits \
         {lost_confirmed} lost, of {older} that counted a second before {lost_older} lost, {doubled} doubled (target 0, 0, 0)"
    );
}
