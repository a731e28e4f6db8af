//! The protocol of NeoTotem on `/ws`: totems send pictures and sound and are answered, and whoever of their tenant is
//! connected is told the same. How it looks to clients stands in `docs/totem.md`.
//!
//! A connection is a `session`, which understands what comes (`hearing`) and puts it where it waits for its turn: of each
//! `client` the newest picture, and few sounds. Turns are given out by `lane`s. In its turn a picture goes through the
//! `studio`, where the `sight` of its totem says who is on it; a `scene` that changes has the detector look at once. Each
//! totem that sends is a camera of its branch by the `registry`, and its people are the recorder's like those of any
//! camera. Nothing in here knows HTTP.

mod anonymous;
mod client;
mod figures;
mod hearing;
mod lane;
mod registry;
mod scene;
mod session;
mod sight;
mod studio;
mod turns;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use anonymous::Anonymous;
pub use client::Visitor;
pub use figures::Counts;
pub use registry::{MAX_NAME_CHARS, NAMELESS, Registry, Stand, camera_id};
pub use session::{Admit, TotemArrival};
pub use turns::LookError;

use crate::clock::Clock;
use crate::domain::{Frame, TenantId};
use crate::gateway::{Gateway, text_frame};
use crate::still::Analysers;
use crate::store::Store;
use crate::voice::Ears;
use client::Client;
use figures::Figures;
use lane::Lane;
use studio::{Studio, Totem, lock};

/// What totems need of the house.
pub struct TotemContext {
    pub store: Store,
    pub clock: Clock,
    /// Which totems there are, for whoever asks for them as cameras.
    pub registry: Registry,
    /// Most totems that send at the same time, of one tenant alone; of several, each has its share.
    pub max_totems: usize,
    pub gateway: Gateway,
    pub analysers: Analysers,
    pub ears: Ears,
    /// Who needs no token.
    pub anonymous: Anonymous,
    /// Where it is put who was seen.
    pub records: mpsc::Sender<Arc<Frame>>,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

/// All totems and those who watch them; cheap to clone.
#[derive(Clone)]
pub struct Totems(Arc<Inner>);

struct Inner {
    context: TotemContext,
    studio: Studio,
    next_id: AtomicU64,
    clients: Mutex<HashMap<TenantId, HashMap<u64, Arc<Client>>>>,
    /// Totems that send by single requests.
    guests: Mutex<turns::Guests>,
    figures: Figures,
    pictures: Lane<Client>,
    sounds: Lane<Client>,
}

impl Totems {
    pub fn new(context: TotemContext) -> Self {
        let (tasks, stop) = (context.tasks.clone(), context.stop.clone());
        let on = (&tasks, &stop);
        let (clock, records) = (context.clock.clone(), context.records.clone());
        let studio = Studio::new(context.analysers.clone(), clock, records, on);
        // As many pictures at the same time as there are cores to decode and encode them.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self(Arc::new_cyclic(|own| {
            let (of_pictures, of_sounds) = (own.clone(), own.clone());
            let show = move |client: &Arc<Client>| {
                if let Some(inner) = of_pictures.upgrade() {
                    Self(inner).answer_picture(client);
                }
            };
            let hear = move |client: &Arc<Client>| {
                if let Some(inner) = of_sounds.upgrade() {
                    Self(inner).answer_sound(client);
                }
            };
            Inner {
                pictures: Lane::new(cores.min(turns::PICTURES), Client::has_picture, show, on),
                sounds: Lane::new(turns::SOUNDS, Client::has_sound, hear, on),
                studio,
                next_id: AtomicU64::new(1),
                clients: Mutex::default(),
                guests: Mutex::default(),
                figures: Figures::default(),
                context,
            }
        }))
    }

    /// The tenant of somebody at `ip` who has no token, if it needs none.
    pub fn tenant_at(&self, ip: IpAddr) -> Option<TenantId> {
        self.0.context.anonymous.tenant_at(ip)
    }

    /// What is counted of a tenant's totems.
    pub fn counts(&self, tenant: TenantId) -> Arc<Counts> {
        self.0.figures.of(tenant)
    }

    /// How many of a tenant are connected.
    pub fn connected(&self, tenant: TenantId) -> usize {
        lock(&self.0.clients).get(&tenant).map_or(0, HashMap::len)
    }

    /// Tells everybody of the tenant who sees the totem's branch, but for one; `text` is asked for only when somebody is
    /// there.
    fn tell_others(&self, totem: &Totem, except: Option<u64>, text: impl FnOnce() -> String) {
        let (tenant, branch) = (totem.seat.camera.tenant, totem.seat.camera.branch);
        let others: Vec<_> = match lock(&self.0.clients).get(&tenant) {
            Some(clients) => clients.values().filter(|client| Some(client.id) != except).cloned().collect(),
            None => return,
        };
        let mut others = others.iter().filter(|client| client.visitor.branches.contain(branch)).peekable();
        if others.peek().is_some() {
            let frame = text_frame(&text());
            others.for_each(|client| client.tell(&frame));
        }
    }

    fn join(&self, client: &Arc<Client>) {
        let mut clients = lock(&self.0.clients);
        clients.entry(client.visitor.stand.tenant).or_default().insert(client.id, client.clone());
    }

    fn leave(&self, client: &Client) {
        if let Some(totem) = client.totem.get() {
            totem.seat.leave();
        }
        let mut clients = lock(&self.0.clients);
        let tenant = client.visitor.stand.tenant;
        if let Some(own) = clients.get_mut(&tenant) {
            own.remove(&client.id);
            if own.is_empty() {
                clients.remove(&tenant);
            }
        }
    }

    /// The totem that a client is from the first thing on that it sends; `None` when there are as many as may be.
    fn totem_of(&self, client: &Client) -> Option<Arc<Totem>> {
        if let Some(totem) = client.totem.get() {
            return Some(totem.clone());
        }
        self.forget_guests();
        let seat = self.0.context.registry.take(&client.visitor.stand, self.0.context.max_totems)?;
        let totem = Arc::new(Totem::new(seat, client.counts.clone(), Instant::now()));
        Some(client.totem.get_or_init(|| totem).clone())
    }

    fn next_id(&self) -> u64 {
        self.0.next_id.fetch_add(1, Ordering::Relaxed)
    }
}
