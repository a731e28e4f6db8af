//! Cells of CSV.
//!
//! A name that a person gave, of a line or a zone, may look like a formula to a spreadsheet. Such a text gets an apostrophe
//! before it, which spreadsheets take as "this is text".

use std::fmt::{Display, Write};

use csv::{Terminator, WriterBuilder};

use super::super::frame::rounded;
use super::super::{Time, ZoneClock};
use crate::domain::{Attributes, ExportKind, ExportRow, Place};

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

const VISIT: [&str; 26] = [
    "id",
    "shift_id",
    "branch_id",
    "sector_id",
    "camera",
    "track",
    "enter",
    "leave",
    "dwell_ms",
    "open",
    "confidence",
    "model",
    "garment",
    "garment_confidence",
    "style",
    "style_confidence",
    "primary_color",
    "primary_color_confidence",
    "secondary_color",
    "secondary_color_confidence",
    "head_accessory",
    "head_accessory_confidence",
    "bag",
    "bag_confidence",
    "age_range",
    "age_range_confidence",
];
const CROSSING: [&str; 9] =
    ["shift_id", "branch_id", "sector_id", "camera", "track", "line", "entrance", "direction", "at"];
const STAY: [&str; 9] =
    ["shift_id", "branch_id", "sector_id", "camera", "track", "zone", "enter", "leave", "dwell_ms"];
const MINUTE: [&str; 9] =
    ["shift_id", "branch_id", "sector_id", "camera", "start", "min", "mean", "max", "seen_ms"];
const VOICE: [&str; 8] =
    ["branch_id", "sector_id", "camera", "at", "duration_ms", "speech_ms", "speech_ratio", "loudness_db"];

pub(super) fn head(kind: ExportKind) -> Vec<u8> {
    let names: &[&str] = match kind {
        ExportKind::Visits => &VISIT,
        ExportKind::Crossings => &CROSSING,
        ExportKind::Stays => &STAY,
        ExportKind::Occupancy => &MINUTE,
        ExportKind::Voice => &VOICE,
    };
    let mut cells = Cells::new();
    names.iter().for_each(|name| cells.text(name));
    cells.end_row();
    cells.into_bytes()
}

pub(super) fn rows(rows: &[ExportRow], clock: &ZoneClock) -> Vec<u8> {
    let mut cells = Cells::new();
    for row in rows {
        put_row(row, clock, &mut cells);
        cells.end_row();
    }
    cells.into_bytes()
}

fn put_row(row: &ExportRow, clock: &ZoneClock, cells: &mut Cells) {
    match row {
        ExportRow::Visit { id, shift, open, visit } => {
            cells.value(id);
            cells.value(shift);
            cells.place(&visit.place);
            cells.value(visit.track);
            cells.time(clock.write(visit.enter));
            cells.time(clock.write(visit.leave));
            cells.value(visit.leave.since(visit.enter).as_millis());
            cells.value(open);
            cells.value(rounded(visit.confidence, 4));
            cells.text(&visit.model);
            cells.attributes(&visit.attributes);
        }
        ExportRow::Crossing(crossing) => {
            cells.value(crossing.shift);
            cells.place(&crossing.place);
            cells.value(crossing.track);
            cells.text(&crossing.line);
            cells.value(crossing.entrance);
            cells.text(crossing.direction.name());
            cells.time(clock.write(crossing.at));
        }
        ExportRow::Stay(stay) => {
            cells.value(stay.shift);
            cells.place(&stay.place);
            cells.value(stay.track);
            cells.text(&stay.zone);
            cells.time(clock.write(stay.enter));
            cells.time(clock.write(stay.leave));
            cells.value(stay.leave.since(stay.enter).as_millis());
        }
        ExportRow::Minute(minute) => {
            cells.value(minute.shift);
            cells.place(&minute.place);
            cells.time(clock.write(minute.start));
            cells.value(minute.min);
            cells.value(rounded(minute.mean as f32, 3));
            cells.value(minute.max);
            cells.value(minute.seen_ms);
        }
        ExportRow::Voice(heard) => {
            cells.place(&heard.place);
            cells.time(clock.write(heard.begin));
            cells.value(heard.duration_ms);
            cells.value(heard.speech_ms);
            cells.value(rounded(heard.speech_ratio, 4));
            cells.value(rounded(heard.loudness_db, 1));
        }
    }
}

/// Cells of CSV, one after the other.
struct Cells {
    writer: csv::Writer<Vec<u8>>,
    /// What is being written, so that not every number needs memory of its own.
    cell: String,
}

impl Cells {
    fn new() -> Self {
        Self {
            writer: WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new()),
            cell: String::new(),
        }
    }

    fn put(&mut self, cell: &str) {
        self.writer.write_field(cell).expect("memory should take what is written to it");
    }

    fn end_row(&mut self) {
        self.writer.write_record(None::<&[u8]>).expect("memory should take what is written to it");
    }

    /// A text that somebody gave.
    fn text(&mut self, text: &str) {
        if text.starts_with(FORMULA) {
            self.value(format_args!("'{text}"));
        } else {
            self.put(text);
        }
    }

    /// A number, or a word of ours.
    fn value(&mut self, value: impl Display) {
        let mut cell = std::mem::take(&mut self.cell);
        cell.clear();
        write!(cell, "{value}").expect("a text should take what is written to it");
        self.put(&cell);
        self.cell = cell;
    }

    fn time(&mut self, time: Time) {
        self.put(time.as_str());
    }

    fn place(&mut self, place: &Place) {
        self.value(place.branch);
        match place.sector {
            Some(sector) => self.value(sector),
            None => self.put(""),
        }
        self.text(place.camera.as_str());
    }

    /// What is not known is empty, and so is how sure that is.
    fn attributes(&mut self, all: &Attributes) {
        let Attributes { garment, style, primary_color, secondary_color, head_accessory, bag, age_range } =
            all;
        for said in [garment, style, primary_color, secondary_color, head_accessory, bag, age_range] {
            match &said.value {
                Some(value) => {
                    self.text(value);
                    self.value(rounded(said.confidence, 4));
                }
                None => {
                    self.put("");
                    self.put("");
                }
            }
        }
    }

    fn into_bytes(self) -> Vec<u8> {
        self.writer.into_inner().expect("memory should take what is written to it")
    }
}
