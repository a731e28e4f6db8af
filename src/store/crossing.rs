//! Crossings of lines and stays in zones: written once they are over.

use sqlx::QueryBuilder;

use super::columns::Time;
use super::record::{CrossingRecord, ROWS_A_STATEMENT, ZoneStayRecord, number};
use super::{Store, StoreError, with_pool};
use crate::domain::{SectorId, TenantId};

const INSERT_CROSSING: &str = "insert into line_crossing
    (tenant, branch, sector, camera, shift, run, track, line, entrance, direction, crossed_at) ";
const INSERT_STAY: &str = "insert into zone_stay
    (tenant, branch, sector, camera, shift, run, track, zone, enter_at, leave_at, dwell_ms) ";

/// They never change: what is there already is the same.
const KEEP: &str = " on conflict do nothing";

impl Store {
    pub(super) async fn write_crossings(
        &self,
        tenant: TenantId,
        records: &[&CrossingRecord],
    ) -> Result<(), StoreError> {
        let begins: Vec<_> = records.iter().map(|record| (record.place.branch, record.at)).collect();
        let shifts = self.shifts_of(tenant, &begins).await?;
        let rows: Vec<_> = records.iter().zip(shifts).collect();
        if rows.is_empty() {
            return Ok(());
        }
        with_pool!(self.write, pool => {
            let mut transaction = pool.begin().await?;
            for rows in rows.chunks(ROWS_A_STATEMENT) {
                let mut query = QueryBuilder::new(INSERT_CROSSING);
                query.push_values(rows, |mut row, (record, shift)| {
                    row.push_bind(tenant.get())
                        .push_bind(record.place.branch.get())
                        .push_bind(record.place.sector.map(SectorId::get))
                        .push_bind(record.place.camera.as_str())
                        .push_bind(*shift)
                        .push_bind(record.run)
                        .push_bind(record.track.cast_signed())
                        .push_bind(record.line.as_ref())
                        .push_bind(record.entrance)
                        .push_bind(record.direction.name())
                        .push_bind(Time(record.at));
                });
                // See the visits': its text depends on the number of rows.
                query.push(KEEP).build().persistent(false).execute(&mut *transaction).await?;
            }
            transaction.commit().await
        })
    }

    pub(super) async fn write_zone_stays(
        &self,
        tenant: TenantId,
        records: &[&ZoneStayRecord],
    ) -> Result<(), StoreError> {
        let begins: Vec<_> = records.iter().map(|record| (record.place.branch, record.enter)).collect();
        let shifts = self.shifts_of(tenant, &begins).await?;
        let rows: Vec<_> = records.iter().zip(shifts).collect();
        if rows.is_empty() {
            return Ok(());
        }
        with_pool!(self.write, pool => {
            let mut transaction = pool.begin().await?;
            for rows in rows.chunks(ROWS_A_STATEMENT) {
                let mut query = QueryBuilder::new(INSERT_STAY);
                query.push_values(rows, |mut row, (record, shift)| {
                    let dwell = record.leave.since(record.enter).as_millis();
                    row.push_bind(tenant.get())
                        .push_bind(record.place.branch.get())
                        .push_bind(record.place.sector.map(SectorId::get))
                        .push_bind(record.place.camera.as_str())
                        .push_bind(*shift)
                        .push_bind(record.run)
                        .push_bind(record.track.cast_signed())
                        .push_bind(record.zone.as_ref())
                        .push_bind(Time(record.enter))
                        .push_bind(Time(record.leave))
                        .push_bind(number(dwell as u64));
                });
                query.push(KEEP).build().persistent(false).execute(&mut *transaction).await?;
            }
            transaction.commit().await
        })
    }
}
