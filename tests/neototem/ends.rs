//! How a connection ends: as at the gateway's other doors, and counted as theirs.

use std::time::Duration;

use atalaya::auth::Ttl;
use atalaya::domain::Role;
use atalaya::gateway::{Close, Rejected};
use futures_util::StreamExt;
use serde_json::json;

use crate::totem::server;
use crate::world::{Client, World, caller};

fn closed(world: &World, close: Close) -> u64 {
    world.app.gateway().figures().closed(close)
}

async fn connect(world: &World, token: &str) -> Client {
    world.try_connect(&format!("/ws?token={token}"), &[]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_ends_when_it_ends() {
    let world = server().await;
    let token = world.keys.issue(&caller(1, "hall", Role::Viewer, &[], &[]), Ttl::from_secs(2));
    let (code, reason) = connect(&world, &token).await.closed().await;
    assert_eq!((code, &reason["new_token"]), (4419, &json!(true)));
    assert_eq!(closed(&world, Close::TokenExpired), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_is_good_no_more() {
    let world = server().await;
    let issued = world.keys.issue_named(&caller(1, "hall", Role::Viewer, &[], &[]), Ttl::from_secs(3600));
    let mut totem = connect(&world, &issued.token).await;
    let mut other = world.visitor(1, "eva", Role::Viewer, &[]).await;
    totem.has_heard_nothing().await;
    let delete = |base: &str| reqwest::Client::new().delete(format!("{base}/api/v1/tokens/{}", issued.id));
    let (status, answer) = world.ask(delete).await;
    assert!(status.is_success(), "{answer}");
    let (code, reason) = totem.closed().await;
    assert_eq!((code, &reason["retry"]), (4401, &json!(false)));
    assert_eq!(closed(&world, Close::Unauthorized), 1);
    other.has_heard_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_answer_is_gone() {
    let world = World::with(|config| {
        config.gateway.ping_s = 1;
        config.gateway.pong_s = 1;
    })
    .await;
    let token = world.token("hall", Role::Viewer, &[]);
    let mut lively = connect(&world, &token).await;
    // Answers pings while it waits.
    let lively = tokio::spawn(async move { lively.closed().await });
    let text = world.told_to_the_silent(&format!("/ws?token={token}")).await;
    assert!(text.contains("heartbeat_lost"), "{text}");
    assert_eq!(closed(&world, Close::HeartbeatLost), 1);
    assert!(!lively.is_finished());
    lively.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_everybody_is_told_when_to_come_back() {
    let world = server().await;
    let mut clients = Vec::new();
    for name in ["a", "b", "c", "d"] {
        clients.push(world.visitor(1, name, Role::Viewer, &[]).await);
    }
    let ending = tokio::spawn(world.app.shut_down());
    for client in &mut clients {
        let (code, reason) = client.closed().await;
        assert_eq!(code, 1012);
        assert!(reason["retry_ms"].as_u64().is_some_and(|ms| ms > 0), "{reason}");
        // Says goodbye.
        while client.0.next().await.is_some() {}
    }
    tokio::time::timeout(Duration::from_secs(10), ending).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_message_that_brings_no_good_token_is_counted() {
    let world = server().await;
    for (number, message) in
        [json!({"type": "auth", "token": "nonsense"}), json!({"type": "ping"})].iter().enumerate()
    {
        let v1 = [("sec-websocket-protocol", "atalaya.v1")];
        let mut client = world.try_connect("/ws", &v1).await.unwrap();
        client.say(message).await;
        assert_eq!(client.closed().await.0, 4401);
        let number = number as u64 + 1;
        assert_eq!(world.app.gateway().figures().rejected(Rejected::Auth), number);
        assert_eq!(closed(&world, Close::Unauthorized), number);
    }
    let mut client = world.try_connect("/ws", &[("sec-websocket-protocol", "atalaya.v1")]).await.unwrap();
    client.0.close(None).await.unwrap();
    // Says goodbye.
    while client.0.next().await.is_some() {}
    assert_eq!(world.app.gateway().figures().rejected(Rejected::Auth), 2, "who goes by itself is not");
}
