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
    /// Begin and sum of the quarter that was handed over last: it stays at hand, unchanged, until somebody comes again.
    handed: (u64, u64),
}

impl Presence {
    pub(super) fn new() -> Self {
        let (occupancy, heat) = (Occupancy::default(), HeatWatch::default());
        Self { run: super::random_run(), occupancy, heat, has_news: false, handed: (0, 0) }
    }

    /// Takes in who is there at `at`, as `observer` sees it.
    pub(super) fn look(&mut self, at: Timestamp, observer: &Observer, place: &Place, backlog: &Backlog) {
        let people = u32::try_from(observer.there()).unwrap_or(u32::MAX);
        for minute in self.occupancy.observe(millis(at), people) {
            backlog.put(self.minute(place, minute));
        }
        for quarter in self.heat.observe(millis(at), observer.feet()) {
            self.hand(place, quarter, backlog);
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
        if let Some(quarter) = self.heat.so_far().cloned() {
            self.hand(place, quarter, backlog);
        }
    }

    pub(super) fn end(mut self, place: &Place, backlog: &Backlog) {
        if let Some(minute) = self.occupancy.finish() {
            backlog.put(self.minute(place, minute));
        }
        if let Some(quarter) = self.heat.finish() {
            self.hand(place, quarter, backlog);
        }
    }

    /// Hands a quarter over that has grown since.
    fn hand(&mut self, place: &Place, quarter: Quarter, backlog: &Backlog) {
        let state = (quarter.start_ms, quarter.heat.total_ms());
        if std::mem::replace(&mut self.handed, state) != state {
            let (run, place) = (self.run, place.clone());
            backlog.put(Record::Heat(HeatRecord { run, place, quarter }));
        }
    }

    fn minute(&self, place: &Place, minute: Minute) -> Record {
        Record::Minute(MinuteRecord { run: self.run, place: place.clone(), minute })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{BranchId, CameraId, Detection, Frame, Rect, TenantId};

    fn place() -> Place {
        let camera = CameraId::new("door").unwrap();
        Place { tenant: TenantId::default(), branch: BranchId::default(), sector: None, camera }
    }

    /// A frame with so many people in it.
    fn frame(at: Timestamp, people: u64) -> Frame {
        let person = |track| Detection {
            track: Some(track),
            label: Arc::from("person"),
            confidence: 0.8,
            rect: Rect { x: 0.4, y: 0.3, w: 0.1, h: 0.3 },
            seen: true,
            attributes: None,
        };
        Frame {
            tenant: TenantId::default(),
            camera: place().camera,
            number: 0,
            pts_ms: 0,
            at,
            width: 640,
            height: 480,
            fresh: true,
            model: Arc::from("nanodet"),
            detections: (0..people).map(person).collect(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_quarter_is_handed_over_again_only_when_it_has_grown() {
        let (mut observer, mut presence) = (Observer::new(Vec::new(), Vec::new()), Presence::new());
        let backlog = Backlog::default();
        let mut heats = Vec::new();
        // Somebody is there for ten of forty minutes.
        for second in 0..2400 {
            let at = Timestamp::from_millis(second * 1000);
            observer.observe(millis(at), &frame(at, u64::from(second < 600)));
            presence.look(at, &observer, &place(), &backlog);
            if second % 10 == 9 {
                presence.checkpoint(&place(), &backlog);
                let batch = backlog.batch(std::time::Duration::ZERO).await.unwrap();
                heats.push(batch.iter().filter(|record| matches!(record, Record::Heat(_))).count());
            }
        }
        // One a checkpoint while somebody is there, and one for the last second.
        assert_eq!((heats.iter().sum::<usize>(), heats[60], heats[61]), (61, 1, 0));
        presence.end(&place(), &backlog);
        let last = backlog.batch(std::time::Duration::ZERO).await.unwrap();
        assert!(matches!(last[..], [Record::Minute(_)]), "{last:?}");
    }
}
