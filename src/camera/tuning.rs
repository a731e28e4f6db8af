//! What a pipeline that plays takes of its owner's changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::description::{Description, Own};
use super::handle::Inner;
use super::run::Run;
use super::supervisor::START_PATIENCE;
use crate::domain::{Camera, ParamValue};

/// The parameters that a pipeline plays with.
pub(super) struct Tuning {
    description: Arc<Description>,
    camera: Arc<Camera>,
    own: Own,
}

impl Tuning {
    /// Those of a pipeline that was just built for `camera`.
    pub(super) fn new(description: Arc<Description>, camera: Arc<Camera>) -> Self {
        Self { description, camera, own: Own::default() }
    }

    pub(super) fn parameters(&self) -> &BTreeMap<String, ParamValue> {
        &self.camera.parameters
    }

    /// Lets `run` go on with the parameters that the camera has now; false when that takes another pipeline.
    pub(super) async fn follow(&mut self, inner: &Inner, run: &Run) -> bool {
        let (description, before) = (self.description.clone(), self.camera.clone());
        let (pipeline, after) = (run.pipeline(), inner.camera.borrow().clone());
        self.camera = after.clone();
        let mut own = std::mem::take(&mut self.own);
        let retune = move || {
            description.retune(&pipeline, &before.parameters, &after.parameters, &mut own).then_some(own)
        };
        // Without an answer the pipeline is not kept.
        let Ok(Ok(Some(own))) = timeout(START_PATIENCE, spawn_blocking(retune)).await else { return false };
        self.own = own;
        true
    }
}
