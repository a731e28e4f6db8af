//! The gateway as the settings describe it.

use std::sync::Arc;

use anyhow::Result;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api::Rate;
use crate::auth::{Keys, Revocations, TableKeys, signing_secret};
use crate::clock::Clock;
use crate::config::Config;
use crate::gateway::{Doorman, Gateway, GatewayContext, Sectors, Settings};

/// Starts the gateway on `tasks` until `stop`.
pub(super) fn start_gateway(
    config: &Config,
    (keys, revocations, clock): (&Keys, &Revocations, &Clock),
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> Result<Gateway> {
    let tables = TableKeys::new(config.auth.table_keys.clone(), signing_secret(config)?, clock.clone());
    let doorman = Doorman { keys: keys.clone(), tables, revocations: revocations.clone() };
    let started = Gateway::start(GatewayContext {
        settings: Settings::new(&config.gateway),
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
