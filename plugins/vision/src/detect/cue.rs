//! What a box looks like: the colours of its clothes, and whether anything in it moves. Both are read off the network's
//! input, which holds the pixels of the very frame the boxes are of.
//!
//! Colours are a soft histogram of brightness and chroma over the upper and the lower body, in the middle of the box so
//! that the background counts little. That is enough to tell two people who cross, and too little to know anybody by:
//! it lives in memory as long as the track it belongs to.

use super::change::{CELL, Changes};
use crate::engine::{ColourOrder, Found, Input, Layout, Region, Tensor};
use crate::meta::{Cue, Rect};

/// Parts of the height of a box that clothes fill: jacket or shirt, trousers or skirt.
const BANDS: [(f32, f32); 2] = [(0.12, 0.48), (0.5, 0.9)];

/// Part of the width of a box, either side of its middle, within which a pixel is likelier of the person than not.
const SPREAD: f32 = 0.18;

/// Steps of brightness, and of each of the two differences of colours.
const BRIGHTNESSES: usize = 8;
const CHROMAS: usize = 3;
const BINS: usize = BRIGHTNESSES * CHROMAS * CHROMAS;

/// A difference of colours that is as strong as any; clothes seldom reach half of the scale.
const STRONG: f32 = 70.0;

/// A band is read in a raster of at most so many points across and down; more say nothing new.
const RASTER: usize = 12;

/// What of a box is looked at for change, of its width and height, in the middle: the rest is background.
const CORE: (f32, f32) = (0.9, 0.95);

/// Looks at the boxes of one stream.
#[derive(Debug)]
pub(super) struct Eye {
    input: Input,
    changes: Changes,
    /// Of the newest picture.
    epoch: u64,
}

/// Pixels of the network's input as red, green and blue, 0..255.
pub(super) struct Pixels<'a> {
    values: &'a [f32],
    input: &'a Input,
}

impl Eye {
    pub(super) fn new(input: &Input) -> Self {
        Self { input: input.clone(), changes: Changes::default(), epoch: 0 }
    }

    /// One cue for each of `found`; `tensor` is what they were found in. Of one `epoch` it is later than the one before;
    /// between two of them anything may have happened.
    pub(super) fn cues(&mut self, tensor: &Tensor, epoch: u64, found: &[Found]) -> Vec<Cue> {
        let Some(region) = tensor.region() else { return vec![Cue::default(); found.len()] };
        let pixels = Pixels { values: tensor.values(), input: &self.input };
        if self.epoch != epoch {
            (self.epoch, self.changes) = (epoch, Changes::default());
        }
        let whole = Rect { x: 0.0, y: 0.0, w: 1.0, h: 1.0 };
        self.changes.note(&pixels, area_of(&whole, region, &self.input));
        let cue = |found: &Found| {
            let area = area_of(&found.rect, region, &self.input);
            Cue { colours: colours(&pixels, area), change: self.changes.share(core_of(area)) }
        };
        found.iter().map(cue).collect()
    }
}

/// Left, top, right and bottom of `rect` in pixels of the input.
fn area_of(rect: &Rect, region: &Region, input: &Input) -> [f32; 4] {
    let (left, top) = region.of_picture(rect.x, rect.y);
    let (right, bottom) = region.of_picture(rect.x + rect.w, rect.y + rect.h);
    let (width, height) = (input.width as f32, input.height as f32);
    [left * width, top * height, right * width, bottom * height]
}

/// The middle of `area` in cells.
fn core_of([left, top, right, bottom]: [f32; 4]) -> [f32; 4] {
    let (across, down) = ((right - left) * (1.0 - CORE.0) / 2.0, (bottom - top) * (1.0 - CORE.1) / 2.0);
    [left + across, top + down, right - across, bottom - down].map(|side| side / CELL as f32)
}

/// The histograms of both bands, each with the sum 255 but for rounding; empty when nothing of the box is there.
fn colours(pixels: &Pixels<'_>, [left, top, right, bottom]: [f32; 4]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(BANDS.len() * BINS);
    let weigh = |(x, away): (usize, f32)| (x, (-0.5 * (away / SPREAD).powi(2)).exp());
    let columns: Vec<_> = raster(left, right, pixels.input.width).map(weigh).collect();
    for (from, to) in BANDS {
        let mut bins = [0.0_f32; BINS];
        let (band_top, band_bottom) = (top + (bottom - top) * from, top + (bottom - top) * to);
        for (y, _) in raster(band_top, band_bottom, pixels.input.height) {
            for (x, weight) in &columns {
                add(&mut bins, pixels.rgb(*x, y), *weight);
            }
        }
        let sum: f32 = bins.iter().sum();
        if sum <= 0.0 {
            return Vec::new();
        }
        bytes.extend(bins.map(|bin| (bin * 255.0 / sum).round() as u8));
    }
    bytes
}

/// Pixels between `from` and `to`, at most [`RASTER`] of them, each with its distance from the middle in parts of the
/// whole.
fn raster(from: f32, to: f32, limit: usize) -> impl Iterator<Item = (usize, f32)> {
    let count = ((to - from).ceil() as usize).clamp(1, RASTER);
    (0..count).filter_map(move |index| {
        let part = (index as f32 + 0.5) / count as f32;
        let place = from + (to - from) * part;
        (place >= 0.0 && place < limit as f32).then_some((place as usize, part - 0.5))
    })
}

/// Shares `weight` out among the eight bins around a colour, so that a small change of light changes little.
fn add(bins: &mut [f32; BINS], [red, green, blue]: [f32; 3], weight: f32) {
    let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    // The root spreads dark clothes, which are most of them, over more bins.
    let brightness = (luma.max(0.0) / 255.0).sqrt() * (BRIGHTNESSES - 1) as f32;
    let middle = (CHROMAS - 1) as f32 / 2.0;
    let chroma = |difference: f32| {
        let strength = (difference.abs() / STRONG).min(1.0).sqrt();
        middle + middle * strength.copysign(difference)
    };
    let (blueness, redness) = (chroma(0.564 * (blue - luma)), chroma(0.713 * (red - luma)));
    for (b, b_part) in neighbours(brightness, BRIGHTNESSES) {
        for (u, u_part) in neighbours(blueness, CHROMAS) {
            for (v, v_part) in neighbours(redness, CHROMAS) {
                bins[(b * CHROMAS + u) * CHROMAS + v] += weight * b_part * u_part * v_part;
            }
        }
    }
}

/// The two bins that `value` lies between and its share of each.
fn neighbours(value: f32, count: usize) -> [(usize, f32); 2] {
    let value = value.clamp(0.0, (count - 1) as f32);
    let low = (value as usize).min(count - 2);
    let part = value - low as f32;
    [(low, 1.0 - part), (low + 1, part)]
}

impl<'a> Pixels<'a> {
    pub(super) fn size(&self) -> (usize, usize) {
        (self.input.width, self.input.height)
    }

    fn rgb(&self, x: usize, y: usize) -> [f32; 3] {
        let Input { width, height, layout, colour_order, mean, std, .. } = self.input;
        let place = y * width + x;
        let mut colour = std::array::from_fn(|channel| {
            let index = match layout {
                Layout::Nchw => channel * width * height + place,
                Layout::Nhwc => place * 3 + channel,
            };
            self.values[index] * std[channel] + mean[channel]
        });
        if *colour_order == ColourOrder::Bgr {
            colour.reverse();
        }
        colour
    }

    /// How green a row is, 0..255, at every `step`-th pixel: near enough its brightness, in a third of the time.
    pub(super) fn greens(&self, y: usize, step: usize) -> impl Iterator<Item = f32> {
        let Input { width, height, layout, mean, std, .. } = self.input;
        let (start, apart) = match layout {
            Layout::Nchw => ((height + y) * width, 1),
            Layout::Nhwc => (y * width * 3 + 1, 3),
        };
        // Green lies in the middle of both orders of colours.
        let row = &self.values[start..=start + (width - 1) * apart];
        row.iter().step_by(step * apart).map(|value| value * std[1] + mean[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{I420, Manifest, Plane, Preprocessor};

    type Paint<'a> = &'a dyn Fn(usize, usize) -> [u8; 3];

    /// Cues of one box in pictures of 320×240, `paint` giving red, green and blue of each pixel as brightness and two
    /// differences of colours.
    fn cues(pictures: &[Paint<'_>]) -> Vec<Cue> {
        let epochs: Vec<_> = pictures.iter().map(|paint| (0, *paint)).collect();
        cues_in(240, 240, &epochs)
    }

    /// The same of pictures 320 wide and so high in an input 320 wide and so high, each of an epoch.
    fn cues_in(height: usize, input: usize, pictures: &[(u64, Paint<'_>)]) -> Vec<Cue> {
        gst::init().unwrap();
        let text = include_str!("../../tests/models/blob.toml");
        let text = text.replace("height = 240", &format!("height = {input}"));
        let manifest = Manifest::parse(&text, "blob.toml").unwrap();
        let input = manifest.input.as_ref().unwrap();
        let (mut eye, mut preprocessor) = (Eye::new(input), Preprocessor::new(input));
        let mut tensor = Tensor::default();
        let found = Found { class: 0, score: 0.8, rect: Rect { x: 0.4, y: 0.2, w: 0.2, h: 0.6 } };
        let mut cue = |epoch: u64, paint: Paint<'_>| {
            let plane = |index: usize, scale: usize| -> Vec<u8> {
                let places =
                    (0..height / scale).flat_map(|y| (0..320 / scale).map(move |x| (x * scale, y * scale)));
                places.map(|(x, y)| paint(x, y)[index]).collect()
            };
            let bytes = [plane(0, 1), plane(1, 2), plane(2, 2)];
            let planes = std::array::from_fn(|index| Plane {
                bytes: &bytes[index],
                stride: if index == 0 { 320 } else { 160 },
            });
            let colours = crate::engine::Colours::of(&"bt601".parse().unwrap());
            let frame = I420 { width: 320, height, pixel_aspect: 1.0, planes, colours };
            preprocessor.fill(&frame, &mut tensor);
            eye.cues(&tensor, epoch, std::slice::from_ref(&found)).remove(0)
        };
        pictures.iter().map(|(epoch, paint)| cue(*epoch, *paint)).collect()
    }

    const GREY: [u8; 3] = [120, 128, 128];
    const RED: [u8; 3] = [81, 90, 240];

    /// A person of one colour before a background of another: the box is 128..192 across, 48..192 down.
    fn person(colour: [u8; 3], background: [u8; 3]) -> impl Fn(usize, usize) -> [u8; 3] {
        move |x, y| {
            if (142..178).contains(&x) && (48..192).contains(&y) { colour } else { background }
        }
    }

    #[test]
    fn clothes_are_seen_and_the_background_hardly() {
        let unlike = |one: &Cue, other: &Cue| {
            let pairs = one.colours.iter().zip(&other.colours);
            let common: f32 = pairs.map(|(a, b)| (f32::from(*a) * f32::from(*b)).sqrt()).sum();
            1.0 - common / 510.0
        };
        let found = cues(&[&person(RED, GREY), &person(RED, [50, 128, 128]), &person(GREY, [50, 128, 128])]);
        assert_eq!(found[0].colours.len(), 2 * BINS);
        assert!(unlike(&found[0], &found[1]) < 0.15, "{}", unlike(&found[0], &found[1]));
        assert!(unlike(&found[1], &found[2]) > 0.4, "{}", unlike(&found[1], &found[2]));
    }

    #[test]
    fn what_moves_in_a_box_is_a_change_and_light_is_none() {
        let brighter = [GREY[0] + 40, GREY[1], GREY[2]];
        let moved = |x: usize, y: usize| person(RED, brighter)(x.saturating_sub(8), y);
        let far = |x: usize, _: usize| if x < 60 { RED } else { GREY };
        let still = |x: usize, y: usize| [GREY[0] + ((x * 7 + y * 13) % 5) as u8, GREY[1], GREY[2]];
        let noise = |x: usize, y: usize| [GREY[0] + ((x * 11 + y * 5) % 5) as u8, GREY[1], GREY[2]];
        let (before, after) = (person(RED, brighter), person(RED, GREY));
        let cases: [(&str, [Paint<'_>; 2], bool); 4] = [
            ("somebody moves", [&before, &moved], true),
            ("somebody leaves", [&after, &|_, _| GREY], true),
            ("somebody moves elsewhere", [&|_, _| GREY, &far], false),
            ("noise", [&still, &noise], false),
        ];
        for (name, pictures, is_change) in cases {
            let found = cues(&pictures);
            assert_eq!(found[0].change, 0.0, "{name}: nothing is known before the first picture");
            assert_eq!(found[1].change > 0.0, is_change, "{name}: {}", found[1].change);
        }
        let all = |value: u8| move |x: usize, y: usize| [still(x, y)[0] - 40 + value, 128, 128];
        let light = cues(&[&all(0), &all(60)]);
        assert_eq!(light[1].change, 0.0, "the light in the whole picture");
    }

    #[test]
    fn another_view_is_no_change_whatever_is_beside_the_picture() {
        let view = |seed: usize| {
            move |x: usize, y: usize| [((x / 16 * 37 + y / 16 * 91) * seed % 200 + 30) as u8, 128, 128]
        };
        let (before, after) = (view(7), view(13));
        for (height, input) in [(180, 320), (240, 240), (320, 180)] {
            let found = cues_in(height, input, &[(0, &before), (0, &after)]);
            assert_eq!(found[1].change, 0.0, "{height} in {input}");
        }
        // In a picture with bars, too, somebody who moves is seen.
        let moved = |x: usize, y: usize| person(RED, GREY)(x.saturating_sub(8), y);
        assert!(cues_in(180, 320, &[(0, &person(RED, GREY)), (0, &moved)])[1].change > 0.0);
    }

    #[test]
    fn nothing_of_another_time_is_a_change() {
        let (before, after) = (person(RED, GREY), person(GREY, GREY));
        let change = |epoch| cues_in(240, 240, &[(0, &before), (epoch, &after)])[1].change;
        assert!(change(0) > 0.0 && change(1) == 0.0);
    }
}
