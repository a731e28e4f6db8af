//! A connection as others see it: something that takes frames.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Notify;

use super::close::Close;
use super::figures::Figures;
use super::frame;
use super::hub::{Member, Start};
use super::outbox::Put;
use super::socket::Socket;
use super::stream::Position;
use super::tenant::Joined;
use crate::domain::{BranchId, Endpoint, TenantId};
use crate::wire::{ServerMessage, StreamPosition, StreamPositions, stream_name};

/// What a client's own answer to a `retry` may be, milliseconds: they do not all come back at once.
const RETRY_MS: std::ops::Range<u64> = 100..1000;

/// One client who is connected.
#[derive(Debug)]
pub struct Connection {
    pub id: u64,
    pub tenant: TenantId,
    pub endpoint: Endpoint,
    /// Who it is, if its token says so.
    pub user: Option<Arc<str>>,
    /// Its sectors may be others than before.
    pub look_again: Notify,
    /// Whether it speaks `atalaya.v1`, and so knows of streams and positions.
    pub is_v1: bool,
    pub socket: Socket,
    pub figures: Arc<Figures>,
}

impl Connection {
    /// Says something.
    pub fn say(&self, message: &ServerMessage) {
        if self.socket.put(&frame::text(&message.text())) == Put::Full {
            self.overflow();
        }
    }

    /// Ends the connection after what waits.
    pub fn close(&self, close: Close) {
        if !self.socket.is_closing() {
            self.figures.close(close);
            self.socket.close(close, retry_ms());
        }
    }

    /// Ends the connection at once.
    pub fn cut(&self, close: Close) {
        if !self.socket.is_closing() {
            self.figures.close(close);
            self.socket.cut(close, retry_ms());
        }
    }

    fn overflow(&self) {
        self.figures.slow_consumers.add(1);
        self.figures.queue_bytes.add(self.socket.waiting() as f64);
        self.cut(Close::SlowConsumer);
    }
}

/// See [`RETRY_MS`].
pub(super) fn retry_ms() -> u64 {
    rand::random_range(RETRY_MS)
}

/// Positions as the client is told of them.
pub(super) fn told<'a>(positions: impl IntoIterator<Item = (&'a BranchId, &'a Position)>) -> StreamPositions {
    let told = positions.into_iter().map(|(branch, position)| {
        let Position { epoch, offset } = position;
        let position = StreamPosition { epoch: epoch.as_ref().to_owned(), offset: *offset, recovered: None };
        (stream_name(*branch), position)
    });
    told.collect()
}

/// As [`told`], and whether everything that was missed of each was sent.
pub(super) fn resumed(joined: &Joined) -> StreamPositions {
    let streams = joined.streams.iter().map(|(branch, (position, recovered))| {
        let Position { epoch, offset } = position;
        let position =
            StreamPosition { epoch: epoch.as_ref().to_owned(), offset: *offset, recovered: Some(*recovered) };
        (stream_name(*branch), position)
    });
    streams.collect()
}

impl Member for Arc<Connection> {
    fn id(&self) -> u64 {
        self.id
    }

    fn send(&self, tenant: TenantId, frame: &Bytes) -> bool {
        if tenant != self.tenant {
            // Cannot be, as nobody sits with another tenant; should it be all the same, nothing is told.
            self.figures.tenant_mismatches.add(1);
            tracing::error!(%tenant, own = %self.tenant, "an event of another tenant was held back");
            return false;
        }
        match self.socket.put(frame) {
            Put::Written => true,
            Put::Queued => {
                self.figures.queue_bytes.add(self.socket.waiting() as f64);
                true
            }
            Put::Full => {
                self.overflow();
                false
            }
            Put::Closed => false,
        }
    }

    fn catch_up(&self, joined: &Joined, start: &Start) {
        let missed = joined.missed.iter().map(|stamped| stamped.frame.clone());
        let recovered = joined.is_recovered();
        let last = match start {
            Start::Resume(_) => {
                self.figures.resume(joined);
                Some(ServerMessage::Resumed { recovered, streams: resumed(joined) })
            }
            // More came in that moment than is kept.
            Start::At(_) if !recovered => {
                self.figures.gaps.add(1);
                Some(ServerMessage::Gap { streams: resumed(joined) })
            }
            Start::At(_) => None,
        };
        let last = last.filter(|_| self.is_v1).map(|message| frame::text(&message.text()));
        self.socket.put_all(missed.chain(last));
    }

    fn tell_of(&self, branch: BranchId, position: &Position) {
        if self.is_v1 {
            self.say(&ServerMessage::Streams { streams: told([(&branch, position)]) });
        }
    }

    fn tell_gap(&self, branch: BranchId, position: &Position) {
        if self.is_v1 {
            self.say(&ServerMessage::Gap { streams: told([(&branch, position)]) });
        }
    }

    fn end_session(&self) {
        self.close(Close::SessionClosed);
    }
}
