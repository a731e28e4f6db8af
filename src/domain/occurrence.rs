//! What the house itself notices and its people may want to know at once; the gateway makes events of it.

use std::fmt;
use std::sync::Arc;

use super::{Attributes, BranchId, Direction, Place, SectorId, Shift, TenantId, Timestamp};

/// Something that happened in the house.
#[derive(Debug, Clone, PartialEq)]
pub enum Occurrence {
    /// Before a camera, or with it.
    AtCamera {
        place: Place,
        /// What people call the camera.
        name: Arc<str>,
        sight: Sight,
    },
    ShiftStarted(Shift),
    ShiftEnded(Shift),
    /// A shift's figures have been brought up to date.
    SummaryUpdated(ShiftNews),
}

/// What a camera has to tell. Tracks are the tracker's numbers, which begin anew when the camera does.
#[derive(Debug, Clone, PartialEq)]
pub enum Sight {
    /// Somebody was seen long enough to count.
    VisitStarted {
        track: u64,
        enter: Timestamp,
    },
    VisitEnded {
        track: u64,
        enter: Timestamp,
        /// Last sight.
        leave: Timestamp,
        /// Best score over the stay, 0..1.
        confidence: f32,
        attributes: Attributes,
    },
    LineCrossed {
        line: Arc<str>,
        direction: Direction,
        /// Whether the line is a way into the branch.
        entrance: bool,
        track: u64,
        /// First sight beyond it.
        at: Timestamp,
    },
    InZone {
        zone: Arc<str>,
        track: u64,
        enter: Timestamp,
        step: ZoneStep,
    },
    /// More people than `max_people` are in a zone.
    OccupancyHigh(Occupants),
    /// No longer.
    OccupancyNormal(Occupants),
    Online {
        since: Timestamp,
    },
    Offline {
        /// Since when there has been no picture.
        since: Timestamp,
        /// Why, for people; without secrets.
        reason: String,
        /// Whether it is tried again without an end; else somebody has to change something.
        retried: bool,
    },
}

/// How somebody's stay in a zone goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ZoneStep {
    Entered,
    /// It has lasted for as long as the zone's owner wants to be told of.
    Dwelt {
        at: Timestamp,
        dwell_s: u32,
    },
    Left {
        /// Last sight inside.
        leave: Timestamp,
    },
}

/// How many are in a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occupants {
    pub zone: Arc<str>,
    pub people: u32,
    /// As many may be there.
    pub max_people: u32,
    pub at: Timestamp,
}

/// A shift's figures in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftNews {
    pub shift: Shift,
    pub visits: u64,
    /// As of a summary.
    pub unique_people: Option<u64>,
    /// As of when.
    pub at: Timestamp,
    /// Whether the shift was over then.
    pub is_over: bool,
}

impl Occurrence {
    /// Where it happened.
    pub fn place(&self) -> (TenantId, BranchId, Option<SectorId>) {
        match self {
            Self::AtCamera { place, .. } => (place.tenant, place.branch, place.sector),
            Self::ShiftStarted(shift) | Self::ShiftEnded(shift) => (shift.tenant, shift.branch, None),
            Self::SummaryUpdated(news) => (news.shift.tenant, news.shift.branch, None),
        }
    }
}

/// Where occurrences are told; cheap to clone. It never blocks: whoever listens puts them into a queue, or drops them.
#[derive(Clone)]
pub struct Publisher(Arc<dyn Fn(Occurrence) + Send + Sync>);

impl Publisher {
    /// `listen` is called on tasks that must not wait.
    pub fn new(listen: impl Fn(Occurrence) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listen))
    }

    /// Tells nobody.
    pub fn nobody() -> Self {
        Self::new(drop)
    }

    pub fn tell(&self, occurrence: Occurrence) {
        (self.0)(occurrence);
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Publisher")
    }
}
