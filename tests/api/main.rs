//! The API as clients meet it: a real server on a port of its own, real sockets, real cameras, a real database.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[macro_use]
mod on_both;

mod access;
mod assignments;
mod branches;
mod cameras;
mod changes;
#[path = "../viewer/client.rs"]
#[allow(dead_code, reason = "the viewer's tests use the rest")]
mod client;
mod connections;
mod contract;
mod discovery;
mod editing;
#[path = "../common/eventually.rs"]
mod eventually;
mod examples;
mod export;
mod figures;
mod jobs;
mod limits;
mod live;
mod log;
mod metrics;
#[path = "../common/onvif.rs"]
mod onvif;
mod operations;
mod parameters;
mod pictures;
mod places;
#[path = "../common/postgres.rs"]
#[allow(dead_code, reason = "the store's tests use the rest")]
mod postgres;
mod problems;
mod repeats;
mod sectors;
#[path = "../common/sender.rs"]
mod sender;
mod series;
mod session;
mod shifts;
#[path = "../common/sound.rs"]
#[allow(dead_code, reason = "the tests of speech use the rest")]
mod sound;
#[path = "../common/street.rs"]
mod street;
mod tags;
mod tenants;
mod tokens;
mod voice;
mod walls;
mod whip;
mod world;
