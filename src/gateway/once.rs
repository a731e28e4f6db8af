//! Ids of events that came a moment ago: a publisher that got no answer sends again, and that counts once.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::Gateway;
use super::lanes::LaneFull;
use crate::domain::{Event, TenantId};

/// Who has waited longer for an answer has sent again by now, or will not.
const KEPT: Duration = Duration::from_secs(60);

/// Ids of one tenant: some five megabytes. A tenant that names more in a minute is told apart by its newest.
const MOST: usize = 50_000;

/// The newest ids of each tenant.
#[derive(Debug, Default)]
pub(super) struct Once {
    tenants: HashMap<TenantId, Ids>,
}

#[derive(Debug, Default)]
struct Ids {
    known: HashSet<Arc<str>>,
    order: VecDeque<(Instant, Arc<str>)>,
}

impl Ids {
    fn forget(&mut self, now: Instant, most: usize) {
        while let Some((at, oldest)) = self.order.front() {
            if self.order.len() <= most && now.duration_since(*at) <= KEPT {
                return;
            }
            self.known.remove(oldest);
            self.order.pop_front();
        }
    }
}

impl Once {
    /// Whether `id` came within the last minute.
    pub(super) fn contains(&mut self, tenant: TenantId, id: &str, now: Instant) -> bool {
        let Some(ids) = self.tenants.get_mut(&tenant) else { return false };
        ids.forget(now, MOST);
        ids.known.contains(id)
    }

    /// Remembers `id`.
    pub(super) fn note(&mut self, tenant: TenantId, id: Arc<str>, now: Instant) {
        let ids = self.tenants.entry(tenant).or_default();
        if ids.known.insert(id.clone()) {
            ids.order.push_back((now, id));
        }
        ids.forget(now, MOST);
    }

    /// Lets go of tenants who have sent nothing of late.
    pub(super) fn tidy(&mut self, now: Instant) {
        self.tenants.values_mut().for_each(|ids| ids.forget(now, MOST));
        self.tenants.retain(|_, ids| !ids.order.is_empty());
    }
}

impl Gateway {
    /// As [`Gateway::publish`], unless an event of the same tenant and id was taken within the last minute: then there
    /// is nothing left to do.
    ///
    /// # Errors
    /// When too many of its tenant's wait.
    pub fn publish_once(&self, event: Event) -> Result<(), LaneFull> {
        let Some(id) = event.id.clone() else { return self.publish(event) };
        let (tenant, now) = (event.tenant, Instant::now());
        // Held over both steps: of two who send the same at once, one counts.
        let mut once = self.inner.once.lock().unwrap_or_else(PoisonError::into_inner);
        if once.contains(tenant, &id, now) {
            self.inner.figures.duplicates.add(1);
            return Ok(());
        }
        self.publish(event)?;
        once.note(tenant, id, now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(id: i64) -> TenantId {
        TenantId::new(id).unwrap()
    }

    #[test]
    fn an_id_is_known_for_a_minute_and_to_its_own_tenant() {
        let (mut once, start) = (Once::default(), Instant::now());
        once.note(tenant(1), "a".into(), start);
        assert!(once.contains(tenant(1), "a", start + KEPT));
        assert!(!once.contains(tenant(2), "a", start));
        assert!(!once.contains(tenant(1), "a", start + KEPT + Duration::from_millis(1)));
        once.tidy(start + 2 * KEPT);
        assert!(once.tenants.is_empty());
    }

    #[test]
    fn a_tenant_that_names_too_many_loses_its_own_oldest() {
        let (mut once, start) = (Once::default(), Instant::now());
        once.note(tenant(2), "theirs".into(), start);
        for number in 0..=MOST {
            once.note(tenant(1), number.to_string().into(), start);
        }
        assert!(!once.contains(tenant(1), "0", start));
        assert!(once.contains(tenant(1), "1", start) && once.contains(tenant(2), "theirs", start));
    }
}
