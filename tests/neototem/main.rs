//! `/ws` as totems and those who watch them meet it: a whole server, real sockets, real pictures of people.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod doors;
mod ends;
mod errors;
#[path = "../common/eventually.rs"]
mod eventually;
#[path = "../common/postgres.rs"]
#[allow(dead_code, reason = "other tests ask more of a cluster")]
mod postgres;
mod requests;
#[path = "../common/sound.rs"]
#[allow(dead_code, reason = "the tests of sound use the rest")]
mod sound;
mod stream;
#[path = "../common/street.rs"]
mod street;
mod totem;
#[path = "../gateway/world.rs"]
#[allow(dead_code, reason = "the gateway's tests use the rest")]
mod world;
