-- Tables that were cleared: a token of theirs is good no more, though their events are long forgotten.
create table cleared_table (
    tenant integer not null,
    branch integer not null,
    session text not null,
    is_over integer not null,
    changed_at integer not null,
    primary key (tenant, branch, session)
) strict, without rowid;

create index cleared_table_changed on cleared_table (changed_at);
