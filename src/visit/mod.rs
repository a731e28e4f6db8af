//! Tracks over time → visits, line crossings, zone stays, occupancy and heat.
//!
//! Pure: frames and times come in, happenings come out; the same input always gives the same output. What is
//! counted are people, not frames: who is seen too briefly never counts, who is hidden for a moment stays
//! one visit, and a foot that trembles on a line does not cross it.

mod crowd;
mod heatmap;
mod line;
mod observer;
mod occupancy;
mod zone;

use std::sync::Arc;

use crate::domain::Attributes;

pub use crate::domain::Direction;
pub use crowd::{Crowd, Crowding};
pub use heatmap::{HeatWatch, Quarter};
pub use observer::Observer;
pub use occupancy::{Minute, Occupancy};

/// The only label that makes a visit; other labels are drawn but not counted.
pub const PERSON: &str = "person";

/// How long is long enough; all in milliseconds of the time the caller gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// From first to last sight before a person counts.
    pub min_stay_ms: u64,
    /// Without sight before a visit is over. Not below the tracker's memory, or one person hidden for a
    /// while would be two visits.
    pub quiet_ms: u64,
    /// On the other side of a line before it counts as crossed.
    pub line_settle_ms: u64,
    /// Inside a zone before it counts as entered, outside before it counts as left.
    pub zone_settle_ms: u64,
}

impl Default for Rules {
    /// Half a second is less than anybody needs to walk through a picture and more than a false box lasts;
    /// ten seconds is how long the tracker knows somebody again who was hidden.
    fn default() -> Self {
        Self { min_stay_ms: 500, quiet_ms: 10_000, line_settle_ms: 200, zone_settle_ms: 500 }
    }
}

/// A person's stay so far, or as a whole once it has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Stay {
    pub track: u64,
    /// First sight of the confirmed track.
    pub enter_ms: u64,
    /// Last sight.
    pub leave_ms: u64,
    /// Best score so far, 0..1.
    pub confidence: f32,
    /// Name of the detector that gave it.
    pub model: Arc<str>,
    pub attributes: Attributes,
}

impl Stay {
    pub fn dwell_ms(&self) -> u64 {
        self.leave_ms - self.enter_ms
    }
}

/// Something worth telling.
#[derive(Debug, Clone, PartialEq)]
pub enum Happening {
    /// Somebody has been seen long enough: from now on this is a visit. Each one ends, too.
    VisitStarted(Stay),
    VisitEnded(Stay),
    LineCrossed {
        line: Arc<str>,
        direction: Direction,
        track: u64,
        /// First sight on the other side.
        at_ms: u64,
    },
    /// Each one is left, too.
    ZoneEntered {
        zone: Arc<str>,
        track: u64,
        at_ms: u64,
    },
    /// Somebody has been in a zone for as long as its `dwell_s`: once a stay, and before it is left.
    ZoneDwelt {
        zone: Arc<str>,
        track: u64,
        enter_ms: u64,
        at_ms: u64,
    },
    ZoneLeft {
        zone: Arc<str>,
        track: u64,
        enter_ms: u64,
        /// Last sight inside.
        leave_ms: u64,
    },
}
