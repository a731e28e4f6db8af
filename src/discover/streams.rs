//! One RTSP server, asked which streams it has.
//!
//! On one connection: a digest's challenge may hold for that only. A user and password that it refuses once are not
//! tried again, as many cameras lock an account.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::device::host;
use super::digest::{Asked, Challenge};
use super::rtsp::{Head, NotRtsp, PATHS, head};
use super::sdp::video_codec;
use super::{Found, Profile, Search, Via};

/// To get through: on a local network it takes milliseconds, or nobody is there.
const CONNECT: Duration = Duration::from_millis(700);
/// For one answer; a camera may wake its encoder first.
const PATIENCE: Duration = Duration::from_secs(2);

/// Somebody who speaks RTSP.
pub(super) struct Server<'a> {
    search: &'a Search,
    address: IpAddr,
    pub(super) port: u16,
    until: Instant,
    line: Option<TcpStream>,
    sequence: u32,
    challenge: Option<Challenge>,
    /// The user and password were not taken, or may not be sent.
    is_barred: bool,
}

/// What a server says of one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// There is video, of this codec.
    Video(String),
    /// Not without a user, or not with this one; in plain words.
    Refused(&'static str),
    /// Nothing that is of use.
    Nothing,
    /// It hung up, or takes too long.
    Gone,
}

impl<'a> Server<'a> {
    /// A server at `port` of `address`, when there is one.
    pub(super) async fn find(search: &'a Search, address: IpAddr, port: u16, until: Instant) -> Option<Self> {
        let mut server =
            Self { search, address, port, until, line: None, sequence: 0, challenge: None, is_barred: false };
        let url = server.url("");
        server.ask("OPTIONS", &url, None).await.map(|_| server)
    }

    /// Whether it wanted to know who asks.
    pub(super) fn was_challenged(&self) -> bool {
        self.challenge.is_some()
    }

    fn url(&self, path: &str) -> String {
        format!("rtsp://{}:{}/{path}", host(self.address), self.port)
    }

    /// The streams under the usual paths.
    pub(super) async fn streams(&mut self) -> Found {
        let mut found = Found {
            address: self.address,
            name: format!("Camera {}", self.address),
            manufacturer: None,
            model: None,
            via: Via::Rtsp,
            rtsp_port: Some(self.port),
            profiles: Vec::new(),
            needs_credentials: false,
            takes_credentials: false,
            note: Some(
                "speaks RTSP, but has no video under the usual paths; its manual tells the right one"
                    .to_owned(),
            ),
        };
        for (main, second) in PATHS {
            match self.look(main).await {
                Ok(Some(profile)) => found.profiles.push(profile),
                Ok(None) => continue,
                Err(Said::Refused(why)) => {
                    found.needs_credentials = true;
                    found.note = Some(why.to_owned());
                    break;
                }
                Err(_) => {
                    found.note = Some("speaks RTSP, but does not answer in time".to_owned());
                    break;
                }
            }
            if let Some(second) = second
                && let Ok(Some(profile)) = self.look(second).await
            {
                found.profiles.push(profile);
            }
            found.note = None;
            break;
        }
        found.takes_credentials = self.challenge.is_some() && !found.needs_credentials;
        found
    }

    async fn look(&mut self, path: &str) -> Result<Option<Profile>, Said> {
        let url = self.url(path);
        match self.describe(&url).await {
            Said::Video(codec) => {
                let name = if path.is_empty() { "/" } else { path };
                let profile = Profile { name: name.to_owned(), codec: Some(codec), ..Profile::default() };
                Ok(Some(Profile { stream_url: Some(url), ..profile }))
            }
            Said::Nothing => Ok(None),
            other => Err(other),
        }
    }

    /// What there is at `url`.
    pub(super) async fn describe(&mut self, url: &str) -> Said {
        let mut has_tried = false;
        loop {
            let credentials = self.search.credentials.as_ref().filter(|_| !self.is_barred);
            let asked = Asked { method: "DESCRIBE", uri: url };
            let proof = self.challenge.as_ref().zip(credentials).map(|(c, who)| c.answer(who, asked));
            let Some((head, body)) = self.ask("DESCRIBE", url, proof.as_deref()).await else {
                return Said::Gone;
            };
            match head.status {
                200 => return video_codec(&body).map_or(Said::Nothing, Said::Video),
                401 => {}
                403 => return Said::Refused("does not let this user see its video"),
                _ => return Said::Nothing,
            }
            if credentials.is_none() {
                return Said::Refused("needs a user and password");
            }
            let Some(challenge) = Challenge::choose(head.all("www-authenticate")) else {
                return Said::Refused("asks for a kind of login that is not known here");
            };
            if has_tried {
                self.is_barred = true;
                return Said::Refused("does not take this user and password");
            }
            if !challenge.is_safe() && !self.search.targets.is_named(self.address) {
                self.is_barred = true;
                return Said::Refused(
                    "asks for the password in the open, which is done only for an address that was named",
                );
            }
            // What was sent with an older challenge may only be stale.
            has_tried = true;
            self.challenge = Some(challenge);
        }
    }

    /// Asks, on a new connection when the old one is gone.
    async fn ask(&mut self, method: &str, url: &str, proof: Option<&str>) -> Option<(Head, String)> {
        let had_line = self.line.is_some();
        let answer = self.ask_once(method, url, proof).await;
        if answer.is_some() || !had_line {
            return answer;
        }
        self.ask_once(method, url, proof).await
    }

    async fn ask_once(&mut self, method: &str, url: &str, proof: Option<&str>) -> Option<(Head, String)> {
        let now = Instant::now();
        let mut line = match self.line.take() {
            Some(line) => line,
            None => {
                let address = SocketAddr::new(self.address, self.port);
                let connect = TcpStream::connect(address);
                timeout_at(self.until.min(now + CONNECT), connect).await.ok()?.ok()?
            }
        };
        self.sequence += 1;
        let proof = proof.map_or_else(String::new, |proof| format!("Authorization: {proof}\r\n"));
        let accept = if method == "DESCRIBE" { "Accept: application/sdp\r\n" } else { "" };
        let question = format!(
            "{method} {url} RTSP/1.0\r\nCSeq: {}\r\nUser-Agent: atalaya\r\n{accept}{proof}\r\n",
            self.sequence
        );
        let exchange = async {
            line.write_all(question.as_bytes()).await.ok()?;
            read(&mut line).await.ok()
        };
        let answer = timeout_at(self.until.min(Instant::now() + PATIENCE), exchange).await.ok().flatten()?;
        let closes = answer.0.all("connection").any(|word| word.eq_ignore_ascii_case("close"));
        self.line = (!closes).then_some(line);
        Some(answer)
    }
}

/// One answer; what comes after it is not read.
async fn read(line: &mut TcpStream) -> Result<(Head, String), NotRtsp> {
    let mut bytes = Vec::with_capacity(2048);
    let head = loop {
        if let Some(head) = head(&bytes)? {
            break head;
        }
        more(line, &mut bytes).await?;
    };
    let end = head.length + head.body().ok_or(NotRtsp)?;
    while bytes.len() < end {
        more(line, &mut bytes).await?;
    }
    let body = String::from_utf8_lossy(&bytes[head.length..end]).into_owned();
    Ok((head, body))
}

async fn more(line: &mut TcpStream, bytes: &mut Vec<u8>) -> Result<(), NotRtsp> {
    let mut part = [0; 4096];
    match line.read(&mut part).await {
        Ok(length) if length > 0 => {
            bytes.extend_from_slice(&part[..length]);
            Ok(())
        }
        _ => Err(NotRtsp),
    }
}
