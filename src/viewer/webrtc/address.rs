//! Under which addresses browsers are told to reach this machine.

use std::net::{IpAddr, SocketAddr};

/// More would only lengthen every connect: browsers try them all.
const MOST: usize = 16;

/// The addresses to offer for a socket bound to `bound`, `public` ones first.
///
/// An unspecified address stands for every address of the machine; loopback only when there is no other.
pub(in crate::viewer) fn candidates(bound: SocketAddr, public: &[IpAddr]) -> Vec<SocketAddr> {
    let own = if bound.ip().is_unspecified() { machine(bound.is_ipv6()) } else { vec![bound.ip()] };
    let mut offered: Vec<SocketAddr> = Vec::new();
    for ip in public.iter().copied().chain(own) {
        let address = SocketAddr::new(ip, bound.port());
        if !offered.contains(&address) {
            offered.push(address);
        }
    }
    offered.truncate(MOST);
    offered
}

fn machine(with_ipv6: bool) -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot list this machine's addresses");
        Vec::new()
    });
    let up = interfaces.iter().filter(|interface| interface.is_oper_up() || interface.is_loopback());
    pick(up.map(if_addrs::Interface::ip).collect(), with_ipv6)
}

fn pick(mut found: Vec<IpAddr>, with_ipv6: bool) -> Vec<IpAddr> {
    found.retain(|ip| match ip {
        IpAddr::V4(ip) => !ip.is_link_local(),
        IpAddr::V6(ip) => with_ipv6 && !ip.is_unicast_link_local(),
    });
    // IPv4 first: it is what most venues' networks route.
    found.sort_by_key(IpAddr::is_ipv6);
    let outer: Vec<IpAddr> = found.iter().copied().filter(|ip| !ip.is_loopback()).collect();
    if outer.is_empty() { found } else { outer }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn loopback_is_offered_only_when_there_is_nothing_else() {
        let found = ips(&["127.0.0.1", "fd00::2", "192.168.1.5", "169.254.9.9", "fe80::1"]);
        assert_eq!(pick(found.clone(), false), ips(&["192.168.1.5"]));
        assert_eq!(pick(found, true), ips(&["192.168.1.5", "fd00::2"]));
        assert_eq!(pick(ips(&["127.0.0.1"]), false), ips(&["127.0.0.1"]));
    }

    #[test]
    fn a_bound_address_is_offered_as_it_is_and_public_ones_come_first() {
        let bound = "127.0.0.1:5000".parse().unwrap();
        let public = ips(&["203.0.113.7", "127.0.0.1"]);
        let offered: Vec<String> = candidates(bound, &public).iter().map(ToString::to_string).collect();
        assert_eq!(offered, ["203.0.113.7:5000", "127.0.0.1:5000"]);
    }
}
