//! What is counted of each tenant's totems.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::TenantId;

/// What happened to a tenant's pictures and sounds.
#[derive(Debug, Default)]
pub struct Counts {
    /// Pictures that were answered.
    pub answers: AtomicU64,
    /// Pictures that a newer one overtook.
    pub skipped: AtomicU64,
    /// Messages that could not be used.
    pub errors: AtomicU64,
    /// Times that the detector looked.
    pub detector_runs: AtomicU64,
    /// Looks at one person.
    pub looks: AtomicU64,
    pub sounds: AtomicU64,
    /// Answers that slow viewers did not get.
    pub missed: AtomicU64,
    /// Frames that the recorder had no room for, or whose totem has the id of a camera.
    pub unrecorded: AtomicU64,
}

impl Counts {
    /// One more of something.
    pub(super) fn add(of: &AtomicU64, count: u64) {
        of.fetch_add(count, Ordering::Relaxed);
    }

    /// Each with its name and what it counts.
    pub fn all(&self) -> [(&'static str, &'static str, u64); 8] {
        let read = |of: &AtomicU64| of.load(Ordering::Relaxed);
        [
            ("totem_answers", "Pictures of totems that were answered", read(&self.answers)),
            ("totem_skipped_frames", "Pictures of totems that a newer one overtook", read(&self.skipped)),
            ("totem_errors", "Messages of totems that could not be used", read(&self.errors)),
            ("totem_detector_runs", "Times that the detector looked for totems", read(&self.detector_runs)),
            ("totem_looks", "Closer looks at people before totems", read(&self.looks)),
            ("totem_sounds", "Sounds of totems that were answered", read(&self.sounds)),
            ("totem_missed_answers", "Answers that slow viewers were not sent", read(&self.missed)),
            (
                "totem_unrecorded_frames",
                "Pictures whose people are not counted: the recorder is full, or the id a camera's",
                read(&self.unrecorded),
            ),
        ]
    }
}

/// The counts of all tenants.
#[derive(Debug, Default)]
pub(super) struct Figures(Mutex<BTreeMap<TenantId, Arc<Counts>>>);

impl Figures {
    pub(super) fn of(&self, tenant: TenantId) -> Arc<Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(tenant).or_default().clone()
    }
}
