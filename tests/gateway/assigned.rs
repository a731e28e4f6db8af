//! Sectors are given to a waiter in the very moment in which it comes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use atalaya::auth::Caller;
use atalaya::domain::{Endpoint, Role, SectorId, TenantId};
use atalaya::gateway::{Gateway, Sectors, Settings};
use futures_util::FutureExt;
use serde_json::json;

use crate::clock::{Protocol, Wall};
use crate::world::{caller, within};

const WAITER: (Endpoint, Duration) = (Endpoint::Waiter, Duration::from_secs(3600));

/// Somebody whose token names no sector.
fn ana() -> Caller {
    caller(1, "ana", Role::Waiter, &[5], &[])
}

fn only(sector: i64) -> Sectors {
    Sectors::These([SectorId::new(sector).unwrap()].into())
}

#[tokio::test]
async fn who_is_let_in_and_not_yet_seated_serves_the_sectors_of_the_moment_in_which_it_is() {
    let (found, asked) = (Arc::new(Mutex::new(only(10))), Arc::new(AtomicUsize::new(0)));
    let (known, count) = (found.clone(), asked.clone());
    let wall = Wall::with(Arc::new(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        let known = known.lock().unwrap().clone();
        async { known }.boxed()
    }))
    .await;
    let admitted = wall.gateway.admit(Endpoint::Waiter, wall.place(&ana(), WAITER)).await.unwrap();
    *found.lock().unwrap() = only(11);
    wall.gateway.look_again(TenantId::default(), Some("ana"));
    let mut client = wall.serve(admitted, (Endpoint::Waiter, Protocol::V1)).await;
    let streams = client.next().await["streams"].clone();
    let resume = json!({"type": "resume", "streams": streams});
    client.say(&resume).await;
    assert_eq!(client.next().await["type"], "resumed");
    assert_eq!(client.next().await, json!({"type": "sectors_refreshed", "sector_ids": [11]}));
    // It sits again, and nothing has changed since.
    client.say(&resume).await;
    assert_eq!(client.next().await["type"], "resumed");
    for _ in 0..10 {
        client.say(&json!({"type": "ping"})).await;
        assert_eq!(client.next().await["type"], "pong");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_another_server_was_told_of_sectors_is_found_when_it_is_looked_up_again() {
    let found = Arc::new(Mutex::new(only(10)));
    let known = found.clone();
    let settings = Settings { revalidate_every: Duration::from_millis(50), ..Settings::default() };
    let wall = Wall::with_settings(
        settings,
        Arc::new(move |_, _| {
            let known = known.lock().unwrap().clone();
            async { known }.boxed()
        }),
    )
    .await;
    let admitted = wall.gateway.admit(Endpoint::Waiter, wall.place(&ana(), WAITER)).await.unwrap();
    let mut client = wall.serve(admitted, (Endpoint::Waiter, Protocol::V1)).await;
    assert_eq!(client.next().await["type"], "welcome");
    *found.lock().unwrap() = only(11);
    assert_eq!(client.next().await, json!({"type": "sectors_refreshed", "sector_ids": [11]}));
}

#[tokio::test]
async fn a_stream_whose_token_names_its_sectors_goes_on_when_assignments_change() {
    let wall = Wall::with(Arc::new(|_, _| async { only(10) }.boxed())).await;
    let eva = caller(1, "eva", Role::Waiter, &[5], &[12]);
    let mut listening = wall.gateway.listen(Endpoint::Waiter, wall.place(&eva, WAITER), None).await.unwrap();
    assert_eq!(within(listening.next()).await.unwrap().kind, "welcome");
    wall.gateway.look_again(TenantId::default(), None);
    wall.publish(1);
    assert_eq!(within(listening.next()).await.unwrap().kind, "ROUND_READY");
}

#[tokio::test]
async fn who_listens_by_a_stream_comes_back_when_its_sectors_changed_while_they_were_looked_up() {
    let gateway: Arc<OnceLock<Gateway>> = Arc::default();
    let theirs = gateway.clone();
    let wall = Wall::with(Arc::new(move |_, _| {
        theirs.get().unwrap().look_again(TenantId::default(), Some("ana"));
        async { only(10) }.boxed()
    }))
    .await;
    gateway.set(wall.gateway.clone()).unwrap();
    let mut listening =
        wall.gateway.listen(Endpoint::Waiter, wall.place(&ana(), WAITER), None).await.unwrap();
    let mut last = None;
    while let Some(notice) = within(listening.next()).await {
        last = Some(notice);
    }
    let last = last.unwrap();
    let text = String::from_utf8_lossy(&last.text);
    assert!(last.kind == "close" && text.contains("1012"), "{last:?}");
}
