//! How long to wait before the next try: longer each time and never twice the same, so that many who lost the same
//! server do not all come back at the same moment ("decorrelated jitter", Brooker, AWS, 2015).

use std::time::Duration;

/// The shortest wait.
const BASE: Duration = Duration::from_millis(100);

/// The longest. Whoever is back is found within a second, which is the point; some tries a second cost nothing.
const CAP: Duration = Duration::from_millis(800);

/// Waits, one after the other.
#[derive(Debug)]
pub(super) struct Backoff {
    last: Duration,
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self { last: BASE }
    }

    /// The next wait.
    pub(super) fn next(&mut self) -> Duration {
        self.last = rand::random_range(BASE..=self.last * 3).min(CAP);
        self.last
    }

    /// It worked: begin with short waits again.
    pub(super) fn reset(&mut self) {
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_their_bound_and_are_not_the_same_for_all() {
        let waits = || {
            let mut backoff = Backoff::new();
            (0..20).map(|_| backoff.next()).collect::<Vec<_>>()
        };
        let (one, other) = (waits(), waits());
        assert!(one.iter().chain(&other).all(|wait| (BASE..=CAP).contains(wait)), "{one:?}");
        assert_ne!(one, other);
        assert!(one[0] <= BASE * 3);
        let most = |waits: &[Duration]| waits.iter().max().copied();
        assert!(most(&one).max(most(&other)) > Some(BASE * 3));
    }
}
