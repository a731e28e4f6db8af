//! How fast a million visits leave a server over HTTP, how much memory that takes, and what a year's series costs.
//!
//! `cargo bench --bench export [-- ROWS [sqlite|postgres]]`: ROWS visits (1000000 unless said otherwise) of a year are
//! written, and a server in a process of its own sends them as CSV and as JSON lines, plain and packed. The figures in
//! docs/performance.md come from here.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for a person at a terminal")]

#[allow(dead_code, reason = "the tests ask more of a cluster than a measurement does")]
#[path = "../tests/common/postgres.rs"]
mod postgres;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use atalaya::domain::{
    Attribute, Attributes, Branch, BranchId, CameraId, Place, SectorId, TenantId, Timestamp, Visit,
};
use atalaya::store::{Store, VisitRecord};
use futures_util::StreamExt;

/// Visits that are written at once.
const BATCH: u64 = 4000;

/// 2025-05-31T22:00:00Z: June begins in Madrid.
const START: Timestamp = Timestamp::from_millis(1_748_728_800_000);

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

const RANGE: &str = "from=2025-06-01T00:00:00%2B02:00&to=2026-06-01T00:00:00%2B02:00";

const CAMERAS: [&str; 4] = ["door", "bar", "hall", "desk"];

/// Calls of which a series' figure is the median.
const CALLS: usize = 9;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let rows = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let wanted = |name: &str| {
        !arguments
            .iter()
            .any(|argument| argument != name && ["sqlite", "postgres"].contains(&argument.as_str()))
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        if wanted("sqlite") {
            measure("SQLite", None, rows).await;
        }
        if wanted("postgres") {
            let cluster = postgres::Cluster::shared();
            measure("Postgres", Some(cluster.create_database()), rows).await;
        }
    });
}

async fn measure(name: &str, url: Option<String>, rows: u64) {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    write(&Store::open(url.as_deref(), folder.path()).await.unwrap(), rows).await;
    println!("{name}: {rows} visits of a year written in {:.0} s", started.elapsed().as_secs_f64());
    let server = Server::start(folder.path(), url.as_deref());
    // What is needed once only should not count as growth.
    server.fetch("series", "").await;
    server.fetch("export/visits.csv", "&camera=nobody").await;
    for file in ["visits.csv", "visits.ndjson"] {
        for coding in ["identity", "zstd"] {
            let before = server.memory("VmRSS");
            server.forget_peak();
            let started = Instant::now();
            let (bytes, lines) = server.download(file, coding).await;
            let seconds = started.elapsed().as_secs_f64();
            let head = u64::from(file.ends_with("csv"));
            assert!(coding != "identity" || lines as u64 == rows + head, "{lines} lines");
            println!(
                "{name}: {file} ({coding}): {seconds:.1} s (target 10 s), {} MiB; memory {before:.0} MiB, at most {:+.1} \
                 MiB meanwhile (target 20 MiB)",
                bytes >> 20,
                server.memory("VmHWM") - before
            );
        }
    }
    for query in ["step=hour", "step=day", "step=day&camera=bar", "step=hour&measure=entries"] {
        let mut times = Vec::new();
        for _ in 0..CALLS {
            let started = Instant::now();
            server.fetch("series", &format!("&{query}")).await;
            times.push(started.elapsed().as_secs_f64() * 1000.0);
        }
        times.sort_by(f64::total_cmp);
        println!("{name}: series of the year, {query}: median {:.0} ms", times[CALLS / 2]);
    }
}

/// A server in a process of its own, so that its memory can be told from ours.
struct Server {
    process: Child,
    address: String,
    token: String,
    http: reqwest::Client,
}

impl Server {
    fn start(data: &Path, url: Option<&str>) -> Self {
        let program = |arguments: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_atalaya"));
            command
                .args(arguments)
                .env("ATALAYA_DATA_DIR", data)
                .env("ATALAYA_WEBRTC__LISTEN", "127.0.0.1:0");
            // A year ago is long ago: what is measured must not be cleaned up meanwhile.
            command.env("MALLOC_ARENA_MAX", "2").env("ATALAYA_JOBS__ENABLED", "false");
            if let Some(url) = url {
                command.env("ATALAYA_DATABASE__URL", url);
            }
            command
        };
        let mut serve = program(&["serve", "--listen", "127.0.0.1:0"]);
        let mut process = serve.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
        let line = lines.find(|line| line.contains("listens on")).unwrap();
        // It may say more, to nobody.
        std::thread::spawn(move || lines.for_each(drop));
        let issued = program(&["token", "issue", "--role", "viewer"]).output().unwrap();
        Self {
            process,
            address: line.split_whitespace().last().unwrap().to_owned(),
            token: String::from_utf8(issued.stdout).unwrap().trim().to_owned(),
            http: reqwest::Client::new(),
        }
    }

    async fn get(&self, path: &str, query: &str, coding: &str) -> reqwest::Response {
        let url = format!("{}/api/v1/{path}?{RANGE}{query}", self.address);
        let request = self.http.get(url).bearer_auth(&self.token).header("accept-encoding", coding);
        request.send().await.unwrap().error_for_status().unwrap()
    }

    async fn fetch(&self, path: &str, query: &str) {
        self.get(path, query, "identity").await.bytes().await.unwrap();
    }

    /// Bytes and lines of a whole file.
    async fn download(&self, file: &str, coding: &str) -> (usize, usize) {
        let mut chunks = self.get(&format!("export/{file}"), "", coding).await.bytes_stream();
        let (mut bytes, mut lines) = (0, 0);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.unwrap();
            bytes += chunk.len();
            lines += chunk.iter().filter(|byte| **byte == b'\n').count();
        }
        (bytes, lines)
    }

    /// MiB, as the kernel knows it by this name.
    fn memory(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// From now on the most is counted anew.
    fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.process.id()), "5").unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn write(store: &Store, rows: u64) {
    store.migrate().await.unwrap();
    let tenant = TenantId::default();
    let branch = Branch {
        id: BranchId::default(),
        tenant,
        name: "Centro".to_owned(),
        time_zone: "Europe/Madrid".to_owned(),
    };
    store.put_branch(tenant, &branch, None, START - Duration::from_secs(86_400)).await.unwrap();
    for first in (0..rows).step_by(usize::try_from(BATCH).unwrap()) {
        let batch: Vec<_> = (first..rows.min(first + BATCH)).map(|n| visit(n, rows)).collect();
        store.write_visits(tenant, &batch).await.unwrap();
    }
    store.close().await;
}

/// Visit `n` of an even stream over the year.
fn visit(n: u64, rows: u64) -> VisitRecord {
    let known = |values: &[&str], salt: u64| Attribute {
        value: Some(
            values[usize::try_from((n ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33).unwrap()
                % values.len()]
            .into(),
        ),
        confidence: 0.7,
    };
    let camera = usize::try_from(n % 4).unwrap();
    let gap_ms = u64::try_from(YEAR.as_millis()).unwrap() / rows;
    let enter = START + Duration::from_millis(n * gap_ms);
    VisitRecord {
        run: 1,
        open: false,
        visit: Visit {
            place: Place {
                tenant: TenantId::default(),
                branch: BranchId::default(),
                sector: SectorId::new(1 + i64::try_from(camera).unwrap() / 2).ok(),
                camera: CameraId::new(CAMERAS[camera]).unwrap(),
            },
            track: n,
            enter,
            leave: enter + Duration::from_millis(1000 + n * 7919 % 600_000),
            confidence: 0.8125,
            model: "nanodet".into(),
            attributes: Attributes {
                garment: known(&["jacket", "sweatshirt", "long_sleeve", "t_shirt"], 1),
                style: known(&["formal", "sporty", "casual"], 2),
                primary_color: known(&["black", "white", "grey", "red", "blue", "green", "brown"], 3),
                head_accessory: known(&["none", "hat", "cap", "glasses"], 4),
                age_range: known(&["18-24", "25-34", "35-44", "45-54", "65+"], 5),
                ..Attributes::default()
            },
        },
    }
}
