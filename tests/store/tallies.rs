//! Figures that are kept beside the rows are those that the rows have, whatever was written, closed, told again, counted
//! anew or settled in between; and they outlive the rows.

use std::collections::{BTreeMap, BTreeSet};

use atalaya::domain::{Attribute, Attributes, CameraId, Place, Scope, SectorId, Shift, Summary, Timestamp};
use atalaya::store::{CrossingRecord, MinuteRecord, Record, Store, VisitRecord, ZoneStayRecord};
use atalaya::visit::{Direction, Minute};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sqlx::Connection;

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

/// What a person would do with all rows on the table.
fn by_hand(shift: &Shift, scope: &Scope, rows: &Rows) -> Counted {
    let is_meant = |place: &Place, begin: Timestamp| {
        (shift.start <= begin && begin < shift.end)
            && scope.camera.as_ref().is_none_or(|camera| *camera == place.camera)
            && scope.sector.is_none_or(|sector| Some(sector) == place.sector)
    };
    let mut counted = Counted::default();
    let mut people = BTreeSet::new();
    let (mut dwell, mut zones) = (Vec::new(), BTreeMap::<_, Vec<u64>>::new());
    let mut entered = None;
    for VisitRecord { run, open, visit } in rows.visits.values() {
        let (place, looks) = (&visit.place, &visit.attributes);
        if !is_meant(place, visit.enter) {
            continue;
        }
        let camera = place.camera.to_string();
        counted.visits += 1;
        *counted.by_hour.entry(visit.enter.since(shift.start).as_secs() / 3600).or_default() += 1;
        *counted.by_camera.entry(camera.clone()).or_default() += 1;
        if people.insert((camera.clone(), place.sector.map(SectorId::get), *run, visit.track)) {
            *counted.people.entry(camera).or_default() += 1;
        }
        if !open {
            dwell.push(visit.leave.since(visit.enter).as_secs());
        }
        for said in
            [&looks.garment, &looks.primary_color, &looks.head_accessory, &looks.bag, &looks.age_range]
        {
            if let Some(value) = said.value.as_deref().filter(|value| *value != "none") {
                *counted.said.entry(value.to_owned()).or_default() += 1;
            }
        }
    }
    for CrossingRecord { place, line, entrance, direction, .. } in
        rows.crossings.values().filter(|crossing| is_meant(&crossing.place, crossing.at))
    {
        let known = counted.lines.entry((place.camera.to_string(), line.to_string())).or_default();
        let inwards = *direction == Direction::In;
        *known = (known.0 || *entrance, known.1 + u64::from(inwards), known.2 + u64::from(!inwards));
        if *entrance {
            *entered.get_or_insert(0) += u64::from(inwards);
        }
    }
    for stay in rows.stays.values().filter(|stay| is_meant(&stay.place, stay.enter)) {
        let key = (stay.place.camera.to_string(), stay.zone.to_string());
        zones.entry(key).or_default().push(stay.leave.since(stay.enter).as_secs());
    }
    for record in rows.minutes.values() {
        let minute = &record.minute;
        let start = Timestamp::from_millis(minute.start_ms.cast_signed());
        if is_meant(&record.place, start) {
            let this = (minute.max, std::cmp::Reverse(start));
            let known = counted.peaks.entry(record.place.camera.to_string()).or_insert(this);
            *known = this.max(*known);
        }
    }
    let has_camera = scope.camera.is_some();
    counted.unique = if has_camera { Some(counted.people.values().sum()) } else { entered };
    counted.dwell = stays(dwell);
    counted.zones = zones.into_iter().map(|(key, all)| (key, stays(all))).collect();
    counted
}

/// How many, and the nearest ranks of the middle and of 95 %.
fn stays(mut all: Vec<u64>) -> (u64, Option<u32>, Option<u32>) {
    all.sort_unstable();
    let rank = |percent: usize| {
        let rank = (all.len() * percent).div_ceil(100);
        all.get(rank.saturating_sub(1)).map(|seconds| u32::try_from(*seconds).unwrap())
    };
    (all.len() as u64, rank(50), rank(95))
}

/// A summary in a form that both ways of counting can take.
#[derive(Debug, Default, PartialEq)]
struct Counted {
    visits: u64,
    unique: Option<u64>,
    /// The count only of zones: a summary does not tell how many visits are over.
    dwell: (u64, Option<u32>, Option<u32>),
    by_hour: BTreeMap<u64, u64>,
    by_camera: BTreeMap<String, u64>,
    people: BTreeMap<String, u64>,
    said: BTreeMap<String, u64>,
    lines: BTreeMap<(String, String), (bool, u64, u64)>,
    zones: BTreeMap<(String, String), (u64, Option<u32>, Option<u32>)>,
    peaks: BTreeMap<String, (u32, std::cmp::Reverse<Timestamp>)>,
}

fn told(summary: &Summary, finished: u64) -> Counted {
    let looks = &summary.looks;
    let said = [&looks.garments, &looks.colors, &looks.accessories, &looks.bags, &looks.ages];
    let line = |line: &atalaya::domain::LineSummary| {
        ((line.camera.clone(), line.line.clone()), (line.entrance, line.entries, line.exits))
    };
    let zone = |zone: &atalaya::domain::ZoneSummary| {
        ((zone.camera.clone(), zone.zone.clone()), (zone.stays, zone.dwell_median_s, zone.dwell_p95_s))
    };
    Counted {
        visits: summary.visits,
        unique: summary.unique_people,
        dwell: (finished, summary.dwell_median_s, summary.dwell_p95_s),
        by_hour: (0..).zip(summary.visits_by_hour.iter().copied()).filter(|(_, count)| *count > 0).collect(),
        by_camera: summary.visits_by_camera.iter().cloned().collect(),
        people: summary.people_by_camera.iter().cloned().collect(),
        said: said.into_iter().flatten().map(|told| (told.value.clone(), told.count)).collect(),
        lines: summary.lines.iter().map(line).collect(),
        zones: summary.zones.iter().map(zone).collect(),
        peaks: summary
            .peaks
            .iter()
            .map(|(camera, peak)| (camera.clone(), (peak.people, std::cmp::Reverse(peak.at))))
            .collect(),
    }
}

/// What should be in the tables: of each thing the latest state, and of places the first that was told.
#[derive(Debug, Default)]
struct Rows {
    visits: BTreeMap<(CameraId, i64, u64, Timestamp), VisitRecord>,
    crossings: BTreeMap<(CameraId, u64, String, Timestamp), CrossingRecord>,
    stays: BTreeMap<(CameraId, u64, String, Timestamp), ZoneStayRecord>,
    minutes: BTreeMap<(CameraId, i64, u64), MinuteRecord>,
}

impl Rows {
    /// Those of a batch that compete are told in the order that the store puts them in: the latest only.
    fn take(&mut self, records: &[Record]) {
        for record in records {
            match record.clone() {
                Record::Visit(record) => self.visit(record),
                Record::Crossing(record) => {
                    let key = (record.place.camera.clone(), record.track, record.line.to_string(), record.at);
                    self.crossings.entry(key).or_insert(record);
                }
                Record::ZoneStay(record) => {
                    let key =
                        (record.place.camera.clone(), record.track, record.zone.to_string(), record.enter);
                    self.stays.entry(key).or_insert(record);
                }
                Record::Minute(record) => {
                    let key = (record.place.camera.clone(), record.run, record.minute.start_ms);
                    let known = self.minutes.entry(key).or_insert_with(|| record.clone());
                    if record.minute.seen_ms > known.minute.seen_ms {
                        known.minute = record.minute;
                    }
                }
                Record::Heat(_) => {}
            }
        }
    }

    fn visit(&mut self, record: VisitRecord) {
        let visit = &record.visit;
        let key = (visit.place.camera.clone(), record.run, visit.track, visit.enter);
        let known = self.visits.entry(key).or_insert_with(|| record.clone());
        let state = |record: &VisitRecord| (record.visit.leave, !record.open);
        if state(&record) > state(known) {
            let place = known.visit.place.clone();
            *known = record;
            known.visit.place = place;
        }
    }

    fn restart(&mut self) {
        self.visits.values_mut().for_each(|record| record.open = false);
    }
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
                    store.aggregate_due(at(MORNING) + seconds(SHIFT_S * 3)).await.unwrap();
                    assert_eq!(store.aggregate_due(at(MORNING) + seconds(SHIFT_S * 3)).await.unwrap(), 0);
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
