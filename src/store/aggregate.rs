//! What is done with the figures of whole shifts: settled once they are over, counted anew from their rows on demand.

use std::collections::{BTreeMap, BTreeSet};

use super::bulk::{Cell, Rows, Sql, Writing};
use super::columns::Time;
use super::count::hold;
use super::{Store, StoreError, id, in_time, with_pool};
use crate::domain::{ShiftId, TenantId, Timestamp};

const SELECT_DUE: &str =
    "select tenant, id from shift where not settled and end_at <= $1 order by end_at, id";

const SELECT_WHOLE: Sql = Sql::same("select whole from shift where tenant = $1 and id = $2");

const FORGET_TALLY: Sql = Sql::same("delete from tally where tenant = $1 and shift = $2");
const FORGET_PEAKS: Sql = Sql::same("delete from occupancy_peak where tenant = $1 and shift = $2");
const FORGET_DWELL: Sql = Sql::same("delete from shift_dwell where tenant = $1 and shift = $2");
const FORGET_ZONES: Sql = Sql::same("delete from zone_dwell where tenant = $1 and shift = $2");
const SETTLED: Sql = Sql::same("update shift set settled = true where tenant = $1 and id = $2");

/// Median and 95th percentile (nearest rank) of the stays of the shift as a whole, of each sector, of each camera, and of
/// each camera in each sector: an empty name and 0 stand for all.
const SETTLE: Sql = Sql::same(
    "insert into shift_dwell (tenant, shift, camera, sector, median_s, p95_s)
    with dwell as (
        select camera, sector, number, amount from tally
        where tenant = $1 and shift = $2 and figure = 'dwell' and amount > 0
    ), stay as (
        select '' as camera, 0 as sector, number, amount from dwell
        union all select '', sector, number, amount from dwell where sector <> 0
        union all select camera, 0, number, amount from dwell
        union all select camera, sector, number, amount from dwell where sector <> 0
    ), bucket as (
        select camera, sector, number, sum(amount) as amount from stay group by camera, sector, number
    ), ranked as (
        select camera, sector, number,
            sum(amount) over (partition by camera, sector order by number) as passed,
            sum(amount) over (partition by camera, sector) as total
        from bucket
    )
    select $1, $2, camera, sector, min(case when passed * 2 >= total then number end),
        min(case when passed * 100 >= total * 95 then number end)
    from ranked group by camera, sector",
);

/// The same of each zone of each camera, in all its sectors together (0) and in each.
const SETTLE_ZONES: Sql = Sql::same(
    "insert into zone_dwell (tenant, shift, camera, zone, sector, stays, median_s, p95_s)
    with counted as (
        select camera, name, sector, number, amount from tally
        where tenant = $1 and shift = $2 and figure = 'zone' and amount > 0
    ), stay as (
        select camera, name, 0 as sector, number, amount from counted
        union all select camera, name, sector, number, amount from counted where sector <> 0
    ), bucket as (
        select camera, name, sector, number, sum(amount) as amount from stay group by camera, name, sector, number
    ), ranked as (
        select camera, name, sector, number,
            sum(amount) over (partition by camera, name, sector order by number) as passed,
            sum(amount) over (partition by camera, name, sector) as total
        from bucket
    )
    select $1, $2, camera, name, sector, max(total), min(case when passed * 2 >= total then number end),
        min(case when passed * 100 >= total * 95 then number end)
    from ranked group by camera, name, sector",
);

/// All rows of a shift as figures; what `tally.rs` adds up row by row. They are read once: left to itself, SQLite reads all
/// shifts to find the people of one in the order of an index.
macro_rules! recount_sql {
    (entered: $entered:literal, crossed: $crossed:literal, said: [$(($figure:literal, $value:literal)),+]) => {
        concat!(
            "insert into tally (tenant, shift, figure, name, number, camera, sector, amount)
            with seen as materialized (
                select camera, coalesce(sector, 0) as sector, run, track, open, dwell_ms, attributes, ", $entered,
            " as hour from visit v join shift s on s.id = v.shift where v.tenant = $1 and v.shift = $2
            ), crossed as materialized (
                select camera, coalesce(sector, 0) as sector, line, entrance, direction, ", $crossed,
            " as hour from line_crossing c join shift s on s.id = c.shift where c.tenant = $1 and c.shift = $2
            )
            select $1, $2, 'visit', '', hour, camera, sector, count(*) from seen group by hour, camera, sector
            union all
            select $1, $2, 'person', '', 0, camera, sector, count(*)
                from (select distinct camera, sector, run, track from seen) as person group by camera, sector
            union all
            select $1, $2, 'dwell', '', dwell_ms / 1000, camera, sector, count(*)
                from seen where not open group by dwell_ms / 1000, camera, sector",
            $(" union all select $1, $2, '", $figure, "', ", $value, ", 0, camera, sector, count(*)
                from seen where ", $value, " is not null group by ", $value, ", camera, sector",)+
            " union all
            select $1, $2, case when entrance then 'entrance_' || direction else direction end, line, hour,
                    camera, sector, count(*)
                from crossed group by entrance, direction, line, hour, camera, sector
            union all
            select $1, $2, 'zone', zone, dwell_ms / 1000, camera, coalesce(sector, 0), count(*)
                from zone_stay where tenant = $1 and shift = $2
                group by zone, dwell_ms / 1000, camera, coalesce(sector, 0)"
        )
    };
}
pub(super) const RECOUNT: Sql = Sql {
    sqlite: recount_sql!(
        entered: "(enter_at - start_at) / 3600000",
        crossed: "(crossed_at - start_at) / 3600000",
        said: [
            ("garment", "attributes ->> '$.garment.value'"),
            ("color", "attributes ->> '$.primary_color.value'"),
            ("accessory", "attributes ->> '$.head_accessory.value'"),
            ("bag", "attributes ->> '$.bag.value'"),
            ("age", "attributes ->> '$.age_range.value'")
        ]
    ),
    postgres: recount_sql!(
        entered: "cast(floor(extract(epoch from enter_at - start_at) / 3600) as bigint)",
        crossed: "cast(floor(extract(epoch from crossed_at - start_at) / 3600) as bigint)",
        said: [
            ("garment", "attributes -> 'garment' ->> 'value'"),
            ("color", "attributes -> 'primary_color' ->> 'value'"),
            ("accessory", "attributes -> 'head_accessory' ->> 'value'"),
            ("bag", "attributes -> 'bag' ->> 'value'"),
            ("age", "attributes -> 'age_range' ->> 'value'")
        ]
    ),
};

pub(super) const RECOUNT_PEAKS: Sql = Sql::same(
    "insert into occupancy_peak (tenant, shift, camera, sector, people, minute_at)
    select tenant, shift, camera, sector, max_people, minute_at from (
        select tenant, shift, camera, coalesce(sector, 0) as sector, max_people, minute_at, row_number() over (
            partition by camera, coalesce(sector, 0) order by max_people desc, minute_at) as place
        from occupancy where tenant = $1 and shift = $2
    ) as best where place = 1",
);

pub(super) const OPEN_SHIFTS: Sql = Sql::same("select distinct tenant, shift from visit where open");
const CLOSE_SQLITE: &str = "update visit set open = false where open";
/// Those that are open and, on Postgres, of a shift that is held: what begins meanwhile belongs to somebody who lives.
const COUNT_OPEN_SQLITE: &str =
    "insert into tally (tenant, shift, figure, name, number, camera, sector, amount)
    select tenant, shift, 'dwell', '', dwell_ms / 1000, camera, coalesce(sector, 0), count(*)
        from visit where open group by tenant, shift, dwell_ms / 1000, camera, coalesce(sector, 0)
    on conflict (tenant, shift, figure, name, number, camera, sector)
        do update set amount = tally.amount + excluded.amount";
const CLOSE_POSTGRES: &str = "), closed as (
        update visit v set open = false from wanted w
        where v.open and v.tenant = w.tenant and v.shift = w.id returning v.*
    ), counted as (
        insert into tally (tenant, shift, figure, name, number, camera, sector, amount)
        select tenant, shift, 'dwell', '', dwell_ms / 1000, camera, coalesce(sector, 0), count(*)
            from closed group by tenant, shift, dwell_ms / 1000, camera, coalesce(sector, 0)
        on conflict (tenant, shift, figure, name, number, camera, sector)
            do update set amount = tally.amount + excluded.amount
    )
    select count(*) from closed";

impl Store {
    /// Settles what is over: every shift that ended by `now` is counted once more from its rows, as an older program that
    /// shares the database counts nothing, and its stays are put in order once, so that comparisons need not do it again
    /// and again. A visit that comes late unsettles its shift. For the app, every hour. Answers which shifts were
    /// settled, and what came in between.
    ///
    /// # Errors
    /// When the database fails; a shift that cannot be settled keeps none of the others back, and is tried again by the
    /// next call.
    pub async fn aggregate_due(&self, now: Timestamp) -> (Vec<(TenantId, ShiftId)>, Result<(), StoreError>) {
        let due: Result<Vec<(i64, i64)>, _> = with_pool!(self.read, pool => {
            sqlx::query_as(SELECT_DUE).bind(Time(now)).fetch_all(pool).await
        });
        let (due, mut done) = due.map_or_else(|error| (Vec::new(), Err(error)), |due| (due, Ok(())));
        let mut settled = Vec::new();
        for (tenant, shift) in due {
            match self.settle(tenant, shift).await {
                Ok(shift) => settled.push(shift),
                Err(error) => {
                    let is_lost = error.is_away() && self.ping().await.is_err();
                    done = Err(error);
                    if is_lost {
                        break;
                    }
                }
            }
        }
        (settled, done)
    }

    async fn settle(&self, tenant: i64, shift: i64) -> Result<(TenantId, ShiftId), StoreError> {
        let (tenant, shift) = (id(tenant, TenantId::new)?, id(shift, ShiftId::new)?);
        self.recount(tenant, shift).await?;
        self.aggregate(tenant, shift).await?;
        Ok((tenant, shift))
    }

    /// Settles one shift, as [`Store::aggregate_due`] does; as often as one likes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn aggregate(&self, tenant: TenantId, shift: ShiftId) -> Result<(), StoreError> {
        let key = [Cell::Int(tenant.get()), Cell::Int(shift.get())];
        in_time(async {
            let mut writing = Writing::begin(&self.write).await?;
            hold(&mut writing, tenant, &BTreeSet::from([shift.get()])).await?;
            for statement in [FORGET_DWELL, SETTLE, FORGET_ZONES, SETTLE_ZONES, SETTLED] {
                writing.run(statement, &key).await?;
            }
            writing.commit().await
        })
        .await
    }

    /// Counts the figures of a shift anew, from its rows. Answers false, and leaves them as they are, when rows of it
    /// were deleted, or there is no such shift: then the figures know more than the rows.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recount(&self, tenant: TenantId, shift: ShiftId) -> Result<bool, StoreError> {
        let key = [Cell::Int(tenant.get()), Cell::Int(shift.get())];
        in_time(async {
            let mut writing = Writing::begin(&self.write).await?;
            hold(&mut writing, tenant, &BTreeSet::from([shift.get()])).await?;
            let whole: Vec<(bool,)> = writing.ask(SELECT_WHOLE, &key).await?;
            if whole != [(true,)] {
                return Ok(false);
            }
            for statement in [FORGET_TALLY, RECOUNT, FORGET_PEAKS, RECOUNT_PEAKS] {
                writing.run(statement, &key).await?;
            }
            writing.commit().await?;
            Ok(true)
        })
        .await
    }

    /// Ends every visit that is still open, at the last time known. For the app at its start, when nobody is
    /// observed yet and what is open was left so by a crash. Answers how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn close_open_visits(&self) -> Result<u64, StoreError> {
        in_time(async {
            let mut writing = Writing::begin(&self.write).await?;
            let closed = close_open(&mut writing).await?;
            writing.commit().await?;
            Ok(closed)
        })
        .await
    }
}

async fn close_open(writing: &mut Writing) -> Result<u64, sqlx::Error> {
    let open: Vec<(i64, i64)> = writing.ask(OPEN_SHIFTS, &[]).await?;
    let mut shifts: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
    let mut wanted = Rows::new(2);
    for (tenant, shift) in open {
        shifts.entry(tenant).or_default().insert(shift);
        wanted.push([Cell::Int(tenant), Cell::Int(shift)]);
    }
    for (tenant, shifts) in shifts {
        // What the database holds is a tenant's number.
        let Ok(tenant) = TenantId::new(tenant) else { continue };
        hold(writing, tenant, &shifts).await?;
    }
    if let Writing::Sqlite(_) = writing {
        writing.run(Sql::same(COUNT_OPEN_SQLITE), &[]).await?;
        return writing.run(Sql::same(CLOSE_SQLITE), &[]).await;
    }
    let tail = Sql { sqlite: "", postgres: CLOSE_POSTGRES };
    let closed: Vec<(i64,)> = writing.put_asking("with wanted (tenant, id) as (", &wanted, tail).await?;
    Ok(closed.first().map_or(0, |(visits,)| visits.cast_unsigned()))
}
