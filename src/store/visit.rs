//! Visits: written as soon as they count, completed when they end, read page by page.

use sqlx::QueryBuilder;
use sqlx::types::Json;

use super::columns::{StoredAttributes, Time};
use super::page::{Page, instant, rows_to_read};
use super::record::ROWS_A_STATEMENT;
use super::{Store, StoreError, id, latest, with_pool};
use crate::domain::{BranchId, CameraId, Place, SectorId, ShiftId, TenantId, Timestamp, Visit, VisitId};

const INSERT: &str = "insert into visit (tenant, branch, sector, camera, shift, run, track,
    enter_at, leave_at, dwell_ms, open, confidence, model, attributes) ";

/// Of two states of one visit the later one stays, in whatever order and however often they arrive.
const KEEP_LATER: &str = " on conflict (tenant, camera, run, track, enter_at) do update set
        leave_at = excluded.leave_at, dwell_ms = excluded.dwell_ms, open = excluded.open,
        confidence = excluded.confidence, model = excluded.model, attributes = excluded.attributes
    where excluded.leave_at > visit.leave_at
        or (excluded.leave_at = visit.leave_at and visit.open and not excluded.open)";

const CLOSE_OPEN: &str = "update visit set open = false where open";

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

impl Store {
    /// Writes visits, each into the shift that holds its `enter`: all of them or, on an error, none. What is
    /// there already is brought to the later of both states, so any call may be repeated.
    ///
    /// # Errors
    /// When the database fails, or a record is another tenant's.
    pub async fn write_visits(&self, tenant: TenantId, records: &[VisitRecord]) -> Result<(), StoreError> {
        let foreign = records.iter().map(|record| record.visit.place.tenant).find(|row| *row != tenant);
        match foreign {
            Some(row) => Err(StoreError::Tenant { row, caller: tenant }),
            None => self.write_visit_states(tenant, &records.iter().collect::<Vec<_>>()).await,
        }
    }

    pub(super) async fn write_visit_states(
        &self,
        tenant: TenantId,
        records: &[&VisitRecord],
    ) -> Result<(), StoreError> {
        let key = |VisitRecord { visit, run, .. }: &VisitRecord| {
            (visit.enter, visit.place.camera.clone(), *run, visit.track)
        };
        let latest = latest(records, key, |record| (record.visit.leave, !record.open));
        let begins: Vec<_> =
            latest.iter().map(|record| (record.visit.place.branch, record.visit.enter)).collect();
        let shifts = self.shifts_of(tenant, &begins).await?;
        if latest.is_empty() {
            return Ok(());
        }
        let rows: Vec<(&VisitRecord, i64)> = latest.into_iter().zip(shifts).collect();
        with_pool!(self.write, pool => {
            let mut transaction = pool.begin().await?;
            for rows in rows.chunks(ROWS_A_STATEMENT) {
                let mut query = QueryBuilder::new(INSERT);
                query.push_values(rows, |mut row, (record, shift)| {
                    let visit = &record.visit;
                    row.push_bind(tenant.get())
                        .push_bind(visit.place.branch.get())
                        .push_bind(visit.place.sector.map(SectorId::get))
                        .push_bind(visit.place.camera.as_str())
                        .push_bind(*shift)
                        .push_bind(record.run)
                        .push_bind(visit.track.cast_signed())
                        .push_bind(Time(visit.enter))
                        .push_bind(Time(visit.leave))
                        .push_bind(millis(visit))
                        .push_bind(record.open)
                        .push_bind(visit.confidence)
                        .push_bind(visit.model.as_ref())
                        .push_bind(Json(StoredAttributes::from(&visit.attributes)));
                });
                // Its text depends on the number of rows; keeping each would fill the cache of statements.
                query.push(KEEP_LATER).build().persistent(false).execute(&mut *transaction).await?;
            }
            transaction.commit().await
        })
    }

    /// Ends every visit that is still open, at the last time known. For the app at its start, when nobody is
    /// observed yet and what is open was left so by a crash. Answers how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close_open_visits(&self) -> Result<u64, StoreError> {
        let rows = with_pool!(self.write, pool => {
            sqlx::query(CLOSE_OPEN).execute(pool).await.map(|done| done.rows_affected())
        })?;
        Ok(rows)
    }

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

fn millis(visit: &Visit) -> i64 {
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
