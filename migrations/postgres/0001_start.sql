-- The same tables and columns as in migrations/sqlite, in this database's own types.
-- Every table and column is explained in docs/privacy.md.

create table branch (
    tenant bigint not null,
    id bigint not null,
    name text not null,
    time_zone text not null,
    primary key (tenant, id)
);

create table camera (
    tenant bigint not null,
    id text not null,
    branch bigint not null,
    sector bigint,
    name text not null,
    pipeline text not null,
    parameters jsonb not null,
    lines jsonb not null,
    zones jsonb not null,
    enabled boolean not null,
    primary key (tenant, id)
);

create table shift (
    id bigint generated always as identity primary key,
    tenant bigint not null,
    branch bigint not null,
    name text not null,
    start_at timestamptz not null,
    end_at timestamptz not null,
    unique (tenant, branch, start_at)
);

create table visit (
    id bigint generated always as identity primary key,
    tenant bigint not null,
    branch bigint not null,
    sector bigint,
    camera text not null,
    shift bigint not null references shift (id),
    run bigint not null,
    track bigint not null,
    enter_at timestamptz not null,
    leave_at timestamptz not null,
    dwell_ms bigint not null,
    open boolean not null,
    confidence real not null,
    model text not null,
    attributes jsonb not null,
    -- What makes a repeated write harmless.
    unique (tenant, camera, run, track, enter_at)
);

create index visit_by_shift on visit (tenant, shift, enter_at, id);

create index visit_open on visit (tenant, camera) where open;
