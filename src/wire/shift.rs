//! Shifts and their visits.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Attributes, Time, ZoneClock};
use crate::domain;

/// A work period of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Shift {
    pub id: i64,
    pub branch_id: i64,
    #[schema(examples("afternoon"))]
    pub name: String,
    /// In the zone of the branch, as are all times of a shift.
    pub start: Time,
    /// First instant of the next shift.
    pub end: Time,
}

impl Shift {
    pub fn new(shift: &domain::Shift, clock: &ZoneClock) -> Self {
        Self {
            id: shift.id.get(),
            branch_id: shift.branch.get(),
            name: shift.name.clone(),
            start: clock.write(shift.start),
            end: clock.write(shift.end),
        }
    }
}

/// One person's stay before one camera.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Visit {
    pub id: i64,
    /// The shift in which it began.
    pub shift_id: i64,
    pub branch_id: i64,
    pub sector_id: Option<i64>,
    pub camera: String,
    pub track: u64,
    pub enter: Time,
    /// When the person was last seen.
    pub leave: Time,
    pub dwell_ms: u64,
    /// True while the person is there; `leave` is then when they were last seen so far.
    pub open: bool,
    /// Best score over the stay, 0..1.
    pub confidence: f32,
    /// Name of the detector.
    pub model: String,
    pub attributes: Attributes,
}

/// Whether a visit goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisitState {
    Open,
    Ended,
}

impl Visit {
    pub fn new(
        (id, shift): (domain::VisitId, domain::ShiftId),
        visit: &domain::Visit,
        state: VisitState,
        clock: &ZoneClock,
    ) -> Self {
        Self {
            id: id.get(),
            shift_id: shift.get(),
            branch_id: visit.place.branch.get(),
            sector_id: visit.place.sector.map(domain::SectorId::get),
            camera: visit.place.camera.to_string(),
            track: visit.track,
            enter: clock.write(visit.enter),
            leave: clock.write(visit.leave),
            dwell_ms: u64::try_from(visit.leave.since(visit.enter).as_millis()).unwrap_or(u64::MAX),
            open: state == VisitState::Open,
            confidence: super::frame::rounded(visit.confidence, 4),
            model: visit.model.to_string(),
            attributes: (&visit.attributes).into(),
        }
    }
}
