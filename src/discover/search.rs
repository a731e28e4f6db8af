//! The search as a whole: whom to ask, how many at a time, and until when.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::{join, join_all};
use futures_util::stream::{self, BoxStream, StreamExt};
use tokio::time::{Instant, sleep_until};
use url::Url;

use super::device::{Door, door, interview, knock};
use super::streams::{Said, Server};
use super::{Found, MAX_ADDRESSES, Search, udp};

/// Addresses that are asked at a time: with a handful of sockets each, below what a process may open.
const AT_A_TIME: usize = 48;
/// Longest wait for answers to a multicast; a device has half a second by the standard, and may be slow.
const LISTEN: Duration = Duration::from_secs(2);
/// To get through to a named address, and be told the time.
const KNOCK: Duration = Duration::from_millis(1200);
/// Whoever is being asked when the time is over ends by itself; this is for who does not.
const GRACE: Duration = Duration::from_millis(300);

/// Looks for cameras and tells each at once to `report`; true when everybody was asked before the time was over.
pub async fn search(search: &Search, mut report: impl FnMut(Found)) -> bool {
    let until = Instant::now() + search.timeout;
    let found = if search.targets.is_empty() { everybody(search, until) } else { named(search, until) };
    let mut found = Box::pin(found.take_until(sleep_until(until + GRACE)));
    while let Some(devices) = found.next().await {
        devices.into_iter().for_each(&mut report);
    }
    Instant::now() < until
}

/// Whoever answers a multicast.
fn everybody(search: &Search, until: Instant) -> BoxStream<'_, Vec<Found>> {
    let listen_until = Instant::now() + LISTEN.min(search.timeout / 2);
    let mut known = HashSet::new();
    udp::ask_all(&search.interfaces, search.discovery_port, listen_until)
        // Each answers to both questions, and on each interface.
        .filter(move |(address, _)| {
            let is_new = known.len() < MAX_ADDRESSES && known.insert(*address);
            std::future::ready(is_new)
        })
        .map(move |(address, told)| async move {
            let servers = servers(search, address, until).await;
            examine(search, address, Some(door(address, told)), servers, until).await
        })
        .buffer_unordered(AT_A_TIME)
        .boxed()
}

/// The addresses that were given.
fn named(search: &Search, until: Instant) -> BoxStream<'_, Vec<Found>> {
    stream::iter(search.targets.iter())
        .map(move |address| async move {
            let (door, servers) =
                join(find_door(search, address, until), servers(search, address, until)).await;
            examine(search, address, door, servers, until).await
        })
        .buffer_unordered(AT_A_TIME)
        .boxed()
}

/// Where the device at `address` takes ONVIF's questions, if it does.
async fn find_door(search: &Search, address: IpAddr, until: Instant) -> Option<Door> {
    let soon = until.min(Instant::now() + KNOCK);
    let knocks = join_all(search.onvif_ports.iter().map(|port| knock(address, *port, soon)));
    let (told, doors) = join(udp::ask_one(address, search.discovery_port, soon), knocks).await;
    let knocked = doors.into_iter().flatten().next();
    match told.map(|told| door(address, told)) {
        // It told of another host, and may answer at a usual port all the same.
        Some(Door { url: None, told }) => Some(Door { url: knocked.and_then(|door| door.url), told }),
        told => told.or(knocked),
    }
}

/// The servers of RTSP at `address`.
async fn servers(search: &Search, address: IpAddr, until: Instant) -> Vec<Server<'_>> {
    let ports = search.rtsp_ports.iter().map(|port| Server::find(search, address, *port, until));
    join_all(ports).await.into_iter().flatten().collect()
}

/// All that there is at `address`.
async fn examine(
    search: &Search,
    address: IpAddr,
    door: Option<Door>,
    servers: Vec<Server<'_>>,
    until: Instant,
) -> Vec<Found> {
    let mut all = Vec::new();
    if let Some(door) = door {
        let mut device = interview(search, address, door, until).await;
        device.takes_credentials = search.credentials.is_some() && !device.needs_credentials;
        check_stream(search, &mut device, until).await;
        all.push(device);
    }
    let told = all.first().map(Found::ports).unwrap_or_default();
    for mut server in servers.into_iter().filter(|server| !told.contains(&server.port)) {
        let streams = server.streams().await;
        match all.first_mut() {
            // A device that tells nothing over ONVIF may still have a stream under a usual path.
            Some(device) if device.profiles.is_empty() => adopt(device, streams),
            _ => all.push(streams),
        }
    }
    all
}

fn adopt(device: &mut Found, streams: Found) {
    device.rtsp_port = streams.rtsp_port;
    if streams.profiles.is_empty() {
        device.needs_credentials |= streams.needs_credentials;
        return;
    }
    device.note =
        device.note.take().map(|note| format!("ONVIF: {note}; its stream was found by its usual path"));
    device.profiles = streams.profiles;
    device.needs_credentials = false;
    device.takes_credentials = streams.takes_credentials;
}

/// Asks the first stream of a device whether it can be seen, and what it is.
async fn check_stream(search: &Search, device: &mut Found, until: Instant) {
    let Some(profile) = device.profiles.iter_mut().find(|profile| profile.stream_url.is_some()) else {
        return;
    };
    let url = profile.stream_url.clone().unwrap_or_default();
    let Some(parsed) = Url::parse(&url).ok().filter(|url| url.scheme() == "rtsp") else { return };
    let Some(mut server) = Server::find(search, device.address, parsed.port().unwrap_or(554), until).await
    else {
        device.note = Some("its stream's port does not answer".to_owned());
        return;
    };
    match server.describe(&url).await {
        Said::Video(codec) => {
            // ONVIF says what the encoder is set to, RTSP what is sent.
            profile.codec = Some(codec);
            device.takes_credentials = server.was_challenged();
        }
        Said::Refused(why) => {
            device.needs_credentials = true;
            device.takes_credentials = false;
            device.note = Some(format!("its stream {why}"));
        }
        Said::Nothing | Said::Gone => {
            device.note = Some("its stream does not answer as it should; it may be switched off".to_owned());
        }
    }
}
