//! How fast visits are written and shifts summed up and compared, on SQLite and on a real Postgres.
//!
//! `cargo bench --bench store [-- ROWS [sqlite|postgres]]`: ROWS visits (200000 unless said otherwise; 10000000 are a year
//! of a busy venue) of four cameras, shift after shift, with the crossings, stays and minutes that go with them. The
//! figures in docs/performance.md come from here.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program for a person at a terminal")]

#[allow(dead_code, reason = "the tests ask more of a cluster than a measurement does")]
#[path = "../tests/common/postgres.rs"]
mod postgres;

use std::path::Path;
use std::time::{Duration, Instant};

use atalaya::domain::{
    Attribute, Attributes, BranchId, CameraId, Place, Scope, SectorId, Shift, TenantId, Timestamp, Visit,
};
use atalaya::store::{CrossingRecord, MinuteRecord, Record, Store, VisitRecord, ZoneStayRecord};
use atalaya::visit::{Direction, Minute};
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Executor};

/// Visits that are written at once, with what goes with them.
const BATCH: u64 = 4000;

/// What the recorder writes at once.
const SMALL_BATCH: u64 = 500;

/// 2026-06-01T06:00:00Z, the start of a morning.
const START: Timestamp = Timestamp::from_millis(1_780_293_600_000);

const SHIFT: Duration = Duration::from_secs(8 * 3600);

/// Visits of a shift: a very busy venue.
const VISITS_A_SHIFT: u64 = 10_000;

const CAMERAS: [&str; 4] = ["door", "bar", "hall", "desk"];

/// Rows that are written as the seed does, two commits each.
const SEED_ROWS: u32 = 1000;

/// Calls of which a figure is the 95th percentile.
const CALLS: u64 = 300;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let rows = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(200_000);
    let wanted = |name: &str| {
        !arguments
            .iter()
            .any(|argument| argument != name && ["sqlite", "postgres"].contains(&argument.as_str()))
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        if wanted("sqlite") {
            let seed = seed_sqlite(folder.path()).await;
            measure("SQLite", Store::open(None, folder.path()).await.unwrap(), rows, seed).await;
        }
        if wanted("postgres") {
            let cluster = postgres::Cluster::shared();
            let seed = seed_postgres(&cluster.create_database()).await;
            let url = cluster.create_database();
            measure("Postgres", Store::open(Some(&url), folder.path()).await.unwrap(), rows, seed).await;
        }
    });
}

/// Rows a second as the seed writes them: the row and a commit, then the shift's total and a commit.
macro_rules! seed {
    ($pool:expr) => {{
        let pool = $pool;
        pool.execute("create table turn (id integer primary key, total integer not null)").await.unwrap();
        pool.execute("insert into turn values (1, 0)").await.unwrap();
        let table = "create table detection (id integer primary key, turn integer references turn (id),
            garment text, style text, color text, head text, bag text, age text, confidence real, at text)";
        pool.execute(table).await.unwrap();
        let started = Instant::now();
        for n in 0..SEED_ROWS {
            let insert =
                "insert into detection values ($1, 1, 'jacket', 'casual', 'red', null, null, '18-24', 0.9,
                '2026-06-01T06:00:00')";
            sqlx::query(insert).bind(i64::from(n)).execute(&pool).await.unwrap();
            sqlx::query("update turn set total = total + 1 where id = 1").execute(&pool).await.unwrap();
        }
        f64::from(SEED_ROWS) / started.elapsed().as_secs_f64()
    }};
}

/// With the settings of our own writer, which are kinder than the seed's.
async fn seed_sqlite(folder: &Path) -> f64 {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("seed.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .disable_statement_logging();
    seed!(sqlx::sqlite::SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap())
}

async fn seed_postgres(url: &str) -> f64 {
    seed!(PgPoolOptions::new().max_connections(1).connect(url).await.unwrap())
}

async fn measure(name: &str, store: Store, rows: u64, seed: f64) {
    store.migrate().await.unwrap();
    let written = write(&store, rows).await;
    println!(
        "{name}: {rows} visits written with all that goes with them, {BATCH} at once: {written:.0} visits/s; \
         two commits a row, as the seed: {seed:.0}/s; {:.0} times as many",
        written / seed
    );
    let last = START + Duration::from_millis(rows.saturating_sub(1) * gap_ms());
    let started = Instant::now();
    let (settled, done) = store.aggregate_due(last).await;
    done.unwrap();
    let settled = settled.len();
    println!("{name}: {settled} shifts settled in {:.1} s", started.elapsed().as_secs_f64());
    let running = shift_at(&store, last).await;
    report(&store, name, &running, last, rows).await;
    let visits = visits_only(&store, rows).await;
    println!(
        "{name}: nothing but visits, {BATCH} at once: {:.0}/s, {:.0} times the seed; {SMALL_BATCH} at once: {:.0}/s; \
         a single one: {}",
        visits.large,
        visits.large / seed,
        visits.small,
        visits.single
    );
    store.close().await;
}

/// Writes the year; answers visits a second.
async fn write(store: &Store, rows: u64) -> f64 {
    let (started, mut said) = (Instant::now(), Instant::now());
    // What is made up here is ready when the store asks for it, as the recorder's rows are.
    let (send, mut received) = tokio::sync::mpsc::channel(2);
    tokio::task::spawn_blocking(move || {
        for first in (0..rows).step_by(usize::try_from(BATCH).unwrap()) {
            let batch: Vec<_> = (first..rows.min(first + BATCH)).flat_map(records).collect();
            if send.blocking_send((first, batch)).is_err() {
                return;
            }
        }
    });
    while let Some((first, batch)) = received.recv().await {
        store.write(TenantId::default(), &batch).await.unwrap();
        if said.elapsed() > Duration::from_secs(30) {
            said = Instant::now();
            println!("  … {first} visits, {:.0}/s", first as f64 / started.elapsed().as_secs_f64());
        }
    }
    rows as f64 / started.elapsed().as_secs_f64()
}

struct Rates {
    large: f64,
    small: f64,
    single: String,
}

/// Visits and nothing else, after all others.
async fn visits_only(store: &Store, rows: u64) -> Rates {
    let mut next = rows;
    let mut rate = async |count: u64, size: u64| {
        let batches: Vec<Vec<_>> = (0..count / size)
            .map(|batch| (0..size).map(|n| visit(next + batch * size + n)).collect())
            .collect();
        next += count;
        let started = Instant::now();
        for batch in &batches {
            store.write_visits(TenantId::default(), batch).await.unwrap();
        }
        count as f64 / started.elapsed().as_secs_f64()
    };
    let (large, small) = (rate(100 * BATCH, BATCH).await, rate(100 * SMALL_BATCH, SMALL_BATCH).await);
    let single = repeat(async |n| {
        store.write_visits(TenantId::default(), &[visit(next + n)]).await.unwrap();
    });
    Rates { large, small, single: single.await }
}

async fn shift_at(store: &Store, at: Timestamp) -> Shift {
    store.shift_at(TenantId::default(), BranchId::default(), at).await.unwrap()
}

/// What reading costs.
async fn report(store: &Store, name: &str, running: &Shift, last: Timestamp, rows: u64) {
    let tenant = TenantId::default();
    let current = repeat(async |_| drop(store.summary(tenant, running).await.unwrap())).await;
    println!("{name}: current summary: {current} (target 10 ms)");
    let shifts = rows / VISITS_A_SHIFT;
    let mut past = Vec::new();
    for n in 0..CALLS {
        past.push(shift_at(store, START + SHIFT * u32::try_from(n * 7919 % shifts.max(1)).unwrap()).await);
    }
    let at = |n: u64| &past[usize::try_from(n).unwrap()];
    let visits = store.summary(tenant, at(0)).await.unwrap().visits;
    let times = repeat(async |n| drop(store.summary(tenant, at(n)).await.unwrap())).await;
    println!("{name}: summary of a past shift of {visits} visits: {times} (target 10 ms)");
    let scope = Scope { sector: None, camera: Some(CameraId::new(CAMERAS[1]).unwrap()) };
    let times = repeat(async |n| drop(store.summary_of(tenant, at(n), &scope).await.unwrap())).await;
    println!("{name}: the same of one camera: {times}");
    let whole = Scope::default();
    let others = store.comparison(tenant, running, &whole, last).await.unwrap().others;
    let times = repeat(async |_| drop(store.comparison(tenant, running, &whole, last).await.unwrap())).await;
    println!("{name}: current shift beside {others} of four weeks: {times} (target 50 ms)");
    let times = repeat(async |n| drop(store.comparison(tenant, at(n), &whole, last).await.unwrap())).await;
    println!("{name}: a past one beside those before it: {times} (target 50 ms)");
    let times = repeat(async |n| drop(store.visits(tenant, at(n).id, None, 500).await.unwrap())).await;
    println!("{name}: newest 500 visits of a past shift: {times}");
    let times = repeat(async |n| assert!(store.recount(tenant, at(n).id).await.unwrap())).await;
    println!("{name}: a past shift counted anew: {times}");
}

/// Median, 95th percentile and longest.
async fn repeat(mut work: impl AsyncFnMut(u64)) -> String {
    let mut times = Vec::new();
    for n in 0..CALLS {
        let started = Instant::now();
        work(n).await;
        times.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[(times.len() as f64 * share) as usize];
    format!("median {:.1}, p95 {:.1}, longest {:.1} ms", at(0.5), at(0.95), times[times.len() - 1])
}

/// Milliseconds between two visits.
fn gap_ms() -> u64 {
    u64::try_from(SHIFT.as_millis()).unwrap() / VISITS_A_SHIFT
}

/// A number that looks like any other, the same for the same `n`.
fn dice(n: u64, sides: u64) -> u64 {
    let mut x = n.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (x >> 33) % sides
}

fn place(n: u64) -> Place {
    let camera = usize::try_from(n % 4).unwrap();
    Place {
        tenant: TenantId::default(),
        branch: BranchId::default(),
        sector: SectorId::new(1 + i64::try_from(camera).unwrap() / 2).ok(),
        camera: CameraId::new(CAMERAS[camera]).unwrap(),
    }
}

/// Visit `n`, every fifth coming and going by the door, every fourth with a stay at the bar, and the minutes that pass.
fn records(n: u64) -> Vec<Record> {
    let record = visit(n);
    let Visit { enter, leave, track, .. } = record.visit;
    let mut records = Vec::with_capacity(5);
    if n.is_multiple_of(5) {
        for (direction, at) in [(Direction::In, enter), (Direction::Out, leave)] {
            let line = "door".into();
            let crossing =
                CrossingRecord { run: 1, place: place(n), track, line, entrance: true, direction, at };
            records.push(Record::Crossing(crossing));
        }
    }
    if n % 4 == 1 {
        let zone = "bar".into();
        records.push(Record::ZoneStay(ZoneStayRecord { run: 1, place: place(n), track, zone, enter, leave }));
    }
    // Twenty visits a minute: one in five brings the minute of one camera.
    if n % 5 == 2 {
        let start_ms = enter.as_millis().cast_unsigned() / 60_000 * 60_000;
        let people = u32::try_from(dice(n, 15)).unwrap();
        let people_ms = u64::from(people) * 60_000;
        let minute = Minute { start_ms, min: 0, max: people, people_ms, seen_ms: 60_000 };
        records.push(Record::Minute(MinuteRecord { run: 1, place: place(n / 5), minute }));
    }
    records.push(Record::Visit(record));
    records
}

/// Visit `n` of an even stream over shift after shift. Most stay for some minutes, a few for an hour.
fn visit(n: u64) -> VisitRecord {
    let enter = START + Duration::from_millis(n * gap_ms());
    let share = (dice(n, 1_000_000) + 1) as f64 / 1_000_001.0;
    let known = |value: &str| Attribute { value: Some(value.into()), confidence: 0.7 };
    let one_of = |salt: u64, values: &[&str]| {
        known(values[usize::try_from(dice(n ^ (salt << 40), values.len() as u64)).unwrap()])
    };
    VisitRecord {
        run: 1,
        open: false,
        visit: Visit {
            place: place(n),
            track: n,
            enter,
            leave: enter + Duration::from_secs_f64(1.0 - 180.0 * share.ln()),
            confidence: 0.8,
            model: "nanodet".into(),
            attributes: Attributes {
                garment: one_of(1, &["jacket", "sweatshirt", "long_sleeve", "t_shirt"]),
                style: one_of(2, &["formal", "sporty", "casual"]),
                primary_color: one_of(3, &["black", "white", "grey", "red", "blue", "green", "brown"]),
                head_accessory: one_of(4, &["none", "none", "hat", "cap", "glasses"]),
                bag: if dice(n, 3) == 0 { one_of(5, &["backpack", "handbag"]) } else { Attribute::default() },
                age_range: one_of(6, &["18-24", "25-34", "35-44", "45-54", "65+"]),
                ..Attributes::default()
            },
        },
    }
}
