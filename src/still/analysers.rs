//! Analysers for whoever asks, at any time: made when they are first needed, and kept.
//!
//! All of them share the detector's sessions with the cameras; an analyser of one's own is a buffer for the picture.

use std::sync::{Arc, Mutex, PoisonError};

use gstvision::engine::{Catalog, EngineError, LoadOptions};

use super::Analyser;

/// Lends analysers; cheap to clone.
#[derive(Clone)]
pub struct Analysers(Arc<Inner>);

struct Inner {
    catalog: Arc<Catalog>,
    /// Name of the detector.
    model: String,
    options: LoadOptions,
    /// As many as were ever needed at the same time; who asks bounds that.
    idle: Mutex<Vec<Analyser>>,
}

impl Analysers {
    /// Analysers with the detector `model` of `catalog`. Nothing is loaded yet, so that a machine without the model
    /// serves everything else.
    pub fn new(catalog: Arc<Catalog>, model: &str, options: LoadOptions) -> Self {
        let inner = Inner { catalog, model: model.to_owned(), options, idle: Mutex::default() };
        Self(Arc::new(inner))
    }

    /// Has an analyser do `work`. Blocks for as long as that takes, and loads the model if nobody did before.
    ///
    /// # Errors
    /// When the model cannot be loaded, and what `work` fails with.
    pub fn lend<T>(
        &self,
        work: impl FnOnce(&mut Analyser) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut analyser = match idle {
            Some(analyser) => analyser,
            None => Analyser::load(self.0.catalog.clone(), &self.0.model, self.0.options.clone())?,
        };
        let done = work(&mut analyser);
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).push(analyser);
        done
    }
}
