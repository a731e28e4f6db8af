//! All cameras of the process: each is one task that keeps one pipeline running.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use gst::prelude::*;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::announce::announce;
use super::description::{ATTRIBUTES, BLUR, Built, Catalog, DETECT};
use super::handle::{CameraHandle, Inner};
use super::supervisor;
use crate::clock::Clock;
use crate::domain::{Camera, CameraId, CameraState, Frame, Publisher, TenantId};

/// What every camera needs of the process.
#[derive(Debug)]
pub struct CameraContext {
    pub clock: Clock,
    pub catalog: Arc<Catalog>,
    pub detector: DetectorSettings,
    /// Of the labels in the pictures with boxes: `en` or `es`.
    pub language: String,
    /// To the recorder; a frame that does not fit is counted and dropped.
    pub records: mpsc::Sender<Arc<Frame>>,
    /// Told of cameras that go and come back.
    pub publisher: Publisher,
    pub tasks: TaskTracker,
    pub stop: CancellationToken,
}

/// What detectors use unless their description or its parameters say otherwise.
#[derive(Debug, Clone, Default)]
pub struct DetectorSettings {
    /// Name of a model manifest.
    pub model: Option<String>,
    /// `auto` or `cpu`.
    pub device: Option<String>,
    /// Threads of one inference.
    pub threads: Option<u32>,
    /// ONNX Runtime's shared library.
    pub runtime: Option<PathBuf>,
    /// Where weights and ONNX Runtime lie.
    pub assets_dir: Option<PathBuf>,
    /// A folder of further model manifests.
    pub models_dir: Option<PathBuf>,
}

impl DetectorSettings {
    /// Sets what is set here on the elements of `built` that load networks, except what its description or its owner
    /// set.
    pub(super) fn apply(&self, built: &Built) {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string().to_value());
        let settings = [
            ("model", self.model.as_ref().map(ToValue::to_value)),
            ("device", self.device.as_ref().map(ToValue::to_value)),
            ("threads", self.threads.map(|threads| threads.to_value())),
            ("runtime", path(&self.runtime)),
            ("assets-dir", path(&self.assets_dir)),
            ("models-dir", path(&self.models_dir)),
        ];
        for (name, element) in [(DETECT, &built.detect), (ATTRIBUTES, &built.attributes), (BLUR, &built.blur)]
        {
            let Some(element) = element else { continue };
            for (property, value) in &settings {
                let (Some(value), Some(spec)) = (value, element.find_property(property)) else { continue };
                let untouched = !built.set.contains(&(name, (*property).to_owned()));
                if let (true, Ok(value)) = (untouched, value.transform_with_type(spec.value_type())) {
                    element.set_property_from_value(property, &value);
                }
            }
        }
    }
}

/// The cameras of all tenants; cheap to clone.
#[derive(Debug, Clone)]
pub struct Cameras {
    context: Arc<CameraContext>,
    all: Arc<RwLock<Handles>>,
}

type Handles = HashMap<(TenantId, CameraId), CameraHandle>;

impl Cameras {
    pub fn new(context: CameraContext) -> Self {
        Self { context: Arc::new(context), all: Arc::default() }
    }

    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.context.catalog
    }

    /// Adds a camera or changes the one of the same tenant and id. Its pipeline restarts only when something
    /// changed that it cannot take while it plays; the other cameras notice nothing. A camera that cannot be built is there
    /// nevertheless and says why in its state. Call it within the runtime.
    pub fn put(&self, camera: Camera) -> CameraHandle {
        let key = (camera.tenant, camera.id.clone());
        let mut all = self.write();
        if let Some(handle) = all.get(&key) {
            change(&handle.inner, camera);
            return handle.clone();
        }
        let inner = Arc::new(Inner::new(camera, self.context.stop.child_token()));
        if inner.order.borrow().run {
            inner.tell(CameraState::Connecting { since: self.context.clock.now() });
        }
        self.context.tasks.spawn(announce(self.context.publisher.clone(), inner.clone()));
        self.context.tasks.spawn(supervisor::keep(self.context.clone(), inner.clone()));
        let handle = CameraHandle { inner };
        all.insert(key, handle.clone());
        handle
    }

    /// Stops a camera and forgets it; false when there was none.
    pub fn remove(&self, tenant: TenantId, id: &CameraId) -> bool {
        let removed = self.write().remove(&(tenant, id.clone()));
        removed.inspect(|handle| handle.inner.gone.cancel()).is_some()
    }

    pub fn get(&self, tenant: TenantId, id: &CameraId) -> Option<CameraHandle> {
        self.read().get(&(tenant, id.clone())).cloned()
    }

    /// The cameras of `tenant` in order of their ids.
    pub fn list(&self, tenant: TenantId) -> Vec<CameraHandle> {
        let mut handles = self.list_all();
        handles.retain(|handle| handle.camera().tenant == tenant);
        handles
    }

    /// The cameras of all tenants, for metrics; in order of tenant and id.
    pub fn list_all(&self) -> Vec<CameraHandle> {
        let all = self.read();
        let mut entries: Vec<_> = all.iter().collect();
        entries.sort_by_key(|(key, _)| (*key).clone());
        entries.into_iter().map(|(_, handle)| handle.clone()).collect()
    }

    // A panic elsewhere leaves the map as whole as it was: it is only ever changed by one call.
    fn read(&self) -> RwLockReadGuard<'_, Handles> {
        self.all.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Handles> {
        self.all.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts `camera` in place of the one `inner` has, and asks for a new pipeline or other parameters only if they differ.
fn change(inner: &Inner, camera: Camera) {
    let camera = Arc::new(camera);
    let before = inner.camera.send_replace(camera.clone());
    let rebuilt = before.pipeline != camera.pipeline;
    let tuned = before.parameters != camera.parameters;
    let switched = before.enabled != camera.enabled;
    inner.order.send_if_modified(|order| {
        if rebuilt || (switched && camera.enabled) {
            order.round += 1;
        }
        if tuned {
            order.tune += 1;
        }
        // Else it goes on as it was started or stopped by hand.
        if switched {
            order.run = camera.enabled;
        }
        rebuilt || tuned || switched
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::Description;
    use crate::domain::ParamValue;

    const LAUNCH: &str = "name = \"mine\"\ndescription = \"Mine\"\nkind = \"live\"\nlaunch = '''
videotestsrc ! visiondetect name=detect threads=1 max_wait_ms=5 ! appsink name=records
'''
[parameters.model]\ntype = \"string\"\ndescription = \"A model\"\ntarget = \"detect.model\"\n";

    #[test]
    fn what_a_description_or_its_owner_set_is_not_overridden_even_when_it_is_the_default() {
        crate::camera::start_gstreamer().expect("GStreamer should start");
        let description = Description::parse("mine.toml", LAUNCH).expect("it should be sound");
        let settings = DetectorSettings {
            model: Some("theirs".into()),
            device: Some("cpu".into()),
            threads: Some(2),
            ..DetectorSettings::default()
        };
        let detect = |model: Option<&str>| {
            let value = |model: &str| ("model".to_owned(), ParamValue::Text(model.to_owned()));
            let built = description.build(&model.map(value).into_iter().collect()).expect("it should build");
            settings.apply(&built);
            built.detect.expect("it should have a detector")
        };
        let default: String = detect(None).find_property("model").unwrap().default_value().get().unwrap();
        for (given, found) in [(None, "theirs"), (Some("ours"), "ours"), (Some(default.as_str()), &default)] {
            let detect = detect(given);
            assert_eq!(detect.property::<String>("model"), found);
            assert_eq!(detect.property::<u32>("threads"), 1);
            assert_eq!(detect.property_value("device").serialize().unwrap(), "cpu");
        }
    }
}
