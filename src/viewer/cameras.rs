//! What is kept of each camera somebody watched: its figures, and the end of its viewers when it is removed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use crate::camera::CameraHandle;
use crate::domain::{CameraId, TenantId};

use super::figures::Tally;
use super::{ViewerFigures, lock};

/// A camera as its viewers know it.
#[derive(Debug, Clone)]
pub(super) struct Watched {
    /// Unique in this process; a camera that is deleted and made again under its old name gets another.
    pub(super) number: u64,
    pub(super) handle: CameraHandle,
    pub(super) tally: Arc<Tally>,
    /// Cancelled when the camera is removed.
    pub(super) gone: CancellationToken,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Cameras {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    cameras: HashMap<(TenantId, CameraId), Watched>,
    next_number: u64,
}

impl Cameras {
    /// The entry of `handle`; `begin` is called with it when it is new.
    pub(super) fn of(&self, handle: &CameraHandle, begin: impl FnOnce(&Watched)) -> Watched {
        let camera = handle.camera();
        let key = (camera.tenant, camera.id.clone());
        let mut known = lock(&self.known);
        if let Some(watched) = known.cameras.get(&key).filter(|watched| watched.handle.is(handle)) {
            return watched.clone();
        }
        let watched = Watched {
            number: known.next_number,
            handle: handle.clone(),
            tally: Arc::default(),
            gone: CancellationToken::new(),
        };
        known.next_number += 1;
        known.cameras.insert(key, watched.clone());
        begin(&watched);
        watched
    }

    /// Forgets a camera that was removed, unless another took over its name.
    pub(super) fn forget(&self, watched: &Watched) {
        lock(&self.known).cameras.retain(|_, known| known.number != watched.number);
    }

    pub(super) fn figures(&self, tenant: TenantId, camera: &CameraId) -> ViewerFigures {
        let known = lock(&self.known);
        let watched = known.cameras.get(&(tenant, camera.clone()));
        watched.map(|watched| watched.tally.figures()).unwrap_or_default()
    }
}
