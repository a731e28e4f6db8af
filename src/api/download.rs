//! A file that is sent while it is made: rows are read only as fast as the client takes them.
//!
//! A task reads a page when there is room for it, and holds neither a connection to the database nor a turn while the
//! client takes its time; so what is in memory is two pages or three, however long the file and however slow the client.
//! Only a file that is whole ends as one: whatever goes wrong in the middle of it breaks the transfer off.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use warp::reply::{Reply, Response};

use super::State;
use super::analyses::Place;
use super::error::ApiError;
use super::request::Answer;
use crate::auth::Caller;
use crate::store::Export;
use crate::wire::Sheet;

/// Pages that wait for the client, besides the one that it is taking.
const AHEAD: usize = 1;

/// What is to be sent.
pub(super) struct Order {
    pub(super) export: Export,
    pub(super) sheet: Sheet,
    /// The file's name up to its extension; letters, digits and hyphens.
    pub(super) name: String,
}

/// Begins to send a file.
///
/// # Errors
/// When too many are sent already, or not even the first rows can be read.
pub(super) async fn send(state: &State, caller: &Caller, order: Order) -> Answer<Response> {
    let Order { export, sheet, name } = order;
    let (format, head) = (sheet.format(), sheet.head());
    let mut pages = Pages { place: state.exports.place(caller.tenant)?, export, sheet, first: None };
    // What cannot be read at all is told by the status.
    let rows = pages.next().await?;
    pages.first = Some(Bytes::from([head, rows.map(Vec::from).unwrap_or_default()].concat()));
    let (parts, received) = mpsc::channel(AHEAD);
    state.tasks.spawn(pump(pages, parts, state.stop.clone()).in_current_span());
    let mut response = warp::reply::stream(Body { parts: received, is_over: false }).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    let disposition = format!("attachment; filename=\"{name}.{}\"", format.extension());
    headers.insert(CONTENT_DISPOSITION, HeaderValue::try_from(disposition).map_err(ApiError::internal)?);
    // A proxy that collects an answer before it passes it on would need room for all of it.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

/// What a file is made of.
trait Source: Send {
    /// The next part; `None` when there are no more, however often it is asked.
    fn next(&mut self) -> impl Future<Output = Answer<Option<Bytes>>> + Send;
}

/// Pages of an export, as bytes.
struct Pages {
    place: Place,
    export: Export,
    sheet: Sheet,
    /// What was read already.
    first: Option<Bytes>,
}

impl Source for Pages {
    async fn next(&mut self) -> Answer<Option<Bytes>> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        // Many who export at once leave the database's connections to others.
        let _turn = self.place.turn().await?;
        let rows = self.export.next().await?;
        Ok(rows.map(|rows| self.sheet.rows(&rows).into()))
    }
}

/// A part of a file; `None` is its end.
type Part = Option<Bytes>;

/// Reads one part after the other, each once there is room for it, until there are no more or nobody wants them.
async fn pump(mut source: impl Source, parts: Sender<Part>, stop: CancellationToken) {
    loop {
        let room = tokio::select! {
            // Without its end, what was sent is no file.
            () = stop.cancelled() => return,
            room = parts.reserve() => room,
        };
        // The client has gone.
        let Ok(room) = room else { return };
        match source.next().await {
            Ok(Some(bytes)) => room.send(Some(bytes)),
            Ok(None) => return room.send(None),
            Err(error) => return tracing::error!(%error, "an export broke off"),
        }
    }
}

/// What the client gets.
struct Body {
    parts: Receiver<Part>,
    is_over: bool,
}

impl Stream for Body {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let part = ready!(self.parts.poll_recv(context));
        if !matches!(part, Some(Some(_))) {
            self.is_over = true;
        }
        Poll::Ready(match part {
            Some(Some(bytes)) => Some(Ok(bytes)),
            Some(None) => None,
            // Who should have sent the rest has given up: the connection breaks.
            None => Some(Err(io::Error::other("the rest of the file is missing"))),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::StreamExt;

    use super::*;

    struct Sending {
        body: Body,
        asked: Arc<AtomicUsize>,
        stop: CancellationToken,
        task: tokio::task::JoinHandle<()>,
    }

    /// A file of so many parts, which fails after the last one if it is to.
    struct Numbers {
        asked: Arc<AtomicUsize>,
        count: usize,
        fails: bool,
    }

    impl Source for Numbers {
        async fn next(&mut self) -> Answer<Option<Bytes>> {
            match self.asked.fetch_add(1, Ordering::Relaxed) {
                n if n < self.count => Ok(Some(Bytes::from(n.to_string()))),
                _ if self.fails => Err(ApiError::Unavailable("away".into())),
                _ => Ok(None),
            }
        }
    }

    fn sending(count: usize, fails: bool) -> Sending {
        let (sender, parts) = mpsc::channel(AHEAD);
        let (asked, stop) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
        let source = Numbers { asked: asked.clone(), count, fails };
        let task = tokio::spawn(pump(source, sender, stop.clone()));
        Sending { body: Body { parts, is_over: false }, asked, stop, task }
    }

    /// Lets all tasks of this thread do what they can.
    async fn settle() {
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
    }

    async fn all(body: Body) -> Vec<Result<Bytes, String>> {
        body.map(|part| part.map_err(|error| error.to_string())).collect().await
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_has_nothing_read_for_it() {
        let mut sending = sending(100, false);
        settle().await;
        assert_eq!(sending.asked.load(Ordering::Relaxed), AHEAD);
        assert_eq!(sending.body.next().await.unwrap().unwrap(), "0");
        settle().await;
        assert_eq!(sending.asked.load(Ordering::Relaxed), AHEAD + 1);
        assert_eq!(all(sending.body).await.len(), 99);
    }

    #[tokio::test]
    async fn a_client_that_goes_ends_the_reading() {
        let sending = sending(100, false);
        settle().await;
        drop(sending.body);
        sending.task.await.unwrap();
        assert_eq!(sending.asked.load(Ordering::Relaxed), AHEAD);
    }

    #[tokio::test]
    async fn only_a_file_that_is_whole_ends_as_one() {
        let whole = all(sending(3, false).body).await;
        assert_eq!(whole, ["0", "1", "2"].map(|part| Ok(Bytes::from(part))));
        let broken = all(sending(3, true).body).await;
        assert_eq!(broken.len(), 4);
        assert!(broken[..3].iter().all(Result::is_ok) && broken[3].is_err(), "{broken:?}");
        let mut stopped = sending(3, false);
        assert!(stopped.body.next().await.unwrap().is_ok());
        stopped.stop.cancel();
        let rest = all(stopped.body).await;
        assert!(rest.last().unwrap().is_err(), "{rest:?}");
    }
}
