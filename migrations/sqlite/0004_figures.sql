-- A shift's figures, counted as its rows are written, so that nobody has to count rows to tell them and they outlive
-- the rows. Types and explanations as in 0001_start.sql.

-- `whole`: none of its rows was deleted, so that it may be counted anew. `settled`: shift_dwell speaks of it.
alter table shift add column whole integer not null default 1;
alter table shift add column settled integer not null default 0;

create index shift_unsettled on shift (end_at) where not settled;

-- No summary reads these by shift any more, but who deletes or recounts them does.
drop index line_crossing_by_shift;
drop index zone_stay_by_shift;
create index line_crossing_by_shift on line_crossing (tenant, shift);
create index zone_stay_by_shift on zone_stay (tenant, shift);

create table tally (
    tenant integer not null,
    shift integer not null references shift (id),
    figure text not null,
    name text not null,
    number integer not null,
    camera text not null,
    sector integer not null,
    amount integer not null,
    primary key (tenant, shift, figure, name, number, camera, sector)
) strict, without rowid;

create table occupancy_peak (
    tenant integer not null,
    shift integer not null references shift (id),
    camera text not null,
    sector integer not null,
    people integer not null,
    minute_at integer not null,
    primary key (tenant, shift, camera, sector)
) strict, without rowid;

create table shift_dwell (
    tenant integer not null,
    shift integer not null references shift (id),
    camera text not null,
    sector integer not null,
    median_s integer not null,
    p95_s integer not null,
    primary key (tenant, shift, camera, sector)
) strict, without rowid;

-- What was written before.
insert into tally (tenant, shift, figure, name, number, camera, sector, amount)
with seen as not materialized (
    select v.*, (enter_at - start_at) / 3600000 as hour
    from visit v join shift s on s.id = v.shift
), crossed as not materialized (
    select c.*, (crossed_at - start_at) / 3600000 as hour
    from line_crossing c join shift s on s.id = c.shift
)
select tenant, shift, 'visit', '', hour, camera, coalesce(sector, 0), count(*) from seen group by 1, 2, 5, 6, 7
union all
select tenant, shift, 'person', '', 0, camera, sector, count(*)
    from (select distinct tenant, shift, camera, coalesce(sector, 0) as sector, run, track from seen) as person
    group by 1, 2, 6, 7
union all
select tenant, shift, 'dwell', '', dwell_ms / 1000, camera, coalesce(sector, 0), count(*)
    from seen where not open group by 1, 2, 5, 6, 7
union all
select tenant, shift, 'garment', attributes ->> '$.garment.value', 0, camera, coalesce(sector, 0), count(*)
    from seen where attributes ->> '$.garment.value' is not null group by 1, 2, 4, 6, 7
union all
select tenant, shift, 'color', attributes ->> '$.primary_color.value', 0, camera, coalesce(sector, 0), count(*)
    from seen where attributes ->> '$.primary_color.value' is not null group by 1, 2, 4, 6, 7
union all
select tenant, shift, 'accessory', attributes ->> '$.head_accessory.value', 0, camera, coalesce(sector, 0), count(*)
    from seen where attributes ->> '$.head_accessory.value' is not null group by 1, 2, 4, 6, 7
union all
select tenant, shift, 'bag', attributes ->> '$.bag.value', 0, camera, coalesce(sector, 0), count(*)
    from seen where attributes ->> '$.bag.value' is not null group by 1, 2, 4, 6, 7
union all
select tenant, shift, 'age', attributes ->> '$.age_range.value', 0, camera, coalesce(sector, 0), count(*)
    from seen where attributes ->> '$.age_range.value' is not null group by 1, 2, 4, 6, 7
union all
select tenant, shift, case when entrance then 'entrance_' || direction else direction end, line, hour, camera,
        coalesce(sector, 0), count(*)
    from crossed group by 1, 2, 3, 4, 5, 6, 7
union all
select tenant, shift, 'zone', zone, dwell_ms / 1000, camera, coalesce(sector, 0), count(*)
    from zone_stay group by 1, 2, 4, 5, 6, 7;

insert into occupancy_peak (tenant, shift, camera, sector, people, minute_at)
select tenant, shift, camera, sector, max_people, minute_at from (
    select tenant, shift, camera, coalesce(sector, 0) as sector, max_people, minute_at, row_number() over (
        partition by tenant, shift, camera, coalesce(sector, 0) order by max_people desc, minute_at) as place
    from occupancy
) where place = 1;

-- Whoever deletes rows, by age or by hand: their shift can no longer be counted anew.
create trigger visit_gone after delete on visit begin
    update shift set whole = 0 where id = old.shift and whole;
end;
create trigger line_crossing_gone after delete on line_crossing begin
    update shift set whole = 0 where id = old.shift and whole;
end;
create trigger zone_stay_gone after delete on zone_stay begin
    update shift set whole = 0 where id = old.shift and whole;
end;
create trigger occupancy_gone after delete on occupancy begin
    update shift set whole = 0 where id = old.shift and whole;
end;
