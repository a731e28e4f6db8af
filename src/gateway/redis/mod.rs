//! Several servers, one space of events: Redis gives every event its place and tells all who follow its stream.
//!
//! `publisher` sends events to it, one `script` a piece; `bridge` hears by one connection what `wants` say that listeners
//! here need, `live` puts it in order, and `foreign` takes what other systems publish on plain channels. What a listener
//! gets comes by one road only, also of what this very server publishes.

mod act;
mod asks;
mod backoff;
mod breaker;
mod bridge;
mod foreign;
mod heard;
mod keys;
mod live;
mod packet;
mod publisher;
mod script;
mod server;
mod status;
mod subs;
mod wants;

use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use breaker::BreakerState;
pub use status::RedisStatus;

pub(super) use wants::Need;

use super::figures::Figures;
use super::hub::{Hub, Member};
use super::lanes::LaneFull;
use super::{Listens, Settings};
use crate::clock::Clock;
use crate::domain::{Event, TenantId};
use breaker::Breaker;
use bridge::Bridge;
use publisher::{Outbox, Outgoing, publish};
use script::Kept;
use server::Server;
use status::Status;
use wants::Wants;

/// Where Redis is.
#[derive(Clone)]
pub struct RedisAt {
    /// `redis://…` or `rediss://…`.
    pub url: String,
    /// Of `rediss://`, who signs its certificate, in PEM; `None`: whom this machine trusts.
    pub ca: Option<Vec<u8>>,
}

/// What both connections share.
struct Shared {
    server: Server,
    kept: Kept,
    outbox: Outbox,
    wants: Arc<Wants>,
    breaker: Breaker,
    /// How often Redis was found: who waits for it need not wait longer.
    back: watch::Sender<u64>,
    status: Status,
    figures: Arc<Figures>,
    clock: Clock,
}

/// The link to Redis; cheap to clone.
#[derive(Clone)]
pub(super) struct Link {
    shared: Arc<Shared>,
}

impl Link {
    /// Starts it on `tasks`, until `stop` and what waits is sent.
    ///
    /// # Errors
    /// When `at` is none of Redis.
    pub(super) fn start<M: Member>(
        at: RedisAt,
        settings: &Settings,
        hub: &Hub<M>,
        (figures, clock): (&Arc<Figures>, &Clock),
        (tasks, stop): (&TaskTracker, &CancellationToken),
    ) -> Result<Self, RedisUrlError> {
        let server = Server::new(at).map_err(|error| RedisUrlError(error.to_string()))?;
        let kept = Kept { events: settings.keep.events.max(1), seconds: settings.keep.age.as_secs().max(1) };
        let shared = Arc::new(Shared {
            server,
            kept,
            outbox: Outbox::new(settings.queue),
            wants: Arc::default(),
            breaker: Breaker::new(),
            back: watch::Sender::new(0),
            status: Status::default(),
            figures: figures.clone(),
            clock: clock.clone(),
        });
        let published = CancellationToken::new();
        tasks.spawn(publish(shared.clone(), stop.clone(), published.clone()));
        tasks.spawn(Bridge::new(shared.clone(), hub.clone()).run(published));
        Ok(Self { shared })
    }

    /// Takes an event, to be sent as soon as Redis takes it.
    pub(super) fn publish(&self, event: Event) -> Result<(), LaneFull> {
        let put = self.shared.outbox.put(Outgoing::new(event));
        if put.is_err() {
            self.shared.figures.dropped.add(1);
        }
        put
    }

    /// Needs what a listener hears, until the answer is dropped.
    pub(super) fn need(&self, tenant: TenantId, listens: &Listens) -> Need {
        self.shared.wants.need(tenant, listens)
    }

    pub(super) fn status(&self) -> RedisStatus {
        let Shared { breaker, outbox, status, .. } = &*self.shared;
        status.read((breaker.state(), breaker.failures()), outbox.waiting())
    }

    /// Whether an event that is taken now is likely to be sent soon.
    pub(super) fn takes_events(&self) -> bool {
        self.shared.breaker.state() != BreakerState::Open
    }
}

/// An address that is none. What it is stays unsaid, as it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("redis.url: {0}")]
pub struct RedisUrlError(String);
