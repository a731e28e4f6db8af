//! Figures over time are those that the rows have, bucket by bucket, whatever shifts they were counted in.

use std::time::Duration;

use atalaya::domain::{
    Branch, People, Place, Schedule, ScheduledShift, Scope, SectorId, TimeOfDay, TimeStep, Timestamp,
};
use atalaya::domain::{Days, Selection};
use atalaya::shift::Buckets;
use atalaya::store::{Counted, CrossingRecord, MinuteRecord, Record, Store, VisitRecord};
use atalaya::visit::{Direction, Minute};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::fixture::{EARLY, at, branch, branch_id, camera_id, postgres, seconds, sqlite, tenant, visit};

const MADRID: &str = "Europe/Madrid";

on_both!(
    a_day_of_25_hours_is_one_and_has_25,
    series_are_those_of_the_rows,
    empty_steps_have_nought_and_unwatched_ones_nothing,
    only_the_rows_of_one_line_count_when_it_is_named,
);

async fn visits(store: &Store, step: TimeStep, zone: &str, range: (Timestamp, Timestamp)) -> Vec<u64> {
    let buckets = Buckets::new(step, zone, range, 20_000).unwrap();
    let place = (tenant(1), branch_id(2));
    store.counts_over_time(place, Counted::Visits, &Scope::default(), (step, &buckets)).await.unwrap()
}

async fn a_day_of_25_hours_is_one_and_has_25(store: &Store) {
    store.put_branch(tenant(1), &branch(1, 2, MADRID), None, EARLY).await.unwrap();
    // Somebody each half hour of three days, by no clock at all.
    let begin = at("2026-10-23T22:00:00Z");
    let records: Vec<_> = (0..146).map(|n| visit(1, n, begin + seconds(n * 1800 + 60), seconds(5))).collect();
    store.write_visits(tenant(1), &records).await.unwrap();
    let range = (begin, at("2026-10-26T23:00:00Z"));
    assert_eq!(visits(store, TimeStep::Day, MADRID, range).await, [48, 50, 48]);
    assert_eq!(visits(store, TimeStep::Hour, MADRID, range).await, [2; 73]);
    let hour = (at("2026-10-25T02:00:00+02:00"), at("2026-10-25T03:00:00+01:00"));
    assert_eq!(visits(store, TimeStep::Hour, MADRID, hour).await, [2, 2], "two o'clock comes twice");
    let minutes = visits(store, TimeStep::Minute, MADRID, hour).await;
    assert_eq!((minutes.len(), minutes.iter().sum::<u64>(), minutes[1], minutes[31]), (120, 4, 1, 1));
    let spring = (at("2026-03-29T00:00:00+01:00"), at("2026-03-30T00:00:00+02:00"));
    assert_eq!(visits(store, TimeStep::Hour, MADRID, spring).await, [0; 23]);
}

fn place(camera: &str, sector: i64) -> Place {
    let sector = SectorId::new(sector).ok();
    Place { tenant: tenant(1), branch: branch_id(2), sector, camera: camera_id(camera) }
}

/// What happened at some second of a week with a change of the clock in it.
fn records() -> impl Strategy<Value = Vec<Record>> {
    let any = (0..3_usize, 0..3_i64, 0..7 * 86_400_u64, 0..1000_u64, 0..4_u8);
    let record = any.prop_map(|(camera, sector, second, track, kind)| {
        let place = place(["a-c", "ab", "door"][camera], sector);
        let when = at("2026-10-22T00:00:00Z") + Duration::from_millis(second * 1000 + track);
        let line = if track % 2 == 0 { "front" } else { "back" }.into();
        let direction = if kind == 1 { Direction::In } else { Direction::Out };
        match kind {
            0 => {
                let mut record = visit(1, track, when, seconds(track % 60));
                record.visit.place = place;
                Record::Visit(VisitRecord { run: track.cast_signed(), ..record })
            }
            1 | 2 => {
                let entrance = track % 3 == 0;
                Record::Crossing(CrossingRecord { run: 7, place, track, line, entrance, direction, at: when })
            }
            _ => {
                let start_ms = when.as_millis().cast_unsigned() / 60_000 * 60_000;
                let people = u32::try_from(track % 9).unwrap();
                let minute = Minute {
                    start_ms,
                    min: people / 2,
                    max: people,
                    people_ms: track * 10,
                    seen_ms: 20_000 + track,
                };
                Record::Minute(MinuteRecord { run: track.cast_signed(), place, minute })
            }
        }
    });
    proptest::collection::vec(record, 300)
}

/// Counted one by one.
#[derive(Default)]
struct ByHand<'a>(Vec<&'a Record>);

impl ByHand<'_> {
    fn count(&self, buckets: &Buckets, scope: &Scope, counted: Counted<'_>) -> Vec<u64> {
        let mut counts = vec![0; buckets.count()];
        for record in self.meant(scope) {
            let begin = match (record, counted) {
                (Record::Visit(record), Counted::Visits) => record.visit.enter,
                (Record::Crossing(crossing), Counted::Crossings(direction, line))
                    if crossing.direction == direction && line.is_none_or(|line| *line == *crossing.line) =>
                {
                    crossing.at
                }
                _ => continue,
            };
            if let Some(bucket) = buckets.find(begin) {
                counts[bucket] += 1;
            }
        }
        counts
    }

    fn people(&self, buckets: &Buckets, scope: &Scope) -> Vec<Option<People>> {
        let mut minutes: Vec<Vec<&Minute>> = vec![Vec::new(); buckets.count()];
        for record in self.meant(scope) {
            if let Record::Minute(record) = record
                && let Some(bucket) =
                    buckets.find(Timestamp::from_millis(record.minute.start_ms.cast_signed()))
            {
                minutes[bucket].push(&record.minute);
            }
        }
        let sum = |minutes: &[&Minute], of: fn(&Minute) -> u64| {
            minutes.iter().map(|minute| of(minute)).sum::<u64>()
        };
        let people = |minutes: Vec<&Minute>| {
            Some(People {
                min: minutes.iter().map(|minute| minute.min).min()?,
                mean: sum(&minutes, |minute| minute.people_ms) as f64
                    / sum(&minutes, |minute| minute.seen_ms) as f64,
                max: minutes.iter().map(|minute| minute.max).max()?,
            })
        };
        minutes.into_iter().map(people).collect()
    }

    fn meant(&self, scope: &Scope) -> impl Iterator<Item = &Record> {
        self.0.iter().copied().filter(move |record| {
            let place = record.place();
            scope.camera.as_ref().is_none_or(|camera| *camera == place.camera)
                && scope.sector.is_none_or(|sector| Some(sector) == place.sector)
        })
    }
}

/// Some weeks of a branch.
struct Weeks {
    venue: Branch,
    schedule: Option<Schedule>,
    /// Another one, and when it was decided.
    change: Option<(Schedule, Timestamp)>,
    /// Days after the first of all weeks.
    later: u64,
}

fn shift(name: &str, (hour, minute): (u8, u8), days: Days) -> ScheduledShift {
    ScheduledShift { name: name.to_owned(), start: TimeOfDay { hour, minute }, days }
}

/// Shifts that start at full hours and at others, hours that do, and a shift of thirteen days.
fn weeks() -> [Weeks; 4] {
    let odd =
        Schedule { shifts: vec![shift("lunch", (12, 20), Days::ALL), shift("night", (23, 30), Days::ALL)] };
    let weekly = |day| Schedule { shifts: vec![shift("week", (10, 0), Days::from_names([day]).unwrap())] };
    let weeks = |venue, schedule, later| Weeks { venue, schedule, change: None, later };
    [
        weeks(branch(1, 2, MADRID), None, 0),
        weeks(branch(1, 2, MADRID), Some(odd.clone()), 8),
        weeks(branch(1, 2, "Asia/Kathmandu"), Some(odd), 16),
        Weeks {
            // What began on the 20th of November lasts until the 3rd of December.
            change: Some((weekly("thu"), at("2026-11-26T12:00:00Z"))),
            ..weeks(branch(1, 2, MADRID), Some(weekly("fri")), 38)
        },
    ]
}

async fn series_are_those_of_the_rows(store: &Store) {
    let mut runner = TestRunner::deterministic();
    let mut written: Vec<Record> = Vec::new();
    let mut longest = Duration::ZERO;
    for Weeks { venue, schedule, change, later } in weeks() {
        // Each under its own clock and hours.
        let later = Duration::from_secs(later * 86_400);
        store.put_branch(tenant(1), &venue, schedule.as_ref(), EARLY).await.unwrap();
        if let Some((schedule, decided)) = change {
            store.put_schedule(tenant(1), venue.id, &schedule, decided).await.unwrap();
        }
        let mut records = records().new_tree(&mut runner).unwrap().current();
        records.iter_mut().for_each(|record| shift_by(record, later));
        records.sort_by_key(|record| format!("{record:?}"));
        records.dedup();
        store.write(tenant(1), &records).await.unwrap();
        written.extend(records);
        let by_hand = ByHand(written.iter().collect());
        let from = at("2026-10-23T22:00:00Z") + later;
        let running = store.shift_at(tenant(1), venue.id, from).await.unwrap();
        longest = longest.max(from.since(running.start));
        for (step, days) in [(TimeStep::Minute, 2), (TimeStep::Hour, 8), (TimeStep::Day, 8)] {
            let range = (from, from + Duration::from_secs(86_400 * days));
            let buckets = Buckets::new(step, &venue.time_zone, range, 20_000).unwrap();
            compare(store, &by_hand, (step, &buckets)).await;
        }
    }
    assert!(longest > Duration::from_secs(10 * 86_400), "one runs for {longest:?} when it is asked for");
}

fn shift_by(record: &mut Record, by: Duration) {
    match record {
        Record::Visit(record) => {
            (record.visit.enter, record.visit.leave) = (record.visit.enter + by, record.visit.leave + by);
        }
        Record::Crossing(record) => record.at = record.at + by,
        Record::Minute(record) => record.minute.start_ms += u64::try_from(by.as_millis()).unwrap(),
        Record::ZoneStay(_) | Record::Heat(_) => {}
    }
}

async fn compare(store: &Store, by_hand: &ByHand<'_>, (step, buckets): (TimeStep, &Buckets)) {
    let place = (tenant(1), branch_id(2));
    for (camera, sector) in [(None, None), (Some("ab"), None), (None, Some(2)), (Some("door"), Some(1))] {
        let scope = Scope {
            camera: camera.map(camera_id),
            sector: sector.map(|sector| SectorId::new(sector).unwrap()),
        };
        let lines = [None, Some("front"), Some("nowhere")];
        let crossings = lines.into_iter().flat_map(|line| {
            [Counted::Crossings(Direction::In, line), Counted::Crossings(Direction::Out, line)]
        });
        for counted in [Counted::Visits].into_iter().chain(crossings) {
            let told = store.counts_over_time(place, counted, &scope, (step, buckets)).await.unwrap();
            if counted == Counted::Visits && camera.is_none() {
                assert!(told.iter().sum::<u64>() > 3, "there should be something to count: {told:?}");
            }
            assert_eq!(told, by_hand.count(buckets, &scope, counted), "{step} {counted:?} {scope:?}");
        }
        let told = store.people_over_time(place, &scope, buckets).await.unwrap();
        assert_eq!(told, by_hand.people(buckets, &scope), "{step} {scope:?}");
    }
}

async fn empty_steps_have_nought_and_unwatched_ones_nothing(store: &Store) {
    let start = at("2026-06-10T10:00:00Z");
    let minute = |minutes: u64, people: u32| {
        let start_ms = (start + seconds(minutes * 60)).as_millis().cast_unsigned();
        let minute = Minute {
            start_ms,
            min: people,
            max: people,
            people_ms: u64::from(people) * 60_000,
            seen_ms: 60_000,
        };
        Record::Minute(MinuteRecord { run: 1, place: place("door", 1), minute })
    };
    store.write(tenant(1), &[minute(0, 0), minute(130, 3)]).await.unwrap();
    let range = (start, start + seconds(3 * 3600));
    let buckets = Buckets::new(TimeStep::Hour, "UTC", range, 10).unwrap();
    let people =
        store.people_over_time((tenant(1), branch_id(2)), &Scope::default(), &buckets).await.unwrap();
    let of = |people: u32| People { min: people, mean: f64::from(people), max: people };
    assert_eq!(
        people,
        [Some(of(0)), None, Some(of(3))],
        "that nobody was there is known of the first hour only"
    );
    assert_eq!(visits(store, TimeStep::Hour, "UTC", range).await, [0; 3]);
    let theirs =
        store.people_over_time((tenant(2), branch_id(2)), &Scope::default(), &buckets).await.unwrap();
    assert_eq!(theirs, [None; 3]);
}

async fn only_the_rows_of_one_line_count_when_it_is_named(store: &Store) {
    let when = at("2026-06-10T10:00:00Z");
    let crossing = |line: &str, track: u64, direction| {
        let (place, line, at) = (place("door", 1), line.into(), when);
        Record::Crossing(CrossingRecord { run: 1, place, track, line, entrance: false, direction, at })
    };
    let records = [
        crossing("front", 1, Direction::In),
        crossing("front", 2, Direction::Out),
        crossing("back", 3, Direction::In),
    ];
    store.write(tenant(1), &records).await.unwrap();
    for step in TimeStep::ALL {
        let buckets = Buckets::new(step, "UTC", (when, when), 1).unwrap();
        for (counted, expected) in [
            (Counted::Crossings(Direction::In, None), 2),
            (Counted::Crossings(Direction::In, Some("front")), 1),
            (Counted::Crossings(Direction::Out, None), 1),
            (Counted::Crossings(Direction::Out, Some("back")), 0),
        ] {
            let place = (tenant(1), branch_id(2));
            let told =
                store.counts_over_time(place, counted, &Scope::default(), (step, &buckets)).await.unwrap();
            assert_eq!(told, [expected], "{step} {counted:?}");
        }
    }
}

#[tokio::test]
async fn hours_outlive_the_rows() {
    for fresh in [sqlite().await, postgres().await] {
        let store = &fresh.store;
        let half =
            ScheduledShift { name: "all".into(), start: TimeOfDay { hour: 0, minute: 30 }, days: Days::ALL };
        let schedule = Schedule { shifts: vec![half] };
        store.put_branch(tenant(1), &branch(1, 2, "UTC"), Some(&schedule), EARLY).await.unwrap();
        let start = at("2026-06-10T00:30:00Z");
        let records: Vec<_> = (0..48).map(|n| visit(1, n, start + seconds(n * 1800), seconds(5))).collect();
        store.write_visits(tenant(1), &records).await.unwrap();
        let range = (at("2026-06-10T00:00:00Z"), at("2026-06-11T01:00:00Z"));
        let before = visits(store, TimeStep::Hour, "UTC", range).await;
        assert_eq!((before[0], before[1], before[24]), (1, 2, 1));
        fresh.run("delete from visit").await;
        let mut export = store
            .export(
                tenant(1),
                atalaya::domain::ExportKind::Visits,
                atalaya::domain::Extent::Branch(branch_id(2)),
                Selection::default(),
            )
            .unwrap();
        assert_eq!(export.next().await.unwrap(), None, "the rows are gone");
        let after = visits(store, TimeStep::Hour, "UTC", range).await;
        assert_eq!(
            after.iter().sum::<u64>(),
            48,
            "an hour that lies in two counts where it begins: {after:?}"
        );
        assert_eq!((after[0], after[24]), (2, 0));
    }
}
