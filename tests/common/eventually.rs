//! Waiting for something to become true, with an end.

use std::time::{Duration, Instant};

/// Long enough for a busy machine; a test that works is done far earlier.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer; panics with `what` when none comes in time.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what} should be so within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
