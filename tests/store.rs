//! The store does the same on SQLite and on a real Postgres, and says clearly what it cannot open.

#![allow(clippy::unwrap_used, reason = "a test may panic; its helpers are not marked as tests")]

#[path = "common/eventually.rs"]
mod eventually;
#[path = "common/postgres.rs"]
mod postgres;
#[path = "common/venue.rs"]
mod venue;

#[path = "store/fixture.rs"]
mod fixture;
#[path = "store/frozen.rs"]
mod frozen;
#[macro_use]
#[path = "store/on_both.rs"]
mod on_both;
#[path = "store/backup.rs"]
mod backup;
#[path = "store/by_hand.rs"]
mod by_hand;
#[path = "store/counting.rs"]
mod counting;
#[path = "store/damaged.rs"]
mod damaged;
#[path = "store/durability.rs"]
mod durability;
#[path = "store/export.rs"]
mod export;
#[path = "store/figures.rs"]
mod figures;
#[path = "store/jobs.rs"]
mod jobs;
#[path = "store/migration.rs"]
mod migration;
#[path = "store/news.rs"]
mod news;
#[path = "store/older.rs"]
mod older;
#[path = "store/opening.rs"]
mod opening;
#[path = "store/recording.rs"]
mod recording;
#[path = "store/rest.rs"]
mod rest;
#[path = "store/retention.rs"]
mod retention;
#[path = "store/schedule.rs"]
mod schedule;
#[path = "store/series.rs"]
mod series;
#[path = "store/story.rs"]
mod story;
#[path = "store/tables.rs"]
mod tables;
#[path = "store/tallies.rs"]
mod tallies;
#[path = "store/telling.rs"]
mod telling;
#[path = "store/voice.rs"]
mod voice;
