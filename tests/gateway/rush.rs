//! All clients come back in the same moment.

use atalaya::domain::{Endpoint, Role};
use futures_util::future::join_all;
use serde_json::json;

use crate::redis::until;
use crate::world::{World, numbered};

const CLIENTS: u32 = 300;

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rush_of_reconnects_nothing_is_left_of_those_who_went() {
    let world = World::with(|config| {
        config.gateway.max_connections = CLIENTS;
        config.gateway.max_per_user = 1;
    })
    .await;
    let tokens: Vec<_> =
        (0..CLIENTS).map(|number| world.token(&format!("chef-{number}"), Role::Kitchen, &[5])).collect();
    let rush = || join_all(tokens.iter().map(|token| world.connect_v1("kitchen", token)));
    let connected = || world.app.gateway().figures().connected(Endpoint::Kitchen);
    for _ in 0..3 {
        let mut clients = rush().await;
        // As many as may be, one of each user: a place that was not given back would be missing now.
        assert_eq!(connected(), u64::from(CLIENTS));
        let other = world.token("one too many", Role::Kitchen, &[5]);
        let refused = world.try_connect(&format!("/ws/kitchen?token={other}"), &[]).await;
        assert_eq!(refused.err().unwrap().0.as_u16(), 503);
        for (client, streams) in &mut clients {
            client.say(&json!({"type": "resume", "streams": streams})).await;
            let resumed = client.next().await;
            assert_eq!(resumed["recovered"], true, "{resumed}");
        }
        world.publish(numbered("ROUND_READY", 1));
        for (client, _) in &mut clients {
            assert_eq!(client.next().await["number"], 1);
        }
        drop(clients);
        until("all are gone", || connected() == 0).await;
    }
    let figures = world.app.gateway().figures();
    let (sent, processed) = (figures.deliveries.get(), figures.processed.get());
    world.publish(numbered("ROUND_READY", 2));
    until("it is sent", || figures.processed.get() > processed).await;
    let mut last = world.connect("kitchen", &tokens[0]).await;
    world.publish(numbered("ROUND_READY", 3));
    assert_eq!(last.next().await["number"], 3);
    until("it is counted", || figures.deliveries.get() > sent).await;
    assert_eq!(
        (figures.deliveries.get() - sent, figures.failed_deliveries.get()),
        (1, 0),
        "nobody else is told"
    );
}
