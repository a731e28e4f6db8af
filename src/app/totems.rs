//! Totems as the settings describe them, and what looks at pictures and listens to sounds that somebody sends.

use std::sync::Arc;

use anyhow::Result;
use gstvision::engine::{Catalog, LoadOptions};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::config::Config;
use crate::domain::TenantId;
use crate::gateway::Gateway;
use crate::recorder::Recorder;
use crate::still::Analysers;
use crate::store::Store;
use crate::totem::{Anonymous, Registry, TotemContext, Totems};
use crate::voice::Ears;

/// What looks and what listens; nothing is loaded yet.
pub(super) fn lookers(config: &Config, models: &Arc<Catalog>, options: LoadOptions) -> (Analysers, Ears) {
    let analysers = Analysers::new(models.clone(), &config.detector.model, options.clone());
    (analysers, Ears::new(models.clone(), options))
}

/// Starts what serves `/ws` on `tasks` until `stop`; who is seen there goes to `recorder`.
pub(super) fn start_totems(
    config: &Config,
    (registry, recorder): (Registry, &Recorder),
    (analysers, ears): (&Analysers, &Ears),
    (store, gateway, clock): (&Store, &Gateway, &Clock),
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> Result<Totems> {
    Ok(Totems::new(TotemContext {
        store: store.clone(),
        clock: clock.clone(),
        registry,
        max_totems: usize::try_from(config.neototem.max_totems)?,
        gateway: gateway.clone(),
        analysers: analysers.clone(),
        ears: ears.clone(),
        anonymous: anonymous(config)?,
        records: recorder.frames(),
        tasks: tasks.clone(),
        stop: stop.clone(),
    }))
}

/// Who needs no token.
fn anonymous(config: &Config) -> Result<Anonymous> {
    let neototem = &config.neototem;
    let networks =
        neototem.allowed_networks.iter().map(|network| network.parse().map_err(anyhow::Error::msg));
    Ok(Anonymous {
        tenant: neototem.anonymous_tenant.map(TenantId::new).transpose()?,
        networks: networks.collect::<Result<_>>()?,
    })
}
