//! How fast visits are written and a shift is summed up, on SQLite and on a real Postgres.
//!
//! `cargo bench --bench store [-- ROWS]` (200000 rows unless said otherwise). The figures in
//! docs/performance.md come from here.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for a person at a terminal")]

#[allow(dead_code, reason = "the tests ask more of a cluster than a measurement does")]
#[path = "../tests/common/postgres.rs"]
mod postgres;

use std::time::{Duration, Instant};

use atalaya::domain::{Attribute, Attributes, BranchId, CameraId, Place, TenantId, Timestamp, Visit};
use atalaya::store::{Store, VisitRecord};

/// What the recorder writes at once.
const BATCH: u64 = 500;

/// 2026-06-01T06:00:00Z, the start of a morning.
const START: Timestamp = Timestamp::from_millis(1_780_293_600_000);

const SHIFT: Duration = Duration::from_secs(8 * 3600);

/// Visits of a shift: a very busy venue.
const VISITS_A_SHIFT: u64 = 10_000;

fn main() {
    let rows = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(200_000);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        measure("SQLite", Store::open(None, folder.path()).await.unwrap(), rows).await;
        let cluster = postgres::Cluster::shared();
        let url = cluster.create_database();
        measure("Postgres", Store::open(Some(&url), folder.path()).await.unwrap(), rows).await;
    });
}

async fn measure(name: &str, store: Store, rows: u64) {
    store.migrate().await.unwrap();
    let tenant = TenantId::default();
    let started = Instant::now();
    for first in (0..rows).step_by(usize::try_from(BATCH).unwrap()) {
        let batch: Vec<_> = (first..first + BATCH).map(visit).collect();
        store.write_visits(tenant, &batch).await.unwrap();
    }
    let took = started.elapsed();
    println!(
        "{name}: {rows} visits written in batches of {BATCH}: {:.0} visits/s",
        rows as f64 / took.as_secs_f64()
    );

    let middle = START + SHIFT * u32::try_from(rows / VISITS_A_SHIFT / 2).unwrap();
    let shift = store.shift_at(tenant, BranchId::default(), middle).await.unwrap();
    let summary = store.summary(tenant, &shift).await.unwrap();
    let times = repeat(async || drop(store.summary(tenant, &shift).await.unwrap())).await;
    println!("{name}: summary of a shift of {} visits among {rows}: {times}", summary.visits);
    let times = repeat(async || drop(store.visits(tenant, shift.id, None, 500).await.unwrap())).await;
    println!("{name}: newest 500 visits of that shift: {times}");
    let one = |n: u64| [visit(rows + n)];
    let mut n = 0;
    let times = repeat(async || {
        n += 1;
        store.write_visits(tenant, &one(n)).await.unwrap();
    })
    .await;
    println!("{name}: a single visit, durable: {times}");
    store.close().await;
}

/// Median and longest of 50 times.
async fn repeat(mut work: impl AsyncFnMut()) -> String {
    let mut times = Vec::new();
    for _ in 0..50 {
        let started = Instant::now();
        work().await;
        times.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    format!("median {:.1} ms, longest {:.1} ms", times[25], times[49])
}

/// Visit `n` of an even stream over shift after shift, seen by four cameras.
fn visit(n: u64) -> VisitRecord {
    let gap = SHIFT / u32::try_from(VISITS_A_SHIFT).unwrap();
    let enter = START + gap * u32::try_from(n).unwrap();
    let known = |value: &str| Attribute { value: Some(value.into()), confidence: 0.7 };
    VisitRecord {
        run: 1,
        open: false,
        visit: Visit {
            place: Place {
                tenant: TenantId::default(),
                branch: BranchId::default(),
                sector: None,
                camera: CameraId::new(["door", "bar", "hall", "desk"][usize::try_from(n % 4).unwrap()])
                    .unwrap(),
            },
            track: n,
            enter,
            leave: enter + Duration::from_millis(1000 + n * 7919 % 600_000),
            confidence: 0.8,
            model: "nanodet".into(),
            attributes: Attributes {
                garment: known("jacket"),
                primary_color: known("red"),
                ..Attributes::default()
            },
        },
    }
}
