//! The gateway as the settings describe it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::Rate;
use crate::auth::{Keys, Revocations, TableKeys, signing_secret};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::gateway::{Doorman, Gateway, GatewayContext, Keep, Most, Room, Sectors, Settings};

/// How often it is asked whether tokens still hold, besides when one is revoked.
const REVALIDATE_EVERY: Duration = Duration::from_secs(60);

/// Time for the first message of a client that brought no token.
const AUTH_WITHIN: Duration = Duration::from_secs(5);

/// Starts the gateway on `tasks` until `stop`.
pub(super) fn start_gateway(
    config: &Config,
    (keys, revocations, clock): (&Keys, &Revocations, &Clock),
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> Result<Gateway> {
    let tables = TableKeys::new(config.auth.table_keys.clone(), signing_secret(config)?, clock.clone());
    let doorman = Doorman { keys: keys.clone(), tables, revocations: revocations.clone() };
    let started = Gateway::start(GatewayContext {
        settings: settings(&config.gateway),
        clock: clock.clone(),
        doorman,
        find_sectors: Arc::new(|_, _| Box::pin(async { Sectors::All })),
        redis_url: config.redis.url.as_ref().map(|url| url.reveal().to_owned()),
        tasks: tasks.clone(),
        stop: stop.clone(),
    });
    Ok(started?)
}

/// New connections a second of one address.
pub(super) fn connect_rate(config: &Config) -> Rate {
    let per_second = config.gateway.connects_per_second_per_ip;
    Rate { per_second, burst: per_second.max(1) }
}

fn settings(config: &config::Gateway) -> Settings {
    let most = Most {
        total: config.max_connections as usize,
        per_user: config.max_per_user as usize,
        per_session: config.max_per_session as usize,
        per_tenant: config.max_per_tenant as usize,
        per_ip: config.max_per_ip as usize,
    };
    let queue_bytes = config.client_queue_kib as usize * 1024;
    let history = config.history_events as usize;
    Settings {
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
