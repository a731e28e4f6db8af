//! Several cameras in the whole server: what each costs, and whether each gets its share of the processor.
//!
//! `cargo bench --bench cameras`: the server in a process of its own, cameras of 768×576 at 15 fps over RTSP, decoded,
//! with attributes. First each is looked at five times a second, one camera more at a time; then all four as often
//! as it goes. What docs/performance.md quotes is printed beside its target.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const CAMERAS: usize = 4;
/// Long enough that models are loaded and everybody in the picture was looked at.
const SETTLE: Duration = Duration::from_secs(20);
const MEASURE: Duration = Duration::from_secs(20);

/// Clock ticks a second in /proc: fixed by Linux for programs.
const TICKS: f64 = 100.0;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let config = atalaya::config::load(&atalaya::config::Overrides::default())?;
    let footage = config.assets_dir.join("footage/vtest.avi");
    let camera = ["simulate-camera", "--fps", "15", "--footage"].map(Into::into);
    let (_simulated, url) =
        start(&[&camera[..], &[footage.display().to_string()]].concat(), folder.path()).await?;
    let serve = ["serve", "--listen", "127.0.0.1:0"].map(Into::into);
    let (server, said) = start(&serve, folder.path()).await?;
    let address = said.rsplit(' ').next().context("the server should say where it listens")?.to_owned();
    let server = Server {
        id: server.id().context("it should run")?,
        _process: server,
        api: format!("{address}/api/v1"),
        token: token(folder.path()).await?,
        client: reqwest::Client::new(),
    };
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "| cameras | looks a second, each | slowest to fastest (≥ 0.80) | CPU, % of a core | resident, MiB | one more, MiB (≤ 40) |"
    )?;
    writeln!(out, "| --- | --- | --- | --- | --- | --- |")?;
    let mut before = 0.0;
    for count in 1..=CAMERAS {
        server.put(count, &url, 3).await?;
        let figures = server.figures(count).await?;
        let more = if count > 1 { format!("{:.0}", figures.resident_mib - before) } else { String::new() };
        writeln!(out, "| {count} at 5 looks a second | {figures} | {more} |")?;
        before = figures.resident_mib;
    }
    for number in 1..=CAMERAS {
        server.put(number, &url, 1).await?;
    }
    writeln!(out, "| {CAMERAS} as often as it goes | {} | |", server.figures(CAMERAS).await?)?;
    Ok(())
}

struct Server {
    _process: Child,
    id: u32,
    api: String,
    token: String,
    client: reqwest::Client,
}

/// What some cameras come to.
struct Figures {
    looks: Vec<f64>,
    cpu_percent: f64,
    resident_mib: f64,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let looks: Vec<_> = self.looks.iter().map(|looks| format!("{looks:.1}")).collect();
        let share = self.looks.iter().copied().fold(f64::MAX, f64::min)
            / self.looks.iter().copied().fold(0.0, f64::max);
        write!(f, "{} | {share:.2} | {:.0} | {:.0}", looks.join(" "), self.cpu_percent, self.resident_mib)
    }
}

impl Server {
    async fn put(&self, number: usize, url: &str, interval: u32) -> Result<()> {
        let body = json!({"id": format!("c{number}"), "name": format!("Camera {number}"), "pipeline": "rtsp",
            "parameters": {"location": url, "inference-interval": interval}});
        let cameras = format!("{}/cameras", self.api);
        let send = |request: reqwest::RequestBuilder| request.bearer_auth(&self.token).json(&body).send();
        let mut answer = send(self.client.put(format!("{cameras}/c{number}"))).await?;
        if answer.status() == reqwest::StatusCode::NOT_FOUND {
            answer = send(self.client.post(&cameras)).await?;
        }
        ensure!(answer.status().is_success(), "camera {number}: {}", answer.text().await?);
        Ok(())
    }

    async fn status(&self, number: usize) -> Result<Value> {
        let get = self.client.get(format!("{}/cameras/c{number}/status", self.api)).bearer_auth(&self.token);
        Ok(get.send().await?.error_for_status()?.json().await?)
    }

    async fn looks(&self, count: usize) -> Result<Vec<f64>> {
        let mut looks = Vec::new();
        for number in 1..=count {
            let status = self.status(number).await?;
            ensure!(status["state"] == "running", "camera {number} should run: {status}");
            looks.push(status["frames_analysed"].as_f64().context("a count of looks")?);
        }
        Ok(looks)
    }

    async fn figures(&self, count: usize) -> Result<Figures> {
        tokio::time::sleep(SETTLE).await;
        let (looks, ticks, begin) = (self.looks(count).await?, self.ticks()?, Instant::now());
        tokio::time::sleep(MEASURE).await;
        let (after, now, seconds) = (self.looks(count).await?, self.ticks()?, begin.elapsed().as_secs_f64());
        Ok(Figures {
            looks: looks.iter().zip(after).map(|(before, after)| (after - before) / seconds).collect(),
            cpu_percent: (now - ticks) / TICKS / seconds * 100.0,
            resident_mib: self.resident_mib()?,
        })
    }

    /// CPU time of the server so far: proc_pid_stat(5).
    fn ticks(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id))?;
        let fields = stat.rsplit(')').next().context("a name in brackets")?.split_whitespace();
        let ticks: Vec<f64> = fields.skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
        Ok(ticks.iter().sum())
    }

    fn resident_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("a resident size")?;
        let kib: f64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
        Ok(kib / 1024.0)
    }
}

/// The program with these arguments, as `make run` starts it, and its first line.
async fn start(arguments: &[String], data_dir: &Path) -> Result<(Child, String)> {
    let mut process = command(arguments, data_dir).spawn().context("the program should start")?;
    let stdout = process.stdout.take().context("its output should be a pipe")?;
    let line = BufReader::new(stdout).lines().next_line().await?;
    Ok((process, line.context("it should say where it listens")?))
}

async fn token(data_dir: &Path) -> Result<String> {
    let arguments = ["token", "issue", "--role", "admin"].map(Into::into);
    let output = command(&arguments, data_dir).output().await?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn command(arguments: &[String], data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_atalaya"));
    command.args(arguments).arg("--data-dir").arg(data_dir).env("MALLOC_ARENA_MAX", "2");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    command
}
