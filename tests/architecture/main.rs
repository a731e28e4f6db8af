//! The house checks itself: who uses whom, how long files are, and what must not stand in them.
//!
//! Every rule is tried on a bad sample too, so that none of them can rot into one that never fails.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as loudly as tests")]

mod direction;
mod habits;
mod source;
