//! A simulated ONVIF device: SOAP over HTTP and WS-Discovery, well behaved or not.

#![allow(dead_code, reason = "each test uses its part of these")]
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinHandle;

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
/// Devices take a digest that is this old at most.
const MAX_AGE_S: i64 = 60;

/// How a device behaves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manners {
    /// Where it says that its stream is.
    pub(crate) stream: String,
    /// Whom it wants to be asked by: user and password.
    pub(crate) user: Option<(&'static str, &'static str)>,
    /// How far its clock is ahead, in seconds.
    pub(crate) ahead_s: i64,
    pub(crate) mood: Mood,
}

#[derive(Debug, Clone, Default)]
pub(crate) enum Mood {
    #[default]
    Good,
    /// Wants HTTP's own digest, and looks at no other.
    HttpDigest,
    /// Wants the password in the open.
    HttpBasic,
    /// Has the newer media service only.
    Newer,
    Garbage,
    /// Takes the question and says nothing.
    Silent,
    /// Tells the time, and nothing more.
    SilentLater,
    /// Does not end.
    Huge,
    /// Entities within entities.
    Bomb,
    /// Sends whoever asks to another address.
    Redirect(String),
    /// Says that its services are at another address.
    Elsewhere(String),
}

/// A device that answers until it is dropped.
pub(crate) struct Device {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<String>>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Drop for Device {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Device {
    pub(crate) async fn start(manners: Manners) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let heard = asked.clone();
        let serve = async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(stream, manners.clone(), port, heard.clone()));
            }
        };
        Self { port, asked, tasks: vec![tokio::spawn(serve)] }
    }

    /// What it was asked, whole requests in their order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// Has it answer WS-Discovery on a port of its own, which is answered: `xaddr` is where it says that it is.
    pub(crate) async fn announce(&mut self, xaddr: &str) -> u16 {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let port = socket.local_addr().unwrap().port();
        self.tasks.push(tokio::spawn(respond(socket, xaddr.to_owned())));
        port
    }

    /// The same for a multicast on the loopback interface.
    pub(crate) fn announce_to_all(&mut self, xaddr: &str) -> u16 {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None).unwrap();
        socket.bind(&SocketAddr::from((GROUP, 0)).into()).unwrap();
        socket.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST).unwrap();
        socket.set_nonblocking(true).unwrap();
        let socket = UdpSocket::from_std(socket.into()).unwrap();
        let port = socket.local_addr().unwrap().port();
        self.tasks.push(tokio::spawn(respond(socket, xaddr.to_owned())));
        port
    }

    pub(crate) fn xaddr(&self) -> String {
        format!("http://127.0.0.1:{}/onvif/device_service", self.port)
    }
}

async fn respond(socket: UdpSocket, xaddr: String) {
    // Answers come from the device's own address, not from the group's.
    let own = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let is_group = socket.local_addr().unwrap().ip().is_multicast();
    let mut buffer = [0; 4096];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
        let question = String::from_utf8_lossy(&buffer[..length]);
        assert!(
            question.contains("/discovery/Probe") && question.contains("NetworkVideoTransmitter"),
            "{question}"
        );
        let answer = envelope(&format!(
            "<d:ProbeMatches xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\"><d:ProbeMatch>\
             <d:Scopes>onvif://www.onvif.org/name/Front%20Door onvif://www.onvif.org/hardware/SIM-1</d:Scopes>\
             <d:XAddrs>{xaddr}</d:XAddrs></d:ProbeMatch></d:ProbeMatches>"
        ));
        let sender = if is_group { &own } else { &socket };
        sender.send_to(answer.as_bytes(), from).await.unwrap();
    }
}

async fn answer(mut stream: TcpStream, manners: Manners, port: u16, asked: Arc<Mutex<Vec<String>>>) {
    let Some(request) = read(&mut stream).await else { return };
    asked.lock().unwrap().push(request.clone());
    let is_date = request.contains("GetSystemDateAndTime");
    let (status, head, body) = match &manners.mood {
        Mood::Garbage => ("200 OK", String::new(), "\u{0}\u{1}<<<not xml".to_owned()),
        Mood::Redirect(to) => ("302 Found", format!("Location: {to}\r\n"), String::new()),
        Mood::Silent => return std::future::pending().await,
        Mood::SilentLater if !is_date => return std::future::pending().await,
        Mood::Huge => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
            let chunk = format!("1000\r\n{}\r\n", "<a>".repeat(0x1000).split_at(0x1000).0);
            while stream.write_all(chunk.as_bytes()).await.is_ok() {}
            return;
        }
        Mood::Bomb => {
            let entities: String =
                (1..30).map(|n| format!("<!ENTITY a{n} \"&a{0};&a{0};\">", n - 1)).collect();
            let bomb = format!("<!DOCTYPE x [<!ENTITY a0 \"ha\">{entities}]><x>&a29;</x>");
            ("200 OK", String::new(), bomb)
        }
        Mood::HttpDigest
            if !is_date && !request.contains("uthorization: Digest username=\"ana\", realm=\"sim\"") =>
        {
            let wanted = "WWW-Authenticate: Basic realm=\"sim\"\r\n\
                WWW-Authenticate: Digest realm=\"sim\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256\r\n";
            ("401 Unauthorized", wanted.to_owned(), String::new())
        }
        Mood::HttpBasic if !is_date && !request.contains("uthorization: Basic ") => {
            ("401 Unauthorized", "WWW-Authenticate: Basic realm=\"sim\"\r\n".to_owned(), String::new())
        }
        Mood::HttpDigest | Mood::HttpBasic => {
            ("200 OK", String::new(), envelope(&manners.tell(&request, port)))
        }
        Mood::Good | Mood::Newer | Mood::SilentLater | Mood::Elsewhere(_) => {
            if !is_date && !is_free(&request) && !manners.knows(&request) {
                let fault = "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized\
                    </s:Value></s:Subcode></s:Code><s:Reason><s:Text>no</s:Text></s:Reason></s:Fault>";
                ("400 Bad Request", String::new(), envelope(fault))
            } else {
                ("200 OK", String::new(), envelope(&manners.tell(&request, port)))
            }
        }
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/soap+xml\r\n{head}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(answer.as_bytes()).await;
}

/// Whether everybody may ask for it.
fn is_free(request: &str) -> bool {
    request.contains("GetCapabilities") || request.contains("GetServices")
}

impl Manners {
    fn now_s(&self) -> i64 {
        #[expect(clippy::disallowed_methods, reason = "a device has a clock of its own")]
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        since.as_secs() as i64 + self.ahead_s
    }

    /// Whether the request proves to be the user's, by the device's own clock.
    fn knows(&self, request: &str) -> bool {
        let Some((user, password)) = self.user else { return true };
        let part = |mark: &str| {
            let rest = &request[request.find(mark)?..];
            let rest = &rest[rest.find('>')? + 1..];
            Some(&rest[..rest.find('<')?])
        };
        let parts = || Some((part("<Username>")?, part("<Password")?, part("<Nonce")?, part("<Created")?));
        let Some((name, digest, nonce, created)) = parts() else { return false };
        let at = created.parse::<jiff::Timestamp>().unwrap().as_second();
        let own = Sha1::new()
            .chain_update(STANDARD.decode(nonce).unwrap())
            .chain_update(created)
            .chain_update(password)
            .finalize();
        (at - self.now_s()).abs() <= MAX_AGE_S && name == user && STANDARD.encode(own) == digest
    }

    fn tell(&self, request: &str, port: u16) -> String {
        let host = match &self.mood {
            Mood::Elsewhere(host) => host.clone(),
            _ => format!("127.0.0.1:{port}"),
        };
        let is_newer = matches!(self.mood, Mood::Newer);
        let asks = |what: &str| request.contains(&format!("<{what} "));
        if asks("GetSystemDateAndTime") {
            let now = jiff::Timestamp::from_second(self.now_s()).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
            return format!(
                "<GetSystemDateAndTimeResponse><SystemDateAndTime><UTCDateTime><Time><Hour>{}</Hour>\
                 <Minute>{}</Minute><Second>{}</Second></Time><Date><Year>{}</Year><Month>{}</Month><Day>{}</Day>\
                 </Date></UTCDateTime></SystemDateAndTime></GetSystemDateAndTimeResponse>",
                now.hour(),
                now.minute(),
                now.second(),
                now.year(),
                now.month(),
                now.day()
            );
        }
        if asks("GetDeviceInformation") {
            return "<GetDeviceInformationResponse><Manufacturer>Atalaya</Manufacturer><Model>Simulated 1</Model>\
                    </GetDeviceInformationResponse>".to_owned();
        }
        if asks("GetServices") {
            let version = if is_newer { "20" } else { "10" };
            return format!(
                "<GetServicesResponse><Service><Namespace>http://www.onvif.org/ver{version}/media/wsdl</Namespace>\
                 <XAddr>http://{host}/onvif/media</XAddr></Service></GetServicesResponse>"
            );
        }
        if asks("GetProfiles") && is_newer {
            return "<GetProfilesResponse><Profiles token=\"main\"><Name>Main</Name><Configurations><VideoEncoder>\
                    <Encoding>H264</Encoding></VideoEncoder></Configurations></Profiles></GetProfilesResponse>".to_owned();
        }
        if asks("GetProfiles") {
            return "<GetProfilesResponse><Profiles token=\"main\"><Name>Main</Name><VideoEncoderConfiguration>\
                    <Encoding>H264</Encoding><Resolution><Width>640</Width><Height>480</Height></Resolution>\
                    <RateControl><FrameRateLimit>15</FrameRateLimit></RateControl></VideoEncoderConfiguration>\
                    </Profiles></GetProfilesResponse>".to_owned();
        }
        if asks("GetStreamUri") {
            let uri = self.stream.replace('&', "&amp;");
            return match is_newer {
                true => format!("<GetStreamUriResponse><Uri>{uri}</Uri></GetStreamUriResponse>"),
                false => format!(
                    "<GetStreamUriResponse><MediaUri><Uri>{uri}</Uri></MediaUri></GetStreamUriResponse>"
                ),
            };
        }
        if asks("GetSnapshotUri") {
            let uri = format!("http://{host}/snap.jpg?user=ana&amp;password=s3cret-of-old");
            return format!(
                "<GetSnapshotUriResponse><MediaUri><Uri>{uri}</Uri></MediaUri></GetSnapshotUriResponse>"
            );
        }
        "<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code></s:Fault>".to_owned()
    }
}

fn envelope(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:ter=\"http://www.onvif.org/ver10/error\"><s:Body>{body}</s:Body></s:Envelope>"
    )
}

async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        let reading = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut part)).await;
        match reading {
            Ok(Ok(length)) if length > 0 => bytes.extend_from_slice(&part[..length]),
            _ => return None,
        }
    }
}
