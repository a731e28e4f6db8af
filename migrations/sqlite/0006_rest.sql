-- Areas of a branch, who changed what, issued tokens, and answers kept for repeated requests; see docs/privacy.md.

create table sector (
    tenant integer not null,
    id integer not null,
    branch integer not null,
    name text not null,
    primary key (tenant, id)
) strict, without rowid;

create table audit (
    id integer primary key autoincrement,
    tenant integer not null,
    branch integer,
    at integer not null,
    subject text not null,
    roles text not null,
    token text,
    method text not null,
    route text not null,
    resource text not null,
    fields text not null,
    status integer not null,
    request text not null
) strict;

create index audit_by_tenant on audit (tenant, id);

create table token (
    tenant integer not null,
    id text not null,
    subject text not null,
    roles text not null,
    branches text not null,
    sectors text not null,
    issued_by text not null,
    issued_at integer,
    expires_at integer,
    revoked_at integer,
    primary key (tenant, id)
) strict, without rowid;

create index token_revoked on token (revoked_at) where revoked_at is not null;

create table idempotency (
    tenant integer not null,
    route text not null,
    key text not null,
    fingerprint text not null,
    attempt integer not null,
    began_at integer not null,
    status integer,
    headers text,
    body text,
    primary key (tenant, route, key)
) strict, without rowid;

create index idempotency_by_age on idempotency (tenant, began_at);
