//! How many people there were before a camera over time.

use serde::Serialize;
use utoipa::ToSchema;

use super::frame::rounded;
use super::{Time, ZoneClock};
use crate::domain;

/// The most people that were there at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Peak {
    pub people: u32,
    /// Begin of the first minute with so many.
    pub at: Time,
}

impl Peak {
    pub fn new(peak: &domain::Peak, clock: &ZoneClock) -> Self {
        Self { people: peak.people, at: clock.write(peak.at) }
    }
}

/// People in one step.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OccupancyPoint {
    pub start: Time,
    pub min: u32,
    /// Over the time that was seen.
    pub mean: f32,
    pub max: u32,
}

/// People before a camera, step by step.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Occupancy {
    #[schema(examples("entrance"))]
    pub camera: String,
    /// In the zone of the branch, as are all times here.
    pub from: Time,
    pub to: Time,
    /// Length of a step, seconds.
    pub step_s: u32,
    /// In order. Steps of which the camera saw nothing are left out: that is not the same as nobody.
    pub points: Vec<OccupancyPoint>,
    /// Null when nothing was seen.
    pub peak: Option<Peak>,
}

impl Occupancy {
    /// The series of `camera` from `from` to `to` in steps of `step_s`.
    pub fn new(
        camera: &domain::CameraId,
        (from, to): (domain::Timestamp, domain::Timestamp),
        step_s: u32,
        series: &domain::OccupancySeries,
        clock: &ZoneClock,
    ) -> Self {
        let point = |step: &domain::OccupancyStep| OccupancyPoint {
            start: clock.write(step.start),
            min: step.min,
            mean: rounded(step.mean as f32, 3),
            max: step.max,
        };
        Self {
            camera: camera.to_string(),
            from: clock.write(from),
            to: clock.write(to),
            step_s,
            points: series.steps.iter().map(point).collect(),
            peak: series.peak.as_ref().map(|peak| Peak::new(peak, clock)),
        }
    }
}
