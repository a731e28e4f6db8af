//! A picture with what was found drawn on it, as video has it.

use gstvision::draw::colour::YuvSpace;
use gstvision::draw::{I420Frame, Painter, Planes, Style};
use gstvision::meta::{Detections, Object};
use gstvision::person::Language;

use super::encoder::Encoder;
use super::picture::Picture;
use super::{EncodeError, Person};

impl Picture {
    /// The picture as JPEG with `found` drawn on it, numbered from 1 in their order and labelled in `language`; the
    /// picture is used up.
    ///
    /// # Errors
    /// When the encoder fails.
    pub fn into_annotated(mut self, found: &[Person], language: Language) -> Result<Vec<u8>, EncodeError> {
        let object = |(at, person): (usize, &Person)| {
            let detection = &person.detection;
            Object {
                label: detection.label.to_string(),
                score: detection.confidence,
                rect: super::to_plugin(detection.rect),
                track: Some(at as u64 + 1),
                seen: true,
                about: person.about.clone(),
                ..Object::default()
            }
        };
        let objects = found.iter().enumerate().map(object).collect();
        self.draw(&mut Painter::default(), objects, language);
        Encoder::new()?.encode(&self)
    }

    /// Has `painter` draw `objects`, labelled in `language`.
    pub fn draw(&mut self, painter: &mut Painter, objects: Vec<Object>, language: Language) {
        let half = self.width.div_ceil(2);
        let [y, u, v] = &mut self.planes;
        let planes = Planes { data: [y, u, v], strides: [self.width, half, half] };
        let space = YuvSpace::BT601.full_range();
        let mut frame = I420Frame::new(planes, self.width, self.height, space)
            .expect("a decoded picture's planes should be of its size");
        let detections = Detections { fresh: true, objects, ..Detections::default() };
        painter.draw(&mut frame, &detections, Style { language, ..Style::default() });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use image::RgbImage;

    use super::*;
    use crate::domain::{Detection, Rect};

    fn grey() -> Picture {
        Picture::of(&RgbImage::from_pixel(161, 121, image::Rgb([90, 120, 60])).into())
    }

    #[test]
    fn an_annotated_picture_has_its_size_its_colours_and_boxes() {
        gst::init().unwrap();
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
