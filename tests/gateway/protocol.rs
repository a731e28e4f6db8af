//! The sockets of the gateway by the cases of the Autobahn test suite, which nobody here wrote.
//!
//! An echo on our own `Socket` and `Reader` stands for the gateway, whose messages mean something. Compression (cases 12
//! and 13) is not offered: the library has none.

use std::path::PathBuf;
use std::sync::Arc;

use atalaya::gateway::{Deaf, Heard, Reader, Room, Socket};
use bytes::Bytes;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// As scripts/websocket.sh installs it.
const TOOL: &str = "kosoku==0.1.0";

/// Where the suite would like a text that is no UTF-8 to be refused before its frame is whole; the library looks at whole
/// frames. RFC 6455 allows both, and the suite counts neither as a failure.
const NOT_STRICT: [&str; 2] = ["6.4.3", "6.4.4"];

/// The largest message of the cases.
const MAX_BYTES: usize = 32 << 20;

fn tool() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = cache.unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"));
    cache.join("atalaya").join(TOOL).join("bin/kosoku")
}

async fn shake_hands(tcp: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tcp.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let key = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim().to_owned())
    });
    let accept = derive_accept_key(key.unwrap().as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    tcp.write_all(answer.as_bytes()).await.unwrap();
}

fn message(kind: Data, bytes: Bytes) -> Bytes {
    let frame = Frame::message(bytes, OpCode::Data(kind), true);
    let mut encoded = Vec::new();
    frame.format(&mut encoded).unwrap();
    encoded.into()
}

async fn echo(mut tcp: TcpStream) {
    shake_hands(&mut tcp).await;
    let socket = Socket::new(tcp, Room { frames: 1 << 20, bytes: 1 << 30 }, Arc::default());
    let mut reader = Reader::new(Vec::new(), MAX_BYTES);
    loop {
        match reader.read(&socket) {
            Ok(Heard::Text(text)) => drop(socket.put(&message(Data::Text, text.into()))),
            Ok(Heard::Binary(bytes)) => drop(socket.put(&message(Data::Binary, bytes))),
            Ok(Heard::Sign | Heard::Pong) => {}
            Ok(Heard::Closing) | Err(Deaf::Over) => break,
            Err(Deaf::Wrong(close)) => {
                socket.close(close);
                break;
            }
            Err(Deaf::NothingYet) => {
                if socket.ready().await.is_err() {
                    return;
                }
            }
        }
    }
    // The last frames.
    while let Ok(false) = socket.flush() {
        if socket.ready().await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_case_of_autobahn_passes() {
    let tool = tool();
    assert!(tool.exists(), "{} is missing: run `make test-tools`", tool.display());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            tcp.set_nodelay(true).unwrap();
            tokio::spawn(echo(tcp));
        }
    });
    let reports = tempfile::tempdir().unwrap();
    let mut run = tokio::process::Command::new(tool);
    run.args(["--mode", "fuzzingclient", "--exclude", "12.*", "--exclude", "13.*", "--outdir"]);
    let run = run.arg(reports.path()).arg(&address).kill_on_drop(true).output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(300), run).await.unwrap().unwrap();
    server.abort();
    let index = std::fs::read(reports.path().join("index.json"))
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let index: Value = serde_json::from_slice(&index).unwrap();
    let cases = index.as_object().unwrap().values().next().unwrap().as_object().unwrap();
    assert!(cases.len() > 200, "only {} cases were run", cases.len());
    let passes = |result: &Value| ["OK", "INFORMATIONAL"].contains(&result.as_str().unwrap());
    let failed: Vec<_> = cases
        .iter()
        .filter(|(name, case)| !(NOT_STRICT.contains(&name.as_str()) && case["behavior"] == "NON-STRICT"))
        .filter(|(_, case)| !passes(&case["behavior"]) || !passes(&case["behaviorClose"]))
        .map(|(name, case)| format!("{name}: {} {}", case["behavior"], case["behaviorClose"]))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
