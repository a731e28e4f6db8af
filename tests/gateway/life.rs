//! A connection's life: what clients say, what they are told, and how it ends.

use std::time::Duration;

use atalaya::auth::Ttl;
use atalaya::domain::Role;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::world::{Client, World, caller, numbered};

#[tokio::test]
async fn nonsense_is_answered_and_ends_the_connection_at_last() {
    let world = World::start().await;
    let mut client = world.connect("admin", &world.token("eva", Role::Admin, &[])).await;
    client.say(&json!({"type": "dance"})).await;
    assert_eq!(client.next().await["code"], "bad_message");
    client.0.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert_eq!(client.next().await["code"], "bad_message");
    client.0.send(Message::text("{")).await.unwrap();
    let (code, reason) = client.closed().await;
    assert_eq!((code, &reason["retry"]), (4400, &json!(false)));
}

#[tokio::test]
async fn who_talks_too_much_is_told_and_not_heard() {
    let world = World::start().await;
    let mut client = world.connect("admin", &world.token("eva", Role::Admin, &[])).await;
    for _ in 0..30 {
        client.say(&json!({"type": "ping"})).await;
    }
    let mut pongs = 0;
    while client.next().await["type"] == "pong" {
        pongs += 1;
    }
    assert!((20..25).contains(&pongs), "{pongs}");
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_the_connection() {
    let world = World::start().await;
    let mut client = world.connect("admin", &world.token("eva", Role::Admin, &[])).await;
    let text = json!({"type": "ping", "filler": "x".repeat(70_000)});
    client.say(&text).await;
    assert_eq!(client.closed().await.0, 1009);
}

#[tokio::test]
async fn a_token_ends_when_it_ends_unless_it_is_renewed() {
    let world = World::start().await;
    let of = |subject: &str, seconds| {
        world.keys.issue(&caller(1, subject, Role::Admin, &[5], &[]), Ttl::from_secs(seconds))
    };
    let (mut client, _) = world.connect_v1("admin", &of("eva", 2)).await;
    let short = of("eva", 2);
    let (mut renewed, _) = world.connect_v1("admin", &short).await;
    assert_eq!(renewed.next().await["type"], "token_expiring");
    renewed.say(&json!({"type": "auth_refresh", "token": of("somebody else", 60)})).await;
    assert_eq!(renewed.next().await["code"], "auth_refused");
    // The same life again is no reason to say again that it ends.
    renewed.say(&json!({"type": "auth_refresh", "token": short})).await;
    assert_eq!(renewed.next().await["type"], "auth_refreshed");
    renewed.say(&json!({"type": "auth_refresh", "token": of("eva", 600)})).await;
    assert_eq!(renewed.next().await["type"], "auth_refreshed");
    let (code, reason) = client.closed().await;
    assert_eq!((code, &reason["new_token"]), (4419, &json!(true)));
    world.publish(numbered("ROUND_READY", 1));
    assert_eq!(renewed.next().await["number"], 1);
}

#[tokio::test]
async fn a_revoked_token_is_good_no_more() {
    let world = World::start().await;
    let admin = world.token("eva", Role::Admin, &[]);
    let token = world.keys.issue_named(&caller(1, "ana", Role::Waiter, &[5], &[]), Ttl::from_secs(3600));
    let mut client = world.connect("waiter", &token.token).await;
    let url = format!("http://{}/api/v1/tokens/{}", world.address(), token.id);
    let answer = reqwest::Client::new().delete(url).bearer_auth(admin).send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
    assert_eq!(client.closed().await.0, 4401);
}

#[tokio::test]
async fn who_does_not_answer_is_gone() {
    let world = World::with(|config| {
        config.gateway.ping_s = 1;
        config.gateway.pong_s = 1;
    })
    .await;
    let token = world.token("ana", Role::Waiter, &[5]);
    let mut lively = world.connect("waiter", &token).await;
    // Answers pings while it waits.
    let lively = tokio::spawn(async move { lively.next().await });
    let text = world.told_to_the_silent(&format!("/ws/waiter?token={token}")).await;
    assert!(text.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{text}");
    assert!(text.contains("heartbeat_lost"), "{text}");
    world.publish(numbered("ROUND_READY", 1));
    assert_eq!(lively.await.unwrap()["number"], 1);
}

#[tokio::test]
async fn one_who_never_reads_harms_nobody_and_can_come_back() {
    let world = World::with(|config| config.gateway.client_queue_kib = 64).await;
    let token = world.token("ana", Role::Waiter, &[5]);
    let (mut slow, streams) = world.connect_v1("waiter", &token).await;
    slow.say(&json!({"type": "resume", "streams": streams})).await;
    let resumed = slow.next().await;
    assert_eq!(resumed["recovered"], true);
    let mut others = Vec::new();
    for number in 0..20 {
        let token = world.token(&format!("eva-{number}"), Role::Waiter, &[5]);
        others.push(world.connect("waiter", &token).await);
    }
    let filler = "x".repeat(20_000);
    let mut sent = 0;
    // More than the kernel takes in.
    for number in 0..1000 {
        world.publish(json!({"type": "ROUND_READY", "branch_id": 5, "number": number, "filler": filler}));
        sent += 1;
        for other in &mut others {
            assert_eq!(other.next().await["number"], number);
        }
        if world.app.gateway().figures().slow_consumers.get() > 0 {
            break;
        }
    }
    assert_eq!(world.app.gateway().figures().slow_consumers.get(), 1, "after {sent}");
    let mut last = None;
    let (code, reason) = loop {
        match slow.next_or_close().await {
            Ok(message) => last = Some((message["number"].as_u64().unwrap(), message["offset"].clone())),
            Err(close) => break close,
        }
    };
    assert_eq!((code, &reason["retry"]), (4430, &json!(true)));
    let (number, offset) = last.unwrap();
    let epoch = &streams["branch:5"]["epoch"];
    let (mut back, _) = world.connect_v1("waiter", &token).await;
    back.say(&json!({"type": "resume", "streams": {"branch:5": {"epoch": epoch, "offset": offset}}})).await;
    for missed in number + 1..sent {
        assert_eq!(back.next().await["number"], missed);
    }
    assert_eq!(back.next().await["recovered"], true);
}

/// A server with somebody who heard it all, the token of a waiter, and where it was before so many events of 8000 bytes that it missed.
async fn far_behind(count: u64) -> (World, Client, String, Value) {
    let world = World::with(|config| {
        config.gateway.client_queue_kib = 64;
        config.gateway.history_events = 30_000;
    })
    .await;
    let mut witness = world.connect("waiter", &world.token("eva", Role::Waiter, &[5])).await;
    let token = world.token("ana", Role::Waiter, &[5]);
    let (gone, streams) = world.connect_v1("waiter", &token).await;
    drop(gone);
    let filler = "x".repeat(8000);
    for number in 0..count {
        world.publish(json!({"type": "ROUND_READY", "branch_id": 5, "number": number, "filler": filler}));
        assert_eq!(witness.next().await["number"], number);
    }
    (world, witness, token, streams)
}

#[tokio::test]
async fn what_was_missed_takes_no_room_from_what_happens() {
    // More than the kernel takes in.
    let (world, mut witness, token, streams) = far_behind(3000).await;
    let (mut slow, _) = world.connect_v1("waiter", &token).await;
    slow.say(&json!({"type": "resume", "streams": streams})).await;
    let mut recovered = false;
    for number in 0..3000 {
        if number == 10 {
            world.publish(numbered("ROUND_READY", 3000));
            assert_eq!(witness.next().await["number"], 3000);
        }
        assert_eq!(slow.next().await["number"], number);
    }
    for _ in 0..2 {
        let message = slow.next().await;
        recovered |= message["recovered"] == true;
    }
    assert!(recovered);
    assert_eq!(world.app.gateway().figures().slow_consumers.get(), 0);
}

#[tokio::test]
async fn one_who_asks_again_and_again_and_never_reads_is_ended() {
    let (world, _witness, token, streams) = far_behind(1000).await;
    let (mut greedy, _) = world.connect_v1("waiter", &token).await;
    for _ in 0..15 {
        greedy.say(&json!({"type": "resume", "streams": streams})).await;
    }
    assert_eq!(greedy.closed().await.0, 4430);
}

#[tokio::test]
async fn a_waiter_serves_the_sectors_that_it_is_assigned_to_from_then_on() {
    let world = World::start().await;
    let (mut waiter, _) = world.connect_v1("waiter", &world.token("ana", Role::Waiter, &[1])).await;
    let mut old = world.connect("waiter", &world.token("ana", Role::Waiter, &[1])).await;
    waiter.say(&json!({"type": "ping"})).await;
    assert_eq!(waiter.next().await["type"], "pong");
    let admin = world.token("eva", Role::Admin, &[]);
    let ask = |method, path: &str, body| {
        let url = format!("http://{}{path}", world.address());
        reqwest::Client::new().request(method, url).bearer_auth(&admin).json(&body).send()
    };
    let made =
        ask(reqwest::Method::POST, "/api/v1/sectors", json!({"branch_id": 1, "name": "bar"})).await.unwrap();
    let sector = made.json::<serde_json::Value>().await.unwrap()["id"].clone();
    let call = |number: u64| {
        let event =
            json!({"type": "SERVICE_CALL_CREATED", "branch_id": 1, "sector_id": sector, "number": number});
        world.publish(event);
    };
    call(1);
    let assignment = json!({"user": "ana", "branch_id": 1, "sector_ids": [sector]});
    let put = ask(reqwest::Method::PUT, "/api/v1/sectors/assignments", assignment).await.unwrap();
    assert!(put.status().is_success(), "{put:?}");
    assert_eq!(waiter.next().await, json!({"type": "sectors_refreshed", "sector_ids": [sector]}));
    call(2);
    let got = waiter.next().await;
    assert_eq!(got["number"], 2, "the first was not for this waiter: {got}");
    // It has not asked: it hears the sector's calls, now or soon, and nothing of sectors.
    for number in 3.. {
        old.say(&json!({"type": "ping"})).await;
        let heard = old.next().await;
        if heard["type"] != "pong" {
            assert_eq!(heard["type"], "SERVICE_CALL_CREATED", "{heard}");
            break;
        }
        call(number);
    }
    old.say(&json!({"type": "refresh_sectors"})).await;
    let mut told = old.next().await;
    while told["type"] != "sectors_refreshed" {
        told = old.next().await;
    }
    assert_eq!(told["sector_ids"], json!([sector]));
    old.say(&json!({"type": "ping"})).await;
    while told["type"] != "pong" {
        told = old.next().await;
        assert_ne!(told["type"], "sectors_refreshed", "once is enough");
    }
}

#[tokio::test]
async fn at_the_end_everybody_is_told_when_to_come_back() {
    let world = World::start().await;
    let mut clients = Vec::new();
    for name in ["a", "b", "c", "d"] {
        clients.push(world.connect("waiter", &world.token(name, Role::Waiter, &[5])).await);
    }
    world.publish(numbered("ROUND_READY", 1));
    let ending = tokio::spawn(world.app.shut_down());
    for client in &mut clients {
        assert_eq!(client.next().await["number"], 1, "what waits is sent");
        let (code, reason) = client.closed().await;
        assert_eq!(code, 1012);
        assert!(reason["retry_ms"].as_u64().is_some_and(|ms| ms > 0), "{reason}");
        // Says goodbye.
        while client.0.next().await.is_some() {}
    }
    tokio::time::timeout(Duration::from_secs(10), ending).await.unwrap().unwrap();
}
