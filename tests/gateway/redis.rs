//! Several servers on one Redis, and other systems that publish there.

use atalaya::config::Secret;
use atalaya::domain::Role;
use serde_json::{Value, json};

use crate::redis_server::{Redis, Wire};
use crate::world::{Client, DEADLINE, World, caller, numbered};

/// A server on a Redis.
pub(crate) async fn server(url: &str) -> World {
    World::with(|config| config.redis.url = Some(Secret::new(url.into()))).await
}

/// Waits for something that a server says of itself.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = std::time::Instant::now() + DEADLINE;
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "{what}: not within {DEADLINE:?}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

pub(crate) fn end() -> Value {
    json!({"type": "END", "tenant_id": 1, "branch_id": 5, "session_id": "77"})
}

/// An event as other systems publish it.
fn foreign(kind: &str, number: u64, more: Value) -> Value {
    let mut event = numbered(kind, number);
    event["tenant_id"] = 1.into();
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

/// Somebody who is told everything from now on.
pub(crate) async fn listen(world: &World, endpoint: &str, token: &str) -> Client {
    let (mut client, streams) = world.connect_v1(endpoint, token).await;
    client.say(&json!({"type": "resume", "streams": streams})).await;
    assert_eq!(client.next().await["recovered"], true);
    client
}

pub(crate) async fn admin(world: &World, name: &str) -> Client {
    listen(world, "admin", &world.token(name, Role::Admin, &[5])).await
}

fn resume(streams: &Value) -> String {
    url::form_urlencoded::byte_serialize(streams.to_string().as_bytes()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_other_systems_publish_reaches_those_whom_it_is_for() {
    let redis = Redis::start();
    let world = server(&redis.url()).await;
    let waiter = |name, sector| caller(1, name, Role::Waiter, &[5], &[sector]);
    let token = |caller| world.keys.issue(&caller, atalaya::auth::Ttl::from_secs(600));
    let mut own = listen(&world, "waiter", &token(waiter("ana", 10))).await;
    let mut other = listen(&world, "waiter", &token(waiter("eva", 11))).await;
    let mut kitchen = listen(&world, "kitchen", &world.token("leo", Role::Kitchen, &[5])).await;
    let mut admin = admin(&world, "ada").await;
    let mut diner = listen(&world, "diner", &world.table(5, "77")).await;
    let mut elsewhere = listen(&world, "admin", &world.token("ivo", Role::Admin, &[6])).await;
    let sector = json!({"sector_id": 10});
    redis.publish("channel:sector:5:10:waiters", &foreign("ROUND_READY", 1, sector));
    redis.publish("channel:branch:5:kitchen", &foreign("ROUND_SUBMITTED", 2, json!({})));
    redis.publish("channel:branch:5:admin", &foreign("ENTITY_UPDATED", 3, json!({})));
    redis.publish("channel:session:77", &foreign("ROUND_SERVED", 4, json!({"sector_id": 10})));
    redis.publish("t:1:channel:branch:5:waiters", &foreign("TABLE_SESSION_STARTED", 5, json!({})));
    redis.publish("channel:branch:5:waiters", &end());
    redis.publish("channel:branch:6:admin", &json!({"type": "END", "tenant_id": 1, "branch_id": 6}));
    assert_eq!(own.numbers().await, [1, 2, 4, 5]);
    assert_eq!(other.numbers().await, [2, 5]);
    for number in [1, 2, 4] {
        assert_eq!(kitchen.next().await["number"], number);
    }
    assert_eq!(admin.numbers().await, [1, 2, 3, 4, 5]);
    assert_eq!(diner.numbers().await, [4], "the channel's session is the event's");
    assert!(elsewhere.numbers().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_on_three_channels_is_one_and_what_is_sent_twice_is_two() {
    let redis = Redis::start();
    let (one, two) = (server(&redis.url()).await, server(&redis.url()).await);
    let mut clients = [admin(&one, "ada").await, admin(&two, "ivo").await];
    let event = |number| foreign("ROUND_READY", number, json!({"session_id": "77"}));
    for channel in ["channel:branch:5:waiters", "channel:branch:5:kitchen", "channel:branch:5:admin"] {
        redis.publish(channel, &event(1));
    }
    redis.publish("channel:branch:5:admin", &event(1));
    let named = foreign("ROUND_READY", 2, json!({"id": "same"}));
    redis.publish("channel:branch:5:admin", &named);
    redis.publish("channel:branch:5:admin", &named);
    redis.publish("channel:branch:5:admin", &end());
    for client in &mut clients {
        assert_eq!(client.numbers().await, [1, 1, 2]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_of_its_channel_is_refused_and_counted() {
    let redis = Redis::start();
    let world = server(&redis.url()).await;
    let mut client = admin(&world, "ada").await;
    redis.publish("channel:branch:5:admin", &foreign("ROUND_READY", 1, json!({"branch_id": 6})));
    redis.publish("channel:sector:5:10:waiters", &foreign("ROUND_READY", 2, json!({"sector_id": 11})));
    redis.publish("t:1:channel:branch:5:admin", &foreign("ROUND_READY", 3, json!({"tenant_id": 2})));
    redis.publish("channel:branch:5:admin", &json!({"type": "ROUND_READY", "branch_id": 5, "number": 4}));
    redis.publish("channel:branch:5:admin", &json!("nonsense"));
    redis.publish("channel:branch:5:admin", &end());
    assert!(client.numbers().await.is_empty());
    assert_eq!(world.app.gateway().figures().refused.get(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_deliver_each_event_once_to_each_client_and_in_one_order() {
    let redis = Redis::start();
    let (one, two) = (server(&redis.url()).await, server(&redis.url()).await);
    let mut clients = [admin(&one, "ada").await, admin(&two, "ivo").await];
    for number in 0..300 {
        match number % 3 {
            0 => one.publish(numbered("ROUND_READY", number)),
            1 => two.publish(numbered("ROUND_READY", number)),
            _ => drop(redis.publish("channel:branch:5:admin", &foreign("ROUND_READY", number, json!({})))),
        }
    }
    let mut orders = Vec::new();
    for client in &mut clients {
        let mut order = Vec::new();
        while order.len() < 300 {
            let message = client.next().await;
            order.push((
                message["offset"].as_u64().unwrap(),
                message["number"].as_u64().unwrap(),
                message["id"].clone(),
            ));
        }
        orders.push(order);
    }
    assert_eq!(orders[0], orders[1]);
    assert!(orders[0].iter().map(|(offset, ..)| *offset).eq(1..=300));
    for publisher in 0..3 {
        let own: Vec<_> =
            orders[0].iter().map(|(_, number, _)| *number).filter(|number| number % 3 == publisher).collect();
        assert!(own.is_sorted() && own.len() == 100, "{own:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_to_another_server_gets_what_it_missed() {
    let redis = Redis::start();
    let (one, two) = (server(&redis.url()).await, server(&redis.url()).await);
    let token = one.token("ana", Role::Admin, &[5]);
    let (client, streams) = one.connect_v1("admin", &token).await;
    drop(client);
    let mut witness = admin(&one, "eva").await;
    (0..700).for_each(|number| one.publish(numbered("ROUND_READY", number)));
    one.publish(end());
    assert_eq!(witness.numbers().await.len(), 700);
    // Nobody has listened to this branch there.
    let path = format!("/ws/admin?token={token}&resume={}", resume(&streams));
    let mut client = two.try_connect(&path, &[("sec-websocket-protocol", "atalaya.v1")]).await.unwrap();
    assert!(client.numbers().await.into_iter().eq(0..700));
    let resumed = client.next().await;
    assert_eq!((&resumed["type"], &resumed["recovered"]), (&json!("resumed"), &json!(true)));
    one.publish(numbered("ROUND_READY", 700));
    assert_eq!(client.next().await["number"], 700);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_to_all_branches_hears_of_those_that_are_new() {
    let redis = Redis::start();
    let (one, two) = (server(&redis.url()).await, server(&redis.url()).await);
    let mut first = admin(&one, "eva").await;
    one.publish(numbered("ROUND_READY", 1));
    first.next().await;
    let (mut all, streams) = two.connect_v1("admin", &two.token("ada", Role::Admin, &[])).await;
    assert_eq!(streams["branch:5"]["offset"], 1);
    all.say(&json!({"type": "resume", "streams": streams})).await;
    assert_eq!(all.next().await["type"], "resumed");
    one.publish(json!({"type": "ROUND_READY", "branch_id": 9, "number": 2}));
    let told = all.next().await;
    assert_eq!((&told["type"], &told["streams"]["branch:9"]["offset"]), (&json!("streams"), &json!(0)));
    assert_eq!(all.next().await["number"], 2);
    // By the pattern, and no more by the branch's own channel.
    let _other = admin(&two, "ivo").await;
    redis.publish("channel:branch:5:admin", &foreign("ROUND_READY", 3, json!({})));
    redis.publish("channel:sector:9:1:waiters", &json!({"type": "ROUND_READY", "tenant_id": 1, "number": 4}));
    let mut numbers = [all.next().await["number"].as_u64(), all.next().await["number"].as_u64()];
    numbers.sort();
    assert_eq!(numbers, [Some(3), Some(4)]);
    two.publish(end());
    assert!(all.numbers().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_hears_nothing_of_what_its_clients_do_not_need() {
    let redis = Redis::start();
    let wire = Wire::to(redis.address()).await;
    let (publisher, world) = (server(&redis.url()).await, server(&wire.url()).await);
    let mut client = admin(&world, "ada").await;
    let before = wire.bytes();
    let text = "x".repeat(1000);
    for number in 0..1000 {
        publisher.publish(json!({"type": "ROUND_READY", "branch_id": 6, "number": number, "text": text}));
    }
    until("all events are in Redis", || publisher.app.gateway().redis_status().unwrap().waiting == 0).await;
    publisher.publish(numbered("ROUND_READY", 1));
    assert_eq!(client.next().await["number"], 1);
    let heard = wire.bytes() - before;
    assert!(heard < 10_000, "{heard} bytes of a million");
    let status = world.app.gateway().redis_status().unwrap();
    assert_eq!((status.subscriptions, status.streams), (9, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_sent_before_a_server_ends() {
    let redis = Redis::start();
    let (one, two) = (server(&redis.url()).await, server(&redis.url()).await);
    let mut client = admin(&two, "ada").await;
    (0..1000).for_each(|number| one.publish(numbered("ROUND_READY", number)));
    one.publish(end());
    one.app.shut_down().await;
    assert!(client.numbers().await.into_iter().eq(0..1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_with_one_id_are_one_without_redis_too() {
    let world = World::start().await;
    let mut client = admin(&world, "ada").await;
    for number in 0..3 {
        let mut event = numbered("ROUND_READY", number);
        event["id"] = format!("id-{}", number / 2).into();
        world.publish(event);
    }
    world.publish(end());
    assert_eq!(client.numbers().await, [0, 2]);
    assert_eq!(world.app.gateway().figures().duplicates.get(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_that_is_opened_beside_an_admin_of_all_has_one_epoch() {
    let redis = Redis::start();
    let (one, two) = (server(&redis.url()).await, server(&redis.url()).await);
    let _all = listen(&one, "admin", &one.token("ada", Role::Admin, &[])).await;
    let token = one.token("ana", Role::Waiter, &[7]);
    let (mut waiter, streams) = one.connect_v1("waiter", &token).await;
    one.publish(json!({"type": "ROUND_READY", "branch_id": 7, "number": 1}));
    let told = waiter.next().await;
    assert_eq!(told["number"], 1, "{told}");
    let (mut back, _) = two.connect_v1("waiter", &token).await;
    back.say(&json!({"type": "resume", "streams": streams})).await;
    assert_eq!(back.next().await["number"], 1);
    assert_eq!(back.next().await["recovered"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_event_there_may_be_arrives() {
    let redis = Redis::start();
    let world = server(&redis.url()).await;
    let mut client = admin(&world, "ada").await;
    let event = |filler: usize| json!({"type": "ROUND_READY", "branch_id": 5, "filler": "x".repeat(filler)});
    let room = atalaya::wire::MAX_EVENT_BYTES - event(0).to_string().len();
    let (status, _) = world.post_events(&event(room)).await;
    assert_eq!(status.as_u16(), 202);
    world.publish(end());
    assert_eq!(client.next().await["filler"].as_str().map(str::len), Some(room));
    assert_eq!(client.next().await["type"], "END", "and nobody is told of a gap");
}
