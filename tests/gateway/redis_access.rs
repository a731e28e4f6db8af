//! A Redis that wants to know who asks, as docs/redis.md describes it, and one that is talked to in secret.

use std::time::Duration;

use atalaya::auth::Ttl;
use atalaya::config::Secret;
use atalaya::domain::Role;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::certificate::Certificate;
use crate::redis::{admin, end, listen, server, until};
use crate::redis_server::{Redis, Wire, free_port};
use crate::web::answer;
use crate::world::{World, caller, numbered};

const DOCS: &str = include_str!("../../docs/redis.md");

/// What the document says of a user, without its name.
fn rules(user: &str) -> Vec<String> {
    let (_, rest) = DOCS.split_once(&format!("\nuser {user} ")).unwrap();
    let (text, _) = rest.split_once("```").unwrap();
    text.split_whitespace().map(|word| word.replace("PASSWORD", "secret")).collect()
}

/// Makes the server's user one that may hear these channels alone.
fn let_hear(redis: &Redis, channels: &[&str]) {
    let mut set = redis::cmd("ACL");
    set.arg("SETUSER").arg("atalaya").arg(rules("atalaya")).arg("resetchannels").arg(channels);
    set.exec(&mut redis.connection().unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_the_documented_rights_is_enough_and_another_system_has_no_more_than_its_own() {
    let redis = Redis::start();
    let mut root = redis.connection().unwrap();
    for user in ["atalaya", "orders-3"] {
        redis::cmd("ACL").arg("SETUSER").arg(user).arg(rules(user)).exec(&mut root).unwrap();
    }
    let as_user = |user: &str| format!("redis://{user}:secret@{}/", redis.address());
    let (one, two) = (server(&as_user("atalaya")).await, server(&as_user("atalaya")).await);
    // Of the whole tenant by patterns, of a branch by names, and of its sectors by a pattern again.
    let waiter = one.keys.issue(&caller(1, "ana", Role::Waiter, &[5], &[10]), Ttl::from_secs(600));
    let mut waiter = listen(&one, "waiter", &waiter).await;
    one.publish(numbered("ROUND_READY", 1));
    assert_eq!(waiter.next().await["number"], 1);
    let mut all = listen(&two, "admin", &two.token("ada", Role::Admin, &[])).await;
    for (number, channel) in [
        (2, "channel:branch:5:admin"),
        (3, "t:1:channel:branch:5:kitchen"),
        (4, "channel:sector:5:10:waiters"),
        (5, "t:1:channel:sector:5:10:waiters"),
    ] {
        redis.publish(channel, &json!({"type": "ROUND_READY", "tenant_id": 1, "number": number}));
        for client in [&mut all, &mut waiter] {
            assert_eq!(client.next().await["number"], number, "{channel}");
        }
    }
    for world in [&one, &two] {
        until("it is ready", || world.app.gateway().redis_status().unwrap().is_ready).await;
        assert_eq!(world.app.gateway().redis_status().unwrap().last_error, None, "nothing was refused");
    }
    let mut other = redis::Client::open(as_user("orders-3")).unwrap().get_connection().unwrap();
    let mut publish = |channel: &str| redis::cmd("PUBLISH").arg(channel).arg("{}").exec(&mut other);
    assert!(publish("t:3:channel:branch:5:admin").is_ok());
    assert!(publish("channel:branch:5:admin").is_err() && publish("atalaya:{t1:b5}:live").is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_that_redis_refuses_is_missing_to_those_alone_who_need_it_until_it_is_allowed() {
    let redis = Redis::start();
    let mut root = redis.connection().unwrap();
    let mut allow = |rules: Vec<String>| {
        redis::cmd("ACL").arg("SETUSER").arg("atalaya").arg(rules).exec(&mut root).unwrap();
    };
    allow(rules("atalaya"));
    // To Redis `atalaya:*` is no such pattern as `atalaya:{t1:b*}:live`, whatever channels that has.
    allow(["resetchannels", "&atalaya:*"].map(String::from).into());
    let world = server(&format!("redis://atalaya:secret@{}/", redis.address())).await;
    let mut client = admin(&world, "ada").await;
    let v1 = ("sec-websocket-protocol", "atalaya.v1");
    let whole = format!("/ws/admin?token={}", world.token("eva", Role::Admin, &[]));
    let mut refused = world.try_connect(&whole, &[v1]).await.unwrap();
    assert_eq!(refused.closed().await.1["code"], "try_later");
    let status = || world.app.gateway().redis_status().unwrap();
    assert!(status().last_error.is_some() && !status().is_ready, "{:?}", status());
    // Those of one branch come and hear as if nothing were.
    let mut other = admin(&world, "ivo").await;
    world.publish(numbered("ROUND_READY", 1));
    for client in [&mut client, &mut other] {
        assert_eq!(client.next().await["number"], 1);
    }
    assert_eq!(status().reconnects, 0, "{:?}", status());
    allow(["allchannels"].map(String::from).into());
    until("it is ready", || status().is_ready).await;
    let mut all = listen(&world, "admin", &world.token("eva", Role::Admin, &[])).await;
    world.publish(numbered("ROUND_READY", 2));
    assert_eq!(all.next().await["number"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_branches_that_redis_refuses_keeps_the_connection_and_is_asked_for_again() {
    let redis = Redis::start();
    let mut root = redis.connection().unwrap();
    let mut allow = |rules: Vec<String>| {
        redis::cmd("ACL").arg("SETUSER").arg("atalaya").arg(rules).exec(&mut root).unwrap();
    };
    allow(rules("atalaya"));
    allow(vec!["-smembers".into()]);
    let world = server(&format!("redis://atalaya:secret@{}/", redis.address())).await;
    let mut client = admin(&world, "ada").await;
    let v1 = ("sec-websocket-protocol", "atalaya.v1");
    let whole = format!("/ws/admin?token={}", world.token("eva", Role::Admin, &[]));
    let mut refused = world.try_connect(&whole, &[v1]).await.unwrap();
    assert_eq!(refused.closed().await.1["code"], "try_later");
    let status = || world.app.gateway().redis_status().unwrap();
    world.publish(numbered("ROUND_READY", 1));
    assert_eq!(client.next().await["number"], 1);
    assert_eq!(status().reconnects, 0, "{:?}", status());
    allow(vec!["+smembers".into()]);
    until("it is ready", || status().is_ready).await;
    let mut all = listen(&world, "admin", &world.token("eva", Role::Admin, &[])).await;
    world.publish(numbered("ROUND_READY", 2));
    assert_eq!(all.next().await["number"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_ready_without_those_who_wait_for_a_channel_that_redis_refuses() {
    let redis = Redis::start();
    // Redis does not know the user yet, which is as good as not being there.
    let world = server(&format!("redis://atalaya:secret@{}/", redis.address())).await;
    let v1 = ("sec-websocket-protocol", "atalaya.v1");
    let whole = format!("/ws/admin?token={}", world.token("eva", Role::Admin, &[]));
    let mut waiting = world.try_connect(&whole, &[v1]).await.unwrap();
    assert_eq!(waiting.closed().await.1["code"], "try_later");
    let readiness = async || answer(world.ask(Method::GET, "/readyz")).await.0;
    assert_eq!(readiness().await, StatusCode::SERVICE_UNAVAILABLE);
    let_hear(&redis, &["&atalaya:*"]);
    let status = || world.app.gateway().redis_status().unwrap();
    until("it was ready", || status().was_ready).await;
    assert_eq!(readiness().await, StatusCode::OK);
    assert!(!status().is_ready, "one of its channels is refused: {:?}", status());
    let mut client = admin(&world, "ada").await;
    world.publish(numbered("ROUND_READY", 1));
    assert_eq!(client.next().await["number"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_of_others_that_redis_refuses_keep_nobody_waiting_who_is_of_many_branches() {
    let redis = Redis::start();
    let_hear(&redis, &["&atalaya:*"]);
    let wire = Wire::to(redis.address()).await;
    // Four hundred will be refused: one after the other they would take longer than a client waits for its streams.
    wire.stretch(Duration::from_millis(10));
    let world = server(&wire.url().replace("redis://", "redis://atalaya:secret@")).await;
    until("Redis is there", || world.app.gateway().redis_status().unwrap().is_ready).await;
    let branches: Vec<_> = (1..=50).collect();
    let mut client = listen(&world, "admin", &world.token("ada", Role::Admin, &branches)).await;
    world.publish(numbered("ROUND_READY", 1));
    assert_eq!(client.next().await["number"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ours_is_asked_for_before_what_is_of_others_also_where_some_of_it_is_refused() {
    let redis = Redis::start();
    let_hear(&redis, &["&atalaya:{t1:b5}:live", "&channel:*"]);
    let world = server(&format!("redis://atalaya:secret@{}/", redis.address())).await;
    until("Redis is there", || world.app.gateway().redis_status().unwrap().is_ready).await;
    let mut asked = redis.asked();
    let path = format!("/ws/admin?token={}", world.token("ada", Role::Admin, &[5, 6]));
    let (status, _) = world.try_connect(&path, &[]).await.err().unwrap();
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let first = asked.find(|line| line.contains(":b5}:live\"") || line.contains("\"channel:branch:5:"));
    assert!(first.as_ref().unwrap().contains(":live"), "{first:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_over_tls_is_believed_when_its_certificate_is_and_not_else() {
    let (certificate, port) = (Certificate::new(), free_port());
    let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let mut arguments: Vec<String> =
        ["--tls-auth-clients", "no", "--tls-port", &port.to_string()].map(String::from).into();
    for (name, file) in
        [("cert", &certificate.certificate), ("key", &certificate.key), ("ca-cert", &certificate.ca)]
    {
        arguments.extend([format!("--tls-{name}-file"), path(file)]);
    }
    let _redis = Redis::with(arguments);
    let start = async |trusts: bool| {
        World::with(|config| {
            config.redis.url = Some(Secret::new(format!("rediss://127.0.0.1:{port}/")));
            config.redis.ca_file = trusts.then(|| certificate.ca.clone());
        })
        .await
    };
    let world = start(true).await;
    let mut client = admin(&world, "ada").await;
    world.publish(numbered("ROUND_READY", 1));
    assert_eq!(client.next().await["number"], 1);
    let doubting = start(false).await;
    until("it is refused", || doubting.app.gateway().redis_status().unwrap().last_error.is_some()).await;
    assert!(!doubting.app.gateway().redis_status().unwrap().is_connected);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_log_of_large_events_no_more_is_read_at_once_than_a_network_carries() {
    let redis = Redis::start();
    let one = server(&redis.url()).await;
    let mut client = admin(&one, "ada").await;
    let text = "x".repeat(60_000);
    for number in 0..200 {
        one.publish(json!({"type": "ROUND_READY", "branch_id": 5, "number": number, "text": text}));
        assert_eq!(client.next().await["number"], number);
    }
    let wire = Wire::to(redis.address()).await;
    let two = server(&wire.url()).await;
    let (mut late, streams) =
        two.connect_v1("admin", &two.token("ivo", atalaya::domain::Role::Admin, &[5])).await;
    assert!(wire.bytes() < 6 << 20, "{} bytes of 12 million", wire.bytes());
    let mut since = streams;
    since["branch:5"]["offset"] = 190.into();
    late.say(&json!({"type": "resume", "streams": since})).await;
    one.publish(end());
    assert!(late.numbers().await.into_iter().eq(190..200));
}
