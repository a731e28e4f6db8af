//! How many people there were: a row a minute, read back in steps of any length.

use super::bulk::{Cell, Sql, ask};
use super::columns::Time;
use super::insert::Inserted;
use super::record::{MinuteRecord, instant, number};
use super::{Store, StoreError, with_pool};
use crate::domain::{
    BranchId, CameraId, OccupancySeries, OccupancyStep, Peak, People, Place, TenantId, Timestamp,
};

/// Minutes of all watches by step; `$5` is a step's length in milliseconds, `$7` a sector or 0.
macro_rules! series_sql {
    (step: $step:literal) => {
        concat!(
            "select ",
            $step,
            " as step, min(min_people) as min_people, max(max_people) as max_people,
                cast(sum(people_ms) as bigint) as people_ms, cast(sum(seen_ms) as bigint) as seen_ms
            from occupancy
            where tenant = $1 and camera = $2 and minute_at >= $3 and minute_at < $4 and branch = $6
                and ($7 = 0 or sector = $7)
            group by step order by step"
        )
    };
}
const SERIES: Sql = Sql {
    sqlite: series_sql!(step: "(minute_at - $3) / $5"),
    postgres: series_sql!(step: "cast(floor(extract(epoch from minute_at - $3) * 1000 / $5) as bigint)"),
};

const PEAK: &str = "select max_people, minute_at from occupancy
    where tenant = $1 and camera = $2 and minute_at >= $3 and minute_at < $4 and branch = $5
    order by max_people desc, minute_at limit 1";

/// Minutes of a step, added up.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(super) struct StepRow {
    pub(super) step: i64,
    min_people: i64,
    max_people: i64,
    people_ms: i64,
    seen_ms: i64,
}

impl StepRow {
    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            step: self.step,
            min_people: self.min_people.min(other.min_people),
            max_people: self.max_people.max(other.max_people),
            people_ms: self.people_ms + other.people_ms,
            seen_ms: self.seen_ms + other.seen_ms,
        }
    }

    pub(super) fn people(self) -> People {
        People {
            min: people(self.min_people),
            mean: self.people_ms as f64 / self.seen_ms.max(1) as f64,
            max: people(self.max_people),
        }
    }
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
        let rows = self.people_in_steps(tenant, (branch, camera.as_str(), 0), (from, to), step_ms).await?;
        let peak: Option<(i64, Time)> = with_pool!(self.read, pool => {
            sqlx::query_as(PEAK)
                .bind(tenant.get()).bind(camera.as_str()).bind(Time(from)).bind(Time(to))
                .bind(branch.get()).fetch_optional(pool).await
        })?;
        let step = |row: StepRow| {
            let People { min, mean, max } = row.people();
            OccupancyStep {
                start: Timestamp::from_millis(from.as_millis() + row.step * step_ms),
                min,
                mean,
                max,
            }
        };
        Ok(OccupancySeries {
            steps: rows.into_iter().map(step).collect(),
            peak: peak.map(|(most, at)| Peak { people: people(most), at: at.0 }),
        })
    }

    /// The steps of [`Store::occupancy`], of one sector or, with 0, wherever the camera was.
    pub(super) async fn people_in_steps(
        &self,
        tenant: TenantId,
        (branch, camera, sector): (BranchId, &str, i64),
        (from, to): (Timestamp, Timestamp),
        step_ms: i64,
    ) -> Result<Vec<StepRow>, StoreError> {
        let values = [
            Cell::Int(tenant.get()),
            Cell::Text(camera),
            Cell::Time(from),
            Cell::Time(to),
            Cell::Int(step_ms),
            Cell::Int(branch.get()),
            Cell::Int(sector),
        ];
        ask(&self.read, SERIES, &values).await
    }
}

fn people(count: i64) -> u32 {
    u32::try_from(count).unwrap_or(0)
}
