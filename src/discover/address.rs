//! Whom a search may ask: addresses of local networks, and not many of them.
//!
//! A server that can be told to speak to any address would be a hole in the wall around it: what answers on the
//! internet, or says so to somebody out there, is never asked.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use thiserror::Error;
use tokio::net::lookup_host;
use tokio::time::timeout;

/// As many as a /24 has.
pub const MAX_ADDRESSES: usize = 256;
/// The largest network, by the length of its prefix.
const MIN_PREFIX: u8 = 24;
/// Names are looked up one after the other.
const MAX_NAMES: usize = 16;
/// For one name.
const LOOKUP_PATIENCE: Duration = Duration::from_secs(1);

/// Addresses that may be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    addresses: BTreeSet<IpAddr>,
    /// Those that were written one by one, and not as part of a network.
    named: BTreeSet<IpAddr>,
}

/// Why somebody cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TargetError {
    #[error("{0:?} is neither a host nor a network like 192.168.1.0/24")]
    Unreadable(String),
    #[error(
        "{0} is not on a local network: only private, loopback and link-local addresses are asked, never public ones"
    )]
    Public(String),
    #[error("{0} is too large: at most a /24, {MAX_ADDRESSES} addresses in all")]
    TooMany(String),
    #[error("host name {0} is not known")]
    Unknown(String),
}

/// Whether `address` is private, of this very machine, or link-local.
pub fn is_near(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Whether `address` is this machine's own or a neighbour's by the cable alone: what listens there is often meant for
/// nobody else, such as the metadata of a rented machine.
fn is_intimate(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unicast_link_local(),
    }
}

impl Targets {
    /// The first address that only whoever runs this machine may have asked.
    pub fn intimate(&self) -> Option<IpAddr> {
        self.addresses.iter().copied().find(|address| is_intimate(*address))
    }

    /// Reads hosts and networks; names are looked up, and the address that they have now is the one that is asked.
    ///
    /// # Errors
    /// The first one that cannot be asked, and why.
    pub async fn resolve<S: AsRef<str>>(texts: &[S]) -> Result<Self, TargetError> {
        let mut targets = Self::default();
        let mut names = 0;
        for text in texts.iter().map(AsRef::as_ref) {
            if let Some(addresses) = network(text)? {
                targets.addresses.extend(addresses);
            } else if let Ok(address) = text.trim_matches(['[', ']']).parse() {
                targets.name(text, address)?;
            } else {
                names += 1;
                if names > MAX_NAMES || texts.len() > MAX_ADDRESSES {
                    return Err(TargetError::TooMany(text.to_owned()));
                }
                let address = look_up(text).await?;
                targets.name(text, address)?;
            }
            if targets.addresses.len() > MAX_ADDRESSES {
                return Err(TargetError::TooMany(text.to_owned()));
            }
        }
        Ok(targets)
    }

    fn name(&mut self, text: &str, address: IpAddr) -> Result<(), TargetError> {
        let address = address.to_canonical();
        if !is_near(address) {
            return Err(TargetError::Public(text.to_owned()));
        }
        self.addresses.insert(address);
        self.named.insert(address);
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    pub fn len(&self) -> usize {
        self.addresses.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().copied()
    }

    /// Whether somebody wrote this very address.
    pub(super) fn is_named(&self, address: IpAddr) -> bool {
        self.named.contains(&address)
    }
}

/// The hosts of a network like `192.168.1.0/24`; `None` when `text` is none.
fn network(text: &str) -> Result<Option<Vec<IpAddr>>, TargetError> {
    let Some((base, prefix)) = text.split_once('/') else { return Ok(None) };
    let unreadable = || TargetError::Unreadable(text.to_owned());
    let base: Ipv4Addr = base.parse().map_err(|_| unreadable())?;
    let prefix: u8 = prefix.parse().ok().filter(|prefix| *prefix <= 32).ok_or_else(unreadable)?;
    if prefix < MIN_PREFIX {
        return Err(TargetError::TooMany(text.to_owned()));
    }
    let size = 1u32 << (32 - prefix);
    let first = base.to_bits() & !(size - 1);
    let all = (first..=first + (size - 1)).map(|bits| IpAddr::V4(Ipv4Addr::from_bits(bits)));
    // The first and the last address of a network are no hosts.
    let hosts: Vec<_> = if size > 2 { all.skip(1).take(size as usize - 2).collect() } else { all.collect() };
    if hosts.iter().any(|host| !is_near(*host)) {
        return Err(TargetError::Public(text.to_owned()));
    }
    Ok(Some(hosts))
}

async fn look_up(name: &str) -> Result<IpAddr, TargetError> {
    let is_name = !name.is_empty()
        && name.len() <= 253
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    if !is_name {
        return Err(TargetError::Unreadable(name.to_owned()));
    }
    let unknown = || TargetError::Unknown(name.to_owned());
    let found = timeout(LOOKUP_PATIENCE, lookup_host((name, 0))).await;
    let addresses: Vec<_> = found.map_err(|_| unknown())?.map_err(|_| unknown())?.collect();
    let first = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
    first.map(|address| address.ip()).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn resolve(texts: &[&str]) -> Result<Targets, TargetError> {
        Targets::resolve(texts).await
    }

    #[tokio::test]
    async fn networks_and_hosts_become_addresses_without_doubles() {
        let targets = resolve(&["192.168.1.0/30", "192.168.1.2", "10.0.0.9", "[::1]"]).await.unwrap();
        let all: Vec<_> = targets.iter().map(|address| address.to_string()).collect();
        assert_eq!(all, ["10.0.0.9", "192.168.1.1", "192.168.1.2", "::1"]);
        assert!(targets.is_named("192.168.1.2".parse().unwrap()));
        assert!(!targets.is_named("192.168.1.1".parse().unwrap()));
        assert_eq!(resolve(&["192.168.7.3/24"]).await.unwrap().len(), 254);
        assert_eq!(resolve(&["127.0.0.1/32"]).await.unwrap().len(), 1);
        assert!(resolve(&[]).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn public_addresses_are_never_asked_however_they_are_written() {
        for text in [
            "8.8.8.8",
            "8.8.8.0/24",
            "0.0.0.0",
            "255.255.255.255",
            "239.255.255.250",
            "172.32.0.1",
            "100.64.0.1",
            "2001:db8::1",
            "::ffff:8.8.8.8",
            "::",
            "ff02::c",
            "64:ff9b::a00:1",
        ] {
            assert_eq!(resolve(&[text]).await, Err(TargetError::Public(text.to_owned())), "{text}");
        }
        for text in ["10.1.2.3", "172.16.0.1", "169.254.7.7", "fd00::1", "fe80::1", "::ffff:10.0.0.1"] {
            assert!(resolve(&[text]).await.is_ok(), "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_too_much_or_unreadable_is_told() {
        for text in ["10.0.0.0/23", "10.0.0.0/8", "10.0.0.0/0"] {
            assert_eq!(resolve(&[text]).await, Err(TargetError::TooMany(text.to_owned())));
        }
        let two = ["10.0.0.0/24", "10.0.1.0/24"];
        assert_eq!(resolve(&two).await, Err(TargetError::TooMany(two[1].to_owned())));
        for text in ["", "a b", "10.0.0.0/x", "10.0.0.0/33", "fd00::/120", "rtsp://10.0.0.1", "a/b", "é"] {
            assert_eq!(resolve(&[text]).await, Err(TargetError::Unreadable(text.to_owned())), "{text}");
        }
    }
}
