//! A network that was loaded and fits its manifest, whatever its job: numbers in, numbers out.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use ort::session::SessionInputValue;
use ort::value::{DynValue, TensorRef};

use super::assets::Assets;
use super::decode::{self, Answer};
use super::error::EngineError;
use super::fit::{self, TensorInfo};
use super::manifest::Manifest;
use super::runtime::Device;
use super::sessions::{self, Recipe};

/// How a model is to be loaded.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    pub assets: Assets,
    /// ONNX Runtime's shared library; the one of the assets when `None`.
    pub runtime: Option<PathBuf>,
    pub device: Device,
    /// Threads that one inference may use; at least 1.
    pub threads: usize,
}

/// A loaded network. Several of them share their sessions when file, threads and device are the same.
pub struct Network {
    manifest: Manifest,
    device: Device,
    inputs: Vec<Slot>,
    /// All outputs of the network, in its order.
    outputs: Vec<TensorInfo>,
    /// Which of them the decoder reads, in the order it reads them.
    read: Vec<usize>,
    shared: Arc<sessions::Network>,
}

/// An input: what it is called and the shape it is fed with.
struct Slot {
    name: String,
    shape: Vec<i64>,
}

/// What one input is fed with.
#[derive(Debug, Clone, Copy)]
pub enum Feed<'a> {
    F32(&'a [f32]),
    I64(&'a [i64]),
}

impl Network {
    /// Loads the network of `manifest`.
    ///
    /// # Errors
    /// When the device is not available, the weights or the runtime are missing or wrong, or the network's inputs
    /// and outputs are not those of the manifest.
    pub fn load(manifest: &Manifest, options: &LoadOptions) -> Result<Self, EngineError> {
        let device = options.device.choose()?;
        let shared = sessions::share(Recipe {
            manifest: manifest.clone(),
            assets: options.assets.clone(),
            runtime: options.runtime.clone().unwrap_or_else(|| options.assets.runtime()),
            device,
            threads: options.threads.max(1),
        })?;
        let session = shared.lease();
        let (inputs, outputs) = (fit::describe(session.inputs()), fit::describe(session.outputs()));
        drop(session);
        let unfit = |problem| EngineError::Unfit { model: manifest.name.clone(), problem };
        let expected = fit::inputs_of(manifest);
        let names = fit::check_inputs(&expected, &inputs).map_err(unfit)?;
        let inputs = names.into_iter().zip(expected).map(|(name, found)| Slot { name, shape: found.shape });
        let read = decode::place(manifest, &outputs).map_err(unfit)?;
        Ok(Self { manifest: manifest.clone(), device, inputs: inputs.collect(), outputs, read, shared })
    }

    /// What it was loaded from.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where it runs; never [`Device::Auto`].
    pub fn device(&self) -> Device {
        self.device
    }

    /// Sessions that exist for it; more than one only after two users wanted it at the same time.
    pub fn sessions(&self) -> usize {
        self.shared.sessions()
    }

    /// Keeps the network in memory for as long as the answer is held, also when this is gone.
    pub fn keep_loaded(&self) -> impl Send + Sync + use<> {
        self.shared.clone()
    }

    /// All outputs in the network's order.
    pub(super) fn outputs(&self) -> &[TensorInfo] {
        &self.outputs
    }

    /// Runs the network on `feeds`, one an input in the order the manifest gives them, and hands `read` what its
    /// decoder reads.
    ///
    /// # Errors
    /// When a feed has another size than its input, ONNX Runtime fails, or `read` does not take the answer.
    pub fn run<R>(
        &self,
        feeds: &[Feed<'_>],
        read: impl FnOnce(&[Answer<'_>]) -> Result<R, String>,
    ) -> Result<R, EngineError> {
        let failed = |reason: String| EngineError::Inference { model: self.manifest.name.clone(), reason };
        if feeds.len() != self.inputs.len() {
            return Err(failed(format!("{} inputs where there are {}", feeds.len(), self.inputs.len())));
        }
        let mut inputs = Vec::with_capacity(feeds.len());
        for (slot, feed) in self.inputs.iter().zip(feeds) {
            let value = value(slot, feed).map_err(|error| failed(error.to_string()))?;
            inputs.push((slot.name.as_str(), value));
        }
        let mut session = self.shared.lease();
        let began = Instant::now();
        let outputs = session.run(inputs).map_err(|error| failed(error.to_string()))?;
        self.shared.count(began.elapsed());
        let answers: Vec<_> = self.read.iter().map(|index| answer(&outputs[*index])).collect();
        read(&answers).map_err(failed)
    }
}

fn value<'a>(slot: &Slot, feed: &Feed<'a>) -> ort::Result<SessionInputValue<'a>> {
    let shape = slot.shape.clone();
    Ok(match feed {
        Feed::F32(values) => TensorRef::from_array_view((shape, *values))?.into(),
        Feed::I64(values) => TensorRef::from_array_view((shape, *values))?.into(),
    })
}

/// What the decoders see of an output; nothing of one that is not f32, which none of them asks for.
fn answer(output: &DynValue) -> Answer<'_> {
    match output.try_extract_tensor::<f32>() {
        Ok((shape, values)) => Answer { shape, values },
        Err(_) => Answer { shape: &[], values: &[] },
    }
}
