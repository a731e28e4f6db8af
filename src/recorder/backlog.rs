//! What waits in memory until the database or the disk has it: the latest state of each thing, oldest first, never more
//! than a bound. It is reached when neither takes anything; minutes and heat go first then: they say less than a visit,
//! and a minute that is lost is a gap and no error.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::domain::{CameraId, RecorderFigures, TenantId, Timestamp};
use crate::store::{Record, SpoolFigures};

/// Most records that wait, and most quarters of heat among them, of which each takes 5 kB while all others take less than
/// 600 bytes: together some 80 MB of memory, and a day of twenty busy cameras (28800 minutes, 1920 quarters, and the rest
/// for visits and what goes with them).
const MOST: Most = Most { records: 100_000, heats: 4_000 };

#[derive(Debug, Clone, Copy)]
struct Most {
    records: usize,
    heats: usize,
}

/// What is written at once.
pub(super) const BATCH: usize = 500;

/// Names a thing of which there may be several states.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    of: Of,
    tenant: TenantId,
    camera: CameraId,
    run: i64,
    begin: Timestamp,
}

/// What it is, with what tells it from others of its kind at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Of {
    Visit(u64),
    Crossing(u64, Arc<str>),
    ZoneStay(u64, Arc<str>),
    Minute,
    Heat,
}

#[derive(Debug, Default)]
pub(super) struct Backlog {
    state: Mutex<State>,
    changed: Notify,
    /// Cancelled when it is closed, and everything that was in it in the database or on disk.
    kept: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    /// By the order in which they first came.
    waiting: BTreeMap<u64, Record>,
    numbers: HashMap<Key, u64>,
    /// Numbers of the minutes that wait, and of the quarters of heat.
    minutes: BTreeSet<u64>,
    heats: BTreeSet<u64>,
    next: u64,
    /// Taken and not yet reported on.
    in_flight: usize,
    spooled: SpoolFigures,
    is_closed: bool,
    /// Records are being lost, which is said once and not at each.
    is_dropping: bool,
    figures: RecorderFigures,
}

impl Backlog {
    /// Adds a state of a thing; one of the same thing that still waits is replaced by it.
    pub(super) fn put(&self, record: Record) {
        if self.state().put(record, MOST) {
            error!(
                most = MOST.records,
                "too many records wait in memory; from now on the oldest are lost, minutes and heat first"
            );
        }
        self.changed.notify_one();
    }

    /// Says that nothing more will come.
    pub(super) fn close(&self) {
        self.state().is_closed = true;
        self.changed.notify_one();
    }

    /// Nothing more will come, and so many records are not kept yet.
    pub(super) fn is_ending_with_more_than(&self, records: usize) -> bool {
        let state = self.state();
        state.is_closed && state.waiting.len() + state.in_flight > records
    }

    /// Waits for a batch: until something is there, then until it is full, closed, or `patience` is over.
    /// `None` at the end.
    pub(super) async fn batch(&self, patience: std::time::Duration) -> Option<Vec<Record>> {
        self.wait_for(|state| !state.waiting.is_empty() || state.is_closed).await;
        let full = self.wait_for(|state| state.waiting.len() >= BATCH || state.is_closed);
        // Running out of patience is the usual case.
        let _ = tokio::time::timeout(patience, full).await;
        let batch = self.state().take(BATCH);
        (!batch.is_empty()).then_some(batch)
    }

    /// Reports on a batch that was taken: so many were written, the others are lost.
    pub(super) fn done(&self, batch: usize, written: usize) {
        let mut state = self.state();
        state.in_flight -= batch;
        state.figures.written += written as u64;
        state.figures.dropped += (batch - written) as u64;
    }

    /// Reports that a batch that was taken is on disk.
    pub(super) fn spooled(&self, batch: usize) {
        self.state().in_flight -= batch;
    }

    /// Reports on records from disk: so many were written, the others are lost.
    pub(super) fn count_drained(&self, records: usize, written: usize) {
        let mut state = self.state();
        state.figures.written += written as u64;
        state.figures.dropped += (records - written) as u64;
    }

    /// Says how it stands on disk.
    pub(super) fn set_spooled(&self, spooled: SpoolFigures) {
        self.state().spooled = spooled;
    }

    /// Records wait on disk.
    pub(super) fn is_spooling(&self) -> bool {
        self.state().spooled.records > 0
    }

    /// Some of them are of an earlier process.
    pub(super) fn has_earlier(&self) -> bool {
        self.state().spooled.has_earlier
    }

    /// Says that everything is in the database or on disk, and nothing more will come.
    pub(super) fn set_kept(&self) {
        self.kept.cancel();
    }

    pub(super) fn is_kept(&self) -> bool {
        self.kept.is_cancelled()
    }

    pub(super) async fn kept(&self) {
        self.kept.cancelled().await;
    }

    pub(super) fn count_frame(&self) {
        self.state().figures.frames += 1;
    }

    pub(super) fn count_failure(&self) {
        let mut state = self.state();
        state.figures.failures += 1;
        state.figures.is_stuck = true;
    }

    /// Says that the database answers (again).
    pub(super) fn unstick(&self) {
        self.state().figures.is_stuck = false;
    }

    pub(super) fn set_open(&self, visits: usize) {
        self.state().figures.visits_open = visits;
    }

    pub(super) fn figures(&self) -> RecorderFigures {
        let state = self.state();
        let SpoolFigures { records, bytes, max_bytes, lost, is_full, damaged_files, .. } = state.spooled;
        let in_memory = state.waiting.len() + state.in_flight;
        RecorderFigures {
            waiting: in_memory + usize::try_from(records).unwrap_or(usize::MAX),
            in_memory,
            spool_bytes: bytes,
            spool_max_bytes: max_bytes,
            spool_damaged_files: damaged_files,
            dropped: state.figures.dropped + lost,
            is_losing: state.is_dropping || is_full,
            ..state.figures
        }
    }

    async fn wait_for(&self, condition: impl Fn(&State) -> bool) {
        while !condition(&self.state()) {
            self.changed.notified().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// True when this is the first one that pushes another out.
    fn put(&mut self, record: Record, most: Most) -> bool {
        if let Some(number) = self.numbers.get(&key(&record)) {
            self.waiting.insert(*number, record);
            return false;
        }
        match record {
            Record::Minute(_) => drop(self.minutes.insert(self.next)),
            Record::Heat(_) => drop(self.heats.insert(self.next)),
            Record::Visit(_) | Record::Crossing(_) | Record::ZoneStay(_) => {}
        }
        self.numbers.insert(key(&record), self.next);
        self.waiting.insert(self.next, record);
        self.next += 1;
        let [minute, heat] = [&self.minutes, &self.heats].map(|numbers| numbers.first().copied());
        let victim = if self.heats.len() > most.heats {
            heat
        } else if self.waiting.len() > most.records {
            let spare = [minute, heat].into_iter().flatten().min();
            spare.or_else(|| self.waiting.keys().next().copied())
        } else {
            return false;
        };
        if victim.and_then(|number| self.remove(number)).is_some() {
            self.figures.dropped += 1;
        }
        !std::mem::replace(&mut self.is_dropping, true)
    }

    fn remove(&mut self, number: u64) -> Option<Record> {
        let record = self.waiting.remove(&number)?;
        self.numbers.remove(&key(&record));
        self.minutes.remove(&number);
        self.heats.remove(&number);
        Some(record)
    }

    fn take(&mut self, most: usize) -> Vec<Record> {
        let mut batch = Vec::new();
        while batch.len() < most
            && let Some(number) = self.waiting.keys().next().copied()
            && let Some(oldest) = self.remove(number)
        {
            batch.push(oldest);
        }
        self.in_flight += batch.len();
        self.is_dropping = false;
        batch
    }
}

fn key(record: &Record) -> Key {
    let millis = |ms| Timestamp::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    let (of, run, begin) = match record {
        Record::Visit(record) => (Of::Visit(record.visit.track), record.run, record.visit.enter),
        Record::Crossing(record) => (Of::Crossing(record.track, record.line.clone()), record.run, record.at),
        Record::ZoneStay(record) => {
            (Of::ZoneStay(record.track, record.zone.clone()), record.run, record.enter)
        }
        Record::Minute(record) => (Of::Minute, record.run, millis(record.minute.start_ms)),
        Record::Heat(record) => (Of::Heat, record.run, millis(record.quarter.start_ms)),
    };
    let place = record.place();
    Key { of, tenant: place.tenant, camera: place.camera.clone(), run, begin }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::Heat;
    use crate::domain::{Attributes, BranchId, Place, Visit};
    use crate::store::{HeatRecord, MinuteRecord, VisitRecord};
    use crate::visit::{Minute, Quarter};

    const TEN: Most = Most { records: 10, heats: 10 };
    const THREE: Most = Most { records: 3, heats: 2 };

    fn place() -> Place {
        Place {
            tenant: TenantId::default(),
            branch: BranchId::default(),
            sector: None,
            camera: CameraId::new("door").unwrap(),
        }
    }

    fn minute(seen_ms: u64) -> Record {
        let minute = Minute { start_ms: 0, min: 0, max: 1, people_ms: 7, seen_ms };
        Record::Minute(MinuteRecord { run: 1, place: place(), minute })
    }

    fn heat(start_ms: u64) -> Record {
        let quarter = Quarter { start_ms, heat: Heat::default() };
        Record::Heat(HeatRecord { run: 1, place: place(), quarter })
    }

    /// A visit.
    pub(in crate::recorder) fn record(track: u64, leave_ms: i64) -> Record {
        Record::Visit(VisitRecord {
            run: 1,
            open: false,
            visit: Visit {
                place: place(),
                track,
                enter: Timestamp::from_millis(0),
                leave: Timestamp::from_millis(leave_ms),
                confidence: 0.5,
                model: "nanodet".into(),
                attributes: Attributes::default(),
            },
        })
    }

    #[test]
    fn only_the_latest_state_of_a_visit_waits() {
        let mut state = State::default();
        for record in [record(1, 10), record(2, 10), record(1, 20)] {
            state.put(record, TEN);
        }
        assert_eq!(state.take(10), [record(1, 20), record(2, 10)]);
        for record in [minute(10), record(0, 10), minute(20)] {
            state.put(record, TEN);
        }
        assert_eq!(
            state.take(10),
            [minute(20), record(0, 10)],
            "what is of one time and camera is told apart"
        );
        state.put(record(1, 30), TEN);
        assert_eq!((state.take(10), state.numbers.len()), (vec![record(1, 30)], 0));
    }

    #[test]
    fn oldest_are_dropped_and_counted_when_too_many_wait() {
        let mut state = State::default();
        let begins = [0, 1, 2, 3, 4].map(|track| state.put(record(track, 10), THREE));
        assert_eq!(begins, [false, false, false, true, false]);
        assert_eq!(state.figures.dropped, 2);
        assert_eq!(state.take(10), [record(2, 10), record(3, 10), record(4, 10)]);
        assert_eq!(state.numbers.len(), 0);
        let again = [5, 6, 7, 8].map(|track| state.put(record(track, 10), THREE));
        assert!(again[3], "another time is news again");
    }

    #[test]
    fn minutes_and_heat_are_dropped_before_visits() {
        let mut state = State::default();
        for record in [record(0, 10), minute(10), heat(0), record(1, 10), record(2, 10)] {
            state.put(record, THREE);
        }
        assert_eq!(state.take(10), [record(0, 10), record(1, 10), record(2, 10)]);
        for start_ms in [0, 1, 2] {
            state.put(heat(start_ms), THREE);
        }
        assert_eq!(
            state.take(10),
            [heat(1), heat(2)],
            "quarters have a bound of their own, as they are large"
        );
        assert_eq!(state.figures.dropped, 3);
        assert_eq!((state.numbers.len(), state.minutes.len(), state.heats.len()), (0, 0, 0));
    }

    #[test]
    fn what_waits_is_as_small_as_is_said() {
        // Besides: the camera's id twice, names, and what the maps need.
        let record = size_of::<Record>() + size_of::<Key>();
        assert!(record < 500, "{record}");
        assert_eq!(size_of_val(Heat::default().cells()), 4608);
    }

    #[tokio::test(start_paused = true)]
    async fn batch_goes_when_full_or_when_patience_is_over() {
        let backlog = Backlog::default();
        let patience = Duration::from_millis(500);
        backlog.put(record(0, 1));
        let started = tokio::time::Instant::now();
        assert_eq!(backlog.batch(patience).await.map(|batch| batch.len()), Some(1));
        assert_eq!(started.elapsed().as_millis() / 10, 50);
        for track in 0..501 {
            backlog.put(record(track, 1));
        }
        let started = tokio::time::Instant::now();
        assert_eq!(backlog.batch(patience).await.map(|batch| batch.len()), Some(500));
        assert_eq!(started.elapsed(), Duration::ZERO);
        backlog.close();
        assert_eq!(backlog.batch(patience).await.map(|batch| batch.len()), Some(1));
        assert_eq!(backlog.figures().waiting, 502);
        assert_eq!(backlog.batch(patience).await, None);
    }
}
