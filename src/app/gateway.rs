//! The gateway as the settings describe it, what it looks up in the store, and what the house has to tell through it.

use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

use crate::api::{Rate, Reassigned};
use crate::auth::{Branches, Cleared, Keys, Revocations, TableKeys, signing_secret};
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{Publisher, SectorId, Timestamp};
use crate::gateway::{
    Doorman, FindSectors, Freshness, Gateway, GatewayContext, Identity, RedisAt, SectorCache, SectorContext,
    Sectors, Served, Settings, Station,
};
use crate::store::Store;
use crate::wire::event_of_occurrence;

/// The gateway and what others of the house need of it.
pub(super) struct Started {
    pub(super) gateway: Gateway,
    /// What happens in the house goes here.
    pub(super) publisher: Publisher,
    /// To be told who serves other sectors than before.
    pub(super) reassigned: Reassigned,
}

/// Starts the gateway on `tasks` until `stop`.
pub(super) async fn start_gateway(
    config: &Config,
    store: &Store,
    (keys, revocations, clock): (&Keys, &Revocations, &Clock),
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> Result<Started> {
    let tables = TableKeys::new(config.auth.table_keys.clone(), signing_secret(config)?, clock.clone());
    let doorman = Doorman { keys: keys.clone(), tables, revocations: revocations.clone() };
    // The gateway asks the cache, and the cache tells the gateway of what it learns later.
    let known: Arc<OnceLock<Gateway>> = Arc::default();
    let cleared = Cleared::unread();
    // Before the first guest, or it would have to come again; while the database is awaited nobody waits for it here.
    if store.is_ready()
        && let Err(error) = cleared.learn(store, Timestamp::from_millis(0), clock.now()).await
    {
        tracing::error!(%error, "cannot ask for cleared tables; until the store answers no guest is let in");
    }
    let cache = sector_cache(store, &known, (tasks, stop));
    let gateway = Gateway::start(GatewayContext {
        settings: Settings::new(&config.gateway),
        clock: clock.clone(),
        doorman,
        find_sectors: find_sectors(cache.clone(), unknown_sectors(config)),
        cleared: cleared.clone(),
        redis: redis_at(config)?,
        tasks: tasks.clone(),
        stop: stop.clone(),
    })?;
    tasks.spawn(cleared.follow(store.clone(), clock.clone(), stop.clone()));
    known.get_or_init(|| gateway.clone());
    gateway.figures().count_sectors_of(cache.clone());
    let told = gateway.clone();
    let publisher = Publisher::new(move |occurrence| {
        let event = event_of_occurrence(&occurrence);
        let kind = event.kind.clone();
        if told.publish(event).is_err() {
            // Counted by the gateway.
            debug!(%kind, "too many events wait; one is lost");
        }
    });
    let told = gateway.clone();
    let reassigned = Arc::new(move |tenant, user: Option<&str>| {
        cache.invalidate(tenant, user);
        told.look_again(tenant, user);
    });
    Ok(Started { gateway, publisher, reassigned })
}

fn redis_at(config: &Config) -> Result<Option<RedisAt>> {
    let Some(url) = &config.redis.url else { return Ok(None) };
    if config.auth.jwt_secret.is_none() {
        tracing::warn!(
            "`redis.url` is for several servers, but without `auth.jwt_secret` each signs with a secret of its own, and \
             takes no other's tokens"
        );
    }
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).with_context(|| format!("`redis.ca_file`: cannot read {}", path.display()))
    };
    let ca = config.redis.ca_file.as_ref().map(read).transpose()?;
    Ok(Some(RedisAt { url: url.reveal().to_owned(), ca }))
}

fn sector_cache(
    store: &Store,
    known: &Arc<OnceLock<Gateway>>,
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> SectorCache {
    let (store, known) = (store.clone(), known.clone());
    SectorCache::new(SectorContext {
        look_up: Box::new(move |Station { tenant, user, branch }| {
            let store = store.clone();
            let look = async move { store.assigned_sectors(tenant, &user, branch).await };
            look.map(|found| found.map_err(|error| error.to_string())).boxed()
        }),
        changed: Box::new(move |station, _| {
            if let Some(gateway) = known.get() {
                gateway.look_again(station.tenant, Some(&station.user));
            }
        }),
        tasks: tasks.clone(),
        stop: stop.clone(),
    })
}

/// What waiters get while nothing is known of their sectors.
fn unknown_sectors(config: &Config) -> Sectors {
    match config.gateway.unknown_sectors {
        crate::config::UnknownSectors::All => Sectors::All,
        crate::config::UnknownSectors::None => Sectors::These([].into()),
    }
}

/// Asks the cache for each branch of the token; a token without branches is of all of them.
fn find_sectors(cache: SectorCache, unknown: Sectors) -> FindSectors {
    Arc::new(move |identity: Identity, freshness| -> BoxFuture<'static, Sectors> {
        let (cache, unknown) = (cache.clone(), unknown.clone());
        async move {
            // Nobody can be assigned who has no name.
            let Some(user) = identity.user else { return Sectors::These([].into()) };
            let branches: Vec<_> = match identity.branches {
                Branches::All => vec![None],
                Branches::Some(some) => some.into_iter().map(Some).collect(),
            };
            let tenant = identity.tenant;
            let served = branches.into_iter().map(|branch| {
                let (cache, station) = (cache.clone(), Station { tenant, user: user.clone(), branch });
                async move {
                    match freshness {
                        Freshness::Known => cache.get(&station).await,
                        Freshness::New => cache.refresh(&station).await,
                    }
                }
            });
            let served = futures_util::future::join_all(served).await;
            let known: Option<Vec<Arc<[SectorId]>>> = served
                .into_iter()
                .map(|served| match served {
                    Served::Known(sectors) => Some(sectors),
                    Served::Unknown => None,
                })
                .collect();
            known.map_or(unknown, |known| {
                Sectors::These(known.iter().flat_map(|sectors| sectors.iter().copied()).collect())
            })
        }
        .boxed()
    })
}

/// New connections a second of one address.
pub(super) fn connect_rate(config: &Config) -> Rate {
    let per_second = config.gateway.connects_per_second_per_ip;
    Rate { per_second, burst: per_second.max(1) }
}
