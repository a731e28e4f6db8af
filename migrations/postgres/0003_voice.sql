-- When somebody spoke, in numbers; see docs/privacy.md.

create table voice_activity (
    tenant bigint not null,
    branch bigint not null,
    sector bigint,
    camera text not null,
    begin_at timestamptz not null,
    duration_ms bigint not null,
    speech_ms bigint not null,
    speech_ratio real not null,
    loudness_db real not null,
    -- What makes a repeated write harmless.
    primary key (tenant, branch, begin_at, camera)
);
