//! The connection by which this server hears: subscribes to what its listeners need, follows their streams, and takes what
//! other systems publish. When it is lost it is made anew, and every stream goes on where it was.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::RedisResult;
use redis::aio::MultiplexedConnection;
use tokio::time::{sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::act::do_act;
use super::asks::{Asks, Done};
use super::backoff::Backoff;
use super::foreign::{Hearsay, is_own_road};
use super::heard::{Heard, Inbox};
use super::keys::{self, Place};
use super::live::{First, Live, Next};
use super::packet::Packet;
use super::server::is_refusal;
use super::subs::{Subs, unsubscribe};
use super::wants::Want;
use crate::gateway::hub::{Hub, Member};
use crate::gateway::stream::Position;

/// How often is looked whether Redis is there and what nobody needs any more.
const TICK: Duration = Duration::from_secs(1);

/// Redis is asked whether it is there when it said nothing for so long.
const SILENCE: Duration = Duration::from_secs(2);

/// After so long a stream for which there was no room is tried again.
const ROOM: Duration = Duration::from_millis(20);

/// After a refusal it is tried again so much later: somebody may have changed what is allowed.
const REFUSED: Duration = Duration::from_secs(1);

/// What this server follows.
pub(super) struct Bridge<M> {
    shared: Arc<Shared>,
    hub: Hub<M>,
    streams: HashMap<Place, Live>,
    /// What is needed, and subscribed while there is a connection.
    wants: HashSet<Want>,
    /// Those of them that are not there yet.
    pending: Vec<Want>,
    subs: Subs,
    /// Patterns by which messages come now.
    patterns: HashSet<Arc<str>>,
    hearsay: Hearsay,
    /// When streams that are behind are tried again.
    retry: Option<tokio::time::Instant>,
}

impl<M: Member> Bridge<M> {
    pub(super) fn new(shared: Arc<Shared>, hub: Hub<M>) -> Self {
        Self {
            shared,
            hub,
            streams: HashMap::new(),
            wants: HashSet::new(),
            pending: Vec::new(),
            subs: Subs::default(),
            patterns: HashSet::new(),
            hearsay: Hearsay::default(),
            retry: None,
        }
    }

    /// Hears until `done`.
    pub(super) async fn run(mut self, done: CancellationToken) {
        let mut backoff = Backoff::new();
        loop {
            let ended = tokio::select! {
                ended = self.connect(&mut backoff) => ended,
                // With the connection all subscriptions end.
                () = done.cancelled() => return self.shared.status.disconnect(),
            };
            self.shared.status.disconnect();
            if let Err(error) = ended {
                self.shared.status.note_error(&error);
            }
            tokio::select! {
                () = sleep(backoff.next()) => {}
                () = done.cancelled() => return,
            }
        }
    }

    /// Makes a connection and hears by it until it is lost.
    async fn connect(&mut self, backoff: &mut Backoff) -> RedisResult<()> {
        let (mut inbox, hear) = Inbox::new(self.shared.figures.clone());
        let mut connection = self.shared.server.listen(hear).await?;
        self.shared.status.connect();
        // Whoever publishes need not wait out its half minute.
        self.shared.back.send_modify(|times| *times += 1);
        let mut asks = Asks::new(connection.clone());
        self.resume(&connection, &mut asks).await?;
        backoff.reset();
        let mut ticks = tokio::time::interval(TICK);
        let mut last_heard = Instant::now();
        loop {
            let retry = self.retry;
            tokio::select! {
                heard = inbox.next() => {
                    last_heard = Instant::now();
                    match heard {
                        Some(Heard::Over) | None => return Err(lost()),
                        Some(heard) => self.hear(heard, &mut asks),
                    }
                }
                Some(answer) = asks.next() => {
                    last_heard = Instant::now();
                    self.take(answer, &mut asks)?;
                }
                () = self.shared.wants.changed.notified() => {
                    let fresh = self.shared.wants.fresh();
                    self.add(fresh, &connection, &mut asks).await?;
                }
                () = sleep_until(retry.unwrap_or_else(tokio::time::Instant::now)), if retry.is_some() => {
                    self.retry = None;
                    self.ask_behind(&mut asks);
                }
                _ = ticks.tick() => {
                    if inbox.is_lost() {
                        return Err(lost());
                    }
                    self.sweep(&mut connection, &mut asks).await?;
                    if inbox.is_to_be_read_again() {
                        self.ask_all(&mut asks);
                    }
                    if last_heard.elapsed() > SILENCE {
                        asks.ping();
                    }
                }
            }
            self.settle(&asks);
        }
    }

    /// Subscribes anew, and asks for what came meanwhile.
    async fn resume(&mut self, connection: &MultiplexedConnection, asks: &mut Asks) -> RedisResult<()> {
        self.patterns.clear();
        self.retry = None;
        let refusal = self.subs.subscribe_all(connection).await?;
        refusal.iter().for_each(|error| self.shared.status.be_refused(error));
        self.catch_up(asks);
        let fresh = self.shared.wants.fresh();
        self.add(fresh, connection, asks).await?;
        self.settle(asks);
        Ok(())
    }

    /// Asks for whatever may have come unheard.
    fn catch_up(&mut self, asks: &mut Asks) {
        self.ask_all(asks);
        for want in &self.wants {
            if let Want::Tenant(tenant) = want {
                asks.branches(*tenant);
            }
        }
    }

    async fn add(
        &mut self,
        fresh: Vec<Want>,
        connection: &MultiplexedConnection,
        asks: &mut Asks,
    ) -> RedisResult<()> {
        let mut new = Vec::new();
        for want in &fresh {
            new.extend(self.subs.add(want));
            self.wants.insert(want.clone());
            self.pending.push(want.clone());
            if let Want::Branch(tenant, branch) = want {
                let place = (*tenant, *branch);
                let first = self.first(place);
                self.streams.entry(place).or_insert_with(|| Live::new(first));
            }
        }
        let refusal = self.subs.subscribe(connection, new).await?;
        refusal.iter().for_each(|error| self.shared.status.be_refused(error));
        for want in fresh {
            match want {
                Want::Branch(tenant, branch) => self.ask((tenant, branch), asks),
                Want::Tenant(tenant) => asks.branches(tenant),
                Want::Session(..) => {}
            }
        }
        Ok(())
    }

    /// Who is to get the first events of a stream that was not known: those who listen to all of the tenant.
    fn first(&self, (tenant, _): Place) -> First {
        match self.shared.wants.is_ready(&Want::Tenant(tenant)) {
            true => First::All,
            false => First::Nobody,
        }
    }

    fn ask(&mut self, place: Place, asks: &mut Asks) {
        if let Some(live) = self.streams.get_mut(&place) {
            asks.log(place, live.ask(self.shared.kept.events));
        }
    }

    fn ask_all(&mut self, asks: &mut Asks) {
        let places: Vec<_> = self.streams.keys().copied().collect();
        places.into_iter().for_each(|place| self.ask(place, asks));
    }

    fn ask_behind(&mut self, asks: &mut Asks) {
        let behind = self.streams.iter().filter(|(_, live)| live.is_behind());
        let behind: Vec<_> = behind.map(|(place, _)| *place).collect();
        behind.into_iter().for_each(|place| self.ask(place, asks));
    }

    fn hear(&mut self, heard: Heard, asks: &mut Asks) {
        match heard {
            Heard::Begins(pattern) => drop(self.patterns.insert(pattern.into())),
            Heard::Ends(pattern) => drop(self.patterns.remove(pattern.as_str())),
            Heard::Message { channel, payload, pattern } if channel.starts_with(keys::OURS) => {
                drop(pattern);
                let told = keys::read_live(&channel).zip(Packet::read(&payload));
                match told {
                    Some((place, packet)) => self.tell(place, packet, asks),
                    None => self.shared.figures.refused.add(1),
                }
            }
            Heard::Message { channel, payload, pattern } => {
                if is_own_road(&self.patterns, &channel, pattern.as_deref()) {
                    self.hear_foreign(&channel, &payload);
                }
            }
            Heard::Over => {}
        }
    }

    fn hear_foreign(&mut self, channel: &str, payload: &[u8]) {
        let figures = &self.shared.figures;
        match self.hearsay.read(channel, payload, Instant::now()) {
            Ok(event) => {
                if self.shared.outbox.put(event).is_err() {
                    figures.dropped.add(1);
                }
            }
            Err(why) => {
                figures.refused.add(1);
                tracing::debug!(channel, why, "a message is no event of its channel");
            }
        }
    }

    /// Takes an event that Redis told.
    fn tell(&mut self, place: Place, packet: Packet, asks: &mut Asks) {
        let lag = self.shared.clock.now().since(packet.at);
        self.shared.status.note_lag(lag);
        self.shared.figures.lag_seconds.add(lag.as_secs_f64());
        if !self.streams.contains_key(&place) {
            let tenant = Want::Tenant(place.0);
            if !self.wants.contains(&tenant) {
                // Nobody needs it any more.
                return;
            }
            let live = match self.first(place) {
                First::All => {
                    let before = Position { epoch: packet.epoch.clone(), offset: packet.prev };
                    self.hub.load(place.0, place.1, before.clone(), Vec::new());
                    Live::begun(before)
                }
                First::Nobody => Live::new(First::Nobody),
            };
            let is_loaded = live.is_loaded();
            self.streams.insert(place, live);
            if !is_loaded {
                self.ask(place, asks);
            }
        }
        let live = self.streams.get_mut(&place).expect("a stream that was put in should be there");
        let figures = &self.shared.figures;
        let mut act = |act| do_act(&self.hub, place, act, &self.shared);
        let next = live.hear(packet, &mut act, || figures.gaps.add(1));
        self.go_on(place, next, asks);
    }

    fn go_on(&mut self, place: Place, next: Next, asks: &mut Asks) {
        match next {
            Next::Nothing => {}
            Next::Ask(part) => asks.log(place, part),
            Next::Wait => self.retry = self.retry.or(Some(tokio::time::Instant::now() + ROOM)),
        }
    }

    /// Takes an answer.
    fn take(&mut self, answer: Done, asks: &mut Asks) -> RedisResult<()> {
        match answer {
            Done::Pong(pong) => return pong,
            Done::Branches(tenant, Err(error)) if is_refusal(&error) => {
                self.shared.status.be_refused(&error);
                if self.wants.contains(&Want::Tenant(tenant)) {
                    asks.branches_after(REFUSED, tenant);
                }
            }
            Done::Branches(tenant, branches) => {
                for branch in branches? {
                    let place = (tenant, branch);
                    if self.streams.contains_key(&place) {
                        continue;
                    }
                    self.streams.insert(place, Live::new(self.first(place)));
                    self.ask(place, asks);
                }
            }
            Done::Log(place, Ok(answer)) => {
                let Some(live) = self.streams.get_mut(&place) else { return Ok(()) };
                let mut act = |act| do_act(&self.hub, place, act, &self.shared);
                let next = live.take(answer, &mut act);
                self.go_on(place, next, asks);
            }
            Done::Log(place, Err(error)) if is_refusal(&error) => {
                self.shared.status.note_error(&error);
                if let Some(live) = self.streams.get_mut(&place) {
                    live.wait();
                    let later = tokio::time::Instant::now() + REFUSED;
                    self.retry = self.retry.or(Some(later));
                }
            }
            Done::Log(_, Err(error)) => return Err(error),
        }
        Ok(())
    }

    /// Tells those who wait for what is there now.
    fn settle(&mut self, asks: &Asks) {
        let (streams, subs) = (&self.streams, &self.subs);
        let is_loaded = |place: &Place| streams.get(place).is_some_and(Live::is_loaded);
        let is_read = |want: &Want| match want {
            Want::Branch(tenant, branch) => is_loaded(&(*tenant, *branch)),
            Want::Session(..) => true,
            Want::Tenant(tenant) => {
                let mut own = streams.iter().filter(|((of, _), _)| of == tenant);
                !asks.is_listing(*tenant) && own.all(|(_, live)| live.is_loaded())
            }
        };
        let is_there = |want: &Want| subs.are_heard(want) && is_read(want);
        let wants = &self.shared.wants;
        self.pending.extract_if(.., |want| is_there(want)).for_each(|want| wants.set_ready(&want));
        self.shared.status.count(self.subs.len(), self.streams.len());
        if !asks.is_empty() || self.pending.iter().any(|want| self.subs.are_heard(want)) {
            return;
        }
        match self.subs.are_all_heard() {
            true => self.shared.status.be_ready(),
            // Those whose channel is refused may wait for ever; the others are not to wait with them.
            false => self.shared.status.be_ready_but_for_refused(),
        }
    }

    /// Gives up what nobody needs any more, and asks again for what was refused.
    async fn sweep(&mut self, connection: &mut MultiplexedConnection, asks: &mut Asks) -> RedisResult<()> {
        let mut gone = Vec::new();
        for want in self.shared.wants.sweep(Instant::now()) {
            self.wants.remove(&want);
            self.pending.retain(|pending| *pending != want);
            gone.extend(self.subs.remove(&want));
            let (tenant, wants) = (want.tenant(), &self.wants);
            let is_needed = |(of, branch): &Place| {
                wants.contains(&Want::Branch(*of, *branch)) || wants.contains(&Want::Tenant(*of))
            };
            let hub = &self.hub;
            self.streams
                .extract_if(|place, _| place.0 == tenant && !is_needed(place))
                .for_each(|((tenant, branch), _)| hub.release(tenant, branch));
        }
        self.hearsay.sweep(Instant::now());
        unsubscribe(connection, gone).await?;
        if self.subs.retry(connection).await? {
            self.catch_up(asks);
        }
        Ok(())
    }
}

fn lost() -> redis::RedisError {
    redis::RedisError::from((redis::ErrorKind::Io, "the connection is lost"))
}
