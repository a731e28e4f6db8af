//! Who hears of what.

use atalaya::domain::{EventType, Role};
use serde_json::{Value, json};

use crate::world::{World, caller};

/// Everybody of branch 5, by name.
const PEOPLE: [&str; 6] = ["admin", "kitchen", "waiter", "waiter of 10", "waiter of 11", "guest"];

/// Who of `PEOPLE` hears `event`.
async fn hearers(world: &World, event: Value) -> Vec<&'static str> {
    let waiter = |name: &str, sectors: &[i64]| {
        world.keys.issue(&caller(1, name, Role::Waiter, &[5], sectors), "1h".parse().unwrap())
    };
    let tokens = [
        ("admin", world.token("admin", Role::Admin, &[])),
        ("kitchen", world.token("kitchen", Role::Kitchen, &[5])),
        ("waiter", waiter("waiter", &[99])),
        ("waiter", waiter("waiter of 10", &[10])),
        ("waiter", waiter("waiter of 11", &[11, 12])),
        ("diner", world.table(5, "77")),
    ];
    let mut clients = Vec::new();
    for (endpoint, token) in &tokens {
        clients.push(world.connect(endpoint, token).await);
    }
    let marker = json!({"type": "ROUND_READY", "branch_id": 5, "session_id": 77, "last": true});
    world.publish(event);
    world.publish(marker.clone());
    for sector in [10, 11] {
        let mut marker = marker.clone();
        marker["sector_id"] = sector.into();
        world.publish(marker);
    }
    let mut hearing = Vec::new();
    for (name, client) in PEOPLE.into_iter().zip(&mut clients) {
        if client.next().await["last"].is_null() {
            hearing.push(name);
        }
    }
    // Whoever comes next hears nothing of all this: the admin has seen the last of it.
    while clients[0].next().await["sector_id"] != 11 {}
    hearing
}

#[tokio::test]
async fn every_type_reaches_those_whom_it_is_for() {
    let world = World::start().await;
    let waiters = ["waiter", "waiter of 10", "waiter of 11"];
    for kind in EventType::known().filter(|kind| *kind != EventType::TABLE_CLEARED) {
        let heard = hearers(&world, json!({"type": kind, "branch_id": 5, "session_id": "77"})).await;
        let topic = kind.split('_').next().unwrap();
        let mut wanted = vec!["admin"];
        wanted.extend((topic == "ROUND").then_some("kitchen"));
        if !["ENTITY", "CAMERA", "SHIFT", "SUMMARY"].contains(&topic) {
            wanted.extend(waiters);
        }
        wanted.extend(["ROUND", "SERVICE", "PAYMENT", "TABLE"].contains(&topic).then_some("guest"));
        assert_eq!(heard, wanted, "{kind}");
    }
}

#[tokio::test]
async fn a_sector_is_its_own_waiters_business() {
    let world = World::start().await;
    let call = json!({"type": "SERVICE_CALL_CREATED", "branch_id": 5, "sector_id": 10});
    assert_eq!(hearers(&world, call).await, ["admin", "waiter of 10"]);
    let unknown = json!({"type": "STOCK_LOW", "branch_id": 5, "sector_id": 11, "session_id": 77});
    assert_eq!(hearers(&world, unknown).await, ["admin", "waiter of 11", "guest"]);
    let elsewhere = json!({"type": "ROUND_READY", "branch_id": 6, "session_id": 77});
    assert_eq!(hearers(&world, elsewhere).await, ["admin"], "the admin's token is of all branches");
}

#[tokio::test]
async fn the_kitchen_and_the_guests_learn_that_a_table_is_cleared_and_these_are_sent_away() {
    let world = World::start().await;
    let token = world.table(5, "77");
    let mut guest = world.seated("77").await;
    let mut kitchen = world.connect("kitchen", &world.token("kitchen", Role::Kitchen, &[5])).await;
    let mut other = world.connect("diner", &world.table(5, "78")).await;
    world.publish(json!({"type": "TABLE_CLEARED", "branch_id": 5, "session_id": 77}));
    assert_eq!(kitchen.next().await["type"], "TABLE_CLEARED");
    assert_eq!(guest.next().await["type"], "TABLE_CLEARED");
    assert_eq!(guest.closed().await.0, 4410);
    let path = format!("/ws/diner?token={token}");
    let mut again = world.try_connect(&path, &[]).await.unwrap();
    assert_eq!(again.closed().await.0, 4410, "the party is over");
    // The same name for the next party.
    world.publish(json!({"type": "TABLE_SESSION_STARTED", "branch_id": 5, "session_id": 77}));
    world.publish(json!({"type": "ROUND_READY", "branch_id": 5, "session_id": 78}));
    assert_eq!(other.next().await["type"], "ROUND_READY");
    let mut next = world.try_connect(&format!("{path}&resume=%7B%7D"), &[]).await.unwrap();
    assert_eq!(next.next().await["type"], "TABLE_SESSION_STARTED", "nothing of the party before them");
}

#[tokio::test]
async fn tenants_do_not_meet() {
    let world = World::start().await;
    let token =
        |tenant| world.keys.issue(&caller(tenant, "eva", Role::Admin, &[], &[]), "1h".parse().unwrap());
    let mut own = world.connect("admin", &token(1)).await;
    let mut theirs = world.connect("admin", &token(2)).await;
    world.publish(json!({"type": "PAYMENT_APPROVED", "branch_id": 5, "mine": true}));
    world.publish(json!({"type": "PAYMENT_APPROVED", "branch_id": 5, "tenant_id": 2, "mine": false}));
    assert_eq!(own.next().await["mine"], true);
    assert_eq!(theirs.next().await["mine"], false);
}
