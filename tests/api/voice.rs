//! Sound from totems: when somebody spoke is answered and kept, wherever the totem is.

use atalaya::domain::{Role, Timestamp, VoiceActivity};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::sound::{made, noise, speech};
use crate::world::{NOON, World, branch, caller, json as answer, tenant};

const VOICE: &str = "/api/v1/tracking/voice";

async fn post(world: &World, query: &str, kind: &str, body: Vec<u8>) -> (StatusCode, Value) {
    let request = world.admin(Method::POST, &format!("{VOICE}?{query}"));
    answer(request.header(CONTENT_TYPE, kind).body(body)).await
}

async fn stored(world: &World, of: i64, in_branch: i64) -> Vec<VoiceActivity> {
    let (from, to) = (Timestamp::from_millis(0), Timestamp::from_millis(4_000_000_000_000));
    world.store.voice_activity(tenant(of), branch(in_branch), from, to).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn speech_is_answered_and_kept_as_numbers() {
    let world = World::start().await;
    let clip = speech();
    let (status, heard) =
        post(&world, "camera=bar&at=2026-05-04T11:00:00%2B02:00", "audio/wav", clip.wav()).await;
    assert_eq!(status, StatusCode::OK, "{heard}");
    assert_eq!(
        (&heard["camera"], &heard["branch_id"], &heard["sector_id"]),
        (&json!("bar"), &json!(2), &json!(null))
    );
    assert_eq!(heard["at"], "2026-05-04T09:00:00+00:00");
    let segments = heard["segments_ms"].as_array().unwrap();
    let total: u64 = segments.iter().map(|one| one[1].as_u64().unwrap() - one[0].as_u64().unwrap()).sum();
    assert!(segments.len() >= 2 && heard["speech_ms"] == total, "{heard}");
    let [kept] = &stored(&world, 1, 2).await[..] else { panic!("one row") };
    assert_eq!(kept.place.camera.as_str(), "bar");
    assert_eq!((kept.duration_ms, kept.speech_ms), (heard["duration_ms"].as_u64().unwrap(), total));
    assert_eq!(kept.begin, Timestamp::from_millis(NOON.as_millis() - 3_600_000));
    assert!((kept.loudness_db - heard["loudness_db"].as_f64().unwrap() as f32).abs() < 0.06, "{kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_type_of_body_is_heard() {
    let world = World::start().await;
    let clip = noise(2);
    let swapped: Vec<u8> = clip.samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
    let ogg = clip.through("audioconvert ! audioresample ! opusenc ! oggmux");
    for (totem, (query, kind, body)) in [
        ("", "audio/x-wav", clip.wav()),
        ("", "audio/ogg; codecs=opus", ogg),
        ("", "audio/L16;rate=16000;channels=1", swapped),
        ("&rate=16000&format=s16le", "audio/L16", clip.bytes()),
        ("&rate=16000&format=s16le&channels=1", "application/octet-stream", clip.bytes()),
    ]
    .into_iter()
    .enumerate()
    {
        let (status, heard) = post(&world, &format!("camera=totem-{totem}{query}"), kind, body).await;
        assert_eq!(status, StatusCode::OK, "{kind}: {heard}");
        assert!(heard["duration_ms"].as_u64().unwrap().abs_diff(2000) < 5, "{kind}: {heard}");
        assert_eq!(heard["segments_ms"], json!([]), "{kind}: {heard}");
        let loudness = heard["loudness_db"].as_f64().unwrap();
        assert!((-28.0..-24.0).contains(&loudness), "{kind}: {heard}");
    }
    let kept = stored(&world, 1, 1).await;
    assert_eq!(kept.len(), 5);
    assert!(kept.iter().all(|kept| kept.begin.as_millis().abs_diff(NOON.as_millis() - 2000) < 5), "{kept:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_that_is_sent_again_is_kept_once() {
    let world = World::start().await;
    let wav = noise(1).wav();
    // The `+` as people type it, and as programs escape it; a totem's clock may be a little ahead.
    for at in ["2026-05-04T12:00:30+02:00", "2026-05-04T12:00:30%2B02:00", "2026-05-04T10:00:30Z"] {
        let (status, heard) =
            post(&world, &format!("camera=totem-1&at={at}"), "audio/wav", wav.clone()).await;
        assert_eq!((status, &heard["at"]), (StatusCode::OK, &json!("2026-05-04T10:00:30+00:00")), "{heard}");
    }
    assert_eq!(stored(&world, 1, 1).await.len(), 1);
    post(&world, "camera=totem-2&at=2026-05-04T10:00:30Z", "audio/wav", wav).await;
    assert_eq!(stored(&world, 1, 1).await.len(), 2, "another one heard it too");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_sound_is_refused_with_its_reason() {
    let world = World::start().await;
    let wav = noise(1).wav();
    let raw = "application/octet-stream";
    let opus = noise(1).through("audioconvert ! audioresample ! opusenc ! oggmux");
    let chained = [opus.clone(), opus].concat();
    let cases: [(&str, &str, Vec<u8>, u16, &str); 15] = [
        ("camera=a", "audio/mpeg", wav.clone(), 415, "the body must be audio/wav"),
        ("camera=a", "audio/wav", wav[..wav.len() / 2].to_vec(), 422, "cut off or broken"),
        ("camera=a", "audio/ogg", wav.clone(), 422, "cut off or broken"),
        ("camera=a", "audio/wav", Vec::new(), 422, "cut off or broken"),
        ("camera=a", "audio/wav", made(8000, 301, |_| 0.0).wav(), 413, "longer than 300 s"),
        ("camera=a", "audio/wav", vec![0; (16 << 20) + 1], 413, "larger than 16777216 bytes"),
        ("camera=a&rate=16000", raw, vec![0; 64], 422, "format"),
        ("camera=a&format=s16le", raw, vec![0; 64], 422, "rate"),
        ("camera=a&format=s16le&rate=10", raw, vec![0; 64], 422, "rate: 10 is not within 8000 to 192000"),
        (
            "camera=a&format=s16le&rate=8000&channels=9",
            raw,
            vec![0; 72],
            422,
            "channels: 9 is not within 1 to 8",
        ),
        ("camera=a", "audio/ogg", chained, 415, "several streams"),
        ("camera=a&at=2026-05-04T10:01:01Z", "audio/wav", wav.clone(), 422, "at: "),
        ("camera=a&at=0999-05-04T10:01:01Z", "audio/wav", wav.clone(), 422, "at: "),
        ("camera=A b", "audio/wav", wav.clone(), 422, "camera"),
        ("camera=a&at=yesterday", "audio/wav", wav, 422, "at"),
    ];
    for (query, kind, body, status, detail) in cases {
        let (got, problem) = post(&world, query, kind, body).await;
        assert_eq!(got.as_u16(), status, "{query} {kind}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{detail}: {problem}");
    }
    assert_eq!(stored(&world, 1, 1).await, [], "nothing is kept of what was refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_totem_is_where_its_camera_is_or_where_its_token_may_be() {
    let world = World::start().await;
    let wav = noise(1).wav();
    let of_branch_two = caller(1, &[2], &[Role::Viewer]);
    let by = async |query: &str| {
        let request = world.by(&of_branch_two, Method::POST, &format!("{VOICE}?{query}"));
        answer(request.header(CONTENT_TYPE, "audio/wav").body(wav.clone())).await
    };
    for (query, status) in [
        ("camera=bar", 200),
        ("camera=bar&branch_id=1", 422),
        ("camera=hall", 404),
        ("camera=kiosk", 200),
        ("camera=kiosk&branch_id=1", 404),
        ("camera=theirs&sector_id=4", 200),
        ("camera=kiosk&sector_id=0", 422),
    ] {
        let (got, body) = by(query).await;
        assert_eq!(got.as_u16(), status, "{query}: {body}");
    }
    let kept = stored(&world, 1, 2).await;
    let places: Vec<_> =
        kept.iter().map(|kept| (kept.place.camera.as_str(), kept.place.sector.is_some())).collect();
    assert_eq!(
        places,
        [("bar", false), ("kiosk", false), ("theirs", true)],
        "each in the token's own branch"
    );
    assert_eq!((stored(&world, 1, 1).await, stored(&world, 2, 1).await), (vec![], vec![]));
    let waiter = world.by(&caller(1, &[2], &[Role::Waiter]), Method::POST, &format!("{VOICE}?camera=bar"));
    assert_eq!(answer(waiter.body("")).await.0, StatusCode::FORBIDDEN);
}
