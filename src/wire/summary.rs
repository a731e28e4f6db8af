//! A shift's figures.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::frame::rounded;
use super::{Peak, Shift, Time, ZoneClock};
use crate::domain;

/// Visits that began within an hour of the shift.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HourVisits {
    /// Start of the hour, counted from the shift's start.
    pub start: Time,
    pub visits: u64,
}

/// Visits before a camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CameraVisits {
    pub camera: String,
    pub visits: u64,
    /// Distinct people: one who was lost and recognised by the tracker has several visits.
    pub unique_people: u64,
    /// The most people before it at once; null when nothing was seen.
    pub occupancy_peak: Option<Peak>,
}

/// Crossings of a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LineSummary {
    pub camera: String,
    #[schema(examples("door"))]
    pub line: String,
    /// Whether it was an entrance when somebody crossed it.
    pub entrance: bool,
    /// Crossings inwards: from left to right of it.
    pub entries: u64,
    pub exits: u64,
}

/// Stays in a zone that began in the shift and are over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ZoneSummary {
    pub camera: String,
    #[schema(examples("bar"))]
    pub zone: String,
    pub stays: u64,
    /// As of visits.
    pub dwell_median_s: Option<u32>,
    pub dwell_p95_s: Option<u32>,
}

/// The most people at once before any one camera.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BranchPeak {
    pub camera: String,
    pub people: u32,
    /// Begin of the first minute with so many.
    pub at: Time,
}

/// How often something was said of people.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ValueCount {
    #[schema(examples("jacket"))]
    pub value: String,
    pub count: u64,
    /// Of the visits of which anything was said in this respect, 0..1.
    pub share: f32,
}

impl From<&domain::ValueCount> for ValueCount {
    fn from(counted: &domain::ValueCount) -> Self {
        let share = rounded(counted.share as f32, 4);
        Self { value: counted.value.clone(), count: counted.count, share }
    }
}

/// A shift's figures so far.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Summary {
    pub shift: Shift,
    /// The sector it is of; null for all of the branch.
    pub sector_id: Option<i64>,
    /// The camera it is of; null for all.
    pub camera: Option<String>,
    pub visits: u64,
    /// Of one camera its distinct people; else entries over the lines that are marked `entrance`, null when there is
    /// none.
    pub unique_people: Option<u64>,
    /// Middle of all stays; null without visits.
    pub dwell_median_s: Option<u32>,
    /// 95 of 100 stays are no longer than this; null without visits.
    pub dwell_p95_s: Option<u32>,
    /// Null when nothing was seen.
    pub occupancy_peak: Option<BranchPeak>,
    pub visits_by_hour: Vec<HourVisits>,
    pub visits_by_camera: Vec<CameraVisits>,
    /// Lines that somebody crossed.
    pub lines: Vec<LineSummary>,
    /// Zones that somebody was in.
    pub zones: Vec<ZoneSummary>,
    /// The five most frequent.
    pub garments: Vec<ValueCount>,
    /// The five most frequent primary colours.
    pub colors: Vec<ValueCount>,
    /// The five most frequent things worn on the head.
    pub accessories: Vec<ValueCount>,
    /// The five most frequent.
    pub bags: Vec<ValueCount>,
    /// All ranges, the youngest first.
    pub ages: Vec<ValueCount>,
    /// Mean of the middles of these ranges, years; null when nothing was said.
    pub age_mean: Option<f32>,
}

impl Summary {
    pub fn new(summary: &domain::Summary, clock: &ZoneClock) -> Self {
        let hour = |(index, visits): (u32, &u64)| HourVisits {
            start: clock.write(summary.shift.start + std::time::Duration::from_secs(3600) * index),
            visits: *visits,
        };
        let counts = |all: &[domain::ValueCount]| all.iter().map(Into::into).collect();
        let looks = &summary.looks;
        Self {
            shift: Shift::new(&summary.shift, clock),
            sector_id: summary.scope.sector.map(domain::SectorId::get),
            camera: summary.scope.camera.as_ref().map(ToString::to_string),
            visits: summary.visits,
            unique_people: summary.unique_people,
            dwell_median_s: summary.dwell_median_s,
            dwell_p95_s: summary.dwell_p95_s,
            occupancy_peak: branch_peak(summary, clock),
            visits_by_hour: (0..).zip(&summary.visits_by_hour).map(hour).collect(),
            visits_by_camera: by_camera(summary, clock),
            lines: summary.lines.iter().map(Into::into).collect(),
            zones: summary.zones.iter().map(Into::into).collect(),
            garments: counts(&looks.garments),
            colors: counts(&looks.colors),
            accessories: counts(&looks.accessories),
            bags: counts(&looks.bags),
            ages: counts(&looks.ages),
            age_mean: looks.age_mean.map(|years| rounded(years as f32, 1)),
        }
    }
}

/// Of equal peaks the earliest.
fn branch_peak(summary: &domain::Summary, clock: &ZoneClock) -> Option<BranchPeak> {
    let best = summary.peaks.iter().min_by_key(|(_, peak)| (std::cmp::Reverse(peak.people), peak.at));
    best.map(|(camera, peak)| BranchPeak {
        camera: camera.clone(),
        people: peak.people,
        at: clock.write(peak.at),
    })
}

/// Cameras that had visits, or saw that there were none.
fn by_camera(summary: &domain::Summary, clock: &ZoneClock) -> Vec<CameraVisits> {
    let blank = |camera: &String| CameraVisits {
        camera: camera.clone(),
        visits: 0,
        unique_people: 0,
        occupancy_peak: None,
    };
    let mut cameras: BTreeMap<&String, CameraVisits> = BTreeMap::new();
    for (camera, visits) in &summary.visits_by_camera {
        cameras.entry(camera).or_insert_with(|| blank(camera)).visits = *visits;
    }
    for (camera, people) in &summary.people_by_camera {
        cameras.entry(camera).or_insert_with(|| blank(camera)).unique_people = *people;
    }
    for (camera, peak) in &summary.peaks {
        let entry = cameras.entry(camera).or_insert_with(|| blank(camera));
        entry.occupancy_peak = Some(Peak::new(peak, clock));
    }
    cameras.into_values().collect()
}

impl From<&domain::LineSummary> for LineSummary {
    fn from(line: &domain::LineSummary) -> Self {
        Self {
            camera: line.camera.clone(),
            line: line.line.clone(),
            entrance: line.entrance,
            entries: line.entries,
            exits: line.exits,
        }
    }
}

impl From<&domain::ZoneSummary> for ZoneSummary {
    fn from(zone: &domain::ZoneSummary) -> Self {
        Self {
            camera: zone.camera.clone(),
            zone: zone.zone.clone(),
            stays: zone.stays,
            dwell_median_s: zone.dwell_median_s,
            dwell_p95_s: zone.dwell_p95_s,
        }
    }
}
