//! What Redis tells by itself, once something is subscribed.

use redis::{PushInfo, PushKind, Value};

/// What was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    Message {
        channel: String,
        payload: Vec<u8>,
        /// By which of our patterns; `None` by the channel's own name.
        pattern: Option<String>,
    },
    /// From here on messages come by this pattern.
    Begins(String),
    /// From here on they do not.
    Ends(String),
    /// The connection is lost.
    Over,
}

impl Heard {
    /// `None` of what is of no interest.
    pub(super) fn read(info: PushInfo) -> Option<Self> {
        let PushInfo { kind, data } = info;
        let mut parts = data.into_iter().map(|value| match value {
            Value::BulkString(bytes) => bytes,
            Value::SimpleString(text) => text.into_bytes(),
            _ => Vec::new(),
        });
        let mut name = || String::from_utf8(parts.next()?).ok();
        match kind {
            PushKind::Message => {
                Some(Self::Message { channel: name()?, payload: parts.next()?, pattern: None })
            }
            PushKind::PMessage => {
                let (pattern, channel) = (name()?, name()?);
                Some(Self::Message { channel, payload: parts.next()?, pattern: Some(pattern) })
            }
            PushKind::PSubscribe => Some(Self::Begins(name()?)),
            PushKind::PUnsubscribe => Some(Self::Ends(name()?)),
            PushKind::Disconnection => Some(Self::Over),
            _ => None,
        }
    }

    /// Whether it can be read again later.
    pub(super) fn is_kept(&self) -> bool {
        !matches!(self, Self::Message { channel, .. } if !channel.starts_with(super::keys::OURS))
    }
}
