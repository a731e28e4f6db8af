//! What several tests share: cameras in a process of the test, and waiting with a deadline.
#![allow(dead_code, reason = "each test uses its part of these")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use atalaya::camera::{CameraContext, CameraHandle, Cameras, Catalog, DetectorSettings};
use atalaya::clock::Clock;
use atalaya::domain::{
    BranchId, Camera, CameraId, CameraState, Frame, Occurrence, ParamValue, Publisher, TenantId,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Longest wait for anything that a test waits for, on a machine that is busy with other tests.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// Awaits `future`, or fails the test by name after [`DEADLINE`].
pub(crate) async fn within_deadline<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.unwrap_or_else(|_| panic!("{what}: not within {DEADLINE:?}"))
}

/// Cameras with the pipelines of a test's own folder, and what they hand to the recorder.
pub(crate) struct World {
    pub(crate) cameras: Cameras,
    pub(crate) records: mpsc::Receiver<Arc<Frame>>,
    /// What the cameras told.
    pub(crate) told: mpsc::UnboundedReceiver<Occurrence>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

impl World {
    pub(crate) fn new(pipelines: Option<&Path>) -> Self {
        let (sender, records) = mpsc::channel(64);
        let (teller, told) = mpsc::unbounded_channel();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let catalog = Catalog::load(pipelines).expect("the pipelines should load");
        let cameras = Cameras::new(CameraContext {
            clock: Clock::system(),
            catalog: Arc::new(catalog),
            language: "en".into(),
            detector: DetectorSettings::default(),
            records: sender,
            publisher: Publisher::new(move |occurrence| drop(teller.send(occurrence))),
            tasks: tasks.clone(),
            stop: stop.clone(),
        });
        Self { cameras, records, told, stop, tasks }
    }

    /// Stops everything and waits for it.
    pub(crate) async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        within_deadline("end of all cameras", self.tasks.wait()).await;
    }
}

/// A camera of tenant 1 with the given parameters.
pub(crate) fn camera(id: &str, pipeline: &str, parameters: &[(&str, ParamValue)]) -> Camera {
    Camera {
        id: CameraId::new(id).unwrap(),
        tenant: TenantId::default(),
        branch: BranchId::default(),
        sector: None,
        name: id.to_owned(),
        pipeline: pipeline.to_owned(),
        parameters: parameters
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect::<BTreeMap<_, _>>(),
        lines: Vec::new(),
        zones: Vec::new(),
        enabled: true,
    }
}

/// Waits until the camera's state fits.
pub(crate) async fn until(
    handle: &CameraHandle,
    what: &str,
    fits: impl Fn(&CameraState) -> bool,
) -> CameraState {
    let mut state = handle.state();
    let waiting = state.wait_for(|state| fits(state));
    match tokio::time::timeout(DEADLINE, waiting).await {
        Ok(state) => state.expect("a camera's state should outlive its handles").clone(),
        Err(_) => panic!("{what}: still {:?} after {DEADLINE:?}", *handle.state().borrow()),
    }
}

pub(crate) fn is_running(state: &CameraState) -> bool {
    matches!(state, CameraState::Running { .. })
}

/// A folder with the standard pipelines without the elements of ours, so that a test
/// needs neither model nor patience.
pub(crate) fn undetected() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("rtsp.toml", include_str!("../../pipelines/rtsp.toml")),
        ("file.toml", include_str!("../../pipelines/file.toml")),
        ("usb.toml", include_str!("../../pipelines/usb.toml")),
    ] {
        let (launch, _) = text.split_once("[parameters.inference-interval]").unwrap();
        let kept: Vec<_> = launch.lines().filter(|line| !line.contains("! vision")).collect();
        assert!(kept.len() + 5 == launch.lines().count(), "{file} should have five elements of ours");
        std::fs::write(folder.path().join(file), kept.join("\n")).unwrap();
    }
    folder
}
