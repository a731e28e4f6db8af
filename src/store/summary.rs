//! The figures of a shift, counted by the database.

use super::columns::Time;
use super::{Pools, Store, StoreError, with_pool};
use crate::domain::{Shift, Summary, TenantId};

const HOUR_MS: i64 = 3_600_000;

/// One statement, so that all figures are of the same instant. Counts of equal stays (whole seconds) stand in
/// for the stays themselves: percentiles come out exact to the second and few rows travel.
macro_rules! summary_sql {
    (hour: $hour:literal) => {
        concat!(
            "with seen as materialized (
                select camera, open, dwell_ms / 1000 as dwell_s, ",
            $hour,
            " as hour from visit where tenant = $1 and shift = $2
            )
            select 'hour' as figure, hour as number, '' as name, cast(count(*) as bigint) as visits
                from seen group by hour
            union all
            select 'camera', 0, camera, cast(count(*) as bigint) from seen group by camera
            union all
            select 'dwell', dwell_s, '', cast(count(*) as bigint) from seen where not open group by dwell_s"
        )
    };
}
const SQLITE: &str = summary_sql!(hour: "(enter_at - $3) / 3600000");
const POSTGRES: &str = summary_sql!(hour: "cast(floor(extract(epoch from enter_at - $3) / 3600) as bigint)");

#[derive(sqlx::FromRow)]
struct FigureRow {
    figure: String,
    number: i64,
    name: String,
    visits: i64,
}

impl Store {
    /// The figures of `shift` so far. Visits count from the moment they are seen long enough; stays are of
    /// finished visits only, as a running one would look shorter than it is.
    ///
    /// # Errors
    /// When the database fails, or `shift` is another tenant's.
    pub async fn summary(&self, tenant: TenantId, shift: &Shift) -> Result<Summary, StoreError> {
        if shift.tenant != tenant {
            return Err(StoreError::Tenant { row: shift.tenant, caller: tenant });
        }
        let start = Time(shift.start);
        let sql = match self.read {
            Pools::Sqlite(_) => SQLITE,
            Pools::Postgres(_) => POSTGRES,
        };
        let rows: Vec<FigureRow> = with_pool!(self.read, pool => {
            sqlx::query_as(sql).bind(tenant.get()).bind(shift.id.get()).bind(start).fetch_all(pool).await
        })?;
        Ok(summarize(shift, rows))
    }
}

fn summarize(shift: &Shift, rows: Vec<FigureRow>) -> Summary {
    let length_ms = shift.end.as_millis() - shift.start.as_millis();
    let hours = usize::try_from((length_ms + HOUR_MS - 1) / HOUR_MS).unwrap_or(0);
    let mut visits_by_hour = vec![0_u64; hours];
    let mut visits_by_camera = Vec::new();
    let mut stays: Vec<(i64, u64)> = Vec::new();
    for row in rows {
        let visits = row.visits.cast_unsigned();
        match row.figure.as_str() {
            "hour" => {
                let slot = usize::try_from(row.number).ok().and_then(|hour| visits_by_hour.get_mut(hour));
                if let Some(slot) = slot {
                    *slot = visits;
                }
            }
            "camera" => visits_by_camera.push((row.name, visits)),
            _ => stays.push((row.number, visits)),
        }
    }
    // Here, as Postgres would sort texts by the language of the database.
    visits_by_camera.sort_unstable();
    stays.sort_unstable();
    Summary {
        shift: shift.clone(),
        visits: visits_by_camera.iter().map(|(_, visits)| visits).sum(),
        dwell_median_s: percentile(&stays, 50),
        dwell_p95_s: percentile(&stays, 95),
        visits_by_hour,
        visits_by_camera,
    }
}

/// The shortest stay that `percent` of all stays do not exceed; `stays` are seconds and counts, in order.
fn percentile(stays: &[(i64, u64)], percent: u64) -> Option<u32> {
    let total: u64 = stays.iter().map(|(_, count)| count).sum();
    let rank = (total * percent).div_ceil(100);
    let mut passed = 0;
    for (seconds, count) in stays {
        passed += count;
        if passed >= rank {
            return u32::try_from(*seconds).ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_the_nearest_rank() {
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&[(7, 1)], 50), Some(7));
        assert_eq!(percentile(&[(7, 1)], 95), Some(7));
        assert_eq!(percentile(&[(1, 1), (2, 1), (3, 1), (4, 1)], 50), Some(2));
        assert_eq!(percentile(&[(1, 95), (60, 5)], 95), Some(1));
        assert_eq!(percentile(&[(1, 94), (60, 6)], 95), Some(60));
    }
}
