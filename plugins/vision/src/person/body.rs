//! Where the parts of a body lie in a picture, in the body's own units.
//!
//! Lengths are heights of a pixel, so that pixels that are not square bend nothing. What has to do with size is said
//! in lengths of the torso (middle of the shoulders to middle of the hips), which hardly changes with what a person
//! does: the original design's thresholds were fractions of the picture and depended on the distance from the camera.

use crate::engine::blazepose::{BodyPart, Pose};
use crate::meta::Rect;

/// A point of the picture, in fractions of it.
pub(super) type Place = (f32, f32);

/// A point or a way, in heights of a pixel.
type Vector = (f32, f32);

/// How likely a point must be to be seen before anything is made of it.
const SEEN: f32 = 0.5;

/// Shoulders may be so many torsos apart; more is a torso that is foreshortened or guessed beyond the picture.
const WIDEST_SHOULDERS: f32 = 1.7;

/// The middle of a torso may be so far from that of the person's box, in widths of it. Further aside it is somebody
/// else's, or the box is not where the person is: a detector that is behind its camera leaves it to motion to say where.
const FURTHEST_ASIDE: f32 = 0.25;

/// The least part of a person's box that a torso is high.
const LEAST_TORSO: f32 = 0.15;

/// Half of the least width of a torso, in its lengths: as a person's who is seen from the side.
const LEAST_HALF_WIDTH: f32 = 0.225;

/// Rows and columns of points that a torso is looked at.
const TORSO_GRID: (usize, usize) = (24, 16);

/// Half of the width that an arm is looked at, in lengths of the torso.
const HALF_ARM: f32 = 0.07;

/// A body in a picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body<'a> {
    pose: &'a Pose,
    /// Size of the picture as it is shown.
    picture: (f32, f32),
}

/// One side of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// A part of an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ArmPart {
    /// From the middle of the upper arm to the elbow, which no short sleeve reaches.
    Upper,
    /// From the elbow to the wrist.
    Fore,
}

impl<'a> Body<'a> {
    /// `picture` is the picture's size as it is shown.
    pub(super) fn new(pose: &'a Pose, picture: (f32, f32)) -> Self {
        Self { pose, picture }
    }

    /// How sure it is that there is a body, 0..1.
    pub(super) fn presence(&self) -> f32 {
        self.pose.presence
    }

    fn at(&self, part: BodyPart) -> Vector {
        let point = self.pose.at(part);
        (point.x * self.picture.0, point.y * self.picture.1)
    }

    fn is_seen(&self, part: BodyPart) -> bool {
        self.pose.at(part).visibility >= SEEN
    }

    fn place(&self, (x, y): Vector) -> Place {
        (x / self.picture.0, y / self.picture.1)
    }

    fn shoulders(&self) -> Vector {
        middle(self.at(BodyPart::LeftShoulder), self.at(BodyPart::RightShoulder))
    }

    fn hips(&self) -> Vector {
        middle(self.at(BodyPart::LeftHip), self.at(BodyPart::RightHip))
    }

    /// Middle of the shoulders to middle of the hips, in heights of a pixel.
    pub(super) fn torso(&self) -> f32 {
        length(minus(self.hips(), self.shoulders()))
    }

    /// Between the shoulders, in lengths of the torso.
    pub(super) fn shoulder_width(&self) -> f32 {
        let width = minus(self.at(BodyPart::LeftShoulder), self.at(BodyPart::RightShoulder));
        length(width) / self.torso()
    }

    /// Mean drop from shoulder to wrist, in lengths of the torso: the original's "arm coverage".
    pub(super) fn arm_drop(&self) -> f32 {
        use BodyPart::{LeftShoulder, LeftWrist, RightShoulder, RightWrist};
        let drop = |shoulder, wrist| (self.at(shoulder).1 - self.at(wrist).1).abs();
        (drop(LeftShoulder, LeftWrist) + drop(RightShoulder, RightWrist)) / 2.0 / self.torso()
    }

    /// Whether the person turns the chest to the camera: their left is then on the right.
    pub(super) fn is_facing(&self) -> bool {
        self.at(BodyPart::LeftShoulder).0 > self.at(BodyPart::RightShoulder).0 && self.shoulder_width() > 0.4
    }

    /// Whether the shape is one that a person in `rect` can have, with shoulders and torso where they can be seen.
    pub(super) fn fits(&self, rect: &Rect) -> bool {
        let torso = self.torso();
        let (slack_x, slack_y) = (rect.w * 0.2, rect.h * 0.1);
        let is_inside = |part| {
            let (x, y) = self.place(self.at(part));
            (rect.x - slack_x..rect.x + rect.w + slack_x).contains(&x)
                && (rect.y - slack_y..rect.y + rect.h + slack_y).contains(&y)
                && (0.0..1.0).contains(&x)
                && (0.0..1.0).contains(&y)
        };
        let (axis, _) = self.place(middle(self.shoulders(), self.hips()));
        torso >= LEAST_TORSO * rect.h * self.picture.1
            && (axis - rect.x - rect.w / 2.0).abs() <= FURTHEST_ASIDE * rect.w
            && self.shoulder_width() <= WIDEST_SHOULDERS
            && self.shoulders().1 < self.hips().1
            && [BodyPart::LeftShoulder, BodyPart::RightShoulder]
                .into_iter()
                .all(|part| self.is_seen(part) && is_inside(part))
    }

    /// Points over the torso, row by row from the shoulders down, each row from one side to the other.
    pub(super) fn torso_rows(&self) -> Vec<Vec<Place>> {
        let (rows, columns) = TORSO_GRID;
        let (top, axis) = (self.shoulders(), minus(self.hips(), self.shoulders()));
        let torso = length(axis);
        let across = minus(self.at(BodyPart::LeftShoulder), self.at(BodyPart::RightShoulder));
        let width = length(across);
        // From the side the shoulders are one behind the other, and their direction means nothing.
        let across = if width > 0.25 * torso { scaled(across, 1.0 / width) } else { right_of(axis) };
        let half = (width / 2.0).max(LEAST_HALF_WIDTH * torso);
        let fraction = |index: usize, count: usize| (index as f32 + 0.5) / count as f32;
        let row = |row| {
            let start = plus(top, scaled(axis, 0.05 + 0.9 * fraction(row, rows)));
            let point = |column| {
                let away = (fraction(column, columns) * 2.0 - 1.0) * 0.85 * half;
                self.place(plus(start, scaled(across, away)))
            };
            (0..columns).map(point).collect()
        };
        (0..rows).map(row).collect()
    }

    /// Points along a part of an arm; none where it is not seen.
    pub(super) fn arm(&self, side: Side, part: ArmPart) -> Vec<Place> {
        use BodyPart::{LeftElbow, LeftShoulder, LeftWrist, RightElbow, RightShoulder, RightWrist};
        let (start, end) = match (side, part) {
            (Side::Left, ArmPart::Upper) => (LeftShoulder, LeftElbow),
            (Side::Left, ArmPart::Fore) => (LeftElbow, LeftWrist),
            (Side::Right, ArmPart::Upper) => (RightShoulder, RightElbow),
            (Side::Right, ArmPart::Fore) => (RightElbow, RightWrist),
        };
        let way = minus(self.at(end), self.at(start));
        if !(self.is_seen(start) && self.is_seen(end)) || length(way) < 1.0 {
            return Vec::new();
        }
        let first = if part == ArmPart::Upper { 0.6 } else { 0.1 };
        let aside = scaled(right_of(way), HALF_ARM * self.torso());
        let point = |(step, offset): (usize, f32)| {
            let along = plus(self.at(start), scaled(way, first + (0.9 - first) * step as f32 / 9.0));
            self.place(plus(along, scaled(aside, offset)))
        };
        let steps = (0..10).flat_map(|step| [-0.7, 0.0, 0.7].map(|offset| (step, offset)));
        steps.map(point).collect()
    }

    /// The points of one line across the body, two shoulder widths long, `down` torsos below the shoulders.
    pub(super) fn across(&self, down: f32) -> Vec<Place> {
        let axis = minus(self.hips(), self.shoulders());
        let across = minus(self.at(BodyPart::LeftShoulder), self.at(BodyPart::RightShoulder));
        let start = plus(self.shoulders(), scaled(axis, down));
        let point = |step: usize| self.place(plus(start, scaled(across, (step as f32 / 39.0 - 0.5) * 2.0)));
        (0..40).map(point).collect()
    }

    /// A square around where the head must be; the box of its face should be half as wide.
    pub(super) fn head(&self) -> Rect {
        use BodyPart::{LeftEar, LeftEye, MouthLeft, MouthRight, Nose, RightEar, RightEye};
        let parts = [Nose, LeftEye, RightEye, LeftEar, RightEar].map(|part| self.at(part));
        let sum = parts.into_iter().fold((0.0, 0.0), plus);
        let centre = scaled(sum, 1.0 / parts.len() as f32);
        let ears = length(minus(self.at(LeftEar), self.at(RightEar)));
        let eyes = middle(self.at(LeftEye), self.at(RightEye));
        let mouth = middle(self.at(MouthLeft), self.at(MouthRight));
        // Ears tell the size from the front, eyes and mouth from the side, and the torso when there is neither.
        let face = ears.max(length(minus(mouth, eyes)) * 2.4).max(0.25 * self.torso());
        let (width, height) = (2.0 * face / self.picture.0, 2.0 * face / self.picture.1);
        let (x, y) = self.place(centre);
        Rect { x: x - width / 2.0, y: y - height / 2.0, w: width, h: height }
    }

    /// The upright box around shoulders, hips and seen arms.
    pub(super) fn upper(&self) -> Rect {
        use BodyPart::{
            LeftElbow, LeftHip, LeftShoulder, LeftWrist, RightElbow, RightHip, RightShoulder, RightWrist,
        };
        let arms =
            [LeftElbow, RightElbow, LeftWrist, RightWrist].into_iter().filter(|part| self.is_seen(*part));
        let parts = [LeftShoulder, RightShoulder, LeftHip, RightHip].into_iter().chain(arms);
        let rim = 0.12 * self.torso();
        let (mut low, mut high) = ((f32::MAX, f32::MAX), (f32::MIN, f32::MIN));
        for (x, y) in parts.map(|part| self.at(part)) {
            low = (low.0.min(x - rim), low.1.min(y - rim));
            high = (high.0.max(x + rim), high.1.max(y + rim));
        }
        let ((x, y), (right, bottom)) = (self.place(low), self.place(high));
        let (x, y) = (x.clamp(0.0, 1.0), y.clamp(0.0, 1.0));
        Rect { x, y, w: right.clamp(x, 1.0) - x, h: bottom.clamp(y, 1.0) - y }
    }
}

fn middle(one: Vector, other: Vector) -> Vector {
    scaled(plus(one, other), 0.5)
}

fn plus(one: Vector, other: Vector) -> Vector {
    (one.0 + other.0, one.1 + other.1)
}

fn minus(one: Vector, other: Vector) -> Vector {
    (one.0 - other.0, one.1 - other.1)
}

fn scaled((x, y): Vector, by: f32) -> Vector {
    (x * by, y * by)
}

fn length((x, y): Vector) -> f32 {
    x.hypot(y)
}

/// One pixel at a right angle to `way`; nothing when that goes nowhere.
fn right_of((x, y): Vector) -> Vector {
    let length = length((x, y));
    if length > 0.0 { (y / length, -x / length) } else { (0.0, 0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::blazepose::Landmark;

    #[test]
    fn a_body_beside_the_box_is_not_the_persons() {
        let rect = Rect { x: 0.4, y: 0.2, w: 0.1, h: 0.4 };
        let fits_moved_by = |widths: f32| {
            let hidden = Landmark { x: 0.0, y: 0.0, z: 0.0, visibility: 0.0, presence: 0.0 };
            let mut pose = Pose { presence: 1.0, landmarks: [hidden; _] };
            let mut put = |part: BodyPart, x: f32, y: f32| {
                let (x, y) = (rect.x + (x + widths) * rect.w, rect.y + y * rect.h);
                pose.landmarks[part as usize] = Landmark { x, y, visibility: 1.0, ..hidden };
            };
            put(BodyPart::LeftShoulder, 0.7, 0.2);
            put(BodyPart::RightShoulder, 0.3, 0.2);
            put(BodyPart::LeftHip, 0.6, 0.5);
            put(BodyPart::RightHip, 0.4, 0.5);
            Body::new(&pose, (640.0, 480.0)).fits(&rect)
        };
        for widths in [0.0, 0.2, -0.2] {
            assert!(fits_moved_by(widths), "{widths}");
        }
        for widths in [0.3, -0.3] {
            assert!(!fits_moved_by(widths), "{widths}");
        }
    }
}
