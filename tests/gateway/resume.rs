//! Who comes back gets what it missed, in order, once, or is told that it does not.

use atalaya::domain::Role;
use serde_json::{Value, json};

use crate::world::{World, numbered};

fn encoded(streams: &Value) -> String {
    url::form_urlencoded::byte_serialize(streams.to_string().as_bytes()).collect()
}

#[tokio::test]
async fn what_was_missed_comes_in_order_and_then_what_happens() {
    let world = World::start().await;
    let token = world.token("ana", Role::Waiter, &[5]);
    let (client, streams) = world.connect_v1("waiter", &token).await;
    drop(client);
    let mut witness = world.connect("waiter", &world.token("eva", Role::Waiter, &[5])).await;
    (0..50).for_each(|number| world.publish(numbered("ROUND_READY", number)));
    while witness.next().await["number"] != 49 {}
    let (mut client, _) = world.connect_v1("waiter", &token).await;
    client.say(&json!({"type": "resume", "streams": streams})).await;
    (50..100).for_each(|number| world.publish(numbered("ROUND_READY", number)));
    world.publish(json!({"type": "END", "branch_id": 5}));
    let (mut numbers, mut offsets, mut resumed) = (Vec::new(), Vec::new(), None);
    loop {
        let message = client.next().await;
        match message["type"].as_str().unwrap() {
            "END" => break,
            "resumed" => resumed = Some((numbers.len(), message["recovered"].clone())),
            _ => {
                numbers.push(message["number"].as_u64().unwrap());
                offsets.push(message["offset"].as_u64().unwrap());
            }
        }
    }
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
    assert_eq!(offsets, (1..=100).collect::<Vec<_>>());
    let (after, recovered) = resumed.expect("it should be told that it has everything");
    assert!(after >= 50 && recovered == true, "{after}");
}

#[tokio::test]
async fn who_resumes_late_gets_what_was_before_and_nothing_twice() {
    let world = World::start().await;
    let token = world.token("ana", Role::Waiter, &[5]);
    let mut witness = world.connect("waiter", &world.token("eva", Role::Waiter, &[5])).await;
    let (client, streams) = world.connect_v1("waiter", &token).await;
    drop(client);
    for number in 0..5 {
        world.publish(numbered("ROUND_READY", number));
        assert_eq!(witness.next().await["number"], number);
    }
    let (mut client, _) = world.connect_v1("waiter", &token).await;
    client.say(&json!({"type": "ping"})).await;
    assert_eq!(client.next().await["type"], "pong", "what happens now is told from here on");
    for number in 5..8 {
        world.publish(numbered("ROUND_READY", number));
        assert_eq!(client.next().await["number"], number);
    }
    client.say(&json!({"type": "resume", "streams": streams})).await;
    for number in 0..5 {
        assert_eq!(client.next().await["number"], number);
    }
    let resumed = client.next().await;
    assert_eq!(
        (&resumed["recovered"], &resumed["streams"]["branch:5"]["offset"]),
        (&json!(true), &json!(5)),
        "as far as this answers"
    );
    client.say(&json!({"type": "resume", "streams": streams})).await;
    assert_eq!(client.next().await["recovered"], true, "it has all of that");
    world.publish(numbered("ROUND_READY", 8));
    assert_eq!(client.next().await["number"], 8);
}

#[tokio::test]
async fn the_query_resumes_too() {
    let world = World::start().await;
    let token = world.token("ana", Role::Waiter, &[5]);
    let (_first, streams) = world.connect_v1("waiter", &token).await;
    (0..5).for_each(|number| world.publish(numbered("ROUND_READY", number)));
    world.publish(json!({"type": "END", "branch_id": 5}));
    let path = format!("/ws/waiter?token={token}&resume={}", encoded(&streams));
    let mut client = world.try_connect(&path, &[]).await.unwrap();
    assert_eq!(client.numbers().await, [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn what_is_not_known_any_more_is_said_to_be_so() {
    let world = World::with(|config| config.gateway.history_events = 10).await;
    let token = world.token("ana", Role::Waiter, &[5]);
    let (mut first, streams) = world.connect_v1("waiter", &token).await;
    // From here on it is told what happens.
    first.say(&json!({"type": "ping"})).await;
    assert_eq!(first.next().await["type"], "pong");
    (0..20).for_each(|number| world.publish(numbered("ROUND_READY", number)));
    world.publish(json!({"type": "END", "branch_id": 5}));
    first.numbers().await;
    for streams in [streams, json!({"branch:5": {"epoch": "another", "offset": 20}})] {
        let (mut client, now) = world.connect_v1("waiter", &token).await;
        client.say(&json!({"type": "resume", "streams": streams})).await;
        let resumed = client.next().await;
        assert_eq!(
            (&resumed["type"], &resumed["recovered"]),
            (&json!("resumed"), &json!(false)),
            "{resumed}"
        );
        assert_eq!(resumed["streams"]["branch:5"]["offset"], now["branch:5"]["offset"]);
    }
}

#[tokio::test]
async fn who_says_nothing_goes_on_from_its_welcome() {
    let world = World::start().await;
    let (mut client, streams) = world.connect_v1("waiter", &world.token("ana", Role::Waiter, &[5])).await;
    assert_eq!(streams["branch:5"]["offset"], 0);
    // Before the time to resume is over.
    (0..3).for_each(|number| world.publish(numbered("ROUND_READY", number)));
    world.publish(json!({"type": "END", "branch_id": 5}));
    assert_eq!(client.numbers().await, [0, 1, 2]);
}

#[tokio::test]
async fn a_stream_that_is_not_known_any_more_is_not_recovered() {
    let world = World::start().await;
    let (mut admin, _) = world.connect_v1("admin", &world.token("eva", Role::Admin, &[])).await;
    admin
        .say(
            &json!({"type": "resume", "streams": {"branch:5": {"epoch": "before the restart", "offset": 7}}}),
        )
        .await;
    let told = loop {
        let message = admin.next().await;
        if message["type"] != "streams" {
            break message;
        }
    };
    assert_eq!((&told["type"], &told["recovered"]), (&json!("resumed"), &json!(false)), "{told}");
    assert_eq!(told["streams"]["branch:5"]["recovered"], false);
}

#[tokio::test]
async fn branches_that_are_made_up_are_not_opened() {
    let world = World::start().await;
    let live = async |name| {
        let (mut admin, _) = world.connect_v1("admin", &world.token(name, Role::Admin, &[])).await;
        admin.say(&json!({"type": "ping"})).await;
        assert_eq!(admin.next().await["type"], "pong");
        admin
    };
    let (mut witness, mut curious) = (live("eva").await, live("ana").await);
    let streams: serde_json::Map<_, _> =
        (100..200).map(|branch| (format!("branch:{branch}"), json!({"epoch": "e", "offset": 1}))).collect();
    curious.say(&json!({"type": "resume", "streams": streams})).await;
    let resumed = curious.next().await;
    assert_eq!((&resumed["recovered"], resumed["streams"].as_object().unwrap().len()), (&json!(false), 100));
    world.publish(numbered("ROUND_READY", 1));
    let told = witness.next().await;
    assert_eq!(told["streams"].as_object().unwrap().keys().collect::<Vec<_>>(), ["branch:5"], "{told}");
}

#[tokio::test]
async fn an_old_client_that_comes_back_too_late_is_told_by_the_close() {
    let world = World::start().await;
    let token = world.token("ana", Role::Waiter, &[5]);
    let streams = json!({"branch:5": {"epoch": "another", "offset": 3}});
    let path = format!("/ws/waiter?token={token}&resume={}", encoded(&streams));
    let mut client = world.try_connect(&path, &[]).await.unwrap();
    assert_eq!(client.closed().await.0, 4431);
}

#[tokio::test]
async fn what_is_forgotten_and_was_for_others_is_not_missed() {
    let world = World::with(|config| config.gateway.history_events = 5).await;
    let token = world.token("chef", Role::Kitchen, &[5]);
    let mut admin = world.connect("admin", &world.token("eva", Role::Admin, &[])).await;
    let (chef, streams) = world.connect_v1("kitchen", &token).await;
    drop(chef);
    for number in 0..20 {
        world.publish(numbered("CAMERA_ONLINE", number));
        assert_eq!(admin.next().await["number"], number);
    }
    let (mut chef, _) = world.connect_v1("kitchen", &token).await;
    chef.say(&json!({"type": "resume", "streams": streams})).await;
    assert_eq!(chef.next().await["recovered"], true);
}

#[tokio::test]
async fn who_listens_to_all_branches_is_told_when_somebody_opens_one() {
    let world = World::start().await;
    let (mut admin, _) = world.connect_v1("admin", &world.token("eva", Role::Admin, &[])).await;
    admin.say(&json!({"type": "ping"})).await;
    assert_eq!(admin.next().await["type"], "pong");
    let (_waiter, streams) = world.connect_v1("waiter", &world.token("ana", Role::Waiter, &[7])).await;
    assert_eq!(admin.next().await, json!({"type": "streams", "streams": streams}));
}

#[tokio::test]
async fn who_listens_to_all_branches_is_told_of_new_streams() {
    let world = World::start().await;
    let (mut admin, streams) = world.connect_v1("admin", &world.token("eva", Role::Admin, &[])).await;
    assert_eq!(streams, json!({}));
    admin.say(&json!({"type": "ping"})).await;
    assert_eq!(admin.next().await["type"], "pong");
    world.publish(numbered("ROUND_READY", 0));
    let told = admin.next().await;
    assert_eq!(
        (&told["type"], &told["streams"]["branch:5"]["offset"]),
        (&json!("streams"), &json!(0)),
        "{told}"
    );
    assert_eq!(admin.next().await["offset"], 1);
}
