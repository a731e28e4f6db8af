//! Which zones of a camera have too many people in them.
//!
//! It goes on when the camera's pipeline restarts: a crowd does not go because the picture did.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::millis;
use crate::domain::{Occupants, Sight, Timestamp, Zone};
use crate::visit::{Crowd, Crowding};

#[derive(Debug, Default)]
pub(super) struct Crowds {
    zones: BTreeMap<Arc<str>, Crowd>,
}

impl Crowds {
    /// Takes in how many are in each zone at `at`; answers what has changed.
    pub(super) fn look<'a>(
        &mut self,
        at: Timestamp,
        zones: &[Zone],
        counts: impl Iterator<Item = (&'a Arc<str>, usize)>,
    ) -> Vec<Sight> {
        let mut changes = Vec::new();
        if zones.iter().all(|zone| zone.max_people.is_none()) {
            return changes;
        }
        for (name, people) in counts {
            let zone = zones.iter().find(|zone| zone.name == *name);
            let Some(max_people) = zone.and_then(|zone| zone.max_people) else { continue };
            let people = u32::try_from(people).unwrap_or(u32::MAX);
            let crowd = self.zones.entry(name.clone()).or_default();
            let occupants = Occupants { zone: name.clone(), people, max_people, at };
            match crowd.observe(millis(at), people, max_people) {
                None => {}
                Some(Crowding::High) => changes.push(Sight::OccupancyHigh(occupants)),
                Some(Crowding::Normal) => changes.push(Sight::OccupancyNormal(occupants)),
            }
        }
        changes
    }

    /// Forgets the zones that are watched no more in the same way, as `after` stands in place of `before`. What was told
    /// of them is taken back: nobody else would.
    pub(super) fn keep(&mut self, at: Timestamp, before: &[Zone], after: &[Zone]) -> Vec<Sight> {
        let same = |zone: &Zone| after.iter().any(|other| other.lies_as(zone) && other.max_people.is_some());
        let mut over = Vec::new();
        for zone in before.iter().filter(|zone| !same(zone)) {
            let people = self.zones.remove(&zone.name).and_then(|crowd| crowd.too_many());
            if let (Some(people), Some(max_people)) = (people, zone.max_people) {
                let zone = zone.name.clone();
                over.push(Sight::OccupancyNormal(Occupants { zone, people, max_people, at }));
            }
        }
        over
    }
}
