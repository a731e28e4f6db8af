//! Schedule and time zone → the shift that holds an instant.
//!
//! `calendar` knows one schedule by one clock; `plan` knows how a branch's schedules followed each other, so that a
//! change of hours or of the zone leaves no instant without a shift and gives none two. `buckets` cuts time into hours and
//! days of the same clock.

mod buckets;
mod calendar;
mod plan;

pub use buckets::{Buckets, TooMany};
pub use calendar::{Calendar, CalendarError, Period};
pub use plan::{Plan, Version};
