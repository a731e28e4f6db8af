//! What the recorder hands over: rows of several tables, each of which may be written again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::branch::calendar;
use super::visit::VisitRecord;
use super::{Store, StoreError};
use crate::domain::{BranchId, Place, TenantId, Timestamp};
use crate::shift::Period;
use crate::visit::{Direction, Minute, Quarter};

/// Rows of one statement: both databases limit its parameters, SQLite to 32766.
pub(super) const ROWS_A_STATEMENT: usize = 500;

/// Somebody has crossed a line.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossingRecord {
    /// See [`VisitRecord::run`].
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
    /// See [`VisitRecord::run`].
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
    /// See [`MinuteRecord::run`].
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
    /// Writes records, each into the shift that holds its begin. What is there already stays, or is brought to the
    /// later of both states, so any call may be repeated, also one that failed when some were written.
    ///
    /// # Errors
    /// When the database fails, or a record is another tenant's.
    pub async fn write(&self, tenant: TenantId, records: &[Record]) -> Result<(), StoreError> {
        let (mut visits, mut crossings, mut stays) = (Vec::new(), Vec::new(), Vec::new());
        let (mut minutes, mut heats) = (Vec::new(), Vec::new());
        for record in records {
            let row = record.place().tenant;
            if row != tenant {
                return Err(StoreError::Tenant { row, caller: tenant });
            }
            match record {
                Record::Visit(record) => visits.push(record),
                Record::Crossing(record) => crossings.push(record),
                Record::ZoneStay(record) => stays.push(record),
                Record::Minute(record) => minutes.push(record),
                Record::Heat(record) => heats.push(record),
            }
        }
        self.write_visit_states(tenant, &visits).await?;
        self.write_crossings(tenant, &crossings).await?;
        self.write_zone_stays(tenant, &stays).await?;
        self.write_minutes(tenant, &minutes).await?;
        self.write_heat(tenant, &heats).await
    }

    /// The numbers of the shifts that hold these instants at these branches, in their order.
    pub(super) async fn shifts_of(
        &self,
        tenant: TenantId,
        begins: &[(BranchId, Timestamp)],
    ) -> Result<Vec<i64>, StoreError> {
        let branches: BTreeSet<_> = begins.iter().map(|(branch, _)| *branch).collect();
        let mut calendars = BTreeMap::new();
        for branch in branches {
            calendars.insert(branch, calendar(&self.branch_or_unnamed(tenant, branch).await?)?);
        }
        let mut known: Vec<(BranchId, Period, i64)> = Vec::new();
        let mut shifts = Vec::with_capacity(begins.len());
        for (branch, at) in begins {
            let holds = |(of, period, _): &&(BranchId, Period, i64)| {
                of == branch && period.start <= *at && *at < period.end
            };
            if let Some((_, _, shift)) = known.iter().find(holds) {
                shifts.push(*shift);
                continue;
            }
            let period = calendars[branch].period_at(*at);
            let shift = self.shift_of(tenant, *branch, &period).await?.id.get();
            known.push((*branch, period, shift));
            shifts.push(shift);
        }
        Ok(shifts)
    }
}

/// An instant of a watch's own time, which counts from 1970.
pub(super) fn instant(ms: u64) -> Timestamp {
    Timestamp::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}

/// Milliseconds and counts as both databases have them.
pub(super) fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
