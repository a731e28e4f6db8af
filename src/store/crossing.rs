//! Crossings of lines and stays in zones: written once they are over.

use super::bulk::Cell;
use super::insert::Inserted;
use super::record::{CrossingRecord, ZoneStayRecord, number};
use crate::domain::{Place, Timestamp};

impl Inserted for CrossingRecord {
    const INSERT: &str = "insert into line_crossing
        (tenant, branch, sector, camera, shift, run, track, line, entrance, direction, crossed_at) ";
    const COLUMNS: usize = 11;
    /// They never change: what is there already is the same. Those that are new are answered, to be counted.
    const KEEP: &str = " on conflict do nothing
        returning shift, camera, sector, line, entrance, direction, crossed_at";

    fn place(&self) -> &Place {
        &self.place
    }

    fn run(&self) -> i64 {
        self.run
    }

    fn begin(&self) -> Timestamp {
        self.at
    }

    fn put<'a>(&'a self, row: &mut Vec<Cell<'a>>) {
        row.extend([
            Cell::Int(self.track.cast_signed()),
            Cell::Text(&self.line),
            Cell::Bool(self.entrance),
            Cell::Text(self.direction.name()),
            Cell::Time(self.at),
        ]);
    }
}

impl Inserted for ZoneStayRecord {
    const INSERT: &str = "insert into zone_stay
        (tenant, branch, sector, camera, shift, run, track, zone, enter_at, leave_at, dwell_ms) ";
    const COLUMNS: usize = 11;
    /// As of crossings.
    const KEEP: &str = " on conflict do nothing returning shift, camera, sector, zone, dwell_ms";

    fn place(&self) -> &Place {
        &self.place
    }

    fn run(&self) -> i64 {
        self.run
    }

    fn begin(&self) -> Timestamp {
        self.enter
    }

    fn put<'a>(&'a self, row: &mut Vec<Cell<'a>>) {
        let dwell = self.leave.since(self.enter).as_millis();
        row.extend([
            Cell::Int(self.track.cast_signed()),
            Cell::Text(&self.zone),
            Cell::Time(self.enter),
            Cell::Time(self.leave),
            Cell::Int(number(dwell as u64)),
        ]);
    }
}
