//! The branches, cameras and pipelines that every test's server has.

use std::path::Path;
use std::sync::{Arc, Mutex};

use atalaya::api::Reassigned;
use atalaya::camera::Cameras;
use atalaya::clock::Clock;
use atalaya::config::Config;
use atalaya::domain::{Branch, Camera, CameraId, Frame, ParamValue, TenantId};
use atalaya::gateway::Gateway;
use atalaya::still::Analysers;
use atalaya::store::Store;
use atalaya::totem::{Anonymous, Registry, TotemContext, Totems};
use atalaya::voice::Ears;
use gstvision::engine::{Catalog, LoadOptions};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::world::{NOON, branch, tenant};

/// A description that needs no model and hides a secret.
const PLAIN: &str = r#"
name = "plain"
description = "A moving ball"
kind = "live"
launch = '''
videotestsrc name=source is-live=true pattern=ball
  ! video/x-raw,format=I420,width=320,height=240,framerate=30/1
  ! progressreport name=text silent=true update-freq=3600
  ! tee name=views
views. ! appsink name=records sync=false
'''
[parameters.pattern]
type = "choice"
choices = ["ball", "smpte"]
default = "ball"
description = "What it shows"
target = "source.pattern"
[parameters.speed]
type = "int"
min = 1
max = 10
description = "Horizontal speed of the picture"
target = "source.horizontal-speed"
[parameters.password]
type = "string"
secret = true
description = "Something that nobody may see"
target = "text.format"
"#;

/// Whose sectors the server said to have changed; no user: of all of the tenant.
pub(crate) type Noted = Arc<Mutex<Vec<(TenantId, Option<String>)>>>;

pub(crate) fn note_reassigned(noted: &Noted) -> Reassigned {
    let noted = noted.clone();
    Arc::new(move |tenant, user| noted.lock().unwrap().push((tenant, user.map(str::to_owned))))
}

/// A pipeline that plays what is published to its camera, and looks for nobody on it.
const PUSHED: &str = r"
name = 'pushed'
description = 'What somebody sends'
kind = 'live'
launch = '''
appsrc name=published is-live=true do-timestamp=true format=time max-bytes=4000000
  ! decodebin ! videoconvert ! video/x-raw,format=I420
  ! tee name=views
views. ! appsink name=records sync=false
'''
";

pub(crate) fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("plain.toml"), PLAIN).unwrap();
    std::fs::write(folder.path().join("pushed.toml"), PUSHED).unwrap();
    std::fs::create_dir(folder.path().join("media")).unwrap();
    folder
}

pub(crate) async fn put_cameras(store: &Store, cameras: Cameras) -> Cameras {
    for (tenant, branch, id) in [(1, 1, "hall"), (1, 2, "bar"), (1, 1, "fixed"), (2, 1, "theirs")] {
        let camera = camera(tenant, branch, id);
        store.put_camera(camera.tenant, &camera).await.unwrap();
        cameras.put(camera);
    }
    cameras
}

pub(crate) async fn open_store(url: Option<&str>, folder: &Path) -> Store {
    let store = Store::open(url, folder).await.unwrap();
    store.migrate().await.unwrap();
    for (of, id, name, zone) in
        [(1, 1, "Centro", "Europe/Madrid"), (1, 2, "Playa", "Atlantic/Canary"), (2, 1, "Ajena", "UTC")]
    {
        let branch = Branch { id: branch(id), tenant: tenant(of), name: name.into(), time_zone: zone.into() };
        store.put_branch(branch.tenant, &branch, None, NOON).await.unwrap();
    }
    store
}

fn camera(of: i64, in_branch: i64, id: &str) -> Camera {
    Camera {
        id: CameraId::new(id).unwrap(),
        tenant: tenant(of),
        branch: branch(in_branch),
        sector: None,
        name: id.to_uppercase(),
        pipeline: "plain".into(),
        parameters: [("password".to_owned(), ParamValue::Text("hunter2".into()))].into(),
        lines: Vec::new(),
        zones: Vec::new(),
        enabled: true,
    }
}

/// What is done with pictures and sounds that somebody sends.
pub(crate) struct Sent {
    pub(crate) analysers: Analysers,
    pub(crate) ears: Ears,
    records: mpsc::Sender<Arc<Frame>>,
}

/// With the standard models.
pub(crate) fn sent(options: LoadOptions, records: mpsc::Sender<Arc<Frame>>) -> (Arc<Catalog>, Sent) {
    let models = Arc::new(Catalog::open(None).unwrap());
    let analysers = Analysers::new(models.clone(), &Config::default().detector.model, options.clone());
    let ears = Ears::new(models.clone(), options);
    (models, Sent { analysers, ears, records })
}

impl Sent {
    pub(crate) fn totems(
        &self,
        (store, gateway, clock): (&Store, &Gateway, &Clock),
        (tasks, stop): (&TaskTracker, &CancellationToken),
    ) -> Totems {
        Totems::new(TotemContext {
            store: store.clone(),
            clock: clock.clone(),
            registry: Registry::new(|_, _| false),
            max_totems: 32,
            gateway: gateway.clone(),
            analysers: self.analysers.clone(),
            ears: self.ears.clone(),
            anonymous: Anonymous::default(),
            records: self.records.clone(),
            tasks: tasks.clone(),
            stop: stop.clone(),
        })
    }
}
