//! One question over HTTP to one address: no redirects, no names, no more than so much and so long.

use std::net::{IpAddr, SocketAddr};

use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, WWW_AUTHENTICATE};
use hyper::{Request, body::Bytes};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::Credentials;
use super::digest::{Asked, Challenge};

/// The largest answer that is read.
const MAX_BODY: usize = 1 << 20;
/// The largest head of one.
const MAX_HEAD: usize = 32 << 10;

/// An answer, whatever it says.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    /// How it wants to be convinced, with a 401.
    pub(super) challenge: Option<Challenge>,
}

/// Why there is no answer.
#[derive(Debug, Error)]
pub(super) enum HttpError {
    #[error("does not answer in time")]
    Slow,
    #[error("cannot be reached on port {0}")]
    Unreachable(u16),
    #[error("breaks off, or answers more than {MAX_BODY} bytes")]
    Broken,
}

/// A question.
pub(super) struct Question<'a> {
    pub(super) url: &'a Url,
    pub(super) body: String,
    /// What to answer a challenge of before, and as whom.
    pub(super) proof: Option<(&'a Challenge, &'a Credentials)>,
}

impl Question<'_> {
    /// Asks the machine at `address`, whatever host the URL names.
    ///
    /// # Errors
    /// When there is no whole answer before `until`.
    pub(super) async fn ask(self, address: IpAddr, until: Instant) -> Result<Answer, HttpError> {
        let port = self.url.port_or_known_default().unwrap_or(80);
        let exchange = async {
            let stream = TcpStream::connect(SocketAddr::new(address, port)).await;
            self.exchange(stream.map_err(|_| HttpError::Unreachable(port))?).await
        };
        timeout_at(until, exchange).await.unwrap_or(Err(HttpError::Slow))
    }

    async fn exchange(self, stream: TcpStream) -> Result<Answer, HttpError> {
        let request = self.request().ok_or(HttpError::Broken)?;
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_HEAD);
        let (mut sender, connection) =
            builder.handshake(TokioIo::new(stream)).await.map_err(|_| HttpError::Broken)?;
        // The connection works for as long as the answer is read; its own end tells nothing that the answer does not.
        let work = async {
            let _ = connection.await;
            std::future::pending().await
        };
        tokio::select! {
            answer = read(&mut sender, request) => answer,
            never = work => never,
        }
    }

    fn request(self) -> Option<Request<Full<Bytes>>> {
        let path = &self.url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = &self.url[url::Position::BeforeHost..url::Position::AfterPort];
        let mut request = Request::post(path)
            .header(HOST, host)
            .header(CONNECTION, "close")
            .header(CONTENT_TYPE, "application/soap+xml; charset=utf-8");
        if let Some((challenge, credentials)) = self.proof {
            let answer = challenge.answer(credentials, Asked { method: "POST", uri: path });
            request = request.header(AUTHORIZATION, answer);
        }
        request.body(Full::new(Bytes::from(self.body))).ok()
    }
}

async fn read(
    sender: &mut http1::SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Answer, HttpError> {
    let response = sender.send_request(request).await.map_err(|_| HttpError::Broken)?;
    let status = response.status().as_u16();
    let challenges = response.headers().get_all(WWW_AUTHENTICATE).iter();
    let challenge = Challenge::choose(challenges.filter_map(|value| value.to_str().ok()));
    let body = Limited::new(response.into_body(), MAX_BODY).collect().await.map_err(|_| HttpError::Broken)?;
    let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    Ok(Answer { status, body, challenge })
}
