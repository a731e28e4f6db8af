//! All descriptions that this process knows: the built-in ones and those of a folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{Description, PipelineError, Problem};

/// The standard pipelines, part of the binary.
const BUILT_IN: [(&str, &str); 5] = [
    ("pipelines/rtsp.toml", include_str!("../../../pipelines/rtsp.toml")),
    ("pipelines/usb.toml", include_str!("../../../pipelines/usb.toml")),
    ("pipelines/file.toml", include_str!("../../../pipelines/file.toml")),
    ("pipelines/test.toml", include_str!("../../../pipelines/test.toml")),
    ("pipelines/whip.toml", include_str!("../../../pipelines/whip.toml")),
];

/// Descriptions by name.
#[derive(Debug, Clone)]
pub struct Catalog {
    descriptions: BTreeMap<String, Arc<Description>>,
    broken: Vec<Problem>,
}

impl Catalog {
    /// The built-in descriptions and the `*.toml` files of `folder`, which override those of the same name.
    /// A file that is no description is left out and told by [`Catalog::broken`].
    ///
    /// # Errors
    /// When `folder` cannot be read, or GStreamer cannot be started.
    pub fn load(folder: Option<&Path>) -> Result<Self, PipelineError> {
        crate::camera::start_gstreamer()?;
        let mut catalog = Self { descriptions: BTreeMap::new(), broken: Vec::new() };
        for (file, text) in BUILT_IN {
            catalog.add(file, text);
        }
        let Some(folder) = folder else { return Ok(catalog) };
        let unreadable = |path: &Path, error: &std::io::Error| PipelineError::Folder {
            path: path.display().to_string(),
            reason: error.to_string(),
        };
        let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
        let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        for path in files {
            let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
            catalog.add(&path.display().to_string(), &text);
        }
        Ok(catalog)
    }

    fn add(&mut self, file: &str, text: &str) {
        match Description::parse(file, text) {
            Ok(description) => {
                self.descriptions.insert(description.name.clone(), Arc::new(description));
            }
            Err(problem) => self.broken.push(problem),
        }
    }

    /// In order of their names.
    pub fn list(&self) -> impl Iterator<Item = &Arc<Description>> {
        self.descriptions.values()
    }

    /// # Errors
    /// When there is none of this name; names those that there are.
    pub fn get(&self, name: &str) -> Result<Arc<Description>, PipelineError> {
        self.descriptions.get(name).cloned().ok_or_else(|| PipelineError::Unknown {
            name: name.to_owned(),
            known: self.descriptions.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })
    }

    /// Files of the folder that are no descriptions.
    pub fn broken(&self) -> &[Problem] {
        &self.broken
    }
}
