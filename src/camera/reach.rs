//! Asks the network why a camera cannot be reached; GStreamer only says that it cannot.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::Url;

/// How long an answer of the network is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// Ports of RTSP without and with TLS.
const PORT: u16 = 554;
const TLS_PORT: u16 = 322;

/// Why no connection to the host of `url` can be made, in plain words; `None` when one can.
pub(super) async fn trouble_reaching(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().unwrap_or(if url.scheme() == "rtsps" { TLS_PORT } else { PORT });
    let address = match timeout(PATIENCE, lookup_host((host.as_str(), port))).await {
        Ok(Ok(mut addresses)) => addresses.next()?,
        Ok(Err(_)) => return Some(format!("host name {host} is not known")),
        Err(_) => return Some("the name server does not answer".to_owned()),
    };
    let error = match timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(Ok(_)) => return None,
        Ok(Err(error)) => error,
        Err(_) => return Some(format!("no answer from {host} on port {port}")),
    };
    Some(match error.kind() {
        ErrorKind::ConnectionRefused => format!("connection refused by {host} on port {port}"),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => format!("{host} cannot be reached"),
        _ => format!("no connection to {host} on port {port}: {error}"),
    })
}
