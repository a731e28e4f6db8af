//! The server as a whole: the only file that knows every part.
//!
//! It builds them in the order in which they need each other and stops them in reverse: first no new requests,
//! then no more frames, then the last visits are written.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result};
use gstvision::engine::{Assets, LoadOptions};
use gstvision::person::Language;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::api::{Api, Services};
use crate::auth::{Branches, Caller, Keys, login_link, signing_secret};
use crate::camera::{CameraContext, Cameras, Catalog, DetectorSettings, start_gstreamer};
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::domain::{Branch, BranchId, Camera, CameraId, Role, SectorId, TenantId};
use crate::recorder::{Recorder, RecorderContext};
use crate::still::Analysers;
use crate::store::{Spool, Store};
use crate::viewer::Viewers;
use crate::voice::Ears;

/// Time for requests, viewers and pipelines to end. The recorder's last writes (2 s at most) and the store come after
/// it; together they stay below the 5 s after which a service manager may lose its patience.
const DRAIN: Duration = Duration::from_millis(2200);

/// Time for the database to close.
const CLOSE: Duration = Duration::from_millis(300);

/// A running server.
pub struct App {
    address: SocketAddr,
    keys: Keys,
    store: Store,
    /// Everything that takes requests or makes frames.
    fronts: TaskTracker,
    stop: CancellationToken,
    /// The recorder, which has to outlive the frames.
    backs: TaskTracker,
    stop_recorder: CancellationToken,
}

impl App {
    /// Starts the server of `config`, with `cameras` besides its own.
    ///
    /// # Errors
    /// When a part cannot start; the message says which and what to do.
    pub async fn start(config: &Config, cameras: Vec<Camera>) -> Result<Self> {
        // First, so that a port in use is known before anything else is touched.
        let listener = Api::bind(config.server.listen).await?;
        let address = listener.local_addr().context("the address of the HTTP port")?;
        start_gstreamer()?;
        let clock = Clock::system();
        let keys = Keys::new(&signing_secret(config)?, clock.clone());
        let store = open_store(config).await?;
        let spool = open_spool(config, &store).await?;
        let (stop, stop_recorder) = (CancellationToken::new(), CancellationToken::new());
        let (fronts, backs) = (TaskTracker::new(), TaskTracker::new());

        let known: Arc<OnceLock<Cameras>> = Arc::default();
        let recorder = Recorder::start(RecorderContext {
            store: store.clone(),
            spool,
            clock: clock.clone(),
            find_camera: Box::new({
                let known = known.clone();
                move |tenant, id| Some(known.get()?.get(tenant, id)?.camera())
            }),
            tasks: backs.clone(),
            stop: stop_recorder.clone(),
        });
        let running = Cameras::new(CameraContext {
            clock: clock.clone(),
            catalog: Arc::new(Catalog::load(config.pipelines_dir.as_deref())?),
            detector: detector_settings(config),
            language: config.viewer.language.clone(),
            records: recorder.frames(),
            tasks: fronts.clone(),
            stop: stop.clone(),
        });
        known.get_or_init(|| running.clone());
        let live = recorder.clone();
        let live = Arc::new(move |tenant, id: &CameraId| live.live(tenant, id));
        let recorder = Arc::new(move || recorder.figures());
        let viewers = Viewers::new(config, fronts.clone(), stop.clone())?;
        let file_cameras = start_cameras(config, &store, &running, cameras).await?;
        let models = Arc::new(gstvision::engine::Catalog::open(config.models_dir.as_deref())?);
        let options = load_options(config, config.detector.threads.into())?;

        let api = Api::new(Services {
            store: store.clone(),
            cameras: running,
            viewers,
            analysers: Analysers::new(models.clone(), &config.detector.model, options.clone()),
            language: Language::of(&config.viewer.language).unwrap_or_default(),
            ears: Ears::new(models.clone(), options),
            models,
            keys: keys.clone(),
            clock,
            recorder,
            live,
            file_cameras,
            media_dir: config.server.media_dir.clone(),
            max_body_bytes: config.server.max_body_bytes,
            stop: stop.clone(),
        });
        fronts.spawn(api.serve(listener));
        info!(address = %address, store = store.place(), "listening");
        Ok(Self { address, keys, store, fronts, stop, backs, stop_recorder })
    }

    /// Where HTTP listens.
    pub fn address(&self) -> SocketAddr {
        self.address
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
        login_link(&self.keys, &caller, self.address)
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

async fn open_store(config: &Config) -> Result<Store> {
    let url = config.database.url.as_ref().map(config::Secret::reveal);
    let store = Store::open(url, &config.data_dir).await?;
    store.migrate().await?;
    if config.branches.is_empty() && jiff::tz::TimeZone::system().iana_name().is_none() {
        warn!(
            "this machine's time zone has no name; branch 1 counts its shifts in UTC: describe it by [[branches]] or set TZ"
        );
    }
    for branch in &config.branches {
        let tenant = TenantId::new(branch.tenant)?;
        let branch = Branch {
            id: BranchId::new(branch.id)?,
            tenant,
            name: branch.name.clone(),
            time_zone: branch.time_zone.clone(),
        };
        store.put_branch(tenant, &branch).await?;
    }
    Ok(store)
}

async fn open_spool(config: &Config, store: &Store) -> Result<Spool> {
    let (folder, max_bytes) = (config.data_dir.clone(), config.recorder.spool_max_mib << 20);
    let place = store.place().to_owned();
    // What is left of a long outage takes a while to count.
    Ok(tokio::task::spawn_blocking(move || Spool::open(&folder, &place, max_bytes)).await??)
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

/// Starts the store's cameras, the file's and `more`; answers those that the API may not change.
async fn start_cameras(
    config: &Config,
    store: &Store,
    running: &Cameras,
    more: Vec<Camera>,
) -> Result<BTreeSet<(TenantId, CameraId)>> {
    let mut fixed = more;
    for camera in &config.cameras {
        fixed.push(camera_of(camera)?);
    }
    let keys: BTreeSet<_> = fixed.iter().map(|camera| (camera.tenant, camera.id.clone())).collect();
    for camera in store.all_cameras().await? {
        if keys.contains(&(camera.tenant, camera.id.clone())) {
            warn!(camera = %camera.id, "the camera of the config file takes the place of the stored one");
        } else {
            running.put(camera);
        }
    }
    for camera in fixed {
        running.put(camera);
    }
    Ok(keys)
}

fn camera_of(camera: &config::Camera) -> Result<Camera> {
    let (lines, zones) = camera.shapes();
    Ok(Camera {
        id: CameraId::new(&camera.id)?,
        tenant: TenantId::new(camera.tenant)?,
        branch: BranchId::new(camera.branch)?,
        sector: camera.sector.map(SectorId::new).transpose()?,
        name: camera.name.clone().unwrap_or_else(|| camera.id.clone()),
        pipeline: camera.pipeline.clone(),
        parameters: camera.parameters.iter().map(|(name, value)| (name.clone(), value.into())).collect(),
        lines,
        zones,
        enabled: camera.enabled,
    })
}
