//! A piece of a picture, possibly turned, that a network looks at; and the way from its answer back to the picture.

use crate::meta::Rect;

/// A rectangle in a picture. It may stick out at the borders and be turned.
///
/// Inside, lengths are heights of a pixel of the picture: there a turned square is one, whatever shape pixels have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    centre: (f32, f32),
    size: (f32, f32),
    /// Sine and cosine of the angle it is turned by, clockwise as it is seen.
    turn: (f32, f32),
    /// Size of the picture.
    picture: (f32, f32),
}

impl Region {
    /// The square around `rect` of a picture, `margin` times as wide as the longer side of that; `picture` is the
    /// picture's size as it is shown ([`I420::shown_size`]).
    ///
    /// [`I420::shown_size`]: super::frame::I420::shown_size
    pub fn around(rect: &Rect, margin: f32, picture: (f32, f32)) -> Self {
        let (width, height) = (rect.w * picture.0, rect.h * picture.1);
        let side = width.max(height) * margin;
        let centre = ((rect.x + rect.w / 2.0) * picture.0, (rect.y + rect.h / 2.0) * picture.1);
        Self { centre, size: (side, side), turn: (0.0, 1.0), picture }
    }

    /// The square that two points of a picture, in fractions of it, lie in at the fractions `left` and `right` of the
    /// square; it is turned so that they do.
    ///
    /// `None` when the points are one.
    pub fn through(points: [(f32, f32); 2], at: [(f32, f32); 2], picture: (f32, f32)) -> Option<Self> {
        let [one, other] = points.map(|(x, y)| (x * picture.0, y * picture.1));
        let (step, step_at) = (minus(other, one), minus(at[1], at[0]));
        let side = length(step) / length(step_at);
        if side == 0.0 || !side.is_finite() {
            return None;
        }
        // The direction of one step as seen from the other: both over their lengths, as complex numbers.
        let scale = length(step) * length(step_at);
        let cosine = (step.0 * step_at.0 + step.1 * step_at.1) / scale;
        let sine = (step.1 * step_at.0 - step.0 * step_at.1) / scale;
        let offset = turned((side * (0.5 - at[0].0), side * (0.5 - at[0].1)), (sine, cosine));
        let centre = (one.0 + offset.0, one.1 + offset.1);
        Some(Self { centre, size: (side, side), turn: (sine, cosine), picture })
    }

    /// What a whole input shows when the picture takes of it, in fractions, the rectangle `inner`.
    pub(super) fn holding(inner: &Rect, picture: (f32, f32)) -> Self {
        let size = (picture.0 / inner.w, picture.1 / inner.h);
        let centre = ((0.5 - inner.x) * size.0, (0.5 - inner.y) * size.1);
        Self { centre, size, turn: (0.0, 1.0), picture }
    }

    /// The point at the fractions `x`, `y` of the region in fractions of the picture.
    pub fn to_picture(&self, x: f32, y: f32) -> (f32, f32) {
        let (x, y) = self.to_shown(x, y);
        (x / self.picture.0, y / self.picture.1)
    }

    /// The point at the fractions `x`, `y` of the picture in fractions of the region.
    pub fn of_picture(&self, x: f32, y: f32) -> (f32, f32) {
        let away = (x * self.picture.0 - self.centre.0, y * self.picture.1 - self.centre.1);
        let (sine, cosine) = self.turn;
        let (right, down) = turned(away, (-sine, cosine));
        (right / self.size.0 + 0.5, down / self.size.1 + 0.5)
    }

    /// The upright rectangle of the picture around `rect` of the region.
    pub fn rect_to_picture(&self, rect: &Rect) -> Rect {
        let (right, bottom) = (rect.x + rect.w, rect.y + rect.h);
        let corners = [(rect.x, rect.y), (right, rect.y), (rect.x, bottom), (right, bottom)]
            .map(|(x, y)| self.to_picture(x, y));
        let edge =
            |of: fn((f32, f32)) -> f32, pick: fn(f32, f32) -> f32| corners.map(of).into_iter().reduce(pick);
        let [x, y] = [|point: (f32, f32)| point.0, |point: (f32, f32)| point.1]
            .map(|of| (edge(of, f32::min).unwrap_or_default(), edge(of, f32::max).unwrap_or_default()));
        Rect { x: x.0, y: y.0, w: x.1 - x.0, h: y.1 - y.0 }
    }

    /// Width in heights of a pixel of the picture.
    pub fn width(&self) -> f32 {
        self.size.0
    }

    /// As [`Region::to_picture`], in heights of a pixel.
    pub(super) fn to_shown(self, x: f32, y: f32) -> (f32, f32) {
        let (right, down) = turned(((x - 0.5) * self.size.0, (y - 0.5) * self.size.1), self.turn);
        (self.centre.0 + right, self.centre.1 + down)
    }
}

fn minus(one: (f32, f32), other: (f32, f32)) -> (f32, f32) {
    (one.0 - other.0, one.1 - other.1)
}

fn length((x, y): (f32, f32)) -> f32 {
    x.hypot(y)
}

fn turned((x, y): (f32, f32), (sine, cosine): (f32, f32)) -> (f32, f32) {
    (x * cosine - y * sine, x * sine + y * cosine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(found: (f32, f32), expected: (f32, f32)) {
        let distance = length(minus(found, expected));
        assert!(distance < 1e-5, "{found:?} instead of {expected:?}");
    }

    #[test]
    fn a_square_around_a_box_is_square_as_it_is_shown() {
        let rect = Rect { x: 0.25, y: 0.1, w: 0.1, h: 0.5 };
        let region = Region::around(&rect, 1.2, (200.0, 100.0));
        // The box is 20 by 50 around (60, 35); the square is 60 wide.
        assert!((region.width() - 60.0).abs() < 1e-3, "{}", region.width());
        assert_near(region.to_picture(0.5, 0.5), (0.3, 0.35));
        assert_near(region.to_picture(0.0, 0.0), (0.15, 0.05));
        assert_near(region.to_picture(1.0, 1.0), (0.45, 0.65));
    }

    #[test]
    fn a_square_through_two_points_has_them_where_they_are_wanted() {
        let at = [(0.3, 0.3), (0.7, 0.3)];
        let cases = [
            ("upright", [(0.4, 0.4), (0.6, 0.4)], (0.5, 0.5)),
            ("turned by a right angle", [(0.6, 0.2), (0.6, 0.6)], (0.4, 0.4)),
            ("slanting", [(0.1, 0.8), (0.2, 0.9)], (0.1, 0.9)),
        ];
        for (name, points, centre) in cases {
            let region = Region::through(points, at, (100.0, 100.0)).unwrap();
            for (point, at) in points.into_iter().zip(at) {
                assert_near(region.to_picture(at.0, at.1), point);
            }
            assert!(length(minus(region.to_picture(0.5, 0.5), centre)) < 1e-5, "{name}");
        }
        assert_eq!(Region::through([(0.5, 0.5); 2], at, (100.0, 100.0)), None);
    }

    #[test]
    fn every_point_finds_its_way_there_and_back() {
        let points = [(0.2, 0.4), (0.5, 0.55)];
        let region = Region::through(points, [(0.3, 0.35), (0.68, 0.4)], (640.0, 480.0)).unwrap();
        for (x, y) in [(0.0, 0.0), (0.5, 0.5), (1.0, 0.25), (-0.5, 2.0)] {
            let (in_x, in_y) = region.of_picture(x, y);
            assert_near(region.to_picture(in_x, in_y), (x, y));
        }
    }

    #[test]
    fn a_box_in_a_turned_square_becomes_the_upright_one_around_it() {
        let region =
            Region::through([(0.5, 0.3), (0.5, 0.7)], [(0.3, 0.5), (0.7, 0.5)], (100.0, 100.0)).unwrap();
        let rect = region.rect_to_picture(&Rect { x: 0.0, y: 0.4, w: 1.0, h: 0.2 });
        assert_near((rect.x, rect.y), (0.4, 0.0));
        assert_near((rect.w, rect.h), (0.2, 1.0));
    }

    #[test]
    fn a_letterboxed_picture_is_a_region_that_sticks_out() {
        // A picture of 200 by 100 in the middle of a square input.
        let region = Region::holding(&Rect { x: 0.0, y: 0.25, w: 1.0, h: 0.5 }, (200.0, 100.0));
        assert_near(region.to_picture(0.0, 0.25), (0.0, 0.0));
        assert_near(region.to_picture(1.0, 0.75), (1.0, 1.0));
        assert_near(region.to_picture(0.5, 0.0), (0.5, -0.5));
    }
}
