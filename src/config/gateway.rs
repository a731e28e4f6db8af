//! Settings of the real-time gateway, and of the Redis that several servers share.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::Secret;

/// Of numbers that are limits, 0 is none.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gateway {
    /// Clients who may be connected.
    pub max_connections: u32,
    /// Connections of one user.
    pub max_per_user: u32,
    /// Connections of the guests of one table.
    pub max_per_session: u32,
    pub max_per_tenant: u32,
    /// Connections of one address; never of this very machine.
    pub max_per_ip: u32,
    /// New connections a second of one address; never of this very machine.
    pub connects_per_second_per_ip: u32,
    /// Origins whose pages may connect, besides the server's own and those of `server.cors_origins`.
    pub allowed_origins: Vec<String>,
    /// Events of a branch that are kept for clients who come back, and for how long.
    pub history_events: u32,
    pub history_s: u32,
    /// What may wait for one client before it is told to come back.
    pub client_queue_kib: u32,
    /// Events of one tenant that may wait.
    pub tenant_queue: u32,
    /// A client that says nothing for so long is asked whether it is there.
    pub ping_s: u32,
    /// And has so long to answer.
    pub pong_s: u32,
    /// Largest message of a client.
    pub max_message_kib: u32,
    /// Messages of one client.
    pub messages_per_second: u32,
    /// Over this time clients are sent away when the server stops.
    pub drain_ms: u32,
    /// Which sectors a waiter is told of while its own cannot be looked up.
    pub unknown_sectors: UnknownSectors,
}

/// What a waiter hears whose sectors are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownSectors {
    /// All of its branches: better too much than a guest who waits.
    #[default]
    All,
    None,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            max_connections: 1000,
            max_per_user: 3,
            max_per_session: 20,
            max_per_tenant: 0,
            max_per_ip: 500,
            connects_per_second_per_ip: 50,
            allowed_origins: Vec::new(),
            history_events: 4096,
            history_s: 300,
            client_queue_kib: 512,
            tenant_queue: 5000,
            ping_s: 25,
            pong_s: 8,
            max_message_kib: 64,
            messages_per_second: 20,
            drain_ms: 1000,
            unknown_sectors: UnknownSectors::All,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redis {
    /// `redis://…` or `rediss://…`; absent: this server is the only one.
    pub url: Option<Secret>,
    /// A file that holds `url`.
    pub url_file: Option<PathBuf>,
    /// Of `rediss://`, who signs its certificate, in PEM; absent: whom this machine trusts.
    pub ca_file: Option<PathBuf>,
}

/// Keys by their names.
pub type TableKeys = BTreeMap<String, Secret>;
