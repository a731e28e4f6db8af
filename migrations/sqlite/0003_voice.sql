-- When somebody spoke, in numbers; see docs/privacy.md.

create table voice_activity (
    id integer primary key autoincrement,
    tenant integer not null,
    branch integer not null,
    sector integer,
    camera text not null,
    begin_at integer not null,
    duration_ms integer not null,
    speech_ms integer not null,
    speech_ratio real not null,
    loudness_db real not null
) strict;

create index voice_activity_by_time on voice_activity (tenant, branch, begin_at, id);
