//! The locks of what several threads share: those of the standard library, or such as a test turns every which way.

#[cfg(feature = "interleavings")]
pub(super) use shuttle::sync::{Mutex, MutexGuard, RwLock};
#[cfg(not(feature = "interleavings"))]
pub(super) use std::sync::{Mutex, MutexGuard, RwLock};
