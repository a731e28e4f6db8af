-- Schedules with their history, scheduled work, and who is there to do it.

create table schedule (
    tenant integer not null,
    branch integer not null,
    from_at integer not null,
    decided_at integer not null,
    time_zone text not null,
    shifts text not null,
    primary key (tenant, branch, from_at)
) strict, without rowid;

create table job (
    name text not null primary key,
    due_at integer not null,
    node text not null,
    started_at integer not null,
    ended_at integer,
    outcome text,
    detail text,
    done_at integer
) strict, without rowid;

create table node (
    id text not null primary key,
    host text not null,
    version text not null,
    started_at integer not null,
    seen_at integer not null,
    cameras text not null
) strict, without rowid;
