//! What was detected, carried on the buffer it was detected in.
//!
//! A [`gst::meta::CustomMeta`] survives queues, converters, scalers and encoders, so a box can never be drawn
//! on, or recorded for, another frame than its own. Boxes are fractions of the picture: scaling cannot bend
//! them. There is one such meta a frame; `visiondetect` attaches it, `visiontrack` completes it,
//! `visionattributes` adds what it knows of people, everything behind only reads.
//!
//! # What `visiondetect` promises
//!
//! A detector may need longer than a frame lasts, so a result may arrive with a later frame than the one it was
//! seen in. Every frame carries the meta, and it is one of three kinds:
//!
//! | kind | `fresh` | `seen_pts` | `objects` |
//! | --- | --- | --- | --- |
//! | the result of this very frame | true | the PTS of this frame | what was seen, maybe nothing |
//! | a late result, of an earlier frame | true | the PTS of that frame | what was seen there, maybe nothing |
//! | no new result | false | as on the frame before | empty |
//!
//! So each result is delivered exactly once, and an empty list means "nobody is there" on a `fresh` frame and "nobody
//! has looked" on another. A result that was overtaken by a newer one before it could be delivered is not delivered
//! at all. A frame without PTS can only get a result of its own; `seen_pts` is `None` then. A flush or a new stream
//! makes `seen_pts` start at `None` again and no result crosses it; when the times of a stream jump back without
//! either, one late result may be of a frame before the jump, with a `seen_pts` yet to come. `visiontrack` predicts
//! every known box to the frame at hand and writes all of them into `objects`.
//!
//! The objects of a result have a [`Cue`], which the tracker takes off again.
//!
//! Scores are the model's. The objects with a score below `threshold` are for a tracker, which can tell a half-hidden
//! person from nothing. Who draws, counts or records takes [`Detections::shown`], which is the same behind a tracker and
//! keeps those weak ones out where there is none.

mod about;

use std::sync::Once;

use gst::prelude::*;

pub use about::{About, Aspect, Attribute, Attributes, Mark, MarkKind, Point};

/// Name of the meta and of the structure in it.
pub const DETECTIONS_META: &str = "VisionDetectionsMeta";

/// A box in fractions of the picture (0..1, origin top left). It may stick out at the borders.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub w: f32,
    pub h: f32,
}

/// What a box looks like, for a tracker to tell objects apart by and to see whether they live.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cue {
    /// Histogram of the colours of clothes, upper body first; empty when nothing could be seen.
    pub colours: Vec<u8>,
    /// Part of the box that changed since the result before, 0..1.
    pub change: f32,
}

/// One box.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object {
    /// What it is, in the model's words.
    pub label: String,
    /// Model score, 0..1, of the last result that saw it.
    pub score: f32,
    pub rect: Rect,
    /// Number of the track; `None` before `visiontrack` or until it is confirmed.
    pub track: Option<u64>,
    /// True when a detector result of this frame saw it, false while motion alone carries it.
    pub seen: bool,
    /// What is known of a person; `None` before `visionattributes` or until it has looked.
    pub about: Option<Box<About>>,
    /// Only between `visiondetect` and `visiontrack`, which takes it off: nobody behind needs it.
    pub cue: Option<Cue>,
}

/// Everything detected in one frame.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Detections {
    /// Number of the source frame, from 0 at the start of the element; a flush or a new stream does not set it back.
    pub frame: u64,
    /// PTS of the frame that the last result was seen in; `None` when there has been no result yet.
    pub seen_pts: Option<gst::ClockTime>,
    /// True when this frame delivers a result, be it of its own or of an earlier frame.
    pub fresh: bool,
    /// Score from which an object can stand alone; a weaker one is only good to carry a known track on.
    pub threshold: f32,
    /// Name of the model that was asked; empty when none is set.
    pub model: String,
    pub objects: Vec<Object>,
}

/// Registers the meta; does nothing the second time.
pub fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if !gst::meta::CustomMeta::is_registered(DETECTIONS_META) {
            gst::meta::CustomMeta::register(DETECTIONS_META, &["video"]);
        }
    });
}

impl Detections {
    /// Puts `self` on `buffer` in place of what was there.
    ///
    /// # Errors
    /// When the meta was not registered with [`register`].
    pub fn attach(&self, buffer: &mut gst::BufferRef) -> Result<(), gst::glib::BoolError> {
        let objects = gst::Array::new(self.objects.iter().map(object_to_structure));
        let fill = |structure: &mut gst::StructureRef| {
            structure.set("frame", self.frame);
            structure.set("seen-pts", self.seen_pts);
            structure.set("fresh", self.fresh);
            structure.set("threshold", self.threshold);
            structure.set("model", &self.model);
            structure.set("objects", &objects);
        };
        if let Ok(mut meta) = gst::meta::CustomMeta::from_mut_buffer(buffer, DETECTIONS_META) {
            fill(meta.mut_structure());
            return Ok(());
        }
        let mut meta = gst::meta::CustomMeta::add(buffer, DETECTIONS_META)?;
        fill(meta.mut_structure());
        Ok(())
    }

    /// The objects for whoever is no tracker: those with a track, and those that can stand alone.
    pub fn shown(&self) -> impl Iterator<Item = &Object> {
        // A tracker begins a track with nothing weaker, so that all it wrote passes.
        self.objects.iter().filter(|object| object.track.is_some() || object.score >= self.threshold)
    }

    /// Reads what is on `buffer`; `None` when nothing is.
    pub fn read(buffer: &gst::BufferRef) -> Option<Self> {
        let meta = gst::meta::CustomMeta::from_buffer(buffer, DETECTIONS_META).ok()?;
        let structure = meta.structure();
        let objects = structure.get::<gst::Array>("objects").ok()?;
        Some(Self {
            frame: structure.get("frame").ok()?,
            seen_pts: structure.get("seen-pts").ok()?,
            fresh: structure.get("fresh").ok()?,
            threshold: structure.get("threshold").ok()?,
            model: structure.get("model").ok()?,
            objects: objects
                .iter()
                .filter_map(|value| value.get::<gst::Structure>().ok())
                .filter_map(|structure| object_from_structure(&structure))
                .collect(),
        })
    }
}

fn object_to_structure(object: &Object) -> gst::glib::SendValue {
    let cue = object.cue.as_ref();
    let colours = cue.map(|cue| gst::glib::Bytes::from(cue.colours.as_slice()));
    gst::Structure::builder("object")
        .field("label", &object.label)
        .field("score", object.score)
        .field("x", object.rect.x)
        .field("y", object.rect.y)
        .field("w", object.rect.w)
        .field("h", object.rect.h)
        .field_if_some("track", object.track)
        .field("seen", object.seen)
        .field_if_some("about", object.about.as_ref().map(|about| about.to_structure()))
        .field_if_some("colours", colours)
        .field_if_some("change", cue.map(|cue| cue.change))
        .build()
        .to_send_value()
}

fn object_from_structure(structure: &gst::StructureRef) -> Option<Object> {
    Some(Object {
        label: structure.get("label").ok()?,
        score: structure.get("score").ok()?,
        rect: Rect {
            x: structure.get("x").ok()?,
            y: structure.get("y").ok()?,
            w: structure.get("w").ok()?,
            h: structure.get("h").ok()?,
        },
        track: structure.get("track").ok(),
        seen: structure.get("seen").ok()?,
        about: structure.get("about").ok().map(|about: gst::Structure| Box::new(About::of(&about))),
        cue: cue_from_structure(structure),
    })
}

fn cue_from_structure(structure: &gst::StructureRef) -> Option<Cue> {
    let colours = structure.get::<gst::glib::Bytes>("colours").ok()?;
    Some(Cue { colours: colours.to_vec(), change: structure.get("change").ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_object_is_shown_only_when_a_tracker_vouches_for_it() {
        let object =
            |score, track| Object { label: "person".into(), score, track, seen: true, ..Object::default() };
        let objects = vec![object(0.3, None), object(0.3, Some(1)), object(0.6, None), object(0.9, Some(2))];
        let detections = Detections { threshold: 0.6, objects, ..Detections::default() };
        let shown: Vec<_> = detections.shown().map(|object| (object.score, object.track)).collect();
        assert_eq!(shown, [(0.3, Some(1)), (0.6, None), (0.9, Some(2))]);
    }

    #[test]
    fn what_is_attached_is_read_back() {
        gst::init().expect("GStreamer should start");
        register();
        let mut buffer = gst::Buffer::new();
        let detections = Detections {
            frame: 7,
            seen_pts: Some(gst::ClockTime::from_mseconds(280)),
            fresh: true,
            threshold: 0.5,
            model: "nanodet".into(),
            objects: vec![
                Object {
                    label: "person".into(),
                    score: 0.75,
                    rect: Rect { x: 0.1, y: 0.2, w: 0.3, h: 0.4 },
                    track: Some(3),
                    seen: true,
                    about: Some(Box::new(about::sample())),
                    cue: Some(Cue { colours: vec![0, 128, 255], change: 0.25 }),
                },
                Object { label: "handbag".into(), score: 0.5, ..Object::default() },
            ],
        };
        let buffer = buffer.get_mut().expect("a new buffer should be writable");
        assert_eq!(Detections::read(buffer), None);
        detections.attach(buffer).expect("the meta is registered");
        assert_eq!(Detections::read(buffer), Some(detections));
        Detections::default().attach(buffer).expect("the meta is registered");
        assert_eq!(Detections::read(buffer), Some(Detections::default()));
    }
}
