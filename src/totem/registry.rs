//! Which totems there are now: each is a camera of its branch for as long as it is connected.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::domain::{BranchId, Camera, CameraId, SectorId, TenantId};

/// What totems' camera ids begin with.
const PREFIX: &str = "totem-";

/// Of one who has no name, or none that a camera could have.
const NAMELESS: &str = "anonymous";

/// Longest name of a totem: a number may come behind it.
pub const MAX_NAME_CHARS: usize = 40;

/// The totems that are connected; cheap to clone.
#[derive(Clone, Default)]
pub struct Registry {
    totems: Arc<Mutex<ById>>,
    reserved: Arc<OnceLock<Reserved>>,
}

/// Whether a camera of this tenant has this id.
type Reserved = Box<dyn Fn(TenantId, &CameraId) -> bool + Send + Sync>;

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("totems", &self.totems).finish_non_exhaustive()
    }
}

type ById = BTreeMap<(TenantId, CameraId), Arc<Camera>>;

/// A totem's place among them, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat {
    registry: Registry,
    pub(super) camera: Arc<Camera>,
}

/// What a totem is called, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stand {
    pub tenant: TenantId,
    pub branch: BranchId,
    pub sector: Option<SectorId>,
    /// Of anything; what no camera's id may have is left out.
    pub name: String,
}

impl Registry {
    /// From now on no totem has the id of a camera: whom it sees would be the camera's visits.
    pub fn reserve(&self, is_camera: impl Fn(TenantId, &CameraId) -> bool + Send + Sync + 'static) {
        // Only the first counts; the app says it once.
        let _ = self.reserved.set(Box::new(is_camera));
    }

    /// A totem as a camera, while it is connected.
    pub fn camera(&self, tenant: TenantId, id: &CameraId) -> Option<Arc<Camera>> {
        self.cameras().get(&(tenant, id.clone())).cloned()
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.cameras().len()
    }

    /// A place for one more; a number tells those of one name apart. `None` when there are `most`.
    pub(super) fn take(&self, stand: &Stand, most: usize) -> Option<Seat> {
        let mut cameras = self.cameras();
        if cameras.len() >= most {
            return None;
        }
        let base = camera_id(&stand.name);
        let numbered = (1..).map(|number| match number {
            1 => base.clone(),
            _ => format!("{base}-{number}"),
        });
        let mut ids = numbered.filter_map(|id| CameraId::new(&id).ok());
        let is_reserved =
            |id: &CameraId| self.reserved.get().is_some_and(|is_camera| is_camera(stand.tenant, id));
        let id = ids.find(|id| !cameras.contains_key(&(stand.tenant, id.clone())) && !is_reserved(id))?;
        let camera = Arc::new(Camera {
            id: id.clone(),
            tenant: stand.tenant,
            branch: stand.branch,
            sector: stand.sector,
            name: id.to_string(),
            pipeline: String::new(),
            parameters: BTreeMap::new(),
            lines: Vec::new(),
            zones: Vec::new(),
            enabled: true,
        });
        cameras.insert((stand.tenant, id), camera.clone());
        Some(Seat { registry: self.clone(), camera })
    }

    fn cameras(&self) -> MutexGuard<'_, ById> {
        self.totems.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Gives the place back before all who hold it have let go: whoever comes back at once has its name again.
    pub(super) fn leave(&self) {
        let mut cameras = self.registry.cameras();
        let key = (self.camera.tenant, self.camera.id.clone());
        if cameras.get(&key).is_some_and(|camera| Arc::ptr_eq(camera, &self.camera)) {
            cameras.remove(&key);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave();
    }
}

/// The id of a totem of this name.
pub fn camera_id(name: &str) -> String {
    let name = name.strip_prefix(PREFIX).unwrap_or(name);
    let fitting = name.chars().map(|c| match c.to_ascii_lowercase() {
        c @ ('a'..='z' | '0'..='9') => c,
        _ => '-',
    });
    let fitting: String = fitting.take(MAX_NAME_CHARS).collect();
    let name = fitting.trim_matches('-');
    format!("{PREFIX}{}", if name.is_empty() { NAMELESS } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stand(tenant: i64, name: &str) -> Stand {
        let tenant = TenantId::new(tenant).unwrap();
        Stand { tenant, branch: BranchId::default(), sector: None, name: name.to_owned() }
    }

    #[test]
    fn totems_of_one_name_are_told_apart_for_as_long_as_they_are_there() {
        let registry = Registry::default();
        let take = |name: &str| registry.take(&stand(1, name), 4);
        let id = |seat: &Option<Seat>| seat.as_ref().map(|seat| seat.camera.id.to_string());
        let (first, second) = (take("hall"), take("hall"));
        assert_eq!(
            (id(&first).as_deref(), id(&second).as_deref()),
            (Some("totem-hall"), Some("totem-hall-2"))
        );
        let other = registry.take(&stand(2, "hall"), 4);
        assert_eq!(id(&other).as_deref(), Some("totem-hall"), "of another tenant");
        let first = first.unwrap();
        first.leave();
        let again = take("hall");
        assert_eq!(id(&again).as_deref(), Some("totem-hall"));
        drop(first);
        assert_eq!(registry.count(), 3, "who has gone takes nobody's place along");
        let _last = take("");
        assert!(take("bar").is_none(), "there are four");
    }

    #[test]
    fn any_name_makes_an_id() {
        for (name, id) in [
            ("Ana@Example.com", "totem-ana-example-com"),
            ("totem-hall", "totem-hall"),
            ("", "totem-anonymous"),
            ("ñ/..", "totem-anonymous"),
            (&"x".repeat(500), &format!("totem-{}", "x".repeat(MAX_NAME_CHARS))),
        ] {
            assert_eq!(camera_id(name), id);
            assert!(CameraId::new(id).is_ok());
        }
    }
}
