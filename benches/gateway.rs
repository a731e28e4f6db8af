//! The gateway under load: memory of those who only listen, time from an event to its last listener, deliveries a second.
//!
//! `LOADGEN=PROGRAM [PEER='COMMAND'] cargo bench --bench gateway [-- CONNECTIONS…]`: the load comes from a program that is
//! not ours to tune, through a Redis and 1,000 and 5,000 sockets; `PEER`, another gateway of the same protocol, is measured
//! by it in the same run. Without `LOADGEN` nothing is measured. What docs/performance.md quotes is printed beside its target.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const SECRET: &str = "a secret of the benches, long enough to sign with";

/// The address of a peer, which cannot say where it listens.
const PEER_ENV: [&str; 4] = ["GW_PORT", "GW_REDIS", "JWT_SECRET", "GW_MAX_TOTAL"];

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<()> {
    let mut out = std::io::stdout().lock();
    let Some(loadgen) = std::env::var_os("LOADGEN") else {
        writeln!(out, "gateway: not measured, as LOADGEN names no load client; see benches/gateway.rs")?;
        return Ok(());
    };
    let counts: Vec<u32> = std::env::args().skip(1).filter_map(|word| word.parse().ok()).collect();
    let counts = if counts.is_empty() { vec![1000, 5000] } else { counts };
    let folder = tempfile::tempdir()?;
    let redis = Redis::start(folder.path()).await?;
    writeln!(
        out,
        "| server | sockets | memory of each, idle / after, KB | event → last listener p50 / p99, ms | deliveries a second | CPU of each, µs | lost |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- |")?;
    for count in counts {
        if let Ok(peer) = std::env::var("PEER") {
            let port = free_port()?;
            let values = [port.to_string(), redis.url(), SECRET.to_owned(), "20000".to_owned()];
            let mut command = Command::new("sh");
            command.args(["-c", &format!("exec {peer}")]).envs(PEER_ENV.into_iter().zip(values));
            let server = command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
            listens(port).await?;
            line(&mut out, "peer", &Load { loadgen: &loadgen, port, redis: &redis, server: &server, count })
                .await?;
        }
        let (server, port) = ours(folder.path(), &redis).await?;
        line(&mut out, "atalaya", &Load { loadgen: &loadgen, port, redis: &redis, server: &server, count })
            .await?;
    }
    writeln!(
        out,
        "targets: ≤ 10 KB at 5,000; 4 / 10 ms at 1,000, 20 / 40 ms at 5,000; ≥ 200,000 deliveries a second; ≤ 4 µs"
    )?;
    Ok(())
}

/// One server under load.
struct Load<'a> {
    loadgen: &'a std::ffi::OsStr,
    port: u16,
    redis: &'a Redis,
    server: &'a Child,
    count: u32,
}

impl Load<'_> {
    /// What the load client says of one way to load.
    async fn run(&self, flags: &[&str]) -> Result<Value> {
        let url = format!("ws://127.0.0.1:{}/ws/waiter?token={{token}}", self.port);
        let (redis, pid) =
            (format!("127.0.0.1:{}", self.redis.port), self.server.id().unwrap_or(0).to_string());
        let count = self.count.to_string();
        let run = Command::new(self.loadgen)
            .args([
                "gateway", "--url", &url, "--conns", &count, "--redis", &redis, "--pid", &pid, "--secret",
                SECRET,
            ])
            .args(flags)
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(Duration::from_secs(300), run).await??;
        let last = output.stdout.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty());
        let said = last.with_context(|| format!("LOADGEN: {}", String::from_utf8_lossy(&output.stderr)))?;
        Ok(serde_json::from_slice(said)?)
    }
}

async fn line(out: &mut impl Write, name: &str, load: &Load<'_>) -> Result<()> {
    // One event at a time, then as many as it takes with eight on their way.
    let one = load.run(&["--events", "200", "--gap-ms", "20"]).await?;
    let many = load.run(&["--secs", "10", "--window", "8"]).await?;
    let lost = one["lost_events"].as_u64().unwrap_or(0) + many["lost_events"].as_u64().unwrap_or(0);
    writeln!(
        out,
        "| {name} | {} | {} / {} | {} / {} | {} | {} | {lost} |",
        load.count,
        one["rss_kb_per_conn_idle"],
        many["rss_kb_per_conn_after"],
        one["last_ms"]["p50"],
        one["last_ms"]["p99"],
        many["deliveries_s"],
        many["cpu_us_per_delivery"],
    )?;
    Ok(())
}

async fn ours(folder: &Path, redis: &Redis) -> Result<(Child, u16)> {
    let mut server = Command::new(env!("CARGO_BIN_EXE_atalaya"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(folder.join("data"))
        .env("ATALAYA_AUTH__JWT_SECRET", SECRET)
        .env("ATALAYA_REDIS__URL", redis.url())
        .env("ATALAYA_GATEWAY__MAX_CONNECTIONS", "20000")
        .env("ATALAYA_WEBRTC__LISTEN", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let mut lines = BufReader::new(server.stdout.take().context("it should be piped")?).lines();
    while let Some(line) = lines.next_line().await? {
        let port = line.rsplit(':').next().map(|rest| rest.trim_end_matches('/'));
        if let Some(port) = port.and_then(|rest| rest.split('/').next()?.parse().ok()) {
            return Ok((server, port));
        }
    }
    anyhow::bail!("the server did not say where it listens")
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

async fn listens(port: u16) -> Result<()> {
    for _ in 0..200 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("nothing listens on {port}")
}

/// A Redis of its own.
struct Redis {
    port: u16,
    _process: Child,
}

impl Redis {
    async fn start(folder: &Path) -> Result<Self> {
        let port = free_port()?;
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(folder)
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("redis-server cannot be started: apt-get install redis-server")?;
        listens(port).await?;
        Ok(Self { port, _process: process })
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}
