//! Work periods of a branch and their figures.

use super::{BranchId, ShiftId, TenantId, Timestamp};

/// A wall-clock time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay {
    pub hour: u8,
    pub minute: u8,
}

/// A shift of the schedule: it lasts until the next one starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledShift {
    /// `morning`, `afternoon`, `night`, or what the owner calls it.
    pub name: String,
    /// Local time at the branch.
    pub start: TimeOfDay,
}

/// The shifts of one day at a branch, in order of their start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub shifts: Vec<ScheduledShift>,
}

impl Default for Schedule {
    fn default() -> Self {
        let at =
            |name: &str, hour| ScheduledShift { name: name.into(), start: TimeOfDay { hour, minute: 0 } };
        Self { shifts: vec![at("morning", 6), at("afternoon", 14), at("night", 22)] }
    }
}

/// A venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    pub id: BranchId,
    pub tenant: TenantId,
    pub name: String,
    /// IANA zone, e.g. `America/Argentina/Mendoza`.
    pub time_zone: String,
}

/// One work period that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shift {
    pub id: ShiftId,
    pub tenant: TenantId,
    pub branch: BranchId,
    pub name: String,
    pub start: Timestamp,
    /// First instant that belongs to the next shift.
    pub end: Timestamp,
}
