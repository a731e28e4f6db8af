//! Load of a program that is not ours: see the bench's own words.

use std::ffi::OsStr;
use std::io::Write;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::servers::{Keeps, Redis, SECRET, Server, free_port, listens};

/// The address of a peer, which cannot say where it listens.
const PEER_ENV: [&str; 4] = ["GW_PORT", "GW_REDIS", "JWT_SECRET", "GW_MAX_TOTAL"];

/// Our CPU a delivery, in that of the bare loop: 4 µs of 2.9, where both were measured first.
const MOST_OF_BARE: f64 = 1.38;

/// What is published, the load client's own but for the number of the run.
const EVENT: &str = r#"{"type":"ROUND_READY","tenant_id":1,"branch_id":5,"session_id":null,"entity":{"round_id":__RUN__,"seq":__SEQ__,"table":"T-12","items":[{"id":1,"name":"Milanesa","qty":2},{"id":2,"name":"Agua","qty":1}]},"timestamp":"2025-10-20T14:32:15Z"}"#;

/// How often one tenant is measured beside another that floods.
const ROUNDS: usize = 5;

/// What the tenant does that is measured.
const QUIET: [&str; 4] = ["--rate", "50", "--events", "400"];

/// What a tenant does that floods.
const FLOOD: [&str; 10] = [
    "--channel",
    "channel:branch:6:waiters",
    "--claims",
    r#"{"sub":"__I__","tenant_id":2,"branch_ids":[6],"roles":["WAITER"],"exp":__EXP__}"#,
    "--event",
    r#"{"type":"ROUND_READY","tenant_id":2,"branch_id":6,"entity":{"round_id":__RUN__,"seq":__SEQ__}}"#,
    "--rate",
    "10000",
    "--secs",
    "12",
];

/// One server under load.
struct Load<'a> {
    loadgen: &'a OsStr,
    port: u16,
    redis: u16,
    pid: u32,
    count: u32,
}

impl Load<'_> {
    /// What the load client says of one way to load.
    async fn run(&self, flags: &[&str]) -> Result<Value> {
        let url = format!("ws://127.0.0.1:{}/ws/waiter?token={{token}}", self.port);
        let (redis, pid) = (format!("127.0.0.1:{}", self.redis), self.pid.to_string());
        // Each run has texts of its own: a new server counts repetitions from one, and would take them for the last one's.
        static RUNS: AtomicU32 = AtomicU32::new(1000);
        let run = RUNS.fetch_add(1, Ordering::Relaxed).to_string();
        // Of a flag that is there twice the last one counts.
        let flags = ["--event", EVENT].into_iter().chain(flags.iter().copied());
        let run = Command::new(self.loadgen)
            .args(["gateway", "--url", &url, "--conns", &self.count.to_string(), "--redis", &redis])
            .args(["--pid", &pid, "--secret", SECRET])
            .args(flags.map(|flag| flag.replace("__RUN__", &run)))
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(Duration::from_secs(300), run).await??;
        let last = output.stdout.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty());
        let said = last.with_context(|| format!("LOADGEN: {}", String::from_utf8_lossy(&output.stderr)))?;
        Ok(serde_json::from_slice(said)?)
    }

    /// One row; CPU of each delivery, µs.
    async fn row(&self, out: &mut impl Write, name: &str) -> Result<f64> {
        // One event at a time, then as many as it takes with eight on their way.
        let one = self.run(&["--events", "200", "--gap-ms", "20"]).await?;
        let many = self.run(&["--secs", "10", "--window", "8"]).await?;
        let lost = one["lost_events"].as_u64().unwrap_or(0) + many["lost_events"].as_u64().unwrap_or(0);
        let above = one["rss_idle_mb"].as_f64().unwrap_or(0.0) - one["rss_before_mb"].as_f64().unwrap_or(0.0);
        writeln!(
            out,
            "| {name} | {} | {} / {} ({above:.0} MB) | {} / {} | {} | {} | {lost} |",
            self.count,
            one["rss_kb_per_conn_idle"],
            many["rss_kb_per_conn_after"],
            one["last_ms"]["p50"],
            one["last_ms"]["p99"],
            many["deliveries_s"],
            many["cpu_us_per_delivery"],
        )?;
        Ok(many["cpu_us_per_delivery"].as_f64().unwrap_or(f64::NAN))
    }
}

pub(crate) async fn measure(out: &mut impl Write, loadgen: &OsStr, counts: &[u32]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let redis = Redis::start(folder.path(), Keeps::Nothing).await?;
    writeln!(
        out,
        "| server | sockets | memory of each, idle / after, KB | event → last listener p50 / p99, ms | deliveries a second | CPU of each, µs | lost |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- |")?;
    for count in counts.iter().copied() {
        let bare = bare(out, loadgen, count).await?;
        if let Ok(peer) = std::env::var("PEER") {
            let (process, port) = start_peer(&peer, &redis).await?;
            let pid = process.id().unwrap_or(0);
            Load { loadgen, port, redis: redis.port, pid, count }.row(out, "peer").await?;
        }
        let server = Server::start(&folder.path().join("data"), &redis).await?;
        let (port, pid) = (server.port, server.process.id().unwrap_or(0));
        let ours = Load { loadgen, port, redis: redis.port, pid, count }.row(out, "atalaya").await?;
        writeln!(
            out,
            "{count} sockets: {:.2} of the bare loop's CPU a delivery; target ≤ {MOST_OF_BARE}",
            ours / bare
        )?;
    }
    writeln!(
        out,
        "targets: ≤ 10 KB at 5,000, ≤ 100 MB at 10,000; 4 / 10 ms at 1,000, 20 / 40 ms at 5,000; ≥ 200,000 deliveries a second; ≤ 4 µs"
    )?;
    flooded(out, loadgen).await
}

/// The load client's own stand-in: a loop that writes to each socket and does nothing else.
async fn bare(out: &mut impl Write, loadgen: &OsStr, count: u32) -> Result<f64> {
    let (port, redis) = (free_port()?, free_port()?);
    let process = Command::new(loadgen)
        .args(["blast", "--port", &port.to_string(), "--redis-port", &redis.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    listens(port).await?;
    let pid = process.id().unwrap_or(0);
    Load { loadgen, port, redis, pid, count }.row(out, "bare loop").await
}

async fn start_peer(peer: &str, redis: &Redis) -> Result<(Child, u16)> {
    let port = free_port()?;
    let values = [port.to_string(), redis.url(), SECRET.to_owned(), "20000".to_owned()];
    let mut command = Command::new("sh");
    command.args(["-c", &format!("exec {peer}")]).envs(PEER_ENV.into_iter().zip(values));
    let process = command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
    listens(port).await?;
    Ok((process, port))
}

/// What one tenant's clients notice of another tenant with ten thousand events a second; and of the same on another server
/// and another Redis, with which they share nothing but the machine.
async fn flooded(out: &mut impl Write, loadgen: &OsStr) -> Result<()> {
    let folders = [tempfile::tempdir()?, tempfile::tempdir()?];
    let [here, there] = folders.each_ref().map(tempfile::TempDir::path);
    let redis = (Redis::start(here, Keeps::Nothing).await?, Redis::start(there, Keeps::Nothing).await?);
    let (own, other) = (Server::start(here, &redis.0).await?, Server::start(there, &redis.1).await?);
    let load = |server: &Server, redis: &Redis, count| {
        let (port, pid) = (server.port, server.process.id().unwrap_or(0));
        Load { loadgen, port, redis: redis.port, pid, count }
    };
    let quiet = load(&own, &redis.0, 100);
    let (flood, elsewhere) = (load(&own, &redis.0, 1), load(&other, &redis.1, 1));
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let alone = quiet.run(&QUIET).await?;
        let (machine, _) = tokio::try_join!(quiet.run(&QUIET), elsewhere.run(&FLOOD))?;
        let (during, told) = tokio::try_join!(quiet.run(&QUIET), flood.run(&FLOOD))?;
        rounds.push([alone, machine, during, told]);
    }
    let p99 = |which: usize| median(rounds.iter().map(|round| round[which]["last_ms"]["p99"].as_f64()));
    let (alone, machine, during) = (p99(0), p99(1), p99(2));
    let lost: u64 = rounds.iter().flatten().filter_map(|said| said["lost_events"].as_u64()).sum();
    writeln!(
        out,
        "a tenant floods, {:.0} events a second told: another tenant's p99, median of {ROUNDS}, {alone:.1} → {during:.1} ms, \
         {:+.1}; target ≤ +2 ms; {:+.1} by a flood on a server and Redis of its own; lost {lost}",
        median(rounds.iter().map(|round| round[3]["events_s"].as_f64())),
        during - alone,
        machine - alone,
    )?;
    Ok(())
}

/// The one in the middle; NaN for what was not told.
fn median(values: impl Iterator<Item = Option<f64>>) -> f64 {
    let mut values: Vec<_> = values.map(|value| value.unwrap_or(f64::NAN)).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
