//! Following objects over frames: detections in, numbered tracks out. Pure: no clock, no threads, no GStreamer.
//!
//! All times are media times, so the same detections give the same tracks, bit for bit, at any speed of the
//! machine, and a setting means the same at 5 and at 30 frames a second.
//!
//! # How
//! - [`motion`]: each box has a constant-velocity Kalman filter (Kalman, 1960), as in SORT (Bewley et al., 2016),
//!   but in seconds instead of frames and with noise in units of the box.
//! - [`assign`]: boxes go to tracks by the Hungarian method (Kuhn, 1955; Munkres, 1957).
//! - Association in stages is the idea of ByteTrack (Zhang et al., 2022): confident boxes choose first; a weak
//!   box may only carry on a track that is there, never start one. Measurements of weak boxes are trusted less,
//!   as in the NSA filter of GIAOTracker (Du et al., 2021).
//! - Clothes (a histogram of colours, compared by Bhattacharyya's coefficient, 1943) keep apart who crosses and say who
//!   comes out of hiding. That a detector's features and motion decide together is the idea of DeepSORT (Wojke et al.,
//!   2017); that a look is only learned from a clear sight, of StrongSORT (Du et al., 2023).
//! - What never changes its pixels is no visitor: see `life.rs`.
//! - A track's state stands at the frame it was last seen in; drawing asks for a prediction from there. A result
//!   that comes late is therefore associated at its own time, and nothing has to be rewound.

mod appearance;
pub mod assign;
pub(crate) mod geometry;
mod life;
pub mod motion;
mod round;
mod tracker;

pub use tracker::{Settings, Taken, Tracker};
