//! Totems that are not connected: records and pictures by single requests.

use atalaya::domain::Role;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::totem::{server, street_picture, wall_picture};
use crate::world::World;

async fn post(world: &World, body: &Value) -> (StatusCode, Value) {
    let post = |base: &str| reqwest::Client::new().post(format!("{base}/api/v1/tracking/camera")).json(body);
    world.ask(post).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_totem_has_seen_by_itself_is_one_visit_however_often_it_is_sent() {
    let world = server().await;
    let now = atalaya::wire::ZoneClock::utc().write(atalaya::clock::Clock::system().now());
    let record = json!({"camera": "totem-9", "at": now.as_str(), "engine": "real_detection_mediapipe", "analysis": {
        "person_detected": true, "face_detected": true, "clothing_item": "camiseta_manga_larga",
        "clothing_style": "deportivo", "primary_color": "azul", "head_accessory": "lentes",
        "bag_accessory": null, "age_range": "26-35", "detection_confidence": 0.92}});
    for _ in 0..2 {
        let (status, kept) = post(&world, &record).await;
        assert_eq!(
            (status, &kept["kept"], &kept["camera"]),
            (StatusCode::OK, &json!(true), &json!("totem-9")),
            "{kept}"
        );
    }
    let visits = eventually("the visit", async || {
        let visits = world.visits("totem-9").await;
        (!visits.is_empty()).then_some(visits)
    })
    .await;
    assert_eq!((visits.len(), &visits[0]["open"]), (1, &json!(false)), "{visits:?}");
    let said = |name: &str| &visits[0]["attributes"][name]["value"];
    assert_eq!(
        (
            said("garment"),
            said("style"),
            said("primary_color"),
            said("head_accessory"),
            said("bag"),
            said("age_range")
        ),
        (
            &json!("long_sleeve"),
            &json!("sporty"),
            &json!("blue"),
            &json!("glasses"),
            &Value::Null,
            &json!("25-34")
        )
    );
    let nobody = json!({"camera": "totem-8", "analysis": {"person_detected": false}});
    let (status, kept) = post(&world, &nobody).await;
    assert_eq!((status, &kept["kept"]), (StatusCode::OK, &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_record_is_somebody_else_however_often_it_is_sent() {
    let world = server().await;
    let now = atalaya::clock::Clock::system().now();
    let told = |ago_s: u64| {
        let at = now - std::time::Duration::from_secs(ago_s);
        let at = atalaya::wire::ZoneClock::utc().write(at);
        json!({"camera": "totem-9", "at": at.as_str(), "analysis": {"person_detected": true}})
    };
    for record in [told(1), told(2), told(1)] {
        assert_eq!(post(&world, &record).await.0, StatusCode::OK);
    }
    let summary = eventually("the summary", async || {
        let get = |base: &str| {
            reqwest::Client::new().get(format!("{base}/api/v1/shifts/current/summary?branch_id=1"))
        };
        let (_, summary) = world.ask(get).await;
        (summary["visits"] == 2).then_some(summary)
    })
    .await;
    assert_eq!(summary["visits_by_camera"][0]["unique_people"], 2, "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_with_a_mistake_is_refused_by_its_field() {
    let world = server().await;
    for (body, status, field) in [
        (json!({"analysis": {}}), 422, "camera"),
        (json!({"camera": "a"}), 422, "analysis"),
        (json!({"camera": "A", "analysis": {}}), 422, "camera"),
        (json!({"camera": "a", "analysis": {"clothing_item": "toga"}}), 422, "analysis.clothing_item"),
        (json!({"camera": "a", "analysis": {"age_range": "old"}}), 422, "analysis.age_range"),
        (
            json!({"camera": "a", "analysis": {"detection_confidence": 7}}),
            422,
            "analysis.detection_confidence",
        ),
        (json!({"camera": "a", "analysis": {}, "at": "2999-01-01T00:00:00Z"}), 422, "at"),
    ] {
        let (got, problem) = post(&world, &body).await;
        assert_eq!((got.as_u16(), &problem["field"]), (status, &json!(field)), "{body}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_one_analysis_and_a_record_none() {
    let world = server().await;
    let picture = json!({"camera": "totem-door", "image_data": street_picture()});
    let record = json!({"camera": "totem-door", "analysis": {"person_detected": true}});
    for (body, done) in [(record, 0), (picture, 1)] {
        assert_eq!(post(&world, &body).await.0, StatusCode::OK);
        let figures = world.read("/metrics").await;
        for count in [
            format!(r#"atalaya_analyses_total{{kind="picture",tenant="1",outcome="done"}} {done}"#),
            format!(r#"atalaya_analysis_seconds_count{{kind="picture",tenant="1"}} {done}"#),
        ] {
            assert!(figures.lines().any(|line| line == count), "{count} is not in\n{figures}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_counted_as_refused() {
    let world = server().await;
    let bodies = [r#"{"camera":"#, r#"{"camera":"a"}"#, r#"{"camera":"a","image_data":"%%%"}"#];
    for (body, refused) in bodies.into_iter().zip(1..) {
        let post = |base: &str| {
            let post = reqwest::Client::new().post(format!("{base}/api/v1/tracking/camera"));
            post.header("content-type", "application/json").body(body)
        };
        let (status, problem) = world.ask(post).await;
        assert!(status.is_client_error(), "{body}: {status} {problem}");
        let count =
            format!(r#"atalaya_analyses_total{{kind="picture",tenant="1",outcome="refused"}} {refused}"#);
        let figures = world.read("/metrics").await;
        assert!(figures.lines().any(|line| line == count), "{count} is not in\n{figures}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_by_request_are_one_stream_and_told_to_those_who_watch() {
    let world = server().await;
    let mut viewer = world.visitor(1, "eva", Role::Viewer, &[]).await;
    let body = json!({"camera": "totem-door", "image_data": street_picture()});
    let (status, seen) = post(&world, &body).await;
    assert_eq!((status, &seen["type"]), (StatusCode::OK, &json!("realtime_analysis")), "{seen}");
    assert_eq!((&seen["camera"], &seen["analysis"]["person_detected"]), (&json!("totem-door"), &json!(true)));
    assert_eq!(viewer.next().await["camera"], "totem-door");
    let visits = eventually("visits of the people in it", async || {
        let jpeg = STANDARD.decode(street_picture()).unwrap();
        let post = |base: &str| {
            let to = format!("{base}/api/v1/tracking/camera?camera=totem-door");
            reqwest::Client::new().post(to).header("content-type", "image/jpeg").body(jpeg)
        };
        let (status, seen) = world.ask(post).await;
        assert_eq!((status, &seen["camera"]), (StatusCode::OK, &json!("totem-door")), "{seen}");
        let visits = world.visits("totem-door").await;
        (!visits.is_empty()).then_some(visits)
    })
    .await;
    let tracks: std::collections::BTreeSet<_> =
        visits.iter().map(|visit| visit["track"].to_string()).collect();
    assert_eq!(tracks.len(), visits.len(), "{visits:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_names_of_one_beginning_are_two_streams() {
    let world = server().await;
    let mut cameras = std::collections::BTreeSet::new();
    for end in ["a", "b", "a"] {
        let camera = format!("{}-{end}", "x".repeat(45));
        let (status, seen) = post(&world, &json!({"camera": camera, "image_data": wall_picture()})).await;
        assert_eq!(status, StatusCode::OK, "{seen}");
        cameras.insert(seen["camera"].to_string());
    }
    assert_eq!(cameras.len(), 2, "{cameras:?}");
}
