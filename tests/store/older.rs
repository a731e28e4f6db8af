//! What an older program wrote is counted when a newer one comes.

use std::path::Path;

use atalaya::store::Store;
use sqlx::Connection;
use sqlx::migrate::Migrator;

use crate::fixture::{at, branch_id, tenant};
use crate::postgres::Cluster;

/// The last version of the tables that had no figures beside its rows.
const OLDER: i64 = 3;

const NIGHT: &str = "insert into shift (tenant, branch, name, start_at, end_at)
    values (1, 2, 'night', :22, :30)";
const VISITS: &str = "insert into visit (tenant, branch, sector, camera, shift, run, track, enter_at, leave_at, dwell_ms,
        open, confidence, model, attributes)
    values (1, 2, 3, 'door', 1, 1, 1, :22, :23, 3600000, false, 0.5, 'm', '{\"bag\":{\"value\":\"bag\",\"confidence\":1}}'),
        (1, 2, 3, 'door', 1, 1, 1, :23, :24, 3600000, false, 0.5, 'm', '{}'),
        (1, 2, null, 'a-c', 1, 1, 2, :24, :24, 0, true, 0.5, 'm', '{}')";
const CROSSINGS: &str = "insert into line_crossing
        (tenant, branch, sector, camera, shift, run, track, line, entrance, direction, crossed_at)
    values (1, 2, 3, 'door', 1, 1, 1, 'front', true, 'in', :22), (1, 2, 3, 'door', 1, 1, 2, 'back', false, 'out', :23)";
const STAYS: &str = "insert into zone_stay (tenant, branch, sector, camera, shift, run, track, zone, enter_at, leave_at, dwell_ms)
    values (1, 2, 3, 'door', 1, 1, 1, 'bar', :22, :23, 3600000)";
const MINUTES: &str = "insert into occupancy (tenant, branch, sector, camera, shift, run, minute_at, min_people, max_people,
        people_ms, seen_ms)
    values (1, 2, 3, 'door', 1, 1, :22, 0, 4, 60000, 60000), (1, 2, 3, 'door', 1, 1, :23, 0, 4, 60000, 60000)";

/// The statements with `:22` as ten at night on 10 June 2026, hours counted on over midnight.
fn older_rows(instant: impl Fn(i64) -> String) -> Vec<String> {
    let ten = at("2026-06-10T22:00:00Z").as_millis();
    let fill = |text: &str| {
        (22..=30).fold(text.to_owned(), |text, hour| {
            text.replace(&format!(":{hour}"), &instant(ten + (hour - 22) * 3_600_000))
        })
    };
    [NIGHT, VISITS, CROSSINGS, STAYS, MINUTES, LATE].map(fill).into()
}

/// The migrations up to [`OLDER`] only.
async fn older_tables(kind: &str, folder: &Path) -> Migrator {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(kind);
    for file in std::fs::read_dir(from).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.split('_').next().unwrap().parse::<i64>().unwrap() <= OLDER {
            std::fs::copy(&path, folder.join(name)).unwrap();
        }
    }
    Migrator::new(folder.to_path_buf()).await.unwrap()
}

/// A visit that an older program writes beside a newer one.
const LATE: &str =
    "insert into visit (tenant, branch, sector, camera, shift, run, track, enter_at, leave_at, dwell_ms,
        open, confidence, model, attributes)
    values (1, 2, 3, 'door', 1, 1, 9, :24, :25, 3600000, false, 0.5, 'm', '{}')";

async fn visits(store: &Store) -> u64 {
    let shift = store.shift_at(tenant(1), branch_id(2), at("2026-06-10T23:30:00Z")).await.unwrap();
    store.summary(tenant(1), &shift).await.unwrap().visits
}

/// What was written past the counts is counted when its shift is settled.
async fn check_late(store: &Store) {
    assert_eq!(visits(store).await, 3, "an older program counts nothing");
    store.aggregate_due(at("2026-06-11T07:00:00Z")).await.1.unwrap();
    assert_eq!(visits(store).await, 4);
}

async fn check(store: &Store) {
    assert_eq!(store.migrate().await.unwrap().version, Store::schema_version());
    let shift = store.shift_at(tenant(1), branch_id(2), at("2026-06-10T23:30:00Z")).await.unwrap();
    let counted = store.summary(tenant(1), &shift).await.unwrap();
    assert_eq!((counted.visits, counted.unique_people), (3, Some(1)));
    assert_eq!(counted.visits_by_hour, [1, 1, 1, 0, 0, 0, 0, 0]);
    assert_eq!(counted.people_by_camera, [("a-c".to_owned(), 1), ("door".to_owned(), 1)]);
    assert_eq!((counted.dwell_median_s, counted.lines.len(), counted.zones[0].stays), (Some(3600), 2, 1));
    assert_eq!((counted.peaks[0].1.people, counted.peaks[0].1.at), (4, shift.start));
    assert_eq!(counted.looks.bags[0].count, 1);
    assert!(store.recount(tenant(1), shift.id).await.unwrap());
    assert_eq!(store.summary(tenant(1), &shift).await.unwrap(), counted);
}

#[tokio::test]
async fn older_rows_are_counted_on_sqlite() {
    let (folder, tables) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = format!("sqlite://{}?mode=rwc", folder.path().join("atalaya.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&file).await.unwrap();
    older_tables("sqlite", tables.path()).await.run(&mut connection).await.unwrap();
    let mut rows = older_rows(|ms| ms.to_string());
    let late = rows.pop().unwrap();
    for statement in rows {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }
    let store = Store::open(None, folder.path()).await.unwrap();
    check(&store).await;
    sqlx::query(sqlx::AssertSqlSafe(late)).execute(&mut connection).await.unwrap();
    check_late(&store).await;
}

#[tokio::test]
async fn older_rows_are_counted_on_postgres() {
    let (cluster, tables) = (Cluster::shared(), tempfile::tempdir().unwrap());
    let url = cluster.create_database();
    let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
    older_tables("postgres", tables.path()).await.run(&mut connection).await.unwrap();
    let mut rows = older_rows(|ms| format!("to_timestamp({ms} / 1000.0)"));
    let late = rows.pop().unwrap();
    for statement in rows {
        sqlx::query(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
    }
    let store = Store::open(Some(&url), tables.path()).await.unwrap();
    check(&store).await;
    sqlx::query(sqlx::AssertSqlSafe(late)).execute(&mut connection).await.unwrap();
    check_late(&store).await;
}
