//! One picture, now.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc};

use crate::camera::{CameraHandle, Overlay, Picture};
use crate::domain::CameraState;

use super::ViewerError;
use super::pipeline::Pipeline;
use super::product::jpeg_encoder;

/// A running camera shows something within this; so does the encoder.
const WAIT: Duration = Duration::from_secs(2);

/// A picture this old is still "now".
const FRESH: Duration = Duration::from_secs(1);

/// Snapshots encoded at the same time: as many as may keep a small machine busy.
const ENCODES: usize = 4;

/// Snapshots that may be under way at the same time; each that waits for its camera costs next to nothing.
const MOST: usize = 64;

/// Bounds what all snapshots together cost.
#[derive(Debug)]
pub(super) struct Snapshots {
    under_way: Semaphore,
    encodes: Semaphore,
}

impl Snapshots {
    pub(super) fn new() -> Self {
        Self { under_way: Semaphore::new(MOST), encodes: Semaphore::new(ENCODES) }
    }

    /// The camera's next picture as JPEG.
    ///
    /// # Errors
    /// [`ViewerError::NoPicture`] when the camera does not run or shows nothing, [`ViewerError::NoEncoder`],
    /// [`ViewerError::Busy`].
    pub(super) async fn take(
        &self,
        camera: &CameraHandle,
        overlay: Overlay,
        quality: u32,
    ) -> Result<Bytes, ViewerError> {
        let _place = self.under_way.try_acquire().map_err(|_| ViewerError::Busy { max: MOST })?;
        take(camera, overlay, quality, &self.encodes).await
    }
}

async fn take(
    camera: &CameraHandle,
    overlay: Overlay,
    quality: u32,
    encodes: &Semaphore,
) -> Result<Bytes, ViewerError> {
    let chain = vec![jpeg_encoder(quality)?];
    let refuse = |reason: String| {
        let camera = camera.camera().id.to_string();
        ViewerError::NoPicture { camera, reason }
    };
    if let Some(reason) = why_not(&camera.state().borrow()) {
        return Err(refuse(reason));
    }
    let sample = tokio::time::timeout(WAIT, picture(camera, overlay))
        .await
        .map_err(|_| refuse(format!("it showed nothing for {} s", WAIT.as_secs())))?;
    // Only now: a camera that shows nothing must not keep the others' pictures waiting.
    let _turn = encodes.acquire().await.map_err(|_| ViewerError::Stopping)?;
    encode(sample, chain).await.map_err(refuse)
}

fn why_not(state: &CameraState) -> Option<String> {
    match state {
        CameraState::Running { .. } | CameraState::Connecting { .. } => None,
        CameraState::Lost { reason, .. } => Some(format!("it is lost: {reason}")),
        CameraState::Failed { reason, .. } => Some(format!("it failed: {reason}")),
        CameraState::Stopped => Some("it is stopped".into()),
    }
}

async fn picture(camera: &CameraHandle, overlay: Overlay) -> gst::Sample {
    let demand = camera.demand(overlay);
    let mut pictures = demand.pictures();
    pictures.mark_changed();
    loop {
        if pictures.changed().await.is_err() {
            // The demand keeps the sending end alive; should it not, the caller's time runs out.
            std::future::pending::<()>().await;
        }
        if let Some(Picture { sample, at }) = pictures.borrow_and_update().clone()
            && at.elapsed() < FRESH
        {
            return sample;
        }
    }
}

async fn encode(sample: gst::Sample, chain: Vec<gst::Element>) -> Result<Bytes, String> {
    let (encoded, mut jpeg) = mpsc::channel(1);
    let (failures, mut failed) = mpsc::channel(1);
    let begin = move || -> Result<Pipeline, String> {
        let (Some(caps), Some(buffer)) = (sample.caps_owned(), sample.buffer()) else {
            return Err("the picture is empty".into());
        };
        let deliver = move |unit: super::pipeline::Unit| {
            // Only the first is wanted.
            let _ = encoded.try_send(unit.data);
        };
        let pipeline = Pipeline::start(&caps, chain, Instant::now(), failures, deliver)?;
        pipeline.push(buffer, Duration::ZERO);
        Ok(pipeline)
    };
    let pipeline =
        tokio::task::spawn_blocking(begin).await.unwrap_or_else(|_| Err("the encoder crashed".into()))?;
    let outcome = tokio::select! {
        Some(data) = jpeg.recv() => Ok(Bytes::from_owner(data)),
        Some(reason) = failed.recv() => Err(reason),
        () = tokio::time::sleep(WAIT) => Err("the encoder hangs".into()),
    };
    pipeline.stop().await;
    outcome
}
