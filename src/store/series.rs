//! Figures over time, by the buckets of a branch's clock.
//!
//! Hours and days are added up from the tallies, which know the hours of each shift; so they cost the same however many
//! visits there were, and outlive them. Where an hour of a shift lies in two buckets, as when a shift starts at half past,
//! and for minutes, the rows themselves are counted.

use std::collections::HashMap;

use super::bulk::{Cell, Sql, ask};
use super::columns::Time;
use super::occupancy::StepRow;
use super::summary::bounds;
use super::{Store, StoreError};
use crate::domain::{BranchId, People, Scope, TenantId, TimeStep, Timestamp};
use crate::shift::Buckets;
use crate::visit::Direction;

const HOUR_MS: i64 = 3_600_000;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted<'a> {
    /// Visits that begin.
    Visits,
    /// Crossings in a direction, of this line or of all.
    Crossings(Direction, Option<&'a str>),
}

/// Shifts `s` that touch `$3..$4`. As they do not overlap, the one that runs at `$3` is the last that starts by then:
/// however long it lasts, older ones need not be looked at.
macro_rules! touching {
    () => {
        "where s.tenant = $1 and s.branch = $2 and s.start_at < $4 and s.end_at > $3
            and s.start_at >= coalesce(
                (select max(start_at) from shift where tenant = $1 and branch = $2 and start_at <= $3), $3)"
    };
}
const SHIFTS: Sql =
    Sql::same(concat!("select id, start_at, end_at, whole from shift s ", touching!(), " order by start_at"));

/// Their tallies, by the hour; SQLite is told to begin with the shifts.
macro_rules! hours_sql {
    (join: $join:literal, figures: $figures:literal) => {
        concat!(
            "select s.id as shift, t.number, cast(sum(t.amount) as bigint) as amount
            from shift s ",
            $join,
            " join tally t on t.tenant = s.tenant and t.shift = s.id ",
            touching!(),
            " and t.figure in ",
            $figures,
            " and ($5 = '' or t.camera = $5) and ($6 = 0 or t.sector = $6) and ($7 = '' or t.name = $7)
            group by s.id, t.number"
        )
    };
}
macro_rules! hours {
    ($figures:literal) => {
        Sql {
            sqlite: hours_sql!(join: "cross", figures: $figures),
            postgres: hours_sql!(join: "", figures: $figures),
        }
    };
}
const VISIT_HOURS: Sql = hours!("('visit')");
const ENTRY_HOURS: Sql = hours!("('in', 'entrance_in')");
const EXIT_HOURS: Sql = hours!("('out', 'entrance_out')");

/// Rows of a shift that begin in `$3..$4`, by pieces of time of `$5` milliseconds since 1970.
macro_rules! rows_sql {
    (piece: $piece:literal, table: $table:literal, time: $time:literal, besides: $besides:literal) => {
        concat!(
            "select ",
            $piece,
            " as piece, count(*) as amount from ",
            $table,
            "
            where tenant = $1 and shift = $2 and ",
            $time,
            " >= $3 and ",
            $time,
            " < $4
                and ($6 = '' or camera = $6) and ($7 = 0 or sector = $7)",
            $besides,
            "
            group by piece"
        )
    };
}
const VISIT_ROWS: Sql = Sql {
    sqlite: rows_sql!(piece: "enter_at / $5", table: "visit", time: "enter_at", besides: ""),
    postgres: rows_sql!(
        piece: "cast(floor(extract(epoch from enter_at) * 1000 / $5) as bigint)",
        table: "visit", time: "enter_at", besides: ""
    ),
};
const CROSSING_ROWS: Sql = Sql {
    sqlite: rows_sql!(
        piece: "crossed_at / $5", table: "line_crossing", time: "crossed_at",
        besides: " and ($8 = '' or line = $8) and direction = $9"
    ),
    postgres: rows_sql!(
        piece: "cast(floor(extract(epoch from crossed_at) * 1000 / $5) as bigint)",
        table: "line_crossing", time: "crossed_at",
        besides: " and ($8 = '' or line = $8) and direction = $9"
    ),
};

/// Cameras that saw anything.
macro_rules! cameras_sql {
    ($join:literal) => {
        concat!(
            "select distinct p.camera from shift s ",
            $join,
            " join occupancy_peak p on p.tenant = s.tenant and p.shift = s.id ",
            touching!(),
            " and ($5 = '' or p.camera = $5) and ($6 = 0 or p.sector = $6)"
        )
    };
}
const CAMERAS: Sql = Sql { sqlite: cameras_sql!("cross"), postgres: cameras_sql!("") };

#[derive(sqlx::FromRow)]
struct ShiftRow {
    id: i64,
    start_at: Time,
    end_at: Time,
    whole: bool,
}

#[derive(sqlx::FromRow)]
struct HourRow {
    shift: i64,
    number: i64,
    amount: i64,
}

/// A part of a shift whose rows are to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    shift: i64,
    from: Timestamp,
    to: Timestamp,
}

/// What a series is of.
#[derive(Debug, Clone, Copy)]
struct Wanted<'a> {
    tenant: TenantId,
    branch: BranchId,
    scope: &'a Scope,
    buckets: &'a Buckets,
}

impl Wanted<'_> {
    /// The values by which shifts are found, and what of them is meant.
    fn cells(&self) -> Vec<Cell<'_>> {
        let (sector, camera) = bounds(self.scope);
        vec![
            Cell::Int(self.tenant.get()),
            Cell::Int(self.branch.get()),
            Cell::Time(self.buckets.from()),
            Cell::Time(self.buckets.to()),
            Cell::Text(camera),
            Cell::Int(sector),
        ]
    }
}

impl<'a> Counted<'a> {
    fn hours(self) -> Sql {
        match self {
            Self::Visits => VISIT_HOURS,
            Self::Crossings(Direction::In, _) => ENTRY_HOURS,
            Self::Crossings(Direction::Out, _) => EXIT_HOURS,
        }
    }

    fn line(self) -> &'a str {
        match self {
            Self::Crossings(_, Some(line)) => line,
            Self::Visits | Self::Crossings(..) => "",
        }
    }
}

impl Store {
    /// How many there were in each bucket.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn counts_over_time(
        &self,
        (tenant, branch): (TenantId, BranchId),
        counted: Counted<'_>,
        scope: &Scope,
        (step, buckets): (TimeStep, &Buckets),
    ) -> Result<Vec<u64>, StoreError> {
        let wanted = Wanted { tenant, branch, scope, buckets };
        let mut counts = vec![0; buckets.count()];
        let shifts: Vec<ShiftRow> = ask(&self.read, SHIFTS, &wanted.cells()[..4]).await?;
        let stretches = match step {
            TimeStep::Minute => shifts.iter().map(|shift| whole_shift(shift, buckets)).collect(),
            TimeStep::Hour | TimeStep::Day => {
                let mut values = wanted.cells();
                values.push(Cell::Text(counted.line()));
                let hours: Vec<HourRow> = ask(&self.read, counted.hours(), &values).await?;
                sort_out(&shifts, hours, buckets, &mut counts)
            }
        };
        for stretch in stretches {
            self.count_rows(wanted, counted, stretch, &mut counts).await?;
        }
        Ok(counts)
    }

    async fn count_rows(
        &self,
        Wanted { tenant, scope, buckets, .. }: Wanted<'_>,
        counted: Counted<'_>,
        stretch: Stretch,
        counts: &mut [u64],
    ) -> Result<(), StoreError> {
        let ((sector, camera), grain_ms) = (bounds(scope), buckets.grain_ms());
        let mut values = vec![
            Cell::Int(tenant.get()),
            Cell::Int(stretch.shift),
            Cell::Time(stretch.from),
            Cell::Time(stretch.to),
            Cell::Int(grain_ms),
            Cell::Text(camera),
            Cell::Int(sector),
        ];
        let sql = match counted {
            Counted::Visits => VISIT_ROWS,
            Counted::Crossings(direction, _) => {
                values.extend([Cell::Text(counted.line()), Cell::Text(direction.name())]);
                CROSSING_ROWS
            }
        };
        let pieces: Vec<(i64, i64)> = ask(&self.read, sql, &values).await?;
        for (piece, amount) in pieces {
            if let Some(bucket) = buckets.find(Timestamp::from_millis(piece * grain_ms)) {
                counts[bucket] += amount.cast_unsigned();
            }
        }
        Ok(())
    }

    /// How many people there were before any one camera in each bucket; `None` where nothing was measured.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn people_over_time(
        &self,
        (tenant, branch): (TenantId, BranchId),
        scope: &Scope,
        buckets: &Buckets,
    ) -> Result<Vec<Option<People>>, StoreError> {
        let wanted = Wanted { tenant, branch, scope, buckets };
        let cameras: Vec<(String,)> = ask(&self.read, CAMERAS, &wanted.cells()).await?;
        let ((sector, _), grain_ms) = (bounds(scope), buckets.grain_ms());
        let mut sums: Vec<Option<StepRow>> = vec![None; buckets.count()];
        for (camera,) in cameras {
            let range = (buckets.from(), buckets.to());
            let rows = self.people_in_steps(tenant, (branch, &camera, sector), range, grain_ms).await?;
            for row in rows {
                let start = Timestamp::from_millis(range.0.as_millis() + row.step * grain_ms);
                let Some(bucket) = buckets.find(start) else { continue };
                sums[bucket] = Some(sums[bucket].map_or(row, |sum| sum.and(row)));
            }
        }
        Ok(sums.into_iter().map(|sum| sum.map(StepRow::people)).collect())
    }
}

fn whole_shift(shift: &ShiftRow, buckets: &Buckets) -> Stretch {
    let (from, to) = (shift.start_at.0.max(buckets.from()), shift.end_at.0.min(buckets.to()));
    Stretch { shift: shift.id, from, to }
}

/// Adds hours to the bucket that they lie in, and answers those that lie in several: of them the rows have to be counted.
/// Where rows were deleted, such an hour counts where it begins, as the tally knows more than what is left.
fn sort_out(shifts: &[ShiftRow], hours: Vec<HourRow>, buckets: &Buckets, counts: &mut [u64]) -> Vec<Stretch> {
    let shifts: HashMap<i64, &ShiftRow> = shifts.iter().map(|shift| (shift.id, shift)).collect();
    let mut divided: Vec<Stretch> = Vec::new();
    for HourRow { shift, number, amount } in hours {
        let Some(shift) = shifts.get(&shift).filter(|_| amount > 0) else { continue };
        let from = Timestamp::from_millis(shift.start_at.0.as_millis() + number * HOUR_MS);
        let to = Timestamp::from_millis(from.as_millis() + HOUR_MS);
        // What the last hour of a shift has beyond its end is the next shift's.
        let to = if from < shift.end_at.0 { to.min(shift.end_at.0) } else { to };
        if let Some(bucket) = buckets.find_whole(from, to) {
            counts[bucket] += amount.cast_unsigned();
        } else if shift.whole {
            divided.push(Stretch { shift: shift.id, from, to });
        } else if let Some(bucket) = buckets.find(from) {
            counts[bucket] += amount.cast_unsigned();
        }
    }
    divided.sort_unstable_by_key(|stretch| (stretch.shift, stretch.from));
    divided.dedup_by(|next, kept| {
        let follows = next.shift == kept.shift && next.from == kept.to;
        if follows {
            kept.to = next.to;
        }
        follows
    });
    divided
}
