//! Single pictures: who is on them, whatever they come as, and what is no picture.

use std::io::Cursor;

use atalaya::domain::Role;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use gstvision::engine::Assets;
use image::{ImageFormat, RgbImage};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::street::street;
use crate::world::{World, caller, header, json as answer};

const DETECT: &str = "/api/v1/cv/detect";
const ANALYZE: &str = "/api/v1/cv/analyze";

async fn post(world: &World, path: &str, kind: &str, body: Vec<u8>) -> (StatusCode, Value) {
    answer(world.admin(Method::POST, path).header(CONTENT_TYPE, kind).body(body)).await
}

fn decoded(image: &Value) -> RgbImage {
    let bytes = BASE64_STANDARD.decode(image.as_str().unwrap()).unwrap();
    assert_eq!(image::guess_format(&bytes).unwrap(), ImageFormat::Jpeg);
    image::load_from_memory(&bytes).unwrap().into_rgb8()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_on_pictures_of_every_type() {
    let world = World::start().await;
    let jpeg = street("jpegenc quality=95");
    let (status, detect) = post(&world, DETECT, "image/jpeg", jpeg.clone()).await;
    assert_eq!(status, StatusCode::OK, "{detect}");
    assert_eq!((&detect["width"], &detect["height"]), (&json!(768), &json!(576)));
    // In whole numbers where the processor is fast with them.
    assert!(detect["model"].as_str().unwrap().starts_with("nanodet"), "{detect}");
    assert_eq!(detect["annotated_image"], Value::Null);
    let found = detect["detections"].as_array().unwrap();
    assert!(found.len() >= 3, "{detect}");
    assert!(found.iter().all(|found| found["label"] == "person" && found["track"].is_null()), "{detect}");

    let (status, analysis) = post(&world, ANALYZE, "image/jpeg; charset=binary", jpeg.clone()).await;
    assert_eq!(status, StatusCode::OK, "{analysis}");
    let people = analysis["people"].as_array().unwrap();
    let boxes = |list: &[Value]| list.iter().map(|one| one["box"].clone()).collect::<Vec<_>>();
    assert_eq!(boxes(people), boxes(found), "the same picture, the same people");
    for key in ["garment", "style", "primary_color", "secondary_color", "head_accessory", "bag", "age_range"]
    {
        assert!(people[0]["attributes"][key]["confidence"].is_number(), "{key}: {}", people[0]);
    }

    for encoder in ["pngenc", "webpenc lossless=true"] {
        let kind = if encoder == "pngenc" { "image/png" } else { "image/webp" };
        let (status, other) = post(&world, DETECT, kind, street(encoder)).await;
        assert_eq!(status, StatusCode::OK, "{other}");
        assert!(other["detections"].as_array().unwrap().len() >= 3, "{other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_in_json_are_the_same_with_and_without_the_beginning_of_a_data_url() {
    let world = World::start().await;
    let jpeg = street("jpegenc quality=95");
    let (_, bare) = post(&world, DETECT, "image/jpeg", jpeg.clone()).await;
    let text = BASE64_STANDARD.encode(&jpeg);
    for data in
        [text.clone(), format!("data:image/jpeg;base64,{text}"), text.trim_end_matches('=').to_owned()]
    {
        let (status, body) = world.post(DETECT, &json!({"image_data": data})).await;
        assert_eq!((status, &body), (StatusCode::OK, &bare));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_annotated_picture_is_the_picture_with_boxes() {
    let world = World::start().await;
    let jpeg = street("jpegenc quality=95");
    let before = image::load_from_memory(&jpeg).unwrap().into_rgb8();
    let (_, by_query) = post(&world, &format!("{ANALYZE}?annotated=true"), "image/jpeg", jpeg.clone()).await;
    let image_data = BASE64_STANDARD.encode(&jpeg);
    let (_, by_body) = world.post(ANALYZE, &json!({"image_data": image_data, "annotated": true})).await;
    assert_eq!(by_query["annotated_image"], by_body["annotated_image"]);
    let after = decoded(&by_query["annotated_image"]);
    assert_eq!(after.dimensions(), before.dimensions());
    let [x, y, _, h] = [0, 1, 2, 3].map(|at| by_query["people"][0]["box"][at].as_f64().unwrap());
    let differs = |x: f64, y: f64| {
        let (x, y) = (x as u32, y as u32);
        let pairs = before.get_pixel(x, y).0.into_iter().zip(after.get_pixel(x, y).0);
        pairs.map(|(before, after)| u32::from(before.abs_diff(after))).sum::<u32>() > 60
    };
    let side = (1..9).filter(|at| differs(x + 1.0, y + h * f64::from(*at) / 10.0)).count();
    assert!(side >= 5, "the left side of the box is drawn: {side}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_turned_as_its_exif_says() {
    let world = World::start().await;
    let mut jpeg = street("jpegenc quality=95");
    // An EXIF part that says "turn right" (orientation 6), put behind the start of the image.
    let exif = b"\xff\xe1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    jpeg.splice(2..2, exif.iter().copied());
    let (status, turned) = post(&world, DETECT, "image/jpeg", jpeg).await;
    assert_eq!((status, &turned["width"], &turned["height"]), (StatusCode::OK, &json!(576), &json!(768)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_picture_is_refused_with_its_reason() {
    let world = World::start().await;
    let jpeg = street("jpegenc");
    let cut = jpeg[..jpeg.len() / 2].to_vec();
    let bomb = include_bytes!("bomb.png").to_vec();
    let cases: [(&str, Vec<u8>, u16, &str); 9] = [
        ("image/jpeg", b"hello".to_vec(), 415, "neither JPEG, PNG nor WebP"),
        ("image/jpeg", Vec::new(), 415, "neither JPEG, PNG nor WebP"),
        ("image/jpeg", cut, 422, "cut off or broken"),
        ("image/png", bomb, 413, "16000x16000 pixels"),
        ("image/gif", b"GIF89a".to_vec(), 415, "the body must be image/jpeg, image/png, image/webp or"),
        ("application/json", b"{}".to_vec(), 400, "image_data"),
        ("application/json", br#"{"image_data":"%%%"}"#.to_vec(), 422, "image_data"),
        (
            "application/json",
            br#"{"image_data":"data:image/png;base64"}"#.to_vec(),
            422,
            "image_data: a data URL",
        ),
        ("application/json", br#"{"image_data":"aGVsbG8="}"#.to_vec(), 415, "neither JPEG, PNG nor WebP"),
    ];
    for (kind, body, status, detail) in cases {
        let (got, problem) = post(&world, ANALYZE, kind, body).await;
        assert_eq!(got.as_u16(), status, "{kind}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{detail}: {problem}");
    }
    let (status, problem) = post(&world, DETECT, "image/jpeg", vec![0; (16 << 20) + 1]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{problem}");
    let (status, _) = post(&world, &format!("{DETECT}?annotate=true"), "image/jpeg", jpeg).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "a misspelt key is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_roles_that_may_analyse_do() {
    let world = World::start().await;
    for (role, status) in [(Role::Viewer, 415), (Role::Waiter, 403), (Role::Kitchen, 403)] {
        let request = world.by(&caller(1, &[], &[role]), Method::POST, DETECT);
        assert_eq!(answer(request.body("")).await.0.as_u16(), status, "{role:?}");
    }
    assert_eq!(answer(world.bare(Method::POST, DETECT)).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_more_than_can_wait_is_told_to_come_again() {
    let world = World::start().await;
    // Bodies that begin and do not end hold their places.
    let endless = || {
        let first = futures_util::stream::iter([Ok::<_, std::io::Error>(vec![0xff])]);
        let body = reqwest::Body::wrap_stream(futures_util::StreamExt::chain(
            first,
            futures_util::stream::pending(),
        ));
        let request = world.admin(Method::POST, DETECT).header(CONTENT_TYPE, "image/jpeg").body(body);
        tokio::spawn(request.send())
    };
    // A few more than there are places, as some may come while the requests below have theirs.
    let held: Vec<_> = (0..18).map(|_| endless()).collect();
    let busy = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        loop {
            let request = world.admin(Method::POST, DETECT).header(CONTENT_TYPE, "image/jpeg");
            let response = request.body(vec![0; 300_000]).send().await.unwrap();
            if response.status() == StatusCode::SERVICE_UNAVAILABLE {
                break response;
            }
        }
    });
    let busy = busy.await.expect("the places should be taken");
    assert_eq!(header(&busy, "retry-after"), "1");
    let other = world.by(&caller(2, &[], &[Role::Admin]), Method::POST, DETECT);
    let (status, _) = answer(other.header(CONTENT_TYPE, "image/jpeg").body(street("jpegenc"))).await;
    assert_eq!(status, StatusCode::OK, "another tenant has places of its own");
    for held in held {
        held.abort();
    }
    let again = tokio::time::timeout(std::time::Duration::from_secs(20), async {
        while post(&world, DETECT, "image/jpeg", street("jpegenc")).await.0 != StatusCode::OK {}
    });
    again.await.expect("what hung up has left its place");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_pictures_is_counted_for_their_tenant_alone() {
    let world = World::start().await;
    post(&world, DETECT, "image/jpeg", street("jpegenc")).await;
    post(&world, DETECT, "image/jpeg", b"hello".to_vec()).await;
    let read = async |of: i64| {
        let request = world.by(&caller(of, &[], &[Role::Admin]), Method::GET, "/metrics");
        request.send().await.unwrap().text().await.unwrap()
    };
    let own = read(1).await;
    for line in [
        r#"atalaya_analyses_total{kind="picture",tenant="1",outcome="done"} 1"#,
        r#"atalaya_analyses_total{kind="picture",tenant="1",outcome="refused"} 1"#,
        r#"atalaya_analysis_seconds_count{kind="picture",tenant="1"} 1"#,
    ] {
        assert!(own.contains(line), "{line}: {own}");
    }
    assert!(!read(2).await.contains(r#"tenant="1",outcome"#));
}

/// A machine without models serves everything else, and says what is wrong without saying where.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_model_pictures_are_put_off() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::with_assets(Assets::new(folder.path())).await;
    let (status, problem) = post(&world, DETECT, "image/jpeg", street("jpegenc")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("model cannot be loaded") && !detail.contains('/'), "{detail}");
}

/// A picture that is small as a file and would be large in memory.
#[test]
fn the_bomb_is_one() {
    let bomb = include_bytes!("bomb.png");
    assert!(bomb.len() < 300, "{}", bomb.len());
    let size =
        image::ImageReader::with_format(Cursor::new(bomb), ImageFormat::Png).into_dimensions().unwrap();
    assert_eq!(size, (16_000, 16_000));
}
