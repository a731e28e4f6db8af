//! Whether something lives: a poster, a cone or a mannequin looks like a person, but its pixels never change.

use std::time::Duration;

use crate::meta::{Object, Rect};

/// Part of a box that must have changed to count as a sign. A person who stands still moves by more in nearly every
/// result, and a thing by nothing in nearly every one.
const SIGN: f32 = 0.01;

/// Who has left their place by so many widths lives, whatever the pixels say.
const MOVED: f32 = 0.5;

/// Signs are averaged over this time.
const WINDOW: f64 = 1.0;

/// Part of the results that must show a sign.
const ALIVE: f64 = 0.6;

/// How long somebody may hold still: as long as they were seen to live before, within limits. A sleeper
/// is no visitor until they move again, and what flickered once was none.
const STILL_OF_LIFE: f64 = 1.0;
const SHORTEST_STILL: Duration = Duration::from_millis(500);
const LONGEST_STILL: Duration = Duration::from_millis(10_000);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Life {
    place: Rect,
    begun: Duration,
    share: f64,
    weight: f64,
    at: Duration,
    /// When it was last sure to live.
    alive_at: Option<Duration>,
}

impl Life {
    pub(super) fn start(object: &Object, at: Duration) -> Self {
        let life = Self { place: object.rect, begun: at, share: 0.0, weight: 0.0, at, alive_at: None };
        life.after(object, at, false)
    }

    /// Takes a new sight. When somebody walks past it, only its own movement can be a sign.
    #[must_use]
    pub(super) fn after(self, object: &Object, at: Duration, is_disturbed: bool) -> Self {
        let Some(cue) = &object.cue else {
            // Nobody has looked, so everything lives.
            return Self { at, alive_at: Some(at), ..self };
        };
        let has_moved = distance(self.place, object.rect) > MOVED;
        let seconds = (at - self.at).as_secs_f64().max(0.01);
        if has_moved {
            // Whoever stops there must show life there.
            return Self { place: object.rect, share: 0.0, weight: 0.0, at, alive_at: Some(at), ..self };
        }
        if is_disturbed {
            return Self { at, ..self };
        }
        let sign = if cue.change >= SIGN { 1.0 } else { 0.0 };
        let kept = (-seconds / WINDOW).exp();
        let (share, weight) = (self.share * kept + sign * (1.0 - kept), self.weight * kept + 1.0 - kept);
        let is_alive = share >= ALIVE * weight;
        Self { share, weight, at, alive_at: if is_alive { Some(at) } else { self.alive_at }, ..self }
    }

    /// True when at `at` it lives, or has lately.
    pub(super) fn is_alive(&self, at: Duration) -> bool {
        self.alive_at.is_some_and(|alive| {
            let lived = alive.saturating_sub(self.begun).mul_f64(STILL_OF_LIFE);
            at.saturating_sub(alive) <= lived.clamp(SHORTEST_STILL, LONGEST_STILL)
        })
    }
}

/// Between the middles of two boxes, in widths and heights of the first.
fn distance(one: Rect, other: Rect) -> f32 {
    let across = (other.x + other.w / 2.0 - one.x - one.w / 2.0) / one.w;
    let down = (other.y + other.h / 2.0 - one.y - one.h / 2.0) / one.h;
    across.abs().max(down.abs())
}
