//! A record as a line of a file: a checksum, a space, JSON.
//!
//! JSON, because a spool may be read by a later program than wrote it, which then finds each value by its name; because a
//! person can read it; and because the crate is here anyway. A line of its own, so that damage ends with the line.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::domain::{BranchId, CameraId, Heat, IdError, Place, SectorId, TenantId, Timestamp, Visit};
use crate::store::columns::StoredAttributes;
use crate::store::record::{CrossingRecord, HeatRecord, MinuteRecord, Record, ZoneStayRecord};
use crate::store::visit::VisitRecord;
use crate::visit::{Direction, Minute, Quarter};

/// Hexadecimal digits of the checksum.
const SUM_DIGITS: usize = 8;

#[derive(Serialize, Deserialize)]
struct Where<'a> {
    tenant: i64,
    branch: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sector: Option<i64>,
    camera: Cow<'a, str>,
}

/// Named as the tables, with the names of their columns.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Row<'a> {
    Visit(Box<VisitRow<'a>>),
    LineCrossing {
        at: Where<'a>,
        run: i64,
        track: u64,
        line: Cow<'a, str>,
        entrance: bool,
        direction: Cow<'a, str>,
        crossed_at: i64,
    },
    ZoneStay {
        at: Where<'a>,
        run: i64,
        track: u64,
        zone: Cow<'a, str>,
        enter_at: i64,
        leave_at: i64,
    },
    Occupancy {
        at: Where<'a>,
        run: i64,
        minute_at: u64,
        min_people: u32,
        max_people: u32,
        people_ms: u64,
        seen_ms: u64,
    },
    Heat {
        at: Where<'a>,
        run: i64,
        start_at: u64,
        /// Number and milliseconds of those that are not cold; few are.
        cells: Vec<(usize, u64)>,
    },
}

#[derive(Serialize, Deserialize)]
struct VisitRow<'a> {
    at: Where<'a>,
    run: i64,
    track: u64,
    enter_at: i64,
    leave_at: i64,
    open: bool,
    confidence: f32,
    model: Cow<'a, str>,
    attributes: StoredAttributes,
}

/// Appends the line of `record`.
pub(super) fn put(record: &Record, text: &mut Vec<u8>) {
    let start = text.len();
    text.extend_from_slice(&[b' '; SUM_DIGITS + 1]);
    let json = start + SUM_DIGITS + 1;
    serde_json::to_writer(&mut *text, &Row::of(record)).expect("numbers and texts should be JSON");
    let sum = format!("{:08x}", crc32fast::hash(&text[json..]));
    text[start..start + SUM_DIGITS].copy_from_slice(sum.as_bytes());
    text.push(b'\n');
}

/// The record of a line without its end; `None` when it is damaged.
pub(super) fn parse(line: &[u8]) -> Option<Record> {
    let (sum, json) = line.split_at_checked(SUM_DIGITS)?;
    let sum = u32::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
    let json = json.strip_prefix(b" ").filter(|json| crc32fast::hash(json) == sum)?;
    serde_json::from_slice::<Row<'_>>(json).ok()?.load()
}

impl<'a> Where<'a> {
    fn of(place: &'a Place) -> Self {
        Self {
            tenant: place.tenant.get(),
            branch: place.branch.get(),
            sector: place.sector.map(SectorId::get),
            camera: place.camera.as_str().into(),
        }
    }

    fn load(&self) -> Result<Place, IdError> {
        Ok(Place {
            tenant: TenantId::new(self.tenant)?,
            branch: BranchId::new(self.branch)?,
            sector: self.sector.map(SectorId::new).transpose()?,
            camera: CameraId::new(&self.camera)?,
        })
    }
}

impl<'a> Row<'a> {
    fn of(record: &'a Record) -> Self {
        let at = Where::of(record.place());
        match record {
            Record::Visit(VisitRecord { run, open, visit }) => Self::Visit(Box::new(VisitRow {
                at,
                run: *run,
                track: visit.track,
                enter_at: visit.enter.as_millis(),
                leave_at: visit.leave.as_millis(),
                open: *open,
                confidence: visit.confidence,
                model: visit.model.as_ref().into(),
                attributes: StoredAttributes::from(&visit.attributes),
            })),
            Record::Crossing(record) => Self::LineCrossing {
                at,
                run: record.run,
                track: record.track,
                line: record.line.as_ref().into(),
                entrance: record.entrance,
                direction: record.direction.name().into(),
                crossed_at: record.at.as_millis(),
            },
            Record::ZoneStay(record) => Self::ZoneStay {
                at,
                run: record.run,
                track: record.track,
                zone: record.zone.as_ref().into(),
                enter_at: record.enter.as_millis(),
                leave_at: record.leave.as_millis(),
            },
            Record::Minute(MinuteRecord { run, minute, .. }) => Self::Occupancy {
                at,
                run: *run,
                minute_at: minute.start_ms,
                min_people: minute.min,
                max_people: minute.max,
                people_ms: minute.people_ms,
                seen_ms: minute.seen_ms,
            },
            Record::Heat(HeatRecord { run, quarter, .. }) => {
                let cells = quarter.heat.cells().iter().copied().enumerate();
                Self::Heat {
                    at,
                    run: *run,
                    start_at: quarter.start_ms,
                    cells: cells.filter(|(_, ms)| *ms > 0).collect(),
                }
            }
        }
    }

    fn load(self) -> Option<Record> {
        Some(match self {
            Self::Visit(row) => Record::Visit(row.load()?),
            Self::LineCrossing { at, run, track, line, entrance, direction, crossed_at } => {
                let direction = Direction::from_name(&direction)?;
                let at_ms = Timestamp::from_millis(crossed_at);
                let (place, line) = (at.load().ok()?, line.into());
                Record::Crossing(CrossingRecord { run, place, track, line, entrance, direction, at: at_ms })
            }
            Self::ZoneStay { at, run, track, zone, enter_at, leave_at } => Record::ZoneStay(ZoneStayRecord {
                run,
                place: at.load().ok()?,
                track,
                zone: zone.into(),
                enter: Timestamp::from_millis(enter_at),
                leave: Timestamp::from_millis(leave_at),
            }),
            Self::Occupancy { at, run, minute_at, min_people, max_people, people_ms, seen_ms } => {
                let minute =
                    Minute { start_ms: minute_at, min: min_people, max: max_people, people_ms, seen_ms };
                Record::Minute(MinuteRecord { run, place: at.load().ok()?, minute })
            }
            Self::Heat { at, run, start_at, cells: warm } => {
                let mut cells = vec![0; Heat::COLUMNS * Heat::ROWS];
                for (cell, ms) in warm {
                    *cells.get_mut(cell)? = ms;
                }
                let quarter = Quarter { start_ms: start_at, heat: Heat::from_cells(cells)? };
                Record::Heat(HeatRecord { run, place: at.load().ok()?, quarter })
            }
        })
    }
}

impl VisitRow<'_> {
    fn load(self) -> Option<VisitRecord> {
        let visit = Visit {
            place: self.at.load().ok()?,
            track: self.track,
            enter: Timestamp::from_millis(self.enter_at),
            leave: Timestamp::from_millis(self.leave_at),
            confidence: self.confidence,
            model: self.model.into(),
            attributes: self.attributes.into(),
        };
        Some(VisitRecord { run: self.run, open: self.open, visit })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::{Attribute, Attributes};

    fn place() -> Place {
        Place {
            tenant: TenantId::default(),
            branch: BranchId::default(),
            sector: Some(SectorId::default()),
            camera: CameraId::new("door").unwrap(),
        }
    }

    /// A visit of this track.
    pub(in crate::store::spool) fn visit(track: u64) -> Record {
        let jacket = Attribute { value: Some("jacket".into()), confidence: 0.7 };
        Record::Visit(VisitRecord {
            run: i64::MAX,
            open: true,
            visit: Visit {
                place: place(),
                track,
                enter: Timestamp::from_millis(1_780_293_600_000),
                leave: Timestamp::from_millis(1_780_293_642_000),
                confidence: 0.812_345_6,
                model: "nanodet".into(),
                attributes: Attributes { garment: jacket, ..Attributes::default() },
            },
        })
    }

    fn one_of_each() -> [Record; 5] {
        let at = Timestamp::from_millis;
        let mut cells = vec![0; Heat::COLUMNS * Heat::ROWS];
        (cells[0], cells[575]) = (250, u64::MAX);
        let quarter = Quarter { start_ms: 900_000, heat: Heat::from_cells(cells).unwrap() };
        let minute = Minute { start_ms: 60_000, min: 0, max: 3, people_ms: 7, seen_ms: 60_000 };
        [
            visit(u64::MAX),
            Record::Crossing(CrossingRecord {
                run: 1,
                place: place(),
                track: 2,
                line: "puerta «sur»\n\"".into(),
                entrance: true,
                direction: Direction::Out,
                at: at(-5),
            }),
            Record::ZoneStay(ZoneStayRecord {
                run: 1,
                place: place(),
                track: 2,
                zone: "bar".into(),
                enter: at(3),
                leave: at(4),
            }),
            Record::Minute(MinuteRecord { run: 1, place: place(), minute }),
            Record::Heat(HeatRecord { run: 1, place: place(), quarter }),
        ]
    }

    #[test]
    fn every_record_is_read_as_it_was_written() {
        for record in one_of_each() {
            let mut text = Vec::new();
            put(&record, &mut text);
            let (end, line) = text.split_last().unwrap();
            assert_eq!((*end, line.contains(&b'\n')), (b'\n', false));
            assert_eq!(parse(line), Some(record));
        }
    }

    #[test]
    fn values_that_an_earlier_or_later_program_wrote_are_no_damage() {
        let mut text = Vec::new();
        put(&visit(1), &mut text);
        let json = String::from_utf8(text[SUM_DIGITS + 1..text.len() - 1].to_vec()).unwrap();
        let newer = json.replace("\"track\":1", "\"track\":1,\"mood\":\"fine\"").replace(",\"sector\":1", "");
        let line = format!("{:08x} {newer}", crc32fast::hash(newer.as_bytes()));
        let Some(Record::Visit(record)) = parse(line.as_bytes()) else { panic!("{line}") };
        assert_eq!((record.visit.track, record.visit.place.sector), (1, None));
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let mut text = Vec::new();
        put(&visit(1), &mut text);
        text.pop();
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed[at] ^= 1;
            assert_eq!(parse(&changed), None, "byte {at}");
        }
        for length in 0..text.len() {
            assert_eq!(parse(&text[..length]), None, "{length} bytes");
        }
    }
}
