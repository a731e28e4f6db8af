//! BlazePose: 33 points of one person's body and how sure the network is of each.
//!
//! The network answers with 39 points; the last six only say where to look in the next frame.

use super::super::error::EngineError;
use super::super::manifest::{Job, Manifest};
use super::super::region::Region;
use super::{Answer, sigmoid, values};

/// Points of a body.
pub const LANDMARKS: usize = 33;

/// Points of an answer.
const POINTS: usize = 39;

/// Values of a point: x, y, z, visibility, presence.
const ROW: usize = 5;

/// A point of a body is at most so many regions away from the one that was looked at.
const REACH: f32 = 3.0;

/// Decoder of BlazePose's answer.
#[derive(Debug)]
pub struct BlazePose {
    /// Of the input, in pixels.
    size: (f32, f32),
    min_presence: f32,
}

/// A person's body.
#[derive(Debug, Clone, PartialEq)]
pub struct Pose {
    /// How sure it is that there is a person at all, 0..1.
    pub presence: f32,
    /// In the order of [`BodyPart`].
    pub landmarks: [Landmark; LANDMARKS],
}

/// A point of a body.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Landmark {
    /// In fractions of the picture; it may lie outside.
    pub x: f32,
    /// In fractions of the picture; it may lie outside.
    pub y: f32,
    /// Distance behind the middle of the hips, in widths of the region that was looked at. Less exact than the rest.
    pub z: f32,
    /// How likely the point is to be seen: in the picture and not hidden; 0..1.
    pub visibility: f32,
    /// How likely the point is to be in the picture, hidden or not; 0..1.
    pub presence: f32,
}

/// What a landmark is a point of; left and right are the person's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyPart {
    Nose,
    LeftEyeInner,
    LeftEye,
    LeftEyeOuter,
    RightEyeInner,
    RightEye,
    RightEyeOuter,
    LeftEar,
    RightEar,
    MouthLeft,
    MouthRight,
    LeftShoulder,
    RightShoulder,
    LeftElbow,
    RightElbow,
    LeftWrist,
    RightWrist,
    LeftPinky,
    RightPinky,
    LeftIndex,
    RightIndex,
    LeftThumb,
    RightThumb,
    LeftHip,
    RightHip,
    LeftKnee,
    RightKnee,
    LeftAnkle,
    RightAnkle,
    LeftHeel,
    RightHeel,
    LeftFootIndex,
    RightFootIndex,
}

impl Pose {
    /// Where a part of the body is.
    pub fn at(&self, part: BodyPart) -> &Landmark {
        &self.landmarks[part as usize]
    }
}

/// Shapes of landmarks and presence.
pub(in super::super) fn shapes() -> [Vec<i64>; 2] {
    [vec![1, (POINTS * ROW) as i64], vec![1, 1]]
}

impl BlazePose {
    /// For the network of `manifest`.
    ///
    /// # Errors
    /// When that is not for landmarks.
    pub fn new(manifest: &Manifest) -> Result<Self, EngineError> {
        let input = manifest.picture_for(Job::Landmarks)?;
        let size = (input.width as f32, input.height as f32);
        Ok(Self { size, min_presence: manifest.thresholds.score })
    }

    /// The person in `region`, which `answers` are of; `None` when there is none.
    ///
    /// # Errors
    /// When the answers have other sizes than promised.
    pub fn decode(&self, answers: &[Answer<'_>], region: &Region) -> Result<Option<Pose>, String> {
        let rows = values(answers, 0, POINTS * ROW)?.as_chunks::<ROW>().0;
        let presence = values(answers, 1, 1)?[0];
        let is_near = |at: f32, size: f32| (-REACH..=1.0 + REACH).contains(&(at / size));
        let is_person = presence >= self.min_presence
            && rows.as_flattened().iter().all(|value| value.is_finite())
            && rows[..LANDMARKS]
                .iter()
                .all(|[x, y, ..]| is_near(*x, self.size.0) && is_near(*y, self.size.1));
        if !is_person {
            return Ok(None);
        }
        let landmarks = std::array::from_fn(|index| self.landmark(&rows[index], region));
        Ok(Some(Pose { presence, landmarks }))
    }

    fn landmark(&self, row: &[f32; ROW], region: &Region) -> Landmark {
        let [x, y, z, visibility, presence] = *row;
        let (width, height) = self.size;
        let (x, y) = region.to_picture(x / width, y / height);
        Landmark { x, y, z: z / width, visibility: sigmoid(visibility), presence: sigmoid(presence) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::Rect;

    /// Answers in which point n lies at (2n, n) and 64 pixels behind the hips.
    fn answers(presence: f32, change: impl FnOnce(&mut Vec<f32>)) -> Result<Option<Pose>, String> {
        let text = include_str!("../../../../../models/blazepose_lite.toml");
        let decoder = BlazePose::new(&Manifest::parse(text, "blazepose_lite.toml").unwrap()).unwrap();
        let points = (0..POINTS).map(|point| [2.0 * point as f32, point as f32, 64.0, 0.0, 3.0_f32.ln()]);
        let mut points = points.flatten().collect();
        change(&mut points);
        let answers = [Answer { shape: &[], values: &points }, Answer { shape: &[], values: &[presence] }];
        // The right half of a picture of 200 by 100.
        let region = Region::around(&Rect { x: 0.5, y: 0.0, w: 0.5, h: 1.0 }, 1.0, (200.0, 100.0));
        decoder.decode(&answers, &region)
    }

    #[test]
    fn points_of_the_crop_become_landmarks_of_the_picture() {
        let pose = answers(0.5, |_| ()).unwrap().unwrap();
        assert_eq!(pose.presence, 0.5);
        assert_eq!(BodyPart::RightFootIndex as usize, LANDMARKS - 1);
        for (part, number) in
            [(BodyPart::Nose, 0.0), (BodyPart::LeftShoulder, 11.0), (BodyPart::RightHip, 24.0)]
        {
            let Landmark { x, y, z, visibility, presence } = *pose.at(part);
            let found = [x, y, z, visibility, presence];
            let expected = [0.5 + 0.5 * number / 128.0, number / 256.0, 0.25, 0.5, 0.75];
            let is_near = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6);
            assert!(is_near, "{part:?}: {found:?} instead of {expected:?}");
        }
    }

    #[test]
    fn without_a_person_there_is_no_pose() {
        assert_eq!(answers(0.49, |_| ()), Ok(None));
        assert_eq!(answers(f32::NAN, |_| ()), Ok(None));
        assert_eq!(answers(0.9, |points| points[70] = f32::INFINITY), Ok(None));
    }

    #[test]
    fn a_point_far_from_what_was_looked_at_is_no_point_of_a_person() {
        for far in [1e38, -1e38, 256.0 * 5.0, -256.0 * 4.0] {
            for value in 0..2 {
                assert_eq!(answers(0.9, |points| points[5 * 28 + value] = far), Ok(None), "{far}");
            }
        }
        // Feet below the crop, and what is no point of the body.
        assert!(answers(0.9, |points| points[5 * 28 + 1] = 600.0).unwrap().is_some());
        assert!(answers(0.9, |points| points[5 * 38] = 1e6).unwrap().is_some());
    }

    #[test]
    fn answers_of_another_size_are_refused() {
        let error = answers(0.9, |points| points.truncate(99)).unwrap_err();
        assert!(error.contains("195 values expected"), "{error}");
    }
}
