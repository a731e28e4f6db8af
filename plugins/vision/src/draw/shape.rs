//! Boxes: with round corners, filled or as a line, and dashed.
//!
//! A line lies inside its area, so that a box that ends at the picture's border still shows its edge.

use super::{
    colour::Rgb,
    frame::{Area, I420Frame},
};

/// How something is painted.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    pub colour: Rgb,
    /// 255 hides what is below.
    pub opacity: u8,
    /// Of the corners, px.
    pub radius: i32,
}

/// A filled box.
pub fn fill(frame: &mut I420Frame<'_>, area: Area, paint: Paint) {
    let radius = paint.radius.min(area.width() / 2).min(area.height() / 2).max(0);
    for corner in corners(area, radius) {
        frame.paint(corner, paint.colour, |x, y| {
            let (dx, dy) =
                (into_corner(x, area.x0, area.x1, radius), into_corner(y, area.y0, area.y1, radius));
            scale(paint.opacity, within(dx, dy, radius as f32))
        });
    }
    let Paint { colour, opacity, .. } = paint;
    let between = Area { x0: area.x0 + radius, x1: area.x1 - radius, ..area };
    frame.fill(Area { y1: area.y0 + radius, ..between }, colour, opacity);
    frame.fill(Area { y0: area.y1 - radius, ..between }, colour, opacity);
    frame.fill(Area { y0: area.y0 + radius, y1: area.y1 - radius, ..area }, colour, opacity);
}

/// The outline of a box, `line` pixels thick.
pub fn stroke(frame: &mut I420Frame<'_>, area: Area, line: i32, paint: Paint) {
    let line = line.min(area.width() / 2).min(area.height() / 2).max(1);
    let radius = paint.radius.min(area.width() / 2).min(area.height() / 2).max(0);
    let deep = radius.max(line);
    for corner in corners(area, deep) {
        frame.paint(corner, paint.colour, |x, y| {
            let (dx, dy) =
                (into_corner(x, area.x0, area.x1, radius), into_corner(y, area.y0, area.y1, radius));
            let outer = within(dx, dy, radius as f32);
            let inner = within(dx, dy, (radius - line).max(0) as f32);
            let hole = x >= area.x0 + line && x < area.x1 - line && y >= area.y0 + line && y < area.y1 - line;
            scale(paint.opacity, if hole { outer * (1.0 - inner) } else { outer })
        });
    }
    let Paint { colour, opacity, .. } = paint;
    let across = Area { x0: area.x0 + deep, x1: area.x1 - deep, ..area };
    frame.fill(Area { y1: area.y0 + line, ..across }, colour, opacity);
    frame.fill(Area { y0: area.y1 - line, ..across }, colour, opacity);
    let down = Area { y0: area.y0 + deep, y1: area.y1 - deep, ..area };
    frame.fill(Area { x1: area.x0 + line, ..down }, colour, opacity);
    frame.fill(Area { x0: area.x1 - line, ..down }, colour, opacity);
}

/// Squares of `size` pixels in the corners of `area`; they do not overlap, also when it is smaller than two of them.
fn corners(area: Area, size: i32) -> [Area; 4] {
    let (left, right) = (area.x0 + size, (area.x1 - size).max(area.x0 + size));
    let (top, bottom) = (area.y0 + size, (area.y1 - size).max(area.y0 + size));
    [
        Area { x1: left, y1: top, ..area },
        Area { x0: right, y1: top, ..area },
        Area { x1: left, y0: bottom, ..area },
        Area { x0: right, y0: bottom, ..area },
    ]
}

/// A dashed outline, `line` pixels thick; dashes begin at the corners, so that they do not crawl.
pub fn dash(frame: &mut I420Frame<'_>, area: Area, line: i32, paint: Paint) {
    let line = line.min(area.width() / 2).min(area.height() / 2).max(1);
    let length = (line * 6).max(6);
    let on = |from_start: i32, from_end: i32| {
        if (from_start.min(from_end) / length) % 2 == 0 { paint.opacity } else { 0 }
    };
    let along = |x: i32, _: i32| on(x - area.x0, area.x1 - 1 - x);
    let down = |_: i32, y: i32| on(y - area.y0, area.y1 - 1 - y);
    frame.paint(Area { y1: area.y0 + line, ..area }, paint.colour, along);
    frame.paint(Area { y0: area.y1 - line, ..area }, paint.colour, along);
    let middle = Area { y0: area.y0 + line, y1: area.y1 - line, ..area };
    frame.paint(Area { x1: area.x0 + line, ..middle }, paint.colour, down);
    frame.paint(Area { x0: area.x1 - line, ..middle }, paint.colour, down);
}

/// How far the middle of pixel `at` lies in the corner zone of the side from `start` to `end`; 0 between corners.
fn into_corner(at: i32, start: i32, end: i32, radius: i32) -> f32 {
    let at = at as f32 + 0.5;
    ((start + radius) as f32 - at).max(at - (end - radius) as f32).max(0.0)
}

/// The share of the pixel that lies within a circle around the corner's centre.
fn within(dx: f32, dy: f32, radius: f32) -> f32 {
    if dx <= 0.0 || dy <= 0.0 {
        // Beside the corners: the edge runs along pixel borders.
        return if dx.max(dy) <= radius { 1.0 } else { 0.0 };
    }
    (radius + 0.5 - dx.hypot(dy)).clamp(0.0, 1.0)
}

fn scale(opacity: u8, share: f32) -> u8 {
    (f32::from(opacity) * share).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::{Planes, colour::YuvSpace};

    /// Paints on a black 16×12 picture and gives back its luma.
    fn luma(paint: impl Fn(&mut I420Frame<'_>)) -> Vec<u8> {
        let mut data = [vec![16u8; 16 * 12], vec![128u8; 8 * 6], vec![128u8; 8 * 6]];
        let [y, u, v] = &mut data;
        let planes = Planes { data: [y, u, v], strides: [16, 8, 8] };
        let mut frame = I420Frame::new(planes, 16, 12, YuvSpace::BT601).expect("planes are large enough");
        paint(&mut frame);
        let [y, ..] = data;
        y
    }

    const WHITE: Paint = Paint { colour: Rgb::WHITE, opacity: 255, radius: 0 };

    #[test]
    fn an_outline_is_as_thick_as_asked_and_hollow() {
        let luma = luma(|frame| stroke(frame, Area::new(2, 2, 12, 8), 2, WHITE));
        for y in 0..12 {
            for x in 0..16 {
                let inside = (2..14).contains(&x) && (2..10).contains(&y);
                let hollow = (4..12).contains(&x) && (4..8).contains(&y);
                assert_eq!(luma[y * 16 + x], if inside && !hollow { 235 } else { 16 }, "{x},{y}");
            }
        }
    }

    #[test]
    fn round_corners_lack_their_outermost_pixel() {
        let luma = luma(|frame| fill(frame, Area::new(2, 2, 12, 8), Paint { radius: 3, ..WHITE }));
        assert_eq!(luma[2 * 16 + 2], 16);
        assert_eq!(luma[2 * 16 + 7], 235);
        assert_eq!(luma[5 * 16 + 2], 235);
        assert_eq!(luma[5 * 16 + 1], 16);
    }

    #[test]
    fn dashes_are_the_same_seen_from_both_ends() {
        let luma = luma(|frame| dash(frame, Area::new(0, 2, 16, 8), 1, WHITE));
        let line = &luma[2 * 16..3 * 16];
        let mirrored: Vec<u8> = line.iter().rev().copied().collect();
        assert_eq!(line, mirrored);
        assert_eq!(line[0], 235);
        assert_eq!(line[7], 16);
    }
}
