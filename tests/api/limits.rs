//! How much is too much, who may come from elsewhere, and answers that are packed.

use atalaya::api::Rate;
use atalaya::domain::Role;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::world::{World, caller, header, json as answer};

const PANEL: &str = "https://panel.example.com";

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_asks_too_often_is_told_when_to_come_again_and_others_are_not_kept_waiting() {
    let world = World::with_rate(Rate { per_second: 1, burst: 3 }).await;
    let (own, other) = [(); 2].map(|()| world.token(&caller(1, &[], &[Role::Viewer]))).into();
    let get = |token: &str| world.bare(Method::GET, "/api/v1/session").bearer_auth(token).send();
    let answers = join_all((0..8).map(|_| get(&own))).await;
    let refused: Vec<_> =
        answers.iter().flatten().filter(|answer| answer.status() == StatusCode::TOO_MANY_REQUESTS).collect();
    assert!(refused.len() >= 3, "{}", refused.len());
    assert!(refused.iter().all(|answer| matches!(header(answer, "retry-after"), "1" | "2")));
    assert_eq!(header(refused[0], "content-type"), "application/problem+json");
    assert_eq!(get(&other).await.unwrap().status(), StatusCode::OK);
    for _ in 0..9 {
        let health = world.bare(Method::GET, "/healthz").send().await.unwrap();
        assert_eq!(health.status(), StatusCode::OK, "this machine's health checks never wait");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_listed_origins_may_use_the_api_and_others_may_not() {
    let world = World::start().await;
    let ask = |origin: &str, path: &str| {
        let request = world.bare(Method::OPTIONS, path).header("origin", origin);
        request.header("access-control-request-method", "PATCH").send()
    };
    let asked = ask(PANEL, "/api/v1/cameras/hall").await.unwrap();
    assert_eq!(asked.status(), StatusCode::NO_CONTENT);
    assert_eq!(header(&asked, "access-control-allow-origin"), PANEL);
    assert!(header(&asked, "access-control-allow-methods").contains("PATCH"));
    for name in ["authorization", "content-type", "if-match", "idempotency-key"] {
        assert!(header(&asked, "access-control-allow-headers").contains(name), "{name}");
    }
    assert_eq!(header(&asked, "access-control-allow-credentials"), "", "never with the cookie");
    for origin in ["https://evil.example.com", "https://panel.example.com.evil.com", "null"] {
        let asked = ask(origin, "/api/v1/cameras/hall").await.unwrap();
        assert_eq!(asked.status(), StatusCode::UNAUTHORIZED, "{origin}");
        assert_eq!(header(&asked, "access-control-allow-origin"), "", "{origin}");
    }
    let get = |origin| world.admin(Method::GET, "/api/v1/cameras/hall").header("origin", origin).send();
    let own = get(PANEL).await.unwrap();
    assert_eq!(header(&own, "access-control-allow-origin"), PANEL);
    assert!(header(&own, "access-control-expose-headers").contains("ETag"));
    assert!(header(&own, "vary").contains("origin"));
    let other = get("https://evil.example.com").await.unwrap();
    assert_eq!(header(&other, "access-control-allow-origin"), "");
    let refused = world.bare(Method::GET, "/api/v1/cameras").header("origin", PANEL).send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(header(&refused, "access-control-allow-origin"), PANEL, "a page may read why");
    let whep = world.admin(Method::OPTIONS, "/api/v1/cameras/hall/whep").header("origin", PANEL);
    let whep = whep.send().await.unwrap();
    assert!(
        header(&whep, "link").contains("stun:"),
        "an OPTIONS that is no question of a browser's is the route's"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn long_texts_are_packed_for_who_can_unpack_them() {
    let world = World::start().await;
    let get = async |path: &str, accepted: &str| {
        let response =
            world.admin(Method::GET, path).header("accept-encoding", accepted).send().await.unwrap();
        let (coding, vary) =
            (header(&response, "content-encoding").to_owned(), header(&response, "vary").to_owned());
        (coding, vary, response.bytes().await.unwrap())
    };
    let path = "/api/v1/openapi.json";
    let (coding, vary, plain) = get(path, "identity").await;
    assert_eq!((coding.as_str(), vary.contains("accept-encoding")), ("", true));
    for (accepted, coding) in [("gzip, deflate, br, zstd", "zstd"), ("gzip", "gzip")] {
        let (used, _, packed) = get(path, accepted).await;
        assert_eq!(used, coding);
        assert!(packed.len() * 4 < plain.len(), "{} of {}", packed.len(), plain.len());
        assert_eq!(unpacked(coding, &packed).await, plain);
    }
    assert_eq!(get("/api/v1/session", "gzip").await.0, "", "too short to be worth it");
    world.running(1, "hall").await;
    assert_eq!(get("/api/v1/cameras/hall/snapshot.jpg", "gzip").await.0, "", "pictures are packed already");
    let events =
        world.admin(Method::GET, "/api/v1/cameras/hall/detections").header("accept-encoding", "gzip");
    let events = events.send().await.unwrap();
    assert_eq!(header(&events, "content-encoding"), "", "events must not wait for one another");
}

async fn unpacked(coding: &str, packed: &[u8]) -> Vec<u8> {
    use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
    use tokio::io::AsyncReadExt;
    let mut plain = Vec::new();
    match coding {
        "gzip" => GzipDecoder::new(packed).read_to_end(&mut plain).await.unwrap(),
        _ => ZstdDecoder::new(packed).read_to_end(&mut plain).await.unwrap(),
    };
    plain
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_for_a_change_is_refused_also_when_it_does_not_say_so() {
    let world = World::start().await;
    let body = json!({"name": "x".repeat(70_000)}).to_string();
    let chunks = futures_util::stream::iter([Ok::<_, std::io::Error>(body)]);
    let request =
        world.admin(Method::PATCH, "/api/v1/cameras/hall").header("content-type", "application/json");
    let (status, _) = answer(request.body(reqwest::Body::wrap_stream(chunks))).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}
