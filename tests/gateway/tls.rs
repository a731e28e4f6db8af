//! HTTPS and WebSockets over TLS, by a certificate of the test's own.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use atalaya::config::{self, Config};
use atalaya::domain::Role;
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::certificate::Certificate;
use crate::world::{World, within};

type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// A server that shows `certificate`, and its settings.
async fn start(certificate: &Certificate) -> (World, Config) {
    let mut settings = None;
    let world = World::with(|config| {
        config.gateway.client_queue_kib = 64;
        let Certificate { certificate, key, .. } = certificate;
        config.server.tls = Some(config::Tls { certificate: certificate.clone(), key: key.clone() });
        settings = Some(config.clone());
    })
    .await;
    (world, settings.unwrap())
}

async fn shake_hands(address: SocketAddr, ca: &Path) -> std::io::Result<TlsStream<TcpStream>> {
    let mut trusted = RootCertStore::empty();
    trusted.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = versions.with_root_certificates(trusted).with_no_client_auth();
    let tcp = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    within(TlsConnector::from(Arc::new(config)).connect(name, tcp)).await
}

async fn connect(world: &World, ca: &Path, token: &str) -> Socket {
    let stream = shake_hands(world.address(), ca).await.unwrap();
    let url = format!("wss://localhost/ws/waiter?token={token}");
    // What shakes hands is large on the stack of whoever waits for it.
    within(Box::pin(tokio_tungstenite::client_async(url, stream))).await.unwrap().0
}

async fn next(socket: &mut Socket) -> Value {
    loop {
        if let Message::Text(text) = within(socket.next()).await.unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

/// What is answered to a request of `path`.
async fn get(world: &World, ca: &Path, path: &str) -> String {
    let mut stream = shake_hands(world.address(), ca).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

#[tokio::test]
async fn a_socket_over_tls_is_a_socket() {
    let certificate = Certificate::new();
    let (world, _) = start(&certificate).await;
    let token = world.token("ana", Role::Waiter, &[5]);
    let mut socket = connect(&world, &certificate.ca, &token).await;
    socket.send(Message::text(json!({"type": "ping"}).to_string())).await.unwrap();
    assert_eq!(next(&mut socket).await["type"], "pong");
    // Frames larger than a record of TLS, and more of them than the kernel takes at once.
    let text = "x".repeat(50_000);
    for number in 0..20 {
        for part in 0..3 {
            world.publish(
                json!({"type": "ROUND_READY", "branch_id": 5, "number": number * 3 + part, "text": text}),
            );
        }
        for part in 0..3 {
            assert_eq!(next(&mut socket).await["number"], number * 3 + part);
        }
    }
    socket.close(None).await.unwrap();
    while let Some(Ok(_)) = within(socket.next()).await {}
    // Without a last word of TLS it would look as if somebody had cut the line.
    let end = within(socket.into_inner().read_to_end(&mut Vec::new())).await;
    assert_eq!(end.unwrap(), 0);
}

#[tokio::test]
async fn one_who_never_reads_over_tls_is_ended_as_any_other() {
    let certificate = Certificate::new();
    let (world, _) = start(&certificate).await;
    let mut slow = connect(&world, &certificate.ca, &world.token("ana", Role::Waiter, &[5])).await;
    let mut quick = connect(&world, &certificate.ca, &world.token("eva", Role::Waiter, &[5])).await;
    let text = "x".repeat(20_000);
    let mut sent = 0;
    while world.app.gateway().figures().slow_consumers.get() == 0 {
        assert!(sent < 2000, "more than the kernel takes");
        world.publish(json!({"type": "ROUND_READY", "branch_id": 5, "number": sent, "text": text}));
        assert_eq!(next(&mut quick).await["number"], sent);
        sent += 1;
    }
    let mut expected = 0;
    let code = loop {
        match within(slow.next()).await.unwrap().unwrap() {
            Message::Text(text) => {
                let event: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(event["number"], expected);
                expected += 1;
            }
            Message::Close(frame) => break u16::from(frame.unwrap().code),
            _ => {}
        }
    };
    assert_eq!(code, 4430);
}

#[tokio::test]
async fn pages_come_by_https_and_their_cookie_stays_on_it() {
    let certificate = Certificate::new();
    let (world, _) = start(&certificate).await;
    let answer = get(&world, &certificate.ca, "/healthz").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let link = world.app.login_link();
    let path = link.strip_prefix(&world.app.url()).unwrap_or_else(|| panic!("{link}"));
    assert!(world.app.url().starts_with("https://"));
    let answer = get(&world, &certificate.ca, path).await.to_lowercase();
    assert!(answer.contains("set-cookie: ") && answer.contains("; secure"), "{answer}");
    let plain = reqwest::get(format!("http://{}/healthz", world.address())).await;
    assert!(plain.is_err(), "{plain:?}");
}

#[tokio::test]
async fn a_new_certificate_is_shown_when_the_settings_are_read_again() {
    let mut certificate = Certificate::new();
    let (mut world, settings) = start(&certificate).await;
    let old = certificate.replace();
    assert!(shake_hands(world.address(), &old).await.is_ok(), "until then the one that was read is shown");
    world.app.follow(settings.clone()).await.unwrap();
    assert!(shake_hands(world.address(), &old).await.is_err());
    assert!(shake_hands(world.address(), &certificate.ca).await.is_ok());
    std::fs::write(&certificate.certificate, "nothing").unwrap();
    world.app.follow(settings).await.unwrap();
    assert!(shake_hands(world.address(), &certificate.ca).await.is_ok(), "a mistake changes nothing");
}
