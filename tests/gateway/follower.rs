//! A client as the documents ask for it: comes back wherever a server is, says where it was, and loses nothing.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::world::within;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Somebody who follows its streams from server to server.
pub(crate) struct Follower {
    token: String,
    endpoint: &'static str,
    /// Where it is in its streams.
    streams: Value,
    /// Of all events, as they came.
    pub(crate) numbers: Vec<u64>,
    /// Codes with which connections ended.
    pub(crate) closes: Vec<u16>,
}

impl Follower {
    pub(crate) fn new(endpoint: &'static str, token: String) -> Self {
        Self { token, endpoint, streams: Value::Null, numbers: Vec::new(), closes: Vec::new() }
    }

    /// Follows until an `END`, at the server that `home` names whenever it needs one; `seated` counts it once it is told
    /// what happens.
    pub(crate) async fn follow(
        mut self,
        home: watch::Receiver<String>,
        seated: watch::Sender<usize>,
    ) -> Self {
        loop {
            let mut client = self.connect(&home).await;
            loop {
                match next(&mut client).await {
                    Ok(message) if message["type"] == "END" => return self,
                    Ok(message) => {
                        if message["type"] == "resumed" {
                            seated.send_modify(|seated| *seated += 1);
                        }
                        self.hear(&message);
                    }
                    Err(code) => break self.closes.push(code),
                }
            }
        }
    }

    async fn connect(&mut self, home: &watch::Receiver<String>) -> Socket {
        loop {
            let url = format!("{}/ws/{}?token={}", *home.borrow(), self.endpoint, self.token);
            let mut request = url.into_client_request().unwrap();
            request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("atalaya.v1"));
            // One that is about to stop lets nobody in.
            let Ok((mut client, _)) = within(tokio_tungstenite::connect_async(request)).await else {
                tokio::task::yield_now().await;
                continue;
            };
            let Ok(welcome) = next(&mut client).await else { continue };
            assert_eq!(welcome["type"], "welcome", "{welcome}");
            if self.streams.is_null() {
                self.streams = welcome["streams"].clone();
            }
            let resume = json!({"type": "resume", "streams": self.streams});
            if client.send(Message::text(resume.to_string())).await.is_ok() {
                return client;
            }
        }
    }

    fn hear(&mut self, message: &Value) {
        if let Some(number) = message["number"].as_u64() {
            self.numbers.push(number);
            self.streams[message["stream"].as_str().unwrap()]["offset"] = message["offset"].clone();
        }
        if message["type"] == "resumed" {
            assert_eq!(message["recovered"], true, "{message}");
            self.streams = message["streams"].clone();
        }
        assert_ne!(message["type"], "gap", "{message}");
    }
}

/// The next message, or the code with which the connection ends: 1006 when there is none.
async fn next(client: &mut Socket) -> Result<Value, u16> {
    loop {
        match within(client.next()).await {
            Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Close(Some(frame)))) => return Err(frame.code.into()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            _ => return Err(1006),
        }
    }
}

/// Waits until as many are there.
pub(crate) async fn seated(seats: &mut watch::Receiver<usize>, wanted: usize) {
    within(seats.wait_for(|seated| *seated >= wanted)).await.unwrap();
}
