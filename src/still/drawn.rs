//! A picture with what was found drawn on it, as video has it.

use gstvision::draw::colour::YuvSpace;
use gstvision::draw::{I420Frame, Painter, Planes, Style};
use gstvision::meta;
use gstvision::person::Language;
use image::codecs::jpeg::JpegEncoder;
use image::{ImageError, RgbImage};

use super::Person;
use super::picture::Picture;

/// Of the annotated picture, 1..=100: what the clients of old were given.
const QUALITY: u8 = 85;

impl Picture {
    /// The picture as JPEG with `found` drawn on it, numbered from 1 in their order and labelled in `language`; the
    /// picture is used up.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn into_annotated(mut self, found: &[Person], language: Language) -> Result<Vec<u8>, ImageError> {
        self.draw(found, language);
        let image = self.to_rgb();
        drop(self);
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, QUALITY).encode_image(&image)?;
        Ok(jpeg)
    }

    fn draw(&mut self, found: &[Person], language: Language) {
        let half = self.width.div_ceil(2);
        let [y, u, v] = &mut self.planes;
        let planes = Planes { data: [y, u, v], strides: [self.width, half, half] };
        let space = YuvSpace::BT601.full_range();
        let mut frame = I420Frame::new(planes, self.width, self.height, space)
            .expect("a decoded picture's planes should be of its size");
        let object = |(at, person): (usize, &Person)| {
            let detection = &person.detection;
            meta::Object {
                label: detection.label.to_string(),
                score: detection.confidence,
                rect: super::to_plugin(detection.rect),
                track: Some(at as u64 + 1),
                seen: true,
                about: person.about.clone(),
                ..meta::Object::default()
            }
        };
        let objects = found.iter().enumerate().map(object).collect();
        let detections = meta::Detections { fresh: true, objects, ..meta::Detections::default() };
        Painter::default().draw(&mut frame, &detections, Style { language, ..Style::default() });
    }

    fn to_rgb(&self) -> RgbImage {
        let half = self.width.div_ceil(2);
        let [luma, blue, red] = &self.planes;
        RgbImage::from_fn(self.width(), self.height(), |x, y| {
            let (x, y) = (x as usize, y as usize);
            let chroma = y / 2 * half + x / 2;
            let [y, u, v] = [luma[y * self.width + x], blue[chroma], red[chroma]].map(f32::from);
            let (u, v) = (u - 128.0, v - 128.0);
            // The way back from `yuv`: BT.601 in full range.
            let rgb = [y + 1.402 * v, y - 0.344 * u - 0.714 * v, y + 1.772 * u];
            // Such a cast stays within 0 to 255.
            image::Rgb(rgb.map(|value| (value + 0.5) as u8))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{Detection, Rect};

    fn grey() -> Picture {
        let image = RgbImage::from_pixel(161, 121, image::Rgb([90, 120, 60]));
        let mut png = std::io::Cursor::new(Vec::new());
        image.write_to(&mut png, image::ImageFormat::Png).unwrap();
        Picture::decode(png.get_ref()).unwrap()
    }

    #[test]
    fn an_annotated_picture_has_its_size_its_colours_and_boxes() {
        let plain = grey().into_annotated(&[], Language::English).unwrap();
        let rect = Rect { x: 0.25, y: 0.25, w: 0.5, h: 0.7 };
        let detection = Detection {
            track: None,
            label: Arc::from("person"),
            confidence: 0.8,
            rect,
            seen: true,
            attributes: None,
        };
        let person = Person { detection, face: None, about: None };
        let [spanish, drawn] = [Language::Spanish, Language::English]
            .map(|language| grey().into_annotated(std::slice::from_ref(&person), language).unwrap());
        assert_ne!(spanish, drawn, "the label is in the language that is asked for");
        let [plain, drawn] = [plain, drawn].map(|jpeg| image::load_from_memory(&jpeg).unwrap().into_rgb8());
        assert_eq!((plain.dimensions(), drawn.dimensions()), ((161, 121), (161, 121)));
        let near = |pixel: &image::Rgb<u8>, wanted: [u8; 3]| {
            pixel.0.iter().zip(wanted).all(|(value, wanted)| value.abs_diff(wanted) < 6)
        };
        assert!(plain.pixels().all(|pixel| near(pixel, [90, 120, 60])), "nothing is drawn where nobody is");
        assert!(near(drawn.get_pixel(80, 80), [90, 120, 60]), "inside of the box nothing is drawn");
        assert!(!near(drawn.get_pixel(40, 80), [90, 120, 60]), "its left side is");
    }
}
