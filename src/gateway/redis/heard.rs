//! What Redis tells by itself, once something is subscribed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redis::aio::SendError;
use redis::{PushInfo, PushKind, Value};
use tokio::sync::mpsc;

use crate::gateway::figures::Figures;

/// Messages that wait to be looked at. When it is more, those of ours are read from the log.
const MOST: usize = 16 * 1024;

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
    fn is_kept(&self) -> bool {
        !matches!(self, Self::Message { channel, .. } if !channel.starts_with(super::keys::OURS))
    }
}

/// What was told and is not looked at yet.
pub(super) struct Inbox {
    told: mpsc::Receiver<Heard>,
    overflow: Arc<AtomicBool>,
}

impl Inbox {
    /// An empty one, and what puts into it without ever waiting.
    pub(super) fn new(
        figures: Arc<Figures>,
    ) -> (Self, impl Fn(PushInfo) -> Result<(), SendError> + Send + Sync + 'static) {
        let (sender, told) = mpsc::channel(MOST);
        let overflow = Arc::new(AtomicBool::new(false));
        let over = overflow.clone();
        let hear = move |info| {
            let Some(heard) = Heard::read(info) else { return Ok(()) };
            match sender.try_send(heard) {
                Err(mpsc::error::TrySendError::Full(heard)) if heard.is_kept() => {
                    over.store(true, Ordering::Relaxed);
                }
                Err(mpsc::error::TrySendError::Full(_)) => figures.dropped.add(1),
                _ => {}
            }
            Ok(())
        };
        (Self { told, overflow }, hear)
    }

    /// What was told next; `None` when nothing more can be.
    pub(super) async fn next(&mut self) -> Option<Heard> {
        self.told.recv().await
    }

    /// Whether there was no room for something that can be read again, since this was last asked.
    pub(super) fn is_to_be_read_again(&self) -> bool {
        self.overflow.swap(false, Ordering::Relaxed)
    }
}
