//! Faces that are a person's own, and what is worn on a head.

use super::clothes::Sight;
use super::words::HeadAccessory;
use crate::engine::blazeface::{Face, KeyPoint};
use crate::engine::mask::Material;
use crate::meta::Rect;

/// Score of a face from which on it is one, when a mask can be asked too …
const LIKELY: f32 = 0.6;
/// … and when there is none.
const SURE: f32 = 0.8;

/// A face with less skin than this is the back of a head.
const LEAST_SKIN: f32 = 0.3;

/// The least width of a face, px.
const LEAST_WIDTH: f32 = 16.0;

/// The face in `faces` that belongs on a head in the square `head`; `size` is the picture's as it is shown.
pub(super) fn own_face(faces: &[Face], head: &Rect, sight: &Sight<'_>, size: (f32, f32)) -> Option<Face> {
    let middle = |rect: &Rect| (rect.x + rect.w / 2.0, rect.y + rect.h / 2.0);
    let is_own = |face: &&Face| {
        let ((x, y), (head_x, head_y)) = (middle(&face.rect), middle(head));
        let away = ((x - head_x) * size.0).hypot((y - head_y) * size.1);
        let width = face.rect.w * size.0;
        let ratio = face.rect.w / head.w;
        let skin = skin_share(sight, &face.rect);
        away < 0.5 * width.max(head.w * size.0 / 2.0)
            && (0.22..1.3).contains(&ratio)
            && width >= LEAST_WIDTH
            && is_inside(&face.rect)
            && skin.map_or(face.score >= SURE, |skin| skin >= LEAST_SKIN && face.score >= LIKELY)
    };
    faces.iter().find(is_own).copied()
}

/// Whether nearly all of `rect` is in the picture.
fn is_inside(rect: &Rect) -> bool {
    let across = (rect.x + rect.w).min(1.0) - rect.x.max(0.0);
    let down = (rect.y + rect.h).min(1.0) - rect.y.max(0.0);
    across >= 0.85 * rect.w && down >= 0.85 * rect.h
}

/// The part of `rect` that a mask calls skin; `None` where it is blind.
fn skin_share(sight: &Sight<'_>, rect: &Rect) -> Option<f32> {
    let point = |index: usize| {
        let (column, row) = ((index % 8) as f32 + 0.5, (index / 8) as f32 + 0.5);
        sight.material((rect.x + rect.w * column / 8.0, rect.y + rect.h * row / 8.0))
    };
    let materials: Vec<Material> =
        (0..64).filter_map(point).filter(|material| *material != Material::Background).collect();
    let skin = materials.iter().filter(|at| matches!(at, Material::FaceSkin | Material::BodySkin)).count();
    (materials.len() >= 24).then(|| skin as f32 / materials.len() as f32)
}

/// Where on a face things are, in its own directions: right along the eyes, up from the mouth to the eyes.
struct Axes {
    eyes: (f32, f32),
    /// From one eye to the other.
    right: (f32, f32),
    /// From the mouth to the eyes.
    up: (f32, f32),
}

/// A face's eyes are at least this part of its width apart when it looks at the camera.
const FRONTAL: f32 = 0.28;

/// Whether both eyes of a face look somewhere near the camera.
pub(super) fn is_frontal(face: &Face, size: (f32, f32)) -> bool {
    let (right, left) = (face.point(KeyPoint::RightEye), face.point(KeyPoint::LeftEye));
    let distance = ((left.0 - right.0) * size.0).hypot((left.1 - right.1) * size.1);
    distance >= FRONTAL * face.rect.w * size.0
}

impl Axes {
    fn of(face: &Face) -> Self {
        let (right, left) = (face.point(KeyPoint::RightEye), face.point(KeyPoint::LeftEye));
        let mouth = face.point(KeyPoint::Mouth);
        let eyes = ((right.0 + left.0) / 2.0, (right.1 + left.1) / 2.0);
        Self { eyes, right: (left.0 - right.0, left.1 - right.1), up: (eyes.0 - mouth.0, eyes.1 - mouth.1) }
    }

    fn at(&self, right: f32, up: f32) -> (f32, f32) {
        (
            self.eyes.0 + self.right.0 * right + self.up.0 * up,
            self.eyes.1 + self.right.1 * right + self.up.1 * up,
        )
    }

    /// What is seen in a band of the head: `right` and `up` are its ends in distances of the eyes and of eyes and mouth.
    fn band(&self, sight: &Sight<'_>, right: (f32, f32), up: (f32, f32)) -> Vec<Material> {
        let step = |ends: (f32, f32), index: usize| ends.0 + (ends.1 - ends.0) * (index as f32 + 0.5) / 12.0;
        (0..144)
            .filter_map(|index| sight.material(self.at(step(right, index % 12), step(up, index / 12))))
            .collect()
    }

    /// The upright box around such a band.
    fn rect(&self, right: (f32, f32), up: (f32, f32)) -> Rect {
        let corners = [(right.0, up.0), (right.0, up.1), (right.1, up.0), (right.1, up.1)]
            .map(|(right, up)| self.at(right, up));
        let low =
            corners.into_iter().fold((f32::MAX, f32::MAX), |low, at| (low.0.min(at.0), low.1.min(at.1)));
        let high =
            corners.into_iter().fold((f32::MIN, f32::MIN), |high, at| (high.0.max(at.0), high.1.max(at.1)));
        Rect { x: low.0, y: low.1, w: high.0 - low.0, h: high.1 - low.1 }
    }
}

/// The top of a head: above the brows, as wide as the temples.
const CROWN: ((f32, f32), (f32, f32)) = ((-0.8, 0.8), (0.75, 1.9));

/// Where glasses sit.
const EYES: ((f32, f32), (f32, f32)) = ((-0.95, 0.95), (-0.3, 0.3));

/// Beside the head at the height of the brows, where only a brim is.
const BRIM: [((f32, f32), (f32, f32)); 2] = [((-2.0, -1.25), (0.5, 1.1)), ((1.25, 2.0), (0.5, 1.1))];

fn share(materials: &[Material], of: &[Material]) -> f32 {
    let count = materials.iter().filter(|material| of.contains(material)).count();
    count as f32 / materials.len().max(1) as f32
}

/// What is worn on the head with `face`, how sure that is (0..1) and where it is; `None` when no mask tells.
pub(super) fn accessory(face: &Face, sight: &Sight<'_>) -> Option<(HeadAccessory, f32, Option<Rect>)> {
    use Material::{Background, Clothes, FaceSkin, Hair, Other};
    let axes = Axes::of(face);
    let crown = axes.band(sight, CROWN.0, CROWN.1);
    let on_head: Vec<Material> = crown.into_iter().filter(|material| *material != Background).collect();
    // Less than that is a head that the picture or the mask cuts off.
    if on_head.len() < 60 {
        return None;
    }
    let covered = share(&on_head, &[Other, Clothes]);
    if covered >= 0.5 {
        let is_brimmed =
            BRIM.iter().all(|(right, up)| share(&axes.band(sight, *right, *up), &[Other, Clothes]) > 0.4);
        let worn = if is_brimmed { HeadAccessory::Hat } else { HeadAccessory::Cap };
        return Some((worn, covered, Some(axes.rect((-1.1, 1.1), (0.6, 2.2)))));
    }
    let eyes = axes.band(sight, EYES.0, EYES.1);
    let glasses = share(&eyes, &[Other]);
    if glasses >= 0.2 {
        return Some((HeadAccessory::Glasses, (0.5 + glasses).min(0.95), Some(axes.rect(EYES.0, EYES.1))));
    }
    let bare = share(&on_head, &[Hair, FaceSkin]);
    let is_bare = bare >= 0.85 && share(&eyes, &[FaceSkin]) >= 0.8;
    is_bare.then_some((HeadAccessory::None, bare * 0.8, None))
}
