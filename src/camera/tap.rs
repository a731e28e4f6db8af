//! What comes out of a pipeline → the domain's frame; the pixels stay behind.

use std::collections::HashMap;
use std::sync::Arc;

use gstvision::meta::{About, Aspect, Detections, Object};

use crate::clock::Clock;
use crate::domain::{Attribute, Attributes, CameraId, Detection, Frame, Rect, TenantId};

/// Turns the samples of one run of one camera into frames.
#[derive(Debug)]
pub(super) struct Tap {
    tenant: TenantId,
    camera: CameraId,
    clock: Clock,
    /// Frames so far; numbers those that no detector numbered.
    count: u64,
    /// One allocation a word, not one a box.
    words: HashMap<String, Arc<str>>,
}

impl Tap {
    pub(super) fn new(tenant: TenantId, camera: CameraId, clock: Clock) -> Self {
        Self { tenant, camera, clock, count: 0, words: HashMap::new() }
    }

    /// `None` when `sample` is no video or has no buffer.
    pub(super) fn frame(&mut self, sample: &gst::Sample) -> Option<Frame> {
        let buffer = sample.buffer()?;
        let (width, height) = size_of(sample)?;
        let found = Detections::read(buffer);
        let number = found.as_ref().map_or(self.count, |found| found.frame);
        self.count += 1;
        let found = found.unwrap_or_default();
        let model = self.word(&found.model);
        let detections = found.shown().map(|object| self.detection(object)).collect();
        Some(Frame {
            tenant: self.tenant,
            camera: self.camera.clone(),
            number,
            pts_ms: media_time(sample, buffer).map_or(0, gst::ClockTime::mseconds),
            at: self.clock.now(),
            width,
            height,
            fresh: found.fresh,
            model,
            detections,
        })
    }

    fn detection(&mut self, object: &Object) -> Detection {
        let rect = object.rect;
        Detection {
            track: object.track,
            label: self.word(&object.label),
            confidence: object.score,
            rect: Rect { x: rect.x, y: rect.y, w: rect.w, h: rect.h },
            seen: object.seen,
            attributes: object.about.as_ref().map(|about| Arc::new(self.attributes(about))),
        }
    }

    fn attributes(&mut self, about: &About) -> Attributes {
        let said = Aspect::ALL.map(|aspect| {
            let said = about.attributes.get(aspect);
            Attribute {
                value: said.value.as_deref().map(|word| self.word(word)),
                confidence: said.confidence,
            }
        });
        said.into()
    }

    fn word(&mut self, word: &str) -> Arc<str> {
        if let Some(known) = self.words.get(word) {
            return known.clone();
        }
        let shared: Arc<str> = word.into();
        self.words.insert(word.to_owned(), shared.clone());
        shared
    }
}

/// Width and height of a video sample, pixels.
fn size_of(sample: &gst::Sample) -> Option<(u32, u32)> {
    let structure = sample.caps()?.structure(0)?;
    let side = |name| structure.get::<i32>(name).ok().and_then(|side| u32::try_from(side).ok());
    Some((side("width")?, side("height")?))
}

/// Time since the start of the stream, also for files whose first time stamp is not 0.
fn media_time(sample: &gst::Sample, buffer: &gst::BufferRef) -> Option<gst::ClockTime> {
    let pts = buffer.pts()?;
    match sample.segment().and_then(|segment| segment.downcast_ref::<gst::ClockTime>()) {
        Some(segment) => segment.to_running_time(pts),
        None => Some(pts),
    }
}

#[cfg(test)]
mod tests {
    use gstvision::meta;

    use super::*;

    #[test]
    fn what_only_a_tracker_could_make_use_of_is_not_recorded() {
        gst::init().unwrap();
        meta::register();
        let object =
            |score, track| Object { label: "person".into(), score, track, seen: true, ..Object::default() };
        let objects = vec![object(0.3, None), object(0.4, Some(7)), object(0.6, None)];
        let mut buffer = gst::Buffer::new();
        let found = Detections { threshold: 0.6, objects, ..Detections::default() };
        found.attach(buffer.get_mut().unwrap()).unwrap();
        let caps = gst::Caps::builder("video/x-raw").field("width", 64).field("height", 48).build();
        let sample = gst::Sample::builder().buffer(&buffer).caps(&caps).build();
        let mut tap = Tap::new(TenantId::default(), CameraId::new("door").unwrap(), Clock::system());
        let recorded: Vec<_> =
            tap.frame(&sample).unwrap().detections.iter().map(|seen| (seen.confidence, seen.track)).collect();
        assert_eq!(recorded, [(0.4, Some(7)), (0.6, None)]);
    }
}
