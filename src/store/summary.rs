//! The figures of a shift, counted by the database.

use std::collections::BTreeMap;

use sqlx::types::Json;

use super::{Pools, Store, StoreError, with_pool};
use crate::domain::{
    CameraId, LineSummary, Looks, Peak, Scope, SectorId, Shift, Summary, TenantId, Timestamp, ValueCount,
    ZoneSummary,
};

const HOUR_MS: i64 = 3_600_000;

/// What an age range without an end is taken to be long.
const OPEN_RANGE_YEARS: f64 = 20.0;

/// How many garments, colours, accessories and bags are told.
const TOP: usize = 5;

/// What the look at a head says that saw nothing on it: known, and yet no accessory.
const BARE: &str = "none";

/// One statement, so that all figures are of the same instant. Stays of a settled shift lie ready; those of another one
/// travel as one object for all of a kind: how many took how many whole seconds, which makes percentiles exact to the
/// second and a recount equal. `unsettled` is what keeps either database from reading thousands of counts of a shift to find
/// that it is settled: SQLite reads the tables of a cross join in order, Postgres asks first what no row bears on.
macro_rules! summary_sql {
    (object: $object:literal, minute: $minute:literal, unsettled: $unsettled:literal) => {
        concat!(
            "select 'dwell' as figure, '' as camera, '' as name, 0 as number, 0 as amount, 0 as p95, ",
            $object,
            " as stays
                from (
                    select number, sum(amount) as amount from ",
            $unsettled,
            " t.tenant = $1 and t.shift = $2 and figure = 'dwell' and amount > 0
                        and ($3 = 0 or sector = $3) and ($4 = '' or camera = $4)
                    group by number
                ) as stay having count(*) > 0
            union all
            select 'zone', camera, name, 0, 0, 0, ",
            $object,
            " from (
                    select t.name, camera, number, sum(amount) as amount from ",
            $unsettled,
            " t.tenant = $1 and t.shift = $2 and figure = 'zone' and amount > 0
                        and ($3 = 0 or sector = $3) and ($4 = '' or camera = $4)
                    group by t.name, number, camera
                ) as stay group by camera, name
            union all
            select 'dwell', '', '', median_s, 0, p95_s, null from shift s cross join shift_dwell d
                where s.tenant = $1 and s.id = $2 and s.settled
                    and d.tenant = $1 and d.shift = $2 and sector = $3 and camera = $4
            union all
            select 'zone', camera, zone, median_s, stays, p95_s, null from shift s cross join zone_dwell d
                where s.tenant = $1 and s.id = $2 and s.settled
                    and d.tenant = $1 and d.shift = $2 and sector = $3 and ($4 = '' or camera = $4)
            union all
            select figure, camera, name, number, cast(sum(amount) as bigint), 0, null from tally
                where tenant = $1 and shift = $2 and amount > 0
                    and ($3 = 0 or sector = $3) and ($4 = '' or camera = $4)
                    and figure in ('visit', 'person', 'garment', 'color', 'accessory', 'bag', 'age',
                        'in', 'out', 'entrance_in', 'entrance_out')
                group by figure, name, number, camera
            union all
            select 'peak', camera, '', ",
            $minute,
            ", people, 0, null from occupancy_peak
                where tenant = $1 and shift = $2 and ($3 = 0 or sector = $3) and ($4 = '' or camera = $4)"
        )
    };
}
const SQLITE: &str = summary_sql!(
    object: "json_group_object(number, amount)",
    minute: "minute_at",
    unsettled: "shift s cross join tally t where s.tenant = $1 and s.id = $2 and not s.settled and"
);
const POSTGRES: &str = summary_sql!(
    object: "json_object_agg(number, amount)",
    minute: "cast(extract(epoch from minute_at) * 1000 as bigint)",
    unsettled: "tally t where (select not settled from shift where tenant = $1 and id = $2) and"
);

#[derive(sqlx::FromRow)]
struct FigureRow {
    figure: String,
    camera: String,
    name: String,
    /// The hour, the instant of the peak, or the median of settled stays.
    number: i64,
    amount: i64,
    p95: i64,
    /// Of stays that are not settled: seconds and how many took so long.
    stays: Option<Json<BTreeMap<i64, u64>>>,
}

impl Store {
    /// The figures of `shift` so far. Visits count from the moment they are seen long enough; stays are of
    /// finished visits only, as a running one would look shorter than it is.
    ///
    /// # Errors
    /// When the database fails, or `shift` is another tenant's.
    pub async fn summary(&self, tenant: TenantId, shift: &Shift) -> Result<Summary, StoreError> {
        self.summary_of(tenant, shift, &Scope::default()).await
    }

    /// The figures of a part of `shift`; of one that nothing is known of, all are nothing.
    ///
    /// # Errors
    /// As [`Store::summary`].
    pub async fn summary_of(
        &self,
        tenant: TenantId,
        shift: &Shift,
        scope: &Scope,
    ) -> Result<Summary, StoreError> {
        if shift.tenant != tenant {
            return Err(StoreError::Tenant { row: shift.tenant, caller: tenant });
        }
        let sql = match self.read {
            Pools::Sqlite(_) => SQLITE,
            Pools::Postgres(_) => POSTGRES,
        };
        let (sector, camera) = bounds(scope);
        let rows: Vec<FigureRow> = with_pool!(self.read, pool => {
            sqlx::query_as(sql)
                .bind(tenant.get()).bind(shift.id.get()).bind(sector).bind(camera)
                .fetch_all(pool).await
        })?;
        let mut figures = Figures::new(shift);
        rows.into_iter().for_each(|row| figures.take(row));
        Ok(figures.summary(shift, scope))
    }
}

/// The sector and the camera that are meant; 0 and nothing for all.
pub(super) fn bounds(scope: &Scope) -> (i64, &str) {
    (scope.sector.map_or(0, SectorId::get), scope.camera.as_ref().map_or("", CameraId::as_str))
}

/// How many stays, and how long they were.
#[derive(Default)]
struct Stays {
    count: u64,
    median_s: Option<u32>,
    p95_s: Option<u32>,
}

impl Stays {
    /// Of seconds and how many took so long.
    fn of(stays: &BTreeMap<i64, u64>) -> Self {
        Self { count: stays.values().sum(), median_s: percentile(stays, 50), p95_s: percentile(stays, 95) }
    }
}

/// What the rows say, sorted out. Sorted here, as Postgres would sort texts by the language of the database.
#[derive(Default)]
struct Figures {
    by_hour: Vec<u64>,
    by_camera: BTreeMap<String, u64>,
    people: BTreeMap<String, u64>,
    stays: Stays,
    lines: BTreeMap<(String, String), LineSummary>,
    zones: BTreeMap<(String, String), Stays>,
    peaks: BTreeMap<String, Peak>,
    /// Entries over entrances, once anybody crossed one.
    entered: Option<u64>,
    said: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Figures {
    fn new(shift: &Shift) -> Self {
        let length_ms = shift.end.as_millis() - shift.start.as_millis();
        let hours = usize::try_from((length_ms + HOUR_MS - 1) / HOUR_MS).unwrap_or(0);
        Self { by_hour: vec![0; hours], ..Self::default() }
    }

    fn take(&mut self, row: FigureRow) {
        let FigureRow { figure, camera, name, number, amount, p95, stays } = row;
        let count = amount.cast_unsigned();
        let stays = || match stays {
            Some(Json(stays)) => Stays::of(&stays),
            None => Stays { count, median_s: u32::try_from(number).ok(), p95_s: u32::try_from(p95).ok() },
        };
        match figure.as_str() {
            "visit" => {
                let slot = usize::try_from(number).ok().and_then(|hour| self.by_hour.get_mut(hour));
                if let Some(slot) = slot {
                    *slot += count;
                }
                *self.by_camera.entry(camera).or_default() += count;
            }
            "person" => *self.people.entry(camera).or_default() += count,
            "dwell" => self.stays = stays(),
            "zone" => drop(self.zones.insert((camera, name), stays())),
            "in" | "out" | "entrance_in" | "entrance_out" => {
                let entrance = figure.starts_with("entrance");
                self.crossed((camera, name), figure.ends_with("in"), entrance, count);
            }
            "peak" => {
                let people = u32::try_from(amount).unwrap_or(u32::MAX);
                let peak = Peak { people, at: Timestamp::from_millis(number) };
                let known = self.peaks.entry(camera).or_insert(peak);
                // One that was moved to another sector has a peak in each.
                if (peak.people, known.at) > (known.people, peak.at) {
                    *known = peak;
                }
            }
            _ => *self.said.entry(figure).or_default().entry(name).or_default() += count,
        }
    }

    fn crossed(&mut self, key: (String, String), inwards: bool, entrance: bool, count: u64) {
        let line = self.lines.entry(key.clone()).or_insert_with(|| LineSummary {
            camera: key.0,
            line: key.1,
            entrance: false,
            entries: 0,
            exits: 0,
        });
        line.entrance |= entrance;
        *(if inwards { &mut line.entries } else { &mut line.exits }) += count;
        if entrance {
            *self.entered.get_or_insert(0) += if inwards { count } else { 0 };
        }
    }

    fn summary(mut self, shift: &Shift, scope: &Scope) -> Summary {
        let zone = |((camera, zone), stays): ((String, String), Stays)| ZoneSummary {
            camera,
            zone,
            stays: stays.count,
            dwell_median_s: stays.median_s,
            dwell_p95_s: stays.p95_s,
        };
        let unique_people = match scope.camera {
            Some(_) => Some(self.people.values().sum()),
            None => self.entered,
        };
        let mut said = |name| self.said.remove(name).unwrap_or_default().into_iter().collect();
        let mut ages = shares(said("age"));
        ages.sort_by(|a, b| a.value.cmp(&b.value));
        let looks = Looks {
            garments: top(shares(said("garment"))),
            colors: top(shares(said("color"))),
            accessories: top(worn(said("accessory"))),
            bags: top(shares(said("bag"))),
            age_mean: age_mean(&ages),
            ages,
        };
        Summary {
            shift: shift.clone(),
            scope: scope.clone(),
            visits: self.by_camera.values().sum(),
            unique_people,
            dwell_median_s: self.stays.median_s,
            dwell_p95_s: self.stays.p95_s,
            visits_by_hour: self.by_hour,
            visits_by_camera: self.by_camera.into_iter().collect(),
            people_by_camera: self.people.into_iter().collect(),
            peaks: self.peaks.into_iter().collect(),
            lines: self.lines.into_values().collect(),
            zones: self.zones.into_iter().map(zone).collect(),
            looks,
        }
    }
}

fn shares(counts: Vec<(String, u64)>) -> Vec<ValueCount> {
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    let share = |count: u64| count as f64 / total.max(1) as f64;
    counts.into_iter().map(|(value, count)| ValueCount { value, count, share: share(count) }).collect()
}

/// From the middles of the ranges, as nothing else is kept of ages.
fn age_mean(ages: &[ValueCount]) -> Option<f64> {
    let middles = ages.iter().filter_map(|age| Some((middle(&age.value)?, age.count as f64)));
    let (sum, count) =
        middles.fold((0.0, 0.0), |(sum, all), (years, count)| (sum + years * count, all + count));
    (count > 0.0).then(|| sum / count)
}

/// Of `18-24`, whose last year counts in full, or `65+`.
fn middle(range: &str) -> Option<f64> {
    if let Some(from) = range.strip_suffix('+') {
        return Some(from.parse::<f64>().ok()? + OPEN_RANGE_YEARS / 2.0);
    }
    let (from, to) = range.split_once('-')?;
    Some((from.parse::<f64>().ok()? + to.parse::<f64>().ok()? + 1.0) / 2.0)
}

/// What is worn, each with its share of all of whom it is known, also of those who wear nothing.
fn worn(counts: Vec<(String, u64)>) -> Vec<ValueCount> {
    let mut all = shares(counts);
    all.retain(|counted| counted.value != BARE);
    all
}

/// The most frequent first; of equally frequent ones the first by name.
fn top(mut all: Vec<ValueCount>) -> Vec<ValueCount> {
    all.sort_by(|a, b| (b.count, &a.value).cmp(&(a.count, &b.value)));
    all.truncate(TOP);
    all
}

/// The shortest stay that `percent` of all stays do not exceed; `stays` are seconds and counts.
fn percentile(stays: &BTreeMap<i64, u64>, percent: u64) -> Option<u32> {
    let total: u64 = stays.values().sum();
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
        let percentile =
            |stays: &[(i64, u64)], percent| percentile(&stays.iter().copied().collect(), percent);
        assert_eq!(percentile(&[], 50), None);
        assert_eq!(percentile(&[(7, 1)], 50), Some(7));
        assert_eq!(percentile(&[(7, 1)], 95), Some(7));
        assert_eq!(percentile(&[(1, 1), (2, 1), (3, 1), (4, 1)], 50), Some(2));
        assert_eq!(percentile(&[(1, 95), (60, 5)], 95), Some(1));
        assert_eq!(percentile(&[(1, 94), (60, 6)], 95), Some(60));
    }

    #[test]
    fn mean_age_is_that_of_the_middles_of_the_ranges() {
        let ages = |values: &[(&str, u64)]| {
            age_mean(&shares(values.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect()))
        };
        assert_eq!(ages(&[("18-24", 1), ("65+", 1)]), Some((21.5 + 75.0) / 2.0));
        assert_eq!(ages(&[("25-34", 3), ("old", 1)]), Some(30.0));
        assert_eq!(ages(&[]), None);
    }

    #[test]
    fn the_five_most_frequent_are_told_with_their_share_of_all() {
        let counts = ["a", "b", "c", "d", "e", "f"].map(|value| (value.to_owned(), 1)).to_vec();
        let told = top(shares([counts, vec![("z".to_owned(), 4)]].concat()));
        let values: Vec<_> = told.iter().map(|told| (told.value.as_str(), told.count)).collect();
        assert_eq!(values, [("z", 4), ("a", 1), ("b", 1), ("c", 1), ("d", 1)]);
        assert!((told[0].share - 0.4).abs() < 1e-9);
    }
}
