//! Where people stood: a grid of numbers a quarter of an hour, added up when it is asked for.

use sqlx::QueryBuilder;
use sqlx::types::Json;

use super::columns::Time;
use super::record::{HeatRecord, ROWS_A_STATEMENT, instant, number};
use super::{Store, StoreError, with_pool};
use crate::domain::{BranchId, CameraId, Heat, SectorId, ShiftId, TenantId, Timestamp};

const INSERT: &str =
    "insert into heat (tenant, branch, sector, camera, shift, run, start_at, total_ms, cells) ";

/// Of two states of one quarter the later one stays: the one with more time in it.
const KEEP_LATER: &str = " on conflict (tenant, camera, start_at, run) do update set
        total_ms = excluded.total_ms, cells = excluded.cells
    where excluded.total_ms > heat.total_ms";

const SELECT_SHIFT: &str =
    "select cells from heat where tenant = $1 and branch = $2 and camera = $3 and shift = $4";
const SELECT_RANGE: &str = "select cells from heat
    where tenant = $1 and branch = $2 and camera = $3 and start_at >= $4 and start_at < $5";

type Cells = (Json<Vec<u64>>,);

impl Store {
    pub(super) async fn write_heat(
        &self,
        tenant: TenantId,
        records: &[&HeatRecord],
    ) -> Result<(), StoreError> {
        let start = |record: &HeatRecord| instant(record.quarter.start_ms);
        let key = |record: &HeatRecord| (record.place.camera.clone(), record.run, record.quarter.start_ms);
        let latest = super::latest(records, key, |record| record.quarter.heat.total_ms());
        let begins: Vec<_> = latest.iter().map(|record| (record.place.branch, start(record))).collect();
        let shifts = self.shifts_of(tenant, &begins).await?;
        let rows: Vec<_> = latest.into_iter().zip(shifts).collect();
        if rows.is_empty() {
            return Ok(());
        }
        with_pool!(self.write, pool => {
            let mut transaction = pool.begin().await?;
            for rows in rows.chunks(ROWS_A_STATEMENT) {
                let mut query = QueryBuilder::new(INSERT);
                query.push_values(rows, |mut row, (record, shift)| {
                    let heat = &record.quarter.heat;
                    row.push_bind(tenant.get())
                        .push_bind(record.place.branch.get())
                        .push_bind(record.place.sector.map(SectorId::get))
                        .push_bind(record.place.camera.as_str())
                        .push_bind(*shift)
                        .push_bind(record.run)
                        .push_bind(Time(start(record)))
                        .push_bind(number(heat.total_ms()))
                        .push_bind(Json(heat.cells()));
                });
                query.push(KEEP_LATER).build().persistent(false).execute(&mut *transaction).await?;
            }
            transaction.commit().await
        })
    }

    /// Where people stood before `camera` in a shift, while it was in `branch`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn heat_of_shift(
        &self,
        tenant: TenantId,
        branch: BranchId,
        camera: &CameraId,
        shift: ShiftId,
    ) -> Result<Heat, StoreError> {
        let rows: Vec<Cells> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_SHIFT)
                .bind(tenant.get()).bind(branch.get()).bind(camera.as_str()).bind(shift.get())
                .fetch_all(pool).await
        })?;
        sum(rows)
    }

    /// Where people stood before `camera`, while it was in `branch`, in the quarters of an hour that begin in `from..to`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn heat_between(
        &self,
        tenant: TenantId,
        branch: BranchId,
        camera: &CameraId,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Heat, StoreError> {
        let rows: Vec<Cells> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_RANGE)
                .bind(tenant.get()).bind(branch.get()).bind(camera.as_str()).bind(Time(from)).bind(Time(to))
                .fetch_all(pool).await
        })?;
        sum(rows)
    }
}

fn sum(rows: Vec<Cells>) -> Result<Heat, StoreError> {
    let mut sum = Heat::default();
    for (Json(cells),) in rows {
        let count = cells.len();
        let heat = Heat::from_cells(cells).ok_or_else(|| StoreError::Row {
            what: "heat".to_owned(),
            reason: format!("it has {count} cells"),
        })?;
        sum.add(&heat);
    }
    Ok(sum)
}
