//! Polygons that are painted out, generously: every pixel that one touches is gone.

use super::colour::Rgb;
use super::frame::{Area, I420Frame};

/// Most polygons of a mask, and most corners of each: far more than anybody draws by hand.
const MOST: usize = 64;

/// Lines of a pair of rows at which a polygon's borders are looked for.
const SAMPLES: [f32; 5] = [0.0, 0.5, 1.0, 1.5, 2.0];

/// Why a text is not a list of polygons.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolygonError {
    #[error("{0:?} is not a number")]
    Number(String),
    #[error("{0} is outside 0..1; coordinates are fractions of the picture")]
    Range(String),
    #[error("{0:?} is not x,y,x,y,x,y… with three corners or more")]
    Corners(String),
    #[error("more than {MOST} polygons, or corners of one")]
    Many,
}

/// A closed polygon in fractions of the picture.
pub type Polygon = Vec<(f32, f32)>;

/// Reads polygons parted by `;`, each `x,y,x,y,x,y…` in fractions of the picture.
///
/// # Errors
/// When a part is not a number from 0 to 1, or a polygon has less than three corners.
pub fn parse_polygons(text: &str) -> Result<Vec<Polygon>, PolygonError> {
    let texts: Vec<_> = text.split(';').map(str::trim).filter(|text| !text.is_empty()).collect();
    let polygons = texts.iter().map(|text| parse_polygon(text)).collect::<Result<Vec<_>, _>>()?;
    if polygons.len() > MOST || polygons.iter().any(|polygon| polygon.len() > MOST) {
        return Err(PolygonError::Many);
    }
    Ok(polygons)
}

fn parse_polygon(text: &str) -> Result<Polygon, PolygonError> {
    let numbers =
        text.split(',').map(|number| parse_fraction(number.trim())).collect::<Result<Vec<_>, _>>()?;
    if numbers.len() < 6 || numbers.len() % 2 != 0 {
        return Err(PolygonError::Corners(text.to_owned()));
    }
    Ok(numbers.chunks_exact(2).map(|xy| (xy[0], xy[1])).collect())
}

fn parse_fraction(text: &str) -> Result<f32, PolygonError> {
    let number: f32 = text.parse().map_err(|_| PolygonError::Number(text.to_owned()))?;
    if (0.0..=1.0).contains(&number) { Ok(number) } else { Err(PolygonError::Range(text.to_owned())) }
}

/// What is painted out of pictures of one size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mask {
    areas: Vec<Area>,
}

impl Mask {
    /// The pixels of `polygons` (even-odd, as where they cross themselves) in a picture of this size.
    pub fn new(polygons: &[Polygon], width: usize, height: usize) -> Self {
        let mut areas = Vec::new();
        for polygon in polygons {
            let corners: Vec<_> =
                polygon.iter().map(|(x, y)| (x * width as f32, y * height as f32)).collect();
            for top in (0..height as i32).step_by(2) {
                let spans = spans(&corners, top as f32);
                areas.extend(spans.into_iter().map(|(from, to)| Area {
                    x0: from,
                    y0: top,
                    x1: to,
                    y1: top + 2,
                }));
            }
        }
        Self { areas }
    }

    pub fn is_empty(&self) -> bool {
        self.areas.is_empty()
    }

    /// Paints them out.
    pub fn paint(&self, frame: &mut I420Frame<'_>) {
        for area in &self.areas {
            frame.fill(*area, Rgb::from_hex(0x00_0000), 255);
        }
    }
}

/// From where to where a polygon covers the two rows from `top`, in even pixels, rounded outwards.
fn spans(corners: &[(f32, f32)], top: f32) -> Vec<(i32, i32)> {
    let mut spans = Vec::new();
    for sample in SAMPLES {
        let mut crossings = crossings(corners, top + sample);
        crossings.sort_by(f32::total_cmp);
        spans.extend(crossings.chunks_exact(2).map(|pair| (pair[0], pair[1])));
    }
    let within = |y: f32| (top..=top + 2.0).contains(&y);
    spans.extend(corners.iter().filter(|(_, y)| within(*y)).map(|(x, _)| (*x, *x)));
    let even = |x: f32| x as i32 / 2 * 2;
    let mut spans: Vec<_> =
        spans.into_iter().map(|(a, b)| (even((a - 1.0).max(0.0)), even(b + 1.0) + 2)).collect();
    spans.sort_unstable();
    spans.dedup_by(|next, span| {
        let touch = next.0 <= span.1;
        if touch {
            span.1 = span.1.max(next.1);
        }
        touch
    });
    spans
}

/// Where the border of a polygon crosses the line at `y`.
fn crossings(corners: &[(f32, f32)], y: f32) -> Vec<f32> {
    let ends = corners.iter().zip(corners.iter().cycle().skip(1));
    ends.filter(|((_, from), (_, to))| (*from <= y) != (*to <= y))
        .map(|((x0, y0), (x1, y1))| x0 + (x1 - x0) * (y - y0) / (y1 - y0))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::draw::colour::YuvSpace;
    use crate::draw::frame::Planes;

    /// Which luma pixels of a bright picture are gone.
    fn painted(polygons: &[Polygon], width: usize, height: usize) -> Vec<bool> {
        let half = width.div_ceil(2);
        let mut data = [
            vec![200_u8; width * height],
            vec![90; half * height.div_ceil(2)],
            vec![90; half * height.div_ceil(2)],
        ];
        let [y, u, v] = &mut data;
        let planes = Planes { data: [y, u, v], strides: [width, half, half] };
        let mut frame =
            I420Frame::new(planes, width, height, YuvSpace::BT601).expect("planes are large enough");
        Mask::new(polygons, width, height).paint(&mut frame);
        data[0].iter().map(|luma| *luma < 100).collect()
    }

    /// Ray casting, the textbook's way.
    fn is_inside(polygon: &Polygon, x: f32, y: f32) -> bool {
        crossings(polygon, y).into_iter().filter(|crossing| *crossing > x).count() % 2 == 1
    }

    proptest! {
        #[test]
        fn no_pixel_of_a_polygon_shows(
            polygon in proptest::collection::vec((0.0..=1.0_f32, 0.0..=1.0_f32), 3..9),
            (width, height) in (1..60_usize, 1..60_usize),
        ) {
            let gone = painted(std::slice::from_ref(&polygon), width, height);
            for y in 0..height {
                for x in 0..width {
                    let at = ((x as f32 + 0.5) / width as f32, (y as f32 + 0.5) / height as f32);
                    prop_assert!(gone[y * width + x] || !is_inside(&polygon, at.0, at.1), "{},{} shows", x, y);
                }
            }
        }
    }

    #[test]
    fn what_is_far_from_a_polygon_stays() {
        let gone = painted(&[vec![(0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)]], 100, 100);
        for (x, y) in [(60, 10), (10, 60), (99, 99), (54, 49), (49, 54)] {
            assert!(!gone[y * 100 + x], "{x},{y}");
        }
        assert!(gone[0] && gone[49 * 100 + 49]);
        assert!(painted(&[], 10, 10).iter().all(|gone| !gone));
    }

    #[test]
    fn polygons_are_read_and_what_is_none_is_told() {
        assert_eq!(parse_polygons(""), Ok(Vec::new()));
        assert_eq!(parse_polygons("0,0, 1,0, 1,1; 0,0,0.5,0,0.5,1,0,1 ;").map(|read| read.len()), Ok(2));
        for (text, told) in [
            ("0,0,1,1", "three corners"),
            ("0,0,1,0,1", "three corners"),
            ("0,0,1,0,1,x", "\"x\" is not a number"),
            ("0,0,1,0,1,2", "2 is outside 0..1"),
            ("0,0,1,0,1,NaN", "outside 0..1"),
        ] {
            let error = parse_polygons(text).expect_err(text).to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
        assert_eq!(parse_polygons(&"0,0,1,0,1,1;".repeat(65)), Err(PolygonError::Many));
    }
}
