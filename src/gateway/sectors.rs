//! Which sectors a user serves, as far as it is known: a look-up that may be slow or fail, behind what it said before.
//!
//! However many ask for the same, one look-up is under way; whoever waits does so for two seconds at most. After that
//! the last answer holds, for an hour, and the look-up goes on by itself; [`SectorContext::changed`] tells what it found.
//! moka has no answer that is too old and good enough, and its clock cannot be turned by a test.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use hashlink::LruCache;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use crate::domain::{BranchId, SectorId, TenantId};

/// How long an answer is taken as it is; a fifth of it less for some, so that not all are looked up again at once.
const FRESH: Duration = Duration::from_secs(300);

/// How long an answer is better than none.
const MAX_STALE: Duration = Duration::from_secs(3600);

/// How long anybody waits for a look-up.
const PATIENCE: Duration = Duration::from_secs(2);

/// After so long a look-up is given up and another one is tried.
const GIVE_UP: Duration = Duration::from_secs(15);

/// From one failed look-up to the next: doubled each time, up to the second.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Look-ups of different users at once: what comes on top waits, and the database has other work as well.
const AT_ONCE: usize = 16;

/// Answers that are kept.
const MOST: usize = 10_000;

/// Who is asked about, and where; without a branch in all of the tenant's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Station {
    pub tenant: TenantId,
    pub user: Arc<str>,
    pub branch: Option<BranchId>,
}

/// Looks up which sectors somebody serves; why not, in words for the log.
pub type LookUp = Box<dyn Fn(Station) -> BoxFuture<'static, Result<Vec<SectorId>, String>> + Send + Sync>;

/// Told of an answer that differs from what was given before. It must not block.
pub type Changed = Box<dyn Fn(&Station, &Arc<[SectorId]>) + Send + Sync>;

/// What the cache needs of the house.
pub struct SectorContext {
    pub look_up: LookUp,
    pub changed: Changed,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

/// What is known of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Served {
    /// These and no others, as of an hour ago at most.
    Known(Arc<[SectorId]>),
    /// Nothing.
    Unknown,
}

/// How often which answer was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SectorFigures {
    /// As it was known.
    pub hit: u64,
    /// Looked up in time.
    pub miss: u64,
    /// The last one, as no other came in time.
    pub stale: u64,
    /// None, as nothing was known and nothing came in time.
    pub timeout: u64,
    /// Answers that are kept now.
    pub kept: usize,
}

/// What is known of all users; cheap to clone.
#[derive(Clone)]
pub struct SectorCache(Arc<Inner>);

impl std::fmt::Debug for SectorCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SectorCache").finish_non_exhaustive()
    }
}

struct Inner {
    context: SectorContext,
    entries: Mutex<LruCache<Station, Entry>>,
    /// Numbers states that are asked for, so that an answer is told from one to a question before it.
    asks: AtomicU64,
    places: Semaphore,
    counts: [AtomicU64; 4],
}

/// An answer, to the question of this number.
#[derive(Debug, Clone)]
struct Answer {
    ask: u64,
    sectors: Arc<[SectorId]>,
    at: Instant,
    fresh_until: Instant,
}

#[derive(Debug)]
struct Entry {
    known: Option<Answer>,
    /// The newest question, and when it was asked first.
    ask: u64,
    asked: Instant,
    /// The question that the look-up under way answers, and whether there is any to come.
    under_way: Option<u64>,
    is_looking: bool,
    /// The last question that a look-up has tried to answer.
    tried: watch::Sender<u64>,
    /// Ends the pause before another try.
    hurry: Arc<Notify>,
    /// Whether somebody was told less than what is true.
    owes: bool,
}

impl Entry {
    fn new(now: Instant) -> Self {
        Self {
            known: None,
            ask: 0,
            asked: now,
            under_way: None,
            is_looking: false,
            tried: watch::Sender::new(0),
            hurry: Arc::default(),
            owes: false,
        }
    }

    /// The answer, if none that was asked for since is missing.
    fn fresh(&self, now: Instant) -> Option<&Answer> {
        self.known.as_ref().filter(|known| known.ask >= self.ask && now < known.fresh_until)
    }

    /// Asks anew, unless a question waits that nobody has begun to look up.
    fn ask(&mut self, asks: &AtomicU64, now: Instant) {
        let waits = self.is_looking && self.under_way != Some(self.ask) && *self.tried.borrow() < self.ask;
        if !waits {
            self.ask = asks.fetch_add(1, Ordering::Relaxed) + 1;
            self.asked = now;
            if self.is_looking {
                self.hurry.notify_one();
            }
        }
    }
}

/// What follows a look-up.
enum Next {
    Nothing,
    /// Somebody has asked anew meanwhile.
    Again,
    /// It has failed.
    Later(Arc<Notify>),
}

impl SectorCache {
    pub fn new(context: SectorContext) -> Self {
        Self(Arc::new(Inner {
            context,
            entries: Mutex::new(LruCache::new(MOST)),
            asks: AtomicU64::new(0),
            places: Semaphore::new(AT_ONCE),
            counts: Default::default(),
        }))
    }

    /// What `station` serves.
    pub async fn get(&self, station: &Station) -> Served {
        let waiting = {
            let now = Instant::now();
            let mut entries = self.0.entries();
            let entry = entry(&mut entries, station, now);
            if let Some(known) = entry.fresh(now) {
                let sectors = known.sectors.clone();
                self.0.count(0);
                return Served::Known(sectors);
            }
            if !entry.is_looking {
                entry.ask(&self.0.asks, now);
            }
            self.look_up(station, entry)
        };
        self.wait(station, waiting).await
    }

    /// As [`Self::get`], as it is now: what is known counts only when nothing else comes in time.
    pub async fn refresh(&self, station: &Station) -> Served {
        let waiting = {
            let now = Instant::now();
            let mut entries = self.0.entries();
            let entry = entry(&mut entries, station, now);
            entry.ask(&self.0.asks, now);
            self.look_up(station, entry)
        };
        self.wait(station, waiting).await
    }

    /// What was known of a user, or of all users of a tenant, may have changed: the next who asks is told as it is.
    pub fn invalidate(&self, tenant: TenantId, user: Option<&str>) {
        let now = Instant::now();
        for (station, entry) in self.0.entries().iter_mut() {
            if station.tenant == tenant && user.is_none_or(|user| *station.user == *user) {
                entry.ask(&self.0.asks, now);
            }
        }
    }

    pub fn figures(&self) -> SectorFigures {
        let [hit, miss, stale, timeout] =
            [0, 1, 2, 3].map(|index: usize| self.0.counts[index].load(Ordering::Relaxed));
        SectorFigures { hit, miss, stale, timeout, kept: self.0.entries().len() }
    }

    /// Has the entry's question looked up, if nobody does; answers the question, until when to wait, and on what.
    fn look_up(&self, station: &Station, entry: &mut Entry) -> (u64, Instant, watch::Receiver<u64>) {
        if !entry.is_looking {
            entry.is_looking = true;
            let (cache, station) = (self.clone(), station.clone());
            let stop = self.0.context.stop.clone();
            let looking = async move { stop.run_until_cancelled_owned(cache.keep_looking(station)).await };
            self.0.context.tasks.spawn(looking);
        }
        (entry.ask, entry.asked + PATIENCE, entry.tried.subscribe())
    }

    async fn wait(&self, station: &Station, waiting: (u64, Instant, watch::Receiver<u64>)) -> Served {
        let (ask, until, mut tried) = waiting;
        let in_time = timeout_at(until, tried.wait_for(|tried| *tried >= ask)).await;
        drop(in_time);
        let now = Instant::now();
        let mut entries = self.0.entries();
        // Let go of meanwhile: so many are asked about at once.
        let Some(entry) = entries.get_mut(station) else {
            self.0.count(3);
            return Served::Unknown;
        };
        let known = entry.known.as_ref().filter(|known| now - known.at <= MAX_STALE);
        let is_new = known.is_some_and(|known| known.ask >= ask);
        let (count, served) = match known {
            Some(known) if is_new => (1, Served::Known(known.sectors.clone())),
            Some(known) => (2, Served::Known(known.sectors.clone())),
            None => (3, Served::Unknown),
        };
        entry.owes |= !is_new;
        self.0.count(count);
        served
    }

    /// Looks up until there is an answer to the newest question.
    async fn keep_looking(self, station: Station) {
        let began = Instant::now();
        let mut pause = RETRY.0;
        loop {
            let place = self.0.places.acquire().await;
            let Some(ask) = self.begin(&station) else { return };
            let found = match timeout(GIVE_UP, (self.0.context.look_up)(station.clone())).await {
                Ok(found) => found,
                Err(_) => Err(format!("no answer within {} s", GIVE_UP.as_secs())),
            };
            drop(place);
            let is_tired = began.elapsed() > MAX_STALE;
            match self.finish(&station, ask, found, is_tired) {
                Next::Nothing => return,
                Next::Again => pause = RETRY.0,
                Next::Later(hurry) => {
                    // Half of it is left to chance, so that not all come back at once.
                    let _ = timeout(pause.mul_f64(0.5 + rand::random::<f64>() / 2.0), hurry.notified()).await;
                    pause = (pause * 2).min(RETRY.1);
                }
            }
        }
    }

    fn begin(&self, station: &Station) -> Option<u64> {
        let mut entries = self.0.entries();
        let entry = entries.get_mut(station)?;
        entry.under_way = Some(entry.ask);
        Some(entry.ask)
    }

    fn finish(
        &self,
        station: &Station,
        ask: u64,
        found: Result<Vec<SectorId>, String>,
        is_tired: bool,
    ) -> Next {
        let mut entries = self.0.entries();
        let Some(entry) = entries.get_mut(station) else { return Next::Nothing };
        entry.under_way = None;
        match found {
            Err(reason) => {
                warn!(tenant = %station.tenant, user = %station.user, reason, "sectors could not be looked up");
                // Nobody has asked for so long that nobody is there.
                entry.is_looking = !is_tired;
                entry.tell(ask);
                if is_tired { Next::Nothing } else { Next::Later(entry.hurry.clone()) }
            }
            Ok(sectors) => {
                let news = entry.keep(ask, sectors.into());
                entry.is_looking = entry.ask > ask;
                entry.tell(ask);
                let next = if entry.is_looking { Next::Again } else { Next::Nothing };
                drop(entries);
                if let Some(sectors) = news {
                    (self.0.context.changed)(station, &sectors);
                }
                next
            }
        }
    }
}

impl Entry {
    /// Wakes whoever waits for a look-up of the question `ask`.
    fn tell(&self, ask: u64) {
        self.tried.send_modify(|tried| *tried = ask.max(*tried));
    }

    /// Takes in an answer; gives it back if it is news to anybody who has asked before.
    fn keep(&mut self, ask: u64, sectors: Arc<[SectorId]>) -> Option<Arc<[SectorId]>> {
        if self.known.as_ref().is_some_and(|known| known.ask > ask) {
            return None;
        }
        let now = Instant::now();
        let fresh_until = now + FRESH.mul_f64(0.8 + rand::random::<f64>() / 5.0);
        let answer = Answer { ask, sectors: sectors.clone(), at: now, fresh_until };
        let before = self.known.replace(answer);
        let owed = std::mem::take(&mut self.owes);
        match before {
            Some(before) => (before.sectors != sectors).then_some(sectors),
            None => owed.then_some(sectors),
        }
    }
}

impl Inner {
    fn entries(&self) -> MutexGuard<'_, LruCache<Station, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, index: usize) {
        self.counts[index].fetch_add(1, Ordering::Relaxed);
    }
}

/// What is kept of `station`; what was used before all others goes when there are too many.
fn entry<'a>(entries: &'a mut LruCache<Station, Entry>, station: &Station, now: Instant) -> &'a mut Entry {
    if !entries.contains_key(station) {
        entries.insert(station.clone(), Entry::new(now));
    }
    entries.get_mut(station).expect("what was just put there should be there")
}

#[cfg(test)]
mod tests;
