//! Requests of HTTP, and a reader of server-sent events.

use std::fmt::Write as _;
use std::pin::Pin;

use atalaya::auth::Ttl;
use atalaya::domain::Role;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::world::{World, caller, within};

impl World {
    /// A request without a token.
    pub(crate) fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        reqwest::Client::new().request(method, format!("http://{}{path}", self.address()))
    }

    /// A token of an admin of `tenant`, of these branches.
    pub(crate) fn admin_of(&self, tenant: i64, branches: &[i64]) -> String {
        self.keys.issue(&caller(tenant, "pos", Role::Admin, branches, &[]), Ttl::from_secs(3600))
    }

    /// What an admin of tenant 1's branch 5 gets for publishing `body`.
    pub(crate) async fn post_events(&self, body: &Value) -> (StatusCode, Value) {
        let request = self.ask(Method::POST, "/api/v1/events").bearer_auth(self.admin_of(1, &[5]));
        answer(request.json(body)).await
    }

    /// The stream at `path`, with its `Last-Event-ID`.
    pub(crate) async fn listen(&self, path: &str, last_event_id: Option<&str>) -> Sse {
        let mut request = self.ask(Method::GET, path);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        let response = within(request.send()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Sse { stream: Box::pin(response.bytes_stream()), read: String::new() }
    }
}

/// Status and body; null when the body is no JSON.
pub(crate) async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = within(request.send()).await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap_or(Value::Null))
}

/// One event.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) data: Value,
    pub(crate) retry: Option<u64>,
}

/// A stream of server-sent events.
pub(crate) struct Sse {
    stream: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    read: String,
}

impl Sse {
    /// The next event; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let heard = parse(block);
                self.read = rest.to_owned();
                match heard {
                    Some(heard) => return Some(heard),
                    None => continue,
                }
            }
            let chunk = within(self.stream.next()).await?.unwrap();
            write!(self.read, "{}", std::str::from_utf8(&chunk).unwrap()).unwrap();
        }
    }

    /// The next event, which is of the type `kind`.
    pub(crate) async fn expect(&mut self, kind: &str) -> Heard {
        let heard = self.next().await.unwrap_or_else(|| panic!("the stream ended before {kind}"));
        assert_eq!(heard.kind, kind, "{heard:?}");
        assert_eq!(heard.data["type"], kind);
        heard
    }

    /// The numbers of all events up to one of the type `END`, and its id.
    pub(crate) async fn numbers(&mut self) -> (Vec<u64>, String) {
        let mut numbers = Vec::new();
        loop {
            let heard = self.next().await.expect("the stream should go on");
            if heard.kind == "END" {
                return (numbers, heard.id);
            }
            numbers.extend(heard.data["number"].as_u64());
        }
    }
}

/// `None` of what is only a comment.
fn parse(block: &str) -> Option<Heard> {
    let mut heard = Heard::default();
    for line in block.lines() {
        let (name, value) = line.split_once(": ").unwrap_or((line, ""));
        match name {
            "id" => heard.id = value.to_owned(),
            "event" => heard.kind = value.to_owned(),
            "data" => heard.data = serde_json::from_str(value).unwrap(),
            "retry" => heard.retry = Some(value.parse().unwrap()),
            ":" => {}
            other => panic!("{other:?} is no field of an event"),
        }
    }
    (!heard.kind.is_empty()).then_some(heard)
}
