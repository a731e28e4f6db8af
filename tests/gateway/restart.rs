//! One of two servers on a Redis is started anew under load: its clients go on at the other one.

use atalaya::domain::Role;
use tokio::sync::watch;

use crate::follower::{Follower, seated};
use crate::redis::server;
use crate::redis_faults::Load;
use crate::redis_server::Redis;
use crate::world::within;

const CLIENTS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_a_server_that_is_started_anew_lose_nothing_and_get_nothing_twice() {
    let redis = Redis::start();
    let (one, two) = (server(&redis.url()).await, server(&redis.url()).await);
    let url = |world: &crate::world::World| format!("ws://{}", world.address());
    let (home, homes) = watch::channel(url(&one));
    let (seats, mut seen) = watch::channel(0);
    let followers: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let token = two.token(&format!("waiter-{number}"), Role::Waiter, &[5]);
            tokio::spawn(Follower::new("waiter", token).follow(homes.clone(), seats.clone()))
        })
        .collect();
    seated(&mut seen, CLIENTS).await;
    let there = url(&two);
    let load = Load::of(two);
    load.more(50).await;
    home.send_replace(there);
    one.app.shut_down().await;
    seated(&mut seen, 2 * CLIENTS).await;
    // It is back, and those who come from now on go there; nobody is sent away for that.
    let again = server(&redis.url()).await;
    home.send_replace(url(&again));
    load.more(50).await;
    let (_two, sent) = load.end().await;
    for follower in followers {
        let Follower { numbers, closes, .. } = within(follower).await.unwrap();
        assert!(numbers.iter().copied().eq(0..sent), "{sent}: {numbers:?}");
        assert_eq!(closes, [1012]);
    }
}
