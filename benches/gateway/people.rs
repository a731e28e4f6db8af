//! Clients as docs/gateway.md asks for them: they come back, say where they were, and count what they get.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use atalaya::auth::{Caller, Keys, Ttl};
use atalaya::clock::Clock;
use atalaya::config::Secret;
use atalaya::domain::{BranchId, Role, TenantId};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::servers::SECRET;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A token of somebody of branch 5.
pub(crate) fn token(name: &str, role: Role) -> Result<String> {
    let keys = Keys::new(&Secret::new(SECRET.into()), Clock::system());
    let caller = Caller {
        subject: name.to_owned(),
        tenant: TenantId::default(),
        branches: [BranchId::new(5)?].into_iter().collect(),
        sectors: [].into(),
        roles: [role].into(),
    };
    Ok(keys.issue(&caller, Ttl::from_secs(3600)))
}

/// What all clients notice together.
#[derive(Default)]
pub(crate) struct Notes {
    /// How often somebody was told that it has everything.
    pub(crate) resumed: AtomicU64,
    /// Events that did not follow the one before.
    pub(crate) lost: AtomicU64,
    /// Events that somebody had already, or that came before an older one.
    pub(crate) doubled: AtomicU64,
    /// Resumes that were not complete.
    pub(crate) gaps: AtomicU64,
    /// Numbers that all clients got last, added up.
    pub(crate) newest: AtomicU64,
}

/// A client.
pub(crate) struct Person {
    token: String,
    streams: Value,
    /// The number of the next event.
    next: u64,
    notes: Arc<Notes>,
}

impl Person {
    pub(crate) fn new(number: usize, notes: Arc<Notes>) -> Result<Self> {
        let token = token(&format!("waiter-{number}"), Role::Waiter)?;
        Ok(Self { token, streams: Value::Null, next: 0, notes })
    }

    /// Follows events numbered from 0 at the server that `home` names, until there is none.
    pub(crate) async fn follow(mut self, mut home: watch::Receiver<Option<String>>) -> Result<Self> {
        loop {
            let Some(url) = home.borrow().clone() else { return Ok(self) };
            let Ok(mut socket) = self.connect(&url).await else {
                sleep(Duration::from_millis(50)).await;
                continue;
            };
            let wait_ms = loop {
                let message = tokio::select! {
                    message = socket.next() => message,
                    gone = home.wait_for(Option::is_none) => {
                        gone.context("the bench should say when it is over")?;
                        return Ok(self);
                    }
                };
                match message {
                    Some(Ok(Message::Text(text))) => self.hear(&serde_json::from_str(&text)?),
                    Some(Ok(Message::Close(frame))) => {
                        let reason = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
                        let reason: Value = serde_json::from_str(&reason).unwrap_or_default();
                        break reason["retry_ms"].as_u64().unwrap_or(100);
                    }
                    Some(Ok(_)) => {}
                    _ => break 100,
                }
            };
            sleep(Duration::from_millis(wait_ms)).await;
        }
    }

    /// Connects and asks for what it missed.
    pub(crate) async fn connect(&mut self, url: &str) -> Result<Socket> {
        let mut request = format!("{url}/ws/waiter?token={}", self.token).into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("atalaya.v1"));
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await?;
        let Message::Text(welcome) = socket.next().await.context("a welcome should come")?? else {
            anyhow::bail!("the first message should be a welcome");
        };
        let welcome: Value = serde_json::from_str(&welcome)?;
        if self.streams.is_null() {
            self.streams = welcome["streams"].clone();
        }
        let resume = json!({"type": "resume", "streams": self.streams});
        socket.send(Message::text(resume.to_string())).await?;
        Ok(socket)
    }

    /// Takes a message.
    pub(crate) fn hear(&mut self, message: &Value) {
        let Notes { resumed, lost, doubled, gaps, newest } = &*self.notes;
        if let Some(number) = message["number"].as_u64() {
            lost.fetch_add(number.saturating_sub(self.next), Ordering::Relaxed);
            doubled.fetch_add(u64::from(number < self.next), Ordering::Relaxed);
            newest.fetch_add((number + 1).saturating_sub(self.next), Ordering::Relaxed);
            self.next = self.next.max(number + 1);
            if let Some(stream) = message["stream"].as_str() {
                self.streams[stream]["offset"] = message["offset"].clone();
            }
        }
        match message["type"].as_str() {
            Some("resumed") => {
                resumed.fetch_add(1, Ordering::Relaxed);
                gaps.fetch_add(u64::from(message["recovered"] != true), Ordering::Relaxed);
                self.streams = message["streams"].clone();
            }
            Some("gap") => drop(gaps.fetch_add(1, Ordering::Relaxed)),
            _ => {}
        }
    }
}
