//! Which pictures are being encoded: at most one encode a camera, view and codec, while somebody watches.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::cameras::Watched;
use super::feed::Feed;
use super::figures::{EncodeCount, Tally};
use super::lock;
use super::pipeline::Unit;
use super::product::{Kind, Product};
use super::rendition::{Deliver, Rendition, Shared, Watch};
use super::view::{Height, View};

/// Camera by its number here, view, codec.
type Key = (u64, View, Kind);

/// Sizes of one picture besides the camera's own that are encoded at a time: a wall's and a phone's.
const MOST_HEIGHTS: usize = 2;

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
    pub(super) fn watch(self: &Arc<Self>, camera: &Watched, view: View, product: Product) -> (Watch, Newest) {
        let mut entries = lock(&self.entries);
        let key = affordable(&entries, (camera.number, view, product.kind()));
        if let Some(entry) = entries.get(&key) {
            return (Watch::new(entry.shared.clone()), entry.newest.subscribe());
        }
        let (entry, rendition) = self.build(key, camera, product);
        let listed = OnList { registry: self.clone(), key, number: entry.shared.number };
        let watching = (Watch::new(entry.shared.clone()), entry.newest.subscribe());
        entries.insert(key, entry);
        // A runtime that is shutting down drops the task here and now, and with it what needs this lock.
        drop(entries);
        let stop = self.stop.clone();
        self.tracker.spawn(async move { rendition.run(stop, || listed.registry.forget(&key)).await });
        watching
    }

    fn build(&self, key: Key, camera: &Watched, product: Product) -> (Entry, Rendition) {
        let tally = &camera.tally;
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let shared = Shared::new(number, tally.clone());
        let newest = watch::Sender::new(None);
        let View { overlay, height } = key.1;
        let name = format!("{}/{overlay:?}/{height:?}/{:?}", camera.handle.camera().id, key.2);
        let (deliver, count) = match product {
            Product::H264(_) => (to_hub(self.hub.clone(), number, tally.clone()), self.h264.clone()),
            Product::Jpeg { .. } => (to_newest(newest.clone()), self.jpeg.clone()),
        };
        let feed = Feed::new(&camera.handle, overlay);
        let rendition = Rendition::new(name, shared.clone(), (product, height, deliver), feed, count);
        (Entry { shared, newest }, rendition)
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
}

/// What is watched for `wanted`: that, or the next larger size when as many smaller ones are encoded as may be.
fn affordable(entries: &HashMap<Key, Entry>, wanted: Key) -> Key {
    let (camera, View { overlay, height }, kind) = wanted;
    let Some(lines) = height.filter(|_| !entries.contains_key(&wanted)) else { return wanted };
    let of_it = |(c, view, k): &Key| (*c, view.overlay, *k) == (camera, overlay, kind);
    // One whose last viewer has left is about to end.
    let watched = entries.iter().filter(|(key, entry)| of_it(key) && entry.shared.is_watched());
    let heights: BTreeSet<Height> = watched.filter_map(|((_, view, _), _)| view.height).collect();
    if heights.len() < MOST_HEIGHTS {
        return wanted;
    }
    let height = heights.into_iter().find(|running| *running > lines);
    (camera, View { overlay, height }, kind)
}

/// Takes an encode off the list however its task ends: after a crash the next viewer gets a new one.
struct OnList {
    registry: Arc<Renditions>,
    key: Key,
    number: u64,
}

impl Drop for OnList {
    fn drop(&mut self) {
        let mut entries = lock(&self.registry.entries);
        if entries.get(&self.key).is_some_and(|entry| entry.shared.number == self.number) {
            entries.remove(&self.key);
        }
    }
}

fn to_hub(hub: mpsc::Sender<HubUnit>, rendition: u64, tally: Arc<Tally>) -> Deliver {
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

fn to_newest(newest: watch::Sender<Option<(u64, Unit)>>) -> Deliver {
    let count = AtomicU64::new(0);
    Arc::new(move |unit| {
        newest.send_replace(Some((count.fetch_add(1, Ordering::Relaxed) + 1, unit)));
    })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::camera::{CameraHandle, Overlay};

    #[tokio::test]
    async fn however_many_sizes_are_asked_for_few_are_encoded() {
        gst::init().expect("GStreamer should start");
        let (handle, _feed) = CameraHandle::door();
        let watched = Watched { number: 0, handle, tally: Arc::default(), gone: CancellationToken::new() };
        let renditions = Renditions::new(mpsc::channel(1).0, TaskTracker::new(), CancellationToken::new());
        let number = |lines: Option<u32>| {
            let height = lines.map(|lines| Height::try_from(lines).expect("it should be allowed"));
            let view = View { overlay: Overlay::Plain, height };
            renditions.watch(&watched, view, Product::Jpeg { quality: 80 })
        };
        let [large, small] = [number(Some(540)), number(Some(180))];
        let [between, again, own, most] = [Some(360), Some(180), None, Some(720)].map(number);
        let rendition = |(watch, _): &(Watch, Newest)| watch.rendition();
        assert_eq!(rendition(&between), rendition(&large), "the next larger one");
        assert_eq!(rendition(&again), rendition(&small));
        assert_eq!(rendition(&most), rendition(&own), "none is larger but the camera's own");
        assert_eq!(lock(&renditions.entries).len(), 3);
        drop([small, again]);
        let others = [&large, &own].map(rendition);
        assert!(!others.contains(&rendition(&number(Some(720)))), "nobody watches the smallest any more");
    }

    #[tokio::test]
    async fn an_encode_leaves_the_list_however_its_task_ends() {
        gst::init().expect("GStreamer should start");
        let (handle, _feed) = CameraHandle::door();
        let gone = CancellationToken::new();
        let watched = Watched { number: 0, handle, tally: Arc::default(), gone };
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        let renditions = Renditions::new(mpsc::channel(1).0, tracker.clone(), stop.clone());
        let _watching = renditions.watch(&watched, Overlay::Plain.into(), Product::Jpeg { quality: 80 });
        assert_eq!(lock(&renditions.entries).len(), 1);
        // Not by its own decision: somebody watches.
        stop.cancel();
        tracker.close();
        tracker.wait().await;
        assert_eq!(lock(&renditions.entries).len(), 0);
    }

    #[test]
    fn a_busy_hub_is_not_waited_for_and_told_what_it_missed() {
        let (hub, mut received) = mpsc::channel(1);
        let tally = Arc::new(Tally::default());
        let deliver = to_hub(hub, 7, tally.clone());
        let unit = Unit { data: Arc::from([0]), key: false, time: Duration::ZERO, at: Instant::now() };
        let mut gap_after = |units: usize| {
            for _ in 0..units {
                deliver(unit.clone());
            }
            received.try_recv().map(|unit| unit.gap)
        };
        assert_eq!(gap_after(3), Ok(false));
        assert_eq!(gap_after(1), Ok(true));
        assert_eq!(gap_after(1), Ok(false));
        assert_eq!(tally.figures().frames_skipped, 2);
    }
}
