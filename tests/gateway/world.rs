//! A whole server with its gateway, and clients that speak WebSocket.

use std::net::SocketAddr;
use std::time::Duration;

use atalaya::app::App;
use atalaya::auth::{Caller, Keys, Table, TableKeys, Ttl};
use atalaya::clock::Clock;
use atalaya::config::{Config, Secret};
use atalaya::domain::{BranchId, Role, SectorId, SessionId, TenantId};
use atalaya::wire::event_of;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request, Response, StatusCode};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Longest wait for anything.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) const SECRET: &str = "a secret of the tests, long enough to sign with";

/// A server on a port of its own.
pub(crate) struct World {
    pub(crate) app: App,
    pub(crate) keys: Keys,
    pub(crate) tables: TableKeys,
    config: Config,
    data: tempfile::TempDir,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings than the usual ones.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.webrtc.listen = "127.0.0.1:0".parse().unwrap();
        config.viewer.encoders = vec!["x264enc".into()];
        config.auth.jwt_secret = Some(Secret::new(SECRET.into()));
        config.jobs.enabled = false;
        change(&mut config);
        let app = App::start(&config, Vec::new()).await.unwrap();
        let keys = Keys::new(&Secret::new(SECRET.into()), Clock::system());
        let tables = TableKeys::new([].into(), Secret::new(SECRET.into()), Clock::system());
        Self { app, keys, tables, config, data: folder }
    }

    /// Where it keeps its data.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.data.path()
    }

    /// The same server, stopped and started again.
    pub(crate) async fn restart(self) -> Self {
        self.app.shut_down().await;
        let app = App::start(&self.config, Vec::new()).await.unwrap();
        Self { app, ..self }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.app.address()
    }

    /// A token of somebody of tenant 1.
    pub(crate) fn token(&self, subject: &str, role: Role, branches: &[i64]) -> String {
        self.keys.issue(&caller(1, subject, role, branches, &[]), Ttl::from_secs(3600))
    }

    pub(crate) fn table(&self, branch: i64, session: &str) -> String {
        self.tables.issue(&Table {
            tenant: TenantId::default(),
            branch: BranchId::new(branch).unwrap(),
            session: SessionId::new(session).unwrap(),
            table: None,
            expires: Clock::system().now() + Duration::from_secs(3600),
        })
    }

    pub(crate) fn publish(&self, event: Value) {
        let Value::Object(members) = event else { panic!("{event} should be an object") };
        self.app.gateway().publish(event_of(members, Some(TenantId::default())).unwrap()).unwrap();
    }

    /// Connects, as clients of the seed's protocol do.
    pub(crate) async fn connect(&self, endpoint: &str, token: &str) -> Client {
        self.try_connect(&format!("/ws/{endpoint}?token={token}"), &[]).await.unwrap()
    }

    /// A guest of branch 5 who is seated, as it has heard something. One who still comes while its table is cleared is told
    /// nothing but that.
    pub(crate) async fn seated(&self, session: &str) -> Client {
        let mut guest = self.connect("diner", &self.table(5, session)).await;
        self.publish(json!({"type": "ROUND_READY", "branch_id": 5, "session_id": session}));
        assert_eq!(guest.next().await["type"], "ROUND_READY");
        guest
    }

    /// Connects as a client of `atalaya.v1`, and reads its welcome.
    pub(crate) async fn connect_v1(&self, endpoint: &str, token: &str) -> (Client, Value) {
        let path = format!("/ws/{endpoint}?token={token}");
        let mut client = self.try_connect(&path, &[("sec-websocket-protocol", "atalaya.v1")]).await.unwrap();
        let welcome = client.next().await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        (client, welcome["streams"].clone())
    }

    /// The client, or the status and problem with which it is refused.
    pub(crate) async fn try_connect(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Client, (StatusCode, Value)> {
        let (client, _) = self.handshake(path, headers).await?;
        Ok(client)
    }

    /// All that a client is told who shakes hands and then never says a word, not even to a ping.
    pub(crate) async fn told_to_the_silent(&self, path: &str) -> String {
        let mut tcp = TcpStream::connect(self.address()).await.unwrap();
        let handshake = format!(
            "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        tcp.write_all(handshake.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        within(tcp.read_to_end(&mut said)).await.unwrap();
        String::from_utf8_lossy(&said).into_owned()
    }

    /// As [`World::try_connect`], with the server's part of the handshake.
    pub(crate) async fn handshake(
        &self,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<(Client, Response<Option<Vec<u8>>>), (StatusCode, Value)> {
        let mut request = format!("ws://{}{path}", self.address()).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
        }
        open(request).await
    }
}

async fn open(request: Request<()>) -> Result<(Client, Response<Option<Vec<u8>>>), (StatusCode, Value)> {
    match within(tokio_tungstenite::connect_async(request)).await {
        Ok((socket, response)) => Ok((Client(socket), response)),
        Err(Error::Http(response)) => {
            let body = response.body().clone().unwrap_or_default();
            Err((response.status(), serde_json::from_slice(&body).unwrap_or_default()))
        }
        Err(error) => panic!("{error}"),
    }
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.expect("it should happen in time")
}

pub(crate) fn caller(tenant: i64, subject: &str, role: Role, branches: &[i64], sectors: &[i64]) -> Caller {
    Caller {
        subject: subject.to_owned(),
        tenant: TenantId::new(tenant).unwrap(),
        branches: branches.iter().map(|id| BranchId::new(*id).unwrap()).collect(),
        sectors: sectors.iter().map(|id| SectorId::new(*id).unwrap()).collect(),
        roles: [role].into(),
    }
}

/// An event of branch 5 that says nothing but its number.
pub(crate) fn numbered(kind: &str, number: u64) -> Value {
    json!({"type": kind, "branch_id": 5, "number": number})
}

/// Somebody who is connected.
pub(crate) struct Client(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    /// The next message.
    pub(crate) async fn next(&mut self) -> Value {
        match self.next_or_close().await {
            Ok(message) => message,
            Err(close) => panic!("the connection was closed: {close:?}"),
        }
    }

    /// The next message, or the code and reason with which the connection ends.
    pub(crate) async fn next_or_close(&mut self) -> Result<Value, (u16, Value)> {
        // Not each frame is in time: pings come for ever.
        within(async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                    Some(Ok(Message::Close(frame))) => {
                        let frame = frame.expect("a close should have a code");
                        let reason = serde_json::from_str(&frame.reason).unwrap_or_default();
                        return Err((frame.code.into(), reason));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => panic!("{error}"),
                    None => panic!("the connection ended without a word"),
                }
            }
        })
        .await
    }

    /// The code with which the connection ends, after whatever comes before.
    pub(crate) async fn closed(&mut self) -> (u16, Value) {
        loop {
            if let Err(close) = self.next_or_close().await {
                return close;
            }
        }
    }

    /// The numbers of all events up to one of the type `END`.
    pub(crate) async fn numbers(&mut self) -> Vec<u64> {
        let mut numbers = Vec::new();
        loop {
            let message = self.next().await;
            match message["type"].as_str() {
                Some("END") => return numbers,
                _ => numbers.extend(message["number"].as_u64()),
            }
        }
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }
}
