//! How long a camera is away after it is back: killed and hung in turn, with the memory this process holds.
//!
//! `cargo bench --bench recovery [ROUNDS]` prints what docs/performance.md quotes.
#![allow(clippy::unwrap_used, reason = "a measurement may stop at once")]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/common/simulated.rs"]
mod simulated;

use std::time::{Duration, Instant};

use atalaya::camera::{CameraHandle, Overlay};
use atalaya::domain::{CameraState, ParamValue};
use common::{World, camera, is_running, until, within_deadline};
use simulated::SimulatedCamera;

const ROUNDS: usize = 20;

#[expect(clippy::print_stdout, reason = "the figures are what it is for")]
fn main() {
    let rounds = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (killed, hung, memory) = runtime.block_on(measure(rounds));
    for (what, mut times) in [("killed", killed), ("hung", hung)] {
        times.sort_unstable();
        let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
        println!(
            "{what} and back {rounds} times: running again after {median:?} (median), {worst:?} (worst)"
        );
    }
    println!("resident memory after each fifth round: {memory:?} KiB");
}

async fn measure(rounds: usize) -> (Vec<Duration>, Vec<Duration>, Vec<u64>) {
    let world = World::new(None);
    let mut simulated = SimulatedCamera::start(&[]).await;
    let location = ParamValue::Text(simulated.url.clone());
    let handle = world.cameras.put(camera("door", "rtsp", &[("location", location)]));
    let _demand = handle.demand(Overlay::Drawn);
    until(&handle, "running", is_running).await;
    let (mut killed, mut hung, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds {
        let url = simulated.kill().await;
        lost(&handle).await;
        simulated = SimulatedCamera::start_at(&url, &[]).await;
        killed.push(back(&handle).await);
        simulated.hang();
        lost(&handle).await;
        simulated.wake();
        hung.push(back(&handle).await);
        if round % 5 == 4 {
            memory.push(resident_kib());
        }
    }
    within_deadline("the end", world.end()).await;
    (killed, hung, memory)
}

async fn lost(handle: &CameraHandle) {
    until(handle, "lost", |state| matches!(state, CameraState::Lost { .. })).await;
}

async fn back(handle: &CameraHandle) -> Duration {
    let start = Instant::now();
    until(handle, "running again", is_running).await;
    start.elapsed()
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
