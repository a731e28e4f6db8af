//! Which totems there are now: each is a camera of its branch for as long as it is connected.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::{BranchId, Camera, CameraId, SectorId, TenantId};

/// What totems' camera ids begin with.
const PREFIX: &str = "totem-";

/// Of one who has no name, or none that a camera could have.
pub const NAMELESS: &str = "anonymous";

/// Longest name of a totem: a number may come behind it.
pub const MAX_NAME_CHARS: usize = 40;

/// The totems that are connected; cheap to clone.
#[derive(Clone)]
pub struct Registry {
    totems: Arc<Mutex<ById>>,
    is_camera: IsCamera,
}

/// Whether a camera of this tenant has this id.
type IsCamera = Arc<dyn Fn(TenantId, &CameraId) -> bool + Send + Sync>;

type ById = BTreeMap<(TenantId, CameraId), Arc<Camera>>;

/// A totem's place among them, until it is dropped.
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
    /// Nobody yet. No totem gets the id of a camera: whom it sees would be the camera's visits.
    pub fn new(is_camera: impl Fn(TenantId, &CameraId) -> bool + Send + Sync + 'static) -> Self {
        Self { totems: Arc::default(), is_camera: Arc::new(is_camera) }
    }

    /// A totem as a camera, while it is connected.
    pub fn camera(&self, tenant: TenantId, id: &CameraId) -> Option<Arc<Camera>> {
        self.cameras().get(&(tenant, id.clone())).cloned()
    }

    /// A place for one more; a number tells those of one name apart. `None` when there are as many as may be: `most` of a
    /// tenant alone, and of several its share of that each, but one at least. Who came before the others keeps what it
    /// has, so that of `n` tenants, no more than `most`, there are at most `most` × (1 + 1/2 + … + 1/n), and one of each beyond.
    pub(super) fn take(&self, stand: &Stand, most: usize) -> Option<Seat> {
        let mut cameras = self.cameras();
        let own = cameras.keys().filter(|(tenant, _)| *tenant == stand.tenant).count();
        let others = cameras.keys().map(|(tenant, _)| *tenant).filter(|tenant| *tenant != stand.tenant);
        let tenants = 1 + others.collect::<BTreeSet<_>>().len();
        if own >= (most / tenants).max(1) {
            return None;
        }
        let base = camera_id(&stand.name);
        let numbered = (1..).map(|number| match number {
            1 => base.clone(),
            _ => format!("{base}-{number}"),
        });
        let mut ids = numbered.filter_map(|id| CameraId::new(&id).ok());
        let is_free = |id: &CameraId| {
            !cameras.contains_key(&(stand.tenant, id.clone())) && !(self.is_camera)(stand.tenant, id)
        };
        let id = ids.find(is_free)?;
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
    /// Whether its id is a camera's now, made since it came: whom it sees would be the camera's visits.
    pub(super) fn is_a_cameras(&self) -> bool {
        (self.registry.is_camera)(self.camera.tenant, &self.camera.id)
    }

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

/// A totem's name without what its id begins with.
pub(super) fn own_name(name: &str) -> &str {
    name.strip_prefix(PREFIX).unwrap_or(name)
}

/// The id of a totem of this name.
pub fn camera_id(name: &str) -> String {
    let name = own_name(name);
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
        let registry = Registry::new(|_, _| false);
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
        let ids: Vec<_> =
            registry.cameras().keys().map(|(tenant, id)| (tenant.get(), id.to_string())).collect();
        let there = [(1, "totem-hall"), (1, "totem-hall-2"), (2, "totem-hall")];
        assert_eq!(
            ids,
            there.map(|(tenant, id)| (tenant, id.to_owned())),
            "who has gone takes nobody's along"
        );
    }

    #[test]
    fn a_tenant_alone_may_have_all_places_and_others_have_their_share_all_the_same() {
        let registry = Registry::new(|_, _| false);
        let take_all = |tenant: i64| -> Vec<Seat> {
            std::iter::from_fn(|| registry.take(&stand(tenant, "hall"), 8)).collect()
        };
        let mut first = take_all(1);
        assert_eq!(first.len(), 8);
        let (second, third) = (take_all(2), take_all(3));
        assert_eq!((second.len(), third.len()), (4, 2));
        first.truncate(2);
        assert!(registry.take(&stand(1, "hall"), 8).is_none(), "two are its share of three");
        drop((second, third));
        assert_eq!(take_all(1).len(), 6);
    }

    #[test]
    fn the_last_tenant_has_its_share_whatever_those_before_it_hold() {
        let registry = Registry::new(|_, _| false);
        let take_all = |tenant: i64| -> Vec<Seat> {
            std::iter::from_fn(|| registry.take(&stand(tenant, "hall"), 8)).collect()
        };
        let held: Vec<_> = (1..=10).map(take_all).collect();
        let counts: Vec<_> = held.iter().map(Vec::len).collect();
        assert_eq!(counts, [8, 4, 2, 2, 1, 1, 1, 1, 1, 1]);
    }

    #[test]
    fn no_totem_has_the_id_of_a_camera_whichever_came_first() {
        let cameras = Arc::<Mutex<Vec<CameraId>>>::default();
        let known = cameras.clone();
        let registry = Registry::new(move |_, id| known.lock().unwrap().contains(id));
        let before = registry.take(&stand(1, "hall"), 4).unwrap();
        assert!(!before.is_a_cameras());
        cameras.lock().unwrap().push(before.camera.id.clone());
        assert!(before.is_a_cameras());
        before.leave();
        let after = registry.take(&stand(1, "hall"), 4).unwrap();
        assert_eq!((after.camera.id.to_string().as_str(), after.is_a_cameras()), ("totem-hall-2", false));
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
