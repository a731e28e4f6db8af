//! What `visiondetect` counted, as its property `stats` and as the message it posts about once a second.

use std::time::Duration;

/// Name of the structure, of the property as of the message.
pub const STATS: &str = "vision-detect-stats";

/// Upper bounds of the histogram's buckets in milliseconds; a last bucket takes the rest.
pub const INFERENCE_BOUNDS_MS: [f64; 11] =
    [2.0, 5.0, 10.0, 20.0, 30.0, 50.0, 75.0, 100.0, 200.0, 500.0, 1000.0];

/// Counted since the element started.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stats {
    /// Frames that came.
    pub frames: u64,
    /// Frames that were looked at with success.
    pub analysed: u64,
    /// Frames that should have been looked at, but the worker was busy.
    pub skipped: u64,
    /// Results that were overtaken by a newer one, or ended by a flush, before a frame could take them.
    pub overtaken: u64,
    /// Frames that failed.
    pub errors: u64,
    /// Running mean of inference times in milliseconds, waits for a session that other cameras use included; 0
    /// before the first.
    pub inference_ms: f64,
    /// Sum of all inference times in milliseconds.
    pub inference_ms_sum: f64,
    /// Inferences that took up to each of [`INFERENCE_BOUNDS_MS`] but more than the one before, and above all.
    pub buckets: [u64; INFERENCE_BOUNDS_MS.len() + 1],
    /// Where the model runs, e.g. `cpu`.
    pub device: String,
    /// Name of the model.
    pub model: String,
}

impl Stats {
    /// Counts one inference that succeeded.
    pub(super) fn count_inference(&mut self, took: Duration) {
        let ms = took.as_secs_f64() * 1000.0;
        let bucket = INFERENCE_BOUNDS_MS.partition_point(|bound| *bound < ms);
        self.analysed += 1;
        self.inference_ms_sum += ms;
        self.buckets[bucket] += 1;
    }

    /// As GStreamer passes it on.
    pub fn to_structure(&self) -> gst::Structure {
        gst::Structure::builder(STATS)
            .field("frames", self.frames)
            .field("analysed", self.analysed)
            .field("skipped", self.skipped)
            .field("overtaken", self.overtaken)
            .field("errors", self.errors)
            .field("inference-ms", self.inference_ms)
            .field("inference-ms-sum", self.inference_ms_sum)
            .field("inference-bounds-ms", gst::Array::new(INFERENCE_BOUNDS_MS))
            .field("inference-buckets", gst::Array::new(self.buckets))
            .field("device", &self.device)
            .field("model", &self.model)
            .build()
    }

    /// Reads what [`Stats::to_structure`] wrote; `None` for another structure.
    pub fn from_structure(structure: &gst::StructureRef) -> Option<Self> {
        if structure.name() != STATS {
            return None;
        }
        let buckets = structure.get::<gst::Array>("inference-buckets").ok()?;
        let buckets: Vec<u64> = buckets.iter().filter_map(|value| value.get().ok()).collect();
        Some(Self {
            frames: structure.get("frames").ok()?,
            analysed: structure.get("analysed").ok()?,
            skipped: structure.get("skipped").ok()?,
            overtaken: structure.get("overtaken").ok()?,
            errors: structure.get("errors").ok()?,
            inference_ms: structure.get("inference-ms").ok()?,
            inference_ms_sum: structure.get("inference-ms-sum").ok()?,
            buckets: buckets.try_into().ok()?,
            device: structure.get("device").ok()?,
            model: structure.get("model").ok()?,
        })
    }

    /// Reads a message from the bus; `None` when it is not one of ours.
    pub fn from_message(message: &gst::MessageRef) -> Option<Self> {
        match message.view() {
            gst::MessageView::Element(element) => Self::from_structure(element.structure()?),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stats_survive_the_way_over_the_bus() {
        gst::init().unwrap();
        let mut stats = Stats {
            frames: 10,
            skipped: 4,
            overtaken: 2,
            errors: 1,
            inference_ms: 6.5,
            device: "cpu".to_owned(),
            model: "nanodet".to_owned(),
            ..Stats::default()
        };
        for ms in [1, 2, 3, 5000] {
            stats.count_inference(Duration::from_millis(ms));
        }
        assert_eq!((stats.analysed, stats.inference_ms_sum), (4, 5006.0));
        assert_eq!(stats.buckets, [2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        let message = gst::message::Element::new(stats.to_structure());
        assert_eq!(Stats::from_message(&message), Some(stats));
        let other = gst::message::Element::new(gst::Structure::new_empty("level"));
        assert_eq!(Stats::from_message(&other), None);
    }
}
