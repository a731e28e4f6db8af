//! The gateway as its clients meet it: a whole server, real sockets.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod assigned;
mod certificate;
mod cleared;
mod client;
mod clock;
#[path = "../common/mod.rs"]
mod common;
mod doors;
mod events;
mod follower;
mod handover;
mod isolation;
mod keys;
mod life;
mod pages;
#[path = "../cli/program.rs"]
#[allow(dead_code, reason = "other tests ask more of a program")]
mod program;
mod protocol;
mod redis;
mod redis_access;
mod redis_faults;
mod redis_server;
mod restart;
mod resume;
mod routing;
mod rush;
mod stream;
mod tls;
mod web;
mod world;
