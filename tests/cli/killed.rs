//! The server is killed and its database taken away: what was shown is there ever after, and video goes on.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use atalaya::clock::Clock;
use atalaya::wire::{ZoneClock, instant};
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::common::within_deadline;
use crate::eventually::eventually;
use crate::postgres::Cluster;
use crate::program::{Program, Running, assets_dir};
use crate::server::{get, serve, terminate};

/// How often the server is killed, unless `KILLS` says otherwise: `make bench` kills it fifty times.
const KILLS: u64 = 8;

/// Longest time from a round's beginning, or from its first new visit, to the kill.
const LONGEST: Duration = Duration::from_millis(1500);

/// A server with a camera that sees people all the time, on SQLite unless a database is named.
async fn street(data: &Path, database: Option<&str>) -> (Running, String, String) {
    let settings = format!(
        "[detector]\nmodel = \"nanodet\"\n[[cameras]]\nid = \"street\"\npipeline = \"file\"\n\
         parameters = {{ location = \"{}\", loop = true, inference-interval = 3, attributes-budget = 0.0 }}\n",
        assets_dir().join("footage/vtest.avi").display()
    );
    let program = Program::new(&["serve", "--listen", "127.0.0.1:0", "--config", "a.toml"]);
    let mut program = program.file("a.toml", settings).data_dir(data);
    if let Some(url) = database {
        program = program.env("ATALAYA_DATABASE__URL", url);
    }
    let (server, address) = serve(program).await;
    let issue = Program::new(&["token", "issue", "--role", "admin"]);
    let token = issue.data_dir(data).run().await.fine();
    (server, address, token.trim().to_owned())
}

/// Shift and number of every visit of the running shift.
async fn shown(address: &str, token: &str) -> BTreeSet<(i64, i64)> {
    let (_, shift) = get(&format!("{address}/api/v1/shifts/current"), token).await;
    let shift = shift["id"].as_i64().unwrap();
    visits_of(address, token, shift).await
}

async fn visits_of(address: &str, token: &str, shift: i64) -> BTreeSet<(i64, i64)> {
    let (mut all, mut after) = (BTreeSet::new(), String::new());
    loop {
        let url = format!("{address}/api/v1/shifts/{shift}/visits?limit=500{after}");
        let (_, page) = get(&url, token).await;
        let items = page["items"].as_array().unwrap_or_else(|| panic!("{page}"));
        all.extend(items.iter().map(|visit| (shift, visit["id"].as_i64().unwrap())));
        let Some(cursor) = page["next_cursor"].as_str() else { return all };
        after = format!("&cursor={cursor}");
    }
}

#[allow(clippy::print_stdout, reason = "`make bench` shows it to a person")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_that_was_shown_survives_any_kill_of_the_server() {
    let kills = std::env::var("KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let data = tempfile::tempdir().unwrap();
    let mut confirmed = BTreeSet::new();
    for round in 0..=kills {
        let (server, address, token) = street(data.path(), None).await;
        let mut there = BTreeSet::new();
        for shift in confirmed.iter().map(|(shift, _)| *shift).collect::<BTreeSet<_>>() {
            there.extend(visits_of(&address, &token, shift).await);
        }
        let lost: Vec<_> = confirmed.difference(&there).collect();
        assert!(lost.is_empty(), "round {round}: {lost:?}");
        if round == kills {
            terminate(server).await;
            break;
        }
        // Every second one while it begins, the others soon after it has shown somebody new.
        if !round.is_multiple_of(2) {
            eventually("somebody new is shown", async || {
                let now = shown(&address, &token).await;
                let is_new = !now.is_subset(&confirmed);
                confirmed.extend(now);
                is_new.then_some(())
            })
            .await;
        }
        let kill_at = Instant::now() + LONGEST.mul_f64(rand::random());
        while Instant::now() < kill_at {
            confirmed.extend(shown(&address, &token).await);
        }
        server.signal("KILL");
        let ended = server.end().await;
        assert_eq!(ended.code, None, "{ended:?}");
    }
    let shown = confirmed.len();
    assert!(shown as u64 >= kills / 2, "{confirmed:?}");
    println!("{kills} kills: of {shown} confirmed visits 0 lost (target 0)");
}

/// Time for so many pictures to arrive.
const PICTURES: usize = 45;

async fn time_of_pictures(address: &str, token: &str) -> Duration {
    let request = reqwest::Client::new().get(format!("{address}/api/v1/cameras/hall/mjpeg"));
    let answer = request.bearer_auth(token).send().await.unwrap();
    let (mut stream, mut text) = (answer.bytes_stream(), Vec::new());
    let (mut pictures, mut started) = (0, Instant::now());
    while pictures < PICTURES {
        text.extend(within_deadline("a picture", stream.next()).await.unwrap().unwrap());
        while let Some(at) = text.windows(MARK.len()).position(|part| part == MARK) {
            text.drain(..at + MARK.len());
            // The first ones may have waited for the encoder to start.
            if pictures == 5 {
                started = Instant::now();
            }
            pictures += 1;
        }
    }
    started.elapsed()
}

const MARK: &[u8] = b"--atalaya-picture";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn video_goes_on_as_before_while_the_database_is_away() {
    let cluster = Cluster::start();
    let settings = "[detector]\nmodel = \"nanodet\"\n[[cameras]]\nid = \"hall\"\npipeline = \"test\"\n\
                    parameters = { inference-interval = 15, attributes-budget = 0.0 }\n";
    let program = Program::new(&["serve", "--listen", "127.0.0.1:0", "--config", "a.toml"]);
    let program = program.file("a.toml", settings).env("ATALAYA_DATABASE__URL", cluster.create_database());
    let (server, address) = serve(program).await;
    let issue = Program::new(&["token", "issue", "--role", "admin"]);
    let token = issue.data_dir(&server.folder.path().join("data")).run().await.fine();
    let token = token.trim();
    eventually("the camera runs", async || {
        let (_, status) = get(&format!("{address}/api/v1/cameras/hall/status"), token).await;
        (status["state"] == "running").then_some(())
    })
    .await;
    let before = time_of_pictures(&address, token).await;
    tokio::task::block_in_place(|| cluster.freeze());
    let frozen = time_of_pictures(&address, token).await;
    tokio::task::block_in_place(|| cluster.kill());
    let killed = time_of_pictures(&address, token).await;
    let slowest = before.mul_f64(1.25);
    assert!(frozen < slowest && killed < slowest, "{before:?} {frozen:?} {killed:?}");
    let ready = reqwest::get(format!("{address}/readyz")).await.unwrap();
    assert_eq!(ready.status(), 503);
    terminate(server).await;
}

/// A server that waits for its database keeps nobody waiting: less than a connection to it may take.
const AT_ONCE: Duration = Duration::from_secs(3);

/// Bytes of the records that wait on disk.
fn spooled(data: &Path) -> u64 {
    let folders = std::fs::read_dir(data.join("spool")).into_iter().flatten().flatten();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.path()).unwrap().flatten());
    let records = files.filter(|file| file.path().extension().is_some_and(|is| is == "jsonl"));
    // One may just have gone.
    records.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}

/// After a power cut the machine with the cameras is often up first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_there_before_its_database_records_and_catches_up() {
    let (cluster, data) = (Cluster::start(), tempfile::tempdir().unwrap());
    let url = cluster.create_database();
    let (server, address, token) = street(data.path(), Some(&url)).await;
    let body = json!({"id": "kiosk", "pipeline": "test", "enabled": false});
    let request = reqwest::Client::new().post(format!("{address}/api/v1/cameras"));
    assert_eq!(request.bearer_auth(&token).json(&body).send().await.unwrap().status(), 201);
    terminate(server).await;
    tokio::task::block_in_place(|| cluster.crash());
    let gone = Clock::system().now();
    let (server, address, token) = street(data.path(), Some(&url)).await;
    let asked = Instant::now();
    assert_eq!(reqwest::get(format!("{address}/healthz")).await.unwrap().status(), 200);
    assert!(asked.elapsed() < AT_ONCE, "took {:?}", asked.elapsed());
    let ready = async || reqwest::get(format!("{address}/readyz")).await.unwrap().status();
    assert_eq!(ready().await, 503);
    let kiosk = format!("{address}/api/v1/cameras/kiosk");
    assert_eq!(get(&kiosk, &token).await.0, 503, "only the database knows whether the token is revoked");
    eventually("people wait on disk", async || (spooled(data.path()) > 0).then_some(())).await;
    assert!(server.has_said("the database is not there yet"));
    let come = Clock::system().now();
    tokio::task::block_in_place(|| cluster.resume());
    eventually("the database is found", async || (ready().await == 200).then_some(())).await;
    eventually("its cameras are", async || (get(&kiosk, &token).await.0 == 200).then_some(())).await;
    eventually("nothing waits on disk", async || (spooled(data.path()) == 0).then_some(())).await;
    let from = ZoneClock::utc().write(gone);
    let url = format!("{address}/api/v1/export/visits.ndjson?from={}", from.as_str());
    let visits = reqwest::Client::new().get(url).bearer_auth(&token).send().await.unwrap();
    let visits = visits.text().await.unwrap();
    let enter = |line: &str| instant(serde_json::from_str::<Value>(line).unwrap()["enter"].as_str().unwrap());
    assert!(visits.lines().filter_map(enter).any(|enter| enter < come), "{visits}");
    terminate(server).await;
}
