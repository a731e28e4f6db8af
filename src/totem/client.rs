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
use crate::gateway::{Put, Room, Socket, text_frame};
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
    pub token: Option<Arc<str>>,
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
            self.socket.overflow();
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
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use tokio::net::{TcpListener, TcpStream};
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::protocol::Role;

    use super::*;
    use crate::domain::{BranchId, TenantId};
    use crate::gateway::{Close, Deaf, Figures, Reader};

    /// An answer of the usual size.
    const ANSWER_BYTES: usize = 100 << 10;

    async fn client(figures: &Arc<Figures>) -> (Arc<Client>, WebSocketStream<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        let (tenant, branch) = (TenantId::default(), BranchId::default());
        let stand = Stand { tenant, branch, sector: None, name: "hall".to_owned() };
        let visitor = Visitor { stand, branches: Branches::All, may_send: true, expires: None, token: None };
        let client = Client::new(1, visitor, Socket::new(far, ROOM, figures.clone()), Arc::default());
        (Arc::new(client), WebSocketStream::from_raw_socket(near, Role::Client, None).await)
    }

    /// What the client's session does.
    async fn send(client: Arc<Client>) {
        let mut reader = Reader::new(Vec::new(), 512);
        while let Ok(_) | Err(Deaf::NothingYet) = reader.read(&client.socket) {
            if client.socket.ready().await.is_err() {
                return;
            }
        }
    }

    /// Sends 500 pictures, each of which is answered if it may be; how many were.
    fn send_many(client: &Client) -> usize {
        let answer = "x".repeat(ANSWER_BYTES);
        let send =
            |_| client.put(Sent { image: None, request_id: None, timestamp: None, at: Instant::now() });
        let look = |()| client.has_picture().then(|| client.take()).flatten();
        (0..500).map(send).filter_map(look).map(|_| client.answer(&answer)).count()
    }

    #[tokio::test]
    async fn who_reads_nothing_holds_little_and_is_told_later_how_much_it_missed() {
        let (client, mut near) = client(&Arc::default()).await;
        let answered = send_many(&client);
        assert!(answered < 500 && !client.has_picture(), "{answered} pictures were looked at");
        let most = MOST_WAITING + 2 * ANSWER_BYTES;
        assert!((MOST_WAITING..most).contains(&client.socket.waiting()), "{}", client.socket.waiting());
        let (_, skipped) = client.take().unwrap();
        assert_eq!(skipped as usize, 500 - answered - 1, "the newest is there yet");
        for _ in 0..5 {
            client.tell(&text_frame(r#"{"told":1}"#));
        }
        let sending = tokio::spawn(send(client.clone()));
        for _ in 0..answered {
            assert_eq!(near.next().await.unwrap().unwrap().len(), ANSWER_BYTES);
        }
        client.tell(&text_frame(r#"{"told":2}"#));
        for wanted in [r#"{"type":"skipped","answers":5}"#, r#"{"told":2}"#] {
            assert_eq!(near.next().await.unwrap().unwrap().into_text().unwrap().as_str(), wanted);
        }
        sending.abort();
    }

    #[tokio::test]
    async fn who_asks_and_asks_and_reads_nothing_is_ended_as_slow() {
        let figures = Arc::<Figures>::default();
        let (client, _near) = client(&figures).await;
        send_many(&client);
        while !client.socket.is_closing() {
            client.say(&TotemNotice::Pong);
        }
        assert_eq!((figures.slow_consumers.get(), figures.closed(Close::SlowConsumer)), (1, 1));
    }
}
