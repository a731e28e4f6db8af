//! What a shared stream's listeners get, and how they get it.

use super::Shared;
use super::keys::Place;
use super::packet::Packet;
use crate::gateway::hub::{Hub, Member};
use crate::gateway::lanes::LaneFull;
use crate::gateway::stream::Position;

/// What a stream's listeners get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// The newest events, for those who come; nobody is sent them.
    Load(Position, Vec<Packet>),
    Deliver(Packet),
    /// The stream is elsewhere now, and what was between is not known.
    Renew(Position),
}

/// Gives it to them.
///
/// # Errors
/// When there is no room for it now.
pub(super) fn do_act<M: Member>(
    hub: &Hub<M>,
    place: Place,
    act: Act,
    shared: &Shared,
) -> Result<(), LaneFull> {
    let (tenant, branch) = place;
    match act {
        Act::Load(position, packets) => {
            let newest = packets.iter().filter_map(|packet| packet.place(place)).collect();
            hub.load(tenant, branch, position, newest);
            Ok(())
        }
        Act::Deliver(packet) => match packet.place(place) {
            Some(placed) => hub.deliver(placed),
            None => {
                shared.figures.refused.add(1);
                Ok(())
            }
        },
        Act::Renew(position) => hub.renew(tenant, branch, position),
    }
}
