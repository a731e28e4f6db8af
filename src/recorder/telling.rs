//! What happens before a camera, in the words in which it is told to people.

use std::sync::Arc;

use super::timestamp;
use crate::domain::{Camera, Sight, Visit, ZoneStep};
use crate::visit::Happening;

/// `None` of a stay that is told of no more: its zone has changed meanwhile.
pub(super) fn sight_of(happening: &Happening, camera: &Camera) -> Option<Sight> {
    Some(match happening {
        Happening::VisitStarted(stay) => {
            Sight::VisitStarted { track: stay.track, enter: timestamp(stay.enter_ms) }
        }
        Happening::VisitEnded(stay) => Sight::VisitEnded {
            track: stay.track,
            enter: timestamp(stay.enter_ms),
            leave: timestamp(stay.leave_ms),
            confidence: stay.confidence,
            attributes: stay.attributes.clone(),
        },
        Happening::LineCrossed { line, direction, track, at_ms } => Sight::LineCrossed {
            line: line.clone(),
            direction: *direction,
            entrance: camera.is_entrance(line),
            track: *track,
            at: timestamp(*at_ms),
        },
        Happening::ZoneEntered { zone, track, at_ms } => in_zone((zone, *track, *at_ms), ZoneStep::Entered),
        Happening::ZoneDwelt { zone, track, enter_ms, at_ms } => {
            let dwell_s = camera.zones.iter().find(|own| own.name == *zone)?.dwell_s?;
            in_zone((zone, *track, *enter_ms), ZoneStep::Dwelt { at: timestamp(*at_ms), dwell_s })
        }
        Happening::ZoneLeft { zone, track, enter_ms, leave_ms } => {
            in_zone((zone, *track, *enter_ms), ZoneStep::Left { leave: timestamp(*leave_ms) })
        }
    })
}

/// What is told of a visit as a whole.
pub(super) fn sights_of(visit: &Visit) -> [Sight; 2] {
    let Visit { track, enter, leave, confidence, .. } = *visit;
    let attributes = visit.attributes.clone();
    [Sight::VisitStarted { track, enter }, Sight::VisitEnded { track, enter, leave, confidence, attributes }]
}

fn in_zone((zone, track, enter_ms): (&Arc<str>, u64, u64), step: ZoneStep) -> Sight {
    Sight::InZone { zone: zone.clone(), track, enter: timestamp(enter_ms), step }
}
