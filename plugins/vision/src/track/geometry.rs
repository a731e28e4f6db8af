//! How boxes lie to each other.

use crate::meta::Rect;

/// True when nothing of it lies in the picture.
pub(crate) fn is_outside(rect: Rect) -> bool {
    rect.x >= 1.0 || rect.y >= 1.0 || rect.x + rect.w <= 0.0 || rect.y + rect.h <= 0.0
}

/// Intersection over union, 0..1.
pub(crate) fn overlap(a: Rect, b: Rect) -> f64 {
    let both = shared(a, b);
    both / (area(a) + area(b) - both).max(f64::MIN_POSITIVE)
}

/// The part of `rect` that `other` covers, 0..1.
pub(crate) fn covered_part(rect: Rect, other: Rect) -> f64 {
    shared(rect, other) / area(rect).max(f64::MIN_POSITIVE)
}

/// True when `a` stands before `b`: who is nearer to a camera that looks down stands lower in the picture.
pub(crate) fn is_before(a: Rect, b: Rect) -> bool {
    a.y + a.h > b.y + b.h
}

fn shared(a: Rect, b: Rect) -> f64 {
    let width = f64::from((a.x + a.w).min(b.x + b.w) - a.x.max(b.x)).max(0.0);
    let height = f64::from((a.y + a.h).min(b.y + b.h) - a.y.max(b.y)).max(0.0);
    width * height
}

fn area(rect: Rect) -> f64 {
    f64::from(rect.w) * f64::from(rect.h)
}
