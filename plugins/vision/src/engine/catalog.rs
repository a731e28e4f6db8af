//! All models there are: the standard ones, which are built in, and those of a folder of the user's.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::EngineError;
use super::manifest::{Manifest, ManifestError};

/// The standard manifests, as they lie in the repository.
const STANDARD: [(&str, &str); 1] =
    [("models/nanodet.toml", include_str!("../../../../models/nanodet.toml"))];

/// Manifests by name.
#[derive(Debug, Clone)]
pub struct Catalog {
    manifests: BTreeMap<String, Manifest>,
}

impl Catalog {
    /// The standard models, and over them every `*.toml` of `models_dir`: a new name adds, a known one replaces.
    ///
    /// # Errors
    /// When the folder or a manifest in it cannot be read, or a manifest is wrong.
    pub fn open(models_dir: Option<&Path>) -> Result<Self, ManifestError> {
        let mut manifests = BTreeMap::new();
        for (origin, text) in STANDARD {
            let manifest = Manifest::parse(text, origin)?;
            manifests.insert(manifest.name.clone(), manifest);
        }
        let mut catalog = Self { manifests };
        if let Some(folder) = models_dir {
            catalog.add_folder(folder)?;
        }
        Ok(catalog)
    }

    fn add_folder(&mut self, folder: &Path) -> Result<(), ManifestError> {
        let unreadable = |error: std::io::Error| ManifestError::Unreadable {
            path: folder.to_owned(),
            reason: error.to_string(),
        };
        let mut paths = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                paths.push(path);
            }
        }
        // The order of a folder is arbitrary; of two files with one name the later in the alphabet holds.
        paths.sort();
        for path in paths {
            let manifest = Manifest::open(&path)?;
            self.manifests.insert(manifest.name.clone(), manifest);
        }
        Ok(())
    }

    /// All manifests in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &Manifest> {
        self.manifests.values()
    }

    /// The model called `model`; when that has a `/` or ends in `.toml`, the manifest file of that path.
    ///
    /// # Errors
    /// When there is none, or the file is not a good manifest.
    pub fn find(&self, model: &str) -> Result<Manifest, EngineError> {
        if model.contains('/') || model.ends_with(".toml") {
            return Ok(Manifest::open(Path::new(model))?);
        }
        self.manifests.get(model).cloned().ok_or_else(|| EngineError::NoSuchModel {
            name: model.to_owned(),
            known: self.manifests.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test_models() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models")
    }

    #[test]
    fn the_standard_model_is_always_there() {
        let catalog = Catalog::open(None).unwrap();
        let nanodet = catalog.find("nanodet").unwrap();
        assert_eq!((nanodet.labels.len(), nanodet.labels[0].as_str()), (80, "person"));
        assert!(nanodet.source.is_some() && nanodet.folder.is_none());
        let error = catalog.find("nanodot").unwrap_err().to_string();
        assert_eq!(error, "no model \"nanodot\"; there are: nanodet");
    }

    #[test]
    fn a_folder_adds_to_the_standard_models() {
        let catalog = Catalog::open(Some(&test_models())).unwrap();
        let names: Vec<_> = catalog.iter().map(|manifest| manifest.name.as_str()).collect();
        assert_eq!(names, ["blob", "fragile_blob", "nanodet", "slow_blob"]);
        assert_eq!(catalog.find("blob").unwrap().folder, Some(test_models()));
    }

    #[test]
    fn a_manifest_is_also_found_by_its_path() {
        let path = test_models().join("slow_blob.toml");
        let catalog = Catalog::open(None).unwrap();
        assert_eq!(catalog.find(path.to_str().unwrap()).unwrap().name, "slow_blob");
        let error = catalog.find("no/such.toml").unwrap_err().to_string();
        assert!(error.starts_with("no/such.toml cannot be read"), "{error}");
        assert!(Catalog::open(Some(Path::new("no/such/folder"))).is_err());
    }
}
