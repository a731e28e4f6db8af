//! Clients that do not do their part: the server waits for them, but not for ever.

use std::time::Duration;

use atalaya::api::Limits;
use atalaya::domain::Role;
use reqwest::{Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::world::{World, caller};

/// Longest wait for the server to notice.
const DEADLINE: Duration = Duration::from_secs(30);

async fn viewers(world: &World) -> u64 {
    world.get("/api/v1/cameras/hall/status").await.1["viewers"].as_u64().unwrap()
}

/// Waits until so many watch.
async fn until_viewers(world: &World, wanted: u64) {
    let watching = async { while viewers(world).await != wanted {} };
    tokio::time::timeout(DEADLINE, watching)
        .await
        .unwrap_or_else(|_| panic!("there never were {wanted} viewers"));
}

/// A client with hardly any room for what comes, so that the server soon notices that it stopped reading.
async fn narrow_client(world: &World) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(world.address).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_that_stops_reading_loses_its_place_and_one_that_reads_does_not() {
    let limits = Limits { stall: Duration::from_secs(1), ..Limits::default() };
    let world = World::with_limits(limits).await;
    world.running(1, "hall").await;
    let mut reading = world.admin(Method::GET, "/api/v1/cameras/hall/mjpeg").send().await.unwrap();
    let mut stalled = narrow_client(&world).await;
    let token = world.token(&caller(1, &[], &[Role::Viewer]));
    let request = format!(
        "GET /api/v1/cameras/hall/mjpeg HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n",
        world.address
    );
    stalled.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    stalled.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    until_viewers(&world, 2).await;

    let read_on = async {
        loop {
            reading.chunk().await.unwrap().unwrap();
        }
    };
    tokio::select! {
        () = until_viewers(&world, 1) => {}
        () = read_on => {}
    }
    reading.chunk().await.unwrap().unwrap();
    assert_eq!(viewers(&world).await, 1, "the one that reads has stayed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_connects_and_asks_for_nothing_is_hung_up_on() {
    let limits = Limits { first_head: Duration::from_millis(300), ..Limits::default() };
    let world = World::with_limits(limits).await;
    // One that has asked may take its time over the next question: longer than the others have for the first.
    let mut asked = TcpStream::connect(world.address).await.unwrap();
    ask(&mut asked).await;
    for beginning in ["", "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: "] {
        let mut client = TcpStream::connect(world.address).await.unwrap();
        client.write_all(beginning.as_bytes()).await.unwrap();
        let read = tokio::time::timeout(DEADLINE, client.read(&mut [0; 64])).await.unwrap();
        assert_eq!(read.unwrap_or(0), 0, "{beginning:?}");
    }
    ask(&mut asked).await;
}

async fn ask(client: &mut TcpStream) {
    client.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut head = [0; 4096];
    let read = client.read(&mut head).await.unwrap();
    assert!(head[..read].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&head[..read]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_a_reasonable_length_is_taken_and_an_endless_one_is_not() {
    let world = World::start().await;
    for (bytes, status) in
        [(16 * 1024, StatusCode::OK), (128 * 1024, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)]
    {
        let request = world.bare(Method::GET, "/healthz").header("x-long", "x".repeat(bytes));
        assert_eq!(request.send().await.unwrap().status(), status);
    }
}
