//! One client's life once it is let in: what it missed, what it says, and how it ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::{Instant, sleep_until};

use super::arrival::Admitted;
use super::audience::Sectors;
use super::client::Client;
use super::close::Close;
use super::conn::{Connection, told};
use super::hub::Start;
use super::identity::Identity;
use super::pace::{Pace, Verdict};
use super::pulse::{Next, Pulse};
use super::socket::{Heard, Reader};
use super::stream::Position;
use super::tenant::Positions;
use super::watch::{Due, Holder, Watch};
use super::{Freshness, Gateway};
use crate::domain::Endpoint;
use crate::wire::{ClientMessage, ServerMessage, StreamPositions, stream_branch};

/// For so long a client may say from where it goes on, before it is told what happens now: it gets all in order then.
const GRACE: Duration = Duration::from_millis(250);

/// Messages that are read before others have their turn.
const READS: usize = 32;

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
    pulse: Pulse,
    watch: Watch,
    /// A look-up of the waiter's sectors that it has asked for.
    sectors: Option<(Freshness, BoxFuture<'static, Sectors>)>,
    /// When they were looked up last.
    looked: Instant,
}

impl Session {
    pub(super) fn new(
        gateway: Gateway,
        connection: Arc<Connection>,
        admitted: Admitted,
        reader: Reader,
    ) -> Self {
        Self {
            pace: Pace::new(gateway.inner.settings.messages_per_second),
            pulse: Pulse::begin(),
            watch: Watch::new(&gateway, Holder::from(&admitted.identity)),
            gateway,
            connection,
            admitted,
            reader,
            held: None,
            is_told: false,
            sectors: None,
            looked: Instant::now(),
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
        let reassigned = self.gateway.inner.reassigned.load(Ordering::SeqCst);
        if std::mem::replace(&mut self.admitted.reassigned, reassigned) != reassigned {
            self.connection.look_again.notify_one();
        }
    }

    pub(super) async fn run(&mut self) {
        let stop = self.gateway.inner.stop.clone();
        let mut revoked = self.gateway.revoked();
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
                    let revoked = self.watch.revalidate(&self.gateway);
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
            self.pulse.see_end(&connection.socket);
        }
    }

    /// When there is something to do though nothing comes.
    fn next_time(&self) -> Instant {
        let due = self.held.into_iter().fold(self.watch.next_time(&self.gateway), Instant::min);
        self.pulse.next_time(&self.gateway.inner.settings, due)
    }

    /// Does what is due.
    fn pass(&mut self, now: Instant) -> Next {
        if !self.pulse.is_parting() {
            if self.held.take_if(|until| *until <= now).is_some() {
                self.go_on();
            }
            match self.watch.due(&self.gateway) {
                Due::End(close) => self.connection.close(close),
                Due::Warn(expires) if self.connection.is_v1 => {
                    self.connection.say(&ServerMessage::token_expiring(expires));
                }
                Due::Warn(_) | Due::Nothing => {}
            }
            // Another server may have been told of other sectors.
            let is_old = self.looked + self.gateway.inner.settings.revalidate_every <= now;
            if is_old && self.looks_up_sectors() {
                self.look_up_sectors(Freshness::Known);
            }
        }
        self.pulse.beat(&self.gateway.inner.settings, &self.connection.socket, now)
    }

    /// Reads what has come.
    fn read(&mut self) -> Next {
        for _ in 0..READS {
            match self.pulse.read(&mut self.reader, &self.connection.socket) {
                Ok(Heard::Text(text)) => self.hear(&text),
                Ok(Heard::Binary(_)) => self.heard_nonsense("messages are texts"),
                Ok(_) => {}
                Err(next) => return next,
            }
        }
        Next::GoOn
    }

    fn hear(&mut self, text: &str) {
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
                self.connection.socket.overflow();
            }
            ClientMessage::Resume { streams } => self.resume(streams),
            ClientMessage::Auth { .. } => {
                self.connection.say(&ServerMessage::error("known", "use auth_refresh for a new token"));
            }
            ClientMessage::AuthRefresh { token } => self.refresh(&token),
            ClientMessage::RefreshSectors {} if self.connection.endpoint != Endpoint::Waiter => {
                self.heard_nonsense("only waiters have sectors");
            }
            ClientMessage::RefreshSectors {} if self.looks_up_sectors() => {
                self.look_up_sectors(Freshness::New);
            }
            ClientMessage::RefreshSectors {} => {
                self.connection.say(&ServerMessage::sectors(self.admitted.identity.sectors.iter().copied()));
            }
        }
    }

    /// Whether its sectors are not those of its token.
    fn looks_up_sectors(&self) -> bool {
        self.admitted.identity.looks_up_sectors(self.connection.endpoint)
    }

    fn look_up_sectors(&mut self, freshness: Freshness) {
        // Whoever has asked is answered, though something else makes it be looked up meanwhile.
        let is_asked = matches!(self.sectors, Some((Freshness::New, _)));
        let freshness = if is_asked { Freshness::New } else { freshness };
        let identity = self.admitted.identity.clone();
        self.looked = Instant::now();
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
        if !is_news && freshness == Freshness::Known {
            return;
        }
        self.admitted.listens.sectors = sectors.clone();
        self.gateway.inner.hub.reseat(self.admitted.identity.tenant, self.connection.id, sectors);
        // An old client is told only what it has asked for.
        if freshness == Freshness::New || self.connection.is_v1 {
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
                self.watch.renew(Holder::from(&new));
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
