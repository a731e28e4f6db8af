//! How a box moves: centre and size, each at a nearly constant speed.
//!
//! The four values are filtered apart from each other: their noise is near enough independent, and a filter of
//! two states is a few lines that anybody can check. Noise is in units of the box (across: its width, down: its
//! height), so the filter is the same for a person far away and near by, and for any shape of picture.

use std::time::Duration;

use crate::meta::Rect;

/// How wrong a confident box is, as a standard deviation. Detectors jitter by a few hundredths of the box; arms
/// and legs change the width more than the rest.
const CENTRE_X_ERROR: f64 = 0.1;
const CENTRE_Y_ERROR: f64 = 0.04;
const WIDTH_ERROR: f64 = 0.16;
const HEIGHT_ERROR: f64 = 0.05;

/// Speeds that are usual when nothing is known yet, per second: someone who walks across the picture covers
/// nearly three times their width, and much less of their height.
const USUAL_SPEED_X: f64 = 2.5;
const USUAL_SPEED_Y: f64 = 0.6;
const USUAL_GROWTH: f64 = 0.1;

/// How much a speed drifts within a second.
const DRIFT_X: f64 = 1.0;
const DRIFT_Y: f64 = 0.4;
const DRIFT_GROWTH: f64 = 0.1;

/// Growth is only carried on for so long, in seconds: nobody approaches for ever, and a width that shrank when
/// an arm went down must not shrink to nothing behind a pillar.
const LONGEST_GROWTH: f64 = 0.2;

/// Width of a person in heights.
const PERSON_WIDTH: f64 = 0.4;

/// Speed of somebody who walks, in widths a second.
const WALKING: f64 = 0.4;

/// The smallest box, as a fraction of the picture: keeps sizes positive.
const SMALLEST: f64 = 1e-4;

/// One value that moves at a nearly constant speed, and how sure of both we are.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Axis {
    value: f64,
    speed: f64,
    /// Variances of value and speed, and their covariance.
    value_variance: f64,
    covariance: f64,
    speed_variance: f64,
}

impl Axis {
    fn new(value: f64, error: f64, usual_speed: f64) -> Self {
        Self {
            value,
            speed: 0.0,
            value_variance: error * error,
            covariance: 0.0,
            speed_variance: usual_speed * usual_speed,
        }
    }

    /// The axis `seconds` later; the speed drifts as a random walk of `drift` a second (white noise acceleration).
    fn after(self, seconds: f64, drift: f64) -> Self {
        let noise = drift * drift;
        Self {
            value: self.value + self.speed * seconds,
            value_variance: self.value_variance
                + 2.0 * seconds * self.covariance
                + seconds * seconds * self.speed_variance
                + noise * seconds.powi(3) / 3.0,
            covariance: self.covariance + seconds * self.speed_variance + noise * seconds.powi(2) / 2.0,
            speed_variance: self.speed_variance + noise * seconds,
            ..self
        }
    }

    fn corrected(self, measured: f64, error: f64) -> Self {
        let total = self.value_variance + error * error;
        let (gain, speed_gain) = (self.value_variance / total, self.covariance / total);
        let miss = measured - self.value;
        Self {
            value: self.value + gain * miss,
            speed: self.speed + speed_gain * miss,
            value_variance: (1.0 - gain) * self.value_variance,
            covariance: (1.0 - gain) * self.covariance,
            speed_variance: self.speed_variance - speed_gain * self.covariance,
        }
    }

    /// The square of how many standard deviations `measured` is away.
    fn surprise(self, measured: f64, error: f64) -> f64 {
        (measured - self.value).powi(2) / (self.value_variance + error * error)
    }
}

/// A box that moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Motion {
    at: Duration,
    x: Axis,
    y: Axis,
    width: Axis,
    height: Axis,
}

impl Motion {
    /// A box seen for the first time.
    pub fn start(rect: Rect, at: Duration) -> Self {
        let seen = Seen::of(rect);
        Self {
            at,
            x: Axis::new(seen.x, CENTRE_X_ERROR * seen.width, USUAL_SPEED_X * seen.width),
            y: Axis::new(seen.y, CENTRE_Y_ERROR * seen.height, USUAL_SPEED_Y * seen.height),
            width: Axis::new(seen.width, WIDTH_ERROR * seen.width, USUAL_GROWTH * seen.width),
            height: Axis::new(seen.height, HEIGHT_ERROR * seen.height, USUAL_GROWTH * seen.height),
        }
    }

    /// The box as it should be at `at`; times before the last measurement give the last measurement.
    #[must_use]
    pub fn predicted(&self, at: Duration) -> Self {
        let seconds = at.saturating_sub(self.at).as_secs_f64();
        let (width, height) = (self.width.value, self.height.value);
        let growth = seconds.min(LONGEST_GROWTH);
        let mut later = Self {
            at: self.at.max(at),
            x: self.x.after(seconds, DRIFT_X * width),
            y: self.y.after(seconds, DRIFT_Y * height),
            width: self.width.after(growth, DRIFT_GROWTH * width),
            height: self.height.after(growth, DRIFT_GROWTH * height),
        };
        later.width.value = later.width.value.max(width / 2.0).max(SMALLEST);
        later.height.value = later.height.value.max(height / 2.0).max(SMALLEST);
        later
    }

    /// The box after `rect` was seen at its time; `doubt` multiplies the error of a confident box.
    #[must_use]
    pub fn corrected(&self, rect: Rect, doubt: f64) -> Self {
        let seen = Seen::of(rect);
        let (width, height) = (self.width.value * doubt, self.height.value * doubt);
        let mut corrected = Self {
            at: self.at,
            x: self.x.corrected(seen.x, CENTRE_X_ERROR * width),
            y: self.y.corrected(seen.y, CENTRE_Y_ERROR * height),
            width: self.width.corrected(seen.width, WIDTH_ERROR * width),
            height: self.height.corrected(seen.height, HEIGHT_ERROR * height),
        };
        corrected.width.value = corrected.width.value.max(SMALLEST);
        corrected.height.value = corrected.height.value.max(SMALLEST);
        corrected
    }

    /// The squared Mahalanobis distance of `rect`, over the four values.
    pub fn surprise(&self, rect: Rect) -> f64 {
        let seen = Seen::of(rect);
        let (width, height) = (self.width.value, self.height.value);
        self.x.surprise(seen.x, CENTRE_X_ERROR * width)
            + self.y.surprise(seen.y, CENTRE_Y_ERROR * height)
            + self.width.surprise(seen.width, WIDTH_ERROR * width)
            + self.height.surprise(seen.height, HEIGHT_ERROR * height)
    }

    /// The box.
    pub fn rect(&self) -> Rect {
        let (width, height) = (self.width.value, self.height.value);
        Rect {
            x: (self.x.value - width / 2.0) as f32,
            y: (self.y.value - height / 2.0) as f32,
            w: width as f32,
            h: height as f32,
        }
    }

    /// How far the middle of `rect` is away, in heights of the box.
    pub fn distance(&self, rect: Rect) -> f64 {
        let seen = Seen::of(rect);
        // The picture's shape is not known here, but a person's is.
        let across = (seen.x - self.x.value) / self.width.value * PERSON_WIDTH;
        across.hypot((seen.y - self.y.value) / self.height.value)
    }

    /// The ratio of the heights of `rect` and the box, at least 1.
    pub fn growth(&self, rect: Rect) -> f64 {
        let ratio = f64::from(rect.h).max(SMALLEST) / self.height.value;
        ratio.max(1.0 / ratio)
    }

    /// Whether it moves faster than somebody who stands and sways.
    pub fn is_walking(&self) -> bool {
        let (across, down) = (self.x.speed / self.width.value, self.y.speed / self.height.value);
        across.abs() > WALKING || down.abs() > WALKING / 4.0
    }

    /// Whether its centre has left the picture.
    pub fn has_left(&self) -> bool {
        let inside = 0.0..=1.0;
        !inside.contains(&self.x.value) || !inside.contains(&self.y.value)
    }
}

/// A measured box by its centre and size.
struct Seen {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Seen {
    fn of(rect: Rect) -> Self {
        let [x, y, width, height] = [rect.x, rect.y, rect.w, rect.h].map(f64::from);
        Self {
            x: x + width / 2.0,
            y: y + height / 2.0,
            width: width.max(SMALLEST),
            height: height.max(SMALLEST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: f32) -> Rect {
        Rect { x, y: 0.3, w: 0.1, h: 0.4 }
    }

    #[test]
    fn a_steady_walk_is_learned_within_a_second_and_carried_on() {
        let mut motion = Motion::start(rect(0.1), Duration::ZERO);
        for step in 1..=10 {
            let at = Duration::from_millis(100 * step);
            motion = motion.predicted(at).corrected(rect(0.1 + 0.02 * step as f32), 1.0);
        }
        let later = motion.predicted(Duration::from_millis(1500)).rect();
        assert!((later.x - 0.4).abs() < 0.005, "{later:?}");
        assert!((later.w - 0.1).abs() < 0.002, "{later:?}");
    }

    #[test]
    fn predicting_in_two_steps_is_predicting_in_one() {
        let motion = Motion::start(rect(0.1), Duration::ZERO)
            .predicted(Duration::from_millis(40))
            .corrected(rect(0.12), 1.0);
        let once = motion.predicted(Duration::from_millis(300));
        let twice = motion.predicted(Duration::from_millis(110)).predicted(Duration::from_millis(300));
        assert!((once.x.value - twice.x.value).abs() < 1e-9);
        assert!((once.x.value_variance - twice.x.value_variance).abs() < 1e-5);
    }

    #[test]
    fn the_longer_unseen_the_less_surprising_a_distance() {
        let motion = Motion::start(rect(0.1), Duration::ZERO);
        let soon = motion.predicted(Duration::from_millis(40)).surprise(rect(0.3));
        let late = motion.predicted(Duration::from_millis(1000)).surprise(rect(0.3));
        assert!(late < soon / 4.0, "{late} {soon}");
    }

    #[test]
    fn the_past_is_the_last_measurement() {
        let motion = Motion::start(rect(0.1), Duration::from_secs(5));
        assert_eq!(motion.predicted(Duration::from_secs(4)), motion.predicted(Duration::from_secs(5)));
    }

    #[test]
    fn an_empty_box_is_followed_without_dividing_by_nothing() {
        let empty = Rect { x: 0.5, y: 0.5, w: 0.0, h: 0.0 };
        let motion =
            Motion::start(empty, Duration::ZERO).predicted(Duration::from_secs(1)).corrected(empty, 1.0);
        assert!(motion.surprise(empty).is_finite());
        assert!(motion.rect().w > 0.0);
    }
}
