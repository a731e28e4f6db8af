//! What cannot be used is told, and the connection goes on.

use std::io::Cursor;

use atalaya::domain::Role;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use image::{ImageFormat, RgbImage};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::totem::{server, street_picture, wall_picture};
use crate::world::within;

/// A picture in few bytes that is a square of `side` pixels, by its head.
fn bomb(side: u32) -> String {
    let mut png = Cursor::new(Vec::new());
    RgbImage::new(16, 16).write_to(&mut png, ImageFormat::Png).unwrap();
    let mut png = png.into_inner();
    png[16..20].copy_from_slice(&side.to_be_bytes());
    png[20..24].copy_from_slice(&side.to_be_bytes());
    let sum = !png[12..29].iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| if sum & 1 == 1 { 0xedb8_8320 ^ (sum >> 1) } else { sum >> 1 },
        )
    });
    png[29..33].copy_from_slice(&sum.to_be_bytes());
    STANDARD.encode(png)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_is_told_by_its_code_and_the_connection_stays() {
    let world = server().await;
    let mut totem = world.visitor(1, "hall", Role::Viewer, &[]).await;
    let jpeg = STANDARD.decode(street_picture()).unwrap();
    let picture =
        |data: String| json!({"type": "image_stream", "image_data": data, "request_id": "r"}).to_string();
    let sound = |format: &str, data: &[u8]| {
        json!({"type": "audio_stream", "audio_data": STANDARD.encode(data), "format": format, "request_id": "r"}).to_string()
    };
    let cases = [
        ("{\"type\":".to_owned(), "bad_json", false),
        ("hello".to_owned(), "bad_json", false),
        ("3".to_owned(), "bad_message", false),
        (json!({"type": 7}).to_string(), "bad_message", false),
        (json!({"request_id": "r"}).to_string(), "unknown_type", true),
        (json!({"type": "video_stream", "request_id": "r"}).to_string(), "unknown_type", true),
        (json!({"type": "image_stream", "request_id": "r"}).to_string(), "bad_message", true),
        (
            json!({"type": "image_stream", "image_data": 5, "request_id": "r"}).to_string(),
            "bad_message",
            true,
        ),
        (picture("%%%".into()), "bad_base64", true),
        (picture(STANDARD.encode("hello")), "unsupported", true),
        (picture(STANDARD.encode(&jpeg[..jpeg.len() / 2])), "bad_image", true),
        (picture(bomb(16_383)), "too_large", true),
        // A still that may be sent by itself is too much for a stream.
        (picture(bomb(3000)), "too_large", true),
        (picture("A".repeat(7 << 20)), "too_large", true),
        (sound("mp3", b"hello"), "unsupported", true),
        (sound("wav", b"hello"), "bad_audio", true),
        (sound("pcm", b"hello"), "bad_message", true),
    ];
    for (text, code, is_named) in cases {
        let head: String = text.chars().take(60).collect();
        totem.0.send(Message::text(text)).await.unwrap();
        let error = totem.next().await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!(code)), "{head}: {error}");
        assert!(!error["message"].as_str().unwrap().is_empty(), "{error}");
        assert_eq!(error["request_id"], if is_named { json!("r") } else { Value::Null }, "{head}");
    }
    totem.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(totem.next().await["code"], "bad_message");
    let answer = totem.show(wall_picture(), "9").await;
    assert_eq!(answer["type"], "realtime_analysis", "it goes on: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_beyond_all_measure_ends_the_connection() {
    let world = server().await;
    let mut totem = world.visitor(1, "hall", Role::Viewer, &[]).await;
    // The server hangs up while it is sent, so that the close itself may be lost on the way.
    let _ = totem.0.send(Message::text("A".repeat(17 << 20))).await;
    let last = within(totem.0.next()).await;
    match last {
        Some(Ok(Message::Close(Some(frame)))) => assert_eq!(u16::from(frame.code), 1009),
        Some(Ok(other)) => panic!("{other} instead of an end"),
        Some(Err(_)) | None => {}
    }
    let mut next = world.visitor(1, "hall", Role::Viewer, &[]).await;
    assert_eq!(next.show(wall_picture(), "1").await["type"], "realtime_analysis", "others are served");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_watch_is_told_so() {
    let world = server().await;
    for role in [Role::Waiter, Role::Kitchen] {
        let mut client = world.visitor(1, "eva", role, &[]).await;
        let error = client.show(wall_picture(), "1").await;
        assert_eq!((&error["type"], &error["code"]), (&json!("error"), &json!("forbidden")), "{role:?}");
    }
}
