//! Where boxes are drawn on live frames of a moving target whose place is known, by a fast and by a slow model.

mod common;

use std::io::Write;

use common::{MovingTarget, detector, error_in_widths, init, median};
use gst::prelude::*;
use gst_app::{AppSink, AppSrc};
use gstvision::meta::Detections;

/// Eight seconds at 25 frames a second.
const FRAMES: u64 = 200;
/// The tracker has confirmed the target and learned its speed by then.
const SETTLED: u64 = 25;

/// What a live run gave.
struct Run {
    /// Distance from box to target, in widths of the target, of every settled frame; frames without a box count as
    /// one whole width.
    errors: Vec<f32>,
    /// How old the result was that each of these frames is based on, in milliseconds; of those that have one.
    ages_ms: Vec<f32>,
    /// Frames that brought the result of themselves.
    own: usize,
}

/// Wide enough that the target does not reach the right border, and start again at the left, while it is watched.
const TARGET: MovingTarget =
    MovingTarget { width: 1280, height: 480, side: 80, speed: 5, brightness: 235, fps: 25 };

/// Plays `target` at its own speed through a detector with `model` and the tracker.
fn play(model: &str, target: &MovingTarget) -> Run {
    init();
    let pipeline = gst::Pipeline::new();
    let source = AppSrc::builder().caps(&target.caps()).format(gst::Format::Time).build();
    // Holds every frame back until its time has come, as a camera does.
    let camera =
        gst::ElementFactory::make("identity").property("sync", true).build().expect("identity exists");
    let tracker = gst::ElementFactory::make("visiontrack").build().expect("visiontrack is registered");
    let sink = AppSink::builder().sync(false).build();
    let elements = [source.upcast_ref(), &camera, &detector(model), &tracker, sink.upcast_ref()];
    pipeline.add_many(elements).expect("elements fit into a pipeline");
    gst::Element::link_many(elements).expect("elements link");
    for number in 0..FRAMES {
        source.push_buffer(target.frame(number)).expect("the source takes frames");
    }
    source.end_of_stream().expect("the source takes the end");
    pipeline.set_state(gst::State::Playing).expect("the pipeline plays");
    let mut run = Run { errors: vec![], ages_ms: vec![], own: 0 };
    while let Some(sample) = sink.try_pull_sample(gst::ClockTime::from_seconds(30)) {
        let buffer = sample.buffer().expect("a sample has a frame");
        let detections = Detections::read(buffer).expect("every frame carries detections");
        if detections.frame >= SETTLED {
            run.note(&detections, buffer.pts().expect("every frame has a time"), target);
        }
    }
    pipeline.set_state(gst::State::Null).expect("the pipeline stops");
    assert_eq!(run.errors.len() as u64, FRAMES - SETTLED, "no frame is lost");
    run
}

impl Run {
    fn note(&mut self, detections: &Detections, pts: gst::ClockTime, target: &MovingTarget) {
        let truth = target.rect_at(pts);
        self.errors
            .push(detections.objects.first().map_or(1.0, |object| error_in_widths(&object.rect, &truth)));
        // On a machine that is busy the slow model's first result may come later than the first settled frame.
        if let Some(seen) = detections.seen_pts {
            self.ages_ms.push((pts - seen).nseconds() as f32 / 1e6);
            self.own += usize::from(detections.fresh && seen == pts);
        }
    }

    fn report(self, name: &str) -> f32 {
        let (own, frames) = (self.own, self.errors.len());
        let (error, age) = (median(self.errors), median(self.ages_ms));
        let text = format!(
            "{name}: median box error {:.2} % of the width; results {age:.0} ms old, {own} of {frames} on their own frame",
            100.0 * error
        );
        writeln!(std::io::stderr(), "{text}").expect("the figure is printed");
        error
    }
}

#[test]
fn a_fast_model_has_its_boxes_on_the_target() {
    let error = play("blob", &TARGET).report("fast model");
    assert!(error <= 0.02, "the median error is {error} widths");
}

#[test]
fn a_slow_model_has_its_boxes_near_the_target_although_its_results_are_old() {
    let error = play("slow_blob", &TARGET).report("slow model");
    assert!(error <= 0.10, "the median error is {error} widths");
}
