//! One connection's life, from the handshake to the close.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep_until};

use super::Totems;
use super::client::{Client, ROOM, Visitor};
use crate::gateway::{Close, Due, Heard, Holder, Line, Next, Place, Pulse, Reader, Socket, Watch};

/// Largest message, bytes: what is too large for a picture is still read, so that its sender can be told.
const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// The same of somebody who has not said yet who it is.
const MAX_TOKEN_MESSAGE_BYTES: usize = 64 << 10;

/// Bytes that are read at once: a picture comes in a few pieces.
const READ_BYTES: usize = 16 << 10;

/// Messages that are read before others have their turn.
const READS: usize = 8;

/// Says who holds a token, and has a place for it.
pub type Admit = Box<dyn FnOnce(String) -> BoxFuture<'static, Result<(Visitor, Place), Close>> + Send>;

/// A client whose handshake is done.
pub struct TotemArrival {
    pub line: Line,
    /// What it said already.
    pub begun: Vec<u8>,
    /// `Ok(None)` when its token is to come as its first message, an error when it is to be told by a close that it is not
    /// let in.
    pub admitted: Result<Option<(Visitor, Place)>, Close>,
    /// Says who it is when its token comes.
    pub admit: Admit,
}

struct Session {
    totems: Totems,
    client: Arc<Client>,
    reader: Reader,
    pulse: Pulse,
    watch: Watch,
}

impl Totems {
    /// Serves a client whose handshake is done, on a task of its own.
    pub fn serve(&self, arrival: TotemArrival) {
        let totems = self.clone();
        self.0.context.tasks.spawn(async move { totems.attend(arrival).await });
    }

    async fn attend(self, arrival: TotemArrival) {
        let TotemArrival { line, begun, admitted, admit } = arrival;
        let gateway = &self.0.context.gateway;
        let socket = Socket::new(line, ROOM, gateway.figures().clone());
        let mut reader = Reader::in_pieces(begun, MAX_TOKEN_MESSAGE_BYTES, READ_BYTES);
        let Some((visitor, _place)) = gateway.let_in((&socket, &mut reader), admitted, admit).await else {
            return;
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
}

impl Session {
    fn new(totems: Totems, client: Arc<Client>, reader: Reader) -> Self {
        let Visitor { stand, token, expires, .. } = &client.visitor;
        let holder = Holder { tenant: stand.tenant, token: token.clone(), expires: *expires };
        let watch = Watch::new(&totems.0.context.gateway, holder);
        Self { totems, client, reader, pulse: Pulse::begin(), watch }
    }

    async fn run(&mut self) {
        let (totems, client) = (self.totems.clone(), self.client.clone());
        let (stop, gateway) = (&totems.0.context.stop, &totems.0.context.gateway);
        let mut revoked = gateway.revoked();
        loop {
            let next = tokio::select! {
                ready = client.socket.ready() => match ready {
                    Ok(()) => self.read(),
                    Err(_) => Next::End,
                },
                () = sleep_until(self.next_time()) => self.pass(Instant::now()),
                () = stop.cancelled(), if !self.watch.is_draining() => {
                    self.watch.drain(gateway);
                    Next::GoOn
                }
                Ok(()) = revoked.changed() => {
                    let revoked = self.watch.revalidate(gateway);
                    revoked.into_iter().for_each(|close| client.socket.close(close));
                    Next::GoOn
                }
            };
            if next == Next::End {
                return;
            }
            self.pulse.see_end(&client.socket);
            // What has come, or a picture that waited for the client to read the answers before it.
            if client.has_picture() {
                totems.0.pictures.offer(&client);
            }
            if client.has_sound() {
                totems.0.sounds.offer(&client);
            }
        }
    }

    /// When there is something to do though nothing comes.
    fn next_time(&self) -> Instant {
        let gateway = &self.totems.0.context.gateway;
        self.pulse.next_time(gateway.settings(), self.watch.next_time(gateway))
    }

    /// Does what is due.
    fn pass(&mut self, now: Instant) -> Next {
        let gateway = &self.totems.0.context.gateway;
        if !self.pulse.is_parting()
            && let Due::End(close) = self.watch.due(gateway)
        {
            self.client.socket.close(close);
        }
        self.pulse.beat(gateway.settings(), &self.client.socket, now)
    }

    /// Reads what has come.
    fn read(&mut self) -> Next {
        for _ in 0..READS {
            match self.pulse.read(&mut self.reader, &self.client.socket) {
                Ok(Heard::Text(text)) => self.totems.hear(&self.client, &text),
                Ok(Heard::Binary(_)) => self.client.refuse("bad_message", "messages are texts", None),
                Ok(_) => {}
                Err(next) => return next,
            }
        }
        Next::GoOn
    }
}
