//! Whoever listens, by a socket or by a stream of HTTP.

use std::sync::Arc;

use super::close::Close;
use super::conn::Connection;
use super::hub::{Member, Start};
use super::listener::Listener;
use super::stream::{Position, Stamped};
use super::tenant::Joined;
use crate::domain::BranchId;

/// One who listens.
#[derive(Debug, Clone)]
pub(super) enum Client {
    Socket(Arc<Connection>),
    Stream(Arc<Listener>),
}

impl Client {
    /// Who it is, if its token says so.
    pub(super) fn user(&self) -> Option<&str> {
        match self {
            Self::Socket(socket) => socket.user.as_deref(),
            Self::Stream(stream) => stream.user(),
        }
    }

    /// Its sectors may be others than before.
    pub(super) fn look_again(&self) {
        match self {
            Self::Socket(socket) => socket.look_again.notify_one(),
            // It comes back at once, and goes on from where it is.
            Self::Stream(stream) if stream.looks_up_sectors() => stream.close(Close::Restart),
            Self::Stream(_) => {}
        }
    }
}

impl Member for Client {
    fn id(&self) -> u64 {
        match self {
            Self::Socket(socket) => socket.id(),
            Self::Stream(stream) => stream.id(),
        }
    }

    fn send(&self, stamped: &Arc<Stamped>) -> bool {
        let tenant = stamped.event.tenant;
        let (own, figures) = match self {
            Self::Socket(socket) => (socket.tenant, socket.socket.figures()),
            Self::Stream(stream) => (stream.tenant(), stream.figures()),
        };
        if tenant != own {
            // Cannot be, as nobody sits with another tenant; should it be all the same, nothing is told.
            figures.tenant_mismatches.add(1);
            tracing::error!(%tenant, %own, "an event of another tenant was held back");
            return false;
        }
        match self {
            Self::Socket(socket) => socket.send(stamped),
            Self::Stream(stream) => stream.send(stamped),
        }
    }

    fn catch_up(&self, joined: &Joined, start: &Start) {
        match self {
            Self::Socket(socket) => socket.catch_up(joined, start),
            Self::Stream(stream) => stream.catch_up(joined, start),
        }
    }

    fn tell_of(&self, branch: BranchId, position: &Position) {
        match self {
            Self::Socket(socket) => socket.tell_of(branch, position),
            Self::Stream(stream) => stream.tell_of(branch, position),
        }
    }

    fn tell_gap(&self, branch: BranchId, position: &Position) {
        match self {
            Self::Socket(socket) => socket.tell_gap(branch, position),
            Self::Stream(stream) => stream.tell_gap(branch, position),
        }
    }

    fn end_session(&self) {
        match self {
            Self::Socket(socket) => socket.end_session(),
            Self::Stream(stream) => stream.end_session(),
        }
    }
}
