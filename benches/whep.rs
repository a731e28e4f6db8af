//! What a WebRTC viewer costs: the figures of docs/performance.md, each beside its target.
//!
//! The viewers run in a process of their own (this program again, with other arguments), so that the CPU time
//! measured is the server's alone. Run it with `cargo bench --bench whep`.

#[allow(dead_code, reason = "the tests ask more of a viewer than a measurement does")]
#[path = "../tests/viewer/client.rs"]
mod client;
#[allow(dead_code, reason = "the tests ask more of a camera than a measurement does")]
#[path = "../tests/viewer/studio.rs"]
mod studio;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use atalaya::camera::Overlay;
use serde::{Deserialize, Serialize};

use client::{Client, Offering};
use studio::{BarsCamera, Studio};

/// How long viewers are measured.
const WINDOW: Duration = Duration::from_secs(10);

/// Viewers that come one after the other to see how soon they see something.
const JOINS: usize = 12;

/// What the viewers' process says, one JSON object a line.
#[derive(Debug, Serialize, Deserialize)]
enum Said {
    Offer(String),
    /// All have their first picture.
    Ready,
    Done {
        first_ms: Vec<u64>,
        pictures: Vec<u64>,
        bytes: Vec<u64>,
    },
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match arguments.iter().position(|argument| argument == "viewers") {
        Some(at) => {
            let [count, seconds] =
                [at + 1, at + 2].map(|at| arguments.get(at).and_then(|text| text.parse().ok()));
            let window = Duration::from_secs(seconds.context("how long?")?);
            runtime.block_on(view(count.context("how many?")?, window))
        }
        None => runtime.block_on(measure()),
    }
}

async fn measure() -> Result<()> {
    let studio = Studio::new();
    let mut camera = BarsCamera::new("door");
    // Noise fills the bit rate whatever the encoder does.
    camera.show(640, 480, "snow");
    studio.viewers.encoder().await?;

    let mut joins = Vec::new();
    for _ in 0..JOINS {
        joins.extend(run(&studio, &camera, 1, Duration::ZERO).await?.first_ms);
    }
    joins.sort_unstable();
    let one = run(&studio, &camera, 1, WINDOW).await?;
    let many = run(&studio, &camera, 20, WINDOW).await?;
    let each = (many.cpu_percent - one.cpu_percent) / 19.0;
    let kbps = many.bytes.iter().sum::<u64>() as f64 * 8.0 / 1000.0 / WINDOW.as_secs_f64() / 20.0;
    let least = many.pictures.iter().min().copied().unwrap_or(0);
    let most = many.pictures.iter().max().copied().unwrap_or(0);

    let mut out = std::io::stdout().lock();
    writeln!(out, "| figure | measured | target |")?;
    writeln!(out, "| --- | --- | --- |")?;
    writeln!(out, "| first picture, p50 of {} | {} ms | ≤ 500 ms |", joins.len(), joins[joins.len() / 2])?;
    writeln!(out, "| CPU, 1 viewer (camera and encode included) | {:.1} % of a core | |", one.cpu_percent)?;
    writeln!(out, "| CPU, 20 viewers at {kbps:.0} kbit/s | {:.1} % of a core | |", many.cpu_percent)?;
    writeln!(out, "| CPU per further viewer | {each:.2} % of a core | ≤ 0.5 % |")?;
    let expected = WINDOW.as_secs() * 15;
    writeln!(
        out,
        "| fewest and most pictures a viewer got, of {expected} | {least}, {most} | none starved |"
    )?;
    ensure!(least * 10 >= expected * 9, "a viewer was starved");
    Ok(())
}

/// What `count` viewers saw and cost.
struct Outcome {
    first_ms: Vec<u64>,
    pictures: Vec<u64>,
    bytes: Vec<u64>,
    cpu_percent: f64,
}

async fn run(studio: &Studio, camera: &BarsCamera, count: usize, window: Duration) -> Result<Outcome> {
    let program = std::env::current_exe()?;
    let mut child = Command::new(program)
        .args(["viewers", &count.to_string(), &window.as_secs().to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let outcome = serve(studio, camera, &mut child).await;
    // It ends by itself; should it not, it must not be left behind.
    if outcome.is_err() {
        child.kill()?;
    }
    child.wait()?;
    outcome
}

async fn serve(studio: &Studio, camera: &BarsCamera, child: &mut Child) -> Result<Outcome> {
    let mut answers = child.stdin.take().context("the viewers should listen")?;
    let (said, mut heard) = tokio::sync::mpsc::channel(1);
    let lines = BufReader::new(child.stdout.take().context("the viewers should speak")?).lines();
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            if said.blocking_send(line).is_err() {
                return;
            }
        }
    });
    let mut ready = (Instant::now(), Duration::ZERO);
    loop {
        let line = heard.recv().await.context("the viewers ended early")?;
        match serde_json::from_str(&line)? {
            Said::Offer(offer) => {
                let answer = studio.viewers.whep_offer(&camera.handle, Overlay::Plain.into(), &offer).await?;
                writeln!(answers, "{}", serde_json::to_string(&answer.sdp)?)?;
            }
            Said::Ready => ready = (Instant::now(), cpu_time()?),
            Said::Done { first_ms, pictures, bytes } => {
                let (wall, cpu) = (ready.0.elapsed(), cpu_time()?.saturating_sub(ready.1));
                let cpu_percent = 100.0 * cpu.as_secs_f64() / wall.as_secs_f64().max(0.001);
                return Ok(Outcome { first_ms, pictures, bytes, cpu_percent });
            }
        }
    }
}

/// CPU time of this process: user and system ticks of a hundredth of a second.
fn cpu_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().context("a process has a name")?;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
    Ok(Duration::from_millis(ticks * 10))
}

/// The viewers' process.
async fn view(count: u64, window: Duration) -> Result<()> {
    let mut answers = std::io::stdin().lines();
    let mut watching = Vec::new();
    let mut first_ms = Vec::new();
    for _ in 0..count {
        let asked = Instant::now();
        let offering = Offering::video();
        say(&Said::Offer(offering.offer.clone()))?;
        let answer: String = serde_json::from_str(&answers.next().context("the server ended early")??)?;
        let mut client = offering.watch(&answer);
        first_ms.push(u64::try_from((client.picture().await.at - asked).as_millis())?);
        watching.push(client);
    }
    say(&Said::Ready)?;
    let end = tokio::time::Instant::now() + window;
    let counted = watching.into_iter().map(|client| tokio::spawn(count_until(client, end)));
    let mut done = (Vec::new(), Vec::new());
    for viewer in counted.collect::<Vec<_>>() {
        let (pictures, bytes) = viewer.await?;
        done.0.push(pictures);
        done.1.push(bytes);
    }
    say(&Said::Done { first_ms, pictures: done.0, bytes: done.1 })
}

async fn count_until(mut client: Client, end: tokio::time::Instant) -> (u64, u64) {
    while client.pictures.try_recv().is_ok() {}
    let (mut pictures, mut bytes) = (0, 0);
    while let Ok(Some(picture)) = tokio::time::timeout_at(end, client.pictures.recv()).await {
        pictures += 1;
        bytes += picture.data.len() as u64;
    }
    (pictures, bytes)
}

fn say(said: &Said) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(said)?)?;
    Ok(out.flush()?)
}
