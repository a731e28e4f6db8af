//! A copy of the part of a frame that one look needs, so that the frame can go on.

use crate::engine::{Colours, I420, Plane};
use crate::meta::{Mark, Point, Rect};

/// How much of the longer side of a person's box is copied around its middle: what the networks are shown, and a rim.
const MARGIN: f32 = 1.4;

/// A part of a frame.
#[derive(Debug)]
pub struct Cutout {
    /// In pixels.
    width: usize,
    height: usize,
    pixel_aspect: f32,
    planes: [Vec<u8>; 3],
    colours: Colours,
    /// Where it was, in fractions of the frame.
    place: Rect,
}

impl Cutout {
    /// The part of `frame` around `person`, a box in fractions of the frame; `None` when nothing of it is in the frame.
    pub fn around(frame: &I420<'_>, person: &Rect) -> Option<Self> {
        let (width, height) = frame.shown_size();
        let half = MARGIN / 2.0 * (person.w * width).max(person.h * height);
        let (x, y) = ((person.x + person.w / 2.0) * width, (person.y + person.h / 2.0) * height);
        // Pixels may be wider than high. Even borders, as a pixel of colour covers two by two.
        let across = span((x - half) / frame.pixel_aspect, (x + half) / frame.pixel_aspect, frame.width)?;
        let down = span(y - half, y + half, frame.height)?;
        let copy = |plane: &Plane<'_>, (x0, x1): (usize, usize), (y0, y1): (usize, usize)| {
            let row = |row: usize| plane.bytes.get(row * plane.stride + x0..row * plane.stride + x1);
            (y0..y1).map(row).collect::<Option<Vec<_>>>().map(|rows| rows.concat())
        };
        let halved = |(low, high): (usize, usize)| (low / 2, high.div_ceil(2));
        let [y, u, v] = &frame.planes;
        Some(Self {
            width: across.1 - across.0,
            height: down.1 - down.0,
            pixel_aspect: frame.pixel_aspect,
            planes: [
                copy(y, across, down)?,
                copy(u, halved(across), halved(down))?,
                copy(v, halved(across), halved(down))?,
            ],
            colours: frame.colours,
            place: Rect {
                x: across.0 as f32 / frame.width as f32,
                y: down.0 as f32 / frame.height as f32,
                w: (across.1 - across.0) as f32 / frame.width as f32,
                h: (down.1 - down.0) as f32 / frame.height as f32,
            },
        })
    }

    /// As a picture of its own.
    pub fn picture(&self) -> I420<'_> {
        let strides = [self.width, self.width.div_ceil(2), self.width.div_ceil(2)];
        let mut planes = self.planes.iter().zip(strides).map(|(bytes, stride)| Plane { bytes, stride });
        let mut next = || planes.next().expect("there should be three planes");
        I420 {
            width: self.width,
            height: self.height,
            pixel_aspect: self.pixel_aspect,
            planes: [next(), next(), next()],
            colours: self.colours,
        }
    }

    /// From fractions of the frame to fractions of this.
    pub fn of_frame(&self, rect: &Rect) -> Rect {
        let place = &self.place;
        Rect {
            x: (rect.x - place.x) / place.w,
            y: (rect.y - place.y) / place.h,
            w: rect.w / place.w,
            h: rect.h / place.h,
        }
    }

    /// From fractions of this to fractions of the frame.
    pub fn to_frame(&self, mark: Mark) -> Mark {
        let (place, rect) = (&self.place, mark.rect);
        let rect = Rect {
            x: place.x + rect.x * place.w,
            y: place.y + rect.y * place.h,
            w: rect.w * place.w,
            h: rect.h * place.h,
        };
        Mark { rect, ..mark }
    }

    /// As [`Cutout::to_frame`].
    pub fn point_to_frame(&self, point: Point) -> Point {
        let place = &self.place;
        Point { x: place.x + point.x * place.w, y: place.y + point.y * place.h, ..point }
    }
}

/// The even range of `size` pixels that holds `from..to`; `None` when it is empty.
fn span(from: f32, to: f32, size: usize) -> Option<(usize, usize)> {
    let is_inside = from < size as f32 && to > 0.0;
    // Such a cast gives 0 for what is below.
    let low = (from.max(0.0) as usize).min(size) / 2 * 2;
    let high = (to.max(0.0).ceil() as usize).next_multiple_of(2).min(size);
    (is_inside && low < high).then_some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::MarkKind;

    /// Runs `then` with a picture whose luma tells the column and whose chroma the row.
    fn with_picture(width: usize, height: usize, then: impl FnOnce(&I420<'_>)) {
        gst::init().unwrap();
        let luma: Vec<u8> = (0..width * height).map(|index| (index % width) as u8).collect();
        let half = width.div_ceil(2);
        let chroma: Vec<u8> = (0..half * height.div_ceil(2)).map(|index| (index / half) as u8).collect();
        let chroma = Plane { bytes: &chroma, stride: half };
        let planes = [Plane { bytes: &luma, stride: width }, chroma, chroma];
        let colours = Colours::of(&"1:4:0:0".parse().unwrap());
        then(&I420 { width, height, pixel_aspect: 1.0, planes, colours });
    }

    #[test]
    fn a_part_of_a_frame_has_its_pixels_and_knows_where_it_was() {
        with_picture(201, 101, |frame| {
            let person = Rect { x: 0.45, y: 0.3, w: 0.1, h: 0.4 };
            let cutout = Cutout::around(frame, &person).unwrap();
            let picture = cutout.picture();
            // 40.4 pixels high, so 56.56 around (100.5, 50.5).
            assert_eq!((picture.width, picture.height), (58, 58));
            assert_eq!(picture.planes[0].bytes[0], 72);
            assert_eq!((picture.planes[1].bytes[0], picture.planes[2].bytes.len()), (11, 29 * 29));
            let inside = cutout.of_frame(&person);
            let mark = cutout.to_frame(Mark { kind: MarkKind::Face, label: String::new(), rect: inside });
            assert!((mark.rect.x - person.x).abs() < 1e-5 && (mark.rect.h - person.h).abs() < 1e-5);
            let point = cutout.point_to_frame(Point { x: inside.x, y: inside.y, visibility: 1.0 });
            assert!((point.x - person.x).abs() < 1e-5 && (point.y - person.y).abs() < 1e-5);
        });
    }

    #[test]
    fn at_the_border_it_ends_with_the_frame_and_beside_it_there_is_none() {
        with_picture(41, 31, |frame| {
            let cutout = Cutout::around(frame, &Rect { x: 0.8, y: 0.5, w: 0.5, h: 0.9 }).unwrap();
            let picture = cutout.picture();
            assert_eq!(picture.planes[0].bytes.len(), picture.width * picture.height);
            assert_eq!(cutout.place.x + cutout.place.w, 1.0);
            for rect in [
                Rect { x: 3.0, y: 0.5, w: 0.1, h: 0.1 },
                Rect { x: f32::NAN, y: 0.5, w: 0.1, h: 0.1 },
                Rect { x: -2.0, y: 0.5, w: 0.1, h: 0.1 },
            ] {
                assert!(Cutout::around(frame, &rect).is_none(), "{rect:?}");
            }
        });
    }
}
