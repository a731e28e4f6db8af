//! How many connections there are, and from whom.
//!
//! Bounded in total only, one host with enough open sockets would silence the server for everybody.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Connections from elsewhere, counted by network. Those of this very machine are not: a proxy in front makes one for
/// each of its clients.
#[derive(Debug)]
pub(super) struct Slots {
    most: usize,
    most_of_one: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_network: HashMap<IpAddr, usize>,
}

/// One connection, counted while this lives.
#[derive(Debug)]
pub(super) struct Slot {
    of: Option<(Arc<Slots>, IpAddr)>,
}

impl Slots {
    /// At most `most` connections from elsewhere, and `most_of_one` from one network.
    pub(super) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self { most, most_of_one, taken: Mutex::default() })
    }

    /// A place for a connection from `address`; `None` when it has to go.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Slot> {
        if is_here(address) {
            return Some(Slot { of: None });
        }
        let network = network(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.by_network.get(&network).copied().unwrap_or(0);
        if taken.all >= self.most || own >= self.most_of_one {
            return None;
        }
        taken.all += 1;
        taken.by_network.insert(network, own + 1);
        Some(Slot { of: Some((self.clone(), network)) })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some((slots, network)) = self.of.take() else { return };
        let mut taken = slots.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= 1;
        match taken.by_network.get_mut(&network) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(taken.by_network.remove(&network)),
        }
    }
}

/// Whether an address is of this very machine, also in the form in which a socket of both families shows it.
pub(super) fn is_here(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Whom an address belongs to: a whole /64 of IPv6 is one customer's.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(slots: &Arc<Slots>, address: &str) -> Option<Slot> {
        slots.take(address.parse().unwrap())
    }

    #[test]
    fn one_host_cannot_take_all_connections() {
        let slots = Slots::new(5, 2);
        let held = [taken(&slots, "192.0.2.1"), taken(&slots, "::ffff:192.0.2.1")];
        assert!(held.iter().all(Option::is_some));
        assert!(taken(&slots, "192.0.2.1").is_none(), "it has two");
        assert!(taken(&slots, "192.0.2.2").is_some(), "another host has none yet");
        drop(held);
        assert!(taken(&slots, "192.0.2.1").is_some(), "what is closed counts no more");
    }

    #[test]
    fn a_whole_network_of_ipv6_is_one_host() {
        let slots = Slots::new(5, 1);
        let _held = taken(&slots, "2001:db8::1").unwrap();
        assert!(taken(&slots, "2001:db8::ffff:1").is_none());
        assert!(taken(&slots, "2001:db8:0:1::1").is_some());
    }

    #[test]
    fn many_hosts_leave_places_for_this_machine() {
        let slots = Slots::new(2, 2);
        let _held = [taken(&slots, "192.0.2.1").unwrap(), taken(&slots, "192.0.2.2").unwrap()];
        assert!(taken(&slots, "192.0.2.3").is_none());
        let own = ["127.0.0.1", "127.0.0.1", "127.0.0.1", "::1", "::ffff:127.0.0.1"];
        let own = own.map(|address| taken(&slots, address));
        assert!(own.iter().all(Option::is_some), "{own:?}");
        drop(own);
        assert_eq!(slots.taken.lock().unwrap().all, 2);
    }
}
