//! The command line as people type it: what it prints, where, and with which exit code.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod analyze;
mod backup;
#[path = "../common/mod.rs"]
mod common;
mod discover;
#[path = "../common/eventually.rs"]
mod eventually;
mod export;
#[path = "../common/film.rs"]
mod film;
mod killed;
mod models;
mod pipelines;
#[path = "../common/postgres.rs"]
#[allow(dead_code, reason = "other tests ask more of a cluster")]
mod postgres;
mod program;
mod reload;
mod run;
mod server;
#[path = "../common/simulated.rs"]
mod simulated;
mod start;
#[path = "../common/street.rs"]
mod street;
mod usage;
