//! A whole server in the test's process.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atalaya::api::{Api, Fixed, Limits, Rate, Services};
use atalaya::auth::{Caller, Cleared, Keys, Revocations, TableKeys, Ttl};
use atalaya::camera::{CameraContext, Cameras, Catalog, DetectorSettings};
use atalaya::clock::Clock;
use atalaya::config::{Config, Secret};
use atalaya::domain::{
    BranchId, Camera, CameraId, CameraState, Frame, LiveFigures, Publisher, RecorderFigures, Role, TenantId,
    TimeOfDay, Timestamp,
};
use atalaya::gateway::{Doorman, Gateway, GatewayContext, Sectors, Settings};
use atalaya::jobs::{BackupPlan, Daily, Jobs, JobsContext};
use atalaya::store::{Aging, Store};
use atalaya::viewer::Viewers;
use gstvision::engine::{Assets, Device, LoadOptions};
use gstvision::person::Language;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::places::{self, Noted, folder, note_reassigned, open_store, put_cameras};
use crate::postgres::Cluster;

/// Longest wait for anything.
const DEADLINE: Duration = Duration::from_secs(30);

/// 2026-05-04T10:00:00Z, at noon in Madrid: the clock of tokens and shifts stands here.
pub(crate) const NOON: Timestamp = Timestamp::from_millis(1_777_888_800_000);

pub(crate) const SECRET: &str = "a secret of the tests, long enough to sign with";

type Live = Arc<Mutex<HashMap<(TenantId, CameraId), LiveFigures>>>;

/// A server with cameras `hall` (tenant 1, branch 1), `bar` (tenant 1, branch 2), `fixed` (tenant 1, branch 1, of the
/// configuration file) and `theirs` (tenant 2, branch 1).
pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) http: reqwest::Client,
    pub(crate) keys: Keys,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) cameras: Cameras,
    pub(crate) jobs: Jobs,
    /// What the recorder is to say of itself.
    pub(crate) recorder: Arc<Mutex<RecorderFigures>>,
    /// What it is to say of lines and zones.
    pub(crate) live: Live,
    /// Who was said to serve other sectors than before.
    pub(crate) reassigned: Noted,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// Ends when the server has.
    pub(crate) server: tokio::task::JoinHandle<()>,
    _records: mpsc::Receiver<Arc<Frame>>,
    /// `media` in it is `server.media_dir`.
    pub(crate) folder: tempfile::TempDir,
    cluster: Option<(Arc<Cluster>, String)>,
}

/// What a server bears.
#[derive(Clone, Copy)]
struct Bounds {
    limits: Limits,
    rate: Rate,
}

impl Default for Bounds {
    fn default() -> Self {
        // Tests ask faster than anybody; the limit has tests of its own.
        Self { limits: Limits::default(), rate: Rate { per_second: 100_000, burst: 100_000 } }
    }
}

fn recorder(figures: Arc<Mutex<RecorderFigures>>) -> Arc<dyn Fn() -> RecorderFigures + Send + Sync> {
    Arc::new(move || *figures.lock().unwrap())
}

/// Cameras of the folder's descriptions.
fn cameras(
    folder: &Path,
    records: mpsc::Sender<Arc<Frame>>,
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> Cameras {
    Cameras::new(CameraContext {
        clock: Clock::system(),
        catalog: Arc::new(Catalog::load(Some(folder)).unwrap()),
        language: "en".into(),
        detector: DetectorSettings::default(),
        records,
        publisher: Publisher::nobody(),
        tasks: tasks.clone(),
        stop: stop.clone(),
    })
}

/// Scheduled work that nobody wakes but the test.
fn jobs(
    store: &Store,
    clock: &Clock,
    cameras: &Cameras,
    folder: &Path,
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> Jobs {
    let at = TimeOfDay { hour: 3, minute: 30 };
    let plan = BackupPlan { folder: folder.join("backups"), keep: 2 };
    let cameras = cameras.clone();
    let place = |camera: &Camera| (camera.tenant, camera.branch, camera.id.clone(), camera.enabled);
    Jobs::new(JobsContext {
        store: store.clone(),
        clock: clock.clone(),
        cameras: Arc::new(move || cameras.list_all().iter().map(|handle| place(&handle.camera())).collect()),
        retention: [(Aging::Visit, 30)].into(),
        backup: store.file().map(|_| (plan, Daily::at(at, "Europe/Madrid").unwrap())),
        enabled: true,
        host: "testing".into(),
        publisher: Publisher::nobody(),
        tasks: tasks.clone(),
        stop: stop.clone(),
    })
}

/// The gateway, with nothing to look sectors up in.
fn gateway(
    keys: &Keys,
    revocations: &Revocations,
    clock: &Clock,
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> Gateway {
    let tables = TableKeys::new([].into(), Secret::new(SECRET.into()), clock.clone());
    Gateway::start(GatewayContext {
        settings: Settings::default(),
        clock: clock.clone(),
        doorman: Doorman { keys: keys.clone(), tables, revocations: revocations.clone() },
        find_sectors: Arc::new(|_, _| Box::pin(async { Sectors::All })),
        cleared: Cleared::default(),
        redis: None,
        tasks: tasks.clone(),
        stop: stop.clone(),
    })
    .unwrap()
}

fn config() -> Config {
    let mut config = Config::default();
    config.webrtc.listen = "127.0.0.1:0".parse().unwrap();
    config.webrtc.ice_servers = vec![toml::from_str("url = 'stun:stun.example.net'").unwrap()];
    config.viewer.encoders = vec!["x264enc".into()];
    config
}

fn teller(live: &Live) -> atalaya::api::Live {
    let live = live.clone();
    Arc::new(move |tenant, id| live.lock().unwrap().get(&(tenant, id.clone())).cloned().unwrap_or_default())
}

/// What stands in the configuration file.
fn fixed() -> watch::Receiver<Arc<Fixed>> {
    let cameras = BTreeSet::from([(tenant(1), CameraId::new("fixed").unwrap())]);
    watch::Sender::new(Arc::new(Fixed { cameras, branches: BTreeSet::from([(tenant(1), branch(2))]) }))
        .subscribe()
}

fn holders(store: &Store, clock: &Clock) -> (Keys, Revocations) {
    let keys = Keys::new(&Secret::new(SECRET.into()), clock.clone());
    (keys, Revocations::new(store.clone(), clock.clone()))
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn serve(services: Services, limits: Limits) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = Api::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    (address, tokio::spawn(Api::new(services).with_limits(limits).serve(listener)))
}

impl World {
    /// On an SQLite file.
    pub(crate) async fn start() -> Self {
        Self::start_with(None, Bounds::default(), Assets::locate()).await
    }

    /// With models and runtime of another place than the installed one.
    pub(crate) async fn with_assets(assets: Assets) -> Self {
        Self::start_with(None, Bounds::default(), assets).await
    }

    /// On a database of a real Postgres.
    pub(crate) async fn start_on_postgres() -> Self {
        Self::start_on(Cluster::shared()).await
    }

    pub(crate) async fn start_on(cluster: Arc<Cluster>) -> Self {
        let url = cluster.create_database();
        Self::start_with(Some((cluster, url)), Bounds::default(), Assets::locate()).await
    }

    /// Another server on the same database, which is a Postgres.
    pub(crate) async fn beside(&self) -> Self {
        Self::start_with(self.cluster.clone(), Bounds::default(), Assets::locate()).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        Self::start_with(None, Bounds { limits, ..Bounds::default() }, Assets::locate()).await
    }

    pub(crate) async fn with_rate(rate: Rate) -> Self {
        Self::start_with(None, Bounds { rate, ..Bounds::default() }, Assets::locate()).await
    }

    async fn start_with(cluster: Option<(Arc<Cluster>, String)>, bounds: Bounds, assets: Assets) -> Self {
        let (folder, noted) = (folder(), <(Live, Noted)>::default());
        let store = open_store(cluster.as_ref().map(|(_, url)| url.as_str()), folder.path()).await;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (records, received) = mpsc::channel(1024);
        let cameras = put_cameras(&store, cameras(folder.path(), records.clone(), (&tasks, &stop))).await;
        let (clock, figures) = (Clock::held_at(NOON), Arc::<Mutex<RecorderFigures>>::default());
        let (keys, revocations) = holders(&store, &clock);
        let jobs = jobs(&store, &clock, &cameras, folder.path(), (&tasks, &stop));
        let gateway = gateway(&keys, &revocations, &clock, (&tasks, &stop));
        let (models, sent) = places::sent(options(assets), records);
        let services = Services {
            jobs: jobs.clone(),
            store: store.clone(),
            cameras: cameras.clone(),
            viewers: Viewers::new(&config(), tasks.clone(), stop.clone()).unwrap(),
            analysers: sent.analysers.clone(),
            language: Language::Spanish,
            ears: sent.ears.clone(),
            models,
            keys: keys.clone(),
            revocations: revocations.clone(),
            totems: sent.totems((&store, &gateway, &clock), (&tasks, &stop)),
            gateway,
            clock: clock.clone(),
            recorder: recorder(figures.clone()),
            live: teller(&noted.0),
            tell_visit: Arc::new(drop),
            reassigned: note_reassigned(&noted.1),
            turn: Arc::default(),
            fixed: fixed(),
            media_dir: Some(folder.path().join("media")),
            max_body_bytes: 64 * 1024,
            rate: bounds.rate,
            socket_origins: Vec::new(),
            connect_rate: bounds.rate,
            cors_origins: vec!["https://panel.example.com".into()],
            stop: stop.clone(),
        };
        let (address, server) = serve(services, bounds.limits).await;
        Self {
            address,
            http: client(),
            keys,
            clock,
            store,
            cameras,
            jobs,
            recorder: figures,
            live: noted.0,
            reassigned: noted.1,
            stop,
            tasks,
            server,
            _records: received,
            folder,
            cluster,
        }
    }

    /// Of the Postgres that it is on.
    pub(crate) fn url_of_database(&self) -> Option<&str> {
        self.cluster.as_ref().map(|(_, url)| url.as_str())
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request without a token.
    pub(crate) fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path)).timeout(DEADLINE)
    }

    /// A request of tenant 1's admin.
    pub(crate) fn admin(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(self.token(&caller(1, &[], &[Role::Admin])))
    }

    /// A request of `caller`.
    pub(crate) fn by(&self, caller: &Caller, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(self.token(caller))
    }

    pub(crate) fn token(&self, caller: &Caller) -> String {
        self.keys.issue(caller, Ttl::from_secs(3600))
    }

    /// What tenant 1's admin gets.
    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        json(self.admin(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        json(self.admin(Method::POST, path).json(body)).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        json(self.admin(Method::PATCH, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        json(self.admin(Method::PUT, path).json(body)).await
    }

    /// Waits until a camera of `tenant` runs.
    pub(crate) async fn running(&self, of: i64, id: &str) {
        let handle = self.cameras.get(tenant(of), &CameraId::new(id).unwrap()).unwrap();
        let mut state = handle.state();
        let running = state.wait_for(|state| matches!(state, CameraState::Running { .. }));
        let in_time = tokio::time::timeout(DEADLINE, running).await;
        drop(
            in_time.unwrap_or_else(|_| panic!("{id} does not run: {:?}", *handle.state().borrow())).unwrap(),
        );
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Models of the installed assets, as cameras load them.
pub(crate) fn options(assets: Assets) -> LoadOptions {
    LoadOptions { assets, runtime: None, device: Device::Auto, threads: 1 }
}

pub(crate) fn tenant(id: i64) -> TenantId {
    TenantId::new(id).unwrap()
}

pub(crate) fn branch(id: i64) -> BranchId {
    BranchId::new(id).unwrap()
}

pub(crate) fn caller(of: i64, branches: &[i64], roles: &[Role]) -> Caller {
    Caller {
        subject: "test".into(),
        tenant: tenant(of),
        branches: branches.iter().map(|id| branch(*id)).collect(),
        sectors: BTreeSet::new(),
        roles: roles.iter().copied().collect(),
    }
}

/// Status and body; null when the body is no JSON.
pub(crate) async fn json(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    (status, response.json().await.unwrap_or(Value::Null))
}

/// A header of an answer as text; empty when it is not there.
pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Method and path of every documented route.
pub(crate) async fn documented(world: &World) -> Vec<(Method, String)> {
    let (_, document) = world.get("/api/v1/openapi.json").await;
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            routes.push((method.to_uppercase().parse().unwrap(), path.clone()));
        }
    }
    assert!(routes.len() > 30, "{routes:?}");
    routes
}
