-- Schedules with their history, scheduled work, and who is there to do it.

create table schedule (
    tenant bigint not null,
    branch bigint not null,
    from_at timestamptz not null,
    decided_at timestamptz not null,
    time_zone text not null,
    shifts jsonb not null,
    primary key (tenant, branch, from_at)
);

create table job (
    name text primary key,
    due_at timestamptz not null,
    node text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    outcome text,
    detail text,
    done_at timestamptz
);

create table node (
    id text primary key,
    host text not null,
    version text not null,
    started_at timestamptz not null,
    seen_at timestamptz not null,
    cameras jsonb not null
);
