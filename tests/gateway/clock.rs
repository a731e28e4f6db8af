//! The clock on the wall is turned while clients are connected.

use std::sync::Arc;
use std::time::Duration;

use atalaya::auth::{Caller, Cleared, Keys, Revocations, TableKeys, Ttl};
use atalaya::clock::Clock;
use atalaya::config::Secret;
use atalaya::domain::{Endpoint, Role, TenantId, Timestamp};
use atalaya::gateway::{
    Admitted, Arrival, Doorman, FindSectors, Gateway, GatewayContext, Identity, Place, Sectors, Settings,
};
use atalaya::store::Store;
use atalaya::wire::event_of;
use futures_util::{FutureExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role as Side;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::world::{Client, SECRET, caller, numbered, within};

const HOUR: Duration = Duration::from_secs(3600);

/// What somebody speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Seed,
    V1,
}

/// A gateway whose clock is ours.
pub(crate) struct Wall {
    pub(crate) gateway: Gateway,
    clock: Clock,
    keys: Keys,
    _stop: DropGuard,
    _folder: tempfile::TempDir,
}

impl Wall {
    async fn start() -> Self {
        Self::with(Arc::new(|_, _| async { Sectors::All }.boxed())).await
    }

    pub(crate) async fn with(find_sectors: FindSectors) -> Self {
        Self::with_settings(Settings::default(), find_sectors).await
    }

    pub(crate) async fn with_settings(settings: Settings, find_sectors: FindSectors) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(None, folder.path()).await.unwrap();
        store.migrate().await.unwrap();
        let clock = Clock::held_at(Timestamp::from_millis(1_800_000_000_000));
        let secret = || Secret::new(SECRET.into());
        let keys = Keys::new(&secret(), clock.clone());
        let revocations = Revocations::new(store, clock.clone());
        revocations.learn(Timestamp::from_millis(0)).await.unwrap();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let gateway = Gateway::start(GatewayContext {
            settings,
            clock: clock.clone(),
            doorman: Doorman {
                keys: keys.clone(),
                tables: TableKeys::new([].into(), secret(), clock.clone()),
                revocations,
            },
            find_sectors,
            cleared: Cleared::default(),
            redis: None,
            tasks,
            stop: stop.clone(),
        });
        Self { gateway: gateway.unwrap(), clock, keys, _stop: stop.drop_guard(), _folder: folder }
    }

    /// Somebody whose token lives so long.
    async fn connect(&self, name: &str, ttl: Duration) -> Client {
        let place = self.place(&caller(1, name, Role::Admin, &[5], &[]), (Endpoint::Admin, ttl));
        let admitted = self.gateway.admit(Endpoint::Admin, place).await.unwrap();
        let mut client = self.serve(admitted, (Endpoint::Admin, Protocol::Seed)).await;
        awake(&mut client).await;
        client
    }

    /// What somebody brings who comes, for so long.
    pub(crate) fn place(&self, who: &Caller, (endpoint, ttl): (Endpoint, Duration)) -> (Identity, Place) {
        let token = self.keys.issue(who, Ttl::from_secs(ttl.as_secs()));
        let identity = self.gateway.identify(endpoint, &token).unwrap();
        let place = self.gateway.take_place(&identity, None).unwrap();
        (identity, place)
    }

    /// The client's side of somebody who was let in.
    pub(crate) async fn serve(
        &self,
        admitted: Admitted,
        (endpoint, protocol): (Endpoint, Protocol),
    ) -> Client {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        self.gateway.serve(Arrival {
            line: far.into(),
            begun: Vec::new(),
            endpoint,
            is_v1: protocol == Protocol::V1,
            admitted: Ok(Some(admitted)),
            stranger: None,
            ip: None,
            resume: None,
        });
        let near = MaybeTlsStream::Plain(near);
        Client(WebSocketStream::from_raw_socket(near, Side::Client, None).await)
    }

    pub(crate) fn publish(&self, number: u64) {
        let Value::Object(event) = numbered("ROUND_READY", number) else { panic!("it should be an object") };
        self.gateway.publish(event_of(event, Some(TenantId::default())).unwrap()).unwrap();
    }
}

/// Has the server look at the client, and sees that it is not asked whether it is there.
async fn awake(client: &mut Client) {
    client.say(&json!({"type": "ping"})).await;
    match within(client.0.next()).await {
        Some(Ok(Message::Text(text))) => assert_eq!(text.as_str(), r#"{"type":"pong"}"#),
        other => panic!("{other:?} is no answer"),
    }
}

/// The offset and the time of the next event, which has this number.
async fn hears(client: &mut Client, number: u64) -> (u64, String) {
    let event = client.next().await;
    assert_eq!(event["number"], number);
    (event["offset"].as_u64().unwrap(), event["at"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn tokens_end_by_the_clock_on_the_wall_and_nobody_else_is_sent_away() {
    let wall = Wall::start().await;
    let mut short = wall.connect("ana", HOUR / 2).await;
    let mut long = wall.connect("eva", 3 * HOUR).await;
    wall.publish(1);
    let (first, before) = hears(&mut long, 1).await;
    hears(&mut short, 1).await;
    wall.clock.advance(HOUR);
    awake(&mut long).await;
    wall.publish(2);
    let (second, after) = hears(&mut long, 2).await;
    assert_eq!(second, first + 1);
    assert!(after > before, "{before} {after}");
    short.say(&json!({"type": "ping"})).await;
    assert_eq!(short.closed().await.0, 4419);
}

#[tokio::test]
async fn a_clock_that_is_set_back_changes_nothing_but_the_times_that_are_told() {
    let wall = Wall::start().await;
    let mut client = wall.connect("ana", HOUR / 2).await;
    wall.publish(1);
    let (first, before) = hears(&mut client, 1).await;
    wall.clock.set_back(HOUR);
    awake(&mut client).await;
    wall.publish(2);
    let (second, after) = hears(&mut client, 2).await;
    assert_eq!(second, first + 1, "offsets rise though times do not");
    assert!(after < before, "{before} {after}");
    // Forward again, by as much and more: the half hour counts by the wall.
    wall.clock.advance(HOUR);
    awake(&mut client).await;
    wall.clock.advance(HOUR / 2);
    client.say(&json!({"type": "ping"})).await;
    assert_eq!(client.closed().await.0, 4419);
}
