//! Figures that are kept beside the rows are those that the rows have, whatever was written, closed, told again, counted
//! anew or settled in between; and they outlive the rows.

use std::collections::BTreeSet;

use atalaya::domain::{Attribute, Attributes, Place, Scope, SectorId, Timestamp};
use atalaya::store::{CrossingRecord, MinuteRecord, Record, Store, VisitRecord, ZoneStayRecord};
use atalaya::visit::{Direction, Minute};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sqlx::Connection;

use crate::by_hand::{Rows, by_hand, told};
use crate::fixture::{Fresh, at, branch_id, camera_id, postgres, seconds, sqlite, tenant, visit};

/// Six in the morning in UTC, the zone of a branch that nobody described: the shift begins.
const MORNING: &str = "2026-06-10T06:00:00Z";

const SHIFT_S: u64 = 8 * 3600;

const CAMERAS: [&str; 3] = ["a-c", "ab", "door"];

/// Something that happens to the store.
#[derive(Debug, Clone)]
enum Step {
    /// Records of these numbers, together, maybe one of them twice.
    Write(Vec<Record>),
    /// The server was killed and starts again.
    Restart,
    Settle,
    Recount,
}

on_both!(
    figures_are_those_of_the_rows,
    nodes_that_write_at_once_count_together,
    a_part_of_a_shift_has_its_own_figures,
);

fn place(camera: usize, sector: i64) -> Place {
    let camera = camera_id(CAMERAS[camera]);
    Place { tenant: tenant(1), branch: branch_id(2), sector: SectorId::new(sector).ok(), camera }
}

/// Anywhere, at a time of one of two shifts, rather near to their border.
fn somewhere() -> impl Strategy<Value = (Place, Timestamp)> {
    let time = prop_oneof![0..SHIFT_S * 2, SHIFT_S - 20..SHIFT_S + 20];
    (0..CAMERAS.len(), 0..3_i64, time)
        .prop_map(|(camera, sector, second)| (place(camera, sector), at(MORNING) + seconds(second)))
}

fn looks() -> impl Strategy<Value = Attributes> {
    let said = |values: &'static [&'static str]| {
        proptest::option::of(proptest::sample::select(values)).prop_map(|value| Attribute {
            confidence: if value.is_some() { 0.5 } else { 0.0 },
            value: value.map(Into::into),
        })
    };
    (said(&["jacket", "t_shirt"]), said(&["red", "blue", "grey"]), said(&["hat", "none"]), said(&["bag"]))
        .prop_flat_map(move |(garment, primary_color, head_accessory, bag)| {
            said(&["18-24", "65+"]).prop_map(move |age_range| Attributes {
                garment: garment.clone(),
                primary_color: primary_color.clone(),
                head_accessory: head_accessory.clone(),
                bag: bag.clone(),
                age_range,
                ..Attributes::default()
            })
        })
}

/// Few people, so that the same ones come again and again in other states.
fn any_visit() -> impl Strategy<Value = Record> {
    let place = (0..CAMERAS.len(), 0..2_i64);
    let enter = proptest::sample::select(&[0_u64, 7, 3599, 3600, SHIFT_S - 1, SHIFT_S, SHIFT_S + 5000][..]);
    (place, 0..2_i64, 0..3_u64, enter, 0..5_u64, any::<bool>(), looks()).prop_map(
        |((camera, sector), run, track, enter, stay, open, attributes)| {
            let mut record = visit(1, track, at(MORNING) + seconds(enter), seconds(stay));
            record.visit.place = self::place(camera, sector);
            record.visit.attributes = attributes;
            Record::Visit(VisitRecord { run, open, ..record })
        },
    )
}

fn any_record() -> impl Strategy<Value = Record> {
    let direction = proptest::sample::select(&[Direction::In, Direction::Out][..]);
    let crossing = (somewhere(), 0..3_u64, any::<bool>(), any::<bool>(), direction).prop_map(
        |((place, at), track, front, entrance, direction)| {
            let line = if front { "front" } else { "back" }.into();
            Record::Crossing(CrossingRecord { run: 7, place, track, line, entrance, direction, at })
        },
    );
    let stay =
        (somewhere(), 0..3_u64, any::<bool>(), 0..4_u64).prop_map(|((place, enter), track, bar, stay)| {
            let (zone, leave) = (if bar { "bar" } else { "shop" }.into(), enter + seconds(stay));
            Record::ZoneStay(ZoneStayRecord { run: 7, place, track, zone, enter, leave })
        });
    // Of the same minutes again and again, and also with fewer people than an earlier state had.
    let minute = (0..CAMERAS.len(), 0..2_i64, 0..4_u64, 0..4_u32, 1..60_u64).prop_map(
        |(camera, run, minute, people, seen)| {
            let start = at(MORNING) + seconds(SHIFT_S - 120 + minute * 60);
            let (start_ms, seen_ms) = (start.as_millis().cast_unsigned(), seen * 1000);
            let minute = Minute { start_ms, min: 0, max: people, people_ms: 0, seen_ms };
            Record::Minute(MinuteRecord { run, place: place(camera, 1), minute })
        },
    );
    prop_oneof![3 => any_visit(), 1 => crossing, 1 => stay, 1 => minute]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let write = proptest::collection::vec(any_record(), 1..30).prop_map(|mut records| {
        let again = records[0].clone();
        records.push(again);
        Step::Write(records)
    });
    let step = prop_oneof![
        8 => write, 1 => Just(Step::Restart), 1 => Just(Step::Settle), 1 => Just(Step::Recount)
    ];
    proptest::collection::vec(step, 1..14)
}

/// Every part of both shifts, told by the store and counted by hand.
async fn compare(store: &Store, rows: &Rows) {
    for second in [0, SHIFT_S] {
        let shift = store.shift_at(tenant(1), branch_id(2), at(MORNING) + seconds(second)).await.unwrap();
        let sectors = [None, SectorId::new(1).ok(), SectorId::new(2).ok()];
        for sector in sectors {
            for camera in [None, Some(CAMERAS[0]), Some(CAMERAS[2])] {
                let scope = Scope { sector, camera: camera.map(camera_id) };
                let summary = store.summary_of(tenant(1), &shift, &scope).await.unwrap();
                let expected = by_hand(&shift, &scope, rows);
                assert_eq!(told(&summary, expected.dwell.0), expected, "{scope:?} of {}", shift.name);
                let compared = store.comparison(tenant(1), &shift, &scope, shift.end).await.unwrap();
                assert_eq!(compared.summary, summary);
            }
        }
    }
}

/// One state of each thing in a batch, as two of one batch that differ in their place compete otherwise than one after
/// the other.
fn without_rivals(records: Vec<Record>) -> Vec<Record> {
    let mut known = BTreeSet::new();
    let name = |record: &Record| match record {
        Record::Visit(VisitRecord { run, visit, .. }) => {
            format!("{}{run}/{}{:?}", visit.place.camera, visit.track, visit.enter)
        }
        other => format!("{other:?}"),
    };
    let last = records.last().cloned();
    let mut kept: Vec<Record> = records.into_iter().filter(|record| known.insert(name(record))).collect();
    kept.extend(last);
    kept
}

async fn figures_are_those_of_the_rows(store: &Store) {
    let mut runner = TestRunner::deterministic();
    let mut rows = Rows::default();
    // One store that grows: each case begins where the last one ended.
    for _ in 0..12 {
        for step in steps().new_tree(&mut runner).unwrap().current() {
            match step {
                Step::Write(records) => {
                    let records = without_rivals(records);
                    store.write(tenant(1), &records).await.unwrap();
                    rows.take(&records);
                }
                Step::Restart => {
                    let open = rows.visits.values().filter(|record| record.open).count();
                    assert_eq!(store.close_open_visits().await.unwrap(), open as u64);
                    rows.restart();
                }
                Step::Settle => {
                    let evening = at(MORNING) + seconds(SHIFT_S * 3);
                    store.aggregate_due(evening).await.1.unwrap();
                    let (again, done) = store.aggregate_due(evening).await;
                    done.unwrap();
                    assert_eq!(again, []);
                }
                Step::Recount => {
                    let shift = store.shift_at(tenant(1), branch_id(2), at(MORNING)).await.unwrap();
                    let before = store.summary(tenant(1), &shift).await.unwrap();
                    assert!(store.recount(tenant(1), shift.id).await.unwrap());
                    assert_eq!(store.summary(tenant(1), &shift).await.unwrap(), before);
                }
            }
        }
        compare(store, &rows).await;
    }
    assert!(rows.visits.len() > 50 && rows.minutes.len() > 10, "{} visits", rows.visits.len());
}

#[tokio::test]
async fn figures_outlive_the_rows() {
    for fresh in [sqlite().await, postgres().await] {
        let (store, start) = (&fresh.store, at(MORNING));
        let visits: Vec<_> = (0..10).map(|n| visit(1, n, start + seconds(n), seconds(n))).collect();
        store.write_visits(tenant(1), &visits).await.unwrap();
        let shift = store.shift_at(tenant(1), branch_id(2), start).await.unwrap();
        let before = store.summary(tenant(1), &shift).await.unwrap();
        assert_eq!(before.visits, 10);
        delete_some_visits(&fresh).await;
        assert_eq!(store.summary(tenant(1), &shift).await.unwrap(), before);
        assert!(!store.recount(tenant(1), shift.id).await.unwrap(), "that would forget them");
        assert_eq!(store.summary(tenant(1), &shift).await.unwrap(), before);
    }
}

/// What an older program settled has no stays of zones at hand before the tables are brought forward.
#[tokio::test]
async fn shifts_that_were_settled_before_tell_the_same_after_a_migration() {
    for fresh in [sqlite().await, postgres().await] {
        let (store, start) = (&fresh.store, at(MORNING));
        let stays = (0..40_u64).map(|n| {
            let zone = ["bar", "shop"][usize::from(n % 2 == 1)].into();
            let place = place(usize::from(n % 3 == 0), i64::from(n % 5 == 0) + i64::from(n % 7 == 0));
            // Every second one in the next shift.
            let enter = start + seconds(n + n % 2 * SHIFT_S);
            let leave = enter + seconds(n * n % 23);
            Record::ZoneStay(ZoneStayRecord { run: 7, place, track: n, zone, enter, leave })
        });
        let stays: Vec<_> = stays.collect();
        store.write(tenant(1), &stays).await.unwrap();
        store.aggregate_due(start + seconds(SHIFT_S)).await.1.unwrap();
        let told = async || {
            let mut all = Vec::new();
            for (second, sector) in [(0, 0), (0, 1), (0, 2), (SHIFT_S, 0), (SHIFT_S, 1)] {
                let scope = Scope { sector: SectorId::new(sector).ok(), camera: None };
                let shift = store.shift_at(tenant(1), branch_id(2), start + seconds(second)).await.unwrap();
                all.push(store.summary_of(tenant(1), &shift, &scope).await.unwrap());
            }
            all
        };
        let before = told().await;
        assert_eq!(before[0].zones.len(), 2, "{before:?}");
        fresh.run("drop table zone_dwell").await;
        fresh.run("drop table cleared_table").await;
        fresh.run("delete from _sqlx_migrations where version >= 8").await;
        assert_eq!(store.migrate().await.unwrap().version, Store::schema_version());
        assert_eq!(told().await, before);
    }
}

/// As somebody does who looks after the database, by hand.
async fn delete_some_visits(fresh: &Fresh) {
    let delete = "delete from visit where track < 5";
    if let Some(url) = &fresh.url {
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::query(delete).execute(&mut connection).await.unwrap();
    } else {
        let path = fresh.folder.path().join("atalaya.db");
        let mut connection = sqlx::SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
        sqlx::query(delete).execute(&mut connection).await.unwrap();
    }
}

async fn nodes_that_write_at_once_count_together(store: &Store) {
    let start = at(MORNING);
    let writing = (0..8_u64).map(|node| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..20_u64 {
                // Its own visits, and one that all of them tell in states of their own.
                let own = visit(1, 100 + node * 20 + n, start + seconds(n), seconds(node));
                let shared = VisitRecord { open: n % 2 == 0, ..visit(1, 1, start, seconds(n * 8 + node)) };
                store.write_visits(tenant(1), &[own, shared]).await.unwrap();
            }
        })
    });
    for done in writing.collect::<Vec<_>>() {
        done.await.unwrap();
    }
    let shift = store.shift_at(tenant(1), branch_id(2), start).await.unwrap();
    let counted = store.summary(tenant(1), &shift).await.unwrap();
    assert_eq!((counted.visits, counted.looks.garments[0].count), (161, 161));
    assert!(store.recount(tenant(1), shift.id).await.unwrap());
    assert_eq!(store.summary(tenant(1), &shift).await.unwrap(), counted);
}

async fn a_part_of_a_shift_has_its_own_figures(store: &Store) {
    let start = at(MORNING);
    let visits = [(0_usize, 1_i64), (0, 2), (2, 2), (2, 2)].map(|(camera, sector)| {
        let mut record = visit(1, 1, start + seconds(camera as u64 * 3 + sector.unsigned_abs()), seconds(4));
        record.visit.place = place(camera, sector);
        record.run = sector;
        record
    });
    store.write_visits(tenant(1), &visits).await.unwrap();
    let shift = store.shift_at(tenant(1), branch_id(2), start).await.unwrap();
    let visits = async |sector: Option<i64>, camera: Option<&str>| {
        let scope =
            Scope { sector: sector.map(|id| SectorId::new(id).unwrap()), camera: camera.map(camera_id) };
        store.summary_of(tenant(1), &shift, &scope).await.unwrap().visits
    };
    assert_eq!(visits(None, None).await, 3, "one was told twice");
    assert_eq!((visits(Some(1), None).await, visits(Some(2), None).await), (1, 2));
    assert_eq!((visits(None, Some("door")).await, visits(Some(1), Some("door")).await), (1, 0));
    assert_eq!((visits(Some(9), None).await, visits(None, Some("nobody")).await), (0, 0));
}
