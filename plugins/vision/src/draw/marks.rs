//! What was seen on people: colours of the boxes, and the skeleton.

use super::colour::Rgb;
use super::frame::I420Frame;
use super::shape::{self, Paint};
use crate::engine::blazepose::BodyPart;
use crate::meta::{MarkKind, Point};

/// The colour of a mark's box: green, orange, magenta and cyan, as the original design has them.
pub(super) fn colour(kind: MarkKind) -> Rgb {
    match kind {
        MarkKind::Face => Rgb::from_hex(0x00_e676),
        MarkKind::Garment => Rgb::from_hex(0xff_9100),
        MarkKind::HeadAccessory => Rgb::from_hex(0xff_40ff),
        MarkKind::Bag => Rgb::from_hex(0x18_ffff),
    }
}

/// How likely a landmark must be to be seen to be drawn.
const SEEN: f32 = 0.5;

/// Bones between landmarks; of the face there are only points.
const BONES: [(BodyPart, BodyPart); 14] = {
    use BodyPart::{
        LeftAnkle, LeftElbow, LeftFootIndex, LeftHip, LeftKnee, LeftShoulder, LeftWrist, RightAnkle,
        RightElbow, RightFootIndex, RightHip, RightKnee, RightShoulder, RightWrist,
    };
    [
        (LeftShoulder, RightShoulder),
        (LeftShoulder, LeftElbow),
        (LeftElbow, LeftWrist),
        (RightShoulder, RightElbow),
        (RightElbow, RightWrist),
        (LeftShoulder, LeftHip),
        (RightShoulder, RightHip),
        (LeftHip, RightHip),
        (LeftHip, LeftKnee),
        (LeftKnee, LeftAnkle),
        (LeftAnkle, LeftFootIndex),
        (RightHip, RightKnee),
        (RightKnee, RightAnkle),
        (RightAnkle, RightFootIndex),
    ]
};

/// Draws the bones of a body as rows of dots, and its seen landmarks as larger ones.
pub(super) fn skeleton(frame: &mut I420Frame<'_>, landmarks: &[Point], line: i32) {
    let paint = Paint { colour: Rgb::WHITE, opacity: 220, radius: 0 };
    let size = (frame.width() as f32, frame.height() as f32);
    let place = |point: &Point| (point.x * size.0, point.y * size.1);
    let seen =
        |part: BodyPart| landmarks.get(part as usize).filter(|point| point.visibility >= SEEN).map(place);
    for (start, end) in BONES {
        let (Some(start), Some(end)) = (seen(start), seen(end)) else { continue };
        let way = (end.0 - start.0, end.1 - start.1);
        // Landmarks may lie far outside; a bone is never longer than the picture.
        let steps = (way.0.hypot(way.1) / (2 * line) as f32).clamp(1.0, size.0 + size.1) as usize;
        for step in 0..=steps {
            let along = step as f32 / steps as f32;
            dot(frame, (start.0 + way.0 * along, start.1 + way.1 * along), line, paint);
        }
    }
    for point in landmarks.iter().filter(|point| point.visibility >= SEEN) {
        dot(frame, place(point), line * 2, paint);
    }
}

fn dot(frame: &mut I420Frame<'_>, (x, y): (f32, f32), side: i32, paint: Paint) {
    // Such a cast stays within its range.
    let (x, y) = (x as i32, y as i32);
    let area = super::frame::Area::new(x.saturating_sub(side / 2), y.saturating_sub(side / 2), side, side);
    shape::fill(frame, area, paint);
}
