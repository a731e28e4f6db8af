-- Who serves which sector, and which shifts were told of; see docs/privacy.md.

-- A sector that goes takes along who serves it.
create table sector_assignment (
    tenant bigint not null,
    subject text not null,
    sector bigint not null,
    primary key (tenant, subject, sector),
    foreign key (tenant, sector) references sector (tenant, id) on delete cascade
);

create index sector_assignment_by_sector on sector_assignment (tenant, sector);

alter table shift add column start_told boolean not null default false;
alter table shift add column end_told boolean not null default false;

-- Nobody waits for news of the past.
update shift set start_told = true, end_told = true;

create index shift_start_untold on shift (start_at) where not start_told;
create index shift_end_untold on shift (end_at) where not end_told;
