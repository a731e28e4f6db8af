//! Pictures one after the other: answered, told, followed, counted.

use std::collections::BTreeSet;

use atalaya::domain::Role;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::eventually::eventually;
use crate::totem::{server, street_picture, wall_picture};

const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);

const ANALYSIS: [&str; 10] = [
    "person_detected",
    "face_detected",
    "clothing_item",
    "clothing_style",
    "primary_color",
    "secondary_color",
    "head_accessory",
    "bag_accessory",
    "age_range",
    "detection_confidence",
];

const COLOURS: [&str; 12] = [
    "negro", "blanco", "gris", "rojo", "naranja", "amarillo", "verde", "azul", "morado", "rosa", "marrón",
    "beige",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_totem_is_answered_once_and_its_tenant_is_told_the_same() {
    let world = server().await;
    let mut totem = world.visitor(1, "Ana", Role::Viewer, &[]).await;
    let mut waiter = world.visitor(1, "eva", Role::Waiter, &[1]).await;
    let mut elsewhere = world.visitor(1, "leo", Role::Admin, &[2]).await;
    let mut other = world.visitor(2, "ana", Role::Admin, &[]).await;
    let url = format!("data:image/jpeg;base64,{}", street_picture());
    let answer = totem.show(&url, "17").await;
    assert_eq!(answer["type"], "realtime_analysis", "{answer}");
    let analysis = answer["analysis"].as_object().unwrap();
    assert_eq!(analysis.keys().map(String::as_str).collect::<BTreeSet<_>>(), ANALYSIS.into());
    assert_eq!((&analysis["person_detected"], &answer["detector_ran"]), (&json!(true), &json!(true)));
    let confidence = analysis["detection_confidence"].as_f64().unwrap();
    let detections = answer["detections"].as_array().unwrap();
    assert!(detections.len() > 2 && detections[0]["confidence"] == confidence, "{answer}");
    let area = |one: &Value| one["box"][2].as_f64().unwrap() * one["box"][3].as_f64().unwrap();
    assert!(detections.windows(2).all(|pair| area(&pair[0]) >= area(&pair[1])), "nearest first");
    assert_eq!(
        (&answer["width"], &answer["height"], &answer["camera"]),
        (&json!(768), &json!(576), &json!("totem-ana"))
    );
    assert_eq!((&answer["skipped_frames"], &answer["analysis_age_ms"]), (&json!(0), &json!(0)));
    assert_eq!(
        (&answer["engine"], &answer["client_timestamp"]),
        (&json!("nanodet"), &json!("2025-10-20T14:32:15"))
    );
    let drawn = STANDARD.decode(answer["annotated_image"].as_str().unwrap()).unwrap();
    let plain = image::load_from_memory(&STANDARD.decode(street_picture()).unwrap()).unwrap().into_rgb8();
    let drawn = image::load_from_memory(&drawn).unwrap().into_rgb8();
    assert_eq!(drawn.dimensions(), plain.dimensions());
    let differs =
        drawn.pixels().zip(plain.pixels()).filter(|(drawn, plain)| drawn.0[1].abs_diff(plain.0[1]) > 40);
    assert!(differs.count() > 500, "boxes are drawn");

    let told = waiter.next().await;
    let mut same = answer.as_object().unwrap().clone();
    for own in ["request_id", "client_timestamp", "skipped_frames"] {
        same.remove(own);
    }
    assert_eq!(told, Value::Object(same));
    totem.has_heard_nothing().await;
    elsewhere.has_heard_nothing().await;
    other.has_heard_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_before_a_totem_is_described_in_spanish_and_is_one_visit() {
    let world = server().await;
    let mut totem = world.visitor(1, "hall", Role::Viewer, &[]).await;
    let mut tracks = BTreeSet::new();
    let mut number = 0;
    // As long as it takes for somebody to have been looked at.
    eventually("a colour of somebody's clothes", async || {
        number += 1;
        let answer = totem.show(street_picture(), &number.to_string()).await;
        assert!(answer["analysis_age_ms"].as_u64().unwrap() <= 400, "{answer}");
        assert_eq!(answer["analysis"]["person_detected"], true);
        let detections = answer["detections"].as_array().unwrap().clone();
        tracks.extend(detections.iter().filter_map(|one| one["track"].as_u64()));
        let colour = |one: &Value| one["attributes"]["primary_color"]["value"].as_str().map(str::to_owned);
        let (nearest, told) = (colour(&detections[0]), answer["analysis"]["primary_color"].as_str());
        assert_eq!(nearest.is_some(), told.is_some());
        assert!(told.is_none_or(|told| COLOURS.contains(&told)), "{answer}");
        detections.iter().find_map(colour)
    })
    .await;
    let visits = eventually("the visits", async || {
        number += 1;
        totem.show(street_picture(), &number.to_string()).await;
        let visits = world.visits("totem-hall").await;
        (visits.len() >= tracks.len() && !tracks.is_empty()).then_some(visits)
    })
    .await;
    assert_eq!(visits.len(), tracks.len(), "one for each person and not for each picture: {visits:?}");
    assert!(visits.iter().all(|visit| visit["open"] == true), "{visits:?}");
    drop(totem);
    eventually("their end", async || {
        let visits = world.visits("totem-hall").await;
        visits.iter().all(|visit| visit["open"] == false).then_some(visits)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_scene_is_seen_at_once() {
    let world = server().await;
    let mut totem = world.visitor(1, "hall", Role::Admin, &[]).await;
    for round in 0..4 {
        for (picture, is_somebody) in [(street_picture(), true), (wall_picture(), false)] {
            for at in 0..3 {
                let answer = totem.show(picture, &format!("{round}-{is_somebody}-{at}")).await;
                let seen = &answer["analysis"];
                assert_eq!(seen["person_detected"], is_somebody, "picture {at} of round {round}");
                assert_eq!(answer["detections"].as_array().unwrap().is_empty(), !is_somebody);
                assert_eq!(seen["detection_confidence"].as_f64().unwrap() > 0.3, is_somebody);
                assert!(answer["analysis_age_ms"].as_u64().unwrap() <= 400, "{answer}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_picture_wins_and_the_answer_says_how_many_it_overtook() {
    let world = server().await;
    let mut totem = world.visitor(1, "hall", Role::Admin, &[]).await;
    for number in 0..30 {
        totem
            .say(&json!({"type": "image_stream", "image_data": street_picture(), "request_id": number}))
            .await;
    }
    let (mut answered, mut skipped) = (0, 0);
    loop {
        let answer = totem.next().await;
        answered += 1;
        skipped += answer["skipped_frames"].as_u64().unwrap();
        if answer["request_id"] == 29 {
            break;
        }
    }
    assert_eq!(answered + skipped, 30);
    assert!(skipped > 0, "the detector has to be loaded for the first one, and the others come meanwhile");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_late_gets_the_answer_to_the_last_picture_too() {
    let world = server().await;
    let mut totem = world.visitor(1, "hall", Role::Admin, &[]).await;
    let mut slow = world.visitor(1, "slow", Role::Admin, &[]).await;
    // Answers fill what a socket holds; then nothing more is looked at for whoever does not read.
    for number in 0..200 {
        slow.say(&json!({"type": "image_stream", "image_data": wall_picture(), "request_id": number})).await;
        if number % 10 == 0 {
            totem.show(wall_picture(), &number.to_string()).await;
        }
    }
    let mut told = (0, 0);
    let mut is_answered = false;
    // What it was skipped is told before the next answer of another.
    while told.0 + told.1 < 21 || !is_answered {
        let message = slow.next().await;
        match message["type"].as_str().unwrap() {
            "skipped" => told.1 += message["answers"].as_u64().unwrap(),
            _ if message["camera"] == "totem-hall" => told.0 += 1,
            _ if message["request_id"] == 199 => {
                is_answered = true;
                totem.show(wall_picture(), "last").await;
            }
            _ => {}
        }
    }
    assert_eq!(
        told.0 + told.1,
        21,
        "of each answer of another it hears once, or that it was skipped: {told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_camera_that_is_off_is_answered_and_not_looked_at() {
    let world = server().await;
    let mut totem = world.visitor(1, "hall", Role::Admin, &[]).await;
    let mut viewer = world.visitor(1, "eva", Role::Viewer, &[]).await;
    for message in [
        json!({"type": "image_stream", "image_data": street_picture(), "camera_active": false}),
        json!({"type": "image_stream", "camera_active": false}),
    ] {
        totem.say(&message).await;
        let answer = totem.next().await;
        assert_eq!(
            (&answer["analysis"]["person_detected"], &answer["annotated_image"], &answer["detector_ran"]),
            (&json!(false), &Value::Null, &json!(false))
        );
    }
    viewer.has_heard_nothing().await;
    assert!(world.visits("totem-hall").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_totems_of_one_token_are_two_cameras() {
    let world = server().await;
    let mut first = world.visitor(1, "hall", Role::Admin, &[]).await;
    let mut second = world.visitor(1, "hall", Role::Admin, &[]).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(world.visitor(1, "hall", Role::Admin, &[]).await);
    }
    assert_eq!(first.show(wall_picture(), "1").await["camera"], "totem-hall");
    assert_eq!(second.show(wall_picture(), "1").await["camera"], "totem-hall-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_is_heard() {
    let world = server().await;
    let mut totem = world.visitor(1, "hall", Role::Viewer, &[]).await;
    let mut viewer = world.visitor(1, "eva", Role::Kitchen, &[]).await;
    let clip = crate::sound::speech();
    let raw = json!({"type": "audio_stream", "audio_data": STANDARD.encode(clip.bytes()), "sample_rate": 22_050,
        "format": "pcm", "request_id": 5});
    let wav = json!({"type": "audio_stream", "audio_data": STANDARD.encode(clip.wav()), "sample_rate": 22_050,
        "format": "wav"});
    for (message, id) in [(raw, json!(5)), (wav, Value::Null)] {
        totem.say(&message).await;
        let heard = totem.next().await;
        assert_eq!((&heard["type"], &heard["request_id"]), (&json!("voice_analysis"), &id), "{heard}");
        assert!(heard["segments_ms"].as_array().unwrap().len() >= 2, "{heard}");
        let (ratio, loudness) =
            (heard["speech_ratio"].as_f64().unwrap(), heard["loudness_db"].as_f64().unwrap());
        assert!((0.2..0.9).contains(&ratio) && (-60.0..-5.0).contains(&loudness), "{heard}");
        let told = viewer.next().await;
        assert_eq!((&told["segments_ms"], &told["request_id"]), (&heard["segments_ms"], &Value::Null));
    }
    let now = atalaya::clock::Clock::system().now();
    let [from, to] = [now - HOUR, now + HOUR]
        .map(|at| atalaya::wire::ZoneClock::utc().write(at).as_str().replace("+00:00", "Z"));
    let kept = world.read(&format!("/api/v1/export/voice.ndjson?from={from}&to={to}")).await;
    let kept: Vec<Value> = kept.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(
        kept.iter().all(|row| row["camera"] == "totem-hall" && row["speech_ms"].as_u64() > Some(0)),
        "{kept:?}"
    );
}
