//! A shift beside earlier ones of its name: two statements more than its summary.

use std::collections::BTreeMap;
use std::time::Duration;

use sqlx::types::Json;

use super::columns::Time;
use super::shift::ShiftRow;
use super::summary::bounds;
use super::{Pools, Store, StoreError, in_time, with_pool};
use crate::domain::{Comparison, KeyFigures, Scope, Shift, Summary, TenantId, Timestamp};

const HOUR_MS: i64 = 3_600_000;

/// Four weeks, and two hours: the shift of four weeks ago began at the same time of day, which a change of daylight
/// saving time puts an hour off.
const REACH: Duration = Duration::from_secs((28 * 24 + 2) * 3600);

const SELECT_NAMED: &str = "select id, tenant, branch, name, start_at, end_at, settled from shift
    where tenant = $1 and branch = $2 and name = $3 and start_at >= $4 and start_at < $5
    order by start_at desc";

/// Whether somebody passed an entrance before `$3`. At once when there is one, and a look at all shifts otherwise.
const HAD_ENTRANCE: &str = "select exists(select 1 from tally join shift on shift.id = tally.shift
    where tally.tenant = $1 and shift.tenant = $1 and shift.branch = $2 and shift.start_at < $3
        and figure in ('entrance_in', 'entrance_out') and amount > 0
        and ($4 = 0 or sector = $4) and ($5 = '' or camera = $5))";

/// Figures by shift and hour. Stays of settled shifts lie ready; those of the others, `$5`, which are few, are put in
/// order here.
macro_rules! figures_sql {
    (shifts: $shifts:literal, open: $open:literal) => {
        concat!(
            "with stay as (
                select shift, number, sum(amount) as amount from tally
                where tenant = $1 and shift ",
            $open,
            " and figure = 'dwell' and amount > 0
                    and ($3 = 0 or sector = $3) and ($4 = '' or camera = $4)
                group by shift, number
            ), ranked as (
                select shift, number, sum(amount) over (partition by shift order by number) as passed,
                    sum(amount) over (partition by shift) as total
                from stay
            )
            select shift, figure, number, cast(sum(amount) as bigint) as amount, 0 as p95 from tally
                where tenant = $1 and shift ",
            $shifts,
            " and amount > 0
                    and figure in ('visit', 'person', 'in', 'out', 'entrance_in', 'entrance_out')
                    and ($3 = 0 or sector = $3) and ($4 = '' or camera = $4)
                group by shift, figure, number
            union all
            select shift, 'dwell', median_s, 0, p95_s from shift_dwell
                where tenant = $1 and shift ",
            $shifts,
            " and not (shift ",
            $open,
            ")
                    and sector = $3 and camera = $4
            union all
            select shift, 'dwell', min(case when passed * 2 >= total then number end), 0,
                min(case when passed * 100 >= total * 95 then number end)
                from ranked group by shift
            union all
            select shift, 'peak', 0, max(people), 0 from occupancy_peak
                where tenant = $1 and shift ",
            $shifts,
            "
                    and ($3 = 0 or sector = $3) and ($4 = '' or camera = $4)
                group by shift"
        )
    };
}
const SQLITE: &str = figures_sql!(
    shifts: "in (select value from json_each($2))",
    open: "in (select value from json_each($5))"
);
const POSTGRES: &str = figures_sql!(shifts: "= any($2)", open: "= any($5)");

#[derive(sqlx::FromRow)]
struct FigureRow {
    shift: i64,
    figure: String,
    /// The hour, or the median.
    number: i64,
    amount: i64,
    p95: i64,
}

impl Store {
    /// `shift` as it is at `now` beside the earlier ones of its name. Once somebody has passed an entrance, in whatever
    /// shift, that nobody came in is a figure.
    ///
    /// # Errors
    /// As [`Store::summary`].
    pub async fn comparison(
        &self,
        tenant: TenantId,
        shift: &Shift,
        scope: &Scope,
        now: Timestamp,
    ) -> Result<Comparison, StoreError> {
        let summary = self.summary_of(tenant, shift, scope).await?;
        let others = self.named_before(tenant, shift).await?;
        let rows = self.figures_of(tenant, scope, &others).await?;
        let is_running = now < shift.end;
        let elapsed = now.min(shift.end).since(shift.start);
        let until = if is_running { elapsed } else { Duration::MAX };
        let mut seen: BTreeMap<i64, Seen> = BTreeMap::new();
        for row in rows {
            seen.entry(row.shift).or_default().take(&row, until);
        }
        let mut has_entrance = match others.last() {
            Some(oldest) => self.had_entrance(tenant, &oldest.shift, scope).await?,
            None => false,
        };
        // Oldest first: an entrance that was there once is taken to have stayed.
        for Named { shift: other, .. } in others.iter().rev() {
            if let Some(seen) = seen.get_mut(&other.id.get()) {
                has_entrance |= seen.has_entrance();
                seen.is_counted_in = has_entrance;
            }
        }
        let known: Vec<KeyFigures> = seen.values().map(|seen| seen.figures(scope)).collect();
        let previous = others.into_iter().find_map(|Named { shift: other, .. }| {
            let figures = seen.get(&other.id.get())?.figures(scope);
            Some((other, figures))
        });
        let (figures, others, mean) = (key_figures(&summary), known.len(), mean(&known));
        Ok(Comparison { summary, figures, elapsed, is_running, previous, others, mean })
    }

    /// Whether there was an entrance before `shift`, as far as is known: somebody passed it.
    ///
    /// # Errors
    /// As [`Store::summary`].
    pub async fn had_entrance(
        &self,
        tenant: TenantId,
        shift: &Shift,
        scope: &Scope,
    ) -> Result<bool, StoreError> {
        let (sector, camera) = bounds(scope);
        let (found,): (bool,) = with_pool!(self.read, pool => {
            sqlx::query_as(HAD_ENTRANCE)
                .bind(tenant.get()).bind(shift.branch.get()).bind(Time(shift.start)).bind(sector).bind(camera)
                .fetch_one(pool).await
        })?;
        Ok(found)
    }

    async fn figures_of(
        &self,
        tenant: TenantId,
        scope: &Scope,
        others: &[Named],
    ) -> Result<Vec<FigureRow>, StoreError> {
        let numbers: Vec<i64> = others.iter().map(|other| other.shift.id.get()).collect();
        let open = others.iter().filter(|other| !other.settled).map(|other| other.shift.id.get());
        let open: Vec<i64> = open.collect();
        let (sector, camera) = bounds(scope);
        match &self.read {
            _ if numbers.is_empty() => Ok(Vec::new()),
            Pools::Sqlite(pool) => {
                let query = sqlx::query_as(SQLITE).bind(tenant.get()).bind(Json(numbers));
                in_time(query.bind(sector).bind(camera).bind(Json(open)).fetch_all(pool)).await
            }
            Pools::Postgres(pool) => {
                let query = sqlx::query_as(POSTGRES).bind(tenant.get()).bind(numbers);
                in_time(query.bind(sector).bind(camera).bind(open).fetch_all(pool)).await
            }
        }
    }

    /// The shifts of the same name in the four weeks before, newest first.
    async fn named_before(&self, tenant: TenantId, shift: &Shift) -> Result<Vec<Named>, StoreError> {
        let rows: Vec<NamedRow> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_NAMED)
                .bind(tenant.get()).bind(shift.branch.get()).bind(&shift.name)
                .bind(Time(shift.start - REACH)).bind(Time(shift.start))
                .fetch_all(pool).await
        })?;
        let load = |row: NamedRow| Ok(Named { shift: row.shift.load()?, settled: row.settled });
        rows.into_iter().map(load).collect()
    }
}

#[derive(sqlx::FromRow)]
struct NamedRow {
    #[sqlx(flatten)]
    shift: ShiftRow,
    settled: bool,
}

/// An earlier shift of the same name.
struct Named {
    shift: Shift,
    settled: bool,
}

/// What is known of one of the others.
#[derive(Debug, Default)]
struct Seen {
    /// By figure: until the time in question, and all of the shift.
    counts: BTreeMap<String, (f64, f64)>,
    dwell: Option<(f64, f64)>,
    peak: Option<f64>,
    /// There was an entrance by which somebody could come in.
    is_counted_in: bool,
}

impl Seen {
    fn has_entrance(&self) -> bool {
        ["entrance_in", "entrance_out"].iter().any(|figure| self.counts.contains_key(*figure))
    }

    fn take(&mut self, row: &FigureRow, until: Duration) {
        let amount = row.amount as f64;
        match row.figure.as_str() {
            "dwell" => self.dwell = Some((row.number as f64, row.p95 as f64)),
            "peak" => self.peak = Some(amount),
            figure => {
                let (so_far, all) = self.counts.entry(figure.to_owned()).or_default();
                *so_far += amount * share(row.number, until);
                *all += amount;
            }
        }
    }

    fn figures(&self, scope: &Scope) -> KeyFigures {
        let both = |figure: &str| self.counts.get(figure).copied();
        let count = |figure: &str| both(figure).map_or(0.0, |(so_far, _)| so_far);
        // At which hour somebody came first is not kept: people are in proportion to visits.
        let visited = both("visit").map_or(1.0, |(so_far, all)| so_far / all);
        let people = both("person").map_or(0.0, |(_, all)| all * visited);
        KeyFigures {
            visits: count("visit"),
            unique_people: match scope.camera {
                Some(_) => Some(people),
                None => self.is_counted_in.then(|| count("entrance_in")),
            },
            entries: count("in") + count("entrance_in"),
            exits: count("out") + count("entrance_out"),
            dwell_median_s: self.dwell.map(|(median, _)| median),
            dwell_p95_s: self.dwell.map(|(_, p95)| p95),
            occupancy_peak: self.peak,
        }
    }
}

/// How much of an hour of a shift lies before `until` after its start.
fn share(hour: i64, until: Duration) -> f64 {
    let until_ms = i64::try_from(until.as_millis()).unwrap_or(i64::MAX);
    until_ms.saturating_sub(hour * HOUR_MS).clamp(0, HOUR_MS) as f64 / HOUR_MS as f64
}

fn key_figures(summary: &Summary) -> KeyFigures {
    let peak = summary.peaks.iter().map(|(_, peak)| peak.people).max();
    KeyFigures {
        visits: summary.visits as f64,
        unique_people: summary.unique_people.map(|people| people as f64),
        entries: summary.lines.iter().map(|line| line.entries).sum::<u64>() as f64,
        exits: summary.lines.iter().map(|line| line.exits).sum::<u64>() as f64,
        dwell_median_s: summary.dwell_median_s.map(f64::from),
        dwell_p95_s: summary.dwell_p95_s.map(f64::from),
        occupancy_peak: peak.map(f64::from),
    }
}

/// Of each figure over those that have it; `None` of none.
fn mean(all: &[KeyFigures]) -> Option<KeyFigures> {
    let over = |figure: fn(&KeyFigures) -> Option<f64>| {
        let known: Vec<f64> = all.iter().filter_map(figure).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    Some(KeyFigures {
        visits: over(|figures| Some(figures.visits))?,
        unique_people: over(|figures| figures.unique_people),
        entries: over(|figures| Some(figures.entries))?,
        exits: over(|figures| Some(figures.exits))?,
        dwell_median_s: over(|figures| figures.dwell_median_s),
        dwell_p95_s: over(|figures| figures.dwell_p95_s),
        occupancy_peak: over(|figures| figures.occupancy_peak),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_hour_that_runs_the_others_count_in_proportion() {
        let until = Duration::from_secs(2 * 3600 + 900);
        assert_eq!([0, 1, 2, 3].map(|hour| share(hour, until)), [1.0, 1.0, 0.25, 0.0]);
        assert_eq!([0, 8].map(|hour| share(hour, Duration::MAX)), [1.0, 1.0]);
    }

    #[test]
    fn a_mean_is_of_those_that_have_the_figure() {
        let with = |visits, peak| KeyFigures { visits, occupancy_peak: peak, ..KeyFigures::default() };
        assert_eq!(mean(&[]), None);
        let mean = mean(&[with(1.0, None), with(2.0, Some(5.0))]).unwrap();
        assert_eq!((mean.visits, mean.occupancy_peak, mean.dwell_p95_s), (1.5, Some(5.0), None));
    }
}
