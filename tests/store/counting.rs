//! What lines and zones count, and how many people there were, from frames to rows, whatever happens in between.

use std::sync::Arc;

use atalaya::domain::{
    Camera, Detection, Frame, Heat, Line, LineFigures, OccupancySeries, Point, Rect, Summary, Timestamp,
    Zone, ZoneFigures,
};
use atalaya::store::Store;

use crate::eventually::eventually;
use crate::fixture::{bare_camera, branch_id, camera_id, seconds, sqlite, tenant};
use crate::postgres::Cluster;
use crate::recording::{Scene, after, frame};

on_both!(
    who_comes_in_and_stays_is_counted,
    other_lines_and_zones_hold_at_once_and_split_no_visit,
    a_camera_that_restarts_goes_on_counting_its_minutes,
    frames_that_nobody_looked_at_are_no_empty_room,
    a_camera_that_moves_begins_to_count_anew,
);

/// An entrance in the middle of the picture, with `in` towards the right, and a zone right of it.
fn shaped(zone: &str, left: f32) -> Arc<Camera> {
    let point = |x, y| Point { x, y };
    let door = Line { name: "door".into(), from: point(0.5, 1.0), to: point(0.5, 0.0), entrance: true };
    let corners = vec![point(left, 0.0), point(1.0, 0.0), point(1.0, 1.0), point(left, 1.0)];
    let zone = Zone::new(zone, corners);
    Arc::new(Camera { lines: vec![door], zones: vec![zone], ..bare_camera(1, "door") })
}

fn put(scene: &Scene, camera: Arc<Camera>) {
    scene.cameras.lock().unwrap().insert((camera.tenant, camera.id.clone()), camera);
}

/// Turns the clock once all frames are taken in: none comes later than its time.
async fn advance(scene: &Scene, frames: u64, by: u64) {
    eventually("all frames are taken in", async || (scene.recorder.figures().frames == frames).then_some(()))
        .await;
    scene.clock.advance(seconds(by));
}

/// A frame of camera `door` with feet at these places.
fn feet(ms: u64, people: &[(u64, f32)]) -> Frame {
    let person = |(track, x): &(u64, f32)| Detection {
        track: Some(*track),
        label: "person".into(),
        confidence: 0.75,
        rect: Rect { x: x - 0.05, y: 0.3, w: 0.1, h: 0.3 },
        seen: true,
        attributes: None,
    };
    Frame { detections: people.iter().map(person).collect(), ..frame(1, "door", ms, &[]) }
}

struct Figures {
    summary: Summary,
    series: OccupancySeries,
    heat: Heat,
}

/// Everything that is stored of the shift of the start.
async fn figures(store: &Store) -> Figures {
    let shift = store.shift_at(tenant(1), branch_id(2), after(0)).await.unwrap();
    let (door, range) = (camera_id("door"), (shift.start, shift.end));
    Figures {
        summary: store.summary(tenant(1), &shift).await.unwrap(),
        series: store.occupancy(tenant(1), (branch_id(2), &door), range, 60_000).await.unwrap(),
        heat: store.heat_of_shift(tenant(1), branch_id(2), &door, shift.id).await.unwrap(),
    }
}

async fn who_comes_in_and_stays_is_counted(store: &Store) {
    let scene = Scene::start(store);
    put(&scene, shaped("bar", 0.6));
    // One person walks in and stays for a minute and a half; another one waits outside for ten seconds.
    for ms in (0..=90_000).step_by(250) {
        let inside = (1, if ms < 5000 { 0.3 } else { 0.75 });
        let people = if ms < 10_000 { vec![inside, (2, 0.2)] } else { vec![inside] };
        scene.send(feet(ms, &people)).await;
    }
    advance(&scene, 361, 90).await;
    let live = eventually("the person is in the zone", async || {
        let live = scene.recorder.live(tenant(1), &camera_id("door"));
        live.zones.iter().any(|zone| zone.people == 1).then_some(live)
    })
    .await;
    assert_eq!(live.lines, [LineFigures { name: "door".into(), entries: 1, exits: 0 }]);
    assert_eq!(live.zones, [ZoneFigures { name: "bar".into(), people: 1 }]);
    scene.end().await;

    let Figures { summary, series, heat } = figures(store).await;
    assert_eq!((summary.visits, summary.unique_people), (2, Some(1)));
    let [line] = &summary.lines[..] else { panic!("{:?}", summary.lines) };
    assert_eq!((line.line.as_str(), line.entrance, line.entries, line.exits), ("door", true, 1, 0));
    let [zone] = &summary.zones[..] else { panic!("{:?}", summary.zones) };
    assert_eq!((zone.zone.as_str(), zone.stays, zone.dwell_median_s), ("bar", 1, Some(85)));
    let minutes: Vec<_> = series.steps.iter().map(|step| (step.start, step.min, step.max)).collect();
    assert_eq!(minutes, [(after(0), 0, 2), (after(60_000), 1, 1)]);
    assert!((1.1..1.25).contains(&series.steps[0].mean), "{series:?}");
    assert_eq!(series.peak.map(|peak| (peak.people, peak.at)), Some((2, after(0))));
    let row = |y: usize, x: f32| heat.cells()[y * Heat::COLUMNS + (x * Heat::COLUMNS as f32) as usize];
    // Feet at 0.6 of the height; nobody counts in the first half second.
    assert_eq!([row(10, 0.3), row(10, 0.75), row(10, 0.2)], [4500, 85_000, 9500]);
    assert_eq!(heat.total_ms(), 4500 + 85_000 + 9500);
}

async fn other_lines_and_zones_hold_at_once_and_split_no_visit(store: &Store) {
    let scene = Scene::start(store);
    put(&scene, shaped("bar", 0.6));
    let show = async |from: u64, to: u64| {
        for ms in (from..=to).step_by(250) {
            scene.send(feet(ms, &[(1, 0.8)])).await;
        }
    };
    show(0, 5000).await;
    advance(&scene, 21, 5).await;
    let zones = async |name: &str| {
        let live = scene.recorder.live(tenant(1), &camera_id("door"));
        live.zones.iter().any(|zone| &*zone.name == name && zone.people == 1).then_some(())
    };
    eventually("somebody is at the bar", async || zones("bar").await).await;
    put(&scene, shaped("shop", 0.7));
    eventually("the bar is gone", async || {
        let live = scene.recorder.live(tenant(1), &camera_id("door"));
        live.zones.iter().all(|zone| &*zone.name == "shop").then_some(())
    })
    .await;
    show(5250, 10_000).await;
    scene.end().await;
    let Figures { summary, .. } = figures(store).await;
    let stays: Vec<_> =
        summary.zones.iter().map(|zone| (zone.zone.as_str(), zone.stays, zone.dwell_median_s)).collect();
    assert_eq!(stays, [("bar", 1, Some(5)), ("shop", 1, Some(4))]);
    assert_eq!((summary.visits, summary.dwell_median_s), (1, Some(10)));
}

async fn a_camera_that_restarts_goes_on_counting_its_minutes(store: &Store) {
    let scene = Scene::start(store);
    for start in [0, 20_000, 40_000] {
        for ms in (start..start + 10_000).step_by(250) {
            scene.send(Frame { number: (ms - start) / 250, ..feet(ms, &[(1, 0.3)]) }).await;
        }
    }
    scene.end().await;
    let Figures { summary, series, .. } = figures(store).await;
    assert_eq!(summary.people_by_camera, [("door".to_owned(), 3)], "nobody knows who came back");
    let [minute] = &series.steps[..] else { panic!("{series:?}") };
    assert_eq!((minute.min, minute.max), (0, 1));
    // What another process counts in the same minute is told apart and added up.
    let scene = Scene::start(store);
    for ms in (0..=5000_u64).step_by(250) {
        scene.send(feet(ms, &[(1, 0.3), (2, 0.4)])).await;
    }
    scene.end().await;
    let again = figures(store).await.series;
    assert_eq!((again.steps.len(), again.steps[0].max), (1, 2), "{again:?}");
}

async fn frames_that_nobody_looked_at_are_no_empty_room(store: &Store) {
    let scene = Scene::start(store);
    // The detector is behind from 4 s on, and back at 20 s; until then it is not known who is there.
    for ms in (0..30_000).step_by(250) {
        let is_behind = (4000..20_000).contains(&ms);
        let people: &[(u64, f32)] = if is_behind { &[] } else { &[(1 + u64::from(ms >= 20_000), 0.3)] };
        scene.send(Frame { fresh: !is_behind, ..feet(ms, people) }).await;
    }
    scene.end().await;
    let Figures { series, .. } = figures(store).await;
    let [minute] = &series.steps[..] else { panic!("{series:?}") };
    assert_eq!((minute.min, minute.max), (0, 1));
    // Unseen: 16.25 s from the last look to the next but 2 s. Empty: half a second before each of both counts.
    let (seen, empty) = (29.75 - 14.25, 1.0);
    assert!((minute.mean - (seen - empty) / seen).abs() < 1e-6, "{minute:?}");
}

async fn a_camera_that_moves_begins_to_count_anew(store: &Store) {
    let scene = Scene::start(store);
    put(&scene, shaped("bar", 0.6));
    for ms in (0..=5000).step_by(250) {
        scene.send(feet(ms, &[(1, if ms < 2000 { 0.3 } else { 0.75 })])).await;
    }
    let live = || scene.recorder.live(tenant(1), &camera_id("door"));
    eventually("it is counted", async || (!live().lines.is_empty()).then_some(())).await;
    put(&scene, Arc::new(Camera { branch: branch_id(5), ..Camera::clone(&shaped("bar", 0.6)) }));
    eventually("nothing of it is told elsewhere", async || live().lines.is_empty().then_some(())).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_are_the_same_whether_or_not_the_database_was_away() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().unwrap());
    let store = Store::open(Some(&cluster.create_database()), folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    let steady = sqlite().await;
    let scenes = [Scene::start(&store), Scene::start(&steady.store)];
    scenes.iter().for_each(|scene| put(scene, shaped("bar", 0.6)));
    // Person n is there from n to n + 4 s: two seconds before the door, the rest behind it.
    let there = |ms: u64| -> Vec<(u64, f32)> {
        let place = |n: u64| if ms - n * 1000 < 2000 { 0.3 } else { 0.75 };
        ((ms / 1000).saturating_sub(3)..=ms / 1000).map(|n| (n, place(n))).collect()
    };
    let show = async |from: u64, to: u64| {
        for ms in (from..to).step_by(250) {
            for scene in &scenes {
                scene.send(feet(ms, &there(ms))).await;
            }
        }
        for scene in &scenes {
            advance(scene, to / 250, (to - from) / 1000).await;
        }
    };
    show(0, 30_000).await;
    eventually("the first crossings are stored", async || {
        (!figures(&store).await.summary.lines.is_empty()).then_some(())
    })
    .await;
    tokio::task::block_in_place(|| cluster.crash());
    show(30_000, 90_000).await;
    let recorder = scenes[0].recorder.clone();
    eventually("the loss is noticed", async || (recorder.figures().failures > 1).then_some(())).await;
    tokio::task::block_in_place(|| cluster.resume());
    show(90_000, 120_000).await;
    eventually("it is taken up again", async || (!recorder.figures().is_stuck).then_some(())).await;
    for scene in scenes {
        scene.end().await;
    }
    assert_eq!(recorder.figures().dropped, 0);
    let (away, steady) = (figures(&store).await, figures(&steady.store).await);
    // Numbers of the shifts may differ, nothing else.
    let steady_summary = Summary { shift: away.summary.shift.clone(), ..steady.summary };
    assert_eq!(away.summary, steady_summary);
    assert_eq!((away.series, away.heat), (steady.series, steady.heat));
    assert_eq!(away.summary.unique_people, Some(118), "the last ones were still before the door");
    let at = |minute: u64| Timestamp::from_millis(after(minute * 60_000).as_millis());
    assert_eq!(away.summary.peaks.iter().map(|(_, peak)| peak.at).collect::<Vec<_>>(), [at(0)]);
}

#[test]
fn whom_the_tracker_may_know_again_is_still_on_the_same_visit() {
    let quiet_ms = u128::from(atalaya::visit::Rules::default().quiet_ms);
    assert!(quiet_ms >= gstvision::track::Settings::default().memory.as_millis(), "{quiet_ms}");
}
