//! All models there are: the standard ones, which are built in, and those of a folder of the user's.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::EngineError;
use super::manifest::{Job, Manifest, ManifestError};
use super::network::LoadOptions;
use super::runtime::{CAT, Device};

/// A manifest of the repository, with its path there for messages.
macro_rules! standard {
    ($name:literal) => {
        (concat!("models/", $name, ".toml"), include_str!(concat!("../../../../models/", $name, ".toml")))
    };
}

/// The standard manifests, as they lie in the repository.
const STANDARD: [(&str, &str); 9] = [
    standard!("age_v1"),
    standard!("blazeface_back"),
    standard!("blazeface_front"),
    standard!("blazepose_full"),
    standard!("blazepose_lite"),
    standard!("nanodet"),
    standard!("nanodet_int8"),
    standard!("selfie_multiclass"),
    standard!("silero_vad"),
];

/// Stands for the standard model of a job, see [`Catalog::find_for`] and [`Catalog::choose`].
pub const AUTO: &str = "auto";

/// As right as the standard detector (docs/accuracy.md) in less than half of the time, where it can be used.
const WHOLE_NUMBERS: &str = "nanodet_int8";

/// The standard model for a job, on every machine; where there are several, the one that is right more often.
fn standard_for(job: Job) -> &'static str {
    match job {
        Job::Detector => "nanodet",
        Job::Landmarks => "blazepose_full",
        Job::Face => "blazeface_back",
        Job::Age => "age_v1",
        Job::Mask => "selfie_multiclass",
        Job::Voice => "silero_vad",
    }
}

/// True with instructions that multiply four pairs of bytes and add them up without saturating (VNNI). Without them
/// whole numbers save little, and the older instructions saturate.
fn has_fast_bytes() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::arch::is_x86_feature_detected!("avx512vnni")
        || std::arch::is_x86_feature_detected!("avxvnni");
    #[cfg(not(target_arch = "x86_64"))]
    false
}

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
        self.find_among(model, |_| true)
    }

    /// The model called `model`, as [`Catalog::find`], for the job `wanted`. [`AUTO`] is the standard one that can be
    /// used on every machine.
    ///
    /// # Errors
    /// As [`Catalog::find`], and when it does another job.
    pub fn find_for(&self, wanted: Job, model: &str) -> Result<Manifest, EngineError> {
        let model = if model == AUTO { standard_for(wanted) } else { model };
        let manifest = self.find_among(model, |known| known.job() == wanted)?;
        if manifest.job() == wanted { Ok(manifest) } else { Err(manifest.wrong_job(wanted)) }
    }

    /// As [`Catalog::find_for`], but [`AUTO`] is the best one to load with `options`: of detectors the one in whole
    /// numbers where it is faster and was not replaced.
    ///
    /// # Errors
    /// As [`Catalog::find_for`].
    pub fn choose(&self, wanted: Job, model: &str, options: &LoadOptions) -> Result<Manifest, EngineError> {
        let found = self.find_for(wanted, model)?;
        if model != AUTO || wanted != Job::Detector {
            return Ok(found);
        }
        let whole = self.find_for(wanted, WHOLE_NUMBERS)?;
        match why_not(&found, &whole, options, has_fast_bytes()) {
            Some(reason) => {
                gst::info!(CAT, "auto is {}, since {reason}", found.name);
                Ok(found)
            }
            None => {
                gst::info!(CAT, "auto is {}, which is faster on this processor", whole.name);
                Ok(whole)
            }
        }
    }

    /// The error names those of the known models that `is_choice` takes.
    fn find_among(
        &self,
        model: &str,
        is_choice: impl Fn(&Manifest) -> bool,
    ) -> Result<Manifest, EngineError> {
        if model.contains('/') || model.ends_with(".toml") {
            return Ok(Manifest::open(Path::new(model))?);
        }
        self.manifests.get(model).cloned().ok_or_else(|| {
            let choices = self.iter().filter(|manifest| is_choice(manifest));
            let names: Vec<_> = choices.map(|manifest| manifest.name.as_str()).collect();
            EngineError::NoSuchModel { name: model.to_owned(), known: names.join(", ") }
        })
    }
}

/// Why `standard` is loaded with `options` and not `whole`, the same in whole numbers; `None` when that is to be taken.
fn why_not(
    standard: &Manifest,
    whole: &Manifest,
    options: &LoadOptions,
    has_fast_bytes: bool,
) -> Option<String> {
    if standard.folder.is_some() {
        return Some("models-dir has one of its own".to_owned());
    }
    if !has_fast_bytes {
        return Some("the processor is not faster with whole numbers".to_owned());
    }
    if let Err(error) = options.assets.find(whole) {
        return Some(error.to_string());
    }
    let runtime = options.runtime.clone().unwrap_or_else(|| options.assets.runtime());
    let is_for_cpu = match options.device {
        Device::Cpu => true,
        // If a GPU can really be used shows only when something is loaded on it.
        Device::Auto => options.device.choices(&runtime).map_or(true, |choices| choices == [Device::Cpu]),
        _ => false,
    };
    (!is_for_cpu).then(|| "whole numbers are for the CPU, and there is another device".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::assets::Assets;
    use super::*;

    fn test_models() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models")
    }

    fn catalog_with_toys() -> Catalog {
        Catalog::open(Some(&test_models())).unwrap()
    }

    #[test]
    fn the_standard_model_is_always_there() {
        let catalog = Catalog::open(None).unwrap();
        let nanodet = catalog.find("nanodet").unwrap();
        assert_eq!((nanodet.labels.len(), nanodet.labels[0].as_str()), (80, "person"));
        assert!(nanodet.source.is_some() && nanodet.folder.is_none());
        let error = catalog.find("nanodot").unwrap_err().to_string();
        assert_eq!(
            error,
            "no model \"nanodot\"; there are: age_v1, blazeface_back, blazeface_front, blazepose_full, \
             blazepose_lite, nanodet, nanodet_int8, selfie_multiclass, silero_vad"
        );
    }

    #[test]
    fn a_model_is_given_only_for_its_own_job() {
        let catalog = Catalog::open(None).unwrap();
        assert_eq!(catalog.find_for(Job::Detector, "nanodet").unwrap().name, "nanodet");
        assert_eq!(catalog.find_for(Job::Age, "age_v1").unwrap().name, "age_v1");
        let error = |job, name| catalog.find_for(job, name).unwrap_err().to_string();
        assert_eq!(
            error(Job::Detector, "age_v1"),
            "model \"age_v1\" cannot be used here: its job is \"age\", and one for \"detector\" is needed"
        );
        assert_eq!(error(Job::Detector, "nanodot"), "no model \"nanodot\"; there are: nanodet, nanodet_int8");
        assert_eq!(
            error(Job::Face, "front"),
            "no model \"front\"; there are: blazeface_back, blazeface_front"
        );
    }

    #[test]
    fn auto_is_a_standard_model_of_the_job() {
        let catalog = Catalog::open(None).unwrap();
        for job in [Job::Detector, Job::Landmarks, Job::Face, Job::Age, Job::Mask, Job::Voice] {
            let chosen = catalog.find_for(job, AUTO).unwrap();
            assert_eq!((chosen.name.as_str(), chosen.job()), (standard_for(job), job));
        }
        assert!(catalog.find(AUTO).is_err(), "what it stands for depends on the job");
    }

    /// Loads with the assets in `folder` on `device`.
    fn options(folder: &Path, device: Device) -> LoadOptions {
        LoadOptions { assets: Assets::new(folder), runtime: None, device, threads: 1 }
    }

    #[test]
    fn whole_numbers_are_taken_only_for_a_processor_that_is_fast_with_them() {
        let catalog = Catalog::open(None).unwrap();
        let (standard, whole) = (catalog.find("nanodet").unwrap(), catalog.find(WHOLE_NUMBERS).unwrap());
        // Weights that are there, whatever is in them.
        let there = Manifest { file: "blob.onnx".to_owned(), ..whole.clone() };
        let assets = test_models().parent().unwrap().to_owned();
        let why = |standard: &Manifest, whole: &Manifest, device, has_fast_bytes| {
            why_not(standard, whole, &options(&assets, device), has_fast_bytes).unwrap_or_default()
        };
        assert_eq!(why(&standard, &there, Device::Cpu, true), "");
        assert_eq!(why(&standard, &there, Device::Auto, true), "", "without a runtime nothing else is known");
        assert!(why(&standard, &there, Device::Cpu, false).contains("processor"));
        assert!(why(&standard, &whole, Device::Cpu, true).contains("nanodet_int8.onnx are missing"));
        for device in [Device::Cuda, Device::TensorRt, Device::OpenVino] {
            assert!(why(&standard, &there, device, true).contains("for the CPU"));
        }
        let replaced = Manifest { folder: Some(assets.clone()), ..standard };
        assert!(why(&replaced, &there, Device::Cpu, true).contains("models-dir"));
    }

    #[test]
    fn auto_gives_way_to_what_is_there() {
        let mut catalog = Catalog::open(None).unwrap();
        let bare = options(Path::new("/nowhere"), Device::Cpu);
        assert_eq!(catalog.choose(Job::Detector, AUTO, &bare).unwrap().name, "nanodet");
        assert_eq!(catalog.choose(Job::Detector, WHOLE_NUMBERS, &bare).unwrap().name, WHOLE_NUMBERS);
        let own = Manifest { name: "nanodet".to_owned(), ..catalog_with_toys().find("blob").unwrap() };
        catalog.manifests.insert(own.name.clone(), own.clone());
        assert_eq!(catalog.choose(Job::Detector, AUTO, &bare).unwrap(), own);
        assert!(catalog.choose(Job::Face, "age_v1", &bare).is_err());
    }

    #[test]
    fn a_model_in_whole_numbers_is_as_the_one_it_was_made_from() {
        let catalog = Catalog::open(None).unwrap();
        for whole in catalog.iter() {
            let Some(made_from) = &whole.made_from else { continue };
            let float = catalog.find(&made_from.model).unwrap();
            assert_eq!((&whole.labels, &whole.input), (&float.labels, &float.input));
            assert_eq!((whole.decoder, whole.thresholds), (float.decoder, float.thresholds));
            assert!(whole.source.is_none() && float.source.is_some() && whole.check.is_some());
        }
    }

    #[test]
    fn a_folder_adds_to_the_standard_models() {
        let catalog = catalog_with_toys();
        let detectors = catalog.iter().filter(|manifest| manifest.job() == Job::Detector);
        let names: Vec<_> = detectors.map(|manifest| manifest.name.as_str()).collect();
        assert_eq!(names, ["blob", "fragile_blob", "nanodet", "nanodet_int8", "slow_blob"]);
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
