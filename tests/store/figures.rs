//! Crossings, stays, minutes and heat in both databases: once, in their shift, and each tenant's own.

use atalaya::domain::{Attribute, Attributes, Heat, Place, Point, Timestamp};
use atalaya::store::{
    CrossingRecord, HeatRecord, MinuteRecord, Record, Store, StoreError, VisitRecord, ZoneStayRecord,
};
use atalaya::visit::{Direction, Minute, Quarter};

use crate::fixture::{EARLY, at, branch, branch_id, camera_id, seconds, tenant, visit};

const MENDOZA: &str = "America/Argentina/Mendoza";

/// Two in the afternoon in Mendoza: the shift begins.
const AFTERNOON: &str = "2026-06-10T17:00:00Z";

on_both!(
    a_shift_is_summed_up_by_line_zone_and_minute,
    written_again_in_any_order_nothing_counts_twice,
    occupancy_is_told_in_steps_of_any_length,
    heat_is_added_up_by_shift_and_by_time,
    what_people_wore_is_counted_and_shared_out,
    tenants_count_for_themselves,
);

fn place(tenant_id: i64) -> Place {
    Place { tenant: tenant(tenant_id), branch: branch_id(2), sector: None, camera: camera_id("door") }
}

fn crossing(track: u64, direction: Direction, at: Timestamp) -> CrossingRecord {
    CrossingRecord { run: 7, place: place(1), track, line: "door".into(), entrance: true, direction, at }
}

fn stay(track: u64, enter: Timestamp, stayed: u64) -> ZoneStayRecord {
    let leave = enter + seconds(stayed);
    ZoneStayRecord { run: 7, place: place(1), track, zone: "bar".into(), enter, leave }
}

/// A minute of camera `door` in which `people` were there for as long as was seen.
fn minute(run: i64, start: Timestamp, people: u32, seen_ms: u64) -> MinuteRecord {
    let start_ms = start.as_millis().cast_unsigned();
    let people_ms = u64::from(people) * seen_ms;
    MinuteRecord {
        run,
        place: place(1),
        minute: Minute { start_ms, min: people, max: people, people_ms, seen_ms },
    }
}

fn heat(run: i64, start: Timestamp, ms: u64) -> HeatRecord {
    let mut heat = Heat::default();
    heat.stand(Point { x: 0.5, y: 0.5 }, ms);
    let start_ms = start.as_millis().cast_unsigned();
    HeatRecord { run, place: place(1), quarter: Quarter { start_ms, heat } }
}

async fn a_shift_is_summed_up_by_line_zone_and_minute(store: &Store) {
    let one = tenant(1);
    store.put_branch(one, &branch(1, 2, MENDOZA), None, EARLY).await.unwrap();
    let start = at(AFTERNOON);
    let before = Timestamp::from_millis(start.as_millis() - 60_000);
    let side = CrossingRecord { line: "side".into(), entrance: false, ..crossing(4, Direction::In, start) };
    let records = [
        Record::Crossing(crossing(1, Direction::In, start)),
        Record::Crossing(crossing(2, Direction::In, start + seconds(5))),
        Record::Crossing(crossing(1, Direction::Out, start + seconds(9))),
        Record::Crossing(side),
        Record::Crossing(crossing(3, Direction::In, before)),
        Record::ZoneStay(stay(1, start, 10)),
        Record::ZoneStay(stay(2, start, 30)),
        Record::ZoneStay(stay(3, before, 500)),
        Record::Minute(minute(1, start, 3, 60_000)),
        Record::Minute(minute(1, start + seconds(120), 5, 60_000)),
        Record::Minute(minute(1, start + seconds(180), 5, 60_000)),
        Record::Minute(minute(1, before, 9, 60_000)),
    ];
    store.write(one, &records).await.unwrap();
    let shift = store.shift_at(one, branch_id(2), start).await.unwrap();
    let summary = store.summary(one, &shift).await.unwrap();
    let lines: Vec<_> = summary
        .lines
        .iter()
        .map(|line| (line.camera.as_str(), line.line.as_str(), line.entrance, line.entries, line.exits))
        .collect();
    assert_eq!(lines, [("door", "door", true, 2, 1), ("door", "side", false, 1, 0)]);
    assert_eq!(summary.unique_people, Some(2), "what is no entrance brings nobody in");
    let [zone] = &summary.zones[..] else { panic!("{:?}", summary.zones) };
    assert_eq!((zone.stays, zone.dwell_median_s, zone.dwell_p95_s), (2, Some(10), Some(30)));
    let peaks: Vec<_> =
        summary.peaks.iter().map(|(camera, peak)| (camera.as_str(), peak.people, peak.at)).collect();
    assert_eq!(peaks, [("door", 5, start + seconds(120))]);
    let morning = store.shift_at(one, branch_id(2), before).await.unwrap();
    let summary = store.summary(one, &morning).await.unwrap();
    assert_eq!((summary.unique_people, summary.zones[0].dwell_median_s), (Some(1), Some(500)));
    let night = store.shift_at(one, branch_id(2), start + seconds(9 * 3600)).await.unwrap();
    let empty = store.summary(one, &night).await.unwrap();
    assert_eq!(
        (empty.unique_people, empty.lines.len(), empty.zones.len(), empty.peaks.len()),
        (None, 0, 0, 0)
    );
}

async fn written_again_in_any_order_nothing_counts_twice(store: &Store) {
    let (one, start) = (tenant(1), at(AFTERNOON));
    let states = [
        Record::Minute(minute(1, start, 2, 10_000)),
        Record::Minute(minute(1, start, 2, 30_000)),
        Record::Heat(heat(1, start, 20_000)),
        Record::Heat(heat(1, start, 60_000)),
        Record::Crossing(crossing(1, Direction::In, start)),
        Record::ZoneStay(stay(1, start, 10)),
        Record::Visit(visit(1, 1, start, seconds(10))),
    ];
    let mut backwards = states.clone();
    backwards.reverse();
    // Together and one by one, forwards and backwards; a minute and a quarter are also told by another watch.
    for order in [&states, &backwards] {
        store.write(one, order).await.unwrap();
        for record in order {
            store.write(one, std::slice::from_ref(record)).await.unwrap();
        }
    }
    let others = [Record::Minute(minute(2, start, 5, 10_000)), Record::Heat(heat(2, start, 1000))];
    store.write(one, &others).await.unwrap();
    let shift = store.shift_at(one, branch_id(2), start).await.unwrap();
    let summary = store.summary(one, &shift).await.unwrap();
    assert_eq!((summary.visits, summary.lines[0].entries, summary.zones[0].stays), (1, 1, 1));
    let door = camera_id("door");
    let series =
        store.occupancy(one, (branch_id(2), &door), (start, start + seconds(60)), 60_000).await.unwrap();
    let [step] = &series.steps[..] else { panic!("{series:?}") };
    // Two people for 30 s and five for 10 s.
    assert_eq!((step.min, step.max, step.mean), (2, 5, 2.75));
    assert_eq!(store.heat_of_shift(one, branch_id(2), &door, shift.id).await.unwrap().total_ms(), 61_000);
    store.write(one, &[]).await.unwrap();
}

async fn occupancy_is_told_in_steps_of_any_length(store: &Store) {
    let (one, door, start) = (tenant(1), camera_id("door"), at(AFTERNOON));
    let minutes: Vec<_> = [0, 1, 2, 6, 7]
        .into_iter()
        .map(|n: u32| Record::Minute(minute(1, start + seconds(u64::from(n) * 60), n, 60_000)))
        .collect();
    store.write(one, &minutes).await.unwrap();
    let ask = async |from: u64, to: u64, step_ms| {
        let range = (start + seconds(from), start + seconds(to));
        let series = store.occupancy(one, (branch_id(2), &door), range, step_ms).await.unwrap();
        let step = |step: &atalaya::domain::OccupancyStep| {
            (step.start.since(start).as_secs(), step.min, step.mean, step.max)
        };
        (series.steps.iter().map(step).collect::<Vec<_>>(), series.peak.map(|peak| peak.people))
    };
    assert_eq!(ask(0, 480, 180_000).await, (vec![(0, 0, 1.0, 2), (360, 6, 6.5, 7)], Some(7)));
    // Steps are counted from where the range begins, which it holds, to its end, which it does not.
    assert_eq!(ask(60, 420, 120_000).await, (vec![(60, 1, 1.5, 2), (300, 6, 6.0, 6)], Some(6)));
    assert_eq!(ask(180, 360, 60_000).await, (vec![], None), "nothing was seen, which is not nobody");
    let other = store
        .occupancy(one, (branch_id(2), &camera_id("bar")), (start, start + seconds(480)), 60_000)
        .await
        .unwrap();
    assert_eq!((other.steps.len(), other.peak), (0, None));
}

async fn heat_is_added_up_by_shift_and_by_time(store: &Store) {
    let (one, door, start) = (tenant(1), camera_id("door"), at(AFTERNOON));
    store.put_branch(one, &branch(1, 2, MENDOZA), None, EARLY).await.unwrap();
    let quarter = |n: u64| start + seconds(n * 900);
    let before = Timestamp::from_millis(start.as_millis() - 900_000);
    let heats = [heat(1, before, 7), heat(1, quarter(0), 10), heat(1, quarter(1), 100)].map(Record::Heat);
    store.write(one, &heats).await.unwrap();
    let shift = store.shift_at(one, branch_id(2), start).await.unwrap();
    let of_shift = store.heat_of_shift(one, branch_id(2), &door, shift.id).await.unwrap();
    let mut expected = Heat::default();
    expected.stand(Point { x: 0.5, y: 0.5 }, 110);
    assert_eq!(of_shift, expected);
    let between = store.heat_between(one, branch_id(2), &door, (before, quarter(1))).await.unwrap();
    assert_eq!(between.total_ms(), 17);
    assert_eq!(
        store.heat_of_shift(one, branch_id(2), &camera_id("bar"), shift.id).await.unwrap(),
        Heat::default()
    );
}

async fn what_people_wore_is_counted_and_shared_out(store: &Store) {
    let (one, start) = (tenant(1), at(AFTERNOON));
    let said = |value: &str| Attribute { value: Some(value.into()), confidence: 0.5 };
    let dressed = |track, attributes| {
        let mut record = visit(1, track, start, seconds(5));
        record.visit.attributes = attributes;
        record
    };
    let blue = |track, garment: &str, age: &str| {
        dressed(
            track,
            Attributes {
                garment: said(garment),
                primary_color: said("blue"),
                age_range: said(age),
                ..Attributes::default()
            },
        )
    };
    let unsaid =
        dressed(4, Attributes { bag: Attribute { value: None, confidence: 0.1 }, ..Attributes::default() });
    let hat = Attributes { head_accessory: said("hat"), bag: said("backpack"), ..Attributes::default() };
    let bare_head = Attributes { head_accessory: said("none"), ..Attributes::default() };
    let visits: [VisitRecord; 7] = [
        blue(1, "jacket", "40-49"),
        blue(2, "jacket", "20-29"),
        blue(3, "t_shirt", "40-49"),
        unsaid,
        dressed(5, hat),
        dressed(6, bare_head.clone()),
        dressed(7, bare_head),
    ];
    store.write_visits(one, &visits).await.unwrap();
    let shift = store.shift_at(one, branch_id(2), start).await.unwrap();
    let looks = store.summary(one, &shift).await.unwrap().looks;
    let told = |counts: &[atalaya::domain::ValueCount]| {
        let told = counts.iter().map(|told| (told.value.clone(), told.count, (told.share * 3.0).round()));
        told.collect::<Vec<_>>()
    };
    let of = |value: &str, count, thirds| (value.to_owned(), count, thirds);
    assert_eq!(told(&looks.garments), [of("jacket", 2, 2.0), of("t_shirt", 1, 1.0)]);
    assert_eq!(told(&looks.colors), [of("blue", 3, 3.0)]);
    assert_eq!(told(&looks.ages), [of("20-29", 1, 1.0), of("40-49", 2, 2.0)]);
    assert_eq!(
        (told(&looks.accessories), told(&looks.bags)),
        (vec![of("hat", 1, 1.0)], vec![of("backpack", 1, 3.0)]),
        "nothing on the head is no accessory, and yet known"
    );
}

async fn tenants_count_for_themselves(store: &Store) {
    let (one, two, start) = (tenant(1), tenant(2), at(AFTERNOON));
    let records = [
        Record::Crossing(crossing(1, Direction::In, start)),
        Record::ZoneStay(stay(1, start, 10)),
        Record::Minute(minute(1, start, 2, 60_000)),
        Record::Heat(heat(1, start, 60_000)),
    ];
    store.write(one, &records).await.unwrap();
    for record in &records {
        let foreign = store.write(two, std::slice::from_ref(record)).await.unwrap_err();
        assert!(matches!(foreign, StoreError::Tenant { .. }), "{foreign}");
    }
    let (door, range) = (camera_id("door"), (start, start + seconds(3600)));
    let theirs = store.shift_at(one, branch_id(2), start).await.unwrap();
    let ours = store.shift_at(two, branch_id(2), start).await.unwrap();
    let summary = store.summary(two, &ours).await.unwrap();
    assert_eq!((summary.unique_people, summary.lines.len(), summary.zones.len()), (None, 0, 0));
    assert_eq!(summary.peaks, []);
    assert_eq!(store.occupancy(two, (branch_id(2), &door), range, 60_000).await.unwrap().steps, []);
    assert_eq!(store.heat_between(two, branch_id(2), &door, range).await.unwrap(), Heat::default());
    assert_eq!(store.heat_of_shift(two, branch_id(2), &door, theirs.id).await.unwrap(), Heat::default());
    assert_eq!(store.heat_of_shift(one, branch_id(2), &door, theirs.id).await.unwrap().total_ms(), 60_000);
}

/// Postgres takes no text with a zero byte in it, wherever in a batch that is.
#[tokio::test]
async fn a_batch_is_written_as_a_whole_or_not_at_all() {
    let fresh = crate::fixture::postgres().await;
    let store = &fresh.store;
    let (one, enter) = (tenant(1), at(AFTERNOON));
    let broken = CrossingRecord { line: "do\0or".into(), ..crossing(1, Direction::In, enter) };
    let batch = [Record::Visit(visit(1, 1, enter, seconds(5))), Record::Crossing(broken)];
    let refused = store.write(one, &batch).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused(_)), "{refused}");
    let shift = store.shift_at(one, branch_id(2), enter).await.unwrap();
    assert_eq!(store.visits(one, shift.id, None, 10).await.unwrap().items, []);
    store.write(one, &batch[..1]).await.unwrap();
    assert_eq!(store.visits(one, shift.id, None, 10).await.unwrap().items.len(), 1);
}
