-- Areas of a branch, who changed what, issued tokens, and answers kept for repeated requests; see docs/privacy.md.

create table sector (
    tenant bigint not null,
    id bigint not null,
    branch bigint not null,
    name text not null,
    primary key (tenant, id)
);

create table audit (
    id bigint generated always as identity primary key,
    tenant bigint not null,
    branch bigint,
    at timestamptz not null,
    subject text not null,
    roles jsonb not null,
    token text,
    method text not null,
    route text not null,
    resource text not null,
    fields jsonb not null,
    status bigint not null,
    request text not null
);

create index audit_by_tenant on audit (tenant, id);

create table token (
    tenant bigint not null,
    id text not null,
    subject text not null,
    roles jsonb not null,
    branches jsonb not null,
    sectors jsonb not null,
    issued_by text not null,
    issued_at timestamptz,
    expires_at timestamptz,
    revoked_at timestamptz,
    primary key (tenant, id)
);

create index token_revoked on token (revoked_at) where revoked_at is not null;

create table idempotency (
    tenant bigint not null,
    route text not null,
    key text not null,
    fingerprint text not null,
    attempt bigint not null,
    began_at timestamptz not null,
    status bigint,
    headers jsonb,
    body text,
    primary key (tenant, route, key)
);

create index idempotency_by_age on idempotency (tenant, began_at);
