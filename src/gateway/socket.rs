//! One client's connection after the handshake: read by its own task, written to by anybody who has something for it.
//!
//! Whoever has an event writes it straight into the socket. Only when the socket is full does a frame wait, and the
//! connection's own task sends it once there is room; so nobody ever waits for a client.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::io::Interest;
use tokio::sync::Notify;
use tungstenite::Utf8Bytes;
use tungstenite::error::{CapacityError, Error};
use tungstenite::protocol::{Message, Role, WebSocketConfig, WebSocketContext};

use super::close::Close;
use super::figures::Figures;
use super::frame;
use super::line::Line;
use super::outbox::{Outbox, Put, Room};

/// What is read at once: what clients say is short.
const READ_BYTES: usize = 512;

/// Reads for one message: what comes in pieces of nothing does not keep a thread.
const READS: usize = 64;

/// A client's socket.
#[derive(Debug)]
pub struct Socket {
    line: Line,
    outbox: Mutex<Outbox>,
    room: Room,
    /// Where it is counted how it ends.
    figures: Arc<Figures>,
    /// The connection's own task has something to do.
    wake: Notify,
}

impl Socket {
    /// A socket whose client may leave so much unread.
    pub fn new(line: impl Into<Line>, room: Room, figures: Arc<Figures>) -> Self {
        Self { line: line.into(), outbox: Mutex::default(), room, figures, wake: Notify::new() }
    }

    pub(super) fn figures(&self) -> &Figures {
        &self.figures
    }

    /// Sends a frame, now or when there is room.
    pub fn put(&self, frame: &Bytes) -> Put {
        let mut outbox = self.outbox();
        let put = outbox.put(frame, self.room, |bytes| self.line.try_write(bytes));
        drop(outbox);
        if put != Put::Written || self.line.is_waiting() {
            self.wake.notify_one();
        }
        put
    }

    /// Sends frames that were asked for: there is room for them in any case.
    pub fn put_all(&self, frames: impl IntoIterator<Item = Bytes>) {
        // Its own task sends them: this is called where others wait.
        self.outbox().extend(frames);
        self.wake.notify_one();
    }

    /// Ends the connection once everything is sent, unless it is ending.
    pub fn close(&self, close: Close) {
        if self.outbox().close(last_frame(close), false) {
            self.figures.close(close);
        }
        self.wake.notify_one();
    }

    /// Ends the connection, unless it is ending; what waits is not sent.
    pub fn cut(&self, close: Close) {
        if self.outbox().close(last_frame(close), true) {
            self.figures.close(close);
        }
        self.wake.notify_one();
    }

    /// Ends the connection of one who does not take what is sent.
    pub fn overflow(&self) {
        self.figures.slow_consumers.add(1);
        self.figures.queue_bytes.add(self.waiting() as f64);
        self.cut(Close::SlowConsumer);
    }

    /// Bytes that wait for the client.
    pub fn waiting(&self) -> usize {
        self.outbox().bytes()
    }

    /// Whether the connection is ending.
    pub fn is_closing(&self) -> bool {
        self.outbox().is_closing()
    }

    /// Nobody is there any more; whatever is put from now on is lost.
    pub fn leave(&self) {
        self.outbox().leave();
    }

    /// Sends what waits as far as the client takes it, and returns when there is something to read, when all that waited
    /// is sent, or when somebody has put or closed something. Whoever calls it reads until there is nothing yet, or it
    /// never waits again.
    ///
    /// # Errors
    /// When the client is gone.
    pub async fn ready(&self) -> io::Result<()> {
        let mut waited = false;
        loop {
            let waits = !self.flush()?;
            if waited && !waits {
                return Ok(());
            }
            waited = waits;
            let interest = if waits { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            tokio::select! {
                ready = self.line.ready(interest) => {
                    let ready = ready?;
                    if ready.is_readable() || ready.is_read_closed() || ready.is_error() {
                        return Ok(());
                    }
                }
                () = self.wake.notified() => {
                    // Sent at once when it can be; the task may want to know that the end has come.
                    self.flush()?;
                    return Ok(());
                }
            }
        }
    }

    /// Sends what the client takes now; whether that was all.
    ///
    /// # Errors
    /// When the client is gone.
    pub fn flush(&self) -> io::Result<bool> {
        let drained = self.outbox().drain(|slices| self.line.try_write_vectored(slices));
        match drained.and_then(|()| self.line.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn last_frame(close: Close) -> Bytes {
    frame::close(close.code(), &close.reason(close.retry_ms()))
}

/// What a client says.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    Text(Utf8Bytes),
    Binary(Bytes),
    /// Something that is answered already, or needs no answer.
    Sign,
    Pong,
    /// The client ends the connection.
    Closing,
}

/// Why nothing can be read.
#[derive(Debug, PartialEq, Eq)]
pub enum Deaf {
    /// Nothing more for now.
    NothingYet,
    /// The connection is over.
    Over,
    /// The client breaks the protocol: it is to be told so.
    Wrong(Close),
}

/// Makes messages of what comes out of a socket.
#[derive(Debug)]
pub struct Reader(WebSocketContext);

impl Reader {
    /// Reads messages of at most `max_bytes`; `begun` was read already.
    pub fn new(begun: Vec<u8>, max_bytes: usize) -> Self {
        Self::in_pieces(begun, max_bytes, READ_BYTES)
    }

    /// The same for clients who say much: so many bytes are read at once, and held for as long as the connection is.
    pub fn in_pieces(begun: Vec<u8>, max_bytes: usize, bytes_at_once: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(bytes_at_once)
            .write_buffer_size(0)
            .max_message_size(Some(max_bytes))
            .max_frame_size(Some(max_bytes));
        Self(WebSocketContext::from_partially_read(begun, Role::Server, Some(config)))
    }

    /// From now on messages may have so many bytes.
    pub fn allow(&mut self, max_bytes: usize) {
        self.0.set_config(|config| {
            config.max_message_size = Some(max_bytes);
            config.max_frame_size = Some(max_bytes);
        });
    }

    /// The next message. Pings and closes are answered.
    ///
    /// # Errors
    /// When there is none now, or never will be.
    pub fn read(&mut self, socket: &Socket) -> Result<Heard, Deaf> {
        let mut tube = Tube { socket, reads: 0 };
        match self.0.read(&mut tube) {
            Ok(Message::Text(text)) => Ok(Heard::Text(text)),
            Ok(Message::Binary(bytes)) => Ok(Heard::Binary(bytes)),
            Ok(Message::Pong(_)) => Ok(Heard::Pong),
            Ok(Message::Close(_)) => {
                // Its answer goes out now: nobody may read again.
                let _ = self.0.flush(&mut tube);
                Ok(Heard::Closing)
            }
            Ok(Message::Ping(_)) => {
                let _ = self.0.flush(&mut tube);
                Ok(Heard::Sign)
            }
            Ok(Message::Frame(_)) => Ok(Heard::Sign),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Err(Deaf::NothingYet),
            Err(Error::Capacity(CapacityError::MessageTooLong { .. })) => Err(Deaf::Wrong(Close::TooLarge)),
            Err(Error::Utf8(_)) => Err(Deaf::Wrong(Close::Encoding)),
            Err(Error::Protocol(tungstenite::error::ProtocolError::ResetWithoutClosingHandshake)) => {
                Err(Deaf::Over)
            }
            Err(Error::Protocol(_)) => Err(Deaf::Wrong(Close::Protocol)),
            Err(_) => Err(Deaf::Over),
        }
    }
}

/// The socket as the protocol's library sees it: its answers go the way of all frames.
struct Tube<'a> {
    socket: &'a Socket,
    reads: usize,
}

impl Read for Tube<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        match self.reads > READS {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => self.socket.line.try_read(buffer),
        }
    }
}

impl Write for Tube<'_> {
    /// Takes everything: the library writes whole frames, and few.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let frame = Bytes::copy_from_slice(bytes);
        // Opcode 8: nothing may follow it.
        if bytes.first().is_some_and(|first| first & 0x0f == 8) {
            self.socket.outbox().close(frame, false);
        } else if self.socket.outbox().push_within(frame, self.socket.room) == Put::Full {
            // It asks again and again and takes no answer.
            return Err(io::ErrorKind::TimedOut.into());
        }
        let _ = self.socket.flush();
        self.socket.wake.notify_one();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
