//! Live video with what it sees drawn on it, and numbers per work shift.
//!
//! # Layout
//!
//! In reading order; an arrow of the house points down this list only (`tests/architecture` checks it).

pub mod domain;

pub mod clock;

pub mod config;

pub mod visit;

pub mod shift;

pub mod store;

pub mod jobs;

pub mod recorder;

pub mod auth;

pub mod wire;

pub mod gateway;

pub mod camera;

pub mod discover;

pub mod viewer;

pub mod still;

pub mod voice;

pub mod totem;

pub mod demo;

pub mod api;

pub mod run;

pub mod doctor;

pub mod app;

pub mod cli;
