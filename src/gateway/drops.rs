//! How many events are lost, of late and not since ever, and whether any are sent at all: what is told, and when somebody
//! should be woken.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::figures::Figures;

/// Losses are told of this time.
const WINDOW: Duration = Duration::from_secs(60);

/// A larger share is worth a word in the log.
const TOO_MUCH: f64 = 0.05;

/// The next word comes no sooner.
const COOLDOWN: Duration = Duration::from_secs(300);

/// Events that wait are sent within milliseconds; who has sent none for so long sends none at all.
const STUCK: Duration = Duration::from_secs(5);

/// How often it is looked at.
const EVERY: Duration = Duration::from_secs(1);

/// The share of events that were lost within the last minute.
#[derive(Debug, Default)]
pub struct DropRate {
    /// When, and how many had been dropped and published until then.
    seen: VecDeque<(Instant, u64, u64)>,
    warned: Option<Instant>,
}

impl DropRate {
    /// Takes how many events were dropped and published up to `now` since the start. `true` when it is time to warn.
    pub fn note(&mut self, now: Instant, dropped: u64, published: u64) -> bool {
        self.seen.push_back((now, dropped, published));
        // The last one that is older stays: the window begins there.
        while self.seen.get(1).is_some_and(|(at, ..)| now.duration_since(*at) >= WINDOW) {
            self.seen.pop_front();
        }
        let is_quiet = self.warned.is_some_and(|at| now.duration_since(at) < COOLDOWN);
        let warns = self.rate() > TOO_MUCH && !is_quiet;
        if warns {
            self.warned = Some(now);
        }
        warns
    }

    /// 0 to 1.
    pub fn rate(&self) -> f64 {
        let (Some((_, dropped_before, before)), Some((_, dropped, published))) =
            (self.seen.front(), self.seen.back())
        else {
            return 0.0;
        };
        let (dropped, published) = ((dropped - dropped_before) as f64, (published - before) as f64);
        if dropped > 0.0 { dropped / (dropped + published) } else { 0.0 }
    }
}

/// Whether what waits is sent.
#[derive(Debug, Default)]
struct Progress {
    /// Since when so many were processed and no more.
    since: Option<(Instant, u64)>,
}

impl Progress {
    fn is_stuck(&mut self, now: Instant, waiting: usize, processed: u64) -> bool {
        match self.since {
            Some((since, before)) if waiting > 0 && before == processed => now.duration_since(since) >= STUCK,
            _ => {
                self.since = Some((now, processed));
                false
            }
        }
    }
}

/// Keeps the figures of what is lost and of what is stuck, and warns when it is too much, until `stop`.
pub(super) async fn watch(
    figures: Arc<Figures>,
    waiting: impl Fn() -> usize + Send,
    stop: CancellationToken,
) {
    let (mut drops, mut progress) = (DropRate::default(), Progress::default());
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let now = Instant::now();
        if drops.note(now, figures.dropped.get(), figures.published.get()) {
            tracing::warn!("High drop rate detected: {:.1}%", drops.rate() * 100.0);
        }
        figures.drop_rate.set(drops.rate());
        figures.stuck.store(progress.is_stuck(now, waiting(), figures.processed.get()), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_lost_is_told_for_a_minute() {
        let (mut drops, start) = (DropRate::default(), Instant::now());
        drops.note(start, 0, 0);
        assert!(!drops.note(start + EVERY, 5, 95), "five in a hundred are borne");
        assert!((drops.rate() - 0.05).abs() < 1e-9);
        assert!(drops.note(start + 2 * EVERY, 6, 95), "more are not");
        for second in 3..=63 {
            drops.note(start + EVERY * second, 6, 95);
        }
        assert_eq!(drops.rate(), 0.0, "it is over");
    }

    #[test]
    fn a_warning_comes_every_five_minutes_at_most() {
        let (mut drops, start) = (DropRate::default(), Instant::now());
        let warned: Vec<_> =
            (0..700).filter(|second| drops.note(start + EVERY * *second, u64::from(*second), 0)).collect();
        assert_eq!(warned, [1, 301, 601]);
    }

    #[test]
    fn who_sends_nothing_while_something_waits_is_stuck() {
        let (mut progress, start) = (Progress::default(), Instant::now());
        assert!(!progress.is_stuck(start, 9, 1));
        assert!(!progress.is_stuck(start + STUCK, 9, 2), "one was sent");
        assert!(!progress.is_stuck(start + 2 * STUCK, 0, 2), "nothing waits");
        assert!(!progress.is_stuck(start + 3 * STUCK - EVERY, 9, 2));
        assert!(progress.is_stuck(start + 3 * STUCK, 9, 2));
        assert!(!progress.is_stuck(start + 4 * STUCK, 9, 3), "it goes on");
    }

    #[tokio::test(start_paused = true)]
    async fn the_figure_follows_what_is_counted() {
        let (figures, stop) = (Arc::new(Figures::default()), CancellationToken::new());
        let watching = tokio::spawn(watch(figures.clone(), || 0, stop.clone()));
        tokio::time::advance(Duration::from_millis(100)).await;
        tokio::task::yield_now().await;
        figures.dropped.add(1);
        figures.published.add(3);
        while figures.drop_rate.get() == 0.0 {
            tokio::time::advance(EVERY).await;
            tokio::task::yield_now().await;
        }
        assert!((figures.drop_rate.get() - 0.25).abs() < 1e-9);
        stop.cancel();
        watching.await.unwrap();
    }
}
