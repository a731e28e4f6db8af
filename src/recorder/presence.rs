//! How many people are before one camera, and where they stand, over time.
//!
//! It goes on when the camera's pipeline restarts, so that a camera that comes and goes has one row a minute all the
//! same.

use super::backlog::Backlog;
use super::millis;
use crate::domain::{Place, Timestamp};
use crate::store::{HeatRecord, MinuteRecord, Record};
use crate::visit::{HeatWatch, Minute, Observer, Occupancy, Quarter};

#[derive(Debug)]
pub(super) struct Presence {
    /// Names what is counted here apart from what others count in the same minutes: an earlier process, or this one
    /// before the clock was set back.
    run: i64,
    occupancy: Occupancy,
    heat: HeatWatch,
    /// Whether anything has come since the last state was handed over.
    has_news: bool,
}

impl Presence {
    pub(super) fn new() -> Self {
        let (occupancy, heat) = (Occupancy::default(), HeatWatch::default());
        Self { run: super::random_run(), occupancy, heat, has_news: false }
    }

    /// Takes in who is there at `at`, as `observer` sees it.
    pub(super) fn look(&mut self, at: Timestamp, observer: &Observer, place: &Place, backlog: &Backlog) {
        let people = u32::try_from(observer.there()).unwrap_or(u32::MAX);
        for minute in self.occupancy.observe(millis(at), people) {
            backlog.put(self.minute(place, minute));
        }
        for quarter in self.heat.observe(millis(at), observer.feet()) {
            backlog.put(self.quarter(place, quarter));
        }
        self.has_news = true;
    }

    /// Hands over what there is so far.
    pub(super) fn checkpoint(&mut self, place: &Place, backlog: &Backlog) {
        if !std::mem::take(&mut self.has_news) {
            return;
        }
        if let Some(minute) = self.occupancy.so_far() {
            backlog.put(self.minute(place, minute));
        }
        if let Some(quarter) = self.heat.so_far() {
            backlog.put(self.quarter(place, quarter.clone()));
        }
    }

    pub(super) fn end(mut self, place: &Place, backlog: &Backlog) {
        if let Some(minute) = self.occupancy.finish() {
            backlog.put(self.minute(place, minute));
        }
        if let Some(quarter) = self.heat.finish() {
            backlog.put(self.quarter(place, quarter));
        }
    }

    fn minute(&self, place: &Place, minute: Minute) -> Record {
        Record::Minute(MinuteRecord { run: self.run, place: place.clone(), minute })
    }

    fn quarter(&self, place: &Place, quarter: Quarter) -> Record {
        Record::Heat(HeatRecord { run: self.run, place: place.clone(), quarter })
    }
}
