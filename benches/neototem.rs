//! Totems under load: answers a second of processor, how often the detector looked for them, how long an answer takes.
//!
//! `LOADGEN=PROGRAM PICTURES=DIR [PEER='COMMAND'] cargo bench --bench neototem`: the load comes from a program that is not ours
//! to tune, which sends the JPEGs of `DIR/person`, `DIR/body` and `DIR/empty` as clients of old do; `PEER`, another server of
//! the same protocol, is measured by it in the same run and listens on the port of `NEO_PORT`. Without `LOADGEN` nothing is
//! measured. Each figure is printed beside its target; docs/performance.md quotes them.

#[path = "gateway/servers.rs"]
#[allow(dead_code, reason = "the gateway's measurements ask more of a server")]
mod servers;

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::process::{Child, Command};

use servers::{free_port, listens};

/// Seconds of one measurement, and before it.
const SECONDS: &str = "15";
const WARM_UP: &str = "5";

/// Answers of the seed's design a second of processor, measured on a quiet machine: what counts when there is no `PEER`.
const PEERS_ANSWERS: f64 = 26.0;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<()> {
    let mut out = std::io::stdout().lock();
    let (Some(loadgen), Some(pictures)) = (std::env::var_os("LOADGEN"), std::env::var_os("PICTURES")) else {
        writeln!(
            out,
            "neototem: not measured, as LOADGEN and PICTURES name no load; see benches/neototem.rs"
        )?;
        return Ok(());
    };
    let (folder, pictures) = (tempfile::tempdir()?, PathBuf::from(pictures));
    writeln!(
        out,
        "| server | pictures | clients | answers/s of CPU | detector runs/s of CPU | reply p50 / p95, ms | somebody seen |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- | --- |")?;
    let mut theirs = None;
    if let Ok(peer) = std::env::var("PEER") {
        let port = free_port()?;
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("exec {peer}")])
            .env("NEO_PORT", port.to_string())
            .current_dir(folder.path());
        let server = command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn()?;
        listens(port).await?;
        let server = Server { name: "peer", how: "dup", port, process: server };
        theirs = Some(all(&mut out, &server, (&loadgen, &pictures)).await?);
    }
    let settings = [
        ("ATALAYA_NEOTOTEM__ANONYMOUS_TENANT", "1".to_owned()),
        ("ATALAYA_NEOTOTEM__ALLOWED_NETWORKS", "[\"127.0.0.0/8\"]".to_owned()),
    ];
    let servers::Server { process, port } =
        servers::Server::with(&folder.path().join("data"), settings).await?;
    let server = Server { name: "atalaya", how: "id", port, process };
    let ours = all(&mut out, &server, (&loadgen, &pictures)).await?;
    judge(&mut out, &ours, theirs.as_ref())
}

struct Server {
    name: &'static str,
    /// How the load client knows its own answers.
    how: &'static str,
    port: u16,
    process: Child,
}

/// What was measured of a server.
#[derive(Debug, Default)]
struct Measured {
    /// Answers a second of processor, of one client and of four.
    answers: [f64; 2],
    /// Part of the pictures on which somebody was seen: of a person, of people, of nobody.
    seen: [f64; 3],
    /// Of one client with a picture each 300 ms.
    p95_ms: f64,
}

async fn all(out: &mut impl Write, server: &Server, load: (&OsStr, &Path)) -> Result<Measured> {
    let mut measured = Measured::default();
    for (at, (kind, clients, interval)) in [
        ("person", "1", "0"),
        ("person", "4", "0"),
        ("body", "1", "0"),
        ("empty", "1", "0"),
        ("person", "1", "300"),
    ]
    .into_iter()
    .enumerate()
    {
        let runs_before = detector_runs(server).await;
        let said = run(server, load, (kind, clients, interval)).await?;
        let number = |name: &str| said[name].as_f64().unwrap_or_default();
        let answers = 1000.0 / number("cpu_ms_per_frame");
        // Of the warm-up, too: as often then as later.
        let seconds = (number("wall_s") + WARM_UP.parse::<f64>()?) * number("server_cpu_pct") / 100.0;
        let runs =
            detector_runs(server).await.zip(runs_before).map(|(after, before)| (after - before) / seconds);
        let (p50, p95) = (said["reply_ms"]["p50"].as_f64(), said["reply_ms"]["p95"].as_f64());
        match at {
            0 | 1 => measured.answers[at] = answers,
            4 => measured.p95_ms = p95.unwrap_or(f64::INFINITY),
            _ => {}
        }
        if let Some(slot) = [0, 2, 3].iter().position(|own| *own == at) {
            measured.seen[slot] = number("person_ratio");
        }
        let every = if interval == "0" { String::new() } else { format!(", every {interval} ms") };
        writeln!(
            out,
            "| {} | {kind}{every} | {clients} | {answers:.0} | {} | {:.1} / {:.1} | {:.0} % |",
            server.name,
            runs.map_or_else(|| "each".to_owned(), |runs| format!("{runs:.1}")),
            p50.unwrap_or_default(),
            p95.unwrap_or_default(),
            number("person_ratio") * 100.0,
        )?;
    }
    Ok(measured)
}

fn judge(out: &mut impl Write, ours: &Measured, theirs: Option<&Measured>) -> Result<()> {
    let peers = theirs.map_or([PEERS_ANSWERS; 2], |theirs| theirs.answers);
    let seen = theirs.map_or([0.9, 0.9, 0.0], |theirs| theirs.seen);
    let mut line = |what: &str, got: String, target: String, is_met: bool| {
        writeln!(out, "{} {what}: {got} (target {target})", if is_met { "✓" } else { "✗" })
    };
    for (at, clients) in [(0, "1 client"), (1, "4 clients")] {
        let times = ours.answers[at] / peers[at];
        line(
            &format!("answers/s of CPU, {clients}"),
            format!("{times:.1} × the peer"),
            "≥ 5 ×".into(),
            times >= 5.0,
        )?;
    }
    for (at, kind) in [(0, "a person"), (1, "people")] {
        let (got, least) = (ours.seen[at], seen[at]);
        line(&format!("{kind} seen"), format!("{got:.2}"), format!("≥ {least:.2}"), got >= least)?;
    }
    line("seen where nobody is", format!("{:.2}", ours.seen[2]), "0".into(), ours.seen[2] == 0.0)?;
    line(
        "reply p95 of one client every 300 ms",
        format!("{:.1} ms", ours.p95_ms),
        "≤ 40 ms".into(),
        ours.p95_ms <= 40.0,
    )?;
    Ok(())
}

/// What the load client says.
async fn run(
    server: &Server,
    (loadgen, pictures): (&OsStr, &Path),
    (kind, clients, interval): (&str, &str, &str),
) -> Result<Value> {
    let url = format!("ws://127.0.0.1:{}/ws", server.port);
    let pid = server.process.id().unwrap_or(0).to_string();
    let run = Command::new(loadgen)
        .args(["neototem", "--url", &url, "--clients", clients, "--interval-ms", interval, "--pid", &pid])
        .args(["--match", server.how, "--secs", SECONDS, "--warmup", WARM_UP, "--frames"])
        .arg(pictures.join(kind))
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(120), run).await??;
    let last = output.stdout.split(|byte| *byte == b'\n').rfind(|line| !line.is_empty());
    let said = last.with_context(|| format!("LOADGEN: {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok(serde_json::from_slice(said)?)
}

/// How often the detector looked so far; `None` of a server that does not say.
async fn detector_runs(server: &Server) -> Option<f64> {
    let token = server.name.eq("atalaya").then(|| {
        let keys = atalaya::auth::Keys::new(
            &atalaya::config::Secret::new(servers::SECRET.to_owned()),
            atalaya::clock::Clock::system(),
        );
        let caller = atalaya::auth::Caller {
            subject: "bench".to_owned(),
            tenant: atalaya::domain::TenantId::default(),
            branches: atalaya::auth::Branches::All,
            sectors: [].into(),
            roles: [atalaya::domain::Role::Admin].into(),
        };
        keys.issue(&caller, atalaya::auth::Ttl::from_secs(3600))
    })?;
    let metrics = reqwest::Client::new().get(format!("http://127.0.0.1:{}/metrics", server.port));
    let text = metrics.bearer_auth(token).send().await.ok()?.text().await.ok()?;
    let line = text.lines().find(|line| line.starts_with("atalaya_totem_detector_runs_total"))?;
    line.rsplit(' ').next()?.parse().ok()
}
