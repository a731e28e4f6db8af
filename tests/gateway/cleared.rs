//! A table that was cleared stays so: while nothing happens, over a restart, and on another server of the same database.

use std::sync::Arc;
use std::time::{Duration, Instant};

use atalaya::auth::{Branches, Cleared};
use atalaya::clock::Clock;
use atalaya::domain::{BranchId, Endpoint, Event, EventType, Role, SessionId, TenantId, Timestamp};
use atalaya::gateway::{
    Hub, Joined, Listens, Member, Position, Sectors, SessionOver, Settings, Stamped, Start,
};
use atalaya::store::Store;
use serde_json::json;

use crate::world::{DEADLINE, World};

/// Somebody who need not hear anything.
#[derive(Clone)]
struct Guest;

impl Member for Guest {
    fn id(&self) -> u64 {
        1
    }

    fn send(&self, _: &Arc<Stamped>) -> bool {
        true
    }

    fn catch_up(&self, _: &Joined, _: &Start) {}

    fn tell_of(&self, _: BranchId, _: &Position) {}

    fn tell_gap(&self, _: BranchId, _: &Position) {}

    fn end_session(&self) {}
}

fn session() -> SessionId {
    SessionId::new("77").unwrap()
}

fn told(kind: &str) -> Event {
    Event {
        kind: EventType::new(kind).unwrap(),
        tenant: TenantId::default(),
        branch: BranchId::default(),
        sector: None,
        session: Some(session()),
        id: None,
        fields: "".into(),
    }
}

fn is_over(cleared: &Cleared) -> bool {
    cleared.is_over(TenantId::default(), BranchId::default(), &session())
}

/// Waits until the database has it.
async fn written(world: &World, is_over: bool) {
    let store = Store::open(None, world.folder()).await.unwrap();
    let told = async || store.cleared_tables(Timestamp::from_millis(0)).await.unwrap();
    let end = Instant::now() + DEADLINE;
    while !told().await.iter().any(|table| table.is_over == is_over) {
        assert!(Instant::now() < end, "it was not written");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn a_quiet_afternoon_makes_no_token_of_a_cleared_table_good() {
    let clock = Clock::held_at(Timestamp::from_millis(1_800_000_000_000));
    let settings = Settings::default();
    let hub: Hub<Guest> =
        Hub::new(settings.keep, settings.queue, clock.clone(), Arc::default(), Cleared::default());
    let come = || {
        let branches = Branches::Some([BranchId::default()].into());
        let session = Some(session());
        let listens = Listens { endpoint: Endpoint::Diner, branches, sectors: Sectors::All, session };
        let start = Start::At(hub.positions(TenantId::default(), &listens));
        hub.join(TenantId::default(), &Guest, listens, &start).map(drop)
    };
    assert_eq!(come(), Ok(()));
    hub.leave(TenantId::default(), 1);
    hub.publish(told(EventType::TABLE_CLEARED)).unwrap();
    while hub.turn() {}
    assert_eq!(come(), Err(SessionOver));
    clock.advance(Duration::from_secs(4 * 3600));
    hub.tidy();
    assert_eq!(hub.tenants(), 0, "its stream is forgotten");
    assert_eq!(come(), Err(SessionOver));
    hub.publish(told(EventType::TABLE_SESSION_STARTED)).unwrap();
    while hub.turn() {}
    assert_eq!(come(), Ok(()), "another party");
}

#[tokio::test]
async fn what_one_server_is_told_of_tables_another_one_learns() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(None, folder.path()).await.unwrap();
    store.migrate().await.unwrap();
    let (start, now) = (Timestamp::from_millis(0), Timestamp::from_millis(1_800_000_000_000));
    let (one, two) = (Cleared::unread(), Cleared::unread());
    one.note(&told(EventType::TABLE_CLEARED));
    assert!(!two.is_whole());
    one.learn(&store, start, now).await.unwrap();
    two.learn(&store, start, now).await.unwrap();
    assert_eq!([is_over(&one), is_over(&two), two.is_whole()], [true, true, true]);
    two.note(&told(EventType::TABLE_SESSION_STARTED));
    // What is noted and not written yet is newer than what the store says.
    assert!(!is_over(&two));
    two.learn(&store, start, now).await.unwrap();
    one.learn(&store, start, now).await.unwrap();
    assert_eq!([is_over(&one), is_over(&two)], [false, false]);
    // After a week nothing is known any more, and nothing is kept.
    one.note(&told(EventType::TABLE_CLEARED));
    one.learn(&store, start, now).await.unwrap();
    let later = now + Duration::from_secs(8 * 24 * 3600);
    store.forget_ended(later).await.unwrap();
    assert!(store.cleared_tables(start).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_makes_no_token_of_a_cleared_table_good() {
    let world = World::start().await;
    let token = world.table(5, "77");
    let mut guest = world.seated("77").await;
    world.publish(json!({"type": "TABLE_CLEARED", "branch_id": 5, "session_id": 77}));
    assert_eq!(guest.next().await["type"], "TABLE_CLEARED");
    assert_eq!(guest.closed().await.0, 4410);
    written(&world, true).await;
    let world = Box::pin(world.restart()).await;
    let path = format!("/ws/diner?token={token}");
    let mut guest = world.try_connect(&path, &[]).await.unwrap();
    assert_eq!(guest.closed().await.0, 4410);
    let mut boss = world.connect("admin", &world.token("boss", Role::Admin, &[5])).await;
    world.publish(json!({"type": "TABLE_SESSION_STARTED", "branch_id": 5, "session_id": 77}));
    assert_eq!(boss.next().await["type"], "TABLE_SESSION_STARTED");
    let mut next = world.try_connect(&format!("{path}&resume=%7B%7D"), &[]).await.unwrap();
    assert_eq!(next.next().await["type"], "TABLE_SESSION_STARTED");
    written(&world, false).await;
    let world = Box::pin(world.restart()).await;
    let mut next = world.connect("diner", &token).await;
    world.publish(json!({"type": "ROUND_READY", "branch_id": 5, "session_id": 77}));
    assert_eq!(next.next().await["type"], "ROUND_READY");
}
