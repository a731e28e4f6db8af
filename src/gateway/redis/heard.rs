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

    /// What it means that there is no room for it.
    fn loss(&self) -> Loss {
        match self {
            Self::Message { channel, .. } if channel.starts_with(super::keys::OURS) => Loss::InLog,
            Self::Message { .. } => Loss::ForGood,
            Self::Begins(_) | Self::Ends(_) | Self::Over => Loss::OfBearings,
        }
    }
}

/// What it means that something was not heard.
enum Loss {
    /// It can be read again.
    InLog,
    /// It is of another system, and kept nowhere.
    ForGood,
    /// It is not known any more what is subscribed: everything has to begin anew.
    OfBearings,
}

/// What was told and is not looked at yet.
pub(super) struct Inbox {
    told: mpsc::Receiver<Heard>,
    overflow: Arc<AtomicBool>,
    is_lost: Arc<AtomicBool>,
}

impl Inbox {
    /// An empty one, and what puts into it without ever waiting.
    pub(super) fn new(
        figures: Arc<Figures>,
    ) -> (Self, impl Fn(PushInfo) -> Result<(), SendError> + Send + Sync + 'static) {
        let (sender, told) = mpsc::channel(MOST);
        let (overflow, is_lost) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (over, lost) = (overflow.clone(), is_lost.clone());
        let hear = move |info| {
            let Some(heard) = Heard::read(info) else { return Ok(()) };
            if let Err(mpsc::error::TrySendError::Full(heard)) = sender.try_send(heard) {
                match heard.loss() {
                    Loss::InLog => over.store(true, Ordering::Relaxed),
                    Loss::ForGood => figures.dropped.add(1),
                    Loss::OfBearings => lost.store(true, Ordering::Relaxed),
                }
            }
            Ok(())
        };
        (Self { told, overflow, is_lost }, hear)
    }

    /// What was told next; `None` when nothing more can be.
    pub(super) async fn next(&mut self) -> Option<Heard> {
        self.told.recv().await
    }

    /// Whether something was not heard without which the rest means nothing.
    pub(super) fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::Relaxed)
    }

    /// Whether there was no room for something that can be read again, since this was last asked.
    pub(super) fn is_to_be_read_again(&self) -> bool {
        self.overflow.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: PushKind, words: &[&str]) -> PushInfo {
        PushInfo { kind, data: words.iter().map(|word| Value::BulkString((*word).into())).collect() }
    }

    #[test]
    fn what_is_not_heard_for_want_of_room_is_read_again_lost_or_ends_the_connection() {
        let figures = Arc::new(Figures::default());
        let (inbox, hear) = Inbox::new(figures.clone());
        for _ in 0..MOST {
            hear(told(PushKind::Message, &["channel:branch:5:admin", "{}"])).unwrap();
        }
        assert!(!inbox.is_to_be_read_again() && !inbox.is_lost());
        hear(told(PushKind::Message, &["channel:branch:5:admin", "{}"])).unwrap();
        assert_eq!(figures.dropped.get(), 1);
        assert!(!inbox.is_to_be_read_again() && !inbox.is_lost());
        hear(told(PushKind::Message, &["atalaya:{t1:b5}:live", "x"])).unwrap();
        assert!(inbox.is_to_be_read_again() && !inbox.is_lost());
        hear(told(PushKind::PUnsubscribe, &["channel:*"])).unwrap();
        assert!(inbox.is_lost());
    }
}
