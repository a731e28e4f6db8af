//! The gateway as its clients meet it: a whole server, real sockets.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod client;
mod doors;
mod events;
mod isolation;
mod life;
mod pages;
mod protocol;
mod redis;
mod redis_faults;
mod redis_server;
mod resume;
mod routing;
mod stream;
mod web;
mod world;
