//! Rows are deleted by age in small batches, and nothing that is younger goes with them.

use std::sync::Arc;
use std::time::Duration;

use atalaya::domain::{Change, Heat, Point, Timestamp, VoiceActivity};
use atalaya::jobs::{Retention, clean_up};
use atalaya::store::{Aging, CrossingRecord, HeatRecord, MinuteRecord, Record, Store, ZoneStayRecord};
use atalaya::visit::{Direction, Minute, Quarter};

use crate::fixture::{EARLY, at, branch, branch_id, seconds, tenant, visit};
use crate::rest::change;

on_both!(
    rows_go_when_their_shift_is_older_than_they_are_kept,
    zero_days_keep_for_ever,
    whoever_writes_meanwhile_is_not_held_up,
);

const DAY: Duration = Duration::from_secs(86_400);

/// One row of every table that ages, at `time`, of tenant `id`.
async fn write(store: &Store, id: i64, time: Timestamp) {
    let here = visit(id, 1, time, seconds(5));
    let place = here.visit.place.clone();
    let ms = time.as_millis() as u64;
    let line: Arc<str> = "door".into();
    let mut heat = Heat::default();
    heat.stand(Point { x: 0.5, y: 0.5 }, 1000);
    let minute = Minute { start_ms: ms, min: 0, max: 1, people_ms: 1, seen_ms: 60_000 };
    let records = [
        Record::Visit(here),
        Record::Crossing(CrossingRecord {
            run: 7,
            place: place.clone(),
            track: 1,
            line: line.clone(),
            entrance: true,
            direction: Direction::In,
            at: time,
        }),
        Record::ZoneStay(ZoneStayRecord {
            run: 7,
            place: place.clone(),
            track: 1,
            zone: line,
            enter: time,
            leave: time + seconds(1),
        }),
        Record::Minute(MinuteRecord { run: 7, place: place.clone(), minute }),
        Record::Heat(HeatRecord { run: 7, place: place.clone(), quarter: Quarter { start_ms: ms, heat } }),
    ];
    store.write(tenant(id), &records).await.unwrap();
    let heard = VoiceActivity {
        place,
        begin: time,
        duration_ms: 1000,
        speech_ms: 500,
        speech_ratio: 0.5,
        loudness_db: -20.0,
    };
    store.add_voice_activity(tenant(id), &heard).await.unwrap();
    let change = Change { at: time, ..change(id, "ana") };
    store.add_change(tenant(id), &change).await.unwrap();
}

/// How many rows each table still has: what a second deletion of everything finds.
async fn left(store: &Store) -> Vec<(Aging, u64)> {
    let mut left = Vec::new();
    for table in Aging::ALL {
        left.push((table, store.expire(table, at("2100-01-01T00:00:00Z")).await.unwrap()));
    }
    left
}

async fn rows_go_when_their_shift_is_older_than_they_are_kept(store: &Store) {
    let now = at("2026-06-10T12:00:00Z");
    for id in [1, 2] {
        store.put_branch(tenant(id), &branch(id, 2, "UTC"), None, EARLY).await.unwrap();
        // Its shift ended 29 days and 22 hours, and 30 days and 6 hours ago.
        write(store, id, at("2026-05-11T08:00:00Z")).await;
        write(store, id, at("2026-05-11T05:00:00Z")).await;
        write(store, id, now).await;
    }
    let mut open = visit(1, 9, at("2026-05-01T05:00:00Z"), seconds(5));
    open.open = true;
    store.write_visits(tenant(1), &[open]).await.unwrap();
    let retention: Retention = Aging::ALL.map(|table| (table, 30)).into();
    let told = clean_up(store, &retention, now).await.unwrap();
    for table in ["visit", "line_crossing", "zone_stay", "occupancy", "heat", "voice_activity", "audit"] {
        // Sounds and changes have no shift: of them the second goes, too, by its own time.
        let gone = if ["voice_activity", "audit"].contains(&table) { 4 } else { 2 };
        assert!(told.contains(&format!("{gone} of {table}")), "{table}: {told}");
    }
    assert_eq!(clean_up(store, &retention, now).await.unwrap(), "nothing was old enough");
    let shift = store.shift_at(tenant(1), branch_id(2), at("2026-05-01T05:00:00Z")).await.unwrap();
    assert_eq!(
        store.visits(tenant(1), shift.id, None, 9).await.unwrap().items.len(),
        1,
        "who is there stays"
    );
    store.close_open_visits().await.unwrap();
    for (table, rows) in left(store).await {
        let expected = match table {
            Aging::Visit => 5,
            Aging::VoiceActivity | Aging::Audit => 2,
            _ => 4,
        };
        assert_eq!(rows, expected, "{table:?}");
    }
}

async fn zero_days_keep_for_ever(store: &Store) {
    write(store, 1, at("2016-06-10T12:00:00Z")).await;
    let retention: Retention = Aging::ALL.map(|table| (table, 0)).into();
    let told = clean_up(store, &retention, at("2026-06-10T12:00:00Z")).await.unwrap();
    assert_eq!(told, "nothing was old enough");
    assert!(left(store).await.iter().all(|(_, rows)| *rows == 1));
}

/// More rows than one batch has; a writer gets its turn between two of them.
async fn whoever_writes_meanwhile_is_not_held_up(store: &Store) {
    let old = at("2016-06-10T12:00:00Z");
    let records: Vec<_> = (0..6500).map(|track| visit(1, track, old, seconds(5))).collect();
    store.write_visits(tenant(1), &records).await.unwrap();
    let now = at("2026-06-10T12:00:00Z");
    let retention: Retention = [(Aging::Visit, 1)].into();
    let cleaner = store.clone();
    let cleaning = tokio::spawn(async move { clean_up(&cleaner, &retention, now).await.unwrap() });
    let mut written = 0;
    while !cleaning.is_finished() {
        store.write_visits(tenant(1), &[visit(1, written, now, seconds(1))]).await.unwrap();
        written += 1;
    }
    let told = cleaning.await.unwrap();
    assert!(told.contains("6500 of visit"), "{told}");
    assert!(written > 1, "nobody could write");
    let shift = store.shift_at(tenant(1), branch_id(2), now).await.unwrap();
    assert_eq!(store.summary(tenant(1), &shift).await.unwrap().visits, written);
    assert_eq!(store.expire(Aging::Visit, now - DAY).await.unwrap(), 0);
}
