//! Figures for Prometheus, gathered at each scrape from the cameras that the caller sees.
//!
//! Nothing is registered beforehand: a camera that is deleted is gone from the next scrape, and a tenant's token shows
//! that tenant's cameras only.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

use super::analyses::{self, Kind};
use super::cameras::visible;
use super::error::ApiError;
use super::gateway_metrics;
use super::job_metrics::Jobs;
use super::process;
use super::reply::{Content, respond};
use super::request::{Answer, with};
use super::totem_metrics::Totems;
use super::{State, caller};
use crate::auth::{Action, Caller};
use crate::camera::{CameraHandle, CameraStatus};
use crate::domain::{CameraState, RecorderFigures};
use crate::viewer::ViewerFigures;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const STATES: [&str; 5] = ["connecting", "running", "lost", "stopped", "failed"];

pub(super) fn routes(state: &State) -> BoxedFilter<(Response,)> {
    warp::path!("metrics")
        .and(warp::get())
        .and(with(state.clone()))
        .and(caller())
        .then(get_metrics)
        .map(respond)
        .boxed()
}

/// Figures of the cameras and of the process, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operations",
    responses((status = 200, content_type = "application/openmetrics-text", body = String), super::openapi::Refusals))]
pub(super) async fn get_metrics(state: State, caller: Caller) -> Answer<Content> {
    super::permit(&caller, Action::ReadMetrics)?;
    let sample = |handle: &CameraHandle| {
        let camera = handle.camera();
        Sample {
            labels: [("camera", camera.id.to_string()), ("tenant", camera.tenant.to_string())],
            state: handle.state().borrow().clone(),
            status: handle.status(),
            viewers: state.viewers.figures(camera.tenant, &camera.id),
        }
    };
    let cameras = visible(&state, &caller).iter().map(sample).collect();
    let mut registry = Registry::with_prefix("atalaya");
    registry.register_collector(Box::new(Cameras(cameras)));
    registry.register_collector(Box::new(Recorder((state.recorder)())));
    // What the server does for all is for those who operate it.
    if caller.is_operator() {
        registry.register_collector(Box::new(Jobs(state.jobs.known())));
    }
    let labels = |kind: Kind| [("kind", kind.name().to_owned()), ("tenant", caller.tenant.to_string())];
    let analyses = state.analyses.figures(caller.tenant);
    let analyses = analyses.into_iter().map(|(kind, figures)| (labels(kind), figures)).collect();
    registry.register_collector(Box::new(Analyses(analyses)));
    registry.register_collector(Box::new(Totems {
        tenant: [("tenant", caller.tenant.to_string())],
        connected: state.totems.connected(caller.tenant),
        counts: state.totems.counts(caller.tenant).all(),
    }));
    let mut text = String::new();
    prometheus_client::encoding::text::encode_registry(&mut text, &registry).map_err(ApiError::internal)?;
    let mut registry = Registry::with_prefix("wsgateway");
    registry.register_collector(Box::new(gateway_metrics::Gateway::of(&state.gateway, &caller)));
    prometheus_client::encoding::text::encode_registry(&mut text, &registry).map_err(ApiError::internal)?;
    let mut registry = Registry::with_prefix("process");
    registry.register_collector(Box::new(process::Figures::now(state.started)));
    prometheus_client::encoding::text::encode(&mut text, &registry).map_err(ApiError::internal)?;
    Ok(Content { kind: CONTENT_TYPE, bytes: text.into() })
}

/// A camera at the time of the scrape.
#[derive(Debug)]
struct Sample {
    labels: [(&'static str, String); 2],
    state: CameraState,
    status: CameraStatus,
    viewers: ViewerFigures,
}

#[derive(Debug)]
struct Cameras(Vec<Sample>);

type Counter = (&'static str, &'static str, fn(&Sample) -> u64);
type Gauge = (&'static str, &'static str, fn(&Sample) -> f64);

const COUNTERS: [Counter; 10] = [
    ("camera_frames", "Frames that came from the camera", |c| c.status.frames_in),
    ("camera_frames_analysed", "Frames that the detector looked at", |c| c.status.frames_analysed),
    ("camera_frames_dropped", "Frames lost to a full queue, a busy detector or a full recorder", |c| {
        c.status.frames_dropped
    }),
    ("camera_detections", "Boxes found", |c| c.status.detections),
    ("camera_detection_errors", "Inferences that failed", |c| c.status.detection_errors),
    ("camera_restarts", "Reconnects of the camera's pipeline", |c| c.status.reconnects),
    ("camera_received_bytes", "Bytes that came from the camera", |c| c.status.bytes_in),
    ("viewer_sent_bytes", "Bytes sent to viewers", |c| c.viewers.bytes_sent),
    ("viewer_sent_packets", "WebRTC packets sent", |c| c.viewers.packets_sent),
    ("viewer_skipped_frames", "Pictures skipped for slow viewers", |c| c.viewers.frames_skipped),
];

const GAUGES: [Gauge; 6] = [
    ("camera_fps_in", "Frames a second from the camera", |c| f64::from(c.status.fps_in)),
    ("camera_fps_analysed", "Frames a second looked at", |c| f64::from(c.status.fps_analysed)),
    ("camera_inference_mean_seconds", "Mean inference time of the last seconds", |c| {
        f64::from(c.status.inference_ms) / 1000.0
    }),
    ("camera_latency_mean_seconds", "Mean time from a frame's arrival to its record, last seconds", |c| {
        f64::from(c.status.latency_ms) / 1000.0
    }),
    ("camera_people", "People in the newest frame", |c| f64::from(c.status.people_now)),
    ("camera_viewers", "Who watches now", |c| c.viewers.viewers as f64),
];

impl Collector for Cameras {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (name, help, read) in COUNTERS {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for sample in &self.0 {
                ConstCounter::new(read(sample)).encode(family.encode_family(&sample.labels)?)?;
            }
        }
        for (name, help, read) in GAUGES {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for sample in &self.0 {
                ConstGauge::new(read(sample)).encode(family.encode_family(&sample.labels)?)?;
            }
        }
        self.encode_states(&mut encoder)?;
        let help = "Time of one inference";
        let mut family = encoder.encode_descriptor(
            "camera_inference",
            help,
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        self.0.iter().try_for_each(|sample| encode_inference(&mut family, sample))
    }
}

impl Cameras {
    /// One series a state, 1 for the one the camera is in.
    fn encode_states(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut family =
            encoder.encode_descriptor("camera_state", "1 for the state it is in", None, MetricType::Gauge)?;
        for sample in &self.0 {
            for name in STATES {
                let [camera, tenant] = sample.labels.clone();
                let labels = [camera, tenant, ("state", name.to_owned())];
                let is_it = i64::from(sample.state.name() == name);
                ConstGauge::new(is_it).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

/// Whether the one recorder of all tenants keeps up. How many people it counts is nobody's business but their tenant's.
#[derive(Debug)]
struct Recorder(RecorderFigures);

impl Collector for Recorder {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let figures = &self.0;
        for (name, help, count) in [
            (
                "recorder_dropped",
                "Records (visits, crossings, minutes) lost: too many waited, or refused",
                figures.dropped,
            ),
            ("recorder_failures", "Failed attempts to write to the database", figures.failures),
        ] {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(count).encode(metric)?;
        }
        for (name, help, value) in [
            ("recorder_waiting", "Records that wait for the database", figures.waiting as i64),
            ("recorder_in_memory", "Those of them that are not on disk", figures.in_memory as i64),
            ("recorder_spool_bytes", "Space that the others take on disk", figures.spool_bytes.cast_signed()),
            (
                "recorder_spool_max_bytes",
                "Space that they may take; then the oldest are lost",
                figures.spool_max_bytes.cast_signed(),
            ),
            ("recorder_losing", "1 while records are lost for want of space", figures.is_losing.into()),
            ("recorder_stuck", "1 while the database does not take what waits", figures.is_stuck.into()),
        ] {
            let metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(metric)?;
        }
        Ok(())
    }
}

/// What became of the pictures and sounds that the caller's tenant sent.
#[derive(Debug)]
struct Analyses(Vec<([(&'static str, String); 2], analyses::Figures)>);

impl Collector for Analyses {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Pictures and sounds sent to be analysed, by what became of them";
        let mut family = encoder.encode_descriptor("analyses", help, None, MetricType::Counter)?;
        for (labels, figures) in &self.0 {
            let outcomes = [
                ("done", figures.done),
                ("refused", figures.refused),
                ("busy", figures.busy),
                ("failed", figures.failed),
            ];
            for (outcome, count) in outcomes {
                let [kind, tenant] = labels.clone();
                let labels = [kind, tenant, ("outcome", outcome.to_owned())];
                ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
            }
        }
        let help = "Time of an analysis, without the wait for its turn";
        let mut family =
            encoder.encode_descriptor("analysis", help, Some(&Unit::Seconds), MetricType::Histogram)?;
        for (labels, figures) in &self.0 {
            let buckets = figures.histogram();
            family.encode_family(labels)?.encode_histogram::<[(String, String); 0]>(
                figures.seconds,
                figures.done,
                &buckets,
                None,
            )?;
        }
        Ok(())
    }
}

fn encode_inference(family: &mut MetricEncoder<'_>, sample: &Sample) -> fmt::Result {
    let status = &sample.status;
    let count = status.inference_buckets.iter().map(|(_, count)| count).sum();
    let mut buckets: Vec<_> =
        status.inference_buckets.iter().map(|(bound_ms, count)| (bound_ms / 1000.0, *count)).collect();
    // The format wants a last bucket that holds everything.
    if buckets.last().is_none_or(|(bound, _)| bound.is_finite()) {
        buckets.push((f64::INFINITY, 0));
    }
    let mut encoder = family.encode_family(&sample.labels)?;
    encoder.encode_histogram::<[(String, String); 0]>(status.inference_sum_ms / 1000.0, count, &buckets, None)
}
