//! Crossings of lines and stays in zones: written once they are over.

use super::columns::Time;
use super::insert::{Inserted, Row};
use super::record::{CrossingRecord, ZoneStayRecord, number};
use crate::domain::{Place, Timestamp};

/// They never change: what is there already is the same.
const KEEP: &str = " on conflict do nothing";

impl Inserted for CrossingRecord {
    const INSERT: &str = "insert into line_crossing
        (tenant, branch, sector, camera, shift, run, track, line, entrance, direction, crossed_at) ";
    const KEEP: &str = KEEP;

    fn place(&self) -> &Place {
        &self.place
    }

    fn run(&self) -> i64 {
        self.run
    }

    fn begin(&self) -> Timestamp {
        self.at
    }

    fn put(&self, row: &mut impl Row) {
        row.put(self.track.cast_signed())
            .put(self.line.as_ref())
            .put(self.entrance)
            .put(self.direction.name())
            .put(Time(self.at));
    }
}

impl Inserted for ZoneStayRecord {
    const INSERT: &str = "insert into zone_stay
        (tenant, branch, sector, camera, shift, run, track, zone, enter_at, leave_at, dwell_ms) ";
    const KEEP: &str = KEEP;

    fn place(&self) -> &Place {
        &self.place
    }

    fn run(&self) -> i64 {
        self.run
    }

    fn begin(&self) -> Timestamp {
        self.enter
    }

    fn put(&self, row: &mut impl Row) {
        let dwell = self.leave.since(self.enter).as_millis();
        row.put(self.track.cast_signed())
            .put(self.zone.as_ref())
            .put(Time(self.enter))
            .put(Time(self.leave))
            .put(number(dwell as u64));
    }
}
