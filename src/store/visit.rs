//! Visits: written as soon as they count, completed when they end, read page by page.

use sqlx::types::Json;

use super::bulk::Cell;
use super::columns::{StoredAttributes, Time, json};
use super::insert::Inserted;
use super::page::{Page, instant, rows_to_read};
use super::{Store, StoreError, id, with_pool};
use crate::domain::{BranchId, CameraId, Place, SectorId, ShiftId, TenantId, Timestamp, Visit, VisitId};

const SELECT_FIRST: &str = "select * from visit where tenant = $1 and shift = $2
    order by enter_at desc, id desc limit $3";
const SELECT_NEXT: &str = "select * from visit where tenant = $1 and shift = $2
        and (enter_at, id) < ($4, $5)
    order by enter_at desc, id desc limit $3";

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
struct VisitRow {
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
    fn load(self) -> Result<StoredVisit, StoreError> {
        let place = Place {
            tenant: id(self.tenant, TenantId::new)?,
            branch: id(self.branch, BranchId::new)?,
            sector: self.sector.map(|sector| id(sector, SectorId::new)).transpose()?,
            camera: id(self.camera.as_str(), CameraId::new)?,
        };
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
        let after = cursor.map(Cursor::parse).transpose()?;
        let wanted = rows_to_read(limit);
        let rows: Vec<VisitRow> = with_pool!(self.read, pool => match after {
            None => {
                sqlx::query_as(SELECT_FIRST)
                    .bind(tenant.get()).bind(shift.get()).bind(wanted)
                    .fetch_all(pool).await
            }
            Some(Cursor { enter, id }) => {
                sqlx::query_as(SELECT_NEXT)
                    .bind(tenant.get()).bind(shift.get()).bind(wanted).bind(Time(enter)).bind(id)
                    .fetch_all(pool).await
            }
        })?;
        let visits = rows.into_iter().map(VisitRow::load).collect::<Result<Vec<_>, _>>()?;
        let cursor = |last: &StoredVisit| Cursor { enter: last.visit.enter, id: last.id.get() }.to_string();
        Ok(Page::cut(visits, limit, cursor))
    }
}

/// How long it was, as it is stored.
pub(super) fn millis(visit: &Visit) -> i64 {
    i64::try_from(visit.leave.since(visit.enter).as_millis()).unwrap_or(i64::MAX)
}

/// The row a page ended with.
#[derive(Debug, Clone, Copy)]
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
