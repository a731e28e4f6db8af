//! The ONNX Runtime library of this process: loaded once, from a path, and what models run on.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, LazyLock, Mutex};

use ort::environment::Environment;
use ort::ep::{CPU, CUDA, ExecutionProvider, ExecutionProviderDispatch, OpenVINO, TensorRT};
use ort::logging::LogLevel;

use super::error::EngineError;
use crate::sync::lock;

/// What ONNX Runtime says of itself, and why it is used as it is, goes into GStreamer's log, never to the terminal.
pub(super) static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new("onnxruntime", gst::DebugColorFlags::empty(), Some("ONNX Runtime"))
});

/// The library in use. It stays for the life of the process: unloading it under live sessions is not possible.
static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

struct Loaded {
    path: PathBuf,
    environment: Environment,
}

/// What a network runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Device {
    /// The best one there is.
    #[default]
    Auto,
    Cpu,
    Cuda,
    TensorRt,
    OpenVino,
}

impl FromStr for Device {
    type Err = EngineError;

    fn from_str(name: &str) -> Result<Self, EngineError> {
        match name {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda),
            "tensorrt" => Ok(Self::TensorRt),
            "openvino" => Ok(Self::OpenVino),
            _ => Err(EngineError::NoSuchDevice { name: name.to_owned() }),
        }
    }
}

impl Device {
    /// All but [`Device::Auto`].
    pub const NAMED: [Self; 4] = [Self::Cpu, Self::Cuda, Self::TensorRt, Self::OpenVino];

    /// The name it is asked for by and shown under.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
            Self::OpenVino => "openvino",
        }
    }

    /// What ONNX Runtime calls it; `None` for [`Device::Auto`].
    fn provider(self) -> Option<&'static str> {
        match self {
            Self::Auto => None,
            Self::Cpu => Some(CPU::NAME),
            Self::Cuda => Some(CUDA::NAME),
            Self::TensorRt => Some(TensorRT::NAME),
            Self::OpenVino => Some(OpenVINO::NAME),
        }
    }

    /// True when the library that is loaded was built with it. The machine may lack it all the same.
    fn is_built_in(self) -> bool {
        let answer = match self {
            Self::Auto => return false,
            Self::Cpu => CPU::is_available(),
            Self::Cuda => CUDA::is_available(),
            Self::TensorRt => TensorRT::is_available(),
            Self::OpenVino => OpenVINO::is_available(),
        };
        answer.unwrap_or(false)
    }

    /// True for one that is a GPU whatever the machine.
    pub(super) fn is_gpu(self) -> bool {
        matches!(self, Self::Cuda | Self::TensorRt)
    }

    /// What to try for it, best first, with the library at `runtime`; never [`Device::Auto`]. TensorRT is taken only by
    /// its name, since it builds its network for minutes at the first start.
    ///
    /// # Errors
    /// When the library cannot be loaded or was built without what is asked for by name; nobody who asks for a GPU is
    /// given the CPU in silence.
    pub(super) fn choices(self, runtime: &Path) -> Result<Vec<Self>, EngineError> {
        let there = devices(runtime)?;
        match self {
            Self::Auto => {
                let best_first = [Self::Cuda, Self::OpenVino, Self::Cpu];
                Ok(best_first.into_iter().filter(|device| there.contains(device)).collect())
            }
            named if there.contains(&named) => Ok(vec![named]),
            named => Err(EngineError::UnavailableDevice {
                name: named.name(),
                missing: named.provider().unwrap_or_default(),
                runtime: runtime.to_owned(),
                there: there.into_iter().map(Self::name).collect::<Vec<_>>().join(", "),
            }),
        }
    }

    /// The provider to register with a session; `None` for the CPU, which every session has.
    pub(super) fn registration(self) -> Option<ExecutionProviderDispatch> {
        let provider = match self {
            Self::Auto | Self::Cpu => return None,
            Self::Cuda => CUDA::default().build(),
            Self::TensorRt => TensorRT::default().build(),
            Self::OpenVino => OpenVINO::default().build(),
        };
        Some(provider.error_on_failure())
    }
}

/// What the library at `runtime` was built with, of what can be asked for by name.
///
/// # Errors
/// When it cannot be loaded.
pub fn devices(runtime: &Path) -> Result<Vec<Device>, EngineError> {
    environment(runtime)?;
    Ok(Device::NAMED.into_iter().filter(|device| device.is_built_in()).collect())
}

/// The environment of the library at `path`, which is loaded now when it is the first.
pub(super) fn environment(path: &Path) -> Result<Environment, EngineError> {
    let mut loaded = lock(&LOADED);
    // dlopen would search for a relative name elsewhere, and a missing file deserves its own message.
    let wanted = path.canonicalize().map_err(|_| EngineError::MissingRuntime { path: path.to_owned() })?;
    if let Some(loaded) = &*loaded {
        if loaded.path == wanted {
            return Ok(loaded.environment.clone());
        }
        return Err(EngineError::OtherRuntime { loaded: loaded.path.clone(), wanted });
    }
    let bad = |reason: String| EngineError::BadRuntime { reason };
    let environment = ort::init_from(&wanted)
        .map_err(|error| bad(error.to_string()))?
        .with_name("vision")
        .with_telemetry(false)
        .with_logger(Arc::new(log))
        .build()
        .map_err(|error| bad(error.to_string()))?;
    environment.set_log_level(LogLevel::Warning);
    *loaded = Some(Loaded { path: wanted, environment: environment.clone() });
    Ok(environment)
}

/// Failures come back as `Result`s too and are reported there, so nothing here needs to be an error.
fn log(level: LogLevel, _category: &str, _id: &str, location: &str, message: &str) {
    match level {
        LogLevel::Fatal | LogLevel::Error => gst::warning!(CAT, "{location}: {message}"),
        LogLevel::Warning => gst::info!(CAT, "{location}: {message}"),
        LogLevel::Info | LogLevel::Verbose => gst::log!(CAT, "{location}: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_names() {
        for device in Device::NAMED.into_iter().chain([Device::Auto]) {
            assert_eq!(device.name().parse::<Device>().unwrap(), device);
            assert_eq!(device.registration().is_some(), ![Device::Auto, Device::Cpu].contains(&device));
        }
        let error = "gpu".parse::<Device>().unwrap_err().to_string();
        assert_eq!(error, "no device \"gpu\"; there are: auto, cpu, cuda, tensorrt, openvino");
    }
}
