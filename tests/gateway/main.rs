//! The gateway as its clients meet it: a whole server, real sockets.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod doors;
mod life;
mod resume;
mod routing;
mod world;
