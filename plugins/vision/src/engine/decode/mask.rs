//! A mask of a person: for every pixel of the input, what it belongs to.

use super::super::error::EngineError;
use super::super::manifest::{Input, Job, Manifest};
use super::super::region::Region;
use super::{Answer, values};

/// Decoder of a mask network's answer.
#[derive(Debug)]
pub struct MaskReader {
    /// Of the input, in pixels.
    width: usize,
    height: usize,
    /// What each class of the network is.
    classes: Vec<Material>,
    min_score: f32,
}

/// What a pixel can belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Material {
    Background,
    Hair,
    BodySkin,
    FaceSkin,
    Clothes,
    /// Shoes, glasses, bags.
    Other,
}

/// What each pixel of a region of the picture is.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    width: usize,
    height: usize,
    /// Row by row; `None` where it is not sure.
    pixels: Vec<Option<Material>>,
    region: Region,
}

impl Material {
    /// All of them.
    const ALL: [Self; 6] =
        [Self::Background, Self::Hair, Self::BodySkin, Self::FaceSkin, Self::Clothes, Self::Other];

    /// What a manifest's label calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Background => "background",
            Self::Hair => "hair",
            Self::BodySkin => "body skin",
            Self::FaceSkin => "face skin",
            Self::Clothes => "clothes",
            Self::Other => "other",
        }
    }
}

impl Mask {
    /// What the point at these fractions of the picture is; `None` outside of the mask or where it is not sure.
    pub fn at(&self, x: f32, y: f32) -> Option<Material> {
        let (x, y) = self.region.of_picture(x, y);
        let is_inside = (0.0..1.0).contains(&x) && (0.0..1.0).contains(&y);
        let (column, row) = ((x * self.width as f32) as usize, (y * self.height as f32) as usize);
        let index = row.min(self.height - 1) * self.width + column.min(self.width - 1);
        self.pixels[index].filter(|_| is_inside)
    }

    /// Which part of the mask `material` covers, 0..1.
    pub fn share(&self, material: Material) -> f32 {
        let count = self.pixels.iter().filter(|pixel| **pixel == Some(material)).count();
        count as f32 / self.pixels.len() as f32
    }
}

/// Shape of the scores.
pub(in super::super) fn shape(input: &Input, classes: usize) -> Vec<i64> {
    vec![1, input.height as i64, input.width as i64, classes as i64]
}

/// What the network's classes are; the error says what was found and what was expected.
pub(super) fn materials(labels: &[String]) -> Result<Vec<Material>, String> {
    let material = |label: &String| Material::ALL.into_iter().find(|material| material.label() == label);
    let found: Option<_> = labels.iter().map(material).collect();
    found.ok_or_else(|| {
        format!(
            "labels: found {}; expected some of {}",
            labels.join(", "),
            Material::ALL.map(Material::label).join(", ")
        )
    })
}

impl MaskReader {
    /// For the network of `manifest`.
    ///
    /// # Errors
    /// When that makes no masks, or a label is none that a mask can have.
    pub fn new(manifest: &Manifest) -> Result<Self, EngineError> {
        let input = manifest.picture_for(Job::Mask)?;
        let unfit = |problem| EngineError::Unfit { model: manifest.name.clone(), problem };
        Ok(Self {
            width: input.width,
            height: input.height,
            classes: materials(&manifest.labels).map_err(unfit)?,
            min_score: manifest.thresholds.score,
        })
    }

    /// The mask of `region`, which `answers` are of.
    ///
    /// # Errors
    /// When the answer has another size than promised.
    pub fn decode(&self, answers: &[Answer<'_>], region: &Region) -> Result<Mask, String> {
        let count = self.classes.len();
        let scores = values(answers, 0, self.width * self.height * count)?;
        let pixels = scores.chunks_exact(count).map(|scores| self.material(scores)).collect();
        Ok(Mask { width: self.width, height: self.height, pixels, region: *region })
    }

    /// The class of a pixel when it is likely enough. `scores` are logits; softmax makes probabilities of them.
    fn material(&self, scores: &[f32]) -> Option<Material> {
        let (class, best) = scores.iter().enumerate().max_by(|one, other| one.1.total_cmp(other.1))?;
        let sum: f32 = scores.iter().map(|score| (score - best).exp()).sum();
        // The best one's own part of the sum is 1. What is no number is not likely enough.
        (1.0 / sum >= self.min_score).then(|| self.classes[class])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::Rect;

    fn manifest(labels: &str) -> Manifest {
        let text = include_str!("../../../../../models/selfie_multiclass.toml")
            .replace("width = 256", "width = 4")
            .replace("height = 256", "height = 2")
            .replace(r#"["background", "hair", "body skin", "face skin", "clothes", "other"]"#, labels);
        Manifest::parse(&text, "selfie_multiclass.toml").unwrap()
    }

    const LABELS: &str = r#"["background", "clothes", "hair"]"#;

    fn decode(scores: &[[f32; 3]]) -> Result<Mask, String> {
        let reader = MaskReader::new(&manifest(LABELS)).unwrap();
        // The lower right quarter of a picture.
        let region = Region::around(&Rect { x: 0.5, y: 0.5, w: 0.5, h: 0.5 }, 1.0, (80.0, 80.0));
        reader.decode(&[Answer { shape: &[], values: scores.as_flattened() }], &region)
    }

    #[test]
    fn each_pixel_is_its_likeliest_class_when_that_is_likely_enough() {
        let mut scores = [[9.0, 0.0, 0.0]; 8];
        scores[1] = [-3.0, 5.0, 1.0];
        scores[6] = [0.0, 0.0, 300.0];
        // Less than half of it is hair.
        scores[7] = [0.0, 0.1, 0.2];
        scores[3] = [f32::NAN, 0.0, 0.0];
        let mask = decode(&scores).unwrap();
        use Material::{Background, Clothes, Hair};
        // Centres of the 4 by 2 pixels, in fractions of the picture.
        let at = |column: usize, row: usize| {
            mask.at(0.5 + (column as f32 + 0.5) / 8.0, 0.5 + (row as f32 + 0.5) / 4.0)
        };
        let upper: Vec<_> = (0..4).map(|column| at(column, 0)).collect();
        assert_eq!(upper, [Some(Background), Some(Clothes), Some(Background), None]);
        let lower: Vec<_> = (0..4).map(|column| at(column, 1)).collect();
        assert_eq!(lower, [Some(Background), Some(Background), Some(Hair), None]);
        assert_eq!(
            (mask.share(Background), mask.share(Clothes), mask.share(Material::Other)),
            (0.5, 0.125, 0.0)
        );
    }

    #[test]
    fn outside_of_the_mask_nothing_is_known() {
        let mask = decode(&[[9.0, 0.0, 0.0]; 8]).unwrap();
        assert_eq!(mask.at(0.51, 0.51), Some(Material::Background));
        for (x, y) in [(0.49, 0.75), (0.75, 0.49), (1.01, 0.75), (0.75, 1.01), (f32::NAN, 0.75)] {
            assert_eq!(mask.at(x, y), None, "{x}, {y}");
        }
    }

    #[test]
    fn an_answer_of_another_size_and_an_unknown_label_are_refused() {
        assert!(decode(&[[0.0; 3]; 7]).unwrap_err().contains("24 values expected"));
        let error = MaskReader::new(&manifest(r#"["background", "hat"]"#)).unwrap_err().to_string();
        assert!(
            error.contains("labels: found background, hat; expected some of background, hair,"),
            "{error}"
        );
    }
}
