//! Looking for cameras: simulated devices on this machine, well behaved and not, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../common/onvif.rs"]
mod onvif;

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use atalaya::clock::Clock;
use atalaya::demo::{Options, SimulatedCamera};
use atalaya::discover::{Credentials, Found, Search, Targets, Via, search};
use onvif::{Device, Manners, Mood};
use tokio::net::TcpListener;

/// Nobody answers there.
const CLOSED: u16 = 1;

async fn at_home(credentials: Option<(&str, &str)>) -> Search {
    let targets = Targets::resolve(&["127.0.0.1"]).await.unwrap();
    let credentials = credentials.map(|(user, password)| Credentials::new(user, password).unwrap());
    Search {
        rtsp_ports: Vec::new(),
        onvif_ports: Vec::new(),
        discovery_port: CLOSED,
        interfaces: Vec::new(),
        timeout: Duration::from_secs(10),
        ..Search::new(targets, credentials, Clock::system())
    }
}

async fn found(asked: &Search) -> (Vec<Found>, bool) {
    let mut all = Vec::new();
    let complete = search(asked, |found| all.push(found)).await;
    (all, complete)
}

async fn one(asked: &Search) -> Found {
    let (mut all, complete) = found(asked).await;
    assert!(complete && all.len() == 1, "{complete} {all:?}");
    all.remove(0)
}

fn camera(user: Option<(&str, &str)>) -> SimulatedCamera {
    let options = Options {
        path: "stream1".into(),
        user: user.map(|(user, _)| user.to_owned()),
        password: user.map(|(_, password)| password.to_owned()),
        ..Options::default()
    };
    SimulatedCamera::start(options).unwrap()
}

fn port_of(camera: &SimulatedCamera) -> u16 {
    url::Url::parse(camera.url()).unwrap().port().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_asked_by_name_tells_its_streams() {
    let camera = camera(None);
    let mut device = Device::start(Manners { stream: camera.url().into(), ..Manners::default() }).await;
    let mut asked = at_home(None).await;
    asked.discovery_port = device.announce(&device.xaddr()).await;
    let found = one(&asked).await;
    assert_eq!((found.name.as_str(), found.via), ("Front Door", Via::Onvif));
    assert_eq!(found.manufacturer.as_deref(), Some("Atalaya"));
    assert_eq!(found.model.as_deref(), Some("Simulated 1"));
    assert_eq!((found.needs_credentials, found.note.as_deref()), (false, None));
    let profile = &found.profiles[0];
    assert_eq!((profile.width, profile.height, profile.fps), (Some(640), Some(480), Some(15.0)));
    assert_eq!(profile.codec.as_deref(), Some("H264"));
    assert_eq!(profile.stream_url.as_deref(), Some(camera.url()));
    assert!(profile.snapshot_url.as_deref().unwrap().starts_with("http://127.0.0.1:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_answers_a_multicast_and_is_told_once() {
    let camera = camera(None);
    let mut device = Device::start(Manners { stream: camera.url().into(), ..Manners::default() }).await;
    let asked = Search {
        targets: Targets::default(),
        interfaces: vec![Ipv4Addr::LOCALHOST],
        discovery_port: device.announce_to_all(&device.xaddr()),
        timeout: Duration::from_secs(6),
        ..at_home(None).await
    };
    let found = one(&asked).await;
    assert_eq!((found.name.as_str(), found.profiles.len()), ("Front Door", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_without_discovery_is_found_at_its_port_and_the_newer_media_service_is_spoken() {
    let camera = camera(None);
    let manners = Manners { stream: camera.url().into(), mood: Mood::Newer, ..Manners::default() };
    let device = Device::start(manners).await;
    let found = one(&Search { onvif_ports: vec![device.port], ..at_home(None).await }).await;
    assert_eq!(found.name, "Atalaya Simulated 1");
    assert_eq!(found.profiles[0].stream_url.as_deref(), Some(camera.url()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_proved_by_the_devices_own_clock() {
    let user = ("ana", "s3cret");
    let camera = camera(Some(user));
    let years = 3 * 365 * 24 * 3600;
    for ahead_s in [0, years, -years] {
        let manners =
            Manners { stream: camera.url().into(), user: Some(user), ahead_s, ..Manners::default() };
        let device = Device::start(manners).await;
        let ask = async |who| one(&Search { onvif_ports: vec![device.port], ..at_home(who).await }).await;
        let found = ask(Some(user)).await;
        assert!(!found.needs_credentials && found.takes_credentials, "{ahead_s}: {found:?}");
        assert_eq!(found.profiles[0].codec.as_deref(), Some("H264"), "{found:?}");
        assert!(!device.asked().concat().contains("s3cret"), "the password itself does not travel");
        let nobody = ask(None).await;
        assert!(nobody.needs_credentials && nobody.profiles.is_empty(), "{nobody:?}");
        assert_eq!(nobody.note.as_deref(), Some("needs a user and password"));
        let before = device.asked().len();
        let wrong = ask(Some(("ana", "guess"))).await;
        assert!(
            wrong.needs_credentials && wrong.note.as_deref().unwrap().starts_with("does not take"),
            "{wrong:?}"
        );
        let tries =
            device.asked()[before..].iter().filter(|request| request.contains("UsernameToken")).count();
        assert_eq!(tries, 1, "many devices lock an account");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_misbehave_are_told_of_and_hold_nobody_up() {
    let victim = Device::start(Manners::default()).await;
    for (mood, part) in [
        (Mood::Garbage, "not as an ONVIF device"),
        (Mood::Bomb, "not as an ONVIF device"),
        (Mood::Huge, "1048576 bytes"),
        (Mood::Redirect(victim.xaddr()), "not as an ONVIF device"),
        (Mood::Silent, "does not answer in time"),
        (Mood::SilentLater, "does not answer in time"),
    ] {
        let shown = format!("{mood:?}");
        let mut device = Device::start(Manners { mood, ..Manners::default() }).await;
        let mut asked = at_home(None).await;
        asked.discovery_port = device.announce(&device.xaddr()).await;
        asked.timeout = Duration::from_secs(3);
        let begin = Instant::now();
        let (all, _) = found(&asked).await;
        assert!(begin.elapsed() < Duration::from_secs(8), "{shown}: {:?}", begin.elapsed());
        assert_eq!(all.len(), 1, "{shown}: {all:?}");
        assert!(all[0].note.as_deref().unwrap_or_default().contains(part), "{shown}: {all:?}");
        assert_eq!(all[0].name, "Front Door", "it said that much: {shown}");
    }
    assert_eq!(victim.asked(), Vec::<String>::new(), "nobody is sent on to another machine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_cannot_point_at_another_machine() {
    let victim = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let other = victim.local_addr().unwrap();
    let camera = camera(None);
    // Its services, and its stream.
    let stream = camera.url().replace("127.0.0.1", "ana:pass@127.0.0.2");
    let manners = Manners { stream, mood: Mood::Elsewhere("127.0.0.2".into()), ..Manners::default() };
    let device = Device::start(manners).await;
    let found_there = one(&Search { onvif_ports: vec![device.port], ..at_home(None).await }).await;
    let urls = format!("{:?}", found_there.profiles);
    assert!(!urls.contains("127.0.0.2") && !urls.contains("pass@"), "{urls}");
    // Its very first address.
    let mut stray = Device::start(Manners::default()).await;
    let mut asked = at_home(None).await;
    asked.discovery_port = stray.announce(&format!("http://{other}/onvif/device_service")).await;
    let stray = one(&asked).await;
    assert!(stray.profiles.is_empty() && stray.note.unwrap().contains("no address of its own"));
    let came = tokio::time::timeout(Duration::from_millis(50), victim.accept()).await;
    assert!(came.is_err(), "nobody has come: {came:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rtsp_alone_tells_the_stream_its_codec_and_whether_it_wants_a_user() {
    let user = ("ana", "s3cret");
    let (open, closed) = (camera(None), camera(Some(user)));
    let ask = async |camera: &SimulatedCamera, who| {
        one(&Search { rtsp_ports: vec![port_of(camera)], ..at_home(who).await }).await
    };
    let found = ask(&open, None).await;
    assert_eq!((found.via, found.needs_credentials, found.takes_credentials), (Via::Rtsp, false, false));
    assert_eq!(found.profiles[0].stream_url.as_deref(), Some(open.url()));
    assert_eq!(found.profiles[0].codec.as_deref(), Some("H264"));
    let found = ask(&closed, None).await;
    assert!(found.needs_credentials && found.profiles.is_empty(), "{found:?}");
    let found = ask(&closed, Some(("ana", "guess"))).await;
    assert!(found.needs_credentials && found.note.unwrap().contains("does not take"));
    let found = ask(&closed, Some(user)).await;
    assert!(!found.needs_credentials && found.takes_credentials, "{found:?}");
    assert_eq!(found.profiles[0].stream_url.as_deref(), Some(closed.url()));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_something_else_or_nothing_is_no_camera() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let device = Device::start(Manners::default()).await;
    let ports = vec![silent.local_addr().unwrap().port(), device.port];
    let asked = Search { rtsp_ports: ports.clone(), onvif_ports: vec![ports[0]], ..at_home(None).await };
    let (all, complete) = found(&asked).await;
    assert!(complete && all.is_empty(), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_goes_in_the_open_only_to_who_was_named() {
    let camera = camera(None);
    let ask = async |mood, targets: &[&str]| {
        let device = Device::start(Manners { stream: camera.url().into(), mood, ..Manners::default() }).await;
        let asked = Search {
            targets: Targets::resolve(targets).await.unwrap(),
            onvif_ports: vec![device.port],
            ..at_home(Some(("ana", "s3cret"))).await
        };
        let (mut all, _) = found(&asked).await;
        (all.pop(), device.asked().concat())
    };
    for targets in [["127.0.0.1"], ["127.0.0.1/32"]] {
        let (device, said) = ask(Mood::HttpDigest, &targets).await;
        assert_eq!(device.map(|device| device.profiles.len()), Some(1), "{targets:?}");
        assert!(!said.contains("uthorization: Basic"), "{said}");
    }
    let (device, _) = ask(Mood::HttpBasic, &["127.0.0.1"]).await;
    assert_eq!(device.map(|device| device.profiles.len()), Some(1));
    let (device, said) = ask(Mood::HttpBasic, &["127.0.0.1/32"]).await;
    assert!(!said.contains("uthorization: Basic"), "{device:?} {said}");
}
