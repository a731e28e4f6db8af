//! Looks for cameras on the network: which there are, what they stream, and how they would be configured.
//!
//! ONVIF devices are found by WS-Discovery and asked over SOAP; what does not speak ONVIF is asked for its streams over
//! RTSP. Everything that a device says is foreign: it is bounded in size and time, parsed by pure functions that the
//! fuzzer knows, and never leads to another machine than the one that said it. Only addresses of a local network are
//! asked at all.

mod address;
mod device;
mod digest;
mod entry;
mod http;
mod onvif;
mod probe;
mod rtsp;
mod sdp;
mod search;
mod soap;
mod streams;
mod udp;
mod xml;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use url::Url;

pub use address::{MAX_ADDRESSES, TargetError, Targets, is_near};
pub use entry::{Entry, is_at, propose};
pub use onvif::{Media, date_time, device_information, media_service, profiles, snapshot_uri, stream_uri};
pub use probe::{Match, matches};
pub use rtsp::{Head, NotRtsp, head};
pub use sdp::video_codec;
pub use search::search;

use crate::clock::Clock;
use crate::config::Secret;

/// Where RTSP is looked for when nothing is said.
pub const RTSP_PORTS: [u16; 2] = [554, 8554];
/// Where ONVIF is looked for on a named address that does not answer WS-Discovery: the usual port, and those of
/// vendors that have another (TP-Link, Reolink, XMeye).
pub const ONVIF_PORTS: [u16; 4] = [80, 2020, 8000, 8899];
/// How many ports of a kind may be given.
pub const MAX_PORTS: usize = 8;
/// The longest search.
pub const MAX_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a search may take when nothing is said.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The same of many addresses: most of a network are nobody's, and each of those is waited for.
const LONG_TIMEOUT: Duration = Duration::from_secs(15);
/// More than this are many.
const FEW: usize = 32;

/// What is looked for, and where.
#[derive(Debug, Clone)]
pub struct Search {
    /// Whom to ask; none: whoever answers a multicast on the local networks.
    pub targets: Targets,
    pub credentials: Option<Credentials>,
    pub rtsp_ports: Vec<u16>,
    pub onvif_ports: Vec<u16>,
    /// For all of it.
    pub timeout: Duration,
    /// Port of WS-Discovery.
    pub discovery_port: u16,
    /// Addresses of the interfaces that a multicast goes out on.
    pub interfaces: Vec<Ipv4Addr>,
    pub clock: Clock,
}

impl Search {
    /// With the usual ports, on all local networks.
    pub fn new(targets: Targets, credentials: Option<Credentials>, clock: Clock) -> Self {
        let timeout = if targets.len() > FEW { LONG_TIMEOUT } else { TIMEOUT };
        Self {
            targets,
            credentials,
            rtsp_ports: RTSP_PORTS.to_vec(),
            onvif_ports: ONVIF_PORTS.to_vec(),
            timeout,
            discovery_port: udp::PORT,
            interfaces: udp::interfaces(),
            clock,
        }
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Credentials {
    user: String,
    password: Secret,
}

impl Credentials {
    /// `None` when the user is nobody, or holds what no protocol can carry.
    pub fn new(user: &str, password: &str) -> Option<Self> {
        let fits = !user.is_empty() && !user.contains([':', '\u{7f}']) && !user.chars().any(char::is_control);
        fits.then(|| Self { user: user.to_owned(), password: Secret::new(password.to_owned()) })
    }

    pub fn password(&self) -> &Secret {
        &self.password
    }
}

/// A device that answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub address: IpAddr,
    /// What it calls itself, else its address.
    pub name: String,
    pub manufacturer: Option<String>,
    pub model: Option<String>,
    pub via: Via,
    /// Of its RTSP server, where that was found.
    pub rtsp_port: Option<u16>,
    pub profiles: Vec<Profile>,
    /// It wants a user and a password, and got none or not the right ones.
    pub needs_credentials: bool,
    /// It asked for the user and password that were given, or was not asked for its pictures.
    pub takes_credentials: bool,
    /// What stands between it and its pictures, in plain words.
    pub note: Option<String>,
}

impl Found {
    /// Those of its streams.
    fn ports(&self) -> Vec<u16> {
        let urls = self.profiles.iter().filter_map(|profile| Url::parse(profile.stream_url.as_deref()?).ok());
        self.rtsp_port.into_iter().chain(urls.map(|url| port_of(&url))).collect()
    }
}

/// The port of a stream's address.
fn port_of(url: &Url) -> u16 {
    url.port_or_known_default().unwrap_or(if url.scheme() == "rtsps" { 322 } else { 554 })
}

/// How a device was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    Onvif,
    Rtsp,
}

impl Via {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Onvif => "onvif",
            Self::Rtsp => "rtsp",
        }
    }
}

/// One way in which a device sends its pictures.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    pub name: String,
    /// In pixels.
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub fps: Option<f64>,
    /// As RTSP calls it: `H264`, `H265`, `JPEG`.
    pub codec: Option<String>,
    /// Without user and password, on the device itself; what a vendor hides in the path may still be a secret.
    pub stream_url: Option<String>,
    pub snapshot_url: Option<String>,
}
