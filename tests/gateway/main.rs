//! The gateway as its clients meet it: a whole server, real sockets.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod doors;
mod events;
mod life;
mod pages;
mod resume;
mod routing;
mod stream;
mod web;
mod world;
