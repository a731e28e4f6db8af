//! Settings of `/ws`, where totems and their viewers speak the protocol of NeoTotem.

use std::net::IpAddr;
use std::str::FromStr;

use serde::Deserialize;

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Neototem {
    /// The tenant of clients without a token; absent: none is let in.
    pub anonymous_tenant: Option<i64>,
    /// Where they may come from, such as `192.168.20.0/24`; empty: from nowhere.
    pub allowed_networks: Vec<String>,
    /// Totems that send pictures or sound at the same time; of several tenants, each has its share.
    pub max_totems: u32,
}

impl Default for Neototem {
    fn default() -> Self {
        Self { anonymous_tenant: None, allowed_networks: Vec::new(), max_totems: 32 }
    }
}

/// Addresses that begin alike: CIDR, RFC 4632.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Whether `address` is one of them, also in the form in which a socket of both families shows it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= self.bits
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    /// An address alone is a network of one.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no network like \"192.168.20.0/24\"");
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits > most { Err(wrong()) } else { Ok(Self { address, bits }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_that_begin_like_it() {
        let has = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().contains(address.parse().unwrap())
        };
        assert!(has("192.168.20.0/24", "192.168.20.255") && !has("192.168.20.0/24", "192.168.21.0"));
        assert!(has("192.168.20.7/24", "192.168.20.1"), "whatever stands behind the bits");
        assert!(has("10.0.0.1", "::ffff:10.0.0.1") && !has("10.0.0.1", "10.0.0.2"));
        assert!(has("0.0.0.0/0", "8.8.8.8") && !has("0.0.0.0/0", "::1"));
        assert!(has("fd00::/8", "fd12::1") && !has("fd00::/8", "fe80::1"));
        for text in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/-1", "host/8"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
