-- What lines and zones count, how many people there were each minute, and where they stood.
-- Types and explanations as in 0001_start.sql.

create table line_crossing (
    tenant integer not null,
    branch integer not null,
    sector integer,
    camera text not null,
    shift integer not null references shift (id),
    run integer not null,
    track integer not null,
    line text not null,
    entrance integer not null,
    direction text not null,
    crossed_at integer not null,
    -- What makes a repeated write harmless.
    primary key (tenant, camera, run, line, track, crossed_at)
) strict, without rowid;

create index line_crossing_by_shift on line_crossing (tenant, shift, camera, line, entrance, direction);

create table zone_stay (
    tenant integer not null,
    branch integer not null,
    sector integer,
    camera text not null,
    shift integer not null references shift (id),
    run integer not null,
    track integer not null,
    zone text not null,
    enter_at integer not null,
    leave_at integer not null,
    dwell_ms integer not null,
    primary key (tenant, camera, run, zone, track, enter_at)
) strict, without rowid;

create index zone_stay_by_shift on zone_stay (tenant, shift, camera, zone, dwell_ms);

create table occupancy (
    tenant integer not null,
    branch integer not null,
    sector integer,
    camera text not null,
    shift integer not null references shift (id),
    run integer not null,
    minute_at integer not null,
    min_people integer not null,
    max_people integer not null,
    people_ms integer not null,
    seen_ms integer not null,
    primary key (tenant, camera, minute_at, run)
) strict, without rowid;

create index occupancy_by_shift on occupancy (tenant, shift, camera, max_people, minute_at);

create table heat (
    tenant integer not null,
    branch integer not null,
    sector integer,
    camera text not null,
    shift integer not null references shift (id),
    run integer not null,
    start_at integer not null,
    total_ms integer not null,
    cells text not null,
    primary key (tenant, camera, start_at, run)
) strict;

create index heat_by_shift on heat (tenant, shift, camera);
