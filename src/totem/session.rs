//! One connection's life, from the handshake to the close.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep_until, timeout};

use super::Totems;
use super::client::{Client, ROOM, Visitor};
use crate::gateway::{
    Close, Deaf, GOODBYE, Guest, Heard, Line, Place, Reader, Socket, first_token, part, ping_frame, retry_ms,
};

/// Largest message, bytes: what is too large for a picture is still read, so that its sender can be told.
const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// The same of somebody who has not said yet who it is.
const MAX_TOKEN_MESSAGE_BYTES: usize = 64 << 10;

/// Bytes that are read at once: a picture comes in a few pieces.
const READ_BYTES: usize = 16 << 10;

/// Messages that are read before others have their turn.
const READS: usize = 8;

/// Says who holds a token.
pub type Admit = Box<dyn FnOnce(String) -> BoxFuture<'static, Result<Visitor, Close>> + Send>;

/// A client whose handshake is done.
pub struct TotemArrival {
    pub line: Line,
    /// What it said already.
    pub begun: Vec<u8>,
    /// `None` when its token is to come as its first message.
    pub admitted: Option<(Visitor, Place)>,
    /// Says who it is then.
    pub admit: Admit,
    /// Why it is not let in, when it is to be told by a close.
    pub refused: Option<Close>,
    /// `None` on this very machine.
    pub ip: Option<IpAddr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    End,
}

struct Session {
    totems: Totems,
    client: Arc<Client>,
    reader: Reader,
    heard: Instant,
    /// When the client was asked whether it is there, unless it has answered.
    asked: Option<Instant>,
    revalidate: Instant,
    /// When the connection is ended because the server stops.
    drain: Option<Instant>,
    goodbye: Option<Instant>,
}

impl Totems {
    /// Serves a client whose handshake is done, on a task of its own.
    pub fn serve(&self, arrival: TotemArrival) {
        let totems = self.clone();
        self.0.context.tasks.spawn(async move { totems.attend(arrival).await });
    }

    async fn attend(self, arrival: TotemArrival) {
        let TotemArrival { line, begun, admitted, admit, refused, ip } = arrival;
        let socket = Socket::new(line, ROOM);
        let mut reader = Reader::in_pieces(begun, MAX_TOKEN_MESSAGE_BYTES, READ_BYTES);
        let admitted = match (refused, admitted) {
            (Some(close), _) => Err(close),
            (None, Some(admitted)) => Ok(admitted),
            (None, None) => self.introduce((&socket, &mut reader), admit, ip).await,
        };
        let (visitor, _place) = match admitted {
            Ok(admitted) => admitted,
            Err(close) => {
                socket.close(close, retry_ms());
                return part(&socket, &mut reader).await;
            }
        };
        reader.allow(MAX_MESSAGE_BYTES);
        let counts = self.counts(visitor.stand.tenant);
        let client = Arc::new(Client::new(self.next_id(), visitor, socket, counts));
        self.join(&client);
        let mut session = Session::new(self.clone(), client.clone(), reader);
        session.run().await;
        self.leave(&client);
        client.socket.leave();
    }

    /// Waits for the message that brings the token.
    async fn introduce(
        &self,
        (socket, reader): (&Socket, &mut Reader),
        admit: Admit,
        ip: Option<IpAddr>,
    ) -> Result<(Visitor, Place), Close> {
        let within = self.0.context.gateway.settings().auth_within;
        let token =
            timeout(within, first_token(socket, reader)).await.unwrap_or(Err(Close::HeartbeatLost))?;
        let visitor = admit(token).await?;
        let guest = Guest { tenant: visitor.stand.tenant, user: None, session: None, ip };
        let place = self.0.context.gateway.take_seat(guest).map_err(|full| full.close())?;
        Ok((visitor, place))
    }
}

impl Session {
    fn new(totems: Totems, client: Arc<Client>, reader: Reader) -> Self {
        let now = Instant::now();
        let revalidate = now + totems.0.context.gateway.settings().revalidate_every;
        Self { totems, client, reader, heard: now, asked: None, revalidate, drain: None, goodbye: None }
    }

    async fn run(&mut self) {
        let stop = self.totems.0.context.stop.clone();
        let mut revoked = self.totems.0.context.gateway.doorman().revocations.changes();
        // What was revoked since the token was looked at.
        revoked.mark_changed();
        loop {
            let client = self.client.clone();
            let next = tokio::select! {
                ready = client.socket.ready() => match ready {
                    Ok(()) => self.read(),
                    Err(_) => Next::End,
                },
                () = sleep_until(self.next_time()) => self.pass(Instant::now()),
                () = stop.cancelled(), if self.drain.is_none() => {
                    let drain = self.totems.0.context.gateway.settings().drain;
                    self.drain = Some(Instant::now() + drain.mul_f64(rand::random()));
                    Next::GoOn
                }
                Ok(()) = revoked.changed() => self.revalidate(),
            };
            if next == Next::End {
                return;
            }
            if self.goodbye.is_none() && client.socket.is_closing() {
                self.goodbye = Some(Instant::now() + GOODBYE);
            }
            // A picture may have waited for the client to read the answers before it.
            if client.has_picture() {
                self.totems.0.pictures.offer(&client);
            }
            if client.has_sound() {
                self.totems.0.sounds.offer(&client);
            }
        }
    }

    /// When there is something to do though nothing comes.
    fn next_time(&self) -> Instant {
        if let Some(goodbye) = self.goodbye {
            return goodbye;
        }
        let settings = self.totems.0.context.gateway.settings();
        let heartbeat =
            self.asked.map_or(self.heard + settings.ping_every, |asked| asked + settings.pong_within);
        let expiry = self.left().map(|left| Instant::now() + left);
        [expiry, self.drain].into_iter().flatten().fold(heartbeat.min(self.revalidate), Instant::min)
    }

    /// What is left of the token's life; `None` of one without a token.
    fn left(&self) -> Option<Duration> {
        Some(self.client.visitor.expires?.since(self.totems.0.context.clock.now()))
    }

    fn pass(&mut self, now: Instant) -> Next {
        if let Some(goodbye) = self.goodbye {
            return if goodbye <= now { Next::End } else { Next::GoOn };
        }
        if self.drain.is_some_and(|at| at <= now) {
            self.client.close(Close::Restart);
            return Next::GoOn;
        }
        if self.left().is_some_and(|left| left.is_zero()) {
            self.client.close(Close::TokenExpired);
        }
        if self.revalidate <= now {
            self.revalidate();
        }
        self.watch_heartbeat(now)
    }

    fn watch_heartbeat(&mut self, now: Instant) -> Next {
        let settings = self.totems.0.context.gateway.settings();
        match self.asked {
            Some(asked) if now >= asked + settings.pong_within => {
                self.client.cut(Close::HeartbeatLost);
                // Nobody is there to say goodbye to; should somebody be, the frame tells.
                let _ = self.client.socket.flush();
                return Next::End;
            }
            None if now >= self.heard + settings.ping_every => {
                self.asked = Some(now);
                self.client.socket.put(&ping_frame());
            }
            _ => {}
        }
        Next::GoOn
    }

    fn revalidate(&mut self) -> Next {
        let gateway = &self.totems.0.context.gateway;
        self.revalidate = Instant::now() + gateway.settings().revalidate_every;
        let visitor = &self.client.visitor;
        if gateway.doorman().is_revoked(visitor.stand.tenant, visitor.token.as_deref()) {
            self.client.close(Close::Unauthorized);
        }
        Next::GoOn
    }

    /// Reads what has come.
    fn read(&mut self) -> Next {
        for _ in 0..READS {
            let heard = self.reader.read(&self.client.socket);
            if heard.is_ok() {
                self.heard = Instant::now();
                self.asked = None;
            }
            match heard {
                // After the last frame only the client's own last one is of interest.
                Ok(Heard::Text(_) | Heard::Binary(_)) if self.goodbye.is_some() => {}
                Ok(Heard::Text(text)) => self.totems.hear(&self.client, &text),
                Ok(Heard::Binary(_)) => self.client.refuse("bad_message", "messages are texts", None),
                Ok(Heard::Sign | Heard::Pong) => {}
                Ok(Heard::Closing) => {
                    let _ = self.client.socket.flush();
                    return Next::End;
                }
                Err(Deaf::NothingYet) => return Next::GoOn,
                Err(Deaf::Over) => return Next::End,
                Err(Deaf::Wrong(close)) => {
                    self.client.cut(close);
                    let _ = self.client.socket.flush();
                    return Next::End;
                }
            }
        }
        Next::GoOn
    }
}
