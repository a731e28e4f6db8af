//! What lines and zones say now, for whoever asks: counted as it happens, before the database has it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::{CameraId, LineFigures, LiveFigures, TenantId, ZoneFigures};
use crate::visit::Direction;

#[derive(Debug, Default)]
pub(super) struct Board {
    cameras: Mutex<HashMap<(TenantId, CameraId), Entry>>,
}

#[derive(Debug, Default)]
struct Entry {
    /// Entries and exits.
    lines: BTreeMap<Arc<str>, (u64, u64)>,
    zones: BTreeMap<Arc<str>, usize>,
}

impl Board {
    pub(super) fn count(&self, key: (TenantId, CameraId), line: Arc<str>, direction: Direction) {
        let mut cameras = self.cameras();
        let (entries, exits) = cameras.entry(key).or_default().lines.entry(line).or_default();
        match direction {
            Direction::In => *entries += 1,
            Direction::Out => *exits += 1,
        }
    }

    /// Puts who is in the zones now in place of who was.
    pub(super) fn set_zones<'a>(
        &self,
        key: (TenantId, CameraId),
        zones: impl Iterator<Item = (&'a Arc<str>, usize)>,
    ) {
        let zones = zones.map(|(name, people)| (name.clone(), people)).collect();
        self.cameras().entry(key).or_default().zones = zones;
    }

    /// The camera is no more, or stands elsewhere.
    pub(super) fn forget(&self, key: &(TenantId, CameraId)) {
        self.cameras().remove(key);
    }

    pub(super) fn figures(&self, tenant: TenantId, camera: &CameraId) -> LiveFigures {
        let cameras = self.cameras();
        let Some(entry) = cameras.get(&(tenant, camera.clone())) else { return LiveFigures::default() };
        let line = |(name, (entries, exits)): (&Arc<str>, &(u64, u64))| LineFigures {
            name: name.clone(),
            entries: *entries,
            exits: *exits,
        };
        let zone = |(name, people): (&Arc<str>, &usize)| ZoneFigures { name: name.clone(), people: *people };
        LiveFigures {
            lines: entry.lines.iter().map(line).collect(),
            zones: entry.zones.iter().map(zone).collect(),
        }
    }

    fn cameras(&self) -> MutexGuard<'_, HashMap<(TenantId, CameraId), Entry>> {
        self.cameras.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
