//! Rows as they leave the house: what can be taken out, and which of it.

use std::fmt;

use super::{BranchId, Direction, Place, Scope, Shift, ShiftId, Timestamp, Visit, VisitId, VoiceActivity};

/// A kind of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportKind {
    Visits,
    /// Of lines.
    Crossings,
    /// In zones.
    Stays,
    /// People by the minute.
    Occupancy,
    /// When somebody spoke.
    Voice,
}

impl ExportKind {
    pub const ALL: [Self; 5] = [Self::Visits, Self::Crossings, Self::Stays, Self::Occupancy, Self::Voice];

    pub fn name(self) -> &'static str {
        match self {
            Self::Visits => "visits",
            Self::Crossings => "crossings",
            Self::Stays => "stays",
            Self::Occupancy => "occupancy",
            Self::Voice => "voice",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for ExportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where rows are taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    Branch(BranchId),
    Shift(Shift),
}

/// Which rows of it are meant; all, unless something is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    pub scope: Scope,
    /// Those that begin from this instant on.
    pub from: Option<Timestamp>,
    /// Those that begin before this instant.
    pub to: Option<Timestamp>,
    /// Of visits: those that go on, or those that are over.
    pub open: Option<bool>,
}

/// Somebody has crossed a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    pub shift: ShiftId,
    pub place: Place,
    pub track: u64,
    pub line: String,
    /// Whether the line was an entrance then.
    pub entrance: bool,
    pub direction: Direction,
    pub at: Timestamp,
}

/// Somebody was in a zone.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneStay {
    pub shift: ShiftId,
    pub place: Place,
    pub track: u64,
    pub zone: String,
    pub enter: Timestamp,
    pub leave: Timestamp,
}

/// How many people there were in a minute, as far as it was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct PeopleMinute {
    pub shift: ShiftId,
    pub place: Place,
    pub start: Timestamp,
    pub min: u32,
    /// Over the time that was seen.
    pub mean: f64,
    pub max: u32,
    pub seen_ms: u64,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub enum ExportRow {
    Visit { id: VisitId, shift: ShiftId, open: bool, visit: Visit },
    Crossing(Crossing),
    Stay(ZoneStay),
    Minute(PeopleMinute),
    Voice(VoiceActivity),
}
