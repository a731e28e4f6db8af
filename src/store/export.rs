//! Rows on their way out, a page after the other.
//!
//! A page is a statement of its own and nothing is held between two: neither a connection, for which others would wait as
//! long as a slow client takes, nor a transaction, which would keep SQLite's log from being folded into the file. So what
//! is written meanwhile may be in it or not; what was there before is in it once. Shift follows shift, as they are what
//! the indexes lead to.

use super::bulk::{Answered, Cell, Sql, ask};
use super::columns::Time;
use super::page::{EARLIEST, LATEST};
use super::summary::bounds;
use super::visit::{VisitRow, open, place};
use super::voice::VoiceRow;
use super::{Store, StoreError, id};
use crate::domain::{
    Crossing, Direction, ExportKind, ExportRow, Extent, PeopleMinute, Selection, ShiftId, TenantId,
    Timestamp, ZoneStay,
};

/// Rows of a page: a few milliseconds' work for the database, and some hundred kilobytes.
const PAGE: usize = 1000;

/// Shifts that are looked up at once.
const SHIFTS: usize = 500;

const SELECT_SHIFTS: Sql = Sql::same(
    "select id, start_at from shift where tenant = $1 and branch = $2 and start_at > $3 and start_at < $4
        and end_at > $5
    order by start_at limit $6",
);

/// What is meant of a page: after tenant and shift its end in time, the camera, and the sector; `$6` is how many rows, and
/// from `$7` on stands the row after which it begins.
macro_rules! page_sql {
    (select: $columns:literal, table: $table:literal, within: $within:literal, time: $time:literal,
        sector: $sector:literal, after: $key:literal, group: $group:literal, values: $values:literal) => {
        Sql::same(concat!(
            "select ",
            $columns,
            " from ",
            $table,
            " where tenant = $1 and ",
            $within,
            " and ",
            $time,
            " < $3
                and ($4 = '' or camera = $4) and ($5 = 0 or ",
            $sector,
            " = $5)
                and (",
            $key,
            ") > (",
            $values,
            ") ",
            $group,
            " order by ",
            $key,
            " limit $6"
        ))
    };
}

const VISITS: Sql = page_sql!(
    select: "*", table: "visit", within: "shift = $2 and ($7 < 0 or open = ($7 = 1))", time: "enter_at",
    sector: "sector", after: "enter_at, id", group: "", values: "$8, $9"
);
const CROSSINGS: Sql = page_sql!(
    select: "*", table: "line_crossing", within: "shift = $2", time: "crossed_at", sector: "sector",
    after: "crossed_at, camera, run, line, track", group: "", values: "$7, $8, $9, $10, $11"
);
const STAYS: Sql = page_sql!(
    select: "*", table: "zone_stay", within: "shift = $2", time: "enter_at", sector: "sector",
    after: "enter_at, camera, run, zone, track", group: "", values: "$7, $8, $9, $10, $11"
);
/// Of two watches in one minute the sum, as everywhere.
const MINUTES: Sql = page_sql!(
    select: "tenant, branch, shift, camera, sector, minute_at, min(min_people) as min_people,
        max(max_people) as max_people, cast(sum(people_ms) as bigint) as people_ms,
        cast(sum(seen_ms) as bigint) as seen_ms",
    table: "occupancy", within: "shift = $2", time: "minute_at", sector: "sector",
    after: "minute_at, camera, coalesce(sector, 0)", group: "group by minute_at, camera, sector, tenant, branch, shift",
    values: "$7, $8, $9"
);
/// By time and not by shift: `$2` is the branch.
const VOICE: Sql = page_sql!(
    select: "*", table: "voice_activity", within: "branch = $2", time: "begin_at", sector: "sector",
    after: "begin_at, camera", group: "", values: "$7, $8"
);

#[derive(sqlx::FromRow)]
struct CrossingRow {
    tenant: i64,
    branch: i64,
    sector: Option<i64>,
    camera: String,
    shift: i64,
    run: i64,
    track: i64,
    line: String,
    entrance: bool,
    direction: String,
    crossed_at: Time,
}

#[derive(sqlx::FromRow)]
struct StayRow {
    tenant: i64,
    branch: i64,
    sector: Option<i64>,
    camera: String,
    shift: i64,
    run: i64,
    track: i64,
    zone: String,
    enter_at: Time,
    leave_at: Time,
}

#[derive(sqlx::FromRow)]
struct MinuteRow {
    tenant: i64,
    branch: i64,
    sector: Option<i64>,
    camera: String,
    shift: i64,
    minute_at: Time,
    min_people: i64,
    max_people: i64,
    people_ms: i64,
    seen_ms: i64,
}

/// A part of what names a row among others, in the order in which they leave.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Time(Timestamp),
    Int(i64),
    Text(String),
}

impl Part {
    fn cell(&self) -> Cell<'_> {
        match self {
            Self::Time(at) => Cell::Time(*at),
            Self::Int(number) => Cell::Int(*number),
            Self::Text(text) => Cell::Text(text),
        }
    }
}

/// What a camera saw of somebody at a line or in a zone.
fn sight(at: Time, (camera, run): (&str, i64), shape: &str, track: i64) -> Vec<Part> {
    let (camera, shape) = (Part::Text(camera.to_owned()), Part::Text(shape.to_owned()));
    vec![Part::Time(at.0), camera, Part::Int(run), shape, Part::Int(track)]
}

/// A row of a page.
trait Paged: Answered {
    fn key(&self) -> Vec<Part>;
    fn load(self) -> Result<ExportRow, StoreError>;
}

impl Paged for VisitRow {
    fn key(&self) -> Vec<Part> {
        let (enter, id) = self.key();
        vec![Part::Time(enter), Part::Int(id)]
    }

    fn load(self) -> Result<ExportRow, StoreError> {
        let stored = Self::load(self)?;
        Ok(ExportRow::Visit { id: stored.id, shift: stored.shift, open: stored.open, visit: stored.visit })
    }
}

impl Paged for CrossingRow {
    fn key(&self) -> Vec<Part> {
        sight(self.crossed_at, (&self.camera, self.run), &self.line, self.track)
    }

    fn load(self) -> Result<ExportRow, StoreError> {
        Ok(ExportRow::Crossing(Crossing {
            shift: id(self.shift, ShiftId::new)?,
            place: place((self.tenant, self.branch, self.sector), &self.camera)?,
            track: self.track.cast_unsigned(),
            line: self.line,
            entrance: self.entrance,
            direction: Direction::from_name(&self.direction).ok_or_else(|| StoreError::Row {
                what: "line crossing".to_owned(),
                reason: format!("{:?} is no direction", self.direction),
            })?,
            at: self.crossed_at.0,
        }))
    }
}

impl Paged for StayRow {
    fn key(&self) -> Vec<Part> {
        sight(self.enter_at, (&self.camera, self.run), &self.zone, self.track)
    }

    fn load(self) -> Result<ExportRow, StoreError> {
        Ok(ExportRow::Stay(ZoneStay {
            shift: id(self.shift, ShiftId::new)?,
            place: place((self.tenant, self.branch, self.sector), &self.camera)?,
            track: self.track.cast_unsigned(),
            zone: self.zone,
            enter: self.enter_at.0,
            leave: self.leave_at.0,
        }))
    }
}

impl Paged for MinuteRow {
    fn key(&self) -> Vec<Part> {
        let camera = Part::Text(self.camera.clone());
        vec![Part::Time(self.minute_at.0), camera, Part::Int(self.sector.unwrap_or(0))]
    }

    fn load(self) -> Result<ExportRow, StoreError> {
        let people = |count: i64| u32::try_from(count).unwrap_or(0);
        Ok(ExportRow::Minute(PeopleMinute {
            shift: id(self.shift, ShiftId::new)?,
            place: place((self.tenant, self.branch, self.sector), &self.camera)?,
            start: self.minute_at.0,
            min: people(self.min_people),
            mean: self.people_ms as f64 / self.seen_ms.max(1) as f64,
            max: people(self.max_people),
            seen_ms: self.seen_ms.cast_unsigned(),
        }))
    }
}

impl Paged for VoiceRow {
    fn key(&self) -> Vec<Part> {
        let (begin, camera) = self.key();
        vec![Part::Time(begin), Part::Text(camera.to_owned())]
    }

    fn load(self) -> Result<ExportRow, StoreError> {
        Ok(ExportRow::Voice(Self::load(self)?))
    }
}

/// What is taken out, and how far it has come.
#[derive(Debug)]
pub struct Export {
    store: Store,
    tenant: TenantId,
    kind: ExportKind,
    extent: Extent,
    meant: Selection,
    /// What rows are found by: the shifts that are still to come, the next one last, or the branch itself.
    wanted: Vec<i64>,
    /// The start of the last shift that was looked up; `None` once there are no more.
    looked_up: Option<Timestamp>,
    /// The last row that was told of the present one.
    after: Option<Vec<Part>>,
}

impl Store {
    /// Rows of `kind`, those that began first at first.
    ///
    /// # Errors
    /// When the shift is another tenant's.
    pub fn export(
        &self,
        tenant: TenantId,
        kind: ExportKind,
        extent: Extent,
        mut meant: Selection,
    ) -> Result<Export, StoreError> {
        if let Extent::Shift(shift) = &extent
            && shift.tenant != tenant
        {
            return Err(StoreError::Tenant { row: shift.tenant, caller: tenant });
        }
        let (wanted, looked_up) = match (&extent, kind) {
            (Extent::Branch(branch), ExportKind::Voice) => (vec![branch.get()], None),
            (Extent::Branch(_), _) => (Vec::new(), Some(EARLIEST)),
            (Extent::Shift(shift), ExportKind::Voice) => {
                meant.from = Some(meant.from.map_or(shift.start, |from| from.max(shift.start)));
                meant.to = Some(meant.to.map_or(shift.end, |to| to.min(shift.end)));
                (vec![shift.branch.get()], None)
            }
            (Extent::Shift(shift), _) => (vec![shift.id.get()], None),
        };
        Ok(Export { store: self.clone(), tenant, kind, extent, meant, wanted, looked_up, after: None })
    }
}

impl Export {
    /// The next rows; `None` when there are no more.
    ///
    /// # Errors
    /// When the database fails; the same call may then be repeated.
    pub async fn next(&mut self) -> Result<Option<Vec<ExportRow>>, StoreError> {
        loop {
            let Some(wanted) = self.wanted.last().copied() else {
                if !self.look_up_shifts().await? {
                    return Ok(None);
                }
                continue;
            };
            let rows = match self.kind {
                ExportKind::Visits => self.page::<VisitRow>(VISITS, wanted).await?,
                ExportKind::Crossings => self.page::<CrossingRow>(CROSSINGS, wanted).await?,
                ExportKind::Stays => self.page::<StayRow>(STAYS, wanted).await?,
                ExportKind::Occupancy => self.page::<MinuteRow>(MINUTES, wanted).await?,
                ExportKind::Voice => self.page::<VoiceRow>(VOICE, wanted).await?,
            };
            if !rows.is_empty() {
                return Ok(Some(rows));
            }
        }
    }

    async fn page<R: Paged>(&mut self, sql: Sql, wanted: i64) -> Result<Vec<ExportRow>, StoreError> {
        let (sector, camera) = bounds(&self.meant.scope);
        let before_all = self.before_all();
        let mut values = vec![
            Cell::Int(self.tenant.get()),
            Cell::Int(wanted),
            Cell::Time(self.meant.to.unwrap_or(LATEST)),
            Cell::Text(camera),
            Cell::Int(sector),
            Cell::Int(PAGE as i64),
        ];
        if self.kind == ExportKind::Visits {
            values.push(Cell::Int(open(&self.meant)));
        }
        values.extend(self.after.as_ref().unwrap_or(&before_all).iter().map(Part::cell));
        let rows: Vec<R> = ask(&self.store.read, sql, &values).await?;
        let is_last = rows.len() < PAGE;
        let last = rows.last().map(R::key);
        let rows = rows.into_iter().map(R::load).collect::<Result<Vec<_>, _>>()?;
        if is_last {
            self.wanted.pop();
            self.after = None;
        } else {
            self.after = last;
        }
        Ok(rows)
    }

    /// What stands before the first row that is meant.
    fn before_all(&self) -> Vec<Part> {
        let from = Part::Time(self.meant.from.unwrap_or(EARLIEST));
        let (least, nothing) = (Part::Int(i64::MIN), Part::Text(String::new()));
        match self.kind {
            ExportKind::Visits => vec![from, least],
            ExportKind::Crossings | ExportKind::Stays => {
                vec![from, nothing.clone(), least.clone(), nothing, least]
            }
            ExportKind::Occupancy => vec![from, nothing, least],
            ExportKind::Voice => vec![from, nothing],
        }
    }

    /// Answers whether there was another one.
    async fn look_up_shifts(&mut self) -> Result<bool, StoreError> {
        let (Extent::Branch(branch), Some(after)) = (&self.extent, self.looked_up) else { return Ok(false) };
        let values = [
            Cell::Int(self.tenant.get()),
            Cell::Int(branch.get()),
            Cell::Time(after),
            Cell::Time(self.meant.to.unwrap_or(LATEST)),
            Cell::Time(self.meant.from.unwrap_or(EARLIEST)),
            Cell::Int(SHIFTS as i64),
        ];
        let shifts: Vec<(i64, Time)> = ask(&self.store.read, SELECT_SHIFTS, &values).await?;
        self.looked_up = shifts.last().filter(|_| shifts.len() == SHIFTS).map(|(_, start)| start.0);
        self.wanted = shifts.iter().rev().map(|(id, _)| *id).collect();
        Ok(!shifts.is_empty())
    }
}
