//! A connection as others see it: something that takes frames.

use std::sync::Arc;

use tokio::sync::Notify;

use super::close::Close;
use super::figures::Figures;
use super::frame;
use super::hub::{Member, Start};
use super::outbox::Put;
use super::socket::Socket;
use super::stream::{Position, Stamped};
use super::tenant::Joined;
use crate::domain::{BranchId, Endpoint, TenantId};
use crate::wire::{ServerMessage, StreamPosition, StreamPositions, stream_name};

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
}

impl Connection {
    /// Says something.
    pub fn say(&self, message: &ServerMessage) {
        if self.socket.put(&frame::text(&message.text())) == Put::Full {
            self.socket.overflow();
        }
    }

    /// Ends the connection after what waits.
    pub fn close(&self, close: Close) {
        self.socket.close(close);
    }
}

/// Positions as the client is told of them.
pub(super) fn told<'a>(positions: impl IntoIterator<Item = (&'a BranchId, &'a Position)>) -> StreamPositions {
    let told = positions.into_iter().map(|(branch, position)| told_one(*branch, position, None));
    told.collect()
}

/// As [`told`], and whether everything that was missed of each was sent.
fn resumed(joined: &Joined) -> StreamPositions {
    let streams = joined.streams.iter();
    streams.map(|(branch, (position, recovered))| told_one(*branch, position, Some(*recovered))).collect()
}

/// What is told of events that were lost on their way; also when the stream is the same as before.
pub(super) fn gap(branch: BranchId, position: &Position) -> ServerMessage {
    ServerMessage::Gap { streams: [told_one(branch, position, Some(false))].into() }
}

fn told_one(
    branch: BranchId,
    Position { epoch, offset }: &Position,
    recovered: Option<bool>,
) -> (String, StreamPosition) {
    (stream_name(branch), StreamPosition { epoch: epoch.as_ref().to_owned(), offset: *offset, recovered })
}

/// What is said after what somebody missed; counts it.
pub(super) fn afterwards(joined: &Joined, start: &Start, figures: &Figures) -> Option<ServerMessage> {
    let recovered = joined.is_recovered();
    match start {
        Start::Resume(_) | Start::Again { .. } => {
            figures.resume(joined);
            Some(ServerMessage::Resumed { recovered, streams: resumed(joined) })
        }
        // More came in that moment than is kept.
        Start::At(_) if !recovered => {
            figures.gaps.add(1);
            Some(ServerMessage::Gap { streams: resumed(joined) })
        }
        Start::At(_) => None,
    }
}

impl Member for Arc<Connection> {
    fn id(&self) -> u64 {
        self.id
    }

    fn send(&self, stamped: &Arc<Stamped>) -> bool {
        match self.socket.put(&stamped.frame) {
            Put::Written => true,
            Put::Queued => {
                self.socket.figures().queue_bytes.add(self.socket.waiting() as f64);
                true
            }
            Put::Full => {
                self.socket.overflow();
                false
            }
            Put::Closed => false,
        }
    }

    fn catch_up(&self, joined: &Joined, start: &Start) {
        let missed = joined.missed.iter().map(|stamped| stamped.frame.clone());
        let last = afterwards(joined, start, self.socket.figures());
        if !self.is_v1 {
            self.socket.put_all(missed);
            // Who does not know of streams is told by the close that it does not have everything.
            if !joined.is_recovered() {
                self.close(Close::Gap);
            }
            return;
        }
        // Opened since it was told where its streams are.
        let begins = joined.streams.iter().filter(|(branch, _)| !start.positions().contains_key(branch));
        let mut begins = told(begins.map(|(branch, (position, _))| (branch, position)));
        begins.values_mut().for_each(|position| position.offset = 0);
        let first = (!begins.is_empty()).then_some(ServerMessage::Streams { streams: begins });
        let as_frame = |message: ServerMessage| frame::text(&message.text());
        let (first, last) = (first.map(as_frame), last.map(as_frame));
        self.socket.put_all(first.into_iter().chain(missed).chain(last));
    }

    fn tell_of(&self, branch: BranchId, position: &Position) {
        if self.is_v1 {
            self.say(&ServerMessage::Streams { streams: told([(&branch, position)]) });
        }
    }

    fn tell_gap(&self, branch: BranchId, position: &Position) {
        if self.is_v1 {
            self.say(&gap(branch, position));
        }
    }

    fn end_session(&self) {
        self.close(Close::SessionClosed);
    }
}
