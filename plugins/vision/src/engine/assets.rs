//! Where weights and ONNX Runtime lie, and whether the weights are the ones the manifest means.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::EngineError;
use super::manifest::Manifest;

/// Environment variable with the assets folder.
pub const ASSETS_DIR_VARIABLE: &str = "ATALAYA_ASSETS_DIR";

/// Read at once; large enough that the system calls do not count.
const CHUNK_BYTES: usize = 1 << 16;

/// The folder with `models/*.onnx` and `lib/libonnxruntime.so`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assets {
    folder: PathBuf,
}

impl Assets {
    /// The assets in `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder named by `ATALAYA_ASSETS_DIR`, else `$XDG_DATA_HOME/atalaya` (`~/.local/share/atalaya`) when it
    /// has models, else `/usr/share/atalaya` when that is there, else the former.
    pub fn locate() -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(folder) = set(ASSETS_DIR_VARIABLE) {
            return Self::new(folder);
        }
        let home = set("XDG_DATA_HOME")
            .or_else(|| set("HOME").map(|home| home.join(".local/share")))
            .unwrap_or_else(|| PathBuf::from("/var/lib"))
            .join("atalaya");
        let system = PathBuf::from("/usr/share/atalaya");
        Self::new(if !home.join("models").is_dir() && system.is_dir() { system } else { home })
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// ONNX Runtime's shared library.
    pub fn runtime(&self) -> PathBuf {
        self.folder.join("lib/libonnxruntime.so")
    }

    /// The weights of `manifest`: beside it when they are there (a user's own model), else in `models/`.
    pub fn weights(&self, manifest: &Manifest) -> PathBuf {
        let beside = manifest.folder.as_ref().map(|folder| folder.join(&manifest.file));
        beside
            .filter(|path| path.is_file())
            .unwrap_or_else(|| self.folder.join("models").join(&manifest.file))
    }

    /// Checks that the weights of `manifest` are there and have its sha256; gives their path.
    ///
    /// # Errors
    /// When they are missing, cannot be read, or differ.
    pub fn verify(&self, manifest: &Manifest) -> Result<PathBuf, EngineError> {
        let path = self.weights(manifest);
        digest(manifest, &path, |_| ())?;
        Ok(path)
    }

    /// The path of the weights of `manifest`, if they are there at all.
    pub(super) fn find(&self, manifest: &Manifest) -> Result<PathBuf, EngineError> {
        let path = self.weights(manifest);
        match path.exists() {
            true => Ok(path),
            false => Err(missing(manifest, &path)),
        }
    }

    /// The bytes of the weights, hashed as they are read so that what was checked is what is used.
    pub(super) fn read(&self, manifest: &Manifest) -> Result<Vec<u8>, EngineError> {
        let path = self.weights(manifest);
        let length = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        digest(manifest, &path, |chunk| bytes.extend_from_slice(chunk))?;
        Ok(bytes)
    }
}

/// Streams the file through `keep` and compares its sha256 with the manifest's.
fn digest(manifest: &Manifest, path: &Path, mut keep: impl FnMut(&[u8])) -> Result<(), EngineError> {
    let model = || manifest.name.clone();
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => missing(manifest, path),
        _ => EngineError::UnreadableWeights {
            model: model(),
            path: path.to_owned(),
            reason: error.to_string(),
        },
    };
    let mut file = File::open(path).map_err(unreadable)?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    loop {
        let length = file.read(&mut chunk).map_err(unreadable)?;
        if length == 0 {
            break;
        }
        hash.update(&chunk[..length]);
        keep(&chunk[..length]);
    }
    let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if found == manifest.sha256 {
        return Ok(());
    }
    let remedy = match is_standard(manifest) {
        true => "delete the file and run \"make setup\"",
        false => "take the file that is meant, or put its sha256 into the manifest",
    };
    let expected = manifest.sha256.clone();
    Err(EngineError::WrongChecksum { model: model(), path: path.to_owned(), expected, found, remedy })
}

fn missing(manifest: &Manifest, path: &Path) -> EngineError {
    let remedy = match is_standard(manifest) {
        true => "run \"make setup\" or set the assets folder (ATALAYA_ASSETS_DIR) to one that has them",
        false => "put them there, or beside the manifest",
    };
    EngineError::MissingWeights { model: manifest.name.clone(), path: path.to_owned(), remedy }
}

/// Whether the set-up brings the weights.
fn is_standard(manifest: &Manifest) -> bool {
    manifest.source.is_some() || manifest.folder.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob() -> Manifest {
        Manifest::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/blob.toml")).unwrap()
    }

    #[test]
    fn weights_beside_the_manifest_come_first() {
        let nowhere = Assets::new("/nowhere");
        let beside = nowhere.verify(&blob()).unwrap();
        assert!(beside.ends_with("tests/models/blob.onnx"), "{beside:?}");
        assert_eq!(nowhere.read(&blob()).unwrap(), std::fs::read(beside).unwrap());
        let built_in = Manifest { folder: None, ..blob() };
        assert_eq!(nowhere.weights(&built_in), Path::new("/nowhere/models/blob.onnx"));
    }

    #[test]
    fn missing_and_altered_weights_are_told_apart() {
        let missing = Manifest { folder: None, ..blob() };
        let error = Assets::new("/nowhere").verify(&missing).unwrap_err().to_string();
        assert!(
            error.starts_with(
                "model \"blob\": weights /nowhere/models/blob.onnx are missing; run \"make setup\""
            ),
            "{error}"
        );
        let own = Manifest { file: "nowhere.onnx".into(), ..blob() };
        let error = Assets::new("/nowhere").verify(&own).unwrap_err().to_string();
        assert!(error.ends_with("are missing; put them there, or beside the manifest"), "{error}");
        let altered = Manifest { sha256: "0".repeat(64), ..blob() };
        let error = Assets::new("/nowhere").verify(&altered).unwrap_err().to_string();
        assert!(error.contains(&format!("have sha256 {}", blob().sha256)), "{error}");
        assert!(error.contains(&format!("the manifest says {}", altered.sha256)), "{error}");
    }
}
