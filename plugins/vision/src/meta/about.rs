//! What is said of a person, and where on them it was seen.

use gst::prelude::*;

use super::Rect;

/// What there is to say of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aspect {
    Garment,
    Style,
    PrimaryColor,
    SecondaryColor,
    HeadAccessory,
    Bag,
    AgeRange,
}

impl Aspect {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Garment,
        Self::Style,
        Self::PrimaryColor,
        Self::SecondaryColor,
        Self::HeadAccessory,
        Self::Bag,
        Self::AgeRange,
    ];

    /// The name of it wherever it is written down.
    pub fn name(self) -> &'static str {
        match self {
            Self::Garment => "garment",
            Self::Style => "style",
            Self::PrimaryColor => "primary_color",
            Self::SecondaryColor => "secondary_color",
            Self::HeadAccessory => "head_accessory",
            Self::Bag => "bag",
            Self::AgeRange => "age_range",
        }
    }
}

/// One thing said of a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attribute {
    /// Its code, see [`crate::person`]; `none` is seen and absent, `None` is not seen.
    pub value: Option<String>,
    /// 0..1; 0 without a value.
    pub confidence: f32,
}

/// All that is said of a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes([Attribute; Aspect::ALL.len()]);

impl Attributes {
    /// What is said of one aspect.
    pub fn get(&self, aspect: Aspect) -> &Attribute {
        &self.0[aspect as usize]
    }

    /// Says it.
    pub fn set(&mut self, aspect: Aspect, attribute: Attribute) {
        self.0[aspect as usize] = attribute;
    }
}

/// What a mark is around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    Face,
    Garment,
    HeadAccessory,
    Bag,
}

impl MarkKind {
    const ALL: [Self; 4] = [Self::Face, Self::Garment, Self::HeadAccessory, Self::Bag];

    /// The name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Face => "face",
            Self::Garment => "garment",
            Self::HeadAccessory => "head_accessory",
            Self::Bag => "bag",
        }
    }
}

/// A box on a person around something that was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    pub kind: MarkKind,
    /// Code of what it is; that of the kind for a face.
    pub label: String,
    /// In fractions of the picture.
    pub rect: Rect,
}

/// A landmark of a body.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Point {
    /// In fractions of the picture.
    pub x: f32,
    /// In fractions of the picture.
    pub y: f32,
    /// How likely it is to be seen, 0..1.
    pub visibility: f32,
}

/// What is known of a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct About {
    /// Over all looks at the person so far.
    pub attributes: Attributes,
    /// Where things were at the last look, moved with the person's box since.
    pub marks: Vec<Mark>,
    /// The 33 landmarks of the last look, in BlazePose's order, moved likewise; empty when there were none.
    pub landmarks: Vec<Point>,
}

/// Bytes of a number in the meta.
const NUMBER: usize = size_of::<f32>();

impl About {
    pub(super) fn to_structure(&self) -> gst::Structure {
        let mut structure = gst::Structure::new_empty("about");
        for aspect in Aspect::ALL {
            let Attribute { value, confidence } = self.attributes.get(aspect);
            if let Some(value) = value {
                structure.set(aspect.name(), value);
                structure.set(confidence_field(aspect), *confidence);
            }
        }
        let marks = gst::Array::new(self.marks.iter().map(|mark| {
            let Rect { x, y, w, h } = mark.rect;
            gst::Structure::builder(mark.kind.name())
                .field("label", &mark.label)
                .field("rect", bytes(&[x, y, w, h]))
                .build()
                .to_send_value()
        }));
        structure.set("marks", marks);
        let points = self.landmarks.iter().flat_map(|point| [point.x, point.y, point.visibility]);
        // One value, not a hundred.
        structure.set("landmarks", bytes(&points.collect::<Vec<_>>()));
        structure
    }

    pub(super) fn of(structure: &gst::StructureRef) -> Self {
        let mut attributes = Attributes::default();
        for aspect in Aspect::ALL {
            if let Ok(value) = structure.get::<String>(aspect.name()) {
                let confidence = structure.get(confidence_field(aspect)).unwrap_or_default();
                attributes.set(aspect, Attribute { value: Some(value), confidence });
            }
        }
        let marks = structure.get::<gst::Array>("marks").map(|marks| {
            let marks = marks.iter().filter_map(|value| value.get::<gst::Structure>().ok());
            marks.filter_map(|mark| mark_of(&mark)).collect()
        });
        let points = numbers(structure, "landmarks");
        let point = |point: &[f32; 3]| Point { x: point[0], y: point[1], visibility: point[2] };
        Self {
            attributes,
            marks: marks.unwrap_or_default(),
            landmarks: points.as_chunks().0.iter().map(point).collect(),
        }
    }
}

fn mark_of(structure: &gst::StructureRef) -> Option<Mark> {
    let kind = MarkKind::ALL.into_iter().find(|kind| kind.name() == structure.name().as_str())?;
    let &[x, y, w, h] = numbers(structure, "rect").as_array()?;
    Some(Mark { kind, label: structure.get("label").ok()?, rect: Rect { x, y, w, h } })
}

fn confidence_field(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Garment => "garment-confidence",
        Aspect::Style => "style-confidence",
        Aspect::PrimaryColor => "primary-color-confidence",
        Aspect::SecondaryColor => "secondary-color-confidence",
        Aspect::HeadAccessory => "head-accessory-confidence",
        Aspect::Bag => "bag-confidence",
        Aspect::AgeRange => "age-range-confidence",
    }
}

fn bytes(numbers: &[f32]) -> gst::glib::Bytes {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    gst::glib::Bytes::from_owned(bytes)
}

fn numbers(structure: &gst::StructureRef, field: &str) -> Vec<f32> {
    let bytes = structure.get::<gst::glib::Bytes>(field).map(|bytes| bytes.to_vec()).unwrap_or_default();
    bytes.as_chunks::<NUMBER>().0.iter().map(|number| f32::from_le_bytes(*number)).collect()
}

/// Something of everything.
#[cfg(test)]
pub(super) fn sample() -> About {
    let mut attributes = Attributes::default();
    for (number, aspect) in Aspect::ALL.into_iter().enumerate().skip(1) {
        attributes.set(aspect, Attribute { value: Some(format!("no. {number}")), confidence: 0.125 });
    }
    let rect = Rect { x: 0.1, y: 0.2, w: 0.3, h: 0.4 };
    let mark = |kind: MarkKind| Mark { kind, label: kind.name().to_owned(), rect };
    About {
        attributes,
        marks: MarkKind::ALL.map(mark).into(),
        landmarks: vec![Point { x: 0.5, y: -0.25, visibility: 1.0 }; 33],
    }
}
