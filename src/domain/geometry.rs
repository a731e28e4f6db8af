//! Shapes on a picture, in fractions of its width and height (0..1, origin top left).

use std::sync::Arc;

/// A point of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

/// A box: top left corner, width and height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub w: f32,
    pub h: f32,
}

impl Rect {
    /// Where the person stands: the middle of the lower edge.
    pub fn foot(self) -> Point {
        Point { x: self.x + self.w / 2.0, y: self.y + self.h }
    }
}

/// A directed segment. `in` is a crossing from left to right of it, looking from `from` to `to`.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub name: Arc<str>,
    pub from: Point,
    pub to: Point,
}

/// A closed polygon of three corners or more.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone {
    pub name: Arc<str>,
    pub corners: Vec<Point>,
}
