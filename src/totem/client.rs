//! Somebody who is connected: what it has sent and waits, and what it is told.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use bytes::Bytes;

use super::figures::Counts;
use super::registry::Stand;
use super::studio::{Totem, lock};
use crate::auth::Branches;
use crate::domain::Timestamp;
use crate::gateway::{Close, Put, Room, Socket, retry_ms, text_frame};
use crate::wire::{AudioStream, RequestId, TotemNotice};

/// What may wait for one client: a dozen answers of the usual size.
pub(super) const ROOM: Room = Room { frames: 256, bytes: 2 << 20 };

/// As long as so much waits for a client, it is sent nothing of others and its own pictures are not looked at.
const MOST_WAITING: usize = 512 << 10;

/// Sounds of one client that may wait.
const SOUNDS: usize = 2;

/// Who it is.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Which totem it is, should it send pictures.
    pub stand: Stand,
    /// Of which it hears.
    pub branches: Branches,
    /// Whether it may send pictures and sound.
    pub may_send: bool,
    /// `None` of one without a token.
    pub expires: Option<Timestamp>,
    /// The token's own name.
    pub token: Option<String>,
}

/// A picture that waits to be looked at.
pub(super) struct Sent {
    /// In base64; `None` when the camera is off.
    pub(super) image: Option<String>,
    pub(super) request_id: Option<RequestId>,
    pub(super) timestamp: Option<RequestId>,
    pub(super) at: Instant,
}

/// A sound that does.
pub(super) struct Spoken {
    pub(super) sound: AudioStream,
    pub(super) request_id: Option<RequestId>,
    pub(super) arrived: Timestamp,
}

#[derive(Default)]
struct Newest {
    sent: Option<Sent>,
    skipped: u64,
}

/// One client.
pub(super) struct Client {
    pub(super) id: u64,
    pub(super) visitor: Visitor,
    pub(super) socket: Socket,
    pub(super) counts: Arc<Counts>,
    /// From its first picture or sound on.
    pub(super) totem: OnceLock<Arc<Totem>>,
    newest: Mutex<Newest>,
    sounds: Mutex<VecDeque<Spoken>>,
    /// Answers that it was not sent since the last one that it was.
    missed: AtomicU64,
}

impl Client {
    pub(super) fn new(id: u64, visitor: Visitor, socket: Socket, counts: Arc<Counts>) -> Self {
        Self {
            id,
            visitor,
            socket,
            counts,
            totem: OnceLock::new(),
            newest: Mutex::default(),
            sounds: Mutex::default(),
            missed: AtomicU64::new(0),
        }
    }

    /// Puts a picture in the place of the one that waits, if there is one.
    pub(super) fn put(&self, sent: Sent) {
        let mut newest = lock(&self.newest);
        if newest.sent.replace(sent).is_some() {
            newest.skipped += 1;
            Counts::add(&self.counts.skipped, 1);
        }
    }

    /// The picture that waits, and how many there were before it since the last one.
    pub(super) fn take(&self) -> Option<(Sent, u64)> {
        let mut newest = lock(&self.newest);
        let sent = newest.sent.take()?;
        Some((sent, std::mem::take(&mut newest.skipped)))
    }

    /// Whether a picture waits and the client takes answers.
    pub(super) fn has_picture(&self) -> bool {
        self.socket.waiting() <= MOST_WAITING && lock(&self.newest).sent.is_some()
    }

    /// Takes a sound to be heard in its turn; whether there was room for it.
    pub(super) fn put_sound(&self, spoken: Spoken) -> bool {
        let mut sounds = lock(&self.sounds);
        let has_room = sounds.len() < SOUNDS;
        if has_room {
            sounds.push_back(spoken);
        }
        has_room
    }

    pub(super) fn take_sound(&self) -> Option<Spoken> {
        lock(&self.sounds).pop_front()
    }

    /// Whether a sound waits and the client takes answers.
    pub(super) fn has_sound(&self) -> bool {
        self.socket.waiting() <= MOST_WAITING && !lock(&self.sounds).is_empty()
    }

    /// Sends an answer to what it has sent itself. There is room for it in any case: nothing more of its own is looked at
    /// before it has read most of that.
    pub(super) fn answer(&self, text: &str) {
        self.socket.put_all([text_frame(text)]);
    }

    pub(super) fn say(&self, notice: &TotemNotice) {
        if self.socket.put(&text_frame(&notice.text())) == Put::Full {
            self.cut(Close::SlowConsumer);
        }
    }

    pub(super) fn refuse(
        &self,
        code: &'static str,
        message: impl Into<String>,
        request_id: Option<RequestId>,
    ) {
        Counts::add(&self.counts.errors, 1);
        self.say(&TotemNotice::Error { code, message: message.into(), request_id });
    }

    /// Sends what is told of others, unless it has yet to read too much of that.
    pub(super) fn tell(&self, frame: &Bytes) {
        if self.socket.waiting() > MOST_WAITING {
            self.missed.fetch_add(1, Ordering::Relaxed);
            Counts::add(&self.counts.missed, 1);
            return;
        }
        let answers = self.missed.swap(0, Ordering::Relaxed);
        if answers > 0 {
            self.say(&TotemNotice::Skipped { answers });
        }
        if self.socket.put(frame) == Put::Full {
            self.missed.fetch_add(1, Ordering::Relaxed);
            Counts::add(&self.counts.missed, 1);
        }
    }

    pub(super) fn close(&self, close: Close) {
        self.socket.close(close, retry_ms());
    }

    pub(super) fn cut(&self, close: Close) {
        self.socket.cut(close, retry_ms());
    }
}
