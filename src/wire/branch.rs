//! Branches and their schedules, as they are shown and as they are written.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ManagedBy, Time, ZoneClock};
use crate::domain::{self, Days, ScheduleError};

/// A venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Branch {
    pub id: i64,
    pub tenant_id: i64,
    pub name: String,
    /// IANA zone.
    #[schema(examples("Europe/Madrid"))]
    pub time_zone: String,
    pub managed_by: ManagedBy,
}

impl Branch {
    pub fn new(branch: &domain::Branch, managed_by: ManagedBy) -> Self {
        Self {
            id: branch.id.get(),
            tenant_id: branch.tenant.get(),
            name: branch.name.clone(),
            time_zone: branch.time_zone.clone(),
            managed_by,
        }
    }
}

/// A branch that is to be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BranchInput {
    /// Default: the next one that is free. It cannot change later.
    pub id: Option<i64>,
    #[schema(examples("Harbour"))]
    pub name: String,
    /// IANA zone.
    #[schema(examples("Europe/Madrid"))]
    pub time_zone: String,
}

/// What is to change of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BranchPatch {
    pub name: Option<String>,
    pub time_zone: Option<String>,
}

/// When the shifts of a branch start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Schedule {
    pub branch_id: i64,
    /// By whose clock they start.
    #[schema(examples("Europe/Madrid"))]
    pub time_zone: String,
    pub managed_by: ManagedBy,
    /// Its first start; null when it has always held. Later than now: until then the running shift lasts.
    pub from: Option<Time>,
    /// In order of their starts.
    pub shifts: Vec<ScheduledShift>,
}

/// A work period of the week: it lasts until the next one starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduledShift {
    /// 1 to 40 characters.
    #[schema(examples("morning"))]
    pub name: String,
    /// By the clock of the branch.
    #[schema(examples("06:00"))]
    pub start: String,
    /// On which it starts, `mon` to `sun`; default: all.
    #[serde(default = "every_day")]
    #[schema(examples(json!(["mon", "tue", "wed", "thu", "fri"])))]
    pub days: Vec<String>,
}

/// A schedule that is to be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleInput {
    /// 1 to 48; no two start at the same time of the same day.
    pub shifts: Vec<ScheduledShift>,
}

impl Schedule {
    /// `from` is the schedule's first start, when there is one.
    pub fn new(
        branch: &domain::Branch,
        managed_by: ManagedBy,
        schedule: &domain::Schedule,
        from: Option<domain::Timestamp>,
    ) -> Self {
        let clock = ZoneClock::of(&branch.time_zone);
        let shift = |shift: &domain::ScheduledShift| ScheduledShift {
            name: shift.name.clone(),
            start: shift.start.to_string(),
            days: shift.days.names().into_iter().map(str::to_owned).collect(),
        };
        Self {
            branch_id: branch.id.get(),
            time_zone: branch.time_zone.clone(),
            managed_by,
            from: from.map(|from| clock.write(from)),
            shifts: schedule.shifts.iter().map(shift).collect(),
        }
    }
}

impl ScheduleInput {
    /// What it says, checked.
    ///
    /// # Errors
    /// When it is no schedule.
    pub fn read(&self) -> Result<domain::Schedule, ScheduleError> {
        let shifts = self.shifts.iter().enumerate().map(|(index, shift)| {
            let wrong =
                |name: &str, reason| ScheduleError { field: format!("shifts[{index}].{name}"), reason };
            let days = Days::from_names(shift.days.iter().map(String::as_str));
            Ok(domain::ScheduledShift {
                name: shift.name.clone(),
                start: shift.start.parse().map_err(|reason| wrong("start", reason))?,
                days: days.map_err(|reason| wrong("days", reason))?,
            })
        });
        let schedule = domain::Schedule { shifts: shifts.collect::<Result<_, _>>()? };
        schedule.check().map(|()| schedule)
    }
}

fn every_day() -> Vec<String> {
    Days::ALL.names().into_iter().map(str::to_owned).collect()
}
