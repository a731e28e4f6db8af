//! MJPEG: a response that never ends, one part a picture. What every browser shows when WebRTC cannot connect.

use std::convert::Infallible;
use std::time::Instant;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

use super::figures::Seat;
use super::pipeline::Unit;
use super::rendition::Watch;
use super::renditions::Newest;

/// Stands between the parts.
pub const MJPEG_BOUNDARY: &str = "atalaya-picture";

/// `Content-Type` of the response.
pub const MJPEG_CONTENT_TYPE: &str = "multipart/x-mixed-replace; boundary=atalaya-picture";

/// One viewer's stream.
pub(super) struct Mjpeg {
    pub(super) newest: Newest,
    pub(super) watch: Watch,
    pub(super) seat: Seat,
    /// The server stops, or the camera is no more.
    pub(super) stops: [CancellationToken; 2],
    pub(super) clock: Clock,
}

impl Mjpeg {
    /// The body: each poll gives the newest picture there is by then; a viewer who polls too seldom misses
    /// those in between.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + 'static {
        // A part is shown when its end is seen, so the boundary goes behind each picture, not before the next.
        let opening = Bytes::from(format!("--{MJPEG_BOUNDARY}\r\n"));
        unfold((self, 0, Some(opening)), |(mut stream, number, opening)| async move {
            if let Some(opening) = opening {
                return Some((Ok(opening), (stream, number, None)));
            }
            let (next, unit) = stream.next().await?;
            if number > 0 {
                stream.seat.tally.skip(next - number - 1);
            }
            let part = part(&unit, &stream.clock);
            stream.seat.tally.sent(0, part.len() as u64);
            Some((Ok(part), (stream, next, None)))
        })
    }

    async fn next(&mut self) -> Option<(u64, Unit)> {
        let _encoding = &self.watch;
        let [server, camera] = &self.stops;
        loop {
            tokio::select! {
                () = server.cancelled() => return None,
                () = camera.cancelled() => return None,
                changed = self.newest.changed() => changed.ok()?,
            }
            let newest = self.newest.borrow_and_update().clone();
            if newest.is_some() {
                return newest;
            }
        }
    }
}

/// Headers, picture, and the boundary that ends it.
fn part(unit: &Unit, clock: &Clock) -> Bytes {
    let age = Instant::now().saturating_duration_since(unit.at);
    let taken_ms = clock.now().as_millis() - i64::try_from(age.as_millis()).unwrap_or(0);
    let head = format!(
        "Content-Type: image/jpeg\r\nContent-Length: {}\r\nX-Timestamp: {}.{:03}\r\n\r\n",
        unit.data.len(),
        taken_ms.div_euclid(1000),
        taken_ms.rem_euclid(1000),
    );
    let tail = format!("\r\n--{MJPEG_BOUNDARY}\r\n");
    [head.as_bytes(), &unit.data, tail.as_bytes()].concat().into()
}
