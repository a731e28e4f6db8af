-- When somebody spoke, in numbers; see docs/privacy.md.

create table voice_activity (
    tenant integer not null,
    branch integer not null,
    sector integer,
    camera text not null,
    begin_at integer not null,
    duration_ms integer not null,
    speech_ms integer not null,
    speech_ratio real not null,
    loudness_db real not null,
    -- What makes a repeated write harmless.
    primary key (tenant, branch, begin_at, camera)
) strict, without rowid;
