//! Who may have something analysed now: pictures and sound cost a processor for a while, and memory while they wait.
//!
//! A place is taken before anything of the body is read, so that what waits is bounded; a turn only once all of it is
//! there, so that a slow sender keeps nobody waiting. A tenant's orders take their turns among those of the others:
//! however many one tenant sends, the next one's is at most two away.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::Span;

use super::error::ApiError;
use super::request::Answer;
use super::upload::{Accepts, Upload, Uploaded};
use crate::domain::TenantId;

/// Analyses at the same time, of everybody and of one tenant: the cameras need the rest of a small machine.
const TURNS: usize = 2;

/// Bodies in memory at the same time, of everybody. At 16 MiB each they stay within a quarter of a gibibyte.
const PLACES: usize = 16;

/// Those of one tenant: one that sends without an end leaves places for others.
const PLACES_OF_ONE: usize = 12;

/// When it is worth another try, seconds: by then the queue has moved on.
const RETRY_AFTER_S: u64 = 1;

/// Upper bounds of the histogram of durations, seconds.
const BOUNDS_S: [f64; 8] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5];

/// What is analysed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Picture,
    Sound,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Sound => "sound",
        }
    }
}

/// What somebody wants to have analysed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    pub(super) tenant: TenantId,
    pub(super) kind: Kind,
    pub(super) accepts: Accepts,
    /// Largest body, bytes.
    pub(super) limit: u64,
}

/// What became of a tenant's orders of one kind.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures {
    pub(super) done: u64,
    /// Not to be read, or of no type that is taken.
    pub(super) refused: u64,
    /// Sent away, as there was no place.
    pub(super) busy: u64,
    pub(super) failed: u64,
    /// Of those that were done: their number up to each bound, the last without one, and the time of all.
    pub(super) buckets: [u64; BOUNDS_S.len() + 1],
    pub(super) seconds: f64,
}

impl Figures {
    /// The histogram: upper bound in seconds and number, bucket by bucket.
    pub(super) fn histogram(&self) -> Vec<(f64, u64)> {
        BOUNDS_S.into_iter().chain([f64::INFINITY]).zip(self.buckets).collect()
    }

    fn count(&mut self, seconds: f64) {
        self.done += 1;
        self.seconds += seconds;
        self.buckets[BOUNDS_S.partition_point(|bound| *bound < seconds)] += 1;
    }
}

/// All analyses under way; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Analyses(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    turns: Arc<Semaphore>,
    queue: Mutex<Queue>,
    figures: Mutex<BTreeMap<(TenantId, Kind), Figures>>,
}

#[derive(Debug, Default)]
struct Queue {
    taken: usize,
    tenants: HashMap<TenantId, Tenant>,
}

#[derive(Debug)]
struct Tenant {
    taken: usize,
    turns: Arc<Semaphore>,
}

/// A place in the queue, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    analyses: Analyses,
    tenant: TenantId,
    turns: Arc<Semaphore>,
}

impl Analyses {
    pub(super) fn new() -> Self {
        let inner = Inner {
            turns: Arc::new(Semaphore::new(TURNS)),
            queue: Mutex::default(),
            figures: Mutex::default(),
        };
        Self(Arc::new(inner))
    }

    /// Reads what was sent and has `work` done on it, when it is its turn, on a thread that may block.
    ///
    /// # Errors
    /// [`ApiError::Busy`] when there is no place, what is wrong with the body, and what `work` fails with.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        order: Order,
        upload: Upload,
        work: impl FnOnce(Uploaded) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let (place, uploaded) = self.receive(order, upload).await?;
        self.work(place, order.kind, move || work(uploaded)).await
    }

    /// Takes a place and reads what was sent. Waits for no turn: what is to be done may need none.
    ///
    /// # Errors
    /// [`ApiError::Busy`] when there is no place, and what is wrong with the body.
    pub(super) async fn receive(&self, order: Order, upload: Upload) -> Answer<(Place, Uploaded)> {
        let received = match self.place(order.tenant) {
            Ok(place) => {
                let read = upload.read(order.accepts, order.limit).await;
                read.map(|uploaded| (place, uploaded))
            }
            Err(busy) => {
                upload.refuse(order.limit).await;
                Err(busy)
            }
        };
        received.inspect_err(|error| self.count(order.tenant, order.kind, Err(error)))
    }

    /// Has `work` done for whoever has this place, when it is its turn, on a thread that may block.
    ///
    /// # Errors
    /// What `work` fails with.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        place: Place,
        kind: Kind,
        work: impl FnOnce() -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let tenant = place.tenant;
        let done = place.work(work).await;
        self.count(tenant, kind, done.as_ref().map(|(_, took)| *took));
        done.map(|(done, _)| done)
    }

    /// Counts an order that failed outside of [`Self::receive`] and [`Self::work`], which count by themselves.
    pub(super) fn miss(&self, order: Order, error: &ApiError) {
        self.count(order.tenant, order.kind, Err(error));
    }

    fn count(&self, tenant: TenantId, kind: Kind, outcome: Result<Duration, &ApiError>) {
        let mut figures = lock(&self.0.figures);
        let figures = figures.entry((tenant, kind)).or_default();
        match outcome {
            Ok(took) => figures.count(took.as_secs_f64()),
            Err(ApiError::Busy(_)) => figures.busy += 1,
            Err(error) if error.status().is_server_error() => figures.failed += 1,
            Err(_) => figures.refused += 1,
        }
    }

    /// What became of `tenant`'s orders, by kind.
    pub(super) fn figures(&self, tenant: TenantId) -> Vec<(Kind, Figures)> {
        let figures = lock(&self.0.figures);
        [Kind::Picture, Kind::Sound]
            .map(|kind| (kind, figures.get(&(tenant, kind)).cloned().unwrap_or_default()))
            .to_vec()
    }

    /// A place for work that is not an upload, to be taken before any of it is done.
    ///
    /// # Errors
    /// [`ApiError::Busy`] when there is none.
    pub(super) fn place(&self, tenant: TenantId) -> Answer<Place> {
        self.sit(tenant).ok_or(ApiError::Busy(RETRY_AFTER_S))
    }

    fn sit(&self, tenant: TenantId) -> Option<Place> {
        let mut queue = lock(&self.0.queue);
        let own = queue.tenants.get(&tenant).map_or(0, |tenant| tenant.taken);
        if queue.taken >= PLACES || own >= PLACES_OF_ONE {
            return None;
        }
        queue.taken += 1;
        let own = queue
            .tenants
            .entry(tenant)
            .or_insert_with(|| Tenant { taken: 0, turns: Arc::new(Semaphore::new(TURNS)) });
        own.taken += 1;
        Some(Place { turns: own.turns.clone(), analyses: self.clone(), tenant })
    }
}

impl Place {
    async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce() -> Answer<T> + Send + 'static,
    ) -> Answer<(T, Duration)> {
        let turn = self.turn().await?;
        let span = Span::current();
        let working = tokio::task::spawn_blocking(move || {
            let _span = span.entered();
            // Held to the end of the work, also when the client has hung up meanwhile.
            let _held = (self, turn);
            let began = Instant::now();
            work().map(|done| (done, began.elapsed()))
        });
        working.await.unwrap_or_else(|error| Err(ApiError::internal(error)))
    }

    /// Waits until the work may begin: first among the tenant's own orders, then among those of all.
    pub(super) async fn turn(&self) -> Answer<[OwnedSemaphorePermit; 2]> {
        let own = self.turns.clone().acquire_owned().await.map_err(ApiError::internal)?;
        let of_all = self.analyses.0.turns.clone().acquire_owned().await.map_err(ApiError::internal)?;
        Ok([own, of_all])
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queue = lock(&self.analyses.0.queue);
        queue.taken -= 1;
        match queue.tenants.get_mut(&self.tenant) {
            Some(own) if own.taken > 1 => own.taken -= 1,
            _ => drop(queue.tenants.remove(&self.tenant)),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(id: i64) -> TenantId {
        TenantId::new(id).unwrap()
    }

    #[test]
    fn one_tenant_leaves_places_for_others_and_what_is_left_is_free_again() {
        let analyses = Analyses::new();
        let sit = |id: i64| analyses.sit(tenant(id));
        let held: Vec<_> = std::iter::from_fn(|| sit(1)).collect();
        assert_eq!(held.len(), PLACES_OF_ONE);
        let others: Vec<_> = std::iter::from_fn(|| sit(2)).collect();
        assert_eq!(others.len(), PLACES - PLACES_OF_ONE);
        assert!(sit(3).is_none(), "no place is left");
        drop(held);
        assert!(sit(3).is_some());
        drop(others);
        let queue = lock(&analyses.0.queue);
        assert_eq!((queue.taken, queue.tenants.len()), (0, 0), "nobody is remembered");
    }

    #[tokio::test]
    async fn a_tenant_with_many_orders_does_not_keep_another_waiting() {
        let analyses = Analyses::new();
        let places: Vec<_> = (0..8).map(|_| analyses.sit(tenant(1)).unwrap()).collect();
        let first = places[0].turn().await.unwrap();
        let _second = places[1].turn().await.unwrap();
        let mut waiting: Vec<_> = places[2..].iter().map(|place| Box::pin(place.turn())).collect();
        for turn in &mut waiting {
            assert!(futures_util::poll!(turn.as_mut()).is_pending());
        }
        let other = analyses.sit(tenant(2)).unwrap();
        let mut turn = Box::pin(other.turn());
        assert!(futures_util::poll!(turn.as_mut()).is_pending());
        drop(first);
        assert!(futures_util::poll!(turn.as_mut()).is_ready(), "the other tenant is next");
    }

    #[test]
    fn durations_are_counted_by_their_bounds() {
        let mut figures = Figures::default();
        for seconds in [0.005, 0.01, 0.03, 9.0] {
            figures.count(seconds);
        }
        let histogram = figures.histogram();
        assert_eq!((histogram[0], histogram[1], histogram[2]), ((0.01, 2), (0.025, 0), (0.05, 1)));
        assert_eq!((histogram[8].1, figures.done), (1, 4));
    }
}
