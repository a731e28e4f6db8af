//! The ONNX Runtime library of this process: loaded once, from a path, and what models run on.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, LazyLock, Mutex};

use ort::environment::Environment;
use ort::logging::LogLevel;

use super::error::EngineError;
use crate::sync::lock;

/// What ONNX Runtime says of itself goes into GStreamer's log, never to the terminal.
static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
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

    /// The device that is really used, never [`Device::Auto`].
    ///
    /// # Errors
    /// When the one asked for by name is not available; nobody who asks for a GPU is given the CPU in silence.
    pub fn choose(self) -> Result<Self, EngineError> {
        match self {
            Self::Auto | Self::Cpu => Ok(Self::Cpu),
            other => Err(EngineError::UnavailableDevice { name: other.name() }),
        }
    }
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
    fn auto_takes_what_is_there_and_a_missing_device_is_never_replaced() {
        assert_eq!("auto".parse::<Device>().unwrap().choose().unwrap(), Device::Cpu);
        assert_eq!("cpu".parse::<Device>().unwrap().choose().unwrap(), Device::Cpu);
        for name in ["cuda", "tensorrt", "openvino"] {
            let device: Device = name.parse().unwrap();
            assert_eq!(device.name(), name);
            let error = device.choose().unwrap_err().to_string();
            assert!(error.starts_with(&format!("device \"{name}\" is not available")), "{error}");
        }
        let error = "gpu".parse::<Device>().unwrap_err().to_string();
        assert_eq!(error, "no device \"gpu\"; there are: auto, cpu, cuda, tensorrt, openvino");
    }
}
