//! The real-time gateway: tells the right people of a venue, at once, what happens there.
//!
//! `hub` gives every event its place in its branch's `stream` and sends it to those listeners of the `tenant` whom
//! `audience` names; `lanes` keep tenants from delaying each other. A client's `socket` is written to by whoever has
//! something for it and never waited for; `session` is its life from the handshake to the close. Who listens by a stream of
//! HTTP is a `listener` that takes what waits for it. Nothing in here knows HTTP or the store.

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
mod lanes;
mod limits;
mod listener;
mod listening;
mod once;
mod outbox;
mod pace;
mod session;
mod settings;
mod socket;
mod stream;
mod sync;
mod tenant;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use arrival::Arrival;
pub use audience::{Group, Listens, Sectors, audience};
pub use close::{Close, Retry};
pub use drops::DropRate;
pub use figures::{Count, Figures, Found, Handshake, Level, Rejected, Spread};
pub use health::{Breaker, Checkup, Health, LinkState, RedisHealth};
pub use hub::{Hub, Member, Start};
pub use identity::{Doorman, Identity, Refusal};
pub use lanes::LaneFull;
pub use limits::{Full, Guest, Limits, Most, Place};
pub use listening::{Listening, Notice};
pub use outbox::{Put, Room};
pub use settings::Settings;
pub use socket::{Deaf, Heard, Reader, Socket};
pub use stream::{Keep, Position, Stamped, Stream};
pub use tenant::{Joined, Positions, SessionOver, Tenant};

use crate::auth::TableKeys;
use crate::clock::Clock;
use crate::domain::{Endpoint, Event};
use client::Client;
use once::Once;

/// How often what nobody needs any more is forgotten.
const TIDY_EVERY: Duration = Duration::from_secs(30);

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
    hub: Hub<Client>,
    limits: Limits,
    figures: Arc<Figures>,
    /// Ids of the events that publishers of HTTP sent of late.
    once: Mutex<Once>,
    redis: Mutex<RedisHealth>,
    tasks: TaskTracker,
    stop: CancellationToken,
    next_id: AtomicU64,
}

impl Gateway {
    /// Starts it on `context.tasks`, until `context.stop`.
    pub fn start(context: GatewayContext) -> Self {
        let GatewayContext { settings, clock, doorman, find_sectors, tasks, stop } = context;
        let figures = Arc::new(Figures::default());
        let hub = Hub::new(settings.keep, settings.queue, clock.clone(), figures.clone());
        tasks.spawn(hub.clone().run(stop.clone()));
        let lanes = hub.clone();
        tasks.spawn(drops::watch(figures.clone(), move || lanes.waiting(), stop.clone()));
        let inner = Inner {
            limits: Limits::new(settings.most),
            settings,
            clock,
            doorman,
            find_sectors,
            hub,
            figures,
            once: Mutex::default(),
            redis: Mutex::default(),
            tasks: tasks.clone(),
            stop,
            next_id: AtomicU64::new(1),
        };
        let gateway = Self { inner: Arc::new(inner) };
        tasks.spawn(gateway.clone().tidy());
        gateway
    }

    /// Takes an event, to be sent soon.
    ///
    /// # Errors
    /// When too many of its tenant's wait.
    pub fn publish(&self, event: Event) -> Result<(), LaneFull> {
        self.inner.hub.publish(event)
    }

    /// Who holds `token`, if it opens `endpoint`.
    ///
    /// # Errors
    /// When it is not valid, or is for something else.
    pub fn identify(&self, endpoint: Endpoint, token: &str) -> Result<Identity, Refusal> {
        self.inner.doorman.identify(endpoint, token)
    }

    /// A place for somebody at `ip`; `None` on this very machine.
    ///
    /// # Errors
    /// When a limit is reached.
    pub fn take_place(&self, identity: &Identity, ip: Option<IpAddr>) -> Result<Place, Full> {
        let Identity { tenant, user, session, .. } = identity.clone();
        self.inner.limits.take(Guest { tenant, user, session, ip })
    }

    /// Serves a client whose handshake is done, on a task of its own.
    pub fn serve(&self, arrival: Arrival) {
        self.inner.tasks.spawn(arrival::serve(self.clone(), arrival));
    }

    pub fn figures(&self) -> &Figures {
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
        self.inner.hub.waiting()
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

    async fn tidy(self) {
        let mut ticks = tokio::time::interval(TIDY_EVERY);
        loop {
            tokio::select! {
                () = self.inner.stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            self.inner.hub.tidy();
            self.inner.once.lock().unwrap_or_else(PoisonError::into_inner).tidy(Instant::now());
        }
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}
