//! The sessions of one network, shared by all who use it.
//!
//! ONNX Runtime's sessions must not run twice at once through this binding (`Session::run` takes `&mut self`), so a
//! network used by several cameras is a small pool: it starts with one session, grows by one when its users have had
//! to wait for long and a core is left, and serves those who wait in the order they came. A session costs some
//! 40 to 60 MB, so one camera costs one, cameras that leave it time to rest share it, and ten busy cameras on four
//! cores cost four.

use std::collections::HashMap;
use std::num::NonZero;
use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, LazyLock, Mutex, Weak};
use std::time::Duration;

use ort::environment::Environment;
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;

use super::assets::Assets;
use super::error::EngineError;
use super::manifest::Manifest;
use super::runtime::Device;
use crate::sync::{lock, wait};

/// Leases in a row that had to wait before the pool grows. Chance makes users of a session that rests half of the
/// time collide now and then, but not this often.
const GROW_AFTER: u32 = 16;

/// Pools in use, by what makes their sessions equal.
static POOLS: LazyLock<Mutex<HashMap<Key, Weak<Pool>>>> = LazyLock::new(Mutex::default);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    sha256: String,
    /// Another path must fail or be loaded, not be ignored.
    runtime: PathBuf,
    threads: usize,
    device: Device,
}

/// How a session is made.
pub(super) struct Recipe {
    pub(super) manifest: Manifest,
    pub(super) assets: Assets,
    /// The runtime library.
    pub(super) runtime: PathBuf,
    /// Chosen, not [`Device::Auto`].
    pub(super) device: Device,
    /// Threads that one run may use.
    pub(super) threads: usize,
}

/// A network in use, and how fast it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// Name of its manifest.
    pub model: String,
    /// Where it runs; never [`Device::Auto`].
    pub device: Device,
    /// Sessions that exist for it.
    pub sessions: usize,
    /// Mean time of one inference since it was loaded; `None` until there was one.
    pub inference_ms: Option<f64>,
}

/// Inferences that ended well.
#[derive(Default)]
struct Runs {
    count: u64,
    time: Duration,
}

/// Sessions of one network.
pub(super) struct Pool {
    recipe: Recipe,
    runs: Mutex<Runs>,
    environment: Environment,
    queue: Mutex<Queue>,
    freed: Condvar,
}

struct Queue {
    idle: Vec<Session>,
    /// Sessions that exist, idle or leased; at least one.
    made: usize,
    limit: usize,
    /// Leases in a row that had to wait.
    waited: u32,
    next_ticket: u64,
    /// The ticket whose turn it is.
    serving: u64,
}

/// A session on loan; it goes back when dropped.
pub(super) struct Lease<'a> {
    pool: &'a Pool,
    /// `None` only while it is being given back.
    session: Option<Session>,
}

/// The pool for `recipe`; an equal one that is in use is shared.
///
/// # Errors
/// When the weights or the runtime are missing or wrong, or the runtime does not take the network.
pub(super) fn share(recipe: Recipe) -> Result<Arc<Pool>, EngineError> {
    let key = Key {
        sha256: recipe.manifest.sha256.clone(),
        runtime: recipe.runtime.clone(),
        threads: recipe.threads,
        device: recipe.device,
    };
    // The lock is held while loading, so that two cameras that start at once load once.
    let mut pools = lock(&POOLS);
    if let Some(pool) = pools.get(&key).and_then(Weak::upgrade) {
        return Ok(pool);
    }
    let pool = Arc::new(Pool::new(recipe)?);
    pools.retain(|_, pool| pool.strong_count() > 0);
    pools.insert(key, Arc::downgrade(&pool));
    Ok(pool)
}

/// Every network that somebody uses now.
pub fn loaded() -> Vec<Loaded> {
    let pools: Vec<_> = lock(&POOLS).values().filter_map(Weak::upgrade).collect();
    pools.iter().map(|pool| pool.describe()).collect()
}

impl Pool {
    fn new(recipe: Recipe) -> Result<Self, EngineError> {
        // The weights first: on a machine without a set-up both are missing, and the model is what was asked for.
        let weights = recipe.assets.read(&recipe.manifest)?;
        let environment = super::runtime::environment(&recipe.runtime)?;
        let first = recipe.build(&environment, &weights)?;
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let limit = (cores / recipe.threads).max(1);
        let queue = Queue { idle: vec![first], made: 1, limit, waited: 0, next_ticket: 0, serving: 0 };
        Ok(Self {
            recipe,
            runs: Mutex::default(),
            environment,
            queue: Mutex::new(queue),
            freed: Condvar::new(),
        })
    }

    /// Waits for a session; first come, first served.
    pub(super) fn lease(&self) -> Lease<'_> {
        let mut queue = lock(&self.queue);
        let ticket = queue.next_ticket;
        queue.next_ticket += 1;
        // A session that lies idle may already be meant for somebody ahead who has yet to wake up.
        let is_served_at_once = queue.serving == ticket && !queue.idle.is_empty();
        queue.waited = if is_served_at_once { 0 } else { queue.waited + 1 };
        loop {
            if queue.serving == ticket {
                let mut session = queue.idle.pop();
                if session.is_none() && queue.is_short() {
                    queue.waited = 0;
                    queue.made += 1;
                    drop(queue);
                    let built = self.grow();
                    queue = lock(&self.queue);
                    if built.is_none() {
                        // What cannot be made now will not be asked for again; there is at least one to wait for.
                        queue.made -= 1;
                        queue.limit = queue.made;
                        continue;
                    }
                    session = built;
                }
                if session.is_some() {
                    queue.serving += 1;
                    self.freed.notify_all();
                    return Lease { pool: self, session };
                }
            }
            queue = wait(&self.freed, queue);
        }
    }

    /// One more session, checked like the first; `None` when the file has gone or changed meanwhile.
    fn grow(&self) -> Option<Session> {
        let weights = self.recipe.assets.read(&self.recipe.manifest).ok()?;
        self.recipe.build(&self.environment, &weights).ok()
    }

    /// Counts an inference that ended well.
    pub(super) fn count(&self, took: Duration) {
        let mut runs = lock(&self.runs);
        runs.count += 1;
        runs.time += took;
    }

    fn describe(&self) -> Loaded {
        let runs = lock(&self.runs);
        let mean = runs.time.as_secs_f64() * 1000.0 / runs.count as f64;
        Loaded {
            model: self.recipe.manifest.name.clone(),
            device: self.recipe.device,
            sessions: self.size(),
            inference_ms: (runs.count > 0).then_some(mean),
        }
    }

    /// How many sessions there are.
    pub(super) fn size(&self) -> usize {
        lock(&self.queue).made
    }
}

impl Queue {
    /// True when its users wait for one another and a core is left.
    fn is_short(&self) -> bool {
        self.waited >= GROW_AFTER && self.made < self.limit
    }
}

impl Recipe {
    fn build(&self, environment: &Environment, weights: &[u8]) -> Result<Session, EngineError> {
        let refused = |reason: String| EngineError::Refused {
            model: self.manifest.name.clone(),
            path: self.assets.weights(&self.manifest),
            reason,
        };
        // Threads that spin between two runs would take the core from the decoders of other cameras.
        let builder = Session::builder(environment).map_err(|error| refused(error.to_string()))?;
        let builder = builder
            .with_optimization_level(GraphOptimizationLevel::Level3)
            .map_err(|error| refused(error.to_string()))?;
        let builder = builder.with_intra_threads(self.threads).map_err(|error| refused(error.to_string()))?;
        let builder = builder.with_intra_op_spinning(false).map_err(|error| refused(error.to_string()))?;
        // A pattern reserves room for all activations at once; without it a session takes half of that room and
        // is no slower.
        let mut builder = builder.with_memory_pattern(false).map_err(|error| refused(error.to_string()))?;
        builder.commit_from_memory(weights).map_err(|error| refused(error.to_string()))
    }
}

impl Deref for Lease<'_> {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.session.as_ref().expect("a lease should hold its session until it is dropped")
    }
}

impl DerefMut for Lease<'_> {
    fn deref_mut(&mut self) -> &mut Session {
        self.session.as_mut().expect("a lease should hold its session until it is dropped")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut queue = lock(&self.pool.queue);
        queue.idle.extend(self.session.take());
        self.pool.freed.notify_all();
    }
}
