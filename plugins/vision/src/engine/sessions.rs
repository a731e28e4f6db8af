//! The sessions of one network, shared by all who use it.
//!
//! ONNX Runtime's sessions must not run twice at once through this binding (`Session::run` takes `&mut self`), so a
//! network used by several cameras is a small [`Pool`]: it starts with one session, grows by one when its users have
//! had to wait for long and a core is left, and serves those who wait in the order they came. The first session costs
//! some 60 MB and each further one 35 to 65 (in whole numbers 24), so one camera costs one, cameras that leave it time to rest share it,
//! and ten busy cameras on four cores cost four.

use std::collections::HashMap;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, Weak};
use std::time::Duration;

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;

use super::assets::Assets;
use super::error::EngineError;
use super::manifest::Manifest;
use super::pool::{Lease, Pool};
use super::runtime::Device;
use crate::sync::lock;

/// Networks by what makes their sessions equal. The lock is only held to look one up, never while one is loaded.
static NETWORKS: LazyLock<Mutex<HashMap<Key, Arc<Place>>>> = LazyLock::new(Mutex::default);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    sha256: String,
    /// Another path must fail or be loaded, not be ignored.
    runtime: PathBuf,
    threads: usize,
    device: Device,
    is_named: bool,
    /// What it was checked by: another check must be made, not be believed.
    check: Option<String>,
}

/// Where a network is, or will be.
#[derive(Default)]
struct Place {
    /// Held while it is loaded and checked, so that two cameras that start at once do so once.
    loading: Mutex<()>,
    network: Mutex<Weak<Network>>,
}

/// How a session is made.
pub(super) struct Recipe {
    pub(super) manifest: Manifest,
    pub(super) assets: Assets,
    /// The runtime library.
    pub(super) runtime: PathBuf,
    /// Chosen, not [`Device::Auto`].
    pub(super) device: Device,
    /// Whether that was asked for by its name, so that no part of the network may run elsewhere.
    pub(super) is_named: bool,
    /// Threads that one run may use.
    pub(super) threads: usize,
}

/// A network in memory, and how fast it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// Name of its manifest.
    pub model: String,
    /// Where it runs; never [`Device::Auto`].
    pub device: Device,
    /// Sessions that exist for it.
    pub sessions: usize,
    /// Inferences since it was loaded.
    pub inferences: u64,
    /// Mean time of one inference since it was loaded; `None` until there was one.
    pub inference_ms: Option<f64>,
}

/// Inferences that ended well.
#[derive(Default)]
struct Runs {
    count: u64,
    time: Duration,
}

/// One network with its sessions.
pub(super) struct Network {
    model: String,
    device: Device,
    runs: Mutex<Runs>,
    sessions: Pool<Session>,
}

/// The network for `recipe`; an equal one that is in memory is shared. Nobody is given one that `check` refused.
///
/// # Errors
/// When the weights or the runtime are missing or wrong, or the runtime or `check` does not take the network.
pub(super) fn share(
    recipe: Recipe,
    check: impl FnOnce(&Arc<Network>) -> Result<(), EngineError>,
) -> Result<Arc<Network>, EngineError> {
    let key = recipe.key();
    let place = {
        let mut networks = lock(&NETWORKS);
        networks.retain(|_, place| Arc::strong_count(place) > 1 || place.network().is_some());
        networks.entry(key).or_default().clone()
    };
    let _loading = lock(&place.loading);
    if let Some(network) = place.network() {
        return Ok(network);
    }
    let network = Arc::new(Network::load(recipe)?);
    check(&network)?;
    *lock(&place.network) = Arc::downgrade(&network);
    Ok(network)
}

/// Every network that is in memory now.
pub fn loaded() -> Vec<Loaded> {
    let networks: Vec<_> = lock(&NETWORKS).values().filter_map(|place| place.network()).collect();
    networks.iter().map(|network| network.describe()).collect()
}

impl Place {
    fn network(&self) -> Option<Arc<Network>> {
        lock(&self.network).upgrade()
    }
}

impl Network {
    fn load(recipe: Recipe) -> Result<Self, EngineError> {
        // The weights first: on a machine without a set-up both are missing, and the model is what was asked for.
        let weights = recipe.assets.read(&recipe.manifest)?;
        let environment = super::runtime::environment(&recipe.runtime)?;
        let first = recipe.build(&environment, &weights)?;
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let limit = (cores / recipe.threads).max(1);
        let (model, device) = (recipe.manifest.name.clone(), recipe.device);
        // One more is checked like the first; none when the file has gone or changed meanwhile.
        let make = move || {
            let weights = recipe.assets.read(&recipe.manifest).ok()?;
            recipe.build(&environment, &weights).ok()
        };
        Ok(Self { model, device, runs: Mutex::default(), sessions: Pool::new(first, limit, make) })
    }

    /// Where it runs; never [`Device::Auto`].
    pub(super) fn device(&self) -> Device {
        self.device
    }

    /// Waits for a session; first come, first served.
    pub(super) fn lease(&self) -> Lease<'_, Session> {
        self.sessions.lease()
    }

    /// A session that is idle now.
    pub(super) fn try_lease(&self) -> Option<Lease<'_, Session>> {
        self.sessions.try_lease()
    }

    /// How many sessions there are.
    pub(super) fn sessions(&self) -> usize {
        self.sessions.size()
    }

    /// Counts an inference that ended well.
    pub(super) fn count(&self, took: Duration) {
        let mut runs = lock(&self.runs);
        runs.count += 1;
        runs.time += took;
    }

    fn describe(&self) -> Loaded {
        let runs = lock(&self.runs);
        let mean = runs.time.as_secs_f64() * 1000.0 / runs.count as f64;
        Loaded {
            model: self.model.clone(),
            device: self.device,
            sessions: self.sessions(),
            inferences: runs.count,
            inference_ms: (runs.count > 0).then_some(mean),
        }
    }
}

impl Recipe {
    fn key(&self) -> Key {
        let Manifest { sha256, check, input, .. } = &self.manifest;
        Key {
            sha256: sha256.clone(),
            runtime: self.runtime.clone(),
            threads: self.threads,
            device: self.device,
            is_named: self.is_named,
            // The input says how the test picture is drawn.
            check: check.as_ref().map(|check| format!("{check:?} {input:?}")),
        }
    }

    /// What a failure means: to a device that is not the CPU there is another, whatever it failed at.
    fn refused(&self, reason: String) -> EngineError {
        let model = self.manifest.name.clone();
        match self.device {
            Device::Auto | Device::Cpu => {
                EngineError::Refused { model, path: self.assets.weights(&self.manifest), reason }
            }
            device => EngineError::UnusableDevice { model, name: device.name(), reason },
        }
    }

    fn build(&self, environment: &Environment, weights: &[u8]) -> Result<Session, EngineError> {
        // Threads that spin between two runs would take the core from the decoders of other cameras.
        let builder = Session::builder(environment).map_err(|error| self.refused(error.to_string()))?;
        let builder = builder
            .with_optimization_level(GraphOptimizationLevel::Level3)
            .map_err(|error| self.refused(error.to_string()))?;
        let builder =
            builder.with_intra_threads(self.threads).map_err(|error| self.refused(error.to_string()))?;
        let builder =
            builder.with_intra_op_spinning(false).map_err(|error| self.refused(error.to_string()))?;
        // A pattern reserves room for all activations at once; without it a session takes half of that room and
        // is no slower. What else saves memory costs speed, measured on nanodet: without the arena a session is 5 to
        // 15 MB smaller but 3 to 20 % slower, without the change of layout 8 to 15 MB smaller but 20 % slower; packed
        // weights that sessions share save nothing that can be measured.
        let mut builder =
            builder.with_memory_pattern(false).map_err(|error| self.refused(error.to_string()))?;
        if let Some(provider) = self.device.registration() {
            builder = builder
                .with_execution_providers([provider])
                .map_err(|error| self.refused(error.to_string()))?;
        }
        if self.is_named && self.device.is_gpu() {
            // What the GPU does not know would run on the CPU, and nobody would be told.
            builder = builder.with_disable_cpu_fallback().map_err(|error| self.refused(error.to_string()))?;
        }
        builder.commit_from_memory(weights).map_err(|error| self.refused(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_on_another_device_than_the_cpu_is_that_device() {
        let manifest = Manifest::parse(include_str!("../../tests/models/blob.toml"), "blob.toml").unwrap();
        let failure = |device| {
            let recipe = Recipe {
                manifest: manifest.clone(),
                assets: Assets::new("/nowhere"),
                runtime: PathBuf::new(),
                device,
                is_named: false,
                threads: 1,
            };
            recipe.refused("no memory".to_owned())
        };
        assert!(matches!(failure(Device::Cpu), EngineError::Refused { .. }));
        for device in [Device::Cuda, Device::TensorRt, Device::OpenVino] {
            assert!(matches!(failure(device), EngineError::UnusableDevice { .. }));
        }
    }
}
