//! Figures over time as clients meet them.

use std::time::Duration;

use atalaya::domain::{CameraId, Place, Role, SectorId, Timestamp};
use atalaya::store::{CrossingRecord, MinuteRecord, Record};
use atalaya::visit::{Direction, Minute};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{NOON, World, branch, caller, json as answer, tenant};

const PATH: &str = "/api/v1/series";

on_both!(
    entries_and_exits_are_told_hour_by_hour,
    people_are_told_with_least_mean_and_most,
    a_branch_has_its_own_clock,
);

fn place() -> Place {
    Place {
        tenant: tenant(1),
        branch: branch(1),
        sector: SectorId::new(3).ok(),
        camera: CameraId::new("hall").unwrap(),
    }
}

/// `minutes` before noon.
fn before(minutes: u64) -> Timestamp {
    NOON - Duration::from_secs(minutes * 60)
}

fn crossing(minutes: u64, line: &str, direction: Direction) -> Record {
    let (line, at) = (line.into(), before(minutes));
    Record::Crossing(CrossingRecord {
        run: 1,
        place: place(),
        track: minutes,
        line,
        entrance: true,
        direction,
        at,
    })
}

fn counts(told: &Value) -> Vec<u64> {
    told["points"].as_array().unwrap().iter().map(|point| point["count"].as_u64().unwrap()).collect()
}

async fn entries_and_exits_are_told_hour_by_hour(world: &World) {
    let records = [
        crossing(10, "door", Direction::In),
        crossing(20, "yard", Direction::In),
        crossing(70, "door", Direction::In),
        crossing(75, "door", Direction::Out),
    ];
    world.store.write(tenant(1), &records).await.unwrap();
    let (status, told) = world.get(&format!("{PATH}?measure=entries&from=2026-05-04T10:30:00%2B02:00")).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    insta::assert_json_snapshot!("series_of_entries", told);
    for (query, expected) in [
        ("measure=entries&line=door", vec![0, 0, 0, 0, 1, 1]),
        ("measure=exits", vec![0, 0, 0, 0, 1, 0]),
        ("measure=exits&sector_id=3&camera=hall", vec![0, 0, 0, 0, 1, 0]),
        ("measure=entries&sector_id=4", vec![0; 6]),
        ("measure=entries&camera=theirs", vec![0; 6]),
        ("", vec![0; 6]),
        ("measure=entries&step=day", vec![3]),
    ] {
        let (status, told) = world.get(&format!("{PATH}?{query}")).await;
        assert_eq!((status, counts(&told)), (StatusCode::OK, expected), "{query}: {told}");
    }
}

async fn people_are_told_with_least_mean_and_most(world: &World) {
    let minute = |minutes: u64, people: u32| {
        let start_ms = before(minutes).as_millis().cast_unsigned();
        let people_ms = u64::from(people) * 60_000;
        let minute = Minute { start_ms, min: people, max: people, people_ms, seen_ms: 60_000 };
        Record::Minute(MinuteRecord { run: 1, place: place(), minute })
    };
    world.store.write(tenant(1), &[minute(30, 2), minute(20, 5), minute(10, 2)]).await.unwrap();
    let (status, told) =
        world.get(&format!("{PATH}?measure=occupancy&from=2026-05-04T10:00:00%2B02:00&camera=hall")).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    insta::assert_json_snapshot!("series_of_occupancy", told);
}

async fn a_branch_has_its_own_clock(world: &World) {
    let (_, madrid) =
        world.get(&format!("{PATH}?step=day&from=2026-10-25T12:00:00Z&to=2026-10-25T13:00:00Z")).await;
    assert_eq!(
        (&madrid["from"], &madrid["to"], counts(&madrid)),
        (&json!("2026-10-25T00:00:00+02:00"), &json!("2026-10-26T00:00:00+01:00"), vec![0])
    );
    let (_, hours) = world
        .get(&format!("{PATH}?branch_id=2&from=2026-10-25T00:00:00%2B01:00&to=2026-10-26T00:00:00Z"))
        .await;
    let starts: Vec<_> = hours["points"].as_array().unwrap().iter().map(|point| &point["start"]).collect();
    assert_eq!(
        (starts.len(), starts[1], starts[2]),
        (25, &json!("2026-10-25T01:00:00+01:00"), &json!("2026-10-25T01:00:00+00:00"),)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_or_does_not_fit_is_named() {
    let world = World::start().await;
    for (query, field, reason) in [
        ("step=minute&from=2026-04-01T00:00:00Z", "step", "more than 11000 steps"),
        ("from=2000-04-01T00:00:00Z", "to", "3660 days"),
        ("measure=occupancy&from=2024-04-01T00:00:00Z", "to", "366 days"),
        ("to=2026-04-01T00:00:00Z", "from", "is needed with `to`"),
        ("from=2026-04-01", "from", "is not a time"),
        ("measure=visits&line=door", "line", "entries and exits"),
        ("camera=NO", "camera", "a-z"),
        ("sector_id=0", "sector_id", "positive"),
    ] {
        let (status, problem) = world.get(&format!("{PATH}?{query}")).await;
        assert_eq!(
            (status, &problem["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{query}: {problem}"
        );
        assert!(problem["detail"].as_str().unwrap().contains(reason), "{query}: {problem}");
    }
    for query in ["measure=people", "step=week", "nonsense=1"] {
        assert_eq!(world.get(&format!("{PATH}?{query}")).await.0, StatusCode::BAD_REQUEST, "{query}");
    }
    assert_eq!(world.get(&format!("{PATH}?branch_id=99")).await.0, StatusCode::NOT_FOUND);
    let waiter = caller(1, &[2], &[Role::Waiter]);
    let (status, _) = answer(world.by(&waiter, Method::GET, &format!("{PATH}?branch_id=1"))).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "it is another branch");
    let (_, told) = answer(world.by(&waiter, Method::GET, PATH)).await;
    assert_eq!(told["branch_id"], 2);
    let (status, year) =
        world.get(&format!("{PATH}?from=2028-01-01T00:00:00%2B01:00&to=2029-01-01T00:00:00%2B01:00")).await;
    assert_eq!((status, counts(&year).len()), (StatusCode::OK, 366 * 24), "a leap year of hours");
}
