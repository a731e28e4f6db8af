-- A shift's figures, counted as its rows are written, so that nobody has to count rows to tell them and they outlive
-- the rows. Types and explanations as in 0001_start.sql.

-- `whole`: none of its rows was deleted, so that it may be counted anew. `settled`: shift_dwell speaks of it.
alter table shift add column whole boolean not null default true;
alter table shift add column settled boolean not null default false;

create index shift_unsettled on shift (end_at) where not settled;

-- Slugs compare as bytes, and rows need not look for their shift, which whoever writes them holds: without either a row
-- takes half the time. See "Considered and rejected" in ARCHITECTURE.md for what else was measured.
alter table visit alter column camera type text collate "C", drop constraint visit_shift_fkey;
alter table line_crossing alter column camera type text collate "C", alter column line type text collate "C",
    drop constraint line_crossing_shift_fkey;
alter table zone_stay alter column camera type text collate "C", alter column zone type text collate "C",
    drop constraint zone_stay_shift_fkey;
alter table occupancy alter column camera type text collate "C", drop constraint occupancy_shift_fkey;
alter table heat alter column camera type text collate "C", drop constraint heat_shift_fkey;

-- No summary reads these by shift any more, but who deletes or recounts them does.
drop index line_crossing_by_shift;
drop index zone_stay_by_shift;
create index line_crossing_by_shift on line_crossing (tenant, shift);
create index zone_stay_by_shift on zone_stay (tenant, shift);

create table tally (
    tenant bigint not null,
    shift bigint not null references shift (id),
    figure text collate "C" not null,
    name text collate "C" not null,
    number bigint not null,
    camera text collate "C" not null,
    sector bigint not null,
    -- An integer's sum is a bigint; a bigint's would be a numeric, which is slower.
    amount integer not null,
    primary key (tenant, shift, figure, name, number, camera, sector)
-- Room for the next count beside the last one: most changes then touch no index.
) with (fillfactor = 70);

create table occupancy_peak (
    tenant bigint not null,
    shift bigint not null references shift (id),
    camera text collate "C" not null,
    sector bigint not null,
    people bigint not null,
    minute_at timestamptz not null,
    primary key (tenant, shift, camera, sector)
);

create table shift_dwell (
    tenant bigint not null,
    shift bigint not null references shift (id),
    camera text collate "C" not null,
    sector bigint not null,
    median_s bigint not null,
    p95_s bigint not null,
    primary key (tenant, shift, camera, sector)
);

-- What was written before.
insert into tally (tenant, shift, figure, name, number, camera, sector, amount)
with seen as not materialized (
    select v.*, cast(floor(extract(epoch from enter_at - start_at) / 3600) as bigint) as hour
    from visit v join shift s on s.id = v.shift
), crossed as not materialized (
    select c.*, cast(floor(extract(epoch from crossed_at - start_at) / 3600) as bigint) as hour
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
select tenant, shift, 'garment', attributes -> 'garment' ->> 'value', 0, camera, coalesce(sector, 0), count(*)
    from seen where attributes -> 'garment' ->> 'value' is not null group by 1, 2, 4, 6, 7
union all
select tenant, shift, 'color', attributes -> 'primary_color' ->> 'value', 0, camera, coalesce(sector, 0), count(*)
    from seen where attributes -> 'primary_color' ->> 'value' is not null group by 1, 2, 4, 6, 7
union all
select tenant, shift, 'accessory', attributes -> 'head_accessory' ->> 'value', 0, camera, coalesce(sector, 0), count(*)
    from seen where attributes -> 'head_accessory' ->> 'value' is not null group by 1, 2, 4, 6, 7
union all
select tenant, shift, 'bag', attributes -> 'bag' ->> 'value', 0, camera, coalesce(sector, 0), count(*)
    from seen where attributes -> 'bag' ->> 'value' is not null group by 1, 2, 4, 6, 7
union all
select tenant, shift, 'age', attributes -> 'age_range' ->> 'value', 0, camera, coalesce(sector, 0), count(*)
    from seen where attributes -> 'age_range' ->> 'value' is not null group by 1, 2, 4, 6, 7
union all
select tenant, shift, case when entrance then 'entrance_' || direction else direction end, line, hour, camera,
        coalesce(sector, 0), count(*)
    from crossed group by 1, 2, 3, 4, 5, 6, 7
union all
select tenant, shift, 'zone', zone, dwell_ms / 1000, camera, coalesce(sector, 0), count(*)
    from zone_stay group by 1, 2, 4, 5, 6, 7;

insert into occupancy_peak (tenant, shift, camera, sector, people, minute_at)
select distinct on (tenant, shift, camera, coalesce(sector, 0))
    tenant, shift, camera, coalesce(sector, 0), max_people, minute_at
from occupancy order by tenant, shift, camera, coalesce(sector, 0), max_people desc, minute_at;

-- Whoever deletes rows, by age or by hand: their shift can no longer be counted anew.
create function keep_figures() returns trigger language plpgsql as $$
begin
    update shift set whole = false where whole and id in (select shift from gone);
    return null;
end
$$;

create trigger visit_gone after delete on visit referencing old table as gone
    for each statement execute function keep_figures();
create trigger line_crossing_gone after delete on line_crossing referencing old table as gone
    for each statement execute function keep_figures();
create trigger zone_stay_gone after delete on zone_stay referencing old table as gone
    for each statement execute function keep_figures();
create trigger occupancy_gone after delete on occupancy referencing old table as gone
    for each statement execute function keep_figures();
