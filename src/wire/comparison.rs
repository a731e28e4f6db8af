//! A shift beside earlier ones of its name.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Shift, Summary, ZoneClock};
use crate::domain;

/// What shifts are compared by. Fractions come of means, and of counting until the same time.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct KeyFigures {
    pub visits: f64,
    /// As of a summary.
    pub unique_people: Option<f64>,
    /// Over all lines.
    pub entries: f64,
    pub exits: f64,
    /// As of a summary; null without visits that are over.
    pub dwell_median_s: Option<f64>,
    pub dwell_p95_s: Option<f64>,
    /// The most people before any one camera at once; null when nothing was seen.
    pub occupancy_peak: Option<f64>,
}

/// An earlier shift.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EarlierShift {
    pub shift: Shift,
    pub figures: KeyFigures,
}

/// The mean of earlier shifts, of each figure over those that have it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MeanShift {
    /// How many it is of.
    pub shifts: usize,
    pub figures: KeyFigures,
}

/// A shift beside those of the same name and branch in the four weeks before it, as far as anything was seen in them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Comparison {
    pub summary: Summary,
    /// What of the summary is compared.
    pub figures: KeyFigures,
    /// Whether the shift goes on. Then visits, people, entries and exits of the others are counted until as long after
    /// their start, the hour in which that is in proportion; their stays and peaks are of all of them.
    pub running: bool,
    /// How much of the shift is over, seconds.
    pub elapsed_s: u64,
    /// The last one; null when there is none.
    pub previous: Option<EarlierShift>,
    /// Null when there is none.
    pub mean: Option<MeanShift>,
}

impl From<&domain::KeyFigures> for KeyFigures {
    fn from(figures: &domain::KeyFigures) -> Self {
        let maybe = |value: Option<f64>| value.map(tenths);
        Self {
            visits: tenths(figures.visits),
            unique_people: maybe(figures.unique_people),
            entries: tenths(figures.entries),
            exits: tenths(figures.exits),
            dwell_median_s: maybe(figures.dwell_median_s),
            dwell_p95_s: maybe(figures.dwell_p95_s),
            occupancy_peak: maybe(figures.occupancy_peak),
        }
    }
}

impl Comparison {
    pub fn new(comparison: &domain::Comparison, clock: &ZoneClock) -> Self {
        let previous = comparison.previous.as_ref();
        let mean = comparison.mean.as_ref();
        Self {
            summary: Summary::new(&comparison.summary, clock),
            figures: (&comparison.figures).into(),
            running: comparison.is_running,
            elapsed_s: comparison.elapsed.as_secs(),
            previous: previous.map(|(shift, figures)| EarlierShift {
                shift: Shift::new(shift, clock),
                figures: figures.into(),
            }),
            mean: mean.map(|figures| MeanShift { shifts: comparison.others, figures: figures.into() }),
        }
    }
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
