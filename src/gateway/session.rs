//! One client's life once it is let in: what it missed, what it says, and how it ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep_until};

use super::arrival::{Admitted, GOODBYE};
use super::audience::Sectors;
use super::client::Client;
use super::close::Close;
use super::conn::{Connection, told};
use super::frame;
use super::hub::Start;
use super::identity::Identity;
use super::pace::{Pace, Verdict};
use super::socket::{Deaf, Heard, Reader};
use super::stream::Position;
use super::tenant::Positions;
use super::watch::{Due, Watch};
use super::{Freshness, Gateway};
use crate::domain::Endpoint;
use crate::wire::{ClientMessage, ServerMessage, StreamPositions, stream_branch};

/// For so long a client may say from where it goes on, before it is told what happens now: it gets all in order then.
const GRACE: Duration = Duration::from_millis(250);

/// Messages that are read before others have their turn.
const READS: usize = 32;

/// Whether the session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    End,
}

/// Somebody who is connected, as its own task sees it.
pub(super) struct Session {
    gateway: Gateway,
    connection: Arc<Connection>,
    admitted: Admitted,
    reader: Reader,
    pace: Pace,
    /// Until when nothing is sent that happens.
    held: Option<Instant>,
    /// Whether it is told what happens, from the positions on with which it was admitted, or from before when it asked.
    is_told: bool,
    heard: Instant,
    /// When the client was asked whether it is there, unless it has answered.
    asked: Option<Instant>,
    watch: Watch,
    /// A look-up of the waiter's sectors that it has asked for.
    sectors: Option<(Freshness, BoxFuture<'static, Sectors>)>,
    goodbye: Option<Instant>,
}

impl Session {
    pub(super) fn new(
        gateway: Gateway,
        connection: Arc<Connection>,
        admitted: Admitted,
        reader: Reader,
    ) -> Self {
        let now = Instant::now();
        let settings = &gateway.inner.settings;
        Self {
            pace: Pace::new(settings.messages_per_second),
            watch: Watch::new(&gateway),
            gateway,
            connection,
            admitted,
            reader,
            held: None,
            is_told: false,
            heard: now,
            asked: None,
            sectors: None,
            goodbye: None,
        }
    }

    /// Tells where the streams are, and from where on the client gets them.
    pub(super) fn begin(&mut self, resume: Option<StreamPositions>) {
        if self.connection.is_v1 {
            self.connection.say(&ServerMessage::Welcome { streams: told(&self.admitted.positions) });
        }
        match resume {
            Some(streams) => self.join(&Start::Resume(read_positions(streams))),
            None if self.connection.is_v1 => self.held = Some(Instant::now() + GRACE),
            None => self.go_on(),
        }
    }

    /// Tells it what happens since it was admitted.
    fn go_on(&mut self) {
        self.join(&Start::At(self.admitted.positions.clone()));
    }

    fn resume(&mut self, streams: StreamPositions) {
        let since = read_positions(streams);
        let start = match self.is_told {
            true => Start::Again { since, had: self.admitted.positions.clone() },
            false => Start::Resume(since),
        };
        self.join(&start);
    }

    fn join(&mut self, start: &Start) {
        self.held = None;
        let (tenant, listens) = (self.admitted.identity.tenant, self.admitted.listens.clone());
        let client = Client::Socket(self.connection.clone());
        let Ok(from) = self.gateway.inner.hub.join(tenant, &client, listens, start) else {
            return self.connection.close(Close::SessionClosed);
        };
        (self.admitted.positions, self.is_told) = (from, true);
        if self.gateway.inner.reassigned.load(Ordering::SeqCst) != self.admitted.reassigned {
            self.connection.look_again.notify_one();
        }
    }

    pub(super) async fn run(&mut self) {
        let stop = self.gateway.inner.stop.clone();
        let mut revoked = self.gateway.inner.doorman.revocations.changes();
        // What was revoked since the token was looked at.
        revoked.mark_changed();
        loop {
            let connection = self.connection.clone();
            let next = tokio::select! {
                ready = connection.socket.ready() => match ready {
                    Ok(()) => self.read(),
                    Err(_) => Next::End,
                },
                () = sleep_until(self.next_time()) => self.pass(Instant::now()),
                (freshness, sectors) = found(&mut self.sectors) => {
                    self.reseat(sectors, freshness);
                    Next::GoOn
                }
                () = stop.cancelled(), if !self.watch.is_draining() => {
                    self.watch.drain(&self.gateway);
                    Next::GoOn
                }
                Ok(()) = revoked.changed() => {
                    let revoked = self.watch.revalidate(&self.gateway, &self.admitted.identity);
                    revoked.into_iter().for_each(|close| self.connection.close(close));
                    Next::GoOn
                }
                () = connection.look_again.notified(), if self.looks_up_sectors() => {
                    self.look_up_sectors(Freshness::Known);
                    Next::GoOn
                }
            };
            if next == Next::End {
                return;
            }
            if self.goodbye.is_none() && self.connection.socket.is_closing() {
                self.goodbye = Some(Instant::now() + GOODBYE);
            }
        }
    }

    /// When there is something to do though nothing comes.
    fn next_time(&self) -> Instant {
        if let Some(goodbye) = self.goodbye {
            return goodbye;
        }
        let settings = &self.gateway.inner.settings;
        let heartbeat =
            self.asked.map_or(self.heard + settings.ping_every, |asked| asked + settings.pong_within);
        let watch = self.watch.next_time(&self.gateway, &self.admitted.identity);
        self.held.into_iter().fold(heartbeat.min(watch), Instant::min)
    }

    /// Does what is due.
    fn pass(&mut self, now: Instant) -> Next {
        if let Some(goodbye) = self.goodbye {
            return if goodbye <= now { Next::End } else { Next::GoOn };
        }
        if self.held.take_if(|until| *until <= now).is_some() {
            self.go_on();
        }
        match self.watch.due(&self.gateway, &self.admitted.identity) {
            Due::End(close) => self.connection.close(close),
            Due::Warn(expires) if self.connection.is_v1 => {
                self.connection.say(&ServerMessage::token_expiring(expires));
            }
            Due::Warn(_) | Due::Nothing => {}
        }
        self.watch_heartbeat(now)
    }

    fn watch_heartbeat(&mut self, now: Instant) -> Next {
        let settings = &self.gateway.inner.settings;
        match self.asked {
            Some(asked) if now >= asked + settings.pong_within => {
                self.connection.cut(Close::HeartbeatLost);
                // Nobody is there to say goodbye to; should somebody be, the frame tells.
                let _ = self.connection.socket.flush();
                return Next::End;
            }
            None if now >= self.heard + settings.ping_every => {
                self.asked = Some(now);
                self.connection.socket.put(&frame::ping());
            }
            _ => {}
        }
        Next::GoOn
    }

    /// Reads what has come.
    fn read(&mut self) -> Next {
        for _ in 0..READS {
            let heard = self.reader.read(&self.connection.socket);
            if heard.is_ok() {
                self.heard = Instant::now();
            }
            match heard {
                // After the last frame only the client's own last one is of interest.
                Ok(Heard::Text(_) | Heard::Binary(_)) if self.goodbye.is_some() => {}
                Ok(Heard::Text(text)) => self.hear(&text),
                Ok(Heard::Binary(_)) => self.heard_nonsense("messages are texts"),
                Ok(Heard::Sign) => self.asked = None,
                Ok(Heard::Pong) => {
                    if let Some(asked) = self.asked.take() {
                        self.gateway.inner.figures.ping_seconds.add(asked.elapsed().as_secs_f64());
                    }
                }
                Ok(Heard::Closing) => {
                    let _ = self.connection.socket.flush();
                    return Next::End;
                }
                Err(Deaf::NothingYet) => return Next::GoOn,
                Err(Deaf::Over) => {
                    self.gateway.inner.figures.lost.add(u64::from(self.goodbye.is_none()));
                    return Next::End;
                }
                Err(Deaf::Wrong(close)) => {
                    self.connection.cut(close);
                    let _ = self.connection.socket.flush();
                    return Next::End;
                }
            }
        }
        Next::GoOn
    }

    fn hear(&mut self, text: &str) {
        self.asked = None;
        match self.pace.heard(std::time::Instant::now()) {
            Verdict::Take => {}
            Verdict::Warn => {
                return self
                    .connection
                    .say(&ServerMessage::error("too_fast", "too many messages; they are dropped"));
            }
            Verdict::Drop => return,
            Verdict::End => return self.connection.close(Close::TooFast),
        }
        match serde_json::from_str(text) {
            Ok(message) => self.take(message),
            Err(_) => self.heard_nonsense("not a message that is known"),
        }
        // Whatever it says, it does not go back any more.
        if self.held.take().is_some() {
            self.go_on();
        }
    }

    fn take(&mut self, message: ClientMessage) {
        match message {
            ClientMessage::Ping {} => self.connection.say(&ServerMessage::Pong),
            // It asks again and again, and takes nothing.
            ClientMessage::Resume { .. }
                if self.connection.socket.waiting() > self.gateway.inner.settings.room.bytes =>
            {
                self.connection.overflow();
            }
            ClientMessage::Resume { streams } => self.resume(streams),
            ClientMessage::Auth { .. } => {
                self.connection.say(&ServerMessage::error("known", "use auth_refresh for a new token"));
            }
            ClientMessage::AuthRefresh { token } => self.refresh(&token),
            ClientMessage::RefreshSectors {} if self.connection.endpoint != Endpoint::Waiter => {
                self.heard_nonsense("only waiters have sectors");
            }
            ClientMessage::RefreshSectors {} if self.admitted.identity.sectors.is_empty() => {
                self.look_up_sectors(Freshness::New);
            }
            ClientMessage::RefreshSectors {} => {
                self.connection.say(&ServerMessage::sectors(self.admitted.identity.sectors.iter().copied()));
            }
        }
    }

    /// Whether its sectors are not those of its token.
    fn looks_up_sectors(&self) -> bool {
        self.connection.endpoint == Endpoint::Waiter && self.admitted.identity.sectors.is_empty()
    }

    fn look_up_sectors(&mut self, freshness: Freshness) {
        // Whoever has asked is answered, though something else makes it be looked up meanwhile.
        let is_asked = matches!(self.sectors, Some((Freshness::New, _)));
        let freshness = if is_asked { Freshness::New } else { freshness };
        let identity = self.admitted.identity.clone();
        self.sectors = Some((freshness, (self.gateway.inner.find_sectors)(identity, freshness)));
    }

    fn heard_nonsense(&mut self, why: &str) {
        match self.pace.strike() {
            Verdict::End => self.connection.close(Close::BadMessage),
            _ => self.connection.say(&ServerMessage::error("bad_message", why)),
        }
    }

    fn reseat(&mut self, sectors: Sectors, freshness: Freshness) {
        let told = match &sectors {
            Sectors::These(these) => ServerMessage::sectors(these.iter().copied()),
            Sectors::All => ServerMessage::error("sectors_unknown", "your sectors cannot be looked up now"),
        };
        let is_news = self.admitted.listens.sectors != sectors;
        self.admitted.listens.sectors = sectors.clone();
        self.gateway.inner.hub.reseat(self.admitted.identity.tenant, self.connection.id, sectors);
        // An old client is told only what it has asked for.
        if freshness == Freshness::New || (self.connection.is_v1 && is_news) {
            self.connection.say(&told);
        }
    }

    /// Takes a new token of the same person.
    fn refresh(&mut self, token: &str) {
        let own = &self.admitted.identity;
        let is_same = |new: &Identity| {
            new.tenant == own.tenant
                && new.user == own.user
                && new.session == own.session
                && new.branches == own.branches
                && new.sectors == own.sectors
        };
        let said = match self.gateway.identify(self.connection.endpoint, token) {
            Ok(new) if is_same(&new) => {
                let until = new.expires;
                self.watch.renew(own.expires, until);
                self.admitted.identity = new;
                ServerMessage::auth_refreshed(until)
            }
            Ok(_) => ServerMessage::error(
                "auth_refused",
                "the token is of another user, or of other branches or sectors: connect anew with it",
            ),
            Err(refusal) => ServerMessage::error("auth_refused", refusal.to_string()),
        };
        self.connection.say(&said);
    }
}

/// The sectors, once they are found; never when nobody asks.
async fn found(asked: &mut Option<(Freshness, BoxFuture<'static, Sectors>)>) -> (Freshness, Sectors) {
    match asked {
        Some((freshness, asking)) => {
            let found = (*freshness, asking.await);
            *asked = None;
            found
        }
        None => std::future::pending().await,
    }
}

/// Streams of others are not asked for, and names that are none are nobody's.
pub(super) fn read_positions(streams: StreamPositions) -> Positions {
    let read = streams.into_iter().filter_map(|(name, position)| {
        Some((stream_branch(&name)?, Position { epoch: position.epoch.into(), offset: position.offset }))
    });
    read.collect()
}
