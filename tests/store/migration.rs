//! Databases of older programs are brought forward with all they hold.

use std::fs;
use std::path::Path;

use atalaya::clock::Clock;
use atalaya::domain::Shift;
use atalaya::store::{Migrated, Store};
use sqlx::Connection;
use sqlx::migrate::Migrator;

use crate::fixture::{at, branch_id, seconds, tenant};
use crate::postgres::Cluster;

/// Tables as of the first release that had visits, lines, zones and sound.
const OLD: i64 = 3;

/// Tables as of the release that called all news of shifts told, also of those that ran.
const TOLD: i64 = 7;

/// Every migration, SQLite's and Postgres's, by the beginning of its checksum. A database that has gone through one refuses
/// a program whose own is another: a line in here is added, and never changed.
const RELEASED: [(i64, &str, &str); 11] = [
    (1, "7677bf6194f2e5a9", "3069f016a93bf5c7"),
    (2, "f84c5359f9fe0780", "b852e035d1ea2d3d"),
    (3, "29f2cf83ef23dd77", "3bd287c96a820af6"),
    (4, "43e2eab7deb5ad1f", "4580f317e60b8786"),
    (5, "f7a58d31bb8f585e", "d080029d3adb9d88"),
    (6, "32998df7b2e9cedc", "e86f85d94edc815e"),
    (7, "5b5e0ecd2765c67a", "a7099db5b607da4e"),
    (8, "d342605aa2c28c75", "4ae714ff7e10d9f4"),
    (9, "cd55ae6db6c27fbb", "febddcc2704cc64b"),
    (10, "67434ed7bd17aac4", "7c344ec5aa540225"),
    (11, "9c35b4d50f3d6ab7", "c6ee47f9896a0ae1"),
];

/// One visit of ten seconds, one entry, one stay and one minute, of tenant 1, branch 2, one afternoon in UTC.
const ROWS: [&str; 6] = [
    "insert into branch (tenant, id, name, time_zone) values (1, 2, 'Sol', 'UTC')",
    "insert into shift (tenant, branch, name, start_at, end_at) values (1, 2, 'afternoon', AT_0, AT_28800000)",
    "insert into visit (tenant, branch, sector, camera, shift, run, track, enter_at, leave_at, dwell_ms, open,
        confidence, model, attributes)
        values (1, 2, null, 'door', 1, 7, 1, AT_60000, AT_70000, 10000, false, 0.5, 'nanodet',
            '{\"garment\":{\"value\":\"jacket\",\"confidence\":0.5}}')",
    "insert into line_crossing (tenant, branch, sector, camera, shift, run, track, line, entrance, direction,
        crossed_at) values (1, 2, null, 'door', 1, 7, 1, 'door', true, 'in', AT_60500)",
    "insert into zone_stay (tenant, branch, sector, camera, shift, run, track, zone, enter_at, leave_at, dwell_ms)
        values (1, 2, null, 'door', 1, 7, 1, 'bar', AT_61000, AT_66000, 5000)",
    "insert into occupancy (tenant, branch, sector, camera, shift, run, minute_at, min_people, max_people,
        people_ms, seen_ms) values (1, 2, null, 'door', 1, 7, AT_60000, 0, 1, 10000, 60000)",
];

/// The start of the afternoon.
const START: &str = "2026-06-10T14:00:00Z";

/// The migrations up to `version`.
async fn migrations(kind: &str, version: i64) -> Migrator {
    written(kind, version, &[]).await
}

/// Those up to [`TOLD`] as they went out for a while: shifts that ran were not called told, as 0009_running.sql does now.
async fn interim(kind: &str) -> Migrator {
    let end = match kind {
        "sqlite" => "end_at <= cast(strftime('%s', 'now') as integer) * 1000;",
        _ => "end_at <= now();",
    };
    let edits = [
        ("news of the past.", "news of the past; what runs is still to end."),
        ("start_told = true, end_told = true;", &format!("start_told = true, end_told = {end}")),
    ];
    written(kind, TOLD, &edits).await
}

/// The migrations up to `version`, the last one with `edits`: what to what.
async fn written(kind: &str, version: i64, edits: &[(&str, &str)]) -> Migrator {
    let folder = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(kind);
    for entry in fs::read_dir(source).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let number: i64 = name.split('_').next().unwrap().parse().unwrap();
        if number > version {
            continue;
        }
        let mut text = fs::read_to_string(entry.path()).unwrap();
        for (what, to) in edits.iter().filter(|_| number == version) {
            assert!(text.contains(what), "{name}: {what}");
            text = text.replace(what, to);
        }
        fs::write(folder.path().join(name), text).unwrap();
    }
    Migrator::new(folder.path()).await.unwrap()
}

/// The beginning of each migration's checksum.
async fn checksums(kind: &str) -> Vec<(i64, String)> {
    let all = migrations(kind, i64::MAX).await;
    let short = |sum: &[u8]| sum[..8].iter().map(|byte| format!("{byte:02x}")).collect();
    all.iter().map(|migration| (migration.version, short(&migration.checksum))).collect()
}

#[tokio::test]
async fn what_databases_have_gone_through_stays_as_it_was() {
    let of = |sum: fn(&(i64, &str, &str)) -> (i64, String)| RELEASED.iter().map(sum).collect::<Vec<_>>();
    assert_eq!(checksums("sqlite").await, of(|(version, sqlite, _)| (*version, (*sqlite).to_owned())));
    assert_eq!(checksums("postgres").await, of(|(version, _, postgres)| (*version, (*postgres).to_owned())));
}

/// A shift that began an hour ago and goes on for another one, in a branch of its own.
fn running(write: impl Fn(i64) -> String) -> String {
    let now = Clock::system().now().as_millis();
    let (start, end) = (write(now - 3_600_000), write(now + 3_600_000));
    let columns = "tenant, branch, name, start_at, end_at";
    format!("insert into shift ({columns}) values (1, 3, 'running', {start}, {end})")
}

/// `AT_n` is n milliseconds after the start.
fn rows(write: impl Fn(i64) -> String) -> Vec<String> {
    let start = at(START).as_millis();
    let fill = |sql: &&str| {
        let mut parts = sql.split("AT_");
        let mut text = parts.next().unwrap().to_owned();
        for part in parts {
            let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap();
            let offset: i64 = part[..digits].parse().unwrap();
            text.push_str(&write(start + offset));
            text.push_str(&part[digits..]);
        }
        text
    };
    ROWS.iter().map(fill).chain([running(&write)]).collect()
}

/// Of what began under an older program a newer one tells the end, and nothing else of the past.
async fn check_news(store: &Store) {
    let (ended, started) = store.take_shift_news(Clock::system().now() + seconds(7200)).await.unwrap();
    let names = |shifts: &[Shift]| shifts.iter().map(|shift| shift.name.clone()).collect::<Vec<_>>();
    assert_eq!((names(&ended), names(&started)), (vec!["running".to_owned()], vec![]));
}

async fn check(store: &Store) {
    let shift = store.shift_at(tenant(1), branch_id(2), at("2026-06-10T15:00:00Z")).await.unwrap();
    assert_eq!((shift.id.get(), shift.name.as_str(), shift.start), (1, "afternoon", at(START)));
    let summary = store.summary(tenant(1), &shift).await.unwrap();
    assert_eq!((summary.visits, summary.dwell_median_s, summary.unique_people), (1, Some(10), Some(1)));
    assert_eq!(summary.visits_by_hour, [1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(summary.visits_by_camera, [("door".to_owned(), 1)]);
    assert_eq!(store.visits(tenant(1), shift.id, None, 10).await.unwrap().items.len(), 1);
    let next = store.shift_at(tenant(1), branch_id(2), shift.end).await.unwrap();
    assert_eq!((next.name.as_str(), next.start), ("night", shift.end));
}

/// A database that went through `later`, with rows from before.
async fn old_file(folder: &Path, later: Migrator) {
    let file = folder.join("atalaya.db");
    let mut connection =
        sqlx::SqliteConnection::connect(&format!("{}?mode=rwc", file.display())).await.unwrap();
    migrations("sqlite", OLD).await.run(&mut connection).await.unwrap();
    for sql in rows(|ms| ms.to_string()) {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    later.run(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn old_sqlite_files_are_brought_forward_with_their_rows_and_kept_as_they_were() {
    for to in [OLD, TOLD] {
        bring_forward(to, migrations("sqlite", to).await).await;
    }
    bring_forward(TOLD, interim("sqlite").await).await;
}

async fn bring_forward(old: i64, migrations: Migrator) {
    let folder = tempfile::tempdir().unwrap();
    old_file(folder.path(), migrations).await;
    let store = Store::open(None, folder.path()).await.unwrap();
    let Migrated { version, kept } = store.migrate().await.unwrap();
    assert_eq!(version, Store::schema_version());
    check_news(&store).await;
    check(&store).await;
    let kept = kept.unwrap();
    assert_eq!(kept, folder.path().join(format!("atalaya.db.before-{version}")));
    let mut connection = sqlx::SqliteConnection::connect(kept.to_str().unwrap()).await.unwrap();
    let count = "select (select max(version) from _sqlx_migrations), (select count(*) from visit)";
    let found: (i64, i64) = sqlx::query_as(count).fetch_one(&mut connection).await.unwrap();
    assert_eq!(found, (old, 1));
    assert_eq!(store.migrate().await.unwrap().kept, None, "there is nothing to change the second time");
}

/// As a service does that is restarted after each failure.
#[tokio::test]
async fn a_migration_that_fails_again_and_again_keeps_one_copy() {
    let folder = tempfile::tempdir().unwrap();
    old_file(folder.path(), migrations("sqlite", OLD).await).await;
    let file = folder.path().join("atalaya.db");
    let mut connection = sqlx::SqliteConnection::connect(file.to_str().unwrap()).await.unwrap();
    // As those of many visits together, more than SQLite can add up.
    for sql in [
        "update visit set leave_at = 5000000000000000000",
        "insert into visit select id + 1, tenant, branch, sector, camera, shift, run, track + 1, enter_at, leave_at,
            dwell_ms, open, confidence, model, attributes from visit",
    ] {
        sqlx::query(sql).execute(&mut connection).await.unwrap();
    }
    // In the way of the next version's table of this name.
    sqlx::query("create table tally (x integer) strict").execute(&mut connection).await.unwrap();
    let copies = || {
        let names = std::fs::read_dir(folder.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains(".before-")).count()
    };
    for _ in 0..3 {
        let store = Store::open(None, folder.path()).await.unwrap();
        assert!(store.migrate().await.is_err());
        store.close().await;
        assert_eq!(copies(), 1);
    }
    sqlx::query("update visit set leave_at = leave_at + 1").execute(&mut connection).await.unwrap();
    assert!(Store::open(None, folder.path()).await.unwrap().migrate().await.is_err());
    assert_eq!(copies(), 2, "what has changed since has a copy of its own");
}

#[tokio::test]
async fn old_postgres_databases_are_brought_forward_with_their_rows() {
    let cluster = Cluster::shared();
    for later in
        [migrations("postgres", OLD).await, migrations("postgres", TOLD).await, interim("postgres").await]
    {
        let (url, folder) = (cluster.create_database(), tempfile::tempdir().unwrap());
        let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
        migrations("postgres", OLD).await.run(&mut connection).await.unwrap();
        for sql in rows(|ms| format!("to_timestamp({ms} / 1000.0)")) {
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        }
        later.run(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let store = Store::open(Some(&url), folder.path()).await.unwrap();
        let done = store.migrate().await.unwrap();
        assert_eq!(done, Migrated { version: Store::schema_version(), kept: None });
        check_news(&store).await;
        check(&store).await;
        store.close().await;
    }
}

#[tokio::test]
async fn damaged_old_file_is_named_and_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    old_file(folder.path(), migrations("sqlite", OLD).await).await;
    let file = folder.path().join("atalaya.db");
    let mut bytes = fs::read(&file).unwrap();
    let end = bytes.len();
    // The first page, which tells where everything is, stays.
    bytes[8192..end].fill(0x5a);
    fs::write(&file, &bytes).unwrap();
    let error = match Store::open(None, folder.path()).await {
        Ok(store) => store.migrate().await.unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    assert!(error.contains(&file.display().to_string()) && error.contains("damaged"), "{error}");
    assert_eq!(fs::read(&file).unwrap()[8192..], bytes[8192..]);
}
