//! Who is let in, how a token may be brought, and what those are told who are not let in.

use atalaya::config::Secret;
use atalaya::domain::Role;
use atalaya::gateway::Rejected;
use reqwest::StatusCode;
use serde_json::json;

use crate::world::{World, caller};

const V1: (&str, &str) = ("sec-websocket-protocol", "atalaya.v1");

#[tokio::test]
async fn a_token_may_be_brought_in_four_ways() {
    let world = World::start().await;
    let token = world.token("ana", Role::Waiter, &[5]);
    let bearer = format!("Bearer {token}");
    let protocol = format!("bearer, {token}");
    for (path, header) in [
        (format!("/ws/waiter?token={token}"), None),
        ("/ws/waiter".to_owned(), Some(("authorization", bearer.as_str()))),
        ("/ws/waiter".to_owned(), Some(("sec-websocket-protocol", protocol.as_str()))),
    ] {
        let headers: Vec<_> = header.into_iter().collect();
        let (mut client, response) = world.handshake(&path, &headers).await.unwrap();
        let chosen = response.headers().get("sec-websocket-protocol").map(|value| value.to_str().unwrap());
        assert_eq!(
            chosen,
            header.filter(|(name, _)| name.starts_with("sec-")).map(|_| "bearer"),
            "no token is echoed"
        );
        client.say(&json!({"type": "ping"})).await;
        assert_eq!(client.next().await, json!({"type": "pong"}));
    }
    let mut client = world.try_connect("/ws/waiter", &[V1]).await.unwrap();
    client.say(&json!({"type": "auth", "token": token})).await;
    assert_eq!(client.next().await["type"], "welcome");
}

#[tokio::test]
async fn who_is_not_let_in_learns_why_by_the_status() {
    let world = World::start().await;
    let waiter = world.token("ana", Role::Waiter, &[5]);
    let table = world.table(5, "77");
    for (path, headers, status) in [
        ("/ws/waiter".to_owned(), vec![], 401),
        ("/ws/waiter?token=nonsense".to_owned(), vec![], 401),
        (format!("/ws/admin?token={waiter}"), vec![], 403),
        (format!("/ws/kitchen?token={waiter}"), vec![], 403),
        (format!("/ws/diner?token={waiter}"), vec![], 401),
        (format!("/ws/waiter?token={table}"), vec![], 401),
        (format!("/ws/waiter?token={waiter}"), vec![("origin", "https://evil.example")], 403),
        (format!("/ws/waiter?token={waiter}"), vec![("sec-websocket-version", "12")], 426),
        (format!("/ws/waiter?token={waiter}&resume=x"), vec![], 400),
        (format!("/ws/manager?token={waiter}"), vec![], 404),
    ] {
        let refused =
            world.try_connect(&path, &headers).await.err().unwrap_or_else(|| panic!("{path} lets in"));
        assert_eq!(refused.0.as_u16(), status, "{path} {headers:?} {}", refused.1);
        assert!(
            refused.1["detail"].as_str().is_some_and(|detail| !detail.contains(&waiter)),
            "{}",
            refused.1
        );
    }
    let guest = world
        .try_connect(&format!("/ws/diner?table_token={table}"), &[("origin", "https://any.example")])
        .await;
    assert!(guest.is_ok(), "guests may come from any page");
}

#[tokio::test]
async fn pages_of_known_origins_may_connect() {
    let world = World::with(|config| {
        config.gateway.allowed_origins = vec!["https://pos.example.com".into()];
    })
    .await;
    let path = format!("/ws/admin?token={}", world.token("eva", Role::Admin, &[]));
    let own = format!("http://{}", world.address());
    for (origin, passes) in [
        (own.as_str(), true),
        ("https://pos.example.com", true),
        ("https://pos.example.com.evil.example", false),
        ("null", false),
    ] {
        let answer = world.try_connect(&path, &[("origin", origin)]).await;
        assert_eq!(answer.is_ok(), passes, "{origin}");
    }
}

#[tokio::test]
async fn clients_of_v1_are_told_by_a_close_that_browsers_can_read() {
    let world = World::start().await;
    let waiter = world.token("ana", Role::Waiter, &[5]);
    for (path, code, retry) in [
        ("/ws/waiter?token=nonsense".to_owned(), 4401, false),
        (format!("/ws/admin?token={waiter}"), 4403, false),
    ] {
        let mut client = world.try_connect(&path, &[V1]).await.unwrap();
        let (got, reason) = client.closed().await;
        assert_eq!((got, &reason["retry"]), (code, &json!(retry)), "{path} {reason}");
    }
    let mut silent = world.try_connect("/ws/waiter", &[V1]).await.unwrap();
    silent.say(&json!({"type": "ping"})).await;
    assert_eq!(silent.closed().await.0, 4401, "the first message has to bring the token");
    let mut mute = world.try_connect("/ws/waiter", &[V1]).await.unwrap();
    let (code, reason) = mute.closed().await;
    assert_eq!((code, &reason["retry"]), (4401, &json!(false)), "and it has to come");
}

#[tokio::test]
async fn no_more_wait_at_the_door_without_a_token_than_may() {
    let world = World::start().await;
    let gateway = world.app.gateway();
    let waiting: Vec<_> = std::iter::from_fn(|| gateway.stranger()).collect();
    assert_eq!(
        world.try_connect("/ws/waiter", &[V1]).await.err().unwrap().0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    // Whoever has one is none of them.
    world.connect_v1("waiter", &world.token("ana", Role::Waiter, &[5])).await;
    drop(waiting);
    let mut late = world.try_connect("/ws/waiter", &[V1]).await.unwrap();
    late.say(&json!({"type": "auth", "token": world.token("eva", Role::Waiter, &[5])})).await;
    assert_eq!(late.next().await["type"], "welcome");
}

#[tokio::test]
async fn whose_token_cannot_be_looked_up_yet_comes_later_and_is_not_counted_as_a_stranger() {
    let nowhere = tempfile::tempdir().unwrap();
    let url = format!("postgres://postgres@localhost/atalaya?host={}", nowhere.path().display());
    let world = World::with(|config| config.database.url = Some(Secret::new(url))).await;
    let token = world.token("ana", Role::Waiter, &[5]);
    let rejected = || world.app.gateway().figures().rejected(Rejected::Auth);
    for path in ["/ws/waiter", "/ws"].map(|door| format!("{door}?token={token}")) {
        let (status, problem) = world.try_connect(&path, &[]).await.err().unwrap();
        assert_eq!(status.as_u16(), 503, "{path}: {problem}");
        let mut client = world.try_connect(&path, &[V1]).await.unwrap();
        assert_eq!(client.closed().await.0, 1013, "{path}");
    }
    let mut client = world.try_connect("/ws/waiter", &[V1]).await.unwrap();
    client.say(&json!({"type": "auth", "token": token})).await;
    assert_eq!(client.closed().await.0, 1013);
    assert_eq!(rejected(), 0);
    world.try_connect("/ws/waiter?token=nonsense", &[]).await.err().unwrap();
    assert_eq!(rejected(), 1, "one that is none is counted all the same");
}

#[tokio::test]
async fn a_plain_request_is_told_what_this_is() {
    let world = World::start().await;
    let answer = reqwest::get(format!("http://{}/ws/waiter", world.address())).await.unwrap();
    assert_eq!(answer.status().as_u16(), 426);
    assert_eq!(answer.headers()["upgrade"], "websocket");
    assert_eq!(answer.headers()["sec-websocket-version"], "13");
}

#[tokio::test]
async fn of_a_hundred_who_come_at_once_three_are_let_in() {
    let world = World::start().await;
    let token = world.token("ana", Role::Waiter, &[5]);
    let path = format!("/ws/waiter?token={token}");
    let all = futures_util::future::join_all((0..100).map(|_| world.try_connect(&path, &[]))).await;
    let (inside, refused): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    assert_eq!(inside.len(), 3);
    assert!(refused.iter().all(|answer| answer.as_ref().err().unwrap().0.as_u16() == 429));
    let mut fourth = world.try_connect(&path, &[V1]).await.unwrap();
    assert_eq!(fourth.closed().await.0, 4409);
    drop(inside);
    // Places are given back as soon as the server hears of it.
    for _ in 0..1000 {
        if world.try_connect(&path, &[]).await.is_ok() {
            return;
        }
    }
    panic!("no place was given back");
}

#[tokio::test]
async fn no_more_are_let_in_than_may() {
    let world = World::with(|config| config.gateway.max_connections = 2).await;
    let mut inside = Vec::new();
    for name in ["a", "b"] {
        inside.push(world.connect("waiter", &world.token(name, Role::Waiter, &[5])).await);
    }
    let path = format!("/ws/waiter?token={}", world.token("c", Role::Waiter, &[5]));
    assert_eq!(world.try_connect(&path, &[]).await.err().unwrap().0.as_u16(), 503);
    let mut third = world.try_connect(&path, &[V1]).await.unwrap();
    assert_eq!(third.closed().await.0, 1013);
}

#[tokio::test]
async fn tenants_count_their_own() {
    let world = World::start().await;
    let mut inside = Vec::new();
    for tenant in 1..=3 {
        let token = world.keys.issue(&caller(tenant, "ana", Role::Waiter, &[5], &[]), "1h".parse().unwrap());
        for _ in 0..3 {
            inside.push(world.connect("waiter", &token).await);
        }
    }
    assert_eq!(inside.len(), 9);
}
