//! What happens to each frame: count it, look at it or not, and say what is known with it.

use std::sync::Arc;
use std::time::Duration;

use super::cue::Eye;
use super::pace::{Pace, Patience};
use super::stats::Stats;
use super::worker::{Job, Origin, Outcome, Seen, Worker};
use crate::engine::{EngineError, Found, I420, Model, Preprocessor, Tensor, Wanted};
use crate::meta::{Cue, Detections, Object};

/// What may change while the stream runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rules {
    /// Look at every n-th frame; at least 1.
    pub(super) interval: u32,
    pub(super) patience: Patience,
    /// Score from which a box can stand alone, 0..1.
    pub(super) threshold: f32,
    /// Score from which a box is passed on for the tracker; at most `threshold`.
    pub(super) low_score: f32,
}

/// One stream through the element, from its start to its stop.
pub(super) struct Stream {
    model: Arc<Model>,
    preprocessor: Preprocessor,
    worker: Worker,
    /// The labels that are wanted; the score comes with the rules.
    wanted: Wanted,
    /// Not there while the worker has it.
    tensor: Option<Tensor>,
    pub(super) info: Option<gst_video::VideoInfo>,
    pub(super) pace: Pace,
    epoch: u64,
    next_frame: u64,
    /// Frames to pass by before the next one is looked at.
    pass_by: u32,
    /// Time of the last result that was delivered.
    seen_pts: Option<gst::ClockTime>,
}

/// Why a frame could not be handled; the stream is over then.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamError {
    #[error("a frame came before its caps")]
    NoCaps,
    #[error("a frame is not the I420 its caps promise")]
    BadFrame,
    #[error("the inference thread has died")]
    DeadWorker,
}

/// A frame that was handled.
pub(super) struct Handled {
    pub(super) detections: Detections,
    /// Why a frame, this or an earlier one, could not be looked at.
    pub(super) failure: Option<EngineError>,
}

impl Stream {
    /// Starts a thread that looks for `wanted` with `model`.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(super) fn start(model: Arc<Model>, wanted: Wanted) -> std::io::Result<Self> {
        let preprocessor = Preprocessor::new(model.input());
        let (looker, mut eye) = (model.clone(), Eye::new(model.input()));
        let worker = Worker::start(move |job| {
            let found = looker.infer(&job.tensor, &job.wanted)?;
            let cues = eye.cues(&job.tensor, job.origin.epoch, &found);
            Ok(found.into_iter().zip(cues).collect())
        })?;
        Ok(Self {
            model,
            preprocessor,
            worker,
            wanted,
            tensor: Some(Tensor::default()),
            info: None,
            pace: Pace::default(),
            epoch: 0,
            next_frame: 0,
            pass_by: 0,
            seen_pts: None,
        })
    }

    /// The model that looks.
    pub(super) fn model(&self) -> &Model {
        &self.model
    }

    /// Forgets what was seen: time starts anew.
    pub(super) fn flush(&mut self) {
        self.epoch += 1;
        self.seen_pts = None;
        self.pass_by = 0;
    }

    /// Handles the frame in `buffer`; `stats` counts.
    ///
    /// # Errors
    /// When nothing more can come of this stream.
    pub(super) fn handle(
        &mut self,
        buffer: &gst::BufferRef,
        rules: &Rules,
        stats: &mut Stats,
    ) -> Result<Handled, StreamError> {
        let pts = buffer.pts();
        let number = self.next_frame;
        self.next_frame += 1;
        stats.frames += 1;
        self.pace.observe_frame(pts);
        let mut delivery = Delivery::default();
        if let Some(outcome) = self.worker.take() {
            self.settle(outcome, &mut delivery, stats);
        }
        if self.is_due(rules, stats)? {
            self.submit(buffer, rules)?;
            let limit = self.pace.limit(rules.patience);
            if self.pace.is_worth_waiting(limit)
                && let Some(outcome) = self.worker.wait(limit)
            {
                self.settle(outcome, &mut delivery, stats);
                delivery.is_own = true;
            }
        }
        if self.worker.is_dead() {
            return Err(StreamError::DeadWorker);
        }
        stats.inference_ms = self.pace.inference().map_or(0.0, |mean| mean.as_secs_f64() * 1000.0);
        let detections = Detections { frame: number, threshold: rules.threshold, ..Detections::default() };
        Ok(self.deliver(detections, delivery))
    }

    /// True when this frame is to be looked at and the worker is free.
    fn is_due(&mut self, rules: &Rules, stats: &mut Stats) -> Result<bool, StreamError> {
        if self.pass_by > 0 {
            self.pass_by -= 1;
            return Ok(false);
        }
        if self.worker.is_dead() {
            return Err(StreamError::DeadWorker);
        }
        if !self.worker.is_idle() {
            stats.skipped += 1;
            return Ok(false);
        }
        self.pass_by = rules.interval.saturating_sub(1);
        Ok(true)
    }

    fn submit(&mut self, buffer: &gst::BufferRef, rules: &Rules) -> Result<(), StreamError> {
        let info = self.info.as_ref().ok_or(StreamError::NoCaps)?;
        let frame = gst_video::VideoFrameRef::from_buffer_ref_readable(buffer, info)
            .map_err(|_| StreamError::BadFrame)?;
        let picture = I420::of(&frame).ok_or(StreamError::BadFrame)?;
        let mut tensor = self.tensor.take().unwrap_or_default();
        self.preprocessor.fill(&picture, &mut tensor);
        self.worker.submit(Job {
            tensor,
            wanted: self.wanted.clone().with_min_score(rules.low_score),
            origin: Origin { pts: buffer.pts(), epoch: self.epoch },
        });
        Ok(())
    }

    /// Takes an outcome into account; a result that was in `delivery` before is overtaken by it.
    fn settle(&mut self, outcome: Outcome, delivery: &mut Delivery, stats: &mut Stats) {
        self.tensor = Some(outcome.tensor);
        match outcome.result {
            Ok(found) => {
                stats.count_inference(outcome.took);
                self.pace.observe_inference(outcome.took);
                let result = (found, outcome.origin);
                let is_of_this_time = outcome.origin.epoch == self.epoch;
                let gone = if is_of_this_time { delivery.result.replace(result) } else { Some(result) };
                stats.overtaken += u64::from(gone.is_some());
            }
            Err(error) => {
                stats.errors += 1;
                delivery.failure = Some(error);
            }
        }
    }

    fn deliver(&mut self, mut detections: Detections, delivery: Delivery) -> Handled {
        detections.model.clone_from(&self.model.manifest().name);
        if let Some((found, origin)) = delivery.result
            && (delivery.is_own || origin.pts.is_some())
        {
            self.seen_pts = origin.pts;
            detections.fresh = true;
            detections.objects = found.into_iter().map(|(found, cue)| self.object(found, cue)).collect();
        }
        detections.seen_pts = self.seen_pts;
        Handled { detections, failure: delivery.failure }
    }

    fn object(&self, found: Found, cue: Cue) -> Object {
        let label = self.model.manifest().labels[found.class].clone();
        Object {
            label,
            score: found.score,
            rect: found.rect,
            seen: true,
            cue: Some(cue),
            ..Object::default()
        }
    }

    /// Longest time the element holds a frame when all goes as it should; zero when that has no bound.
    pub(super) fn latency(&self, patience: Patience) -> Duration {
        self.pace.limit(patience).unwrap_or_default()
    }
}

/// What is handed out with a frame.
#[derive(Default)]
struct Delivery {
    result: Option<(Seen, Origin)>,
    /// The result, if there is one, is of the frame at hand.
    is_own: bool,
    failure: Option<EngineError>,
}
