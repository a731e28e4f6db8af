//! Shifts, their figures and their visits, in the time of their branch.

use std::time::Duration;

use atalaya::domain::{Attribute, Attributes, CameraId, Direction, Place, SectorId, Visit};
use atalaya::store::{CrossingRecord, Record, VisitRecord};
use reqwest::StatusCode;
use serde_json::Value;

use crate::world::{NOON, World, branch, tenant};

/// Somebody who came `minutes` before noon and stayed for `seconds`.
fn record(camera: &str, minutes: u64, seconds: u64) -> VisitRecord {
    let enter = NOON - Duration::from_secs(minutes * 60);
    let garment = Attribute { value: Some("jacket".into()), confidence: 0.75 };
    let place = Place {
        tenant: tenant(1),
        branch: branch(1),
        sector: Some(SectorId::default()),
        camera: CameraId::new(camera).unwrap(),
    };
    let visit = Visit {
        place,
        track: minutes,
        enter,
        leave: enter + Duration::from_secs(seconds),
        confidence: 0.875,
        model: "nanodet".into(),
        attributes: Attributes { garment, ..Attributes::default() },
    };
    VisitRecord { run: 1, open: minutes == 0, visit }
}

/// Somebody who came in at this time of day, so many days ago.
fn entered_days_ago(days: u64) -> Record {
    let VisitRecord { run, visit: Visit { place, track, enter, .. }, .. } = record("hall", 100, 10);
    let at = enter - Duration::from_secs(days * 24 * 3600);
    let (line, direction) = ("door".into(), Direction::In);
    Record::Crossing(CrossingRecord { run, place, track, line, entrance: true, direction, at })
}

on_both!(
    the_current_summary_has_the_documented_shape,
    a_summary_is_also_told_of_a_sector_or_a_camera,
    a_shift_is_compared_with_earlier_ones_of_its_name,
    visits_come_newest_first_page_by_page,
    shifts_are_told_in_the_time_of_their_branch,
    past_shifts_are_listed_newest_first_page_by_page,
);

async fn add_visits(world: &World) {
    let visits =
        [record("hall", 90, 30), record("hall", 20, 10), record("fixed", 10, 50), record("hall", 0, 5)];
    world.store.write_visits(tenant(1), &visits).await.unwrap();
}

async fn the_current_summary_has_the_documented_shape(world: &World) {
    add_visits(world).await;
    let (status, summary) = world.get("/api/v1/shifts/current/summary").await;
    assert_eq!(status, StatusCode::OK, "{summary}");
    insta::assert_json_snapshot!("current_summary", summary);
    let (_, shift) = world.get("/api/v1/shifts/current").await;
    assert_eq!(shift, summary["shift"]);
    let id = &shift["id"];
    assert_eq!(world.get(&format!("/api/v1/shifts/{id}")).await.1, shift);
    assert_eq!(world.get(&format!("/api/v1/shifts/{id}/summary")).await.1, summary);
}

async fn visits_come_newest_first_page_by_page(world: &World) {
    add_visits(world).await;
    let (_, shift) = world.get("/api/v1/shifts/current").await;
    let path = format!("/api/v1/shifts/{}/visits", shift["id"]);
    let (_, first) = world.get(&format!("{path}?limit=3")).await;
    assert_eq!(world.get("/api/v1/shifts/current/visits?limit=3").await.1, first);
    insta::assert_json_snapshot!("visit", first["items"][0]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, second) = world.get(&format!("{path}?limit=3&cursor={cursor}")).await;
    let tracks = |page: &Value| -> Vec<u64> {
        page["items"].as_array().unwrap().iter().map(|visit| visit["track"].as_u64().unwrap()).collect()
    };
    assert_eq!((tracks(&first), tracks(&second)), (vec![0, 10, 20], vec![90]));
    assert_eq!(second["next_cursor"], Value::Null);
    for query in ["cursor=nonsense", "cursor=7fffffffffffffff.1", "limit=0", "limit=501"] {
        let (status, problem) = world.get(&format!("{path}?{query}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{query}: {problem}");
    }
}

async fn shifts_are_told_in_the_time_of_their_branch(world: &World) {
    let (_, madrid) = world.get("/api/v1/shifts/current").await;
    let (_, canary) = world.get("/api/v1/shifts/current?branch_id=2").await;
    assert_eq!((&madrid["name"], &madrid["start"]), (&"morning".into(), &"2026-05-04T06:00:00+02:00".into()));
    assert_eq!((&canary["name"], &canary["end"]), (&"morning".into(), &"2026-05-04T14:00:00+01:00".into()));
    assert_eq!(world.get("/api/v1/shifts/current?branch_id=99").await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.get("/api/v1/shifts/current?branch_id=0").await.0, StatusCode::UNPROCESSABLE_ENTITY);
}

async fn past_shifts_are_listed_newest_first_page_by_page(world: &World) {
    for hours in [0, 8, 16, 24] {
        let at = NOON - Duration::from_secs(hours * 3600);
        world.store.shift_at(tenant(1), branch(1), at).await.unwrap();
    }
    let names = |page: &Value| -> Vec<String> {
        let name = |shift: &Value| shift["name"].as_str().unwrap().to_owned();
        page["items"].as_array().unwrap().iter().map(name).collect()
    };
    let (_, first) = world.get("/api/v1/shifts?limit=3").await;
    assert_eq!(names(&first), ["morning", "night", "afternoon"]);
    let cursor = first["next_cursor"].as_str().unwrap();
    let (_, second) = world.get(&format!("/api/v1/shifts?limit=3&cursor={cursor}")).await;
    assert_eq!((names(&second), &second["next_cursor"]), (vec!["morning".to_owned()], &Value::Null));
    let (_, whole) = world.get("/api/v1/shifts?limit=4").await;
    assert_eq!((names(&whole).len(), &whole["next_cursor"]), (4, &Value::Null), "no empty page follows");
    for (query, found) in [
        ("from=2026-05-04T05:59:59%2B02:00", vec!["morning", "night"]),
        ("from=2026-05-04T06:00:00%2B02:00", vec!["morning"]),
        ("to=2026-05-03T14:00:00%2B02:00", vec!["morning"]),
        ("from=2026-05-03T20:00:00Z&to=2026-05-03T20:00:00.001Z", vec!["night"]),
        ("from=2026-05-03T13:00:00%2B02:00&to=2026-05-03T22:00:00%2B02:00", vec!["afternoon", "morning"]),
        ("from=2026-05-05T00:00:00Z", vec![]),
    ] {
        let (status, page) = world.get(&format!("/api/v1/shifts?{query}")).await;
        assert_eq!((status, names(&page)), (StatusCode::OK, found.into_iter().map(String::from).collect()));
    }
    let paged = "/api/v1/shifts?limit=1&from=2026-05-03T13:00:00%2B02:00&to=2026-05-03T22:00:00%2B02:00";
    let (_, page) = world.get(paged).await;
    let (_, rest) = world.get(&format!("{paged}&cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert_eq!((names(&page)[0].as_str(), names(&rest)[0].as_str()), ("afternoon", "morning"));
    for (query, field) in
        [("from=yesterday", "from"), ("from=2026-05-04T06:00:00Z&to=2026-05-04T06:00:00Z", "to")]
    {
        let (status, problem) = world.get(&format!("/api/v1/shifts?{query}")).await;
        assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &field.into()));
    }
    for cursor in ["zz", "7ffffffffffffff", "-1"] {
        let (status, problem) = world.get(&format!("/api/v1/shifts?cursor={cursor}")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{cursor}: {problem}");
    }
}

async fn a_summary_is_also_told_of_a_sector_or_a_camera(world: &World) {
    add_visits(world).await;
    let (_, shift) = world.get("/api/v1/shifts/current").await;
    for base in ["/api/v1/shifts/current".to_owned(), format!("/api/v1/shifts/{}", shift["id"])] {
        let visits = async |query: &str| {
            let (status, told) = world.get(&format!("{base}/summary?{query}")).await;
            assert_eq!(status, StatusCode::OK, "{query}: {told}");
            told["visits"].as_u64().unwrap()
        };
        assert_eq!((visits("").await, visits("camera=hall").await, visits("camera=fixed").await), (4, 3, 1));
        assert_eq!((visits("sector_id=1").await, visits("sector_id=1&camera=fixed").await), (4, 1));
        // What is not known has no figures, and neither has what is another tenant's: nobody can tell which it is.
        for query in ["camera=theirs", "camera=nobody", "sector_id=99"] {
            let (_, told) = world.get(&format!("{base}/summary?{query}")).await;
            assert_eq!((&told["visits"], &told["visits_by_camera"]), (&0.into(), &Value::Array(Vec::new())));
        }
        for (query, field) in [("camera=NO", "camera"), ("sector_id=0", "sector_id")] {
            for figures in ["summary", "comparison"] {
                let (status, problem) = world.get(&format!("{base}/{figures}?{query}")).await;
                assert_eq!(
                    (status, &problem["field"]),
                    (StatusCode::UNPROCESSABLE_ENTITY, &field.into()),
                    "{problem}"
                );
            }
        }
    }
    let (_, told) = world.get("/api/v1/shifts/current/summary?camera=hall&sector_id=1").await;
    assert_eq!(
        (&told["camera"], &told["sector_id"], &told["unique_people"]),
        (&"hall".into(), &1.into(), &3.into())
    );
}

/// The world's clock stands at noon, six of eight hours into the morning.
async fn a_shift_is_compared_with_earlier_ones_of_its_name(world: &World) {
    let path = "/api/v1/shifts/current/comparison";
    let (status, alone) = world.get(path).await;
    assert_eq!(status, StatusCode::OK, "{alone}");
    assert_eq!(
        (&alone["previous"], &alone["mean"], &alone["running"]),
        (&Value::Null, &Value::Null, &true.into())
    );
    add_visits(world).await;
    let days_ago = |days: u64, minutes: u64, seconds: u64| {
        let mut record = record("hall", minutes, seconds);
        let back = Duration::from_secs(days * 24 * 3600);
        record.open = false;
        record.visit.track = days * 10_000 + minutes;
        (record.visit.enter, record.visit.leave) = (record.visit.enter - back, record.visit.leave - back);
        record
    };
    let mut after_noon = days_ago(1, 0, 40);
    after_noon.visit.enter = after_noon.visit.enter + Duration::from_secs(3600);
    after_noon.visit.leave = after_noon.visit.leave + Duration::from_secs(3600);
    let earlier =
        [days_ago(1, 200, 20), days_ago(1, 60, 60), after_noon, days_ago(28, 100, 10), days_ago(29, 90, 9)];
    world.store.write_visits(tenant(1), &earlier).await.unwrap();
    let (_, compared) = world.get(path).await;
    insta::assert_json_snapshot!("current_comparison", compared);
    assert_eq!(world.get("/api/v1/shifts/current/summary").await.1, compared["summary"]);
    assert_eq!(
        compared["previous"]["figures"]["visits"], 2.0,
        "the third came later in the day than it is now"
    );
    assert_eq!(compared["mean"]["shifts"], 2, "the one of 29 days ago is too long ago");
    // Once it is over, all of the others counts; settled or not, the answer is the same.
    let id = &compared["previous"]["shift"]["id"];
    let (_, yesterday) = world.get(&format!("/api/v1/shifts/{id}/comparison")).await;
    assert_eq!((&yesterday["figures"]["visits"], &yesterday["running"]), (&3.0.into(), &false.into()));
    assert_eq!(yesterday["mean"]["shifts"], 2);
    let (settled, done) = world.store.aggregate_due(NOON).await;
    done.unwrap();
    assert_eq!(settled.len(), 3);
    assert_eq!(world.get(path).await.1, compared);
    assert_eq!(world.get(&format!("/api/v1/shifts/{id}/comparison")).await.1, yesterday);
    let (_, other) = world.get(&format!("{path}?camera=fixed")).await;
    assert_eq!((&other["figures"]["visits"], &other["mean"]), (&1.0.into(), &Value::Null));
    // An entrance of today says nothing of the days before it.
    let door = serde_json::json!({"name": "door", "from": [0, 0], "to": [1, 1], "entrance": true});
    world.patch("/api/v1/cameras/hall", &serde_json::json!({"lines": [door]})).await;
    let path_of_yesterday = format!("/api/v1/shifts/{id}/summary");
    let people = async || {
        let (_, compared) = world.get(path).await;
        let each = [&compared, &compared["previous"], &compared["mean"]];
        let told = each.map(|figures| figures["figures"]["unique_people"].clone());
        (told, world.get(&path_of_yesterday).await.1["unique_people"].clone())
    };
    assert_eq!(people().await, ([0.0.into(), Value::Null, Value::Null], Value::Null));
    // Since somebody came in four weeks ago, nobody is nobody, wherever it is told.
    world.store.write(tenant(1), &[entered_days_ago(28)]).await.unwrap();
    assert_eq!(people().await, ([0.0.into(), 0.0.into(), 0.5.into()], 0.into()));
}
