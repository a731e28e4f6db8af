//! How long a frame may be held back for its own result.

use std::time::Duration;

/// A frame's time when neither the caps nor the stream has told it yet: 25 frames a second.
const UNKNOWN_INTERVAL: Duration = Duration::from_millis(40);

/// Frame times outside of this are headers that lie (0/1, 90000/1) or gaps in the stream.
const SANE_INTERVAL: std::ops::RangeInclusive<Duration> = Duration::from_millis(4)..=Duration::from_secs(2);

/// Weight of the newest value in a running mean: a slow first inference is forgotten after some ten.
const NEWEST: f64 = 0.25;

/// What the user allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// A share of the frame's time.
    Auto,
    Forever,
    /// Zero is never.
    UpTo(Duration),
}

/// What is known of the stream's and the model's speed.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// A frame's time by the caps.
    declared: Option<Duration>,
    /// A frame's time by the stream, a running mean.
    measured: Option<Duration>,
    last_pts: Option<gst::ClockTime>,
    /// Running mean of inference times.
    inference: Option<Duration>,
}

impl Patience {
    /// From the property `max-wait-ms`.
    pub(super) fn from_ms(max_wait_ms: i32) -> Self {
        match u64::try_from(max_wait_ms) {
            Ok(ms) => Self::UpTo(Duration::from_millis(ms)),
            Err(_) if max_wait_ms == -1 => Self::Forever,
            Err(_) => Self::Auto,
        }
    }
}

impl Pace {
    /// New caps, with their frame rate.
    pub(super) fn declare(&mut self, frame_rate: gst::Fraction) {
        let (frames, seconds) = (f64::from(frame_rate.numer()), f64::from(frame_rate.denom()));
        let interval = if frames > 0.0 { Duration::from_secs_f64(seconds / frames) } else { Duration::ZERO };
        self.declared = SANE_INTERVAL.contains(&interval).then_some(interval);
    }

    /// A frame came.
    pub(super) fn observe_frame(&mut self, pts: Option<gst::ClockTime>) {
        if let (Some(pts), Some(last)) = (pts, self.last_pts) {
            let interval = Duration::from(pts.saturating_sub(last));
            if SANE_INTERVAL.contains(&interval) {
                self.measured = Some(running_mean(self.measured, interval));
            }
        }
        self.last_pts = pts;
    }

    /// An inference ended.
    pub(super) fn observe_inference(&mut self, took: Duration) {
        self.inference = Some(running_mean(self.inference, took));
    }

    /// Running mean of inference times.
    pub(super) fn inference(&self) -> Option<Duration> {
        self.inference
    }

    /// Longest time a frame may be held; `None` is for ever.
    pub(super) fn limit(&self, patience: Patience) -> Option<Duration> {
        match patience {
            Patience::Forever => None,
            Patience::UpTo(limit) => Some(limit),
            Patience::Auto => Some(self.declared.or(self.measured).unwrap_or(UNKNOWN_INTERVAL).mul_f64(0.75)),
        }
    }

    /// True when a result can be expected within `limit`.
    pub(super) fn is_worth_waiting(&self, limit: Option<Duration>) -> bool {
        match limit {
            None => true,
            Some(limit) => !limit.is_zero() && self.inference.is_none_or(|inference| inference <= limit),
        }
    }
}

fn running_mean(mean: Option<Duration>, newest: Duration) -> Duration {
    mean.map_or(newest, |mean| mean.mul_f64(1.0 - NEWEST) + newest.mul_f64(NEWEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_property_becomes_a_patience() {
        let cases = [
            (-2, Patience::Auto),
            (-1, Patience::Forever),
            (0, Patience::UpTo(Duration::ZERO)),
            (25, Patience::UpTo(ms(25))),
        ];
        for (value, patience) in cases {
            assert_eq!(Patience::from_ms(value), patience, "{value}");
        }
    }

    #[test]
    fn auto_is_a_share_of_the_frame_time_that_is_known_best() {
        let mut pace = Pace::default();
        let limit = |pace: &Pace| pace.limit(Patience::Auto);
        assert_eq!(limit(&pace), Some(ms(30)), "nothing is known");
        for frame in 0..5 {
            pace.observe_frame(Some(gst::ClockTime::from_mseconds(frame * 100)));
        }
        assert_eq!(limit(&pace), Some(ms(75)), "measured");
        pace.observe_frame(Some(gst::ClockTime::from_seconds(3600)));
        pace.observe_frame(Some(gst::ClockTime::ZERO));
        pace.observe_frame(None);
        assert_eq!(limit(&pace), Some(ms(75)), "a jump is not a frame time");
        pace.declare(gst::Fraction::new(20, 1));
        assert_eq!(limit(&pace), Some(Duration::from_micros(37_500)), "by the caps");
        for lie in [gst::Fraction::new(0, 1), gst::Fraction::new(90_000, 1)] {
            pace.declare(lie);
            assert_eq!(limit(&pace), Some(ms(75)), "{lie}");
        }
    }

    #[test]
    fn waiting_stops_while_inference_is_slower_than_the_limit() {
        let mut pace = Pace::default();
        let limit = Some(ms(25));
        assert!(pace.is_worth_waiting(limit), "nobody knows yet");
        pace.observe_inference(ms(120));
        assert!(!pace.is_worth_waiting(limit), "slow");
        assert!(pace.is_worth_waiting(None), "for ever is for ever");
        for _ in 0..20 {
            pace.observe_inference(ms(10));
        }
        assert!(pace.is_worth_waiting(limit), "fast again");
        assert!(!pace.is_worth_waiting(Some(Duration::ZERO)), "never is never");
    }
}
