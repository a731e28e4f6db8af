-- When somebody spoke, in numbers; see docs/privacy.md.

create table voice_activity (
    id bigint generated always as identity primary key,
    tenant bigint not null,
    branch bigint not null,
    sector bigint,
    camera text not null,
    begin_at timestamptz not null,
    duration_ms bigint not null,
    speech_ms bigint not null,
    speech_ratio real not null,
    loudness_db real not null
);

create index voice_activity_by_time on voice_activity (tenant, branch, begin_at, id);
