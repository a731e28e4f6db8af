//! Events that other systems send by HTTP.

use atalaya::auth::Ttl;
use atalaya::domain::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::web::answer;
use crate::world::{World, caller, numbered, within};

const EVENTS: &str = "/api/v1/events";

#[tokio::test]
async fn an_event_reaches_whom_it_concerns_as_it_was_sent() {
    let world = World::start().await;
    let mut waiter = world.connect("waiter", &world.token("ana", Role::Waiter, &[5])).await;
    let sent = json!({"type": "ROUND_READY", "branch_id": 5, "session_id": 77, "id": "r-1",
        "entity": {"round_id": 3, "note": "sin \"sal\""}, "offset": 9});
    assert_eq!(world.post_events(&sent).await, (StatusCode::ACCEPTED, json!({"items": [{"id": "r-1"}]})));
    let got = waiter.next().await;
    assert_eq!(
        (&got["type"], &got["id"], &got["tenant_id"]),
        (&json!("ROUND_READY"), &json!("r-1"), &json!(1))
    );
    assert_eq!((&got["entity"], &got["offset"]), (&sent["entity"], &json!(1)));
}

#[tokio::test]
async fn a_list_is_taken_in_its_order_and_every_event_gets_an_id() {
    let world = World::start().await;
    let mut waiter = world.connect("waiter", &world.token("ana", Role::Waiter, &[5])).await;
    let mut list: Vec<_> = (0..99).map(|number| numbered("ROUND_READY", number)).collect();
    list.push(numbered("END", 0));
    let (status, told) = world.post_events(&Value::Array(list)).await;
    assert_eq!(status, StatusCode::ACCEPTED);
    let items = told["items"].as_array().unwrap();
    let ids: std::collections::BTreeSet<_> =
        items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!((items.len(), ids.len()), (100, 100));
    assert_eq!(waiter.next().await["id"], items[0]["id"]);
    assert_eq!(waiter.numbers().await, (1..99).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_same_id_within_a_minute_counts_once() {
    let world = World::start().await;
    let mut waiter = world.connect("waiter", &world.token("ana", Role::Waiter, &[5])).await;
    let event = json!({"type": "ROUND_READY", "branch_id": 5, "id": "once", "number": 1});
    for _ in 0..3 {
        assert_eq!(world.post_events(&event).await.0, StatusCode::ACCEPTED);
    }
    let both = json!([event, numbered("END", 0)]);
    assert_eq!(world.post_events(&both).await.0, StatusCode::ACCEPTED);
    assert_eq!(waiter.numbers().await, [1]);
    assert_eq!(world.app.gateway().figures().duplicates.get(), 3);
    // Another tenant's of the same name is another one.
    let theirs = world.ask(Method::POST, EVENTS).bearer_auth(world.admin_of(2, &[5]));
    assert_eq!(answer(theirs.json(&event)).await.0, StatusCode::ACCEPTED);
    assert_eq!(world.app.gateway().figures().duplicates.get(), 3);
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_of_its_list_is_sent() {
    let world = World::start().await;
    let mut waiter = world.connect("waiter", &world.token("ana", Role::Waiter, &[5])).await;
    let good = numbered("ROUND_READY", 1);
    let big = "x".repeat(70_000);
    for (body, status, field) in [
        (json!({"branch_id": 5}), 422, "type"),
        (json!({"type": "a b", "branch_id": 5}), 422, "type"),
        (json!({"type": "A"}), 422, "branch_id"),
        (json!({"type": "A", "branch_id": 0}), 422, "branch_id"),
        (json!({"type": "A", "branch_id": 5, "tenant_id": 2}), 422, "tenant_id"),
        (json!([good, {"type": "A", "branch_id": "5"}]), 422, "[1].branch_id"),
        (json!({"type": "A", "branch_id": 5, "more": big}), 413, ""),
        (json!([]), 422, ""),
        (json!(vec![good.clone(); 101]), 422, ""),
        (json!([good, 3]), 400, ""),
        (json!("A"), 400, ""),
    ] {
        let (got, problem) = world.post_events(&body).await;
        let shown = body.to_string().chars().take(80).collect::<String>();
        assert_eq!(got.as_u16(), status, "{shown}: {problem}");
        assert_eq!(problem["field"].as_str().unwrap_or(""), field, "{shown}: {problem}");
    }
    world.post_events(&numbered("END", 0)).await;
    assert_eq!(waiter.numbers().await, Vec::<u64>::new());
}

#[tokio::test]
async fn only_admins_publish_and_only_into_their_own_branches() {
    let world = World::start().await;
    let post =
        |token: String, body: Value| answer(world.ask(Method::POST, EVENTS).bearer_auth(token).json(&body));
    for role in [Role::Waiter, Role::Kitchen, Role::Viewer] {
        let (status, _) = post(world.token("ana", role, &[]), numbered("ROUND_READY", 1)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{role:?}");
    }
    assert_eq!(answer(world.ask(Method::POST, EVENTS)).await.0, StatusCode::UNAUTHORIZED);
    let local = world.admin_of(1, &[6]);
    let (status, problem) = post(local.clone(), numbered("ROUND_READY", 1)).await;
    assert_eq!((status, &problem["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("branch_id")));
    let own = json!({"type": "ROUND_READY", "branch_id": 6});
    assert_eq!(post(local, own).await.0, StatusCode::ACCEPTED);
}

/// Those who serve and what they wait for may be known to a point of sale alone.
#[tokio::test]
async fn a_branch_of_which_the_database_knows_nothing_is_told_of_all_the_same() {
    let world = World::start().await;
    let mut ana = world.connect("waiter", &world.token("ana", Role::Waiter, &[55])).await;
    let event = json!({"type": "ROUND_READY", "branch_id": 55, "entity": {"number": 1}});
    let request = world.ask(Method::POST, EVENTS).bearer_auth(world.admin_of(1, &[])).json(&event);
    assert_eq!(answer(request).await.0, StatusCode::ACCEPTED);
    assert_eq!(ana.next().await["branch_id"], 55);
}

#[tokio::test]
async fn what_one_tenant_publishes_no_other_hears() {
    let world = World::start().await;
    let theirs = caller(2, "eva", Role::Admin, &[], &[]);
    let mut theirs = world.connect("admin", &world.keys.issue(&theirs, Ttl::from_secs(600))).await;
    world.post_events(&json!([numbered("ROUND_READY", 1), numbered("END", 0)])).await;
    let request = world.ask(Method::POST, EVENTS).bearer_auth(world.admin_of(2, &[5]));
    let own = json!([numbered("ROUND_READY", 2), numbered("END", 0)]);
    assert_eq!(answer(request.json(&own)).await.0, StatusCode::ACCEPTED);
    assert_eq!(theirs.numbers().await, [2]);
}

#[tokio::test]
async fn who_sends_more_than_may_wait_is_told_how_many_were_taken() {
    // The hub has no turn while this test asks: there is one thread, and it is not given away in between.
    let world = World::with(|config| config.gateway.tenant_queue = 3).await;
    let list: Vec<_> = (0..50).map(|number| numbered("ROUND_READY", number)).collect();
    let request = world.ask(Method::POST, EVENTS).bearer_auth(world.admin_of(1, &[5])).json(&list);
    let response = within(request.send()).await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["retry-after"], "1");
    let problem: Value = response.json().await.unwrap();
    let taken = problem["taken"].as_u64().unwrap();
    assert!((3..50).contains(&taken), "{problem}");
    assert_eq!(world.app.gateway().figures().rate_limited.get(), 50 - taken);
}
