//! An event with its place as Redis tells it: `EPOCH OFFSET PREV AT EVENT`.
//!
//! `PREV` is the offset before; everything between the two was never given. `AT` are milliseconds of Redis's clock,
//! `EVENT` is JSON as publishers write it.

use std::sync::Arc;

use super::keys::Place;
use crate::domain::{Event, Timestamp};
use crate::gateway::{Placed, Stamped};
use crate::wire::event_of;

/// An event as it came, read only as far as its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) epoch: Arc<str>,
    pub(super) offset: u64,
    pub(super) prev: u64,
    pub(super) at: Timestamp,
    event: Vec<u8>,
}

impl Packet {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let mut parts = bytes.splitn(5, |byte| *byte == b' ');
        let mut text = || std::str::from_utf8(parts.next()?).ok();
        let (epoch, offset, prev, at) = (text()?, text()?, text()?, text()?);
        let (epoch, offset, prev) = (Arc::from(epoch), offset.parse().ok()?, prev.parse().ok()?);
        let at = Timestamp::from_millis(at.parse().ok()?);
        Some(Self { epoch, offset, prev, at, event: parts.next()?.to_vec() })
            .filter(|read| read.prev < offset)
    }

    /// The event at its place, if it is one of the stream's own.
    pub(super) fn place(&self, (tenant, branch): Place) -> Option<Placed> {
        // However long: it was let in, and ids and names have been added to it since.
        let members = serde_json::from_slice(&self.event).ok()?;
        let event = event_of(members, None).ok();
        let event = event.filter(|event: &Event| (event.tenant, event.branch) == (tenant, branch))?;
        let stamped = Arc::new(Stamped::new(event, &self.epoch, self.offset, self.at));
        Some(Placed { stamped, epoch: self.epoch.clone(), prev: self.prev })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{BranchId, TenantId};

    const EVENT: &str = r#"{"type":"A","tenant_id":1,"branch_id":2,"id":"x y","note":"a b"}"#;

    #[test]
    fn a_packet_is_read_to_its_end() {
        let packet = Packet::read(format!("e1 7 5 1500 {EVENT}").as_bytes()).unwrap();
        assert_eq!((&*packet.epoch, packet.offset, packet.prev), ("e1", 7, 5));
        let (tenant, branch) = (TenantId::new(1).unwrap(), BranchId::new(2).unwrap());
        let placed = packet.place((tenant, branch)).unwrap();
        assert_eq!(placed.stamped.event.id.as_deref(), Some("x y"));
        assert_eq!((placed.stamped.offset, placed.stamped.at), (7, Timestamp::from_millis(1500)));
        assert_eq!(packet.place((tenant, BranchId::default())), None, "of another stream");
    }

    #[test]
    fn nonsense_is_no_packet() {
        for text in ["", "e1 7 6 1500", "e1 x 6 1500 {}", "e1 7 7 1500 {}", "e1 7 6 now {}"] {
            assert_eq!(Packet::read(text.as_bytes()), None, "{text}");
        }
        let packet = Packet::read(b"e1 7 6 1500 {}").unwrap();
        assert_eq!(packet.place((TenantId::default(), BranchId::default())), None);
    }
}
