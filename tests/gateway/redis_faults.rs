//! Redis goes, and comes back: nothing is lost, nothing comes twice, and the order stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use atalaya::domain::Role;
use atalaya::gateway::BreakerState;
use serde_json::{Value, json};

use crate::redis::{admin, end, server, until};
use crate::redis_server::{Redis, Wire};
use crate::world::{Client, World, numbered};

/// A server that publishes a hundred events a second, numbered from 0: over an outage fewer than a client may fall behind.
pub(crate) struct Load {
    sent: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<World>,
}

impl Load {
    pub(crate) fn of(world: World) -> Self {
        let (sent, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, end) = (sent.clone(), stop.clone());
        let task = tokio::spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_millis(10));
            while !end.load(Ordering::SeqCst) {
                world.publish(numbered("ROUND_READY", count.fetch_add(1, Ordering::SeqCst)));
                pace.tick().await;
            }
            world
        });
        Self { sent, stop, task }
    }

    pub(crate) async fn more(&self, count: u64) {
        let goal = self.sent.load(Ordering::SeqCst) + count;
        until("events are published", || self.sent.load(Ordering::SeqCst) >= goal).await;
    }

    /// The server, and how many it published before an `END`.
    pub(crate) async fn end(self) -> (World, u64) {
        self.stop.store(true, Ordering::SeqCst);
        let world = self.task.await.unwrap();
        world.publish(end());
        (world, self.sent.load(Ordering::SeqCst))
    }
}

/// The numbers up to the `END`, and what else was said.
async fn heard(client: &mut Client) -> (Vec<u64>, Vec<Value>) {
    let (mut numbers, mut others) = (Vec::new(), Vec::new());
    loop {
        let message = client.next().await;
        match (message["type"].as_str(), message["number"].as_u64()) {
            (Some("END"), _) => return (numbers, others),
            (_, Some(number)) => numbers.push(number),
            _ => others.push(message),
        }
    }
}

fn is_connected(world: &World) -> bool {
    world.app.gateway().redis_status().unwrap().is_connected
}

/// Two servers by `urls`, the first of which publishes before a `fault`, while it lasts and after it: whoever is at either
/// hears every event once and in order. The second server, and what else the two clients are told.
async fn through(urls: [&str; 2], fault: impl AsyncFnOnce(&Load, &World)) -> (World, [Vec<Value>; 2]) {
    // What starts and connects them is large on the stack of whoever waits for it.
    let (one, two) = (Box::pin(server(urls[0])).await, Box::pin(server(urls[1])).await);
    let mut clients = [Box::pin(admin(&one, "ada")).await, Box::pin(admin(&two, "ivo")).await];
    let load = Load::of(one);
    load.more(100).await;
    fault(&load, &two).await;
    load.more(100).await;
    let (_one, sent) = load.end().await;
    let mut told = [Vec::new(), Vec::new()];
    for (client, told) in clients.iter_mut().zip(&mut told) {
        let (numbers, others) = heard(client).await;
        assert!(numbers.iter().copied().eq(0..sent), "{sent}: {numbers:?} {others:?}");
        *told = others;
    }
    (two, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_was_killed_comes_back_and_nothing_is_lost_or_doubled() {
    let redis = Redis::start();
    let url = redis.url();
    let kill = async |load: &Load, _: &World| {
        for _ in 0..3 {
            redis.kill();
            load.more(100).await;
            redis.resume();
            load.more(100).await;
        }
    };
    let (two, told) = through([&url, &url], kill).await;
    assert!(told.iter().all(Vec::is_empty), "{told:?}");
    assert!(two.app.gateway().redis_status().unwrap().reconnects >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_away_while_redis_was_killed_gets_everything_too() {
    let redis = Redis::start();
    let (one, two) = (server(&redis.url()).await, server(&redis.url()).await);
    let token = one.token("ana", Role::Admin, &[5]);
    let (client, streams) = one.connect_v1("admin", &token).await;
    drop(client);
    let mut witness = admin(&one, "ada").await;
    let load = Load::of(one);
    load.more(50).await;
    redis.kill();
    load.more(50).await;
    redis.resume();
    load.more(50).await;
    let (_one, sent) = load.end().await;
    heard(&mut witness).await;
    let (mut client, _) = two.connect_v1("admin", &token).await;
    client.say(&json!({"type": "resume", "streams": streams})).await;
    assert!(heard(&mut client).await.0.into_iter().eq(0..sent));
    assert_eq!(client.next().await["recovered"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_comes_back_empty_is_told_and_what_was_not_sent_yet_comes_once() {
    let redis = Redis::start();
    let url = redis.url();
    let wipe = async |load: &Load, _: &World| {
        redis.kill();
        redis.wipe();
        load.more(100).await;
        redis.resume();
    };
    let (two, told) = through([&url, &url], wipe).await;
    for others in told {
        assert_eq!(others.len(), 1, "{others:?}");
        assert_eq!(others[0]["type"], "gap");
    }
    assert!(two.app.gateway().figures().gaps.get() >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_hangs_for_a_while_loses_and_doubles_nothing() {
    let redis = Redis::start();
    let url = redis.url();
    let freeze = async |_: &Load, two: &World| {
        redis.freeze();
        until("the silence is noticed", || !is_connected(two)).await;
        redis.thaw();
    };
    let (_two, told) = through([&url, &url], freeze).await;
    assert!(told.iter().all(Vec::is_empty), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wire_that_swallows_everything_is_noticed_and_what_it_swallowed_is_fetched() {
    let redis = Redis::start();
    let url = redis.url();
    let wire = Wire::to(redis.address()).await;
    let cut = async |_: &Load, two: &World| {
        wire.cut();
        until("the silence is noticed", || !is_connected(two)).await;
        wire.mend();
        until("it is connected again", || is_connected(two)).await;
    };
    let (_two, told) = through([&url, &wire.url()], cut).await;
    assert!(told.iter().all(Vec::is_empty), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_what_is_known_is_served_and_what_is_not_is_to_be_tried_later() {
    let redis = Redis::start();
    let world = server(&redis.url()).await;
    until("Redis is there", || world.app.gateway().redis_status().unwrap().is_ready).await;
    let token = world.token("ada", Role::Admin, &[5]);
    let mut witness = admin(&world, "eva").await;
    let (client, streams) = world.connect_v1("admin", &token).await;
    drop(client);
    (0..5).for_each(|number| world.publish(numbered("ROUND_READY", number)));
    world.publish(end());
    heard(&mut witness).await;
    redis.kill();
    until("it is noticed", || !is_connected(&world)).await;
    let (mut client, _) = world.connect_v1("admin", &token).await;
    client.say(&json!({"type": "resume", "streams": streams})).await;
    assert_eq!(heard(&mut client).await.0, [0, 1, 2, 3, 4]);
    let other = world.token("ivo", Role::Admin, &[6]);
    let (status, _) = world.try_connect(&format!("/ws/admin?token={other}"), &[]).await.err().unwrap();
    assert_eq!(status.as_u16(), 503);
    let v1 = ("sec-websocket-protocol", "atalaya.v1");
    let mut refused = world.try_connect(&format!("/ws/admin?token={other}"), &[v1]).await.unwrap();
    let (code, reason) = refused.closed().await;
    assert_eq!((code, &reason["code"], &reason["retry"]), (1013, &json!("try_later"), &json!(true)));
    // What is published meanwhile is kept; who can tell its publisher so does not take more after a while.
    world.publish(numbered("ROUND_READY", 5));
    until("nobody tries in vain", || !world.app.gateway().takes_events()).await;
    world.publish(numbered("ROUND_READY", 6));
    let status = world.app.gateway().redis_status().unwrap();
    assert!(!status.is_ready && status.failures >= 5 && status.last_error.is_some(), "{status:?}");
    redis.resume();
    assert_eq!(client.next().await["type"], "resumed");
    assert_eq!([client.next().await["number"].clone(), client.next().await["number"].clone()], [5, 6]);
    until("all is well", || world.app.gateway().redis_status().unwrap().is_ready).await;
    assert!(world.app.gateway().takes_events(), "half a minute was not waited out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_before_redis_is_not_ready_until_it_is_there() {
    let redis = Redis::start();
    redis.kill();
    let world = server(&redis.url()).await;
    until("it tries", || world.app.gateway().redis_status().unwrap().last_error.is_some()).await;
    assert!(!world.app.gateway().redis_status().unwrap().is_ready);
    redis.resume();
    until("it is ready", || world.app.gateway().redis_status().unwrap().is_ready).await;
    let mut client = admin(&world, "ada").await;
    world.publish(end());
    assert!(heard(&mut client).await.0.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_where_nobody_publishes_is_well_again_once_redis_is_back() {
    let redis = Redis::start();
    let world = server(&redis.url()).await;
    let status = || world.app.gateway().redis_status().unwrap();
    until("Redis is there", || status().is_ready).await;
    redis.kill();
    world.publish(end());
    until("nobody tries in vain", || !world.app.gateway().takes_events()).await;
    redis.resume();
    until("all is well", || status().is_ready && status().breaker == BreakerState::Closed).await;
    assert_eq!((status().failures, status().waiting), (0, 0));
}
