//! What the handlers work on, and the few things that several of them do with it.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use gstvision::engine;
use gstvision::person::Language;
use tokio::sync::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};

use super::analyses::Analyses;
use super::discover::Searches;
use super::edit::Rules;
use super::error::ApiError;
use super::rate::{Rate, Rates};
use super::request::Answer;
use super::session::LoginTries;
use crate::auth::{Keys, LoginLinks, Revocations};
use crate::camera::{CameraHandle, Cameras};
use crate::clock::Clock;
use crate::domain::{
    BranchId, Camera, CameraId, LiveFigures, ParamValue, RecorderFigures, TenantId, Timestamp, Visit,
};
use crate::gateway::Gateway;
use crate::jobs::Jobs;
use crate::still::Analysers;
use crate::store::{Store, StoreError};
use crate::totem::Totems;
use crate::viewer::{ViewerError, Viewers};
use crate::voice::Ears;
use crate::wire::{self, ManagedBy, ZoneClock};

/// A file on a share that is gone may be waited for without an end; other changes wait with it no longer than this.
const FILES_TIMEOUT: Duration = Duration::from_secs(5);

/// Says what a camera's lines and zones say now.
pub type Live = Arc<dyn Fn(TenantId, &CameraId) -> LiveFigures + Send + Sync>;

/// Takes a visit that somebody else has seen.
pub type TellVisit = Arc<dyn Fn(Visit) + Send + Sync>;

/// Told that a user of a tenant, or any of them, may serve other sectors than before.
pub type Reassigned = Arc<dyn Fn(TenantId, Option<&str>) + Send + Sync>;

/// What the configuration file names: the API shows it and does not change it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fixed {
    pub cameras: BTreeSet<(TenantId, CameraId)>,
    pub branches: BTreeSet<(TenantId, BranchId)>,
}

/// The rooms that the API opens to the world.
#[derive(Clone)]
pub struct Services {
    pub store: Store,
    pub cameras: Cameras,
    pub viewers: Viewers,
    /// Standard models and those of `models_dir`.
    pub models: Arc<engine::Catalog>,
    /// What looks at single pictures.
    pub analysers: Analysers,
    /// `viewer.language`: of the labels on annotated pictures.
    pub language: Language,
    /// What listens to sounds.
    pub ears: Ears,
    pub keys: Keys,
    pub revocations: Revocations,
    pub gateway: Gateway,
    /// Those on `/ws`.
    pub totems: Totems,
    pub clock: Clock,
    /// Scheduled work.
    pub jobs: Jobs,
    /// How the recorder does.
    pub recorder: Arc<dyn Fn() -> RecorderFigures + Send + Sync>,
    /// What a camera's lines and zones say now.
    pub live: Live,
    pub tell_visit: TellVisit,
    pub reassigned: Reassigned,
    /// Held by whoever changes cameras or branches, first in the store and then in what runs.
    pub turn: Arc<Mutex<()>>,
    /// What stands in the configuration file now.
    pub fixed: watch::Receiver<Arc<Fixed>>,
    /// `server.media_dir`.
    pub media_dir: Option<PathBuf>,
    /// `server.max_body_bytes`.
    pub max_body_bytes: u64,
    /// `server.requests_per_second` and `server.request_burst`.
    pub rate: Rate,
    /// `server.cors_origins`.
    pub cors_origins: Vec<String>,
    /// `gateway.allowed_origins`.
    pub socket_origins: Vec<String>,
    /// `gateway.connects_per_second_per_ip`.
    pub connect_rate: Rate,
    /// Cancelled: streams end, requests under way are answered, no new ones are taken.
    pub stop: CancellationToken,
}

/// [`Services`] and what the API keeps of its own; cheap to clone.
#[derive(Clone)]
pub(super) struct State(Arc<Inner>);

pub(super) struct Inner {
    services: Services,
    pub(super) links: LoginLinks,
    pub(super) login_tries: LoginTries,
    pub(super) started: Timestamp,
    pub(super) analyses: Analyses,
    /// Heatmaps and people over time, which take their turns by the same rules and keep no analysis waiting.
    pub(super) drawings: Analyses,
    /// Files on their way, by the same rules.
    pub(super) exports: Analyses,
    pub(super) searches: Searches,
    /// New connections to the gateway.
    pub(super) connects: Rates,
    /// Changes under way.
    pub(super) tasks: TaskTracker,
}

impl Deref for State {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Deref for Inner {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.services
    }
}

impl State {
    pub(super) fn new(services: Services) -> Self {
        Self(Arc::new(Inner {
            links: LoginLinks::new(services.keys.clone(), services.clock.clone()),
            connects: Rates::new(services.connect_rate),
            login_tries: LoginTries::new(services.clock.clone()),
            started: services.clock.now(),
            analyses: Analyses::new(),
            drawings: Analyses::new(),
            exports: Analyses::new(),
            searches: Searches::new(services.clock.clone()),
            tasks: TaskTracker::new(),
            services,
        }))
    }

    /// Makes a change of a camera's description: one at a time, as each reads, decides and writes, first to the store
    /// and then to what runs; and to its end, even if the client hangs up, as these two must not differ.
    pub(super) async fn change<T: Send + 'static>(
        self,
        change: impl Future<Output = Answer<T>> + Send + 'static,
    ) -> Answer<T> {
        let tasks = self.tasks.clone();
        let in_turn = async move {
            let _turn = self.turn.lock().await;
            change.await
        };
        tasks.spawn(in_turn.in_current_span()).await.unwrap_or_else(|error| Err(ApiError::internal(error)))
    }

    /// Runs what touches the file system where it holds up nothing else.
    pub(super) async fn off_the_runtime<T: Send + 'static>(
        &self,
        work: impl FnOnce(Rules<'_>) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let state = self.clone();
        let span = Span::current();
        let done = tokio::task::spawn_blocking(move || {
            let _span = span.entered();
            work(Rules { catalog: state.cameras.catalog(), media_dir: state.media_dir.as_deref() })
        });
        match tokio::time::timeout(FILES_TIMEOUT, done).await {
            Ok(done) => done.unwrap_or_else(|error| Err(ApiError::internal(error))),
            Err(_) => Err(ApiError::Unavailable("the files do not answer; try again".into())),
        }
    }

    /// A camera as everybody who sees it may see it.
    pub(super) fn show(&self, handle: &CameraHandle) -> wire::Camera {
        let camera = handle.camera();
        wire::Camera::new(&camera, &self.shown(&camera), self.managed_by(&camera), self.status(handle))
    }

    /// Times of a camera are UTC: they must be told when the store, which knows the zones, is away.
    pub(super) fn status(&self, handle: &CameraHandle) -> wire::CameraStatus {
        let camera = handle.camera();
        let viewers = self.viewers.count(camera.tenant, &camera.id);
        let live = (self.live)(camera.tenant, &camera.id);
        wire::CameraStatus::new(&handle.state().borrow(), handle.status(), viewers, &ZoneClock::utc())
            .with_shapes(&camera, &live)
    }

    /// The description of a camera that the API may change.
    pub(super) fn changeable(&self, handle: &CameraHandle) -> Answer<Arc<Camera>> {
        let camera = handle.camera();
        match self.managed_by(&camera) {
            ManagedBy::Api => Ok(camera),
            ManagedBy::File => Err(ApiError::Conflict(format!(
                "camera \"{}\" stands in the configuration file and is changed there",
                camera.id
            ))),
        }
    }

    fn managed_by(&self, camera: &Camera) -> ManagedBy {
        match self.fixed.borrow().cameras.contains(&(camera.tenant, camera.id.clone())) {
            true => ManagedBy::File,
            false => ManagedBy::Api,
        }
    }

    /// A camera's parameters without their secrets; of a pipeline that is no more, nothing is known to be harmless.
    fn shown(&self, camera: &Camera) -> BTreeMap<String, ParamValue> {
        match self.cameras.catalog().get(&camera.pipeline) {
            Ok(description) => description.shown(&camera.parameters),
            Err(_) => {
                let hide = |name: &String| (name.clone(), ParamValue::Text(super::parameters::MASK.into()));
                camera.parameters.keys().map(hide).collect()
            }
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(_) => Self::Conflict(error.to_string()),
            StoreError::Cursor(_) => Self::invalid("cursor", error),
            _ if error.is_away() => {
                tracing::warn!(%error, "the store does not answer");
                Self::Unavailable("the database does not answer; try again".into())
            }
            other => Self::internal(other),
        }
    }
}

impl From<ViewerError> for ApiError {
    fn from(error: ViewerError) -> Self {
        let detail = error.to_string();
        match error {
            ViewerError::Offer(_) | ViewerError::Fragment(_) => Self::Unreadable { field: None, detail },
            ViewerError::NoH264 | ViewerError::NoVideo | ViewerError::IceRestart => Self::Unfit(detail),
            ViewerError::NoSession => Self::NotFound(detail),
            ViewerError::Full { .. }
            | ViewerError::Busy { .. }
            | ViewerError::NoPicture { .. }
            | ViewerError::NoEncoder { .. }
            | ViewerError::Stopping => Self::Unavailable(detail),
            other @ ViewerError::Listen { .. } => Self::internal(other),
        }
    }
}
