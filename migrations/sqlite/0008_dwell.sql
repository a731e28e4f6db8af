-- The stays in a settled shift's zones, put in order once as those of its visits are, so that a summary need not read
-- thousands of counts. Types and explanations as in 0001_start.sql.

create table zone_dwell (
    tenant integer not null,
    shift integer not null references shift (id),
    camera text not null,
    zone text not null,
    sector integer not null,
    stays integer not null,
    median_s integer not null,
    p95_s integer not null,
    primary key (tenant, shift, camera, zone, sector)
) strict, without rowid;

-- Of what was settled before.
insert into zone_dwell (tenant, shift, camera, zone, sector, stays, median_s, p95_s)
with counted as not materialized (
    select t.* from shift s cross join tally t
    where s.settled and t.tenant = s.tenant and t.shift = s.id and t.figure = 'zone' and t.amount > 0
), stay as (
    select tenant, shift, camera, name, 0 as sector, number, amount from counted
    union all select tenant, shift, camera, name, sector, number, amount from counted where sector <> 0
), bucket as (
    select tenant, shift, camera, name, sector, number, sum(amount) as amount from stay group by 1, 2, 3, 4, 5, 6
), ranked as (
    select tenant, shift, camera, name, sector, number,
        sum(amount) over (partition by tenant, shift, camera, name, sector order by number) as passed,
        sum(amount) over (partition by tenant, shift, camera, name, sector) as total
    from bucket
)
select tenant, shift, camera, name, sector, max(total), min(case when passed * 2 >= total then number end),
    min(case when passed * 100 >= total * 95 then number end)
from ranked group by 1, 2, 3, 4, 5;
