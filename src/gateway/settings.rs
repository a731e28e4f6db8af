//! How the gateway behaves.

use std::time::Duration;

use super::limits::Most;
use super::outbox::Room;
use super::stream::Keep;
use crate::config;

/// How often it is asked whether tokens still hold, besides when one is revoked, and sectors are the same.
const REVALIDATE_EVERY: Duration = Duration::from_secs(60);

/// Time for the first message of a client that brought no token.
const AUTH_WITHIN: Duration = Duration::from_secs(5);

/// How the gateway behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    pub most: Most,
    /// What may wait for one client.
    pub room: Room,
    /// What is kept of each stream.
    pub keep: Keep,
    /// Events of one tenant that may wait.
    pub queue: usize,
    /// After so long without a word a client is asked whether it is there, and has `pong_within` to answer.
    pub ping_every: Duration,
    pub pong_within: Duration,
    /// Time for the first message of a client that brought no token.
    pub auth_within: Duration,
    pub max_message_bytes: usize,
    pub messages_per_second: u32,
    /// How often it is asked whether tokens still hold, besides when one is revoked, and sectors are the same.
    pub revalidate_every: Duration,
    /// Over this time connections are ended when the server stops.
    pub drain: Duration,
}

impl Settings {
    /// As the configuration has it.
    pub fn new(config: &config::Gateway) -> Self {
        let most = Most {
            total: config.max_connections as usize,
            per_user: config.max_per_user as usize,
            per_session: config.max_per_session as usize,
            per_tenant: config.max_per_tenant as usize,
            per_ip: config.max_per_ip as usize,
        };
        let queue_bytes = config.client_queue_kib as usize * 1024;
        let history = config.history_events as usize;
        Self {
            most,
            // Of frames as small as there are, a thousand.
            room: Room { frames: 1024, bytes: queue_bytes },
            keep: Keep {
                events: history,
                // Events of half a KiB are usual.
                bytes: history * 1024,
                age: Duration::from_secs(config.history_s.into()),
            },
            queue: config.tenant_queue as usize,
            ping_every: Duration::from_secs(config.ping_s.into()),
            pong_within: Duration::from_secs(config.pong_s.into()),
            auth_within: AUTH_WITHIN,
            max_message_bytes: config.max_message_kib as usize * 1024,
            messages_per_second: config.messages_per_second,
            revalidate_every: REVALIDATE_EVERY,
            drain: Duration::from_millis(config.drain_ms.into()),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::new(&config::Gateway::default())
    }
}
