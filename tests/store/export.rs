//! Rows on their way out: each once, in order, those that are meant and no others, whatever the size of a page.

use std::time::Duration;

use atalaya::domain::{
    ExportKind, ExportRow, Extent, Place, Scope, SectorId, Selection, Timestamp, VoiceActivity,
};
use atalaya::store::{CrossingRecord, MinuteRecord, Record, Store, StoreError, VisitRecord, ZoneStayRecord};
use atalaya::visit::{Direction, Minute};

use crate::fixture::{at, branch_id, camera_id, seconds, tenant, visit};

/// The begin of a shift in UTC, the zone of a branch that nobody described.
const MORNING: &str = "2026-06-10T06:00:00Z";

on_both!(
    visits_leave_in_order_and_each_once,
    only_what_is_meant_leaves,
    every_kind_of_rows_leaves_in_order,
    minutes_of_two_watches_are_one,
    what_is_written_meanwhile_repeats_and_hides_nothing,
    a_list_of_visits_takes_the_same_filters,
    rows_of_another_tenant_do_not_leave,
);

async fn rows(store: &Store, kind: ExportKind, extent: Extent, meant: Selection) -> Vec<ExportRow> {
    let mut export = store.export(tenant(1), kind, extent, meant).unwrap();
    let mut rows = Vec::new();
    while let Some(page) = export.next().await.unwrap() {
        assert!((1..=1000).contains(&page.len()), "{}", page.len());
        rows.extend(page);
    }
    assert_eq!(export.next().await.unwrap(), None, "what is over stays so");
    rows
}

fn tracks(rows: &[ExportRow]) -> Vec<u64> {
    let track = |row: &ExportRow| match row {
        ExportRow::Visit { visit, .. } => visit.track,
        ExportRow::Crossing(crossing) => crossing.track,
        ExportRow::Stay(stay) => stay.track,
        ExportRow::Minute(_) | ExportRow::Voice(_) => panic!("{row:?} has no track"),
    };
    rows.iter().map(track).collect()
}

fn all() -> Extent {
    Extent::Branch(branch_id(2))
}

/// `minutes` after the begin.
fn after(minutes: u64) -> Timestamp {
    at(MORNING) + seconds(minutes * 60)
}

fn place(camera: &str, sector: i64) -> Place {
    let sector = SectorId::new(sector).ok();
    Place { tenant: tenant(1), branch: branch_id(2), sector, camera: camera_id(camera) }
}

async fn visits_leave_in_order_and_each_once(store: &Store) {
    // Four enter at the same instant, so that pages end between them; over two weeks, so that most shifts have some.
    let records: Vec<_> = (0..2503).map(|n| visit(1, n, after(n / 4 * 32), seconds(5))).collect();
    for part in records.chunks(500).rev() {
        store.write_visits(tenant(1), part).await.unwrap();
    }
    let told = rows(store, ExportKind::Visits, all(), Selection::default()).await;
    let mut of_four: Vec<_> =
        tracks(&told).chunks(4).map(|four| (four.iter().min().copied(), four.len())).collect();
    assert_eq!(of_four.pop(), Some((Some(2500), 3)));
    assert_eq!(of_four, (0..625).map(|n| (Some(n * 4), 4)).collect::<Vec<_>>());
    let shift = store.shift_at(tenant(1), branch_id(2), after(1440)).await.unwrap();
    let of_shift = rows(store, ExportKind::Visits, Extent::Shift(shift.clone()), Selection::default()).await;
    let page = store.visits(tenant(1), shift.id, None, 500).await.unwrap();
    let mut listed: Vec<_> = page.items.into_iter().map(|stored| stored.visit.track).collect();
    listed.reverse();
    assert_eq!(tracks(&of_shift), listed);
    assert!(!listed.is_empty());
    let many: Vec<_> = (0..2100).map(|n| visit(1, 10_000 + n, after(40_000), seconds(1))).collect();
    store.write_visits(tenant(1), &many).await.unwrap();
    let meant = Selection { from: Some(after(40_000)), ..Selection::default() };
    let mut told = tracks(&rows(store, ExportKind::Visits, all(), meant).await);
    told.sort_unstable();
    assert_eq!(told, (10_000..12_100).collect::<Vec<_>>(), "pages end among those of one instant");
}

async fn only_what_is_meant_leaves(store: &Store) {
    let before = |camera: &str, sector: i64, mut record: VisitRecord| {
        record.visit.place = place(camera, sector);
        record
    };
    let records = [
        before("door", 1, visit(1, 1, after(0), seconds(5))),
        before("door", 2, visit(1, 2, after(10), seconds(5))),
        before("bar", 1, visit(1, 3, after(20), seconds(5))),
        before("bar", 0, VisitRecord { open: true, ..visit(1, 4, after(600), seconds(5)) }),
    ];
    store.write_visits(tenant(1), &records).await.unwrap();
    let scoped = |camera: Option<&str>, sector: Option<i64>| Selection {
        scope: Scope {
            camera: camera.map(camera_id),
            sector: sector.map(|sector| SectorId::new(sector).unwrap()),
        },
        ..Selection::default()
    };
    let within = |from, to| Selection { from, to, ..Selection::default() };
    let open = |open| Selection { open: Some(open), ..Selection::default() };
    for (meant, expected) in [
        (Selection::default(), vec![1, 2, 3, 4]),
        (scoped(Some("door"), None), vec![1, 2]),
        (scoped(None, Some(1)), vec![1, 3]),
        (scoped(Some("bar"), Some(1)), vec![3]),
        (scoped(Some("nobody"), None), vec![]),
        (within(Some(after(10)), None), vec![2, 3, 4]),
        (within(None, Some(after(10))), vec![1]),
        (within(Some(after(10)), Some(after(10) + Duration::from_millis(1))), vec![2]),
        (open(true), vec![4]),
        (open(false), vec![1, 2, 3]),
    ] {
        let told = rows(store, ExportKind::Visits, all(), meant.clone()).await;
        assert_eq!(tracks(&told), expected, "{meant:?}");
        let shift = store.shift_at(tenant(1), branch_id(2), after(0)).await.unwrap();
        let page = store.visits_of(tenant(1), shift.id, &meant, (None, 10)).await.unwrap();
        let mut listed: Vec<_> = page.items.into_iter().map(|stored| stored.visit.track).collect();
        listed.reverse();
        let first: Vec<_> = expected.into_iter().filter(|track| *track < 4).collect();
        assert_eq!(listed, first, "{meant:?} of the first shift");
    }
    let other = Extent::Branch(branch_id(3));
    assert_eq!(rows(store, ExportKind::Visits, other, Selection::default()).await, []);
}

fn crossing(camera: &str, track: u64, minutes: u64) -> Record {
    let (line, direction) = ("=door".into(), Direction::In);
    let (place, at) = (place(camera, 1), after(minutes));
    Record::Crossing(CrossingRecord { run: 7, place, track, line, entrance: true, direction, at })
}

fn stay(camera: &str, track: u64, minutes: u64) -> Record {
    let (zone, enter) = ("bar".into(), after(minutes));
    let place = place(camera, 1);
    Record::ZoneStay(ZoneStayRecord { run: 7, place, track, zone, enter, leave: enter + seconds(9) })
}

fn minute(camera: &str, run: i64, minutes: u64, people: u32) -> Record {
    let start_ms = after(minutes).as_millis().cast_unsigned();
    let minute =
        Minute { start_ms, min: people, max: people, people_ms: u64::from(people) * 30_000, seen_ms: 30_000 };
    Record::Minute(MinuteRecord { run, place: place(camera, 1), minute })
}

async fn every_kind_of_rows_leaves_in_order(store: &Store) {
    // Over a page, of two cameras, at the same instants.
    let mut records = Vec::new();
    for n in 0..1100 {
        let camera = if n % 2 == 0 { "a-c" } else { "ab" };
        records.extend([crossing(camera, n, n / 2), stay(camera, n, n / 2), minute(camera, 1, n / 2, 1)]);
    }
    store.write(tenant(1), &records).await.unwrap();
    for kind in [ExportKind::Crossings, ExportKind::Stays] {
        let told = tracks(&rows(store, kind, all(), Selection::default()).await);
        assert_eq!(told, (0..1100).collect::<Vec<_>>(), "{kind}");
    }
    let minutes = rows(store, ExportKind::Occupancy, all(), Selection::default()).await;
    assert_eq!(minutes.len(), 1100);
    let ExportRow::Minute(last) = minutes.last().unwrap() else { panic!("a minute is wanted") };
    assert_eq!((last.start, last.place.camera.as_str(), last.max), (after(549), "ab", 1));
    for (n, kind) in (0..1100).zip([1, 2, 3].into_iter().cycle()) {
        let place = place(if kind == 1 { "a-c" } else { "ab" }, 1);
        let heard = VoiceActivity {
            place,
            begin: after(n / 2) + seconds(n),
            duration_ms: 4000,
            speech_ms: 1000,
            speech_ratio: 0.25,
            loudness_db: -27.5,
        };
        store.add_voice_activity(tenant(1), &heard).await.unwrap();
    }
    let heard = rows(store, ExportKind::Voice, all(), Selection::default()).await;
    assert_eq!(heard.len(), 1100);
    let shift = store.shift_at(tenant(1), branch_id(2), after(0)).await.unwrap();
    let heard = rows(store, ExportKind::Voice, Extent::Shift(shift.clone()), Selection::default()).await;
    let ExportRow::Voice(last) = heard.last().unwrap() else { panic!("a sound is wanted") };
    assert!(last.begin < shift.end && heard.len() > 500, "{}", heard.len());
    let meant = Selection { from: Some(after(100)), to: Some(after(110)), ..Selection::default() };
    let told = tracks(&rows(store, ExportKind::Crossings, all(), meant.clone()).await);
    assert_eq!(told, (200..220).collect::<Vec<_>>());
    assert_eq!(rows(store, ExportKind::Occupancy, all(), meant).await.len(), 20);
}

async fn minutes_of_two_watches_are_one(store: &Store) {
    let records = [minute("door", 1, 3, 2), minute("door", 2, 3, 4), minute("door", 1, 4, 1)];
    store.write(tenant(1), &records).await.unwrap();
    let told = rows(store, ExportKind::Occupancy, all(), Selection::default()).await;
    let ExportRow::Minute(first) = &told[0] else { panic!("a minute is wanted") };
    assert_eq!((told.len(), first.min, first.max, first.seen_ms), (2, 2, 4, 60_000));
    assert!((first.mean - 3.0).abs() < 1e-9, "{first:?}");
}

async fn what_is_written_meanwhile_repeats_and_hides_nothing(store: &Store) {
    let entered = |n: u64| visit(1, n, after(0) + seconds(n / 2), seconds(5));
    let records: Vec<_> = (0..2500).map(entered).collect();
    store.write_visits(tenant(1), &records).await.unwrap();
    let mut export = store.export(tenant(1), ExportKind::Visits, all(), Selection::default()).unwrap();
    let mut told = Vec::new();
    while let Some(page) = export.next().await.unwrap() {
        told.extend(tracks(&page));
        // Somebody of the beginning is told of late.
        store
            .write_visits(tenant(1), &[visit(1, 9000 + told.len() as u64, after(0), seconds(1))])
            .await
            .unwrap();
    }
    told.sort_unstable();
    assert_eq!(told, (0..2500).collect::<Vec<_>>());
}

async fn a_list_of_visits_takes_the_same_filters(store: &Store) {
    let records: Vec<_> = (0..20).map(|n| visit(1, n, after(n), seconds(5))).collect();
    store.write_visits(tenant(1), &records).await.unwrap();
    let shift = store.shift_at(tenant(1), branch_id(2), after(0)).await.unwrap();
    let meant = Selection { from: Some(after(3)), to: Some(after(10)), ..Selection::default() };
    let (mut told, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = store.visits_of(tenant(1), shift.id, &meant, (cursor.as_deref(), 3)).await.unwrap();
        told.extend(page.items.into_iter().map(|stored| stored.visit.track));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(told, (3..10).rev().collect::<Vec<_>>());
    let late = store.visits(tenant(1), shift.id, None, 1).await.unwrap().next_cursor;
    let page = store.visits_of(tenant(1), shift.id, &meant, (late.as_deref(), 1)).await.unwrap();
    assert_eq!(page.items[0].visit.track, 9, "a cursor of another list leads to nothing that is not meant");
}

async fn rows_of_another_tenant_do_not_leave(store: &Store) {
    store.write_visits(tenant(1), &[visit(1, 1, after(0), seconds(5))]).await.unwrap();
    let shift = store.shift_at(tenant(1), branch_id(2), after(0)).await.unwrap();
    for kind in ExportKind::ALL {
        let mut theirs = store.export(tenant(2), kind, all(), Selection::default()).unwrap();
        assert_eq!(theirs.next().await.unwrap(), None, "{kind}");
        let refused = store.export(tenant(2), kind, Extent::Shift(shift.clone()), Selection::default());
        assert!(matches!(refused.unwrap_err(), StoreError::Tenant { .. }), "{kind}");
    }
}
