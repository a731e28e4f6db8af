//! What the gateway counts.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::close::Close;
use super::limits::Full;
use super::sectors::SectorCache;
use super::tenant::Joined;
use crate::domain::{Endpoint, EventType};

/// Types that are told apart; the rest is counted as one, so that nobody fills the memory by making up names.
const MAX_UNKNOWN_TYPES: usize = 64;

/// Why somebody was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    Auth,
    RateLimit,
    MaxPerUser,
    MaxTotal,
}

impl Rejected {
    pub const ALL: [Self; 4] = [Self::Auth, Self::RateLimit, Self::MaxPerUser, Self::MaxTotal];

    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::RateLimit => "rate_limit",
            Self::MaxPerUser => "max_per_user",
            Self::MaxTotal => "max_total",
        }
    }
}

impl From<Full> for Rejected {
    fn from(full: Full) -> Self {
        match full {
            Full::Total | Full::Tenant => Self::MaxTotal,
            Full::User | Full::Session => Self::MaxPerUser,
            Full::Ip => Self::RateLimit,
        }
    }
}

/// How a look-up of somebody's sectors went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// They were known.
    Hit,
    /// They were asked for.
    Miss,
    /// They were asked for in vain, and what was known before holds.
    Stale,
    /// They were asked for in vain, and nothing was known.
    Timeout,
}

impl Found {
    pub const ALL: [Self; 4] = [Self::Hit, Self::Miss, Self::Stale, Self::Timeout];

    pub fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Stale => "stale",
            Self::Timeout => "timeout",
        }
    }
}

/// A number that only rises.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that rises and falls.
#[derive(Debug, Default)]
pub(super) struct Level(AtomicU64);

impl Level {
    pub(super) fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// Values by their size.
#[derive(Debug)]
pub struct Spread {
    bounds: &'static [f64],
    /// One more than there are bounds.
    counts: Vec<Count>,
    /// In millionths.
    sum: Count,
}

impl Spread {
    fn new(bounds: &'static [f64]) -> Self {
        Self { bounds, counts: (0..=bounds.len()).map(|_| Count::default()).collect(), sum: Count::default() }
    }

    pub fn add(&self, value: f64) {
        self.add_many(value, 1);
    }

    /// Counts a value several times.
    pub fn add_many(&self, value: f64, times: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.counts[bucket].add(times);
        self.sum.add((value * 1e6) as u64 * times);
    }

    /// Upper bounds with how many are in each, the last one unbounded.
    pub fn buckets(&self) -> Vec<(f64, u64)> {
        let bounds = self.bounds.iter().copied().chain([f64::INFINITY]);
        bounds.zip(self.counts.iter().map(Count::get)).collect()
    }

    pub fn sum(&self) -> f64 {
        self.sum.get() as f64 / 1e6
    }
}

const SECONDS: &[f64] =
    &[0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
const BYTES: &[f64] = &[0.0, 1024.0, 4096.0, 16384.0, 65536.0, 262_144.0, 1_048_576.0];
const EVENTS: &[f64] = &[0.0, 1.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1000.0, 5000.0];

/// Everything that is counted.
#[derive(Debug)]
pub struct Figures {
    pub opened: Count,
    rejected: [Count; Rejected::ALL.len()],
    closed: [Count; Close::ALL.len()],
    /// Connections that ended without a word.
    pub lost: Count,
    connected: [AtomicU64; Endpoint::ALL.len()],
    /// Handshakes under way.
    handshakes: AtomicU64,
    pub broadcasts: Count,
    /// Of one event to one listener.
    pub deliveries: Count,
    pub failed_deliveries: Count,
    /// Events refused because their tenant sends too many.
    pub rate_limited: Count,
    /// Events that were taken, to be sent here or by Redis.
    pub published: Count,
    pub processed: Count,
    pub dropped: Count,
    pub duplicates: Count,
    /// Messages of other systems that are no events, or of other ids than their channel's.
    pub refused: Count,
    pub slow_consumers: Count,
    pub tenant_mismatches: Count,
    pub gaps: Count,
    /// Whoever came back: whether all was known that they missed, and whether there was any.
    recoveries: [[Count; 2]; 2],
    pub recovered_events: Spread,
    pub delivery_seconds: Spread,
    pub queue_bytes: Spread,
    pub ping_seconds: Spread,
    sectors: OnceLock<SectorCache>,
    pub(super) drop_rate: Level,
    pub(super) stuck: AtomicBool,
    /// From Redis to here, by two clocks.
    pub lag_seconds: Spread,
    unknown: Mutex<BTreeMap<String, u64>>,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            opened: Count::default(),
            rejected: Default::default(),
            closed: Default::default(),
            lost: Count::default(),
            connected: Default::default(),
            handshakes: AtomicU64::default(),
            broadcasts: Count::default(),
            deliveries: Count::default(),
            failed_deliveries: Count::default(),
            rate_limited: Count::default(),
            published: Count::default(),
            processed: Count::default(),
            dropped: Count::default(),
            duplicates: Count::default(),
            refused: Count::default(),
            slow_consumers: Count::default(),
            tenant_mismatches: Count::default(),
            gaps: Count::default(),
            recoveries: Default::default(),
            recovered_events: Spread::new(EVENTS),
            delivery_seconds: Spread::new(SECONDS),
            queue_bytes: Spread::new(BYTES),
            ping_seconds: Spread::new(SECONDS),
            sectors: OnceLock::new(),
            drop_rate: Level::default(),
            stuck: AtomicBool::default(),
            lag_seconds: Spread::new(SECONDS),
            unknown: Mutex::default(),
        }
    }
}

/// A handshake under way; counted until it is dropped.
#[derive(Debug)]
pub struct Handshake(Arc<Figures>);

impl Handshake {
    pub(super) fn begin(figures: Arc<Figures>) -> Self {
        figures.handshakes.fetch_add(1, Ordering::Relaxed);
        Self(figures)
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        self.0.handshakes.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Figures {
    /// Handshakes under way.
    pub fn handshakes(&self) -> u64 {
        self.handshakes.load(Ordering::Relaxed)
    }

    pub fn reject(&self, why: Rejected) {
        self.rejected[why as usize].add(1);
    }

    pub fn rejected(&self, why: Rejected) -> u64 {
        self.rejected[why as usize].get()
    }

    /// Counts a connection that we end.
    pub fn close(&self, close: Close) {
        self.closed[close as usize].add(1);
    }

    pub fn closed(&self, close: Close) -> u64 {
        self.closed[close as usize].get()
    }

    pub fn connect(&self, endpoint: Endpoint) {
        self.opened.add(1);
        self.connected[endpoint as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub fn disconnect(&self, endpoint: Endpoint) {
        self.connected[endpoint as usize].fetch_sub(1, Ordering::Relaxed);
    }

    /// Connections of an endpoint now.
    pub fn connected(&self, endpoint: Endpoint) -> u64 {
        self.connected[endpoint as usize].load(Ordering::Relaxed)
    }

    /// Counts an event of a type that nobody knows.
    pub fn unknown(&self, kind: &EventType) {
        let mut unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !unknown.contains_key(kind.as_str());
        let name = if is_new && unknown.len() >= MAX_UNKNOWN_TYPES { "other" } else { kind.as_str() };
        *unknown.entry(name.to_owned()).or_default() += 1;
    }

    /// Types that nobody knows, and how many of each came.
    pub fn unknown_types(&self) -> BTreeMap<String, u64> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts somebody who came back.
    pub fn resume(&self, joined: &Joined) {
        let some = !joined.missed.is_empty();
        self.recoveries[usize::from(joined.is_recovered())][usize::from(some)].add(1);
        self.recovered_events.add(joined.missed.len() as f64);
    }

    /// Whoever came back: whether all was known that they missed, whether there was any, how often.
    pub fn recoveries(&self) -> [(bool, bool, u64); 4] {
        let all = [(true, true), (true, false), (false, true), (false, false)];
        all.map(|(all, some)| (all, some, self.recoveries[usize::from(all)][usize::from(some)].get()))
    }

    /// Where look-ups of sectors are counted.
    pub fn count_sectors_of(&self, cache: SectorCache) {
        let _ = self.sectors.set(cache);
    }

    /// Look-ups of somebody's sectors that went so.
    pub fn looked_up(&self, found: Found) -> u64 {
        let figures = self.sectors.get().map(SectorCache::figures).unwrap_or_default();
        match found {
            Found::Hit => figures.hit,
            Found::Miss => figures.miss,
            Found::Stale => figures.stale,
            Found::Timeout => figures.timeout,
        }
    }

    /// The share of events that were lost within the last minute, 0 to 1.
    pub fn drop_rate(&self) -> f64 {
        self.drop_rate.get()
    }

    /// Whether events wait and none has been sent for some seconds.
    pub fn is_stuck(&self) -> bool {
        self.stuck.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_made_up_do_not_fill_the_memory() {
        let figures = Figures::default();
        for number in 0..1000 {
            figures.unknown(&EventType::new(&format!("X{number}")).unwrap());
        }
        figures.unknown(&EventType::new("X3").unwrap());
        let unknown = figures.unknown_types();
        assert_eq!((unknown.len(), unknown["X3"], unknown["other"]), (MAX_UNKNOWN_TYPES + 1, 2, 936));
    }

    #[test]
    fn values_fall_into_the_bucket_that_holds_them() {
        let spread = Spread::new(&[1.0, 2.0]);
        spread.add(1.0);
        spread.add_many(1.5, 2);
        spread.add(9.0);
        assert_eq!(spread.buckets(), [(1.0, 1), (2.0, 2), (f64::INFINITY, 1)]);
        assert!((spread.sum() - 13.0).abs() < 1e-6);
    }
}
