//! The real-time gateway: tells the right people of a venue, at once, what happens there.
//!
//! `hub` gives every event its place in its branch's `stream` and sends it to those listeners of the `tenant` whom
//! `audience` names; `lanes` keep tenants from delaying each other. A client's `socket` is written to by whoever has
//! something for it and never waited for, over a `line` that may be TLS; `session` is its life from the handshake to
//! the close. Who listens by a stream of HTTP is a `listener` that takes what waits for it. With `redis` several
//! servers share streams. Nothing in here knows HTTP or the store.

mod arrival;
mod audience;
mod client;
mod close;
mod conn;
mod drops;
mod figures;
mod frame;
mod health;
mod hub;
mod identity;
#[cfg(all(test, feature = "interleavings"))]
mod interleavings;
mod lanes;
mod limits;
mod line;
mod listener;
mod listening;
mod outbox;
mod pace;
mod pulse;
mod recent;
mod redis;
mod sectors;
mod session;
mod settings;
mod socket;
mod stream;
mod sync;
mod tenant;
mod watch;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::redis::{BreakerState, RedisAt, RedisStatus, RedisUrlError};
pub use arrival::{Admitted, Arrival};
pub use audience::{Group, Listens, Sectors, audience};
pub use close::{Close, Retry};
pub use drops::DropRate;
pub use figures::{Count, Figures, Found, Handshake, Rejected, Spread};
pub use frame::text as text_frame;
pub use health::{Checkup, Health, by_code};
pub use hub::{Hub, Member, SessionOver, Start};
pub use identity::{Doorman, Identity, Refusal};
pub use lanes::LaneFull;
pub use limits::{Full, Guest, Limits, Most, Place};
pub use line::Line;
pub use listening::{Listening, Notice};
pub use outbox::{Put, Room};
pub use pulse::{Next, Pulse};
pub use sectors::{Changed, LookUp, SectorCache, SectorContext, SectorFigures, Served, Station};
pub use settings::Settings;
pub use socket::{Deaf, Heard, Reader, Socket};
pub use stream::{Keep, Placed, Position, Stamped, Stream};
pub use tenant::{Joined, Positions, Tenant};
pub use watch::{Due, Holder, Watch};

use self::redis::{Link, Need};
use crate::auth::{Bearer, Cleared, TableKeys, TokenError};
use crate::clock::Clock;
use crate::domain::{ClearedTable, Endpoint, Event, TenantId, Timestamp};
use client::Client;

/// How often what nobody needs any more is forgotten.
const TIDY_EVERY: Duration = Duration::from_secs(30);

/// Sockets of people who have not said who they are: all of a full house coming back at once.
const MAX_STRANGERS: usize = 10_000;

/// A client waits so long for its streams when Redis has to be asked for them.
const STREAMS_WITHIN: Duration = Duration::from_secs(2);

/// Which sectors a waiter serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// As it was known a moment ago.
    Known,
    /// As it is now.
    New,
}

/// Looks up which sectors somebody serves.
pub type FindSectors = Arc<dyn Fn(Identity, Freshness) -> BoxFuture<'static, Sectors> + Send + Sync>;

/// What the gateway needs of the house.
pub struct GatewayContext {
    pub settings: Settings,
    pub clock: Clock,
    pub doorman: Doorman,
    pub find_sectors: FindSectors,
    pub cleared: Cleared,
    /// Where the Redis is that several servers share; `None` when this one is alone.
    pub redis: Option<RedisAt>,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

/// The running gateway; cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    clock: Clock,
    doorman: Doorman,
    find_sectors: FindSectors,
    cleared: Cleared,
    hub: Hub<Client>,
    limits: Limits,
    figures: Arc<Figures>,
    redis: Option<Link>,
    tasks: TaskTracker,
    stop: CancellationToken,
    next_id: AtomicU64,
    /// How often sectors may have changed.
    reassigned: AtomicU64,
    /// Sockets of those who are not let in, or not yet.
    strangers: Arc<Semaphore>,
}

impl Gateway {
    /// Starts it on `context.tasks`, until `context.stop`.
    ///
    /// # Errors
    /// When the address of Redis is none. That nobody is there is no error: it may come later.
    pub fn start(context: GatewayContext) -> Result<Self, RedisUrlError> {
        let GatewayContext { settings, clock, doorman, find_sectors, cleared, redis, tasks, stop } = context;
        let figures = Arc::new(Figures::default());
        let hub = Hub::new(settings.keep, settings.queue, clock.clone(), figures.clone(), cleared.clone());
        tasks.spawn(hub.clone().run(stop.clone()));
        let lanes = hub.clone();
        tasks.spawn(drops::watch(figures.clone(), move || lanes.waiting(), stop.clone()));
        tasks.spawn(tidy(hub.clone(), stop.clone()));
        let limits = Limits::new(settings.most);
        let link = |at: RedisAt| Link::start(at, &settings, &hub, (&figures, &clock), (&tasks, &stop));
        let redis = redis.map(link).transpose()?;
        let inner = Inner {
            settings,
            clock,
            doorman,
            find_sectors,
            cleared,
            hub,
            limits,
            figures,
            redis,
            tasks,
            stop,
            next_id: AtomicU64::new(1),
            reassigned: AtomicU64::new(0),
            strangers: Arc::new(Semaphore::new(MAX_STRANGERS)),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Takes an event, to be sent soon; when Redis is away, once it is back.
    ///
    /// # Errors
    /// When too many of its tenant's wait.
    pub fn publish(&self, event: Event) -> Result<(), LaneFull> {
        match &self.inner.redis {
            Some(redis) => {
                let table = ClearedTable::told_by(&event);
                redis.publish(event)?;
                // It may be that nobody here follows its stream.
                table.into_iter().for_each(|table| self.inner.cleared.set(table));
                Ok(())
            }
            None => self.inner.hub.publish(event),
        }
    }

    /// Whether an event that is taken now will be sent soon: not when Redis has been away for some time. Whoever can say
    /// so to its publisher should, and not take it; who cannot publishes all the same.
    pub fn takes_events(&self) -> bool {
        self.inner.redis.as_ref().is_none_or(Link::takes_events)
    }

    /// How it stands with Redis; `None` when this server is alone.
    pub fn redis_status(&self) -> Option<RedisStatus> {
        self.inner.redis.as_ref().map(Link::status)
    }

    /// Waits until the streams are there that a listener has, and keeps them until the answer is dropped.
    ///
    /// # Errors
    /// When they do not come in time: Redis is away, and nobody here listened to them before it went.
    async fn need(&self, tenant: TenantId, listens: &Listens) -> Result<Option<Need>, Close> {
        let Some(redis) = &self.inner.redis else { return Ok(None) };
        let mut need = redis.need(tenant, listens);
        if need.is_met(STREAMS_WITHIN).await { Ok(Some(need)) } else { Err(Close::TryLater) }
    }

    /// Who holds `token`, if it opens `endpoint`.
    ///
    /// # Errors
    /// When it is not valid, or is for something else.
    pub fn identify(&self, endpoint: Endpoint, token: &str) -> Result<Identity, Refusal> {
        let identity = self.inner.doorman.identify(endpoint, token)?;
        self.check_end(identity.expires)?;
        match identity.session.is_none() || self.inner.cleared.is_whole() {
            true => Ok(identity),
            false => Err(TokenError::Unsure.into()),
        }
    }

    /// Who of the staff holds `token`, whatever it opens.
    ///
    /// # Errors
    /// When it is not valid.
    pub fn bearer(&self, token: &str) -> Result<Bearer, TokenError> {
        let bearer = self.inner.doorman.bearer(token)?;
        self.check_end(bearer.expires)?;
        Ok(bearer)
    }

    /// To the second: a connection would be ended at once, though a request is given some leeway.
    fn check_end(&self, expires: Timestamp) -> Result<(), TokenError> {
        if expires <= self.inner.clock.now() { Err(TokenError::Expired) } else { Ok(()) }
    }

    /// Changes whenever tokens are revoked, and at once: some may have been since they were looked at.
    pub fn revoked(&self) -> tokio::sync::watch::Receiver<()> {
        let mut revoked = self.inner.doorman.revocations.changes();
        revoked.mark_changed();
        revoked
    }

    /// How connections behave.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// A socket for somebody who is not let in yet, or is to be told by a close that they are not, as long as the answer
    /// lives; `None` when too many have one.
    pub fn stranger(&self) -> Option<OwnedSemaphorePermit> {
        self.inner.strangers.clone().try_acquire_owned().ok()
    }

    /// A place for a guest.
    ///
    /// # Errors
    /// When a limit is reached.
    pub fn take_seat(&self, guest: Guest) -> Result<Place, Full> {
        self.inner.limits.take(guest)
    }

    /// A place for somebody at `ip`; `None` on this very machine.
    ///
    /// # Errors
    /// When a limit is reached.
    pub fn take_place(&self, identity: &Identity, ip: Option<IpAddr>) -> Result<Place, Full> {
        let Identity { tenant, user, session, .. } = identity.clone();
        self.take_seat(Guest { tenant, user, session, ip })
    }

    /// Serves a client whose handshake is done, on a task of its own.
    pub fn serve(&self, arrival: Arrival) {
        self.inner.tasks.spawn(arrival::serve(self.clone(), arrival));
    }

    /// Tells waiters of a tenant, or one by name, that they may serve other sectors than before.
    pub fn look_again(&self, tenant: TenantId, user: Option<&str>) {
        // Before those are asked who are seated: whoever is not yet sees that it has to look.
        self.inner.reassigned.fetch_add(1, Ordering::SeqCst);
        for waiter in self.inner.hub.waiters(tenant) {
            if user.is_none() || waiter.user() == user {
                waiter.look_again();
            }
        }
    }

    pub fn figures(&self) -> &Arc<Figures> {
        &self.inner.figures
    }

    /// Counts a handshake that begins, until it is dropped.
    pub fn handshake(&self) -> Handshake {
        Handshake::begin(self.inner.figures.clone())
    }

    /// Locks that listeners take: one for each tenant, with all of its branches.
    pub fn tenant_locks(&self) -> usize {
        self.inner.hub.tenants()
    }

    /// Events that wait.
    pub fn waiting(&self) -> usize {
        self.inner.hub.waiting() + self.redis_status().map_or(0, |redis| redis.waiting)
    }

    /// Whether the server is about to stop: nobody else is let in.
    pub fn is_stopping(&self) -> bool {
        self.inner.stop.is_cancelled()
    }

    /// What tokens of tables are signed with.
    pub fn tables(&self) -> &TableKeys {
        &self.inner.doorman.tables
    }

    fn next_id(&self) -> u64 {
        self.inner.next_id.fetch_add(1, Ordering::Relaxed)
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

async fn tidy(hub: Hub<Client>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(TIDY_EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => hub.tidy(),
        }
    }
}
