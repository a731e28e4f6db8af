//! Which pictures are being encoded: at most one encode a camera, overlay and codec, while somebody watches.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::camera::{CameraHandle, Overlay};
use crate::domain::{CameraId, TenantId};

use super::feed::Feed;
use super::figures::{EncodeCount, Tally};
use super::lock;
use super::pipeline::Unit;
use super::product::{Kind, Product};
use super::rendition::{Deliver, Rendition, Shared, Watch};

type Key = (TenantId, CameraId, Overlay, Kind);

/// An H.264 unit on its way to the WebRTC hub.
#[derive(Debug)]
pub(super) struct HubUnit {
    pub(super) rendition: u64,
    pub(super) unit: Unit,
    /// One or more before it got lost: what follows cannot be decoded until a key frame comes.
    pub(super) gap: bool,
}

/// The newest JPEG of a rendition, and how many there were with it.
pub(super) type Newest = watch::Receiver<Option<(u64, Unit)>>;

/// See the module.
pub(super) struct Renditions {
    entries: Mutex<HashMap<Key, Entry>>,
    next_number: AtomicU64,
    hub: mpsc::Sender<HubUnit>,
    tracker: TaskTracker,
    stop: CancellationToken,
    pub(super) h264: Arc<EncodeCount>,
    pub(super) jpeg: Arc<EncodeCount>,
}

struct Entry {
    shared: Arc<Shared>,
    camera: watch::Sender<CameraHandle>,
    newest: watch::Sender<Option<(u64, Unit)>>,
}

impl Renditions {
    pub(super) fn new(
        hub: mpsc::Sender<HubUnit>,
        tracker: TaskTracker,
        stop: CancellationToken,
    ) -> Arc<Self> {
        Arc::new(Self {
            entries: Mutex::default(),
            next_number: AtomicU64::new(0),
            hub,
            tracker,
            stop,
            h264: Arc::default(),
            jpeg: Arc::default(),
        })
    }

    /// Joins the encode of this picture, or starts it.
    pub(super) fn watch(
        self: &Arc<Self>,
        camera: &CameraHandle,
        overlay: Overlay,
        product: Product,
        tally: &Arc<Tally>,
    ) -> (Watch, Newest) {
        let of = camera.camera();
        let key = (of.tenant, of.id.clone(), overlay, product.kind());
        let mut entries = lock(&self.entries);
        let entry = entries.entry(key.clone()).or_insert_with(|| self.start(key, camera, product, tally));
        entry.follow(camera);
        (Watch::new(entry.shared.clone()), entry.newest.subscribe())
    }

    /// Turns every encode of this camera to its new handle.
    pub(super) fn follow(&self, camera: &CameraHandle) {
        let of = camera.camera();
        for (key, entry) in lock(&self.entries).iter() {
            if key.0 == of.tenant && key.1 == of.id {
                entry.follow(camera);
            }
        }
    }

    fn start(
        self: &Arc<Self>,
        key: Key,
        camera: &CameraHandle,
        product: Product,
        tally: &Arc<Tally>,
    ) -> Entry {
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let shared = Shared::new(number, tally.clone());
        let (camera, handles) = watch::channel(camera.clone());
        let newest = watch::Sender::new(None);
        let name = format!("{}/{:?}/{:?}", key.1, key.2, key.3);
        let (deliver, count) = match product {
            Product::H264(_) => (self.to_hub(number, tally.clone()), self.h264.clone()),
            Product::Jpeg { .. } => (to_newest(newest.clone()), self.jpeg.clone()),
        };
        let feed = Feed::new(handles, key.2);
        let rendition = Rendition::new(name, shared.clone(), (product, deliver), feed, count);
        let (registry, stop) = (self.clone(), self.stop.clone());
        self.tracker.spawn(async move { rendition.run(stop, || registry.forget(&key)).await });
        Entry { shared, camera, newest }
    }

    /// Takes an encode off the list unless somebody came in the meantime.
    fn forget(&self, key: &Key) -> bool {
        let mut entries = lock(&self.entries);
        if entries.get(key).is_some_and(|entry| entry.shared.is_watched()) {
            return false;
        }
        entries.remove(key);
        true
    }

    fn to_hub(&self, rendition: u64, tally: Arc<Tally>) -> Deliver {
        let hub = self.hub.clone();
        let gap = AtomicBool::new(false);
        Arc::new(move |unit| {
            let lost_before = gap.load(Ordering::Relaxed);
            let sent = hub.try_send(HubUnit { rendition, unit, gap: lost_before });
            gap.store(sent.is_err(), Ordering::Relaxed);
            if sent.is_err() {
                tally.skip(1);
            }
        })
    }
}

impl Entry {
    fn follow(&self, camera: &CameraHandle) {
        self.camera.send_if_modified(|current| {
            let other = !current.is(camera);
            if other {
                *current = camera.clone();
            }
            other
        });
    }
}

fn to_newest(newest: watch::Sender<Option<(u64, Unit)>>) -> Deliver {
    let count = AtomicU64::new(0);
    Arc::new(move |unit| {
        newest.send_replace(Some((count.fetch_add(1, Ordering::Relaxed) + 1, unit)));
    })
}
