-- Times are milliseconds since 1970-01-01T00:00:00Z, JSON is text; otherwise as in migrations/postgres.
-- Every table and column is explained in docs/privacy.md.

create table branch (
    tenant integer not null,
    id integer not null,
    name text not null,
    time_zone text not null,
    primary key (tenant, id)
) strict, without rowid;

create table camera (
    tenant integer not null,
    id text not null,
    branch integer not null,
    sector integer,
    name text not null,
    pipeline text not null,
    parameters text not null,
    lines text not null,
    zones text not null,
    enabled integer not null,
    primary key (tenant, id)
) strict, without rowid;

create table shift (
    id integer primary key autoincrement,
    tenant integer not null,
    branch integer not null,
    name text not null,
    start_at integer not null,
    end_at integer not null,
    unique (tenant, branch, start_at)
) strict;

create table visit (
    id integer primary key autoincrement,
    tenant integer not null,
    branch integer not null,
    sector integer,
    camera text not null,
    shift integer not null references shift (id),
    run integer not null,
    track integer not null,
    enter_at integer not null,
    leave_at integer not null,
    dwell_ms integer not null,
    open integer not null,
    confidence real not null,
    model text not null,
    attributes text not null,
    -- What makes a repeated write harmless.
    unique (tenant, camera, run, track, enter_at)
) strict;

create index visit_by_shift on visit (tenant, shift, enter_at, id);

create index visit_open on visit (tenant, camera) where open;
