//! One picture, now.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::camera::{CameraHandle, Picture};
use crate::domain::{CameraState, TenantId};

use super::pipeline::Pipeline;
use super::product::{Attempt, find_jpeg_encoder};
use super::view::View;
use super::{ViewerError, lock};

/// A running camera shows something within this; so does the encoder.
const WAIT: Duration = Duration::from_secs(2);

/// A picture this old is still "now".
const FRESH: Duration = Duration::from_secs(1);

/// Snapshots encoded at the same time: as many as may keep a small machine busy.
const ENCODES: usize = 4;

/// Snapshots of one tenant that may be under way at the same time; each that waits costs next to nothing.
const MOST: usize = 64;

/// Bounds what all snapshots together cost.
#[derive(Debug)]
pub(super) struct Snapshots {
    /// By tenant, so that one's dead cameras keep no other from taking any.
    under_way: Mutex<HashMap<TenantId, usize>>,
    encodes: Semaphore,
}

impl Snapshots {
    pub(super) fn new() -> Self {
        Self { under_way: Mutex::default(), encodes: Semaphore::new(ENCODES) }
    }

    /// The camera's next picture as JPEG.
    ///
    /// # Errors
    /// [`ViewerError::NoPicture`] when the camera does not run or shows nothing, [`ViewerError::NoEncoder`],
    /// [`ViewerError::Busy`].
    pub(super) async fn take(
        &self,
        camera: &CameraHandle,
        view: View,
        quality: u32,
    ) -> Result<Bytes, ViewerError> {
        let _place = self.sit(camera.camera().tenant)?;
        take(camera, view, quality, &self.encodes).await
    }

    fn sit(&self, tenant: TenantId) -> Result<Place<'_>, ViewerError> {
        let mut under_way = lock(&self.under_way);
        let taken = under_way.entry(tenant).or_default();
        if *taken >= MOST {
            return Err(ViewerError::Busy { max: MOST });
        }
        *taken += 1;
        Ok(Place { under_way: &self.under_way, tenant })
    }
}

/// One of a tenant's places, until it is dropped.
#[derive(Debug)]
struct Place<'a> {
    under_way: &'a Mutex<HashMap<TenantId, usize>>,
    tenant: TenantId,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut under_way = lock(self.under_way);
        if let Some(taken) = under_way.get_mut(&self.tenant) {
            *taken -= 1;
            if *taken == 0 {
                under_way.remove(&self.tenant);
            }
        }
    }
}

async fn take(
    camera: &CameraHandle,
    view: View,
    quality: u32,
    encodes: &Semaphore,
) -> Result<Bytes, ViewerError> {
    find_jpeg_encoder()?;
    let refuse = |reason: String| {
        let camera = camera.camera().id.to_string();
        ViewerError::NoPicture { camera, reason }
    };
    if let Some(reason) = why_not(&camera.state().borrow()) {
        return Err(refuse(reason));
    }
    let demand = camera.demand(view.overlay);
    let mut pictures = demand.pictures();
    let nothing = || refuse(format!("it showed nothing for {} s", WAIT.as_secs()));
    tokio::time::timeout(WAIT, fresh_picture(&mut pictures)).await.map_err(|_| nothing())?;
    // Only now: a camera that shows nothing must not keep the others' pictures waiting.
    let _turn = encodes.acquire().await.map_err(|_| ViewerError::Stopping)?;
    // The newest, and not the one that was waited for: all who wait for their turn would hold one each, of which a
    // decoder may have few.
    let newest = pictures.borrow().clone().ok_or_else(nothing)?;
    encode(newest.sample, view, quality).await.map_err(refuse)
}

fn why_not(state: &CameraState) -> Option<String> {
    match state {
        CameraState::Running { .. } | CameraState::Connecting { .. } => None,
        CameraState::Lost { reason, .. } => Some(format!("it is lost: {reason}")),
        CameraState::Failed { reason, .. } => Some(format!("it failed: {reason}")),
        CameraState::Stopped => Some("it is stopped".into()),
    }
}

/// Waits until there is one.
async fn fresh_picture(pictures: &mut watch::Receiver<Option<Picture>>) {
    pictures.mark_changed();
    loop {
        if pictures.changed().await.is_err() {
            // The demand keeps the sending end alive; should it not, the caller's time runs out.
            std::future::pending::<()>().await;
        }
        if pictures.borrow_and_update().as_ref().is_some_and(|picture| picture.at.elapsed() < FRESH) {
            return;
        }
    }
}

async fn encode(sample: gst::Sample, view: View, quality: u32) -> Result<Bytes, String> {
    let (encoded, mut jpeg) = mpsc::channel(1);
    let (failures, mut failed) = mpsc::channel(1);
    let begin = move || -> Result<Pipeline, String> {
        let (Some(caps), Some(buffer)) = (sample.caps_owned(), sample.buffer()) else {
            return Err("the picture is empty".into());
        };
        let chain = Attempt::Jpeg { quality }.elements(&caps, view.height)?;
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

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;
    use crate::camera::Overlay;
    use crate::domain::Timestamp;
    use crate::viewer::still;

    #[tokio::test]
    async fn whoever_waits_for_their_turn_holds_no_picture() {
        gst::init().expect("GStreamer should start");
        let (handle, feed) = CameraHandle::door();
        feed.set_state(CameraState::Running { since: Timestamp::from_millis(0) });
        let snapshots = Snapshots::new();
        let turns = snapshots.encodes.acquire_many(ENCODES as u32).await.unwrap();
        let mut taking = Box::pin(snapshots.take(&handle, Overlay::Plain.into(), 80));
        assert!(poll!(&mut taking).is_pending(), "there is no picture yet");
        let mut first = still::no_signal(None);
        let show = |sample: &gst::Sample| {
            feed.show(Overlay::Plain, Picture { sample: sample.clone(), at: Instant::now() });
        };
        show(&first);
        assert!(poll!(&mut taking).is_pending(), "it is not its turn yet");
        show(&still::no_signal(None));
        assert!(first.get_mut().is_some(), "nobody else should hold the first picture");
        drop(turns);
        assert!(!taking.await.unwrap().is_empty());
        assert!(lock(&snapshots.under_way).is_empty(), "its place is free again");
    }
}
