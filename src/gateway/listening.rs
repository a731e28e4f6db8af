//! One listener's life: as a socket's session, of somebody to whom is told and who says nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::Gateway;
use super::arrival::Admitted;
use super::client::Client;
use super::close::Close;
use super::conn::told;
use super::hub::SessionOver;
use super::hub::{Member, Start};
use super::identity::Identity;
use super::limits::Place;
use super::listener::{Item, Listener, Next};
use super::session::read_positions;
use super::watch::{Due, Holder, Watch};
use crate::domain::Endpoint;
use crate::wire::{ServerMessage, StreamPositions, stream_name};

/// Something to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The event's type, or the message's.
    pub kind: String,
    /// JSON, as a socket would get it.
    pub text: Bytes,
    /// Where the listener is in its streams once it has this.
    pub positions: StreamPositions,
    /// When it should come back, milliseconds; only of the last one.
    pub retry_ms: Option<u64>,
}

/// Somebody who listens by a stream; leaves when dropped.
#[derive(Debug)]
pub struct Listening {
    gateway: Gateway,
    listener: Arc<Listener>,
    endpoint: Endpoint,
    /// Held to the end, as long as events are to come.
    admitted: Admitted,
    positions: StreamPositions,
    revoked: watch::Receiver<()>,
    watch: Watch,
    /// The last notice was given.
    is_over: bool,
}

impl Gateway {
    /// Lets somebody listen, from where they were if they were here before.
    ///
    /// # Errors
    /// When it is a guest of a session that is over, or the streams are not there now.
    pub async fn listen(
        &self,
        endpoint: Endpoint,
        (identity, place): (Identity, Place),
        resume: Option<StreamPositions>,
    ) -> Result<Listening, Close> {
        let admitted = self.admit(endpoint, (identity, place)).await?;
        let Admitted { identity, listens, positions: here, .. } = &admitted;
        let now = told(here);
        let positions = resume.clone().unwrap_or_else(|| now.clone());
        let start =
            resume.map_or_else(|| Start::At(here.clone()), |streams| Start::Resume(read_positions(streams)));
        let (figures, settings) = (self.inner.figures.clone(), &self.inner.settings);
        let listener =
            Arc::new(Listener::new(self.next_id(), (identity, endpoint), settings.room, figures.clone()));
        listener.say(ServerMessage::Welcome { streams: now });
        let client = Client::Stream(listener.clone());
        let joined = self.inner.hub.join(identity.tenant, &client, listens.clone(), &start);
        joined.map_err(|SessionOver| Close::SessionClosed)?;
        let has_changed = self.inner.reassigned.load(Ordering::SeqCst) != admitted.reassigned;
        if has_changed && identity.looks_up_sectors(endpoint) {
            // Its sectors may be others already: it comes back at once.
            listener.close(Close::Restart);
        }
        figures.connect(endpoint);
        let watch = Watch::new(self, Holder::from(identity));
        Ok(Listening {
            gateway: self.clone(),
            listener,
            endpoint,
            admitted,
            positions,
            revoked: self.revoked(),
            watch,
            is_over: false,
        })
    }
}

impl Listening {
    /// What comes next; `None` when it is over. What is not awaited to its end is not lost.
    pub async fn next(&mut self) -> Option<Notice> {
        let stop = self.gateway.inner.stop.clone();
        while !self.is_over {
            // Also while there is always more to take.
            if stop.is_cancelled() && !self.watch.is_draining() {
                self.watch.drain(&self.gateway);
            }
            if self.revoked.has_changed().unwrap_or(false) {
                self.revoked.mark_unchanged();
                let revoked = self.watch.revalidate(&self.gateway);
                revoked.into_iter().for_each(|close| self.listener.close(close));
            }
            if self.watch.next_time(&self.gateway) <= Instant::now() {
                self.pass();
            }
            match self.listener.next() {
                Next::Take(item) => match self.notice(item) {
                    Some(notice) => return Some(notice),
                    None => continue,
                },
                Next::End(close) => {
                    self.is_over = true;
                    return Some(self.farewell(close));
                }
                Next::Wait => {}
            }
            let listener = self.listener.clone();
            let next_time = self.watch.next_time(&self.gateway);
            tokio::select! {
                () = listener.ready() => {}
                () = sleep_until(next_time) => {}
                () = stop.cancelled(), if !self.watch.is_draining() => {}
                Ok(()) = self.revoked.changed() => self.revoked.mark_changed(),
            }
        }
        None
    }

    fn notice(&mut self, item: Item) -> Option<Notice> {
        let (kind, text) = match item {
            Item::Event { stamped, .. } => {
                if let Some(position) = self.positions.get_mut(&stream_name(stamped.event.branch)) {
                    position.offset = stamped.offset;
                }
                (stamped.event.kind.as_str().to_owned(), stamped.json())
            }
            Item::Unknown(streams) => {
                for (name, begin) in streams {
                    self.positions.entry(name).or_insert(begin);
                }
                return None;
            }
            Item::Message(message) => {
                if let ServerMessage::Resumed { streams, .. }
                | ServerMessage::Gap { streams }
                | ServerMessage::Streams { streams } = &message
                {
                    self.positions.extend(streams.clone());
                }
                (message.kind().to_owned(), message.text().into())
            }
        };
        Some(Notice { kind, text, positions: self.positions.clone(), retry_ms: None })
    }

    /// What a socket learns from its close frame.
    fn farewell(&self, close: Close) -> Notice {
        let retry_ms = close.retry_ms();
        let reason = close.reason(retry_ms);
        let text = format!(r#"{{"type":"close","close_code":{},{}"#, close.code(), &reason[1..]);
        let positions = self.positions.clone();
        Notice { kind: "close".into(), text: text.into(), positions, retry_ms: Some(retry_ms) }
    }

    /// Does what is due.
    fn pass(&mut self) {
        match self.watch.due(&self.gateway) {
            Due::End(close) => self.listener.close(close),
            Due::Warn(expires) => self.listener.say(ServerMessage::token_expiring(expires)),
            Due::Nothing => {}
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.gateway.inner.hub.leave(self.admitted.identity.tenant, self.listener.id());
        self.gateway.inner.figures.disconnect(self.endpoint);
    }
}
