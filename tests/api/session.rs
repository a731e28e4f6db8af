//! From the link in the terminal to a session in the browser, and out again.

use std::time::Duration;

use atalaya::auth::login_link;
use atalaya::domain::Role;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, caller, header, json as answer};

/// Opens a fresh link.
async fn open_link(world: &World) -> Response {
    let link = login_link(&world.keys, &caller(1, &[], &[Role::Admin]), ("http", world.address));
    world.http.get(link).send().await.unwrap()
}

/// The cookie that logs in, as a browser would send it back.
async fn log_in(world: &World) -> String {
    let response = open_link(world).await;
    header(&response, "set-cookie").split(';').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_link_becomes_a_session_and_leads_to_the_console() {
    let world = World::start().await;
    let response = open_link(&world).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(header(&response, "location"), "/");
    let cookie = header(&response, "set-cookie");
    assert!(cookie.starts_with("atalaya_session="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200"), "{cookie}");
    let pair = cookie.split(';').next().unwrap();
    let (status, session) = answer(world.bare(Method::GET, "/api/v1/session").header("cookie", pair)).await;
    assert_eq!(status, StatusCode::OK);
    insta::assert_json_snapshot!(session, {".version" => "[version]"});
    world.clock.advance(Duration::from_secs(12 * 3600 + 6));
    let (status, _) = answer(world.bare(Method::GET, "/api/v1/session").header("cookie", pair)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "a session lasts twelve hours");
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_with_tls_the_cookie_stays_on_tls() {
    let world = World::start().await;
    let link = login_link(&world.keys, &caller(1, &[], &[Role::Admin]), ("http", world.address));
    let response = world.http.get(link).header("x-forwarded-proto", "https").send().await.unwrap();
    assert!(header(&response, "set-cookie").ends_with("; Secure"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_cannot_be_used_says_how_to_get_another() {
    let world = World::start().await;
    let who = caller(1, &[], &[Role::Admin]);
    let used = login_link(&world.keys, &who, ("http", world.address));
    assert_eq!(world.http.get(&used).send().await.unwrap().status(), StatusCode::SEE_OTHER);
    let old = login_link(&world.keys, &who, ("http", world.address));
    world.clock.advance(Duration::from_secs(606));
    let api_token = world.url(&format!("/login?token={}", world.token(&who)));
    for link in [used, old, api_token, world.url("/login"), world.url("/login?token=nonsense")] {
        let response = world.http.get(&link).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{link}");
        assert_eq!(header(&response, "set-cookie"), "", "{link}");
        assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8", "{link}");
        let page = response.text().await.unwrap();
        assert!(page.contains("atalaya token link"), "{page}");
        assert!(!page.contains("nonsense"), "what came in the query does not come back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_at_a_link_by_head_does_not_use_it_up() {
    let world = World::start().await;
    let link = login_link(&world.keys, &caller(1, &[], &[Role::Admin]), ("http", world.address));
    assert_eq!(world.http.head(&link).send().await.unwrap().status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(world.http.get(&link).send().await.unwrap().status(), StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_links_never_keep_a_good_one_from_working() {
    let world = World::start().await;
    for _ in 0..30 {
        let response = world.http.get(world.url("/login?token=x")).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "all may come by one proxy");
    }
    assert_eq!(open_link(&world).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_cannot_use_the_cookie_to_change_anything() {
    let world = World::start().await;
    let cookie = log_in(&world).await;
    let own = format!("http://{}", world.address);
    let body = json!({"name": "Changed"});
    let patch = |headers: &[(&str, &str)]| {
        let request = world.bare(Method::PATCH, "/api/v1/cameras/hall").header("cookie", &cookie).json(&body);
        answer(headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)))
    };
    for headers in [
        &[][..],
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site"), ("origin", own.as_str())],
        &[("sec-fetch-site", "same-site")],
    ] {
        let (status, problem) = patch(headers).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{headers:?}: {problem}");
    }
    assert_eq!(world.get("/api/v1/cameras/hall").await.1["name"], "HALL");
    for headers in [&[("origin", own.as_str())][..], &[("sec-fetch-site", "same-origin")]] {
        assert_eq!(patch(headers).await.0, StatusCode::OK, "{headers:?}");
    }
    let read = world.bare(Method::GET, "/api/v1/cameras/hall").header("cookie", &cookie);
    assert_eq!(answer(read.header("origin", "http://evil.example")).await.0, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn logging_out_forgets_the_cookie() {
    let world = World::start().await;
    let cookie = log_in(&world).await;
    let own = format!("http://{}", world.address);
    for (method, path, status) in [
        (Method::POST, "/logout", StatusCode::SEE_OTHER),
        (Method::DELETE, "/api/v1/session", StatusCode::NO_CONTENT),
    ] {
        let request = || world.bare(method.clone(), path).header("cookie", &cookie);
        let response = request().header("origin", &own).send().await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(
            header(&response, "set-cookie"),
            "atalaya_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
        );
        let (status, _) = answer(request().header("origin", "http://evil.example")).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{path}: nobody else logs a browser out");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_header_is_not_made_good_by_a_right_cookie() {
    let world = World::start().await;
    let cookie = log_in(&world).await;
    let request = world.bare(Method::GET, "/api/v1/session").header("cookie", cookie).bearer_auth("nonsense");
    let (status, problem): (_, Value) = answer(request).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{problem}");
}
