//! Where people stood: a grid of numbers a quarter of an hour, added up when it is asked for.

use sqlx::types::Json;

use super::bulk::Cell;
use super::columns::{Time, json};
use super::insert::Inserted;
use super::record::{HeatRecord, instant, number};
use super::{Store, StoreError, with_pool};
use crate::domain::{BranchId, CameraId, Heat, Place, ShiftId, TenantId, Timestamp};

const SELECT_SHIFT: &str =
    "select cells from heat where tenant = $1 and branch = $2 and camera = $3 and shift = $4";
const SELECT_RANGE: &str = "select cells from heat
    where tenant = $1 and branch = $2 and camera = $3 and start_at >= $4 and start_at < $5";

type Cells = (Json<Vec<u64>>,);

impl Inserted for HeatRecord {
    const INSERT: &str =
        "insert into heat (tenant, branch, sector, camera, shift, run, start_at, total_ms, cells) ";
    const COLUMNS: usize = 9;
    /// Of two states of one quarter the later one stays: the one with more time in it.
    const KEEP: &str = " on conflict (tenant, camera, start_at, run) do update set
            total_ms = excluded.total_ms, cells = excluded.cells
        where excluded.total_ms > heat.total_ms";

    fn place(&self) -> &Place {
        &self.place
    }

    fn run(&self) -> i64 {
        self.run
    }

    fn begin(&self) -> Timestamp {
        instant(self.quarter.start_ms)
    }

    fn put<'a>(&'a self, row: &mut Vec<Cell<'a>>) {
        let heat = &self.quarter.heat;
        row.extend([
            Cell::Time(self.begin()),
            Cell::Int(number(heat.total_ms())),
            Cell::Json(json(&heat.cells())),
        ]);
    }
}

impl Store {
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
