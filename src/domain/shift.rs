//! Work periods of a branch and their figures.

use std::fmt;
use std::str::FromStr;

use super::{BranchId, ShiftId, TenantId, Timestamp};

/// One every half hour.
const MAX_SHIFTS: usize = 48;

/// What fits a table's column.
const MAX_NAME_CHARS: usize = 40;

/// A wall-clock time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay {
    pub hour: u8,
    pub minute: u8,
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour, self.minute)
    }
}

impl FromStr for TimeOfDay {
    type Err = String;

    /// `6:00` or `06:00`, as clocks with 24 hours show it.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |digits: &str, most: u8| {
            let fits = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse::<u8>().ok().filter(|number| fits && *number <= most)
        };
        let parts = text.split_once(':').filter(|(_, minute)| minute.len() == 2);
        let parts = parts.and_then(|(hour, minute)| Some((number(hour, 23)?, number(minute, 59)?)));
        let (hour, minute) = parts.ok_or_else(|| format!("{text:?} is not a time of day like \"06:00\""))?;
        Ok(Self { hour, minute })
    }
}

/// Days of the week; 0 is Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(u8);

impl Days {
    pub const ALL: Self = Self(0b111_1111);

    /// What people and the API call them.
    pub const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// Bit 0 is Monday; bits beyond Sunday are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// # Errors
    /// When a name is none of [`Days::NAMES`], or there is none.
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut days = Self(0);
        for name in names {
            let day = Self::NAMES.iter().position(|known| *known == name);
            let day = day.ok_or_else(|| format!("{name:?} is none of {}", Self::NAMES.join(", ")))?;
            days.0 |= 1 << day;
        }
        if days.is_empty() { Err("names no day".to_owned()) } else { Ok(days) }
    }

    /// In order, from Monday.
    pub fn names(self) -> Vec<&'static str> {
        (0_u8..).zip(Self::NAMES).filter(|(day, _)| self.contains(*day)).map(|(_, name)| name).collect()
    }

    pub fn contains(self, day: u8) -> bool {
        day < 7 && self.0 & (1 << day) != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether both have a day in common.
    pub fn overlap(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// A shift of the schedule: it lasts until the next one starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledShift {
    /// `morning`, `afternoon`, `night`, or what the owner calls it.
    pub name: String,
    /// Local time at the branch.
    pub start: TimeOfDay,
    /// On which it starts.
    pub days: Days,
}

/// The shifts of a week at a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    pub shifts: Vec<ScheduledShift>,
}

/// Why a schedule is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleError {
    /// Path of the key, e.g. `shifts[1].start`.
    pub field: String,
    pub reason: String,
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

impl std::error::Error for ScheduleError {}

impl Schedule {
    /// # Errors
    /// When it has no shift, one with an unusable name, time or days, or two that start at once.
    pub fn check(&self) -> Result<(), ScheduleError> {
        let wrong = |field: String, reason: String| Err(ScheduleError { field, reason });
        if !(1..=MAX_SHIFTS).contains(&self.shifts.len()) {
            return wrong("shifts".into(), format!("must have 1 to {MAX_SHIFTS} shifts"));
        }
        for (index, shift) in self.shifts.iter().enumerate() {
            let key = |name: &str| format!("shifts[{index}].{name}");
            let TimeOfDay { hour, minute } = shift.start;
            if !(1..=MAX_NAME_CHARS).contains(&shift.name.chars().count())
                || shift.name.chars().any(char::is_control)
            {
                let reason = format!("must have 1 to {MAX_NAME_CHARS} printable characters");
                return wrong(key("name"), reason);
            }
            if hour > 23 || minute > 59 {
                return wrong(key("start"), format!("{} is not a time of day", shift.start));
            }
            if shift.days.is_empty() {
                return wrong(key("days"), "names no day".into());
            }
            let clash =
                |other: &&ScheduledShift| other.start == shift.start && other.days.overlap(shift.days);
            if let Some(other) = self.shifts[..index].iter().find(clash) {
                let reason = format!("{:?} starts at {} of the same day too", other.name, other.start);
                return wrong(key("start"), reason);
            }
        }
        Ok(())
    }
}

impl Default for Schedule {
    fn default() -> Self {
        let at = |name: &str, hour| ScheduledShift {
            name: name.into(),
            start: TimeOfDay { hour, minute: 0 },
            days: Days::ALL,
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_read_as_clocks_show_them() {
        let read = |text: &str| text.parse::<TimeOfDay>().map(|time| time.to_string());
        assert_eq!(read("06:00"), Ok("06:00".to_owned()));
        assert_eq!(read("6:05"), Ok("06:05".to_owned()));
        assert_eq!(read("23:59"), Ok("23:59".to_owned()));
        for text in ["", "6", "24:00", "12:60", "6:0", "+6:00", "006:00", "06:00:00", "six"] {
            assert!(read(text).unwrap_err().contains("not a time of day"), "{text}");
        }
    }

    #[test]
    fn a_schedule_that_is_none_is_told_by_its_field() {
        let shift = |name: &str, hour, minute, days| ScheduledShift {
            name: name.to_owned(),
            start: TimeOfDay { hour, minute },
            days: Days::from_bits(days),
        };
        let field = |shifts: Vec<ScheduledShift>| Schedule { shifts }.check().map_err(|error| error.field);
        assert_eq!(field(vec![shift("a", 6, 0, 0b1_1111), shift("a", 6, 0, 0b110_0000)]), Ok(()));
        assert_eq!(field(Vec::new()), Err("shifts".to_owned()));
        assert_eq!(field(vec![shift("a", 6, 0, 1), shift("b", 6, 0, 3)]), Err("shifts[1].start".to_owned()));
        assert_eq!(field(vec![shift("a", 24, 0, 1)]), Err("shifts[0].start".to_owned()));
        assert_eq!(field(vec![shift("a", 23, 60, 1)]), Err("shifts[0].start".to_owned()));
        assert_eq!(field(vec![shift("a", 6, 0, 0)]), Err("shifts[0].days".to_owned()));
        for name in ["", "a\nb", &"x".repeat(41)] {
            assert_eq!(field(vec![shift(name, 6, 0, 1)]), Err("shifts[0].name".to_owned()), "{name:?}");
        }
        assert_eq!(Schedule::default().check(), Ok(()));
    }

    #[test]
    fn days_are_told_by_their_names_in_order() {
        let days = Days::from_names(["sun", "mon", "sun"]).unwrap();
        assert_eq!(days.names(), ["mon", "sun"]);
        assert_eq!(Days::ALL.names(), Days::NAMES);
        assert!(Days::from_names(["monday"]).unwrap_err().contains("mon, tue"));
        assert!(Days::from_names([]).is_err());
    }
}
