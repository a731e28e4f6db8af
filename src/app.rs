//! The server as a whole: the only file that knows every part.
//!
//! It builds them in the order in which they need each other and stops them in reverse: first no new requests,
//! then no more frames, then the last visits are written.

mod database;
mod front;
mod gateway;
mod places;
mod totems;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result};
use gstvision::engine::{Assets, Job, LoadOptions};
use gstvision::person::Language;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use crate::api::{Api, Live, Rate, Services, TellVisit, Tls};
use crate::auth::{Branches, Caller, Keys, Revocations, Verifiers, login_link, signing_secret};
use crate::camera::{CameraContext, Cameras, Catalog, DetectorSettings, start_gstreamer};
use crate::clock::Clock;
use crate::config::{self, Config, FolderLock};
use crate::domain::{Camera, CameraId, Publisher, Role, TenantId};
use crate::gateway::Gateway;
use crate::jobs::{BackupPlan, Daily, FindCameras, Jobs, JobsContext};
use crate::recorder::{Recorder, RecorderContext};
use crate::store::{Aging, Spool, Store, machine_zone};
use crate::totem::Registry;
use crate::viewer::Viewers;
use database::Database;
use front::{Front, listen, take_folder};
use gateway::{Started, connect_rate, start_gateway};
use places::Places;
use totems::{lookers, start_totems};

/// Time for requests, viewers and pipelines to end. The recorder's last writes (2 s at most) and the store come after
/// it; together they stay below the 5 s after which a service manager may lose its patience.
const DRAIN: Duration = Duration::from_millis(2200);

/// Time for the database to close.
const CLOSE: Duration = Duration::from_millis(300);

/// A running server.
pub struct App {
    front: Front,
    keys: Keys,
    gateway: Gateway,
    store: Store,
    /// Everything that takes requests or makes frames.
    fronts: TaskTracker,
    stop: CancellationToken,
    /// The recorder, which has to outlive the frames.
    backs: TaskTracker,
    stop_recorder: CancellationToken,
    places: Places,
    /// Given back when all is stopped.
    _lock: FolderLock,
}

impl App {
    /// Starts the server of `config`, with `cameras` besides its own: what the store has of them holds, but for the
    /// parameters that are given.
    ///
    /// # Errors
    /// When a part cannot start; the message says which and what to do.
    pub async fn start(config: &Config, cameras: Vec<Camera>) -> Result<Self> {
        // First, so that a port in use is known before anything else is touched.
        let (listener, front) = listen(&config.server).await?;
        start_gstreamer()?;
        let clock = Clock::system();
        let keys = keys_of(config, &clock)?;
        let lock = take_folder(config).await?;
        let database = Database::open(config, &clock).await?;
        let store = database.store.clone();
        let spool = open_spool(config, &store).await?;
        let (stop, stop_recorder) = (CancellationToken::new(), CancellationToken::new());
        let (fronts, backs) = (TaskTracker::new(), TaskTracker::new());

        let known: Arc<OnceLock<Cameras>> = Arc::default();
        let revocations = Revocations::new(store.clone(), clock.clone());
        let holders = (&keys, &revocations, &clock);
        let started = start_gateway(config, &store, holders, (&fronts, &stop)).await?;
        let Started { gateway, publisher, reassigned } = started;
        let registry = registry_of(known.clone());
        let recorder =
            start_recorder((&store, spool, &publisher), (&known, &registry), (&backs, &stop_recorder));
        let running = cameras_of(config, (&recorder, &publisher), (&fronts, &stop))?;
        known.get_or_init(|| running.clone());
        let viewers = Viewers::new(config, fronts.clone(), stop.clone())?;
        let places = Places::start(config, (&store, &running, &clock))?;
        database.start(places.stored(), cameras, (&fronts, &stop)).await?;
        let (models, options) = find_models(config)?;
        let (analysers, ears) = lookers(config, &models, options);
        let (made, seen) = ((&store, &gateway, &clock), (registry, &recorder));
        let totems = start_totems(config, seen, (&analysers, &ears), made, (&fronts, &stop))?;

        let api = Api::new(Services {
            store: store.clone(),
            jobs: start_jobs(config, (&store, &running, publisher), (&backs, &stop)).await?,
            cameras: running,
            viewers,
            analysers,
            language: Language::of(&config.viewer.language).unwrap_or_default(),
            ears,
            models,
            keys: keys.clone(),
            revocations,
            gateway: gateway.clone(),
            totems,
            clock,
            live: live_of(recorder.clone()),
            tell_visit: tell_visit_of(recorder.clone()),
            recorder: Arc::new(move || recorder.figures()),
            reassigned,
            turn: places.turn(),
            fixed: places.fixed(),
            media_dir: config.server.media_dir.clone(),
            max_body_bytes: config.server.max_body_bytes,
            rate: Rate { per_second: config.server.requests_per_second, burst: config.server.request_burst },
            cors_origins: config.server.cors_origins.clone(),
            socket_origins: config.gateway.allowed_origins.clone(),
            connect_rate: connect_rate(config),
            stop: stop.clone(),
        });
        fronts.spawn(api.with_tls(front.tls.clone()).serve(listener));
        info!(address = %front.address, store = store.place(), "listening");
        Ok(Self { front, keys, gateway, store, fronts, stop, backs, stop_recorder, places, _lock: lock })
    }

    /// Whether [`App::follow`] can take `config`: what its cameras want of their pipelines.
    ///
    /// # Errors
    /// Names the camera with the mistake.
    pub fn check(&self, config: &Config) -> Result<()> {
        self.places.check(config)
    }

    /// Brings what changed in the settings into the running server: cameras and branches at once, each by itself. What
    /// takes a restart is told. The certificate is read again in any case.
    ///
    /// # Errors
    /// When `config` cannot be used or the database fails; nothing has changed then, or some branches have.
    pub async fn follow(&mut self, config: Config) -> Result<()> {
        if let Some(Err(error)) = self.front.tls.as_ref().map(Tls::renew) {
            // The one that is shown may be good for a while.
            error!(%error, "the certificate stays as it is");
        }
        self.places.follow(config).await
    }

    /// What tells people of events.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Where HTTP listens.
    pub fn address(&self) -> SocketAddr {
        self.front.address
    }

    /// The same for a browser.
    pub fn url(&self) -> String {
        format!("{}://{}", self.front.scheme, self.front.address)
    }

    /// An address that logs a browser in as the first tenant's admin: once, and soon.
    pub fn login_link(&self) -> String {
        let caller = Caller {
            subject: "console".to_owned(),
            tenant: TenantId::default(),
            branches: Branches::All,
            sectors: BTreeSet::new(),
            roles: BTreeSet::from([Role::Admin]),
        };
        login_link(&self.keys, &caller, (self.front.scheme, self.front.address))
    }

    /// Takes no more requests, closes viewers, stops cameras, writes the last visits.
    pub async fn shut_down(self) {
        self.stop.cancel();
        self.fronts.close();
        if tokio::time::timeout(DRAIN, self.fronts.wait()).await.is_err() {
            warn!(left = self.fronts.len(), "some work did not end in time and is abandoned");
        }
        self.stop_recorder.cancel();
        self.backs.close();
        // Bounds itself.
        self.backs.wait().await;
        if tokio::time::timeout(CLOSE, self.store.close()).await.is_err() {
            warn!("the database did not close in time");
        }
    }
}

/// What signs tokens, and what others sign theirs with.
fn keys_of(config: &Config, clock: &Clock) -> Result<Keys> {
    let keys = Keys::new(&signing_secret(config)?, clock.clone());
    Ok(keys.with_others(Verifiers::read(&config.auth.keys)?))
}

/// The models there are, and how they are loaded.
fn find_models(config: &Config) -> Result<(Arc<gstvision::engine::Catalog>, LoadOptions)> {
    let models = Arc::new(gstvision::engine::Catalog::open(config.models_dir.as_deref())?);
    let options = load_options(config, config.detector.threads.into())?;
    check_detector(config, &models, &options);
    Ok((models, options))
}

/// Totems have no ids of cameras, once those are known.
fn registry_of(known: Arc<OnceLock<Cameras>>) -> Registry {
    Registry::new(move |tenant, id| known.get().is_some_and(|cameras| cameras.get(tenant, id).is_some()))
}

/// Takes visits that somebody else has seen.
fn tell_visit_of(recorder: Recorder) -> TellVisit {
    Arc::new(move |visit| recorder.add_visit(visit))
}

/// What cameras' lines and zones say now.
fn live_of(recorder: Recorder) -> Live {
    Arc::new(move |tenant, id| recorder.live(tenant, id))
}

/// A detector that no camera could load is told at once, and not when the first camera fails.
fn check_detector(config: &Config, models: &gstvision::engine::Catalog, options: &LoadOptions) {
    let chosen = models.choose(Job::Detector, &config.detector.model, options);
    if let Err(error) = chosen.and_then(|manifest| options.assets.verify(&manifest)) {
        error!(%error, "cameras cannot look for people; `atalaya doctor` says more");
    }
}

async fn open_spool(config: &Config, store: &Store) -> Result<Spool> {
    let (folder, max_bytes) = (config.data_dir.clone(), config.recorder.spool_max_mib << 20);
    let place = store.place().to_owned();
    // What is left of a long outage takes a while to count.
    Ok(tokio::task::spawn_blocking(move || Spool::open(&folder, &place, max_bytes)).await??)
}

/// Starts what writes down whom cameras and totems see; `known` are the cameras, once they are there.
fn start_recorder(
    (store, spool, publisher): (&Store, Spool, &Publisher),
    (known, totems): (&Arc<OnceLock<Cameras>>, &Registry),
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> Recorder {
    let (known, totems) = (known.clone(), totems.clone());
    let find = move |tenant, id: &CameraId| {
        let camera = known.get()?.get(tenant, id).map(|handle| handle.camera());
        camera.or_else(|| totems.camera(tenant, id))
    };
    Recorder::start(RecorderContext {
        store: store.clone(),
        spool,
        clock: Clock::system(),
        find_camera: Box::new(find),
        publisher: publisher.clone(),
        tasks: tasks.clone(),
        stop: stop.clone(),
    })
}

/// No cameras yet, and how they will run.
fn cameras_of(
    config: &Config,
    (recorder, publisher): (&Recorder, &Publisher),
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> Result<Cameras> {
    Ok(Cameras::new(CameraContext {
        clock: Clock::system(),
        catalog: Arc::new(Catalog::load(config.pipelines_dir.as_deref())?),
        detector: detector_settings(config),
        language: config.viewer.language.clone(),
        records: recorder.frames(),
        publisher: publisher.clone(),
        tasks: tasks.clone(),
        stop: stop.clone(),
    }))
}

/// Starts scheduled work on `tasks` until `stop`.
async fn start_jobs(
    config: &Config,
    (store, running, publisher): (&Store, &Cameras, Publisher),
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> Result<Jobs> {
    let jobs = Jobs::new(JobsContext {
        store: store.clone(),
        clock: Clock::system(),
        cameras: find_cameras(running),
        retention: retention(&config.retention),
        backup: backup_plan(config, store)?,
        enabled: config.jobs.enabled,
        host: host_name(),
        publisher,
        tasks: tasks.clone(),
        stop: stop.clone(),
    });
    jobs.start().await.context("the scheduler")?;
    Ok(jobs)
}

/// How long rows of each table are kept.
fn retention(days: &config::Retention) -> BTreeMap<Aging, u32> {
    BTreeMap::from([
        (Aging::Visit, days.visit_days),
        (Aging::LineCrossing, days.line_crossing_days),
        (Aging::ZoneStay, days.zone_stay_days),
        (Aging::Occupancy, days.occupancy_days),
        (Aging::Heat, days.heat_days),
        (Aging::VoiceActivity, days.voice_activity_days),
        (Aging::Audit, days.audit_days),
    ])
}

/// Of a database that is a file, and unless none are wanted.
fn backup_plan(config: &Config, store: &Store) -> Result<Option<(BackupPlan, Daily)>> {
    let keep = usize::try_from(config.backup.keep)?;
    if keep == 0 || store.file().is_none() {
        return Ok(None);
    }
    let at = config.backup.at.parse().map_err(anyhow::Error::msg)?;
    let daily = Daily::at(at, &machine_zone()).context("this machine's time zone")?;
    Ok(Some((BackupPlan { folder: config.backup.folder(&config.data_dir), keep }, daily)))
}

fn find_cameras(running: &Cameras) -> FindCameras {
    let running = running.clone();
    Arc::new(move || {
        let place = |camera: &Camera| (camera.tenant, camera.branch, camera.id.clone(), camera.enabled);
        running.list_all().iter().map(|handle| place(&handle.camera())).collect()
    })
}

fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname");
    name.map_or_else(|_| "unknown".to_owned(), |name| name.trim().to_owned())
}

/// What detectors use unless their description says otherwise.
pub fn detector_settings(config: &Config) -> DetectorSettings {
    DetectorSettings {
        model: Some(config.detector.model.clone()),
        device: Some(config.detector.device.clone()),
        threads: Some(u32::from(config.detector.threads)),
        runtime: config.detector.runtime.clone(),
        assets_dir: Some(config.assets_dir.clone()),
        models_dir: config.models_dir.clone(),
    }
}

/// How models are loaded that no camera's pipeline loads.
///
/// # Errors
/// When the device of `config` is none.
pub fn load_options(config: &Config, threads: usize) -> Result<LoadOptions> {
    Ok(LoadOptions {
        assets: Assets::new(&config.assets_dir),
        runtime: config.detector.runtime.clone(),
        device: config.detector.device.parse()?,
        threads,
    })
}
