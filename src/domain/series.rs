//! Figures over time.

use std::fmt;

/// What is counted or measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Visits that begin.
    Visits,
    /// Crossings of lines inwards.
    Entries,
    /// Crossings of lines outwards.
    Exits,
    /// People who are there.
    Occupancy,
}

impl Measure {
    pub const ALL: [Self; 4] = [Self::Visits, Self::Entries, Self::Exits, Self::Occupancy];

    pub fn name(self) -> &'static str {
        match self {
            Self::Visits => "visits",
            Self::Entries => "entries",
            Self::Exits => "exits",
            Self::Occupancy => "occupancy",
        }
    }
}

/// How long a step of time is on the branch's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeStep {
    Minute,
    Hour,
    Day,
}

impl TimeStep {
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    pub fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

impl fmt::Display for TimeStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many people there were before any one camera in a step of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct People {
    pub min: u32,
    /// Over the time that was seen, that of each camera.
    pub mean: f64,
    pub max: u32,
}
