//! Lines, zones, occupancy and heatmaps as clients meet them.

use std::time::Duration;

use atalaya::domain::{CameraId, Heat, LineFigures, LiveFigures, Place, Point, Role, Timestamp, ZoneFigures};
use atalaya::store::{CrossingRecord, HeatRecord, MinuteRecord, Record, ZoneStayRecord};
use atalaya::visit::{Direction, Minute, Quarter};
use image::RgbaImage;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{NOON, World, branch, caller, header, json as answer, tenant};

fn hall() -> CameraId {
    CameraId::new("hall").unwrap()
}

fn place() -> Place {
    Place { tenant: tenant(1), branch: branch(1), sector: None, camera: hall() }
}

/// `minutes` before noon.
fn before(minutes: u64) -> Timestamp {
    NOON - Duration::from_secs(minutes * 60)
}

/// A whole minute with so many people in it.
fn minute(minutes: u64, people: u32) -> Record {
    let start_ms = before(minutes).as_millis().cast_unsigned();
    let people_ms = u64::from(people) * 60_000;
    let minute = Minute { start_ms, min: people, max: people, people_ms, seen_ms: 60_000 };
    Record::Minute(MinuteRecord { run: 1, place: place(), minute })
}

/// Somebody stood in the middle for a while of the quarter of an hour.
fn heat(minutes: u64) -> Record {
    let mut heat = Heat::default();
    heat.stand(Point { x: 0.5, y: 0.5 }, 60_000);
    let start_ms = before(minutes).as_millis().cast_unsigned();
    Record::Heat(HeatRecord { run: 1, place: place(), quarter: Quarter { start_ms, heat } })
}

fn crossing(minutes: u64, direction: Direction) -> Record {
    let (line, at) = ("door".into(), before(minutes));
    Record::Crossing(CrossingRecord { run: 1, place: place(), track: 1, line, entrance: true, direction, at })
}

on_both!(
    occupancy_is_told_step_by_step_with_its_peak,
    a_heatmap_is_hot_where_people_stood,
    a_summary_tells_of_lines_zones_and_people,
    a_camera_that_moved_leaves_its_history_behind,
);

async fn occupancy_is_told_step_by_step_with_its_peak(world: &World) {
    world.store.write(tenant(1), &[minute(10, 2), minute(9, 4), minute(2, 1)]).await.unwrap();
    let path = "/api/v1/cameras/hall/occupancy";
    let (status, told) = world.get(path).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(told["from"], "2026-05-04T06:00:00+02:00", "the current shift, at the branch's clock");
    assert_eq!((&told["camera"], &told["step_s"]), (&json!("hall"), &json!(60)));
    let point = json!({"start": "2026-05-04T11:50:00+02:00", "min": 2, "mean": 2.0, "max": 2});
    assert_eq!((told["points"].as_array().unwrap().len(), &told["points"][0]), (3, &point));
    assert_eq!(told["peak"], json!({"people": 4, "at": "2026-05-04T11:51:00+02:00"}));
    // The `+` as people type it, and as programs escape it.
    for from in ["2026-05-04T11:50:30+02:00", "2026-05-04T11:50:30%2B02:00", "2026-05-04T09:50:00Z"] {
        let (_, told) = world.get(&format!("{path}?from={from}&step=300")).await;
        let means: Vec<_> = told["points"].as_array().unwrap().iter().map(|point| &point["mean"]).collect();
        assert_eq!(means, [&json!(3.0), &json!(1.0)], "{from}: {told}");
    }
    let (_, nothing) = world.get("/api/v1/cameras/fixed/occupancy").await;
    assert_eq!((&nothing["points"], &nothing["peak"]), (&json!([]), &Value::Null));
}

async fn picture(world: &World, query: &str) -> RgbaImage {
    let path = format!("/api/v1/cameras/hall/heatmap.png{query}");
    let response = world.admin(Method::GET, &path).send().await.unwrap();
    assert_eq!((response.status(), header(&response, "content-type")), (StatusCode::OK, "image/png"));
    image::load_from_memory(&response.bytes().await.unwrap()).unwrap().into_rgba8()
}

/// Whether the cell right below the middle is hotter than the corner.
fn is_hot(picture: &RgbaImage) -> bool {
    let red = |x, y| picture.get_pixel(x, y).0[0];
    red(picture.width() * 33 / 64, picture.height() * 19 / 36) > red(3, 3).saturating_add(80)
}

async fn a_heatmap_is_hot_where_people_stood(world: &World) {
    world.running(1, "hall").await;
    assert!(!is_hot(&picture(world, "").await), "nobody was there");
    world.store.write(tenant(1), &[heat(30)]).await.unwrap();
    let (_, shift) = world.get("/api/v1/shifts/current").await;
    let by_id = format!("?shift={}", shift["id"]);
    for query in ["", "?shift=current", &by_id, "?from=2026-05-04T11:30:00+02:00", "?background=none"] {
        assert!(is_hot(&picture(world, query).await), "{query}");
    }
    assert!(is_hot(&picture(world, "?from=2026-05-04T11:40:00+02:00").await), "of that quarter, all of it");
    assert!(!is_hot(&picture(world, "?from=2026-05-04T11:45:00+02:00").await), "it was before");
    let plain = picture(world, "").await;
    assert_eq!((plain.width(), plain.height()), (640, 480), "as the camera's picture");
    let outlined = picture(world, "?background=outline").await;
    assert!(is_hot(&outlined) && outlined != plain, "the ball's edge lies behind it");
    let (status, _) = answer(world.admin(Method::POST, "/api/v1/cameras/hall/stop")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(is_hot(&picture(world, "?background=outline").await), "without a picture there is no outline");
}

async fn a_camera_that_moved_leaves_its_history_behind(world: &World) {
    world.store.write(tenant(1), &[minute(10, 2), heat(30)]).await.unwrap();
    let (status, moved) = world.patch("/api/v1/cameras/hall", &json!({"branch_id": 2})).await;
    assert_eq!(status, StatusCode::OK, "{moved}");
    let newcomer = caller(1, &[2], &[Role::Viewer]);
    let path = "/api/v1/cameras/hall/occupancy?from=2026-05-04T11:00:00+02:00";
    let (status, told) = answer(world.by(&newcomer, Method::GET, path)).await;
    assert_eq!(
        (status, &told["points"], &told["peak"]),
        (StatusCode::OK, &json!([]), &Value::Null),
        "{told}"
    );
    for query in ["", "?from=2026-05-04T11:00:00+02:00"] {
        assert!(!is_hot(&picture(world, query).await), "{query}: it was in another branch");
    }
}

async fn a_summary_tells_of_lines_zones_and_people(world: &World) {
    let path = "/api/v1/shifts/current/summary";
    assert_eq!(world.get(path).await.1["unique_people"], Value::Null, "no line is an entrance");
    let line = json!({"name": "door", "from": [0, 0.5], "to": [1, 0.5], "entrance": true});
    let (status, camera) = world.patch("/api/v1/cameras/hall", &json!({"lines": [line]})).await;
    assert_eq!((status, &camera["lines"][0]["entrance"]), (StatusCode::OK, &json!(true)), "{camera}");
    assert_eq!(world.get(path).await.1["unique_people"], 0, "nobody has come in yet");
    let (zone, enter) = ("bar".into(), before(20));
    let leave = enter + Duration::from_secs(90);
    let stay = ZoneStayRecord { run: 1, place: place(), track: 1, zone, enter, leave };
    let records = [
        crossing(20, Direction::In),
        crossing(15, Direction::In),
        crossing(10, Direction::Out),
        Record::ZoneStay(stay),
        minute(9, 4),
    ];
    world.store.write(tenant(1), &records).await.unwrap();
    let (_, told) = world.get(path).await;
    assert_eq!(told["unique_people"], 2);
    let line = json!({"camera": "hall", "line": "door", "entrance": true, "entries": 2, "exits": 1});
    assert_eq!(told["lines"], json!([line]));
    let zone = json!({"camera": "hall", "zone": "bar", "stays": 1, "dwell_median_s": 90, "dwell_p95_s": 90});
    assert_eq!(told["zones"], json!([zone]));
    let at = "2026-05-04T11:51:00+02:00";
    assert_eq!(told["occupancy_peak"], json!({"camera": "hall", "people": 4, "at": at}));
    let camera =
        json!({"camera": "hall", "visits": 0, "unique_people": 0, "occupancy_peak": {"people": 4, "at": at}});
    assert_eq!(told["visits_by_camera"], json!([camera]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_tells_who_crossed_and_who_is_inside_now() {
    let world = World::start().await;
    let zone = json!({"name": "bar", "corners": [[0, 0], [1, 0], [1, 1]]});
    let line = json!({"name": "door", "from": [0, 0.5], "to": [1, 0.5]});
    let shapes = json!({"lines": [line], "zones": [zone]});
    world.running(1, "hall").await;
    let (_, before) = world.get("/api/v1/cameras/hall/status").await;
    let (_, camera) = world.patch("/api/v1/cameras/hall", &shapes).await;
    assert_eq!(camera["status"]["lines"], json!([{"name": "door", "entries": 0, "exits": 0}]));
    assert_eq!(camera["status"]["zones"], json!([{"name": "bar", "people": 0}]));
    assert_eq!(camera["status"]["since"], before["since"], "nothing restarts for it");
    let live = LiveFigures {
        lines: vec![LineFigures { name: "door".into(), entries: 3, exits: 1 }],
        zones: vec![
            ZoneFigures { name: "bar".into(), people: 2 },
            ZoneFigures { name: "gone".into(), people: 9 },
        ],
    };
    world.live.lock().unwrap().insert((tenant(1), hall()), live);
    let (_, status) = world.get("/api/v1/cameras/hall/status").await;
    assert_eq!(status["lines"], json!([{"name": "door", "entries": 3, "exits": 1}]));
    assert_eq!(status["zones"], json!([{"name": "bar", "people": 2}]));
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_and_steps_that_do_not_fit_are_named() {
    let world = World::start().await;
    for (path, field) in [
        ("occupancy?from=yesterday", "from"),
        ("occupancy?from=1969-01-01T00:00:00Z", "from"),
        ("occupancy?to=2026-05-04T11:00:00Z", "from"),
        ("occupancy?from=2026-05-04T11:00:00Z&to=2026-05-04T11:00:00Z", "to"),
        ("occupancy?from=2020-05-04T11:00:00Z", "to"),
        ("occupancy?step=90", "step"),
        ("occupancy?step=4294980", "step"),
        ("occupancy?from=2026-05-04T09:00:00Z&step=3660", "step"),
        ("occupancy?from=2026-05-01T00:00:00Z&step=60", "step"),
        ("heatmap.png?from=2026-03-04T11:00:00Z", "to"),
        ("heatmap.png?from=2026-05-04T09:00:00Z&shift=current", "shift"),
    ] {
        let (status, problem) = world.get(&format!("/api/v1/cameras/hall/{path}")).await;
        assert_eq!(
            (status, &problem["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{path}: {problem}"
        );
    }
    let (status, problem) = world.get("/api/v1/cameras/hall/heatmap.png?background=red").await;
    assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!("background")), "{problem}");
    let (status, _) = world.get("/api/v1/cameras/hall/heatmap.png?shift=4711").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (_, elsewhere) = world.get("/api/v1/shifts/current?branch_id=2").await;
    let path = format!("/api/v1/cameras/hall/heatmap.png?shift={}", elsewhere["id"]);
    let (status, problem) = world.get(&path).await;
    assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("shift")), "{problem}");
    // 49 days and 17 hours: more milliseconds than 32 bits hold.
    let path = "/api/v1/cameras/hall/occupancy?from=2026-01-04T11:00:00Z&step=4294980";
    let (status, long) = world.get(path).await;
    assert_eq!((status, &long["step_s"]), (StatusCode::OK, &json!(4_294_980)), "{long}");
    let (_, wide) = world.get("/api/v1/cameras/hall/occupancy?from=2026-04-04T11:00:00Z").await;
    assert_eq!(wide["step_s"], 1740, "a long range takes longer steps by itself");
    let stranger = caller(1, &[2], &[Role::Viewer]);
    for path in ["occupancy", "heatmap.png"] {
        let path = format!("/api/v1/cameras/hall/{path}");
        let (status, _) = answer(world.by(&stranger, Method::GET, &path)).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "it hangs in another branch");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_more_heatmaps_than_can_wait_is_told_to_come_again() {
    let world = World::start().await;
    let ask = || world.admin(Method::GET, "/api/v1/cameras/hall/heatmap.png").send();
    let busy = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let answers = futures_util::future::join_all((0..40).map(|_| ask())).await;
            let mut answers = answers.into_iter().map(Result::unwrap);
            if let Some(busy) = answers.find(|answer| answer.status() == StatusCode::SERVICE_UNAVAILABLE) {
                break busy;
            }
        }
    });
    let busy = busy.await.expect("not all of forty should be drawn at once");
    assert_eq!(header(&busy, "retry-after"), "1");
    assert_eq!(ask().await.unwrap().status(), StatusCode::OK, "all that was asked for is answered by now");
}
