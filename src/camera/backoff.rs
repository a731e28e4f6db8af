//! How long to wait before a lost camera is tried again.

use std::time::Duration;

/// First wait, and the least that the doubling starts from.
const FIRST: Duration = Duration::from_millis(250);
/// Longest wait for a camera that was there a moment ago: with connecting and a key frame a second, the
/// picture is back within two.
const RECENT_CAP: Duration = Duration::from_millis(600);
/// How long "a moment ago" lasts.
const RECENT: Duration = Duration::from_secs(60);
/// Longest wait for one that has been away for long.
const LONG_CAP: Duration = Duration::from_secs(5);

/// First wait for a camera that refused user or password; and the longest. Usual cameras lock the account or the
/// address for half an hour after five wrong log-ins, and with it others who use it: so there are four in that time.
const REFUSED_FIRST: Duration = Duration::from_secs(2 * 60);
const REFUSED_CAP: Duration = Duration::from_secs(16 * 60);

/// Waits that double up to a cap, each shortened by chance so that a switch that comes back is not asked by all
/// its cameras at once.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    tries: u32,
    refusals: u32,
}

impl Backoff {
    /// The wait before the next try of a camera last seen `unseen` ago; `chance` is 0..=1.
    pub(super) fn next(&mut self, unseen: Duration, chance: f64) -> Duration {
        let cap = if unseen < RECENT { RECENT_CAP } else { LONG_CAP };
        let wait = FIRST.saturating_mul(1 << self.tries.min(8)).min(cap);
        self.tries = self.tries.saturating_add(1);
        wait.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
    }

    /// The wait before the next try of a camera that knows its user or password to be wrong.
    pub(super) fn next_refused(&mut self) -> Duration {
        let wait = REFUSED_FIRST.saturating_mul(1 << self.refusals.min(8)).min(REFUSED_CAP);
        self.refusals = self.refusals.saturating_add(1);
        wait
    }

    /// The camera was there: the next loss starts from the shortest wait.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_that_fits() {
        let waits = |unseen_s| {
            let mut backoff = Backoff::default();
            [(); 7].map(|()| backoff.next(Duration::from_secs(unseen_s), 1.0).as_millis())
        };
        assert_eq!(waits(0), [250, 500, 600, 600, 600, 600, 600]);
        assert_eq!(waits(61), [250, 500, 1000, 2000, 4000, 5000, 5000]);
    }

    #[test]
    fn a_refused_password_is_tried_four_times_in_any_half_hour_at_most() {
        let mut backoff = Backoff::default();
        let mut tries = vec![0];
        for _ in 0..10 {
            // Whatever else goes wrong in between.
            backoff.next(Duration::ZERO, 1.0);
            tries.push(tries[tries.len() - 1] + backoff.next_refused().as_secs());
        }
        assert_eq!(tries[..4], [0, 120, 360, 840]);
        assert!(tries.windows(5).all(|five| five[4] - five[0] >= 30 * 60), "{tries:?}");
        backoff.reset();
        assert_eq!(backoff.next_refused(), REFUSED_FIRST);
    }

    #[test]
    fn chance_shortens_by_half_at_most_and_a_success_starts_over() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(Duration::ZERO, 0.0).as_millis(), 125);
        for _ in 0..1000 {
            backoff.next(Duration::from_secs(600), 0.5);
        }
        backoff.reset();
        assert_eq!(backoff.next(Duration::from_secs(600), 1.0), FIRST);
    }
}
