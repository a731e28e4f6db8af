//! Heat as a picture: made when it is asked for, kept nowhere.

use bytes::Bytes;
use image::codecs::png::PngEncoder;
use image::imageops::{self, FilterType};
use image::{ExtendedColorType, GrayImage, ImageEncoder, ImageError, ImageFormat};

use crate::domain::Heat;

/// Colour behind the heat: dark, so that all heat stands out.
const PLAIN: [f32; 3] = [24.0, 26.0, 30.0];

/// Colour of outlines.
const EDGE: [f32; 3] = [190.0, 195.0, 200.0];

/// Luma steps below the first are noise; from the second on they are as bright as can be.
const EDGE_STEPS: (f32, f32) = (60.0, 260.0);

/// From where somebody was for a moment to where most time was spent.
const RAMP: [(f32, [f32; 3]); 5] = [
    (0.0, [20.0, 40.0, 255.0]),
    (0.35, [0.0, 210.0, 220.0]),
    (0.6, [40.0, 220.0, 40.0]),
    (0.8, [255.0, 215.0, 0.0]),
    (1.0, [235.0, 20.0, 10.0]),
];

/// How much of the background the hottest place hides.
const MOST_OPAQUE: f32 = 0.85;

/// What lies behind the heat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Background {
    Plain,
    /// Edges of this JPEG on a plain one.
    Outline(Bytes),
    /// Nothing, to be laid over something.
    Transparent,
}

/// `heat` as PNG of this width and height.
///
/// # Errors
/// When the background is no JPEG, or there is no memory for the picture.
pub fn heatmap_png(heat: &Heat, size: (u32, u32), background: &Background) -> Result<Bytes, ImageError> {
    let (width, height) = size;
    let edges = match background {
        Background::Outline(jpeg) => Some(edges(jpeg, size)?),
        Background::Plain | Background::Transparent => None,
    };
    let hottest = heat.cells().iter().copied().max().unwrap_or(0).max(1) as f32;
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 4);
    for y in 0..height {
        for x in 0..width {
            let at = ((x as f32 + 0.5) / width as f32, (y as f32 + 0.5) / height as f32);
            // Time spent differs by orders of magnitude; the root shows the aisle beside the queue.
            let share = (smoothed(heat, at) / hottest).sqrt();
            let (colour, opacity) = (ramp(share), (share * 2.0).min(1.0) * MOST_OPAQUE);
            let mix = |below: [f32; 3]| {
                [0, 1, 2].map(|channel| below[channel] + (colour[channel] - below[channel]) * opacity)
            };
            let (rgb, alpha) = match (background, &edges) {
                (Background::Transparent, _) => (colour, opacity),
                (_, None) => (mix(PLAIN), 1.0),
                (_, Some(edges)) => {
                    let edge = f32::from(edges.get_pixel(x, y).0[0]) / 255.0;
                    (
                        mix([0, 1, 2].map(|channel| PLAIN[channel] + (EDGE[channel] - PLAIN[channel]) * edge)),
                        1.0,
                    )
                }
            };
            pixels.extend(rgb.map(|channel| channel.round() as u8));
            pixels.push((alpha * 255.0).round() as u8);
        }
    }
    let mut png = Vec::new();
    PngEncoder::new(&mut png).write_image(&pixels, width, height, ExtendedColorType::Rgba8)?;
    Ok(png.into())
}

/// Heat at a point of the picture, 0..1 each way, between the middles of the cells around it.
fn smoothed(heat: &Heat, (x, y): (f32, f32)) -> f32 {
    let place = |at: f32, count: usize| {
        let at = (at * count as f32 - 0.5).clamp(0.0, count as f32 - 1.0);
        let first = at as usize;
        (first, (first + 1).min(count - 1), at - first as f32)
    };
    let (left, right, x) = place(x, Heat::COLUMNS);
    let (top, bottom, y) = place(y, Heat::ROWS);
    let cell = |row: usize, column: usize| heat.cells()[row * Heat::COLUMNS + column] as f32;
    let row = |row: usize| cell(row, left) * (1.0 - x) + cell(row, right) * x;
    row(top) * (1.0 - y) + row(bottom) * y
}

fn ramp(share: f32) -> [f32; 3] {
    let above = RAMP.iter().position(|(from, _)| *from >= share).unwrap_or(RAMP.len() - 1).max(1);
    let ((low, cold), (high, warm)) = (RAMP[above - 1], RAMP[above]);
    let along = ((share - low) / (high - low)).clamp(0.0, 1.0);
    [0, 1, 2].map(|channel| cold[channel] + (warm[channel] - cold[channel]) * along)
}

/// Where the picture's brightness changes, by Sobel's operator.
fn edges(jpeg: &[u8], (width, height): (u32, u32)) -> Result<GrayImage, ImageError> {
    let picture = image::load_from_memory_with_format(jpeg, ImageFormat::Jpeg)?.into_luma8();
    let picture = imageops::resize(&picture, width, height, FilterType::Triangle);
    let luma = |x: i64, y: i64| {
        let inside = |at: i64, count: u32| at.clamp(0, i64::from(count) - 1) as u32;
        f32::from(picture.get_pixel(inside(x, width), inside(y, height)).0[0])
    };
    Ok(GrayImage::from_fn(width, height, |x, y| {
        let (x, y) = (i64::from(x), i64::from(y));
        let column = |x: i64| luma(x, y - 1) + 2.0 * luma(x, y) + luma(x, y + 1);
        let row = |y: i64| luma(x - 1, y) + 2.0 * luma(x, y) + luma(x + 1, y);
        let step = (column(x + 1) - column(x - 1)).hypot(row(y + 1) - row(y - 1));
        let (noise, sharp) = EDGE_STEPS;
        image::Luma([(((step - noise) / (sharp - noise)).clamp(0.0, 1.0) * 255.0) as u8])
    }))
}

#[cfg(test)]
mod tests {
    use image::{RgbImage, RgbaImage};

    use super::*;
    use crate::domain::Point;

    const SIZE: (u32, u32) = (64, 36);

    fn drawn(heat: &Heat, background: &Background) -> RgbaImage {
        let png = heatmap_png(heat, SIZE, background).unwrap();
        let picture = image::load_from_memory_with_format(&png, ImageFormat::Png).unwrap().into_rgba8();
        assert_eq!(picture.dimensions(), SIZE);
        picture
    }

    /// Most time top left, a tenth of it bottom right.
    fn warm() -> Heat {
        let mut heat = Heat::default();
        heat.stand(Point { x: 0.2, y: 0.2 }, 60_000);
        heat.stand(Point { x: 0.8, y: 0.8 }, 6_000);
        heat
    }

    #[test]
    fn heat_goes_from_nothing_over_blue_to_red_where_most_time_was_spent() {
        let picture = drawn(&warm(), &Background::Transparent);
        assert_eq!(picture.get_pixel(60, 2).0[3], 0, "nobody was there");
        let hottest = picture.pixels().max_by_key(|pixel| pixel.0[3]).unwrap().0;
        let [red, green, blue, alpha] = picture.get_pixel(13, 7).0;
        assert!(red > 150 && blue < 80 && alpha > 150, "{:?}", [red, green, blue, alpha]);
        assert!(hottest[3] <= 217, "what lies below shines through everywhere");
        let [red, _, blue, alpha] = picture.get_pixel(51, 29).0;
        assert!(blue > red && alpha > 20, "it is cooler here");
    }

    #[test]
    fn nobody_at_all_is_a_plain_picture() {
        let picture = drawn(&Heat::default(), &Background::Plain);
        assert!(picture.pixels().all(|pixel| pixel.0 == [24, 26, 30, 255]));
    }

    #[test]
    fn outlines_stand_where_the_snapshot_has_edges() {
        let half = RgbImage::from_fn(320, 180, |x, _| image::Rgb([if x < 160 { 20 } else { 230 }; 3]));
        let mut jpeg = std::io::Cursor::new(Vec::new());
        half.write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
        let picture = drawn(&Heat::default(), &Background::Outline(jpeg.into_inner().into()));
        let bright = |x: u32| picture.get_pixel(x, 18).0[0];
        assert!(bright(32) > 150, "{}", bright(32));
        assert_eq!((bright(10), bright(54)), (24, 24), "no area of the picture shows");
        assert!(heatmap_png(&Heat::default(), SIZE, &Background::Outline("no".into())).is_err());
    }
}
