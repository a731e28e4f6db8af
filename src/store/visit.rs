//! Visits: written as soon as they count, completed when they end, read page by page.

use sqlx::types::Json;

use super::bulk::{Cell, Sql, ask};
use super::columns::{StoredAttributes, Time, json};
use super::insert::Inserted;
use super::page::{EARLIEST, LATEST, Page, instant, rows_to_read};
use super::summary::bounds;
use super::{Store, StoreError, id};
use crate::domain::{
    BranchId, CameraId, Place, SectorId, Selection, ShiftId, TenantId, Timestamp, Visit, VisitId,
};

/// Before a row, newest first.
const SELECT_PAGE: Sql = Sql::same(
    "select * from visit where tenant = $1 and shift = $2 and enter_at >= $3
        and ($4 = '' or camera = $4) and ($5 = 0 or sector = $5) and ($6 < 0 or open = ($6 = 1))
        and (enter_at, id) < ($7, $8)
    order by enter_at desc, id desc limit $9",
);

/// A visit on its way into the store.
#[derive(Debug, Clone, PartialEq)]
pub struct VisitRecord {
    /// Number of the observation it was seen in; with camera, track and `enter` it names the visit, so that
    /// writing it again changes the row and adds none. Random, as tracks are numbered anew at each start.
    pub run: i64,
    /// True while the person is there; `leave` is then when they were last seen so far.
    pub open: bool,
    pub visit: Visit,
}

/// A visit in the store.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredVisit {
    pub id: VisitId,
    /// The shift that holds its `enter`.
    pub shift: ShiftId,
    /// True while the person is there; `leave` is then the last time the store was told of.
    pub open: bool,
    pub visit: Visit,
}

#[derive(sqlx::FromRow)]
pub(super) struct VisitRow {
    id: i64,
    tenant: i64,
    branch: i64,
    sector: Option<i64>,
    camera: String,
    shift: i64,
    track: i64,
    enter_at: Time,
    leave_at: Time,
    open: bool,
    confidence: f32,
    model: String,
    attributes: Json<StoredAttributes>,
}

impl VisitRow {
    /// What names it among all visits, in the order in which they begin.
    pub(super) fn key(&self) -> (Timestamp, i64) {
        (self.enter_at.0, self.id)
    }

    pub(super) fn load(self) -> Result<StoredVisit, StoreError> {
        let place = place((self.tenant, self.branch, self.sector), &self.camera)?;
        Ok(StoredVisit {
            id: id(self.id, VisitId::new)?,
            shift: id(self.shift, ShiftId::new)?,
            open: self.open,
            visit: Visit {
                place,
                track: self.track.cast_unsigned(),
                enter: self.enter_at.0,
                leave: self.leave_at.0,
                confidence: self.confidence,
                model: self.model.into(),
                attributes: self.attributes.0.into(),
            },
        })
    }
}

impl Inserted for VisitRecord {
    const INSERT: &str = "insert into visit (tenant, branch, sector, camera, shift, run, track,
        enter_at, leave_at, dwell_ms, open, confidence, model, attributes) ";
    const COLUMNS: usize = 14;
    /// Of two states of one visit the later one stays, in whatever order and however often they arrive.
    const KEEP: &str = " on conflict (tenant, camera, run, track, enter_at) do update set
            leave_at = excluded.leave_at, dwell_ms = excluded.dwell_ms, open = excluded.open,
            confidence = excluded.confidence, model = excluded.model, attributes = excluded.attributes
        where excluded.leave_at > visit.leave_at
            or (excluded.leave_at = visit.leave_at and visit.open and not excluded.open)";

    fn place(&self) -> &Place {
        &self.visit.place
    }

    fn run(&self) -> i64 {
        self.run
    }

    fn begin(&self) -> Timestamp {
        self.visit.enter
    }

    fn put<'a>(&'a self, row: &mut Vec<Cell<'a>>) {
        let visit = &self.visit;
        row.extend([
            Cell::Int(visit.track.cast_signed()),
            Cell::Time(visit.enter),
            Cell::Time(visit.leave),
            Cell::Int(millis(visit)),
            Cell::Bool(self.open),
            Cell::Real(visit.confidence),
            Cell::Text(&visit.model),
            Cell::Json(json(&StoredAttributes::from(&visit.attributes))),
        ]);
    }
}

impl Store {
    /// A page of a shift's visits, newest first, `limit` or [`super::MAX_PAGE`] at most. Visits that begin while
    /// somebody pages neither repeat nor hide older ones.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] when `cursor` is not from an earlier page.
    pub async fn visits(
        &self,
        tenant: TenantId,
        shift: ShiftId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<StoredVisit>, StoreError> {
        self.visits_of(tenant, shift, &Selection::default(), (cursor, limit)).await
    }

    /// As [`Store::visits`], of those that are meant.
    ///
    /// # Errors
    /// As [`Store::visits`].
    pub async fn visits_of(
        &self,
        tenant: TenantId,
        shift: ShiftId,
        meant: &Selection,
        (cursor, limit): (Option<&str>, u32),
    ) -> Result<Page<StoredVisit>, StoreError> {
        let newest = Cursor { enter: meant.to.unwrap_or(LATEST), id: i64::MIN };
        let before = cursor.map(Cursor::parse).transpose()?.map_or(newest, |cursor| cursor.min(newest));
        let (sector, camera) = bounds(&meant.scope);
        let values = [
            Cell::Int(tenant.get()),
            Cell::Int(shift.get()),
            Cell::Time(meant.from.unwrap_or(EARLIEST)),
            Cell::Text(camera),
            Cell::Int(sector),
            Cell::Int(open(meant)),
            Cell::Time(before.enter),
            Cell::Int(before.id),
            Cell::Int(rows_to_read(limit)),
        ];
        let rows: Vec<VisitRow> = ask(&self.read, SELECT_PAGE, &values).await?;
        let visits = rows.into_iter().map(VisitRow::load).collect::<Result<Vec<_>, _>>()?;
        let cursor = |last: &StoredVisit| Cursor { enter: last.visit.enter, id: last.id.get() }.to_string();
        Ok(Page::cut(visits, limit, cursor))
    }
}

/// 1 for those that go on, 0 for those that are over, -1 for all.
pub(super) fn open(meant: &Selection) -> i64 {
    meant.open.map_or(-1, i64::from)
}

/// Where a row says that something happened.
pub(super) fn place(
    (tenant, branch, sector): (i64, i64, Option<i64>),
    camera: &str,
) -> Result<Place, StoreError> {
    Ok(Place {
        tenant: id(tenant, TenantId::new)?,
        branch: id(branch, BranchId::new)?,
        sector: sector.map(|sector| id(sector, SectorId::new)).transpose()?,
        camera: id(camera, CameraId::new)?,
    })
}

/// How long it was, as it is stored.
pub(super) fn millis(visit: &Visit) -> i64 {
    i64::try_from(visit.leave.since(visit.enter).as_millis()).unwrap_or(i64::MAX)
}

/// The row a page ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Cursor {
    enter: Timestamp,
    id: i64,
}

impl Cursor {
    fn parse(text: &str) -> Result<Self, StoreError> {
        let parts = text
            .split_once('.')
            .and_then(|(enter, id)| Some((instant(enter)?, i64::from_str_radix(id, 16).ok()?)));
        let (enter, id) = parts.ok_or_else(|| StoreError::Cursor(text.to_owned()))?;
        Ok(Self { enter, id })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}.{:x}", self.enter.as_millis(), self.id)
    }
}
