//! One ONVIF device, asked over SOAP for who it is and what it streams.
//!
//! It is asked at its own address only: where it names another host, of a service or a stream, the path is taken and
//! the host is not. A user and password that it refuses once are not tried again, as many devices lock an account.

use std::net::IpAddr;
use std::time::Duration;

use thiserror::Error;
use tokio::time::Instant;
use url::Url;

use super::http::{HttpError, Question};
use super::onvif::{self, Media};
use super::probe::Match;
use super::soap::{Reply, envelope, reply};
use super::{Credentials, Found, Search, Via};
use crate::domain::Timestamp;

/// For one answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Profiles whose addresses are asked for.
const MAX_ASKED: usize = 16;
/// Devices do not take a digest that is older than this, by their own clock.
const MAX_SKEW: Duration = Duration::from_secs(300);
/// Where the specification wants the first service to be.
const SERVICE: &str = "/onvif/device_service";

/// Where a device takes questions, and what it said of itself.
#[derive(Debug)]
pub(super) struct Door {
    pub(super) url: Option<Url>,
    pub(super) told: Match,
}

/// The address of `told` that is at home at `address`; another host's is not asked.
pub(super) fn door(address: IpAddr, told: Match) -> Door {
    let own = |text: &String| {
        let url = Url::parse(text).ok()?;
        let host = url.host_str()?.trim_matches(['[', ']']).parse::<IpAddr>().ok()?;
        (url.scheme() == "http" && host.to_canonical() == address).then_some(url)
    };
    Door { url: told.xaddrs.iter().find_map(own), told }
}

/// The door at `port` of `address`, when an ONVIF device is behind it.
pub(super) async fn knock(address: IpAddr, port: u16, until: Instant) -> Option<Door> {
    let url = Url::parse(&format!("http://{}:{port}{SERVICE}", host(address))).ok()?;
    let question = Question { url: &url, body: envelope(onvif::GET_DATE, None), proof: None };
    let answer = question.ask(address, until).await.ok()?;
    // One that asks for a password even for the time of day is known by its words only, if it says any.
    let is_device = onvif::date_time(&answer.body).is_some()
        || matches!(reply(200, &answer.body), Reply::Refused | Reply::Fault(_));
    is_device.then(|| Door { url: Some(url), told: Match::default() })
}

/// An address as URLs want it.
pub(super) fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    }
}

/// Why a question has no answer.
#[derive(Debug, Error)]
enum Trouble {
    #[error("needs a user and password")]
    NoUser,
    #[error(
        "does not take this user and password; its ONVIF user may be another one than that of its web page"
    )]
    WrongUser,
    #[error("asks for the password in the open, which is done only for an address that was named")]
    Open,
    #[error("{0}")]
    Http(#[from] HttpError),
    #[error("answers, but not as an ONVIF device")]
    Nonsense,
    #[error("answers with an error: {0}")]
    Fault(String),
}

/// A conversation with one device.
struct Talk<'a> {
    search: &'a Search,
    address: IpAddr,
    until: Instant,
    /// How far its clock is ahead.
    ahead_ms: i64,
    credentials: Option<&'a Credentials>,
    /// It did not take them.
    is_barred: bool,
}

/// All that the device behind `door` tells.
pub(super) async fn interview(search: &Search, address: IpAddr, door: Door, until: Instant) -> Found {
    let Match { name, hardware, xaddrs, .. } = door.told;
    let mut found = Found {
        address,
        name: name.or_else(|| hardware.clone()).unwrap_or_else(|| address.to_string()),
        manufacturer: None,
        model: hardware,
        via: Via::Onvif,
        rtsp_port: None,
        profiles: Vec::new(),
        needs_credentials: false,
        takes_credentials: false,
        note: None,
    };
    let Some(url) = door.url else {
        let is_https = xaddrs.iter().any(|xaddr| xaddr.starts_with("https://"));
        let note = if is_https {
            "speaks ONVIF over HTTPS only, which is not spoken here; allow HTTP on it, or look up its stream's address"
        } else {
            "gives no address of its own for questions"
        };
        found.note = Some(note.to_owned());
        return found;
    };
    let mut talk = Talk {
        search,
        address,
        until,
        ahead_ms: 0,
        credentials: search.credentials.as_ref(),
        is_barred: false,
    };
    if let Err(trouble) = talk.ask_everything(&url, &mut found).await {
        found.needs_credentials = matches!(trouble, Trouble::NoUser | Trouble::WrongUser | Trouble::Open);
        found.note = Some(talk.explain(&trouble));
    }
    found
}

impl Talk<'_> {
    async fn ask_everything(&mut self, url: &Url, found: &mut Found) -> Result<(), Trouble> {
        self.set_clock(url).await?;
        // Some tell it to nobody, and the rest to everybody.
        let information = self.ask(url, onvif::GET_INFORMATION).await;
        if let Some((manufacturer, model)) = information.ok().as_deref().and_then(onvif::device_information) {
            if found.name == self.address.to_string() {
                let parts = [manufacturer.as_deref(), model.as_deref()];
                let full = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
                found.name = if full.is_empty() { found.name.clone() } else { full };
            }
            found.manufacturer = manufacturer;
            found.model = model.or(found.model.take());
        }
        let (media, service) = self.media(url).await?;
        let profiles = self.ask(&service, &media.get_profiles()).await?;
        for (token, mut profile) in onvif::profiles(&profiles).into_iter().take(MAX_ASKED) {
            let stream = self.ask(&service, &media.get_stream_uri(&token)).await;
            let stream = match stream {
                Ok(answer) => onvif::stream_uri(&answer),
                // One profile without a stream does not take the others with it.
                Err(Trouble::Fault(_)) => None,
                Err(trouble) => return Err(trouble),
            };
            profile.stream_url =
                stream.and_then(|url| self.at_home(&url, &["rtsp", "rtsps"])).map(Into::into);
            if let Ok(answer) = self.ask(&service, &media.get_snapshot_uri(&token)).await {
                let snapshot = onvif::snapshot_uri(&answer);
                profile.snapshot_url =
                    snapshot.and_then(|url| self.at_home(&url, &["http", "https"])).map(Into::into);
            }
            found.profiles.push(profile);
        }
        if found.profiles.is_empty() {
            found.note = Some("tells of no profile with a stream".to_owned());
        }
        Ok(())
    }

    /// A digest holds for a moment of the device's clock, which may be years off.
    async fn set_clock(&mut self, url: &Url) -> Result<(), Trouble> {
        let credentials = self.credentials.take();
        let answer = self.ask(url, onvif::GET_DATE).await;
        self.credentials = credentials;
        match answer {
            Ok(answer) => {
                let now = self.search.clock.now().as_millis();
                let theirs = onvif::date_time(&answer).map(Timestamp::as_millis);
                self.ahead_ms = theirs.map_or(0, |theirs| theirs - now);
                Ok(())
            }
            // It is against the rules to keep the time a secret, and done.
            Err(Trouble::NoUser | Trouble::Fault(_)) => Ok(()),
            Err(trouble) => Err(trouble),
        }
    }

    async fn media(&mut self, url: &Url) -> Result<(Media, Url), Trouble> {
        let mut found = None;
        for question in [onvif::GET_SERVICES, onvif::GET_CAPABILITIES] {
            match self.ask(url, question).await {
                Ok(answer) => found = onvif::media_service(&answer),
                Err(trouble @ (Trouble::Http(_) | Trouble::WrongUser)) => return Err(trouble),
                Err(_) => {}
            }
            if found.is_some() {
                break;
            }
        }
        // Most devices take all questions at one place.
        let (media, service) = found.unwrap_or((Media::One, url.to_string()));
        Ok((media, self.at_home(&service, &["http"]).unwrap_or_else(|| url.clone())))
    }

    /// `text` as an address at this device, without a user; `None` when it is of none of these schemes.
    fn at_home(&self, text: &str, schemes: &[&str]) -> Option<Url> {
        let mut url = Url::parse(text).ok().filter(|url| schemes.contains(&url.scheme()))?;
        url.set_host(Some(&host(self.address))).ok()?;
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        Some(url)
    }

    async fn ask(&mut self, url: &Url, body: &str) -> Result<String, Trouble> {
        let until = self.until.min(Instant::now() + PATIENCE);
        let question = |proof| Question { url, body: envelope(body, self.signature()), proof };
        let mut answer = question(None).ask(self.address, until).await?;
        if let (401, Some(challenge), Some(credentials)) =
            (answer.status, &answer.challenge, self.credentials)
        {
            if !challenge.is_safe() && !self.search.targets.is_named(self.address) {
                return Err(Trouble::Open);
            }
            let challenge = challenge.clone();
            answer = question(Some((&challenge, credentials))).ask(self.address, until).await?;
        }
        match reply(answer.status, &answer.body) {
            Reply::Fine => Ok(answer.body),
            Reply::Fault(words) => Err(Trouble::Fault(words)),
            Reply::Nonsense => Err(Trouble::Nonsense),
            Reply::Refused => {
                // The second time it would be one failed login more.
                self.is_barred |= self.credentials.take().is_some();
                Err(if self.is_barred { Trouble::WrongUser } else { Trouble::NoUser })
            }
        }
    }

    fn signature(&self) -> Option<(&Credentials, Timestamp)> {
        let now = self.search.clock.now().as_millis();
        self.credentials
            .map(|credentials| (credentials, Timestamp::from_millis(now.saturating_add(self.ahead_ms))))
    }

    fn explain(&self, trouble: &Trouble) -> String {
        let is_off = self.ahead_ms.unsigned_abs() > MAX_SKEW.as_millis() as u64;
        let clock = match trouble {
            Trouble::WrongUser if is_off => {
                format!(" (its clock is {} minutes off; that was reckoned with)", self.ahead_ms / 60_000)
            }
            _ => String::new(),
        };
        format!("{trouble}{clock}")
    }
}
