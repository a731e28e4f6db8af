//! The contract of the gateway's sockets for those who write clients: an AsyncAPI 3 document, made of the types and tables
//! that the gateway itself goes by.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::asyncapi_totem;
use super::reply::{Content, respond};
use super::request::with;
use crate::auth::roles;
use crate::domain::{Endpoint, EventType};
use crate::gateway::{Close, Retry};

/// What the server says besides events, in the order in which a client meets it.
const SAID: [&str; 9] = [
    "welcome",
    "resumed",
    "streams",
    "gap",
    "pong",
    "token_expiring",
    "auth_refreshed",
    "sectors_refreshed",
    "error",
];

/// What a client may say.
const HEARD: [&str; 5] = ["auth", "resume", "ping", "auth_refresh", "refresh_sectors"];

/// Only of waiters.
const WAITERS_OWN: [&str; 2] = ["sectors_refreshed", "refresh_sectors"];

/// Ways to bring a token that the format has words for.
const SCHEMES: [&str; 3] = ["token", "tokenInQuery", "tableToken"];

/// Events of types that nobody knows, which go by their ids alone.
const OTHER: &str = "other_event";

pub(super) fn routes() -> BoxedFilter<(Response,)> {
    warp::path!("api" / "v1" / "asyncapi.json")
        .and(warp::get())
        .and(with(Bytes::from(document().to_string())))
        .map(|bytes| respond(Ok(get_asyncapi(bytes))))
        .boxed()
}

/// What is said on the gateway's WebSockets.
#[utoipa::path(get, path = "/api/v1/asyncapi.json", tag = "contract",
    responses((status = 200, description = "AsyncAPI 3.0", content_type = "application/json", body = Object), super::openapi::Refusals))]
pub(super) fn get_asyncapi(bytes: Bytes) -> Content {
    Content { kind: "application/json", bytes }
}

fn document() -> Value {
    let mut document = of_gateway();
    asyncapi_totem::add_to(&mut document);
    document
}

fn of_gateway() -> Value {
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Atalaya, the gateway and the totems",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What happens in a venue, told at once to whom it concerns. Clients that ask for the sub-protocol \
                `atalaya.v1` are told where their streams are, and get what they missed when they come back; those that do not \
                get events and nothing else but answers. A connection ends with one of the codes in `x-close-codes`.",
        },
        "defaultContentType": "application/json",
        "servers": {"this": {
            "host": "{host}",
            "protocol": "ws",
            "description": "Over TLS where the server, or a proxy in front of it, has a certificate.",
            "variables": {"host": {"default": "127.0.0.1:8001"}},
            "security": SCHEMES.map(|name| reference("securitySchemes", name)),
        }},
        "channels": entries(Endpoint::ALL, |endpoint| (endpoint.name().to_owned(), channel(endpoint))),
        "operations": operations(),
        "components": {
            "messages": messages(),
            "schemas": {"StreamPositions": stream_positions(), "Event": event()},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "tokenInQuery": {"type": "httpApiKey", "name": "token", "in": "query"},
                "tableToken": {"type": "httpApiKey", "name": "table_token", "in": "query",
                    "description": "Of the guests of a table, at /ws/diner"},
            },
        },
        "x-close-codes": Close::ALL.map(close_code),
    })
}

fn entries<T>(of: impl IntoIterator<Item = T>, make: impl Fn(T) -> (String, Value)) -> Value {
    Value::Object(of.into_iter().map(make).collect::<Map<_, _>>())
}

fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// The events that an endpoint may hear of.
fn events_of(endpoint: Endpoint) -> Vec<&'static str> {
    let is_heard = |name: &&str| {
        let kind = EventType::new(name).expect("a known type should be one");
        roles::hears(endpoint, kind.topic(), *name == EventType::TABLE_CLEARED)
    };
    let other = EventType::new(OTHER).expect("it should be a type like any other").topic();
    let others = roles::hears(endpoint, other, false).then_some(OTHER);
    EventType::known().filter(is_heard).chain(others).collect()
}

fn for_endpoint(names: &'static [&'static str], endpoint: Endpoint) -> impl Iterator<Item = &'static str> {
    let is_theirs = move |name: &&str| endpoint == Endpoint::Waiter || !WAITERS_OWN.contains(name);
    names.iter().copied().filter(is_theirs)
}

fn channel(endpoint: Endpoint) -> Value {
    let token = if endpoint == Endpoint::Diner { "table_token" } else { "token" };
    let said = for_endpoint(&SAID, endpoint).chain(for_endpoint(&HEARD, endpoint));
    let names = said.chain(events_of(endpoint));
    json!({
        "address": format!("/ws/{}", endpoint.name()),
        "messages": entries(names, |name| (name.to_owned(), reference("messages", name))),
        "bindings": {"ws": {
            "method": "GET",
            "query": {"type": "object", "properties": {
                token: {"type": "string", "description": "The token, unless it comes by a header or as the first message"},
                "resume": {"type": "string", "description": "JSON of positions by stream, as in the message `resume`"},
            }},
            "headers": {"type": "object", "properties": {
                "Sec-WebSocket-Protocol": {"type": "string", "description": "`atalaya.v1`; or `bearer, TOKEN`; or both"},
            }},
        }},
    })
}

fn operations() -> Value {
    let both = Endpoint::ALL.into_iter().flat_map(|endpoint| {
        let name = endpoint.name();
        let part = |names: Vec<&str>| -> Vec<Value> {
            let message = |kind| json!({"$ref": format!("#/channels/{name}/messages/{kind}")});
            names.into_iter().map(message).collect()
        };
        let tells = part(for_endpoint(&SAID, endpoint).chain(events_of(endpoint)).collect());
        let hears = part(for_endpoint(&HEARD, endpoint).collect());
        let channel = json!({"$ref": format!("#/channels/{name}")});
        [("tell", "send", tells), ("hear", "receive", hears)].map(|(verb, action, messages)| {
            let operation = json!({"action": action, "channel": channel, "messages": messages});
            (format!("{verb}_{name}"), operation)
        })
    });
    entries(both, |entry| entry)
}

fn messages() -> Value {
    let own = SAID.into_iter().chain(HEARD).map(|name| (name, message(name)));
    let events = EventType::known().map(|name| {
        let payload =
            json!({"allOf": [reference("schemas", "Event"), {"properties": {"type": {"const": name}}}]});
        (name, json!({"payload": payload}))
    });
    let other = json!({"summary": "Of a type that is not known", "payload": reference("schemas", "Event")});
    entries(own.chain(events).chain([(OTHER, other)]), |(name, message)| (name.to_owned(), message))
}

/// A message by its name, with what it holds besides its type.
fn message(name: &str) -> Value {
    let (streams, time) =
        (reference("schemas", "StreamPositions"), json!({"type": "string", "format": "date-time"}));
    let (text, flag) = (json!({"type": "string"}), json!({"type": "boolean"}));
    let (summary, members) = match name {
        "welcome" => ("The first message: where the streams are", json!({"streams": streams})),
        "resumed" => (
            "What was missed was sent; `recovered` says whether that is all of it",
            json!({"recovered": flag, "streams": streams}),
        ),
        "streams" => ("Streams that are new, before their first event", json!({"streams": streams})),
        "gap" => ("Events were lost: load the state anew", json!({"streams": streams})),
        "token_expiring" => ("The token ends soon: send `auth_refresh`", json!({"expires_at": time})),
        "auth_refreshed" => ("The new token holds", json!({"expires_at": time})),
        "sectors_refreshed" => (
            "The sectors that this waiter serves now",
            json!({"sector_ids": {"type": "array", "items": {"type": "integer", "minimum": 1}}}),
        ),
        "error" => (
            "Something that was said could not be done; the connection goes on",
            json!({"code": text, "message": text}),
        ),
        "auth" => ("The token, as the first message of who brought none", json!({"token": text})),
        "auth_refresh" => ("A new token of the same user, branches and sectors", json!({"token": text})),
        "resume" => {
            ("Send what came after these positions, as the first message", json!({"streams": streams}))
        }
        "refresh_sectors" => ("Look up again which sectors this waiter serves", json!({})),
        "ping" => ("Answered by `pong`; not needed, as the server asks by frames of its own", json!({})),
        _ => ("The answer to `ping`", json!({})),
    };
    let mut properties = members.as_object().cloned().unwrap_or_default();
    let required: Vec<_> = ["type".to_owned()].into_iter().chain(properties.keys().cloned()).collect();
    properties.insert("type".into(), json!({"const": name}));
    json!({
        "summary": summary,
        "payload": {"type": "object", "required": required, "properties": properties},
    })
}

fn stream_positions() -> Value {
    json!({
        "type": "object",
        "description": "By the names of streams: everything up to and with `offset` is had. Offsets rise by one with each event \
            of a stream, also with those that are for others; another epoch says that the count began anew.",
        "propertyNames": {"pattern": "^branch:[1-9][0-9]*$"},
        "additionalProperties": {
            "type": "object",
            "required": ["epoch", "offset"],
            "properties": {
                "epoch": {"type": "string"},
                "offset": {"type": "integer", "minimum": 0},
                "recovered": {"type": "boolean", "description": "In `resumed`: whether all of this stream was sent"},
            },
        },
    })
}

fn event() -> Value {
    json!({
        "type": "object",
        "description": "Something that happened. What its publisher said besides stands beside these members.",
        "required": ["type", "id", "stream", "offset", "at", "tenant_id", "branch_id"],
        "properties": {
            "type": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$"},
            "id": {"type": "string", "description": "Two of the same are one"},
            "stream": {"type": "string", "pattern": "^branch:[1-9][0-9]*$"},
            "offset": {"type": "integer", "minimum": 1},
            "at": {"type": "string", "format": "date-time", "description": "When it came to the gateway"},
            "tenant_id": {"type": "integer", "minimum": 1},
            "branch_id": {"type": "integer", "minimum": 1},
            "sector_id": {"type": ["integer", "number", "null"]},
            "session_id": {"type": ["string", "integer", "number", "null"]},
        },
    })
}

fn close_code(close: Close) -> Value {
    let retry = match close.retry() {
        Retry::Never => "never",
        Retry::Soon => "soon",
        Retry::WithNewToken => "with_new_token",
    };
    json!({"code": close.code(), "name": close.name(), "retry": retry})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::wire::ServerMessage;

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let text = document.to_string();
        let references: Vec<_> = text.split("\"$ref\":\"#").skip(1).collect();
        assert!(references.len() > 100);
        for rest in references {
            let pointer = rest.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }

    #[test]
    fn whatever_the_server_says_is_in_it_with_all_its_members() {
        let document = document();
        let streams = crate::wire::StreamPositions::new;
        let at = Timestamp::from_millis(0);
        let said = [
            ServerMessage::Pong,
            ServerMessage::Welcome { streams: streams() },
            ServerMessage::Resumed { recovered: true, streams: streams() },
            ServerMessage::Streams { streams: streams() },
            ServerMessage::Gap { streams: streams() },
            ServerMessage::sectors([]),
            ServerMessage::token_expiring(at),
            ServerMessage::auth_refreshed(at),
            ServerMessage::error("a", "b"),
        ];
        assert_eq!(said.len(), SAID.len());
        for message in said {
            let value: Value = serde_json::from_str(&message.text()).unwrap();
            assert_eq!(value["type"], message.kind());
            let payload = &document["components"]["messages"][message.kind()]["payload"];
            let told: Vec<_> = payload["properties"].as_object().unwrap().keys().collect();
            let mut members: Vec<_> = value.as_object().unwrap().keys().collect();
            members.sort();
            assert_eq!(told, members, "{}", message.kind());
            assert!(EventType::new(message.kind()).is_err(), "no event passes for {}", message.kind());
        }
    }

    #[test]
    fn endpoints_hear_what_the_table_of_roles_says() {
        assert_eq!(events_of(Endpoint::Kitchen).len(), 5, "rounds, and that a table is cleared");
        assert_eq!(events_of(Endpoint::Admin).len(), EventType::known().count() + 1);
        assert!(!events_of(Endpoint::Diner).contains(&"ENTITY_CREATED"));
        let document = document();
        assert!(document["channels"]["waiter"]["messages"]["refresh_sectors"].is_object());
        assert!(document["channels"]["kitchen"]["messages"]["refresh_sectors"].is_null());
        assert_eq!(document["x-close-codes"].as_array().unwrap().len(), Close::ALL.len());
    }
}
