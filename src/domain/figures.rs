//! Figures of people: how many there were, which lines they crossed, how long they stayed, what was said of them.

use std::sync::Arc;

use super::{CameraId, SectorId, Shift, Timestamp};

/// The part of a shift that figures are of: all of it unless said otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// What happened while its camera was in this sector.
    pub sector: Option<SectorId>,
    pub camera: Option<CameraId>,
}

/// The most people that were there at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peak {
    pub people: u32,
    /// Begin of the first minute with so many.
    pub at: Timestamp,
}

/// How many people there were over time.
#[derive(Debug, Clone, PartialEq)]
pub struct OccupancySeries {
    /// In order; without those of which nothing was seen.
    pub steps: Vec<OccupancyStep>,
    /// `None` when nothing was seen at all.
    pub peak: Option<Peak>,
}

/// How many people there were in a step of time.
#[derive(Debug, Clone, PartialEq)]
pub struct OccupancyStep {
    pub start: Timestamp,
    pub min: u32,
    /// Over the time that was seen.
    pub mean: f64,
    pub max: u32,
}

/// A line of a camera, and who crossed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineFigures {
    pub name: Arc<str>,
    /// Crossings inwards.
    pub entries: u64,
    pub exits: u64,
}

/// A zone of a camera, and who is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneFigures {
    pub name: Arc<str>,
    pub people: usize,
}

/// What a camera's lines and zones say now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveFigures {
    /// Since the process started.
    pub lines: Vec<LineFigures>,
    pub zones: Vec<ZoneFigures>,
}

/// Crossings of a line in a shift.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineSummary {
    /// Slug of the camera.
    pub camera: String,
    pub line: String,
    /// Whether it was an entrance when somebody crossed it.
    pub entrance: bool,
    pub entries: u64,
    pub exits: u64,
}

/// Stays in a zone that began in a shift and are over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneSummary {
    /// Slug of the camera.
    pub camera: String,
    pub zone: String,
    pub stays: u64,
    /// As of visits.
    pub dwell_median_s: Option<u32>,
    pub dwell_p95_s: Option<u32>,
}

/// How often something was said of people.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueCount {
    /// Its code, e.g. `jacket`.
    pub value: String,
    pub count: u64,
    /// Of those of whom anything was said in this respect, 0..1.
    pub share: f64,
}

/// What the people of a shift wore and carried, the most frequent first, and how old they looked, the youngest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Looks {
    pub garments: Vec<ValueCount>,
    pub colors: Vec<ValueCount>,
    pub accessories: Vec<ValueCount>,
    pub bags: Vec<ValueCount>,
    pub ages: Vec<ValueCount>,
    /// Mean of the middles of their ranges, years; `None` when nothing was said.
    pub age_mean: Option<f64>,
}

/// A shift's figures so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    pub shift: Shift,
    pub scope: Scope,
    pub visits: u64,
    /// Of one camera its distinct people; else entries over lines that were entrances, `None` when nobody crossed one.
    pub unique_people: Option<u64>,
    /// Middle and 95th percentile of the stay, whole seconds; `None` without visits.
    pub dwell_median_s: Option<u32>,
    pub dwell_p95_s: Option<u32>,
    /// Visits that began in each hour since the shift's start.
    pub visits_by_hour: Vec<u64>,
    /// Visits by camera slug.
    pub visits_by_camera: Vec<(String, u64)>,
    /// Distinct people by camera slug.
    pub people_by_camera: Vec<(String, u64)>,
    /// By camera slug.
    pub peaks: Vec<(String, Peak)>,
    /// By camera slug and name.
    pub lines: Vec<LineSummary>,
    /// By camera slug and name.
    pub zones: Vec<ZoneSummary>,
    pub looks: Looks,
}

/// What one shift is measured by beside others.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct KeyFigures {
    pub visits: f64,
    /// As of a summary.
    pub unique_people: Option<f64>,
    pub entries: f64,
    pub exits: f64,
    pub dwell_median_s: Option<f64>,
    pub dwell_p95_s: Option<f64>,
    /// The most people before any one camera at once.
    pub occupancy_peak: Option<f64>,
}

/// A shift beside earlier ones of its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    pub summary: Summary,
    pub figures: KeyFigures,
    /// How much of it is over. Of the others, visits, people, entries and exits are counted until as long after
    /// their start.
    pub elapsed: std::time::Duration,
    pub is_running: bool,
    /// The last one of the same name, of the four weeks before, of which anything was seen.
    pub previous: Option<(Shift, KeyFigures)>,
    /// How many there were of the same name in the four weeks before of which anything was seen.
    pub others: usize,
    /// The mean of these; of each figure of those that have it.
    pub mean: Option<KeyFigures>,
}
