//! BlazeFace: for the anchors of two grids a score and a box with six key points, in pixels of the input away from
//! the anchor.
//!
//! Many anchors see the same face, each a little beside it; their mean, weighted by their scores, is steadier from
//! frame to frame than the best of them.

use super::super::error::EngineError;
use super::super::manifest::{Job, Manifest};
use super::super::region::Region;
use super::{Answer, sigmoid, values};
use crate::meta::Rect;

/// The grids, fine and coarse: cells along a side, and anchors a cell. All anchors of a cell lie in its centre.
const GRIDS: [(usize, usize); 2] = [(16, 2), (8, 6)];

/// Key points of a face.
pub const KEY_POINTS: usize = 6;

/// Values of a box: centre, size, key points.
const ROW: usize = 4 + 2 * KEY_POINTS;

/// Faces looked at, best first; more come only from a threshold that means nothing.
const MAX_CANDIDATES: usize = 200;

/// Decoder of BlazeFace's answer.
#[derive(Debug)]
pub struct BlazeFace {
    /// Of the input, in pixels.
    size: (f32, f32),
    min_score: f32,
    /// Overlap from which on two boxes are of one face.
    same_face: f32,
}

/// A face.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Face {
    /// 0..1.
    pub score: f32,
    /// In fractions of the picture; it may stick out at the borders.
    pub rect: Rect,
    /// In fractions of the picture, in the order of [`KeyPoint`].
    pub points: [(f32, f32); KEY_POINTS],
}

/// Where a key point lies; left and right are the person's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPoint {
    RightEye,
    LeftEye,
    NoseTip,
    Mouth,
    RightEar,
    LeftEar,
}

impl Face {
    /// One of its key points, in fractions of the picture.
    pub fn point(&self, point: KeyPoint) -> (f32, f32) {
        self.points[point as usize]
    }

    /// From fractions of `region` to fractions of the picture.
    fn in_picture(&self, region: &Region) -> Self {
        Self {
            score: self.score,
            rect: region.rect_to_picture(&self.rect),
            points: self.points.map(|(x, y)| region.to_picture(x, y)),
        }
    }

    /// Intersection over union of the boxes, 0..1.
    fn overlap(&self, other: &Self) -> f32 {
        let (one, other) = (&self.rect, &other.rect);
        let width = (one.x + one.w).min(other.x + other.w) - one.x.max(other.x);
        let height = (one.y + one.h).min(other.y + other.h) - one.y.max(other.y);
        let shared = width.max(0.0) * height.max(0.0);
        let union = one.w * one.h + other.w * other.h - shared;
        if union > 0.0 { shared / union } else { 0.0 }
    }
}

/// Shapes of fine scores, fine boxes, coarse scores and coarse boxes.
pub(in super::super) fn shapes() -> [Vec<i64>; 4] {
    let [fine, coarse] = GRIDS.map(|(side, anchors)| (side * side * anchors) as i64);
    [vec![1, fine, 1], vec![1, fine, ROW as i64], vec![1, coarse, 1], vec![1, coarse, ROW as i64]]
}

impl BlazeFace {
    /// For the network of `manifest`.
    ///
    /// # Errors
    /// When that is not for faces.
    pub fn new(manifest: &Manifest) -> Result<Self, EngineError> {
        let input = manifest.picture_for(Job::Face)?;
        let thresholds = manifest.thresholds;
        Ok(Self {
            size: (input.width as f32, input.height as f32),
            min_score: thresholds.score,
            same_face: thresholds.nms.unwrap_or(1.0),
        })
    }

    /// Faces, best first; `answers` are of an input that shows `region`.
    ///
    /// # Errors
    /// When the answers have other sizes than promised.
    pub fn decode(&self, answers: &[Answer<'_>], region: &Region) -> Result<Vec<Face>, String> {
        let mut candidates = Vec::new();
        for (grid, (side, anchors)) in GRIDS.into_iter().enumerate() {
            let count = side * side * anchors;
            let scores = values(answers, 2 * grid, count)?;
            let boxes = values(answers, 2 * grid + 1, count * ROW)?.as_chunks::<ROW>().0;
            for (anchor, (logit, row)) in scores.iter().zip(boxes).enumerate() {
                let score = sigmoid(*logit);
                if score >= self.min_score && row.iter().all(|value| value.is_finite()) {
                    let cell = anchor / anchors;
                    let centre = |at: usize| (at as f32 + 0.5) / side as f32;
                    candidates.push(self.face(score, row, (centre(cell % side), centre(cell / side))));
                }
            }
        }
        let faces = blend(candidates, self.same_face);
        Ok(faces.iter().map(|face| face.in_picture(region)).collect())
    }

    /// In fractions of the input.
    fn face(&self, score: f32, row: &[f32; ROW], anchor: (f32, f32)) -> Face {
        let at = |x: f32, y: f32| (x / self.size.0 + anchor.0, y / self.size.1 + anchor.1);
        let (x, y) = at(row[0] - row[2] / 2.0, row[1] - row[3] / 2.0);
        let rect = Rect { x, y, w: row[2] / self.size.0, h: row[3] / self.size.1 };
        Face { score, rect, points: std::array::from_fn(|point| at(row[4 + 2 * point], row[5 + 2 * point])) }
    }
}

/// Makes one face of all that overlap the best one by `limit` or more, then of all that are left, and so on.
fn blend(mut candidates: Vec<Face>, limit: f32) -> Vec<Face> {
    candidates.sort_by(|one, other| other.score.total_cmp(&one.score));
    candidates.truncate(MAX_CANDIDATES);
    let mut faces = Vec::new();
    while let Some(best) = candidates.first().copied() {
        let (same, others): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|other| *other == best || best.overlap(other) >= limit);
        faces.push(mean(best.score, &same));
        candidates = others;
    }
    faces
}

/// The mean of `faces`, weighted by their scores.
fn mean(score: f32, faces: &[Face]) -> Face {
    let total: f32 = faces.iter().map(|face| face.score).sum();
    let mean = |of: &dyn Fn(&Face) -> f32| faces.iter().map(|face| of(face) * face.score / total).sum();
    Face {
        score,
        rect: Rect {
            x: mean(&|face| face.rect.x),
            y: mean(&|face| face.rect.y),
            w: mean(&|face| face.rect.w),
            h: mean(&|face| face.rect.h),
        },
        points: std::array::from_fn(|point| {
            (mean(&|face| face.points[point].0), mean(&|face| face.points[point].1))
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoder() -> BlazeFace {
        let text = include_str!("../../../../../models/blazeface_front.toml");
        BlazeFace::new(&Manifest::parse(text, "blazeface_front.toml").unwrap()).unwrap()
    }

    fn whole() -> Region {
        Region::around(&Rect { x: 0.0, y: 0.0, w: 1.0, h: 1.0 }, 1.0, (128.0, 128.0))
    }

    /// Answers with nothing in them, which `change` puts something into.
    fn decode(region: &Region, change: impl FnOnce(&mut [Vec<f32>; 4])) -> Result<Vec<Face>, String> {
        let shapes = shapes();
        let mut tensors = shapes.each_ref().map(|shape| vec![-100.0; shape.iter().product::<i64>() as usize]);
        change(&mut tensors);
        let answers: Vec<_> = tensors.iter().map(|values| Answer { shape: &[], values }).collect();
        decoder().decode(&answers, region)
    }

    /// Anchor `index` of a grid sees a face of 32×32 pixels, `away` pixels from the anchor's centre; its key points
    /// lie at 0, 1, 2 … pixels right of that.
    fn see(scores: &mut [f32], boxes: &mut [f32], index: usize, logit: f32, away: f32) {
        scores[index] = logit;
        let row = &mut boxes[index * ROW..][..ROW];
        row[..4].copy_from_slice(&[away, away, 32.0, 32.0]);
        for point in 0..KEY_POINTS {
            row[4 + 2 * point] = away + point as f32;
            row[5 + 2 * point] = away;
        }
    }

    fn assert_near(found: &[f32], expected: &[f32]) {
        assert_eq!(found.len(), expected.len());
        let is_near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-5);
        assert!(is_near, "{found:?} instead of {expected:?}");
    }

    fn corners(rect: &Rect) -> [f32; 4] {
        [rect.x, rect.y, rect.w, rect.h]
    }

    #[test]
    fn an_anchor_of_each_grid_becomes_a_face_around_its_centre() {
        let found = decode(&whole(), |[fine_scores, fine_boxes, coarse_scores, coarse_boxes]| {
            // Second anchor of the fine cell in column 2, row 1: centre (2.5, 1.5) / 16.
            see(fine_scores, fine_boxes, (16 + 2) * 2 + 1, 2.0, 0.0);
            // Last anchor of the coarse cell in column 5, row 6: centre (5.5, 6.5) / 8.
            see(coarse_scores, coarse_boxes, (6 * 8 + 5) * 6 + 5, 1.0, 4.0);
        });
        let [first, second] = found.unwrap()[..] else { panic!("two faces") };
        assert_near(&[first.score, second.score], &[0.880_797, 0.731_059]);
        assert_near(&corners(&first.rect), &[0.15625 - 0.125, 0.09375 - 0.125, 0.25, 0.25]);
        assert_near(
            &corners(&second.rect),
            &[0.6875 - 0.125 + 0.03125, 0.8125 - 0.125 + 0.03125, 0.25, 0.25],
        );
        let (nose, ear) = (first.point(KeyPoint::NoseTip), first.point(KeyPoint::LeftEar));
        assert_near(&[nose.0, nose.1, ear.0], &[0.15625 + 2.0 / 128.0, 0.09375, 0.15625 + 5.0 / 128.0]);
    }

    #[test]
    fn anchors_that_see_the_same_face_are_blended_by_their_scores() {
        let found = decode(&whole(), |[scores, boxes, ..]| {
            // Scores of 3/4 and 1/2, half a stride apart.
            see(scores, boxes, 272, 3.0_f32.ln(), 0.0);
            see(scores, boxes, 273, 0.0, 5.0);
        });
        let [face] = found.unwrap()[..] else { panic!("one face") };
        assert_near(&[face.score], &[0.75]);
        let moved = 0.5 / 1.25 * 5.0 / 128.0;
        assert_near(&corners(&face.rect), &[0.53125 - 0.125 + moved, 0.53125 - 0.125 + moved, 0.25, 0.25]);
        assert_near(&[face.points[0].0], &[0.53125 + moved]);
    }

    #[test]
    fn faces_of_a_region_are_told_in_fractions_of_the_picture() {
        let region = Region::around(&Rect { x: 0.5, y: 0.5, w: 0.25, h: 0.25 }, 1.0, (100.0, 100.0));
        let found = decode(&region, |[scores, boxes, ..]| see(scores, boxes, 0, 3.0, 60.0));
        let [face] = found.unwrap()[..] else { panic!("one face") };
        let centre = 0.5 + 0.25 * (0.03125 + 60.0 / 128.0);
        assert_near(&corners(&face.rect), &[centre - 0.03125, centre - 0.03125, 0.0625, 0.0625]);
    }

    #[test]
    fn weak_and_broken_faces_are_left_out() {
        let found = decode(&whole(), |[scores, boxes, ..]| {
            see(scores, boxes, 0, -0.01, 0.0);
            see(scores, boxes, 100, f32::NAN, 0.0);
            see(scores, boxes, 200, 5.0, f32::INFINITY);
        });
        assert_eq!(found, Ok(vec![]));
    }

    #[test]
    fn answers_of_another_size_are_refused() {
        let error = decode(&whole(), |tensors| tensors[3].truncate(16)).unwrap_err();
        assert!(error.contains("output 3"), "{error}");
    }

    fn any_face() -> impl Strategy<Value = Face> {
        let side = 0.01f32..0.5;
        (0.0f32..1.0, 0.0f32..1.0, side.clone(), side, 0.5f32..1.0).prop_map(|(x, y, w, h, score)| Face {
            score,
            rect: Rect { x, y, w, h },
            points: [(x, y); KEY_POINTS],
        })
    }

    proptest! {
        #[test]
        fn blended_faces_are_no_more_than_there_were_and_lie_among_them(
            faces in prop::collection::vec(any_face(), 0..40),
            limit in 0.1f32..1.0,
        ) {
            let blended = blend(faces.clone(), limit);
            prop_assert!(blended.len() <= faces.len());
            prop_assert_eq!(blended.is_empty(), faces.is_empty());
            for face in &blended {
                let least = faces.iter().map(|face| face.rect.x).fold(f32::INFINITY, f32::min);
                let most = faces.iter().map(|face| face.rect.x).fold(0.0, f32::max);
                prop_assert!((least - 1e-4..=most + 1e-4).contains(&face.rect.x));
            }
            prop_assert!(blended.windows(2).all(|pair| pair[0].score >= pair[1].score));
        }
    }
}
