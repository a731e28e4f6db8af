//! Restarting a camera for ever must not fill the process: nothing else runs in this one, so it can be counted.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;
#[path = "common/simulated.rs"]
mod simulated;

use atalaya::camera::Overlay;
use atalaya::domain::{CameraState, ParamValue};
use common::{World, camera, is_running, undetected, until, within_deadline};
use simulated::SimulatedCamera;

/// Restarts before counting: pools and caches are filled by then.
const WARM_UP: usize = 3;
const RESTARTS: usize = 6;

/// Open files and threads of this process.
fn held() -> (usize, usize) {
    let count = |folder| std::fs::read_dir(folder).unwrap().count();
    (count("/proc/self/fd"), count("/proc/self/task"))
}

#[tokio::test]
async fn many_restarts_leave_nothing_behind() {
    let folder = undetected();
    let world = World::new(Some(folder.path()));
    let simulated = SimulatedCamera::start(&[]).await;
    let location = ParamValue::Text(simulated.url.clone());
    let handle = world.cameras.put(camera("door", "rtsp", &[("location", location)]));
    let demand = handle.demand(Overlay::Drawn);
    let mut pictures = demand.pictures();
    let mut cold = (0, 0);
    for restart in 0..WARM_UP + RESTARTS {
        until(&handle, "running", is_running).await;
        within_deadline("a picture", pictures.changed()).await.unwrap();
        handle.stop();
        until(&handle, "stopped", |state| *state == CameraState::Stopped).await;
        if restart + 1 == WARM_UP {
            cold = held();
        }
        handle.start();
    }
    until(&handle, "running", is_running).await;
    handle.stop();
    until(&handle, "stopped", |state| *state == CameraState::Stopped).await;
    let (files, threads) = held();
    assert!(files <= cold.0 + 2, "{} open files became {files} in {RESTARTS} restarts", cold.0);
    assert!(threads <= cold.1 + 4, "{} threads became {threads} in {RESTARTS} restarts", cold.1);
    world.end().await;
}
