//! Cameras: what the rest of the house sees of them, and what becomes of them on a real network.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/eventually.rs"]
mod eventually;
mod files;
#[path = "../common/film.rs"]
mod film;
mod log;
mod network;
mod news;
mod people;
#[path = "../common/simulated.rs"]
mod simulated;
mod states;
