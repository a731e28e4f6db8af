//! What the recorder hands over: rows of several tables, each of which may be written again and again.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::bulk::Writing;
use super::count::{Shifted, hold, write_crossings, write_minutes, write_stays, write_visits};
use super::insert::{InShift, Inserted, insert};
use super::visit::VisitRecord;
use super::{Store, StoreError, in_time, latest};
use crate::domain::{BranchId, Place, Shift, TenantId, Timestamp};
use crate::visit::{Direction, Minute, Quarter};

/// Somebody has crossed a line.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossingRecord {
    /// See [`run`](field@VisitRecord::run) of visits.
    pub run: i64,
    pub place: Place,
    pub track: u64,
    pub line: Arc<str>,
    /// Whether the line was an entrance then.
    pub entrance: bool,
    pub direction: Direction,
    pub at: Timestamp,
}

/// Somebody was in a zone and has left it.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneStayRecord {
    /// See [`run`](field@VisitRecord::run) of visits.
    pub run: i64,
    pub place: Place,
    pub track: u64,
    pub zone: Arc<str>,
    pub enter: Timestamp,
    /// Last sight inside.
    pub leave: Timestamp,
}

/// How many people there were in a minute, as far as it was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct MinuteRecord {
    /// Names the watch that counted, so that a later state of its minute replaces an earlier one; states of two
    /// watches are added up.
    pub run: i64,
    pub place: Place,
    pub minute: Minute,
}

/// Where people stood in a quarter of an hour so far.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatRecord {
    /// See [`run`](field@MinuteRecord::run) of minutes.
    pub run: i64,
    pub place: Place,
    pub quarter: Quarter,
}

/// A row on its way into the store.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    Visit(VisitRecord),
    Crossing(CrossingRecord),
    ZoneStay(ZoneStayRecord),
    Minute(MinuteRecord),
    Heat(HeatRecord),
}

impl Record {
    /// Where it happened.
    pub fn place(&self) -> &Place {
        match self {
            Self::Visit(record) => &record.visit.place,
            Self::Crossing(record) => &record.place,
            Self::ZoneStay(record) => &record.place,
            Self::Minute(record) => &record.place,
            Self::Heat(record) => &record.place,
        }
    }
}

impl Store {
    /// Writes records, each into the shift that holds its begin: all of them or, on an error, none. What is there already
    /// stays, or is brought to the later of both states, so any call may be repeated.
    ///
    /// # Errors
    /// When the database fails, or a record is another tenant's.
    pub async fn write(&self, tenant: TenantId, records: &[Record]) -> Result<(), StoreError> {
        let foreign = records.iter().map(|record| record.place().tenant).find(|row| *row != tenant);
        if let Some(row) = foreign {
            return Err(StoreError::Tenant { row, caller: tenant });
        }
        let sorted = Sorted::of(records);
        if records.is_empty() {
            return Ok(());
        }
        let shifts = self.shifts_of(tenant, &sorted.begins()).await?;
        let held: BTreeSet<i64> = shifts.iter().map(|shift| shift.id).collect();
        let mut shifts = shifts.into_iter();
        let visits = with_shifts(sorted.visits, &mut shifts);
        let crossings = with_shifts(sorted.crossings, &mut shifts);
        let stays = numbered(with_shifts(sorted.stays, &mut shifts));
        let minutes = numbered(with_shifts(sorted.minutes, &mut shifts));
        let heats = numbered(with_shifts(sorted.heats, &mut shifts));
        in_time(async {
            let mut writing = Writing::begin(&self.write).await?;
            // Rows do not look for their shift themselves.
            if hold(&mut writing, tenant, &held).await? < held.len() {
                return Err(sqlx::Error::RowNotFound);
            }
            write_visits(&mut writing, tenant, &visits).await?;
            write_crossings(&mut writing, tenant, &crossings).await?;
            write_stays(&mut writing, tenant, &stays).await?;
            write_minutes(&mut writing, tenant, &minutes).await?;
            insert(&mut writing, &heats).await?;
            writing.commit().await
        })
        .await
    }

    /// As [`Store::write`], for whoever has nothing but visits.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn write_visits(&self, tenant: TenantId, records: &[VisitRecord]) -> Result<(), StoreError> {
        self.write(tenant, &records.iter().cloned().map(Record::Visit).collect::<Vec<_>>()).await
    }

    /// The shifts that hold these instants at these branches, in their order.
    pub(super) async fn shifts_of(
        &self,
        tenant: TenantId,
        begins: &[(BranchId, Timestamp)],
    ) -> Result<Vec<Shifted>, StoreError> {
        let mut known: Vec<Shift> = Vec::new();
        let mut shifts = Vec::with_capacity(begins.len());
        for (branch, at) in begins {
            let holds = |shift: &&Shift| shift.branch == *branch && shift.start <= *at && *at < shift.end;
            let shift = match known.iter().find(holds) {
                Some(shift) => shift,
                None => {
                    known.push(self.shift_at(tenant, *branch, *at).await?);
                    known.last().expect("one should have been added")
                }
            };
            shifts.push(Shifted { id: shift.id.get(), start: shift.start });
        }
        Ok(shifts)
    }
}

/// Records by table, one state of each thing, the latest: a statement may touch a row only once.
struct Sorted<'a> {
    visits: Vec<&'a VisitRecord>,
    crossings: Vec<&'a CrossingRecord>,
    stays: Vec<&'a ZoneStayRecord>,
    minutes: Vec<&'a MinuteRecord>,
    heats: Vec<&'a HeatRecord>,
}

impl<'a> Sorted<'a> {
    fn of(records: &'a [Record]) -> Self {
        let (mut visits, mut crossings, mut stays) = (Vec::new(), Vec::new(), Vec::new());
        let (mut minutes, mut heats) = (Vec::new(), Vec::new());
        for record in records {
            match record {
                Record::Visit(record) => visits.push(record),
                Record::Crossing(record) => crossings.push(record),
                Record::ZoneStay(record) => stays.push(record),
                Record::Minute(record) => minutes.push(record),
                Record::Heat(record) => heats.push(record),
            }
        }
        let visit = |VisitRecord { visit, run, .. }: &VisitRecord| {
            (visit.enter, visit.place.camera.clone(), *run, visit.track)
        };
        let minute =
            |record: &MinuteRecord| (record.place.camera.clone(), record.run, record.minute.start_ms);
        let heat = |record: &HeatRecord| (record.place.camera.clone(), record.run, record.quarter.start_ms);
        Self {
            visits: latest(&visits, visit, |record| (record.visit.leave, !record.open)),
            crossings,
            stays,
            minutes: latest(&minutes, minute, |record| record.minute.seen_ms),
            heats: latest(&heats, heat, |record| record.quarter.heat.total_ms()),
        }
    }

    /// Where and when each begins, table by table.
    fn begins(&self) -> Vec<(BranchId, Timestamp)> {
        fn begins<R: Inserted>(records: &[&R]) -> Vec<(BranchId, Timestamp)> {
            records.iter().map(|record| (record.place().branch, record.begin())).collect()
        }
        [
            begins(&self.visits),
            begins(&self.crossings),
            begins(&self.stays),
            begins(&self.minutes),
            begins(&self.heats),
        ]
        .concat()
    }
}

/// Each record with the next of the shifts.
fn with_shifts<R>(records: Vec<R>, shifts: &mut impl Iterator<Item = Shifted>) -> Vec<(R, Shifted)> {
    records.into_iter().zip(shifts).collect()
}

fn numbered<R>(records: Vec<(&R, Shifted)>) -> Vec<InShift<'_, R>> {
    records.into_iter().map(|(record, shift)| (record, shift.id)).collect()
}

/// An instant of a watch's own time, which counts from 1970.
pub(super) fn instant(ms: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}

/// Milliseconds and counts as both databases have them.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
