//! A network that was loaded and fits its manifest, whatever its job: numbers in, numbers out.

use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use ort::session::{Session, SessionInputValue};
use ort::value::{DynValue, TensorRef};

use super::assets::Assets;
use super::check;
use super::decode::{self, Answer};
use super::error::EngineError;
use super::fit::{self, TensorInfo};
use super::manifest::Manifest;
use super::runtime::{CAT, Device};
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

impl LoadOptions {
    /// What the properties of an element say; texts that are empty count as unset.
    ///
    /// # Errors
    /// When `device` is the name of none.
    pub(crate) fn of_properties(
        assets_dir: Option<&str>,
        runtime: Option<&str>,
        device: &str,
        threads: u32,
    ) -> Result<Self, EngineError> {
        Ok(Self {
            assets: path_of(assets_dir).map_or_else(Assets::locate, Assets::new),
            runtime: path_of(runtime),
            device: device.parse()?,
            threads: threads as usize,
        })
    }
}

/// The path that a property holds; none when that is unset or empty.
pub(crate) fn path_of(property: Option<&str>) -> Option<PathBuf> {
    property.filter(|text| !text.is_empty()).map(PathBuf::from)
}

/// A loaded network. Several of them share their sessions when file, threads and device are the same.
pub struct Network {
    manifest: Manifest,
    /// In the order they are fed, with the shapes they are fed in.
    inputs: Vec<TensorInfo>,
    /// All outputs of the network, in its order.
    outputs: Vec<TensorInfo>,
    /// Which of them the decoder reads, in the order it reads them.
    read: Vec<usize>,
    shared: Arc<sessions::Network>,
}

/// What a network is fed with, by the names of its inputs.
type Inputs<'a> = Vec<(&'a str, SessionInputValue<'a>)>;

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
        let shared = share(manifest, options)?;
        Self::fit(manifest, shared)
    }

    /// The network of `manifest` over its sessions.
    fn fit(manifest: &Manifest, shared: Arc<sessions::Network>) -> Result<Self, EngineError> {
        let session = shared.lease();
        let (inputs, outputs) = (fit::describe(session.inputs()), fit::describe(session.outputs()));
        drop(session);
        let unfit = |problem| EngineError::Unfit { model: manifest.name.clone(), problem };
        let inputs = fit::check_inputs(manifest, &inputs).map_err(unfit)?;
        let read = decode::place(manifest, &outputs).map_err(unfit)?;
        Ok(Self { manifest: manifest.clone(), inputs, outputs, read, shared })
    }

    /// Compares what it makes of the test picture with what the manifest says.
    fn check(&self) -> Result<(), EngineError> {
        let (Some(check), Some(input)) = (&self.manifest.check, &self.manifest.input) else { return Ok(()) };
        let picture = check::picture(input);
        let names: Vec<_> = self.read.iter().map(|index| self.outputs[*index].name.as_str()).collect();
        let off = self.run(&[Feed::F32(&picture)], |answers| check::deviation(check, &names, answers))?;
        // NaN is above nothing, but wrong all the same.
        if off <= check.limit {
            return Ok(());
        }
        Err(EngineError::Deviates { model: self.manifest.name.clone(), off, limit: check.limit })
    }

    /// What it was loaded from.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Where it runs; never [`Device::Auto`].
    pub fn device(&self) -> Device {
        self.shared.device()
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
        let inputs = self.inputs(feeds)?;
        self.run_in(&mut self.shared.lease(), inputs, read)
    }

    /// As [`Self::run`], but waits for nobody: `None` when others use all sessions.
    ///
    /// # Errors
    /// As [`Self::run`].
    pub fn try_run<R>(
        &self,
        feeds: &[Feed<'_>],
        read: impl FnOnce(&[Answer<'_>]) -> Result<R, String>,
    ) -> Result<Option<R>, EngineError> {
        let inputs = self.inputs(feeds)?;
        let Some(mut session) = self.shared.try_lease() else { return Ok(None) };
        self.run_in(&mut session, inputs, read).map(Some)
    }

    /// The inputs by their names.
    fn inputs<'a>(&'a self, feeds: &[Feed<'a>]) -> Result<Inputs<'a>, EngineError> {
        let failed = |reason: String| EngineError::Inference { model: self.manifest.name.clone(), reason };
        if feeds.len() != self.inputs.len() {
            return Err(failed(format!("{} inputs where there are {}", feeds.len(), self.inputs.len())));
        }
        let mut inputs = Vec::with_capacity(feeds.len());
        for (input, feed) in self.inputs.iter().zip(feeds) {
            let value = value(input, feed).map_err(|error| failed(error.to_string()))?;
            inputs.push((input.name.as_str(), value));
        }
        Ok(inputs)
    }

    fn run_in<R>(
        &self,
        session: &mut Session,
        inputs: Inputs<'_>,
        read: impl FnOnce(&[Answer<'_>]) -> Result<R, String>,
    ) -> Result<R, EngineError> {
        let failed = |reason: String| EngineError::Inference { model: self.manifest.name.clone(), reason };
        let began = Instant::now();
        let outputs = session.run(inputs).map_err(|error| failed(error.to_string()))?;
        self.shared.count(began.elapsed());
        let tensors: Vec<_> = self.read.iter().map(|index| Tensor::of(&outputs[*index])).collect();
        let answers: Vec<_> = tensors.iter().map(Tensor::answer).collect();
        read(&answers).map_err(failed)
    }
}

/// The sessions for `manifest` on the first device that takes it.
fn share(manifest: &Manifest, options: &LoadOptions) -> Result<Arc<sessions::Network>, EngineError> {
    // Of a machine without a set-up, the model is what was asked for, so that is what is missing first.
    options.assets.find(manifest)?;
    let runtime = options.runtime.clone().unwrap_or_else(|| options.assets.runtime());
    let mut choices = options.device.choices(&runtime)?;
    if options.device == Device::Auto && manifest.made_from.is_some() {
        // What was put in whole numbers for the processor is slower elsewhere.
        choices.retain(|device| *device == Device::Cpu);
    }
    first_usable(&choices, |device| {
        let recipe = Recipe {
            manifest: manifest.clone(),
            assets: options.assets.clone(),
            runtime: runtime.clone(),
            device,
            is_named: device == options.device,
            threads: options.threads.max(1),
        };
        sessions::share(recipe, |shared| Network::fit(manifest, shared.clone())?.check())
    })
}

/// What `load` gives for the first of `choices` that can be used; why one was passed over goes into the log.
fn first_usable<T>(
    choices: &[Device],
    load: impl Fn(Device) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let nothing = || EngineError::BadRuntime { reason: "it runs on nothing".to_owned() };
    let (last, others) = choices.split_last().ok_or_else(nothing)?;
    for device in others {
        match load(*device) {
            Err(error @ EngineError::UnusableDevice { .. }) => {
                gst::warning!(CAT, "passed over, the next device is tried: {error}");
            }
            outcome => return outcome,
        }
    }
    load(*last)
}

fn value<'a>(input: &TensorInfo, feed: &Feed<'a>) -> ort::Result<SessionInputValue<'a>> {
    let shape = input.shape.clone();
    Ok(match feed {
        Feed::F32(values) if input.kind == fit::BYTES => {
            // Such a cast rounds down and keeps within 0..255.
            let bytes: Vec<u8> = values.iter().map(|value| (value + 0.5) as u8).collect();
            ort::value::Tensor::from_array((shape, bytes))?.into()
        }
        Feed::F32(values) => TensorRef::from_array_view((shape, *values))?.into(),
        Feed::I64(values) => TensorRef::from_array_view((shape, *values))?.into(),
    })
}

/// An output as the decoders read it.
struct Tensor<'a> {
    shape: &'a [i64],
    values: Cow<'a, [f32]>,
}

impl<'a> Tensor<'a> {
    /// Nothing when it holds neither f32 nor i64, which no decoder asks for.
    fn of(output: &'a DynValue) -> Self {
        if let Ok((shape, values)) = output.try_extract_tensor::<f32>() {
            return Self { shape, values: Cow::Borrowed(values) };
        }
        // Classes: small numbers, which a float holds exactly.
        match output.try_extract_tensor::<i64>() {
            Ok((shape, values)) => Self { shape, values: values.iter().map(|value| *value as f32).collect() },
            Err(_) => Self { shape: &[], values: Cow::Borrowed(&[]) },
        }
    }

    fn answer(&self) -> Answer<'_> {
        Answer { shape: self.shape, values: &self.values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unusable(name: &'static str) -> EngineError {
        EngineError::UnusableDevice { model: "m".to_owned(), name, reason: "no driver".to_owned() }
    }

    #[test]
    fn a_device_that_cannot_be_used_is_passed_over_and_only_that() {
        gst::init().unwrap();
        let choices = [Device::Cuda, Device::OpenVino, Device::Cpu];
        let load = |device| if device == Device::Cuda { Err(unusable("cuda")) } else { Ok(device) };
        assert_eq!(first_usable(&choices, load).unwrap(), Device::OpenVino);
        let error = first_usable(&[Device::Cuda], load).unwrap_err();
        assert!(matches!(error, EngineError::UnusableDevice { name: "cuda", .. }), "{error}");
        let wrong = |_| Err::<(), _>(EngineError::BadRuntime { reason: "of another kind".to_owned() });
        assert!(matches!(first_usable(&choices, wrong), Err(EngineError::BadRuntime { .. })));
        assert!(first_usable(&[], load).is_err());
    }
}
