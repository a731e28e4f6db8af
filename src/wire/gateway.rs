//! What a gateway's client and the server say to each other besides events.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Time, ZoneClock, stream_branch};
use crate::domain::{SectorId, Timestamp};

/// A place in a stream: everything up to and with `offset` is had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamPosition {
    pub epoch: String,
    pub offset: u64,
    /// In `resumed`: whether everything that was missed of this stream was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<bool>,
}

/// Positions by the names of their streams.
pub type StreamPositions = BTreeMap<String, StreamPosition>;

/// Positions as an id of server-sent events: `branch:5@EPOCH:OFFSET`, parted by commas.
pub fn write_event_id(positions: &StreamPositions) -> String {
    let each = positions
        .iter()
        .map(|(name, StreamPosition { epoch, offset, .. })| format!("{name}@{epoch}:{offset}"));
    each.collect::<Vec<_>>().join(",")
}

/// What [`write_event_id`] wrote; `None` of anything else.
pub fn read_event_id(id: &str) -> Option<StreamPositions> {
    let one = |text: &str| {
        let (name, position) = text.split_once('@')?;
        let (epoch, offset) = position.rsplit_once(':')?;
        stream_branch(name)?;
        let position = StreamPosition { epoch: epoch.into(), offset: offset.parse().ok()?, recovered: None };
        Some((name.to_owned(), position))
    };
    id.split(',').filter(|text| !text.is_empty()).map(one).collect()
}

/// What a client may say.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    Ping {},
    /// The first message of a client that brought no token.
    Auth {
        token: String,
    },
    /// A new token of the same user, before the old one ends.
    AuthRefresh {
        token: String,
    },
    /// Send what came after these positions.
    Resume {
        streams: StreamPositions,
    },
    /// Look up again which sectors this waiter serves.
    RefreshSectors {},
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    Pong,
    /// The first message: where the streams are.
    Welcome {
        streams: StreamPositions,
    },
    /// After what was missed, or as much of it as is known.
    Resumed {
        recovered: bool,
        streams: StreamPositions,
    },
    /// Streams that are new since, before their first event.
    Streams {
        streams: StreamPositions,
    },
    /// Events were lost before they could be sent: load the state anew.
    Gap {
        streams: StreamPositions,
    },
    SectorsRefreshed {
        sector_ids: Vec<i64>,
    },
    /// The token ends soon.
    TokenExpiring {
        expires_at: Time,
    },
    AuthRefreshed {
        expires_at: Time,
    },
    Error {
        code: &'static str,
        message: String,
    },
}

impl ServerMessage {
    pub fn sectors(sectors: impl IntoIterator<Item = SectorId>) -> Self {
        Self::SectorsRefreshed { sector_ids: sectors.into_iter().map(SectorId::get).collect() }
    }

    pub fn token_expiring(at: Timestamp) -> Self {
        Self::TokenExpiring { expires_at: ZoneClock::utc().write(at) }
    }

    pub fn auth_refreshed(until: Timestamp) -> Self {
        Self::AuthRefreshed { expires_at: ZoneClock::utc().write(until) }
    }

    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::Error { code, message: message.into() }
    }

    /// Its `type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Pong => "pong",
            Self::Welcome { .. } => "welcome",
            Self::Resumed { .. } => "resumed",
            Self::Streams { .. } => "streams",
            Self::Gap { .. } => "gap",
            Self::SectorsRefreshed { .. } => "sectors_refreshed",
            Self::TokenExpiring { .. } => "token_expiring",
            Self::AuthRefreshed { .. } => "auth_refreshed",
            Self::Error { .. } => "error",
        }
    }

    /// As JSON.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("messages should be JSON: their keys are text and numbers whole")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_what_the_docs_say() {
        let streams = StreamPositions::from([(
            "branch:5".to_owned(),
            StreamPosition { epoch: "a1".into(), offset: 7, recovered: None },
        )]);
        assert_eq!(
            ServerMessage::Welcome { streams }.text(),
            r#"{"type":"welcome","streams":{"branch:5":{"epoch":"a1","offset":7}}}"#
        );
        assert_eq!(ServerMessage::Pong.text(), r#"{"type":"pong"}"#);
        assert_eq!(
            ServerMessage::error("bad_message", "what?").text(),
            r#"{"type":"error","code":"bad_message","message":"what?"}"#
        );
    }

    #[test]
    fn ids_of_server_sent_events_are_read_as_they_are_written() {
        let position = |epoch: &str, offset| StreamPosition { epoch: epoch.into(), offset, recovered: None };
        let positions = StreamPositions::from([
            ("branch:5".to_owned(), position("a1", 7)),
            ("branch:12".to_owned(), position("b:2", 0)),
        ]);
        let id = write_event_id(&positions);
        assert_eq!(id, "branch:12@b:2:0,branch:5@a1:7");
        assert_eq!(read_event_id(&id), Some(positions));
        assert_eq!(read_event_id(""), Some(StreamPositions::new()));
        for bad in
            ["7", "branch:5", "branch:5@a", "branch:5@a:", "branch:5@a:-1", "sector:1@a:1", "branch:0@a:1"]
        {
            assert_eq!(read_event_id(bad), None, "{bad}");
        }
    }

    #[test]
    fn clients_may_say_more_than_is_asked() {
        let read = |text| serde_json::from_str::<ClientMessage>(text).ok();
        assert_eq!(read(r#"{"type":"ping","at":3}"#), Some(ClientMessage::Ping {}));
        assert_eq!(read(r#"{"type":"refresh_sectors"}"#), Some(ClientMessage::RefreshSectors {}));
        assert_eq!(read(r#"{"type":"dance"}"#), None);
        assert_eq!(read(r#"{"type":"auth"}"#), None);
    }
}
