//! The two branches off a pipeline that make pictures for viewers, and nothing while nobody watches.

use std::sync::{Arc, Weak};
use std::time::Instant;

use gst::prelude::*;

use super::handle::{Inner, Overlay, Picture};

/// The valves of the two branches.
#[derive(Debug)]
pub(super) struct Valves {
    plain: gst::Element,
    drawn: gst::Element,
}

impl Valves {
    /// Hangs both branches, closed, on `tee`; their pictures go to `inner`, labels in `language`.
    pub(super) fn attach(
        pipeline: &gst::Pipeline,
        tee: &gst::Element,
        inner: &Arc<Inner>,
        language: &str,
    ) -> Result<Self, gst::glib::BoolError> {
        let plain = branch(pipeline, tee, &[], sink(inner, Overlay::Plain))?;
        // Drawing takes time that the records must not wait for: it gets a thread of its own.
        let queue = gst::ElementFactory::make("queue")
            .property_from_str("leaky", "downstream")
            .property("max-size-buffers", 1u32)
            .property("max-size-bytes", 0u32)
            .property("max-size-time", 0u64)
            .build()?;
        let overlay = gst::ElementFactory::make("visionoverlay").property("language", language).build()?;
        let drawn = branch(pipeline, tee, &[queue, overlay], sink(inner, Overlay::Drawn))?;
        Ok(Self { plain, drawn })
    }

    /// Opens or closes a branch.
    pub(super) fn set(&self, overlay: Overlay, wanted: usize) {
        let valve = match overlay {
            Overlay::Plain => &self.plain,
            Overlay::Drawn => &self.drawn,
        };
        valve.set_property("drop", wanted == 0);
    }
}

/// `tee ! valve ! between… ! sink`; answers the valve.
fn branch(
    pipeline: &gst::Pipeline,
    tee: &gst::Element,
    between: &[gst::Element],
    sink: gst_app::AppSink,
) -> Result<gst::Element, gst::glib::BoolError> {
    let valve = gst::ElementFactory::make("valve").property("drop", true).build()?;
    let mut chain = vec![valve.clone()];
    chain.extend_from_slice(between);
    chain.push(sink.upcast());
    pipeline.add_many(&chain)?;
    gst::Element::link_many(&chain)?;
    tee.link(&valve)?;
    Ok(valve)
}

/// Neither waits for a clock nor takes part in the pipeline's start: a closed branch never gets a buffer.
fn sink(inner: &Arc<Inner>, overlay: Overlay) -> gst_app::AppSink {
    let viewers = Arc::downgrade(inner);
    gst_app::AppSink::builder()
        .sync(false)
        .async_(false)
        .max_buffers(1)
        .drop(true)
        // It would keep the last picture in memory when nobody watches any more.
        .enable_last_sample(false)
        .callbacks(
            gst_app::AppSinkCallbacks::builder()
                .new_sample(move |sink| {
                    let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                    show(&viewers, overlay, sample);
                    Ok(gst::FlowSuccess::Ok)
                })
                .build(),
        )
        .build()
}

fn show(viewers: &Weak<Inner>, overlay: Overlay, sample: gst::Sample) {
    if let Some(inner) = viewers.upgrade() {
        inner.view(overlay).show(Picture { sample, at: Instant::now() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::CameraHandle;

    #[test]
    fn no_picture_stays_in_a_branch_that_nobody_watches() {
        gst::init().expect("GStreamer should start");
        let (handle, _feed) = CameraHandle::door();
        let sink = sink(&handle.inner, Overlay::Plain);
        let pipeline = gst::Pipeline::new();
        let source =
            gst::ElementFactory::make("videotestsrc").property("num-buffers", 1).build().expect("a source");
        pipeline.add_many([&source, sink.upcast_ref()]).expect("two elements fit a pipeline");
        source.link(&sink).expect("the sink takes everything");
        pipeline.set_state(gst::State::Playing).expect("it should start");
        let bus = pipeline.bus().expect("a pipeline has a bus");
        let end = bus.timed_pop_filtered(gst::ClockTime::from_seconds(30), &[gst::MessageType::Eos]);
        assert!(end.is_some(), "the picture did not go through");
        let kept = sink.property::<Option<gst::Sample>>("last-sample");
        pipeline.set_state(gst::State::Null).expect("it should stop");
        assert!(kept.is_none(), "{kept:?}");
    }
}
