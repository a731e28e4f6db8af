-- Tables that were cleared: a token of theirs is good no more, though their events are long forgotten.
create table cleared_table (
    tenant bigint not null,
    branch bigint not null,
    session text not null,
    is_over boolean not null,
    changed_at timestamptz not null,
    primary key (tenant, branch, session)
);

create index cleared_table_changed on cleared_table (changed_at);
