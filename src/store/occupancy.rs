//! How many people there were: a row a minute, read back in steps of any length.

use super::bulk::Cell;
use super::columns::Time;
use super::insert::Inserted;
use super::record::{MinuteRecord, instant, number};
use super::{Pools, Store, StoreError, with_pool};
use crate::domain::{BranchId, CameraId, OccupancySeries, OccupancyStep, Peak, Place, TenantId, Timestamp};

/// Minutes of all watches by step; `$5` is a step's length in milliseconds.
macro_rules! series_sql {
    (step: $step:literal) => {
        concat!(
            "select ",
            $step,
            " as step, min(min_people) as min_people, max(max_people) as max_people,
                cast(sum(people_ms) as bigint) as people_ms, cast(sum(seen_ms) as bigint) as seen_ms
            from occupancy
            where tenant = $1 and camera = $2 and minute_at >= $3 and minute_at < $4 and branch = $6
            group by step order by step"
        )
    };
}
const SQLITE_SERIES: &str = series_sql!(step: "(minute_at - $3) / $5");
const POSTGRES_SERIES: &str =
    series_sql!(step: "cast(floor(extract(epoch from minute_at - $3) * 1000 / $5) as bigint)");

const PEAK: &str = "select max_people, minute_at from occupancy
    where tenant = $1 and camera = $2 and minute_at >= $3 and minute_at < $4 and branch = $5
    order by max_people desc, minute_at limit 1";

#[derive(sqlx::FromRow)]
struct StepRow {
    step: i64,
    min_people: i64,
    max_people: i64,
    people_ms: i64,
    seen_ms: i64,
}

impl Inserted for MinuteRecord {
    const INSERT: &str = "insert into occupancy (tenant, branch, sector, camera, shift, run,
        minute_at, min_people, max_people, people_ms, seen_ms) ";
    const COLUMNS: usize = 11;
    /// Of two states of one minute the later one stays: the one that has seen more of it.
    const KEEP: &str = " on conflict (tenant, camera, minute_at, run) do update set
            min_people = excluded.min_people, max_people = excluded.max_people,
            people_ms = excluded.people_ms, seen_ms = excluded.seen_ms
        where excluded.seen_ms > occupancy.seen_ms
        returning shift, camera, sector";

    fn place(&self) -> &Place {
        &self.place
    }

    fn run(&self) -> i64 {
        self.run
    }

    fn begin(&self) -> Timestamp {
        instant(self.minute.start_ms)
    }

    fn put<'a>(&'a self, row: &mut Vec<Cell<'a>>) {
        let minute = &self.minute;
        row.extend([
            Cell::Time(self.begin()),
            Cell::Int(i64::from(minute.min)),
            Cell::Int(i64::from(minute.max)),
            Cell::Int(number(minute.people_ms)),
            Cell::Int(number(minute.seen_ms)),
        ]);
    }
}

impl Store {
    /// How many people there were before `camera` while it was in `branch`, by the minute that begins in `from..to`, in
    /// steps of `step_ms` from `from` on. Steps of which nothing was seen are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn occupancy(
        &self,
        tenant: TenantId,
        (branch, camera): (BranchId, &CameraId),
        (from, to): (Timestamp, Timestamp),
        step_ms: i64,
    ) -> Result<OccupancySeries, StoreError> {
        let sql = match self.read {
            Pools::Sqlite(_) => SQLITE_SERIES,
            Pools::Postgres(_) => POSTGRES_SERIES,
        };
        let rows: Vec<StepRow> = with_pool!(self.read, pool => {
            sqlx::query_as(sql)
                .bind(tenant.get()).bind(camera.as_str()).bind(Time(from)).bind(Time(to)).bind(step_ms)
                .bind(branch.get()).fetch_all(pool).await
        })?;
        let peak: Option<(i64, Time)> = with_pool!(self.read, pool => {
            sqlx::query_as(PEAK)
                .bind(tenant.get()).bind(camera.as_str()).bind(Time(from)).bind(Time(to))
                .bind(branch.get()).fetch_optional(pool).await
        })?;
        let step = |row: StepRow| OccupancyStep {
            start: Timestamp::from_millis(from.as_millis() + row.step * step_ms),
            min: people(row.min_people),
            mean: row.people_ms as f64 / row.seen_ms.max(1) as f64,
            max: people(row.max_people),
        };
        Ok(OccupancySeries {
            steps: rows.into_iter().map(step).collect(),
            peak: peak.map(|(most, at)| Peak { people: people(most), at: at.0 }),
        })
    }
}

fn people(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(0)
}
