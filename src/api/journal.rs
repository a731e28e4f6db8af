//! Notes every change that somebody made over the API.
//!
//! It hangs on the gate, so that a new route is noted without a thought. A note that the store does not take now is
//! tried again until it does: a camera can be stopped while the database is away.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::domain::{BranchId, Change};
use crate::store::Store;

/// How long an answer waits for its note.
const PATIENCE: Duration = Duration::from_secs(1);

/// Between two tries while the store is away.
const TRY_AGAIN: Duration = Duration::from_secs(5);

/// Notes that wait at most; beyond that they are in the log only.
const MAX_WAITING: usize = 1000;

/// Names noted of one change at most.
const MAX_FIELDS: usize = 100;

/// What a handler knows of a change that the gate cannot.
#[derive(Debug, Clone, Default)]
pub(super) struct Note {
    /// Where the change was made.
    pub(super) branch: Option<BranchId>,
    /// What really changed; `None`: whatever was given.
    pub(super) fields: Option<Vec<String>>,
}

/// Writes notes; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Journal {
    store: Store,
    waiting: Arc<AtomicUsize>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Journal {
    /// Its notes hang on `tasks`, and are tried once more when `stop` comes.
    pub(super) fn new(store: Store, tasks: TaskTracker, stop: CancellationToken) -> Self {
        Self { store, waiting: Arc::default(), tasks, stop }
    }

    /// Notes `change`; returns when it is in the store, or soon when that is away.
    pub(super) async fn note(&self, change: Change) {
        let journal = self.clone();
        let writing = self.tasks.spawn(async move { journal.write(change).await });
        // Goes on without us.
        let _ = tokio::time::timeout(PATIENCE, writing).await;
    }

    async fn write(&self, change: Change) {
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        loop {
            let Err(error) = self.store.add_change(change.tenant, &change).await else { break };
            if !error.is_away() || waiting > MAX_WAITING || self.stop.is_cancelled() {
                tracing::error!(%error, ?change, "a change could not be noted");
                break;
            }
            let _ = tokio::time::timeout(TRY_AGAIN, self.stop.cancelled()).await;
        }
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The names of the fields in a JSON body, those of objects within it as `outer.inner`; none of anything else. Only
/// names: a value may be a password.
pub(super) fn fields_of(body: &[u8]) -> Vec<String> {
    let Ok(Value::Object(fields)) = serde_json::from_slice(body) else { return Vec::new() };
    let mut names = Vec::new();
    for (name, value) in &fields {
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                names.extend(inner.keys().map(|key| format!("{name}.{key}")));
            }
            _ => names.push(name.clone()),
        }
    }
    names.truncate(MAX_FIELDS);
    names
}

/// The names of what differs between two JSON objects, as [`fields_of`] writes them.
pub(super) fn differences(before: &Value, after: &Value) -> Vec<String> {
    let (Value::Object(before), Value::Object(after)) = (before, after) else { return Vec::new() };
    let mut names = Vec::new();
    for key in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let null = Value::Null;
        match (before.get(key).unwrap_or(&null), after.get(key).unwrap_or(&null)) {
            (old, new) if old == new => {}
            (old @ Value::Object(_), new @ Value::Object(_)) => {
                names.extend(differences(old, new).into_iter().map(|inner| format!("{key}.{inner}")));
            }
            _ => names.push(key.clone()),
        }
    }
    names.truncate(MAX_FIELDS);
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_named_and_their_values_are_not() {
        let body = json!({"name": "x", "parameters": {"location": "rtsp://a:b@c"}, "lines": [], "zones": {}});
        assert_eq!(fields_of(body.to_string().as_bytes()), ["lines", "name", "parameters.location", "zones"]);
        assert!(fields_of(b"[1]").is_empty() && fields_of(b"").is_empty() && fields_of(b"{").is_empty());
    }

    #[test]
    fn only_what_differs_is_named() {
        let before = json!({"name": "a", "parameters": {"speed": 1, "password": "x"}, "sector": 1});
        let after = json!({"name": "a", "parameters": {"speed": 1, "password": "y", "pattern": "ball"}});
        assert_eq!(differences(&before, &after), ["parameters.password", "parameters.pattern", "sector"]);
    }
}
