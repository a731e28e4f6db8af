//! Figures over time.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::frame::rounded;
use super::{Time, ZoneClock};
use crate::domain;

/// What is counted or measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// Visits that begin.
    #[default]
    Visits,
    /// Crossings of lines inwards.
    Entries,
    /// Crossings of lines outwards.
    Exits,
    /// People who are there.
    Occupancy,
}

impl From<Measure> for domain::Measure {
    fn from(measure: Measure) -> Self {
        match measure {
            Measure::Visits => Self::Visits,
            Measure::Entries => Self::Entries,
            Measure::Exits => Self::Exits,
            Measure::Occupancy => Self::Occupancy,
        }
    }
}

/// How long a step is on the branch's clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TimeStep {
    Minute,
    #[default]
    Hour,
    Day,
}

impl From<TimeStep> for domain::TimeStep {
    fn from(step: TimeStep) -> Self {
        match step {
            TimeStep::Minute => Self::Minute,
            TimeStep::Hour => Self::Hour,
            TimeStep::Day => Self::Day,
        }
    }
}

/// How many there were in a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CountPoint {
    pub start: Time,
    pub count: u64,
}

/// How many people there were before any one camera in a step; null where nothing was measured.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PeoplePoint {
    pub start: Time,
    #[schema(required = true)]
    pub min: Option<u32>,
    /// Over the time that was seen, that of each camera.
    #[schema(required = true)]
    pub mean: Option<f32>,
    #[schema(required = true)]
    pub max: Option<u32>,
}

/// One step of a series.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SeriesPoint {
    Count(CountPoint),
    People(PeoplePoint),
}

/// A figure step by step; no step is left out.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Series {
    pub measure: Measure,
    pub step: TimeStep,
    pub branch_id: i64,
    pub sector_id: Option<i64>,
    pub camera: Option<String>,
    pub line: Option<String>,
    /// Where the first step begins, in the zone of the branch, as are all times here.
    pub from: Time,
    /// Where the last step ends.
    pub to: Time,
    /// All steps together; null of occupancy.
    pub total: Option<u64>,
    pub points: Vec<SeriesPoint>,
}

impl CountPoint {
    pub fn new(start: domain::Timestamp, count: u64, clock: &ZoneClock) -> Self {
        Self { start: clock.write(start), count }
    }
}

impl PeoplePoint {
    pub fn new(start: domain::Timestamp, people: Option<domain::People>, clock: &ZoneClock) -> Self {
        Self {
            start: clock.write(start),
            min: people.map(|people| people.min),
            mean: people.map(|people| rounded(people.mean as f32, 3)),
            max: people.map(|people| people.max),
        }
    }
}
