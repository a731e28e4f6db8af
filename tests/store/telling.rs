//! What happens before a camera is told as it happens, whatever the database does.

use std::sync::Arc;

use atalaya::domain::{
    Camera, Direction, Frame, Line, Occupants, Occurrence, Point, Rect, SectorId, Sight, Zone, ZoneStep,
};

use crate::eventually::eventually;
use crate::fixture::{bare_camera, camera_id, seconds, sqlite, tenant};
use crate::recording::{Scene, after, frame};

/// Camera `door` in sector 3, with an entrance in the middle of the picture and a bar right of it, where more than one
/// is too many and a stay of five seconds is long.
fn shaped() -> Camera {
    let point = |x, y| Point { x, y };
    let door = Line { name: "way".into(), from: point(0.5, 1.0), to: point(0.5, 0.0), entrance: true };
    let corners = vec![point(0.5, 0.0), point(1.0, 0.0), point(1.0, 1.0), point(0.5, 1.0)];
    let bar = Zone { max_people: Some(1), dwell_s: Some(5), ..Zone::new("bar", corners) };
    let sector = Some(SectorId::new(3).unwrap());
    Camera { sector, lines: vec![door], zones: vec![bar], ..bare_camera(1, "door") }
}

fn put(scene: &Scene, camera: Camera) {
    scene.cameras.lock().unwrap().insert((camera.tenant, camera.id.clone()), Arc::new(camera));
}

/// Shows these people, each at its place, from `from` to `to` milliseconds after the start.
async fn show(scene: &Scene, people: &[(u64, f32)], from: u64, to: u64) {
    for ms in (from..=to).step_by(250) {
        let tracks: Vec<_> = people.iter().map(|(track, _)| *track).collect();
        let mut seen = frame(1, "door", ms, &tracks);
        for (detection, (_, x)) in seen.detections.iter_mut().zip(people) {
            detection.rect = Rect { x: *x, y: 0.4, w: 0.1, h: 0.3 };
        }
        scene.send(seen).await;
    }
}

/// What was told of camera `door`, once there is so much of it.
async fn told(scene: &Scene, count: usize) -> Vec<Sight> {
    eventually("it is told", async || (scene.told.lock().unwrap().len() >= count).then_some(())).await;
    let all: Vec<_> = scene.told.lock().unwrap().drain(..).collect();
    let sight = |occurrence| match occurrence {
        Occurrence::AtCamera { place, name, sight } => {
            assert_eq!((place.tenant, place.camera), (tenant(1), camera_id("door")));
            assert_eq!((place.sector, name.as_ref()), (SectorId::new(3).ok(), "Entrada «sur»"));
            sight
        }
        other => panic!("{other:?}"),
    };
    all.into_iter().map(sight).collect()
}

fn in_bar(track: u64, enter: u64, step: ZoneStep) -> Sight {
    Sight::InZone { zone: "bar".into(), track, enter: after(enter), step }
}

fn occupants(people: u32, ms: u64) -> Occupants {
    Occupants { zone: "bar".into(), people, max_people: 1, at: after(ms) }
}

#[tokio::test]
async fn a_visit_with_all_that_it_does_is_told() {
    let fresh = sqlite().await;
    let scene = Scene::start(&fresh.store);
    put(&scene, shaped());
    show(&scene, &[(7, 0.2)], 0, 1000).await;
    assert_eq!(told(&scene, 1).await, [Sight::VisitStarted { track: 7, enter: after(0) }]);
    show(&scene, &[(7, 0.8)], 1250, 8000).await;
    let crossed = Sight::LineCrossed {
        line: "way".into(),
        direction: Direction::In,
        entrance: true,
        track: 7,
        at: after(1250),
    };
    let dwelt = ZoneStep::Dwelt { at: after(6250), dwell_s: 5 };
    let expected = [crossed, in_bar(7, 1250, ZoneStep::Entered), in_bar(7, 1250, dwelt)];
    assert_eq!(told(&scene, 3).await, expected);
    // Nobody is seen any more, until the visit is over.
    show(&scene, &[], 8250, 9000).await;
    eventually("all is taken in", async || (scene.recorder.figures().frames == 37).then_some(())).await;
    scene.clock.advance(seconds(30));
    let ended = Sight::VisitEnded {
        track: 7,
        enter: after(0),
        leave: after(8000),
        confidence: 0.75,
        attributes: Default::default(),
    };
    assert_eq!(told(&scene, 2).await, [in_bar(7, 1250, ZoneStep::Left { leave: after(8000) }), ended]);
    scene.end().await;
}

#[tokio::test]
async fn too_many_people_are_told_and_that_they_are_no_longer() {
    let fresh = sqlite().await;
    let scene = Scene::start(&fresh.store);
    put(&scene, shaped());
    let crowded = |sights: Vec<Sight>| -> Vec<Sight> {
        let is_crowd = |sight: &Sight| matches!(sight, Sight::OccupancyHigh(_) | Sight::OccupancyNormal(_));
        sights.into_iter().filter(is_crowd).collect()
    };
    show(&scene, &[(1, 0.6), (2, 0.8)], 0, 5000).await;
    // Two who came in, two who stay for long, two visits, and the crowd: two are there after half a second, and too many
    // two seconds later.
    assert_eq!(crowded(told(&scene, 7).await), [Sight::OccupancyHigh(occupants(2, 2500))]);
    // The camera's pipeline begins anew; nobody is there for ten seconds before that is told.
    for n in 0..20 {
        let tracks = Frame { number: n, ..frame(1, "door", 5250 + n * 250, &[]) };
        scene.send(tracks).await;
    }
    show(&scene, &[(3, 0.6)], 10_250, 22_000).await;
    eventually("it is told", async || {
        let all = scene.told.lock().unwrap().clone();
        let is_over =
            |one: &Occurrence| matches!(one, Occurrence::AtCamera { sight: Sight::OccupancyNormal(_), .. });
        all.iter().any(is_over).then_some(())
    })
    .await;
    let over = crowded(told(&scene, 1).await);
    let [Sight::OccupancyNormal(over)] = &over[..] else { panic!("{over:?}") };
    assert_eq!((over.people, over.max_people, over.at), (1, 1, after(15_250)));
    // Too many again; then their zone is taken away, and what was told with it.
    show(&scene, &[(3, 0.6), (4, 0.8)], 22_250, 27_000).await;
    eventually("it is told", async || {
        let all = scene.told.lock().unwrap().clone();
        let is_high =
            |one: &Occurrence| matches!(one, Occurrence::AtCamera { sight: Sight::OccupancyHigh(_), .. });
        all.iter().any(is_high).then_some(())
    })
    .await;
    told(&scene, 1).await;
    put(&scene, Camera { zones: Vec::new(), ..shaped() });
    let over = eventually("it is taken back", async || {
        let all = scene.told.lock().unwrap().clone();
        all.into_iter().find_map(|one| match one {
            Occurrence::AtCamera { sight: Sight::OccupancyNormal(over), .. } => Some(over),
            _ => None,
        })
    })
    .await;
    assert_eq!((over.people, over.max_people), (2, 1));
    scene.end().await;
}
