//! JSON, an object a line, in which texts stand as they are.

use serde::Serialize;

use super::super::frame::rounded;
use super::super::run::Direction;
use super::super::{Time, Visit, VisitState, ZoneClock};
use crate::domain::{self, ExportRow, Place, SectorId};

/// Somebody crossed a line.
#[derive(Debug, Serialize)]
struct Crossing<'a> {
    shift_id: i64,
    branch_id: i64,
    sector_id: Option<i64>,
    camera: &'a str,
    track: u64,
    line: &'a str,
    entrance: bool,
    direction: Direction,
    at: Time,
}

/// Somebody was in a zone.
#[derive(Debug, Serialize)]
struct Stay<'a> {
    shift_id: i64,
    branch_id: i64,
    sector_id: Option<i64>,
    camera: &'a str,
    track: u64,
    zone: &'a str,
    enter: Time,
    leave: Time,
    dwell_ms: u64,
}

/// How many people there were in a minute.
#[derive(Debug, Serialize)]
struct Minute<'a> {
    shift_id: i64,
    branch_id: i64,
    sector_id: Option<i64>,
    camera: &'a str,
    start: Time,
    min: u32,
    mean: f32,
    max: u32,
    seen_ms: u64,
}

/// When somebody spoke.
#[derive(Debug, Serialize)]
struct Voice<'a> {
    branch_id: i64,
    sector_id: Option<i64>,
    camera: &'a str,
    at: Time,
    duration_ms: u64,
    speech_ms: u64,
    speech_ratio: f32,
    loudness_db: f32,
}

pub(super) fn rows(rows: &[ExportRow], clock: &ZoneClock) -> Vec<u8> {
    let mut lines = Vec::new();
    for row in rows {
        put_row(row, clock, &mut lines);
        lines.push(b'\n');
    }
    lines
}

fn put_row(row: &ExportRow, clock: &ZoneClock, lines: &mut Vec<u8>) {
    match row {
        ExportRow::Visit { id, shift, open, visit } => {
            let state = if *open { VisitState::Open } else { VisitState::Ended };
            put(lines, &Visit::new((*id, *shift), visit, state, clock));
        }
        ExportRow::Crossing(crossing) => put(lines, &Crossing::new(crossing, clock)),
        ExportRow::Stay(stay) => put(lines, &Stay::new(stay, clock)),
        ExportRow::Minute(minute) => put(lines, &Minute::new(minute, clock)),
        ExportRow::Voice(heard) => put(lines, &Voice::new(heard, clock)),
    }
}

impl<'a> Crossing<'a> {
    fn new(crossing: &'a domain::Crossing, clock: &ZoneClock) -> Self {
        let (branch_id, sector_id, camera) = place(&crossing.place);
        Self {
            shift_id: crossing.shift.get(),
            branch_id,
            sector_id,
            camera,
            track: crossing.track,
            line: &crossing.line,
            entrance: crossing.entrance,
            direction: crossing.direction.into(),
            at: clock.write(crossing.at),
        }
    }
}

impl<'a> Stay<'a> {
    fn new(stay: &'a domain::ZoneStay, clock: &ZoneClock) -> Self {
        let (branch_id, sector_id, camera) = place(&stay.place);
        Self {
            shift_id: stay.shift.get(),
            branch_id,
            sector_id,
            camera,
            track: stay.track,
            zone: &stay.zone,
            enter: clock.write(stay.enter),
            leave: clock.write(stay.leave),
            dwell_ms: u64::try_from(stay.leave.since(stay.enter).as_millis()).unwrap_or(u64::MAX),
        }
    }
}

impl<'a> Minute<'a> {
    fn new(minute: &'a domain::PeopleMinute, clock: &ZoneClock) -> Self {
        let (branch_id, sector_id, camera) = place(&minute.place);
        Self {
            shift_id: minute.shift.get(),
            branch_id,
            sector_id,
            camera,
            start: clock.write(minute.start),
            min: minute.min,
            mean: rounded(minute.mean as f32, 3),
            max: minute.max,
            seen_ms: minute.seen_ms,
        }
    }
}

impl<'a> Voice<'a> {
    fn new(heard: &'a domain::VoiceActivity, clock: &ZoneClock) -> Self {
        let (branch_id, sector_id, camera) = place(&heard.place);
        Self {
            branch_id,
            sector_id,
            camera,
            at: clock.write(heard.begin),
            duration_ms: heard.duration_ms,
            speech_ms: heard.speech_ms,
            speech_ratio: rounded(heard.speech_ratio, 4),
            loudness_db: rounded(heard.loudness_db, 1),
        }
    }
}

fn place(place: &Place) -> (i64, Option<i64>, &str) {
    (place.branch.get(), place.sector.map(SectorId::get), place.camera.as_str())
}

fn put(lines: &mut Vec<u8>, row: &impl Serialize) {
    serde_json::to_writer(lines, row)
        .expect("rows should be JSON: their keys are text and their numbers finite");
}
