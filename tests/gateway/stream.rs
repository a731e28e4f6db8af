//! Events as server-sent events.

use std::time::Duration;

use atalaya::auth::Ttl;
use atalaya::domain::{Endpoint, Role};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::web::answer;
use crate::world::{DEADLINE, World, caller, numbered};

const STREAM: &str = "/api/v1/events/stream";

fn as_admin(world: &World) -> String {
    format!("{STREAM}?token={}", world.admin_of(1, &[5]))
}

#[tokio::test]
async fn a_stream_tells_what_a_socket_tells() {
    let world = World::start().await;
    let token = world.token("ana", Role::Waiter, &[5]);
    let (mut socket, streams) = world.connect_v1("waiter", &token).await;
    let mut stream = world.listen(&format!("{STREAM}?token={token}"), None).await;
    let welcome = stream.expect("welcome").await;
    assert_eq!(welcome.data["streams"], streams);
    let epoch = streams["branch:5"]["epoch"].as_str().unwrap();
    assert_eq!(welcome.id, format!("branch:5@{epoch}:0"));
    world.publish(json!({"type": "ROUND_READY", "branch_id": 5, "entity": {"a": "á\n"}}));
    let heard = stream.expect("ROUND_READY").await;
    assert_eq!(heard.data, socket.next().await);
    assert_eq!(heard.id, format!("branch:5@{epoch}:1"));
    // What is not for waiters is not told here either.
    world.publish(json!({"type": "ENTITY_CREATED", "branch_id": 5}));
    world.publish(numbered("END", 0));
    assert_eq!(stream.expect("END").await.data["offset"], 3);
}

#[tokio::test]
async fn who_comes_back_gets_what_it_missed_in_order_and_once() {
    let world = World::start().await;
    let path = format!("{STREAM}?token={}", world.admin_of(1, &[]));
    world.publish(numbered("ROUND_READY", 1));
    world.publish(json!({"type": "ROUND_READY", "branch_id": 6, "number": 2}));
    let mut stream = world.listen(&path, None).await;
    stream.expect("welcome").await;
    world.publish(numbered("ROUND_READY", 3));
    let last = stream.expect("ROUND_READY").await;
    assert_eq!(last.id.matches('@').count(), 2, "{}", last.id);
    drop(stream);
    for number in 4..8 {
        let branch = 5 + number % 2;
        world.publish(json!({"type": "ROUND_READY", "branch_id": branch, "number": number}));
    }
    // A branch that nobody knew of.
    world.publish(json!({"type": "ROUND_READY", "branch_id": 7, "number": 8}));
    let (mut ids, mut numbers) = (vec![last.id], Vec::new());
    // Away again after each event: whatever the last id, nothing is lost and nothing comes twice.
    for _ in 0..5 {
        let mut stream = world.listen(&path, ids.last().map(String::as_str)).await;
        let welcome = stream.expect("welcome").await;
        assert_eq!(Some(&welcome.id), ids.last(), "who is cut off now has missed the same");
        let heard = stream.expect("ROUND_READY").await;
        numbers.push(heard.data["number"].as_u64().unwrap());
        ids.push(heard.id);
    }
    assert_eq!(numbers, [4, 6, 5, 7, 8], "branch by branch");
    let mut stream = world.listen(&format!("{path}&last_event_id={}", ids.last().unwrap()), None).await;
    stream.expect("welcome").await;
    let resumed = stream.expect("resumed").await;
    assert_eq!(resumed.data["recovered"], true);
    assert_eq!(resumed.id.matches('@').count(), 3);
    world.publish(numbered("END", 0));
    assert_eq!(stream.numbers().await.0, Vec::<u64>::new());
}

#[tokio::test]
async fn what_is_not_known_any_more_is_told() {
    let world = World::with(|config| config.gateway.history_events = 16).await;
    let mut stream = world.listen(&as_admin(&world), None).await;
    let id = stream.expect("welcome").await.id;
    (0..20).for_each(|number| world.publish(numbered("ROUND_READY", number)));
    world.publish(numbered("END", 0));
    assert_eq!(stream.numbers().await.0.len(), 20);
    drop(stream);
    let mut stream = world.listen(&as_admin(&world), Some(&id)).await;
    stream.expect("welcome").await;
    assert_eq!(stream.expect("resumed").await.data["recovered"], false);
    for bad in ["7", "branch:5@", "%C3%A9"] {
        let request = world.ask(Method::GET, &format!("{}&last_event_id={bad}", as_admin(&world)));
        let (status, problem) = answer(request).await;
        assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &json!("last_event_id")));
    }
}

#[tokio::test]
async fn guests_hear_of_their_own_table_until_it_is_cleared() {
    let world = World::start().await;
    let path = format!("{STREAM}?table_token={}", world.table(5, "77"));
    let mut stream = world.listen(&path, None).await;
    stream.expect("welcome").await;
    for session in ["78", "77"] {
        world.publish(json!({"type": "ROUND_READY", "branch_id": 5, "session_id": session}));
    }
    assert_eq!(stream.expect("ROUND_READY").await.data["session_id"], "77");
    world.publish(json!({"type": "TABLE_CLEARED", "branch_id": 5, "session_id": "77"}));
    stream.expect("TABLE_CLEARED").await;
    let close = stream.expect("close").await;
    assert_eq!((&close.data["close_code"], &close.data["retry"]), (&json!(4410), &json!(false)));
    assert!(stream.next().await.is_none());
    assert_eq!(answer(world.ask(Method::GET, &path)).await.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn pages_of_other_origins_hear_and_read_what_they_could_by_a_socket() {
    let world =
        World::with(|config| config.gateway.allowed_origins = vec!["http://panel.example".into()]).await;
    let staff = as_admin(&world);
    let guest = format!("{STREAM}?table_token={}", world.table(5, "77"));
    for (path, origin, status) in [
        (&staff, "http://panel.example", StatusCode::OK),
        (&staff, "http://evil.example", StatusCode::FORBIDDEN),
        (&guest, "http://any.example", StatusCode::OK),
    ] {
        let response = world.ask(Method::GET, path).header("origin", origin).send().await.unwrap();
        let may_read =
            response.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap());
        let wanted = (status == StatusCode::OK).then_some(origin);
        assert_eq!((response.status(), may_read), (status, wanted), "{origin}");
    }
}

#[tokio::test]
async fn who_may_listen_as_whom_is_as_with_sockets() {
    let world = World::start().await;
    let waiter = world.token("ana", Role::Waiter, &[5]);
    for (query, status) in [
        (String::new(), 401),
        ("?token=nonsense".to_owned(), 401),
        (format!("?token={}", world.token("ana", Role::Viewer, &[])), 403),
        (format!("?token={waiter}&endpoint=admin"), 403),
        (format!("?token={waiter}&endpoint=diner"), 401),
        (format!("?token={waiter}&endpoint=cook"), 400),
        (format!("?table_token={}&endpoint=waiter", world.table(5, "77")), 401),
        (format!("?token={waiter}&nonsense=1"), 400),
    ] {
        let (got, problem) = answer(world.ask(Method::GET, &format!("{STREAM}{query}"))).await;
        assert_eq!(got.as_u16(), status, "{query}: {problem}");
    }
    let figures = world.app.gateway().figures();
    for (role, endpoint) in
        [(Role::Admin, Endpoint::Admin), (Role::Waiter, Endpoint::Waiter), (Role::Kitchen, Endpoint::Kitchen)]
    {
        let request = world.ask(Method::GET, STREAM).bearer_auth(world.token("ana", role, &[5]));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(figures.connected(endpoint), 1, "the widest that the token opens");
    }
}

#[tokio::test]
async fn streams_count_as_connections_and_give_their_place_back() {
    let world = World::start().await;
    let token = world.token("ana", Role::Waiter, &[5]);
    let socket = world.connect("waiter", &token).await;
    let path = format!("{STREAM}?token={token}");
    let streams = [world.listen(&path, None).await, world.listen(&path, None).await];
    let (status, _) = answer(world.ask(Method::GET, &path)).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "three of one user");
    drop((socket, streams));
    let end = std::time::Instant::now() + DEADLINE;
    while world.app.gateway().figures().connected(Endpoint::Waiter) > 0 {
        assert!(std::time::Instant::now() < end, "places are not given back");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.listen(&path, None).await.expect("welcome").await;
}

#[tokio::test]
async fn a_stream_ends_with_its_token() {
    let world = World::start().await;
    let short = world.keys.issue(&caller(1, "ana", Role::Admin, &[5], &[]), Ttl::from_secs(2));
    let mut stream = world.listen(&format!("{STREAM}?token={short}"), None).await;
    stream.expect("welcome").await;
    stream.expect("token_expiring").await;
    let close = stream.expect("close").await;
    assert_eq!((&close.data["close_code"], &close.data["new_token"]), (&json!(4419), &json!(true)));
    assert!(close.retry.is_some() && stream.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_always_has_something_to_tell_ends_with_its_token_too() {
    let world = World::with(|config| config.gateway.client_queue_kib = 65_536).await;
    let short = world.keys.issue(&caller(1, "ana", Role::Admin, &[5], &[]), Ttl::from_secs(2));
    let mut stream = world.listen(&format!("{STREAM}?token={short}"), None).await;
    stream.expect("welcome").await;
    // More than the sockets between take, so that some of it waits all the time.
    let text = "x".repeat(16_000);
    let publish = || world.publish(json!({"type": "ROUND_READY", "branch_id": 5, "number": 0, "text": text}));
    (0..800).for_each(|_| publish());
    let close = loop {
        let heard = stream.next().await.expect("the last one should be a close");
        match heard.kind.as_str() {
            "close" => break heard,
            "ROUND_READY" => publish(),
            _ => {}
        }
    };
    assert_eq!(close.data["close_code"], 4419);
    assert_eq!(world.app.gateway().figures().slow_consumers.get(), 0);
}

#[tokio::test]
async fn a_stream_ends_when_its_token_is_revoked() {
    let world = World::start().await;
    let admin = world.admin_of(1, &[]);
    let body = json!({"subject": "bar", "roles": ["waiter"], "branch_ids": [5]});
    let issued = answer(world.ask(Method::POST, "/api/v1/tokens").bearer_auth(&admin).json(&body)).await.1;
    let path = format!("{STREAM}?token={}", issued["token"].as_str().unwrap());
    let mut stream = world.listen(&path, None).await;
    stream.expect("welcome").await;
    let path = format!("/api/v1/tokens/{}", issued["id"].as_str().unwrap());
    let revoked = answer(world.ask(Method::DELETE, &path).bearer_auth(&admin)).await;
    assert_eq!(revoked, (StatusCode::NO_CONTENT, Value::Null));
    assert_eq!(stream.expect("close").await.data["close_code"], 4401);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn when_the_server_stops_streams_are_told_to_come_back() {
    let world = World::start().await;
    let mut stream = world.listen(&as_admin(&world), None).await;
    stream.expect("welcome").await;
    let stopping = tokio::spawn(world.app.shut_down());
    let close = stream.expect("close").await;
    assert_eq!((&close.data["close_code"], &close.data["retry"]), (&json!(1012), &json!(true)));
    assert!(close.retry.is_some() && stream.next().await.is_none());
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_nothing_is_ended_and_comes_back_without_a_loss() {
    let world = World::with(|config| config.gateway.client_queue_kib = 16).await;
    let mut slow = world.listen(&as_admin(&world), None).await;
    let mut last = slow.expect("welcome").await.id;
    let figures = world.app.gateway().figures();
    let text = "x".repeat(32_000);
    let (mut sent, end) = (0_u64, std::time::Instant::now() + DEADLINE);
    // As much as the sockets between take, and more.
    while figures.slow_consumers.get() == 0 {
        assert!(std::time::Instant::now() < end, "{sent} events wait somewhere");
        world.publish(json!({"type": "ROUND_READY", "branch_id": 5, "number": sent, "text": text}));
        sent += 1;
        tokio::task::yield_now().await;
    }
    let mut numbers = Vec::new();
    while let Some(heard) = slow.next().await {
        last = heard.id;
        numbers.extend(heard.data["number"].as_u64());
        if heard.kind == "close" {
            assert_eq!(heard.data["close_code"], 4430);
        }
    }
    world.publish(numbered("END", 0));
    let mut back = world.listen(&as_admin(&world), Some(&last)).await;
    back.expect("welcome").await;
    loop {
        let heard = back.next().await.unwrap();
        match heard.kind.as_str() {
            "resumed" => assert_eq!(heard.data["recovered"], true, "what is kept holds it"),
            "END" => break,
            _ => numbers.extend(heard.data["number"].as_u64()),
        }
    }
    assert_eq!(numbers, (0..sent).collect::<Vec<_>>());
}
