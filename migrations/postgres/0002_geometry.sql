-- What lines and zones count, how many people there were each minute, and where they stood.
-- Types and explanations as in 0001_start.sql.

create table line_crossing (
    tenant bigint not null,
    branch bigint not null,
    sector bigint,
    camera text not null,
    shift bigint not null references shift (id),
    run bigint not null,
    track bigint not null,
    line text not null,
    entrance boolean not null,
    direction text not null,
    crossed_at timestamptz not null,
    -- What makes a repeated write harmless.
    primary key (tenant, camera, run, line, track, crossed_at)
);

create index line_crossing_by_shift on line_crossing (tenant, shift, camera, line, entrance, direction);

create table zone_stay (
    tenant bigint not null,
    branch bigint not null,
    sector bigint,
    camera text not null,
    shift bigint not null references shift (id),
    run bigint not null,
    track bigint not null,
    zone text not null,
    enter_at timestamptz not null,
    leave_at timestamptz not null,
    dwell_ms bigint not null,
    primary key (tenant, camera, run, zone, track, enter_at)
);

create index zone_stay_by_shift on zone_stay (tenant, shift, camera, zone, dwell_ms);

create table occupancy (
    tenant bigint not null,
    branch bigint not null,
    sector bigint,
    camera text not null,
    shift bigint not null references shift (id),
    run bigint not null,
    minute_at timestamptz not null,
    min_people bigint not null,
    max_people bigint not null,
    people_ms bigint not null,
    seen_ms bigint not null,
    primary key (tenant, camera, minute_at, run)
);

create index occupancy_by_shift on occupancy (tenant, shift, camera, max_people, minute_at);

create table heat (
    tenant bigint not null,
    branch bigint not null,
    sector bigint,
    camera text not null,
    shift bigint not null references shift (id),
    run bigint not null,
    start_at timestamptz not null,
    total_ms bigint not null,
    cells jsonb not null,
    primary key (tenant, camera, start_at, run)
);

create index heat_by_shift on heat (tenant, shift, camera);
