//! The house checks itself: who uses whom, how long files are, and what must not stand in them.
//!
//! Every rule is tried on a bad sample too, so that none of them can rot into one that never fails.

mod direction;
mod habits;
mod source;
