//! What the element's properties hold.

use std::time::Duration;

use super::people::Rules;
use crate::engine::{Catalog, EngineError, LoadOptions, path_of};
use crate::person::Looker;

/// The properties, as the user set them.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) models_dir: Option<String>,
    pub(super) assets_dir: Option<String>,
    pub(super) runtime: Option<String>,
    pub(super) device: String,
    pub(super) threads: u32,
    pub(super) budget: f32,
    pub(super) interval_ms: u32,
    pub(super) wait: bool,
    pub(super) keep_things: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            models_dir: None,
            assets_dir: None,
            runtime: None,
            device: "auto".to_owned(),
            threads: 1,
            budget: 0.1,
            interval_ms: 2000,
            wait: false,
            keep_things: false,
        }
    }
}

impl Settings {
    /// Loads the networks.
    pub(super) fn load(&self) -> Result<Looker, EngineError> {
        let (assets_dir, runtime) = (self.assets_dir.as_deref(), self.runtime.as_deref());
        let options = LoadOptions::of_properties(assets_dir, runtime, &self.device, self.threads)?;
        Looker::load(&Catalog::open(path_of(self.models_dir.as_deref()).as_deref())?, &options)
    }

    /// How looks are given out.
    pub(super) fn rules(&self) -> Rules {
        Rules { budget: self.budget, interval: Duration::from_millis(self.interval_ms.into()) }
    }
}
