//! Lettering: text as a mask of coverages, rasterised once and kept.
//!
//! Labels repeat for hundreds of frames, so a whole text is kept, not its glyphs: letters keep their exact
//! fractional distances, and a frame costs one blend a label.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock},
};

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};

use super::{
    colour::Rgb,
    frame::{Area, I420Frame},
};

/// Inter SemiBold, Latin letters; origin and licence (SIL OFL 1.1) are in `assets/font`.
static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("../../assets/font/Inter-SemiBold-latin.ttf"))
        .expect("the embedded font should be readable")
});

/// Pixels from the baseline to the top of a capital, for a scale of one pixel.
static CAP_PER_SCALE: LazyLock<f32> = LazyLock::new(|| {
    let glyph = FONT.glyph_id('H').with_scale(PxScale::from(1000.0));
    let outline = FONT.outline_glyph(glyph).expect("the embedded font should have an H");
    -outline.px_bounds().min.y / 1000.0
});

/// More texts than this are never in one picture; the store starts afresh then, so that it cannot grow for ever.
const KEPT_TEXTS: usize = 256;

/// Labels come from model files; a longer one would only hide the picture.
const LONGEST_TEXT: usize = 64;

/// A rasterised text.
pub struct Text {
    /// From the pen's start to its end, px.
    pub width: i32,
    /// Height of its capitals above the baseline, px.
    pub cap_height: i32,
    /// Where the mask lies, from the pen's start on the baseline.
    area: Area,
    coverage: Vec<u8>,
}

impl Text {
    /// Rasterises `text` with capitals `cap_height` pixels tall: whole pixels, so that they are crisp.
    pub fn new(text: &str, cap_height: u32) -> Self {
        let scale = PxScale::from(cap_height.max(1) as f32 / *CAP_PER_SCALE);
        let scaled = FONT.as_scaled(scale);
        let mut pen = 0.0;
        let mut outlines = Vec::new();
        for letter in text.chars().take(LONGEST_TEXT) {
            let id = FONT.glyph_id(letter);
            let glyph: Glyph = id.with_scale_and_position(scale, point(pen, 0.0));
            outlines.extend(FONT.outline_glyph(glyph));
            pen += scaled.h_advance(id);
        }
        let area = outlines
            .iter()
            .map(|outline| pixels(outline.px_bounds()))
            .reduce(|a, b| Area {
                x0: a.x0.min(b.x0),
                y0: a.y0.min(b.y0),
                x1: a.x1.max(b.x1),
                y1: a.y1.max(b.y1),
            })
            .unwrap_or(Area::new(0, 0, 0, 0));
        let mut coverage = vec![0u8; (area.width() * area.height()) as usize];
        for outline in &outlines {
            let at = pixels(outline.px_bounds());
            outline.draw(|x, y, share| {
                let (x, y) = (at.x0 - area.x0 + x as i32, at.y0 - area.y0 + y as i32);
                if let Some(value) = coverage.get_mut((y * area.width() + x) as usize) {
                    *value = value.saturating_add((share * 255.0).round() as u8);
                }
            });
        }
        Self { width: pen.ceil() as i32, cap_height: cap_height as i32, area, coverage }
    }

    /// Paints the text with its pen starting at `x` on the baseline `y`.
    pub fn paint(&self, frame: &mut I420Frame<'_>, (x, y): (i32, i32), colour: Rgb) {
        let left = x.saturating_add(self.area.x0);
        let top = y.saturating_add(self.area.y0);
        let area = Area::new(left, top, self.area.width(), self.area.height());
        frame.paint(area, colour, |x, y| self.coverage[((y - top) * self.area.width() + x - left) as usize]);
    }
}

fn pixels(bounds: ab_glyph::Rect) -> Area {
    Area {
        x0: bounds.min.x.floor() as i32,
        y0: bounds.min.y.floor() as i32,
        x1: bounds.max.x.ceil() as i32,
        y1: bounds.max.y.ceil() as i32,
    }
}

/// Texts that were needed before.
#[derive(Default)]
pub struct Lettering {
    kept: HashMap<(String, u32), Arc<Text>>,
}

impl Lettering {
    /// The rasterised `text`, made when it is needed for the first time.
    pub fn text(&mut self, text: &str, cap_height: u32) -> Arc<Text> {
        if self.kept.len() >= KEPT_TEXTS {
            self.kept.clear();
        }
        let made = self.kept.entry((text.to_owned(), cap_height));
        Arc::clone(made.or_insert_with(|| Arc::new(Text::new(text, cap_height))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_have_the_height_that_was_asked_for() {
        for cap_height in [8, 10, 20, 48] {
            let text = Text::new("H", cap_height);
            assert_eq!(text.area.height(), cap_height as i32);
            assert!(text.coverage.contains(&255), "a stem is solid at {cap_height} px");
        }
    }

    #[test]
    fn spanish_letters_are_in_the_font() {
        for letter in "áéíóúüñÁÉÍÓÚÜÑ¿¡ç€·".chars() {
            assert_ne!(FONT.glyph_id(letter).0, 0, "{letter}");
        }
    }

    #[test]
    fn an_empty_text_and_a_space_paint_nothing() {
        assert!(Text::new("", 10).coverage.is_empty());
        assert!(Text::new(" ", 10).coverage.is_empty());
        assert!(Text::new(" ", 10).width > 0);
    }

    #[test]
    fn the_same_text_is_rasterised_once() {
        let mut lettering = Lettering::default();
        let first = lettering.text("person 3", 10);
        assert!(Arc::ptr_eq(&first, &lettering.text("person 3", 10)));
        for number in 0..2 * KEPT_TEXTS {
            lettering.text(&format!("person {number}"), 10);
            assert!(lettering.kept.len() <= KEPT_TEXTS);
        }
    }
}
