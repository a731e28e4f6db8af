//! The console in headless Chromium against the real server and its demo camera.
//!
//! This file starts `atalaya demo` and hands its link to `console/tests/browser`, where the assertions are: they need
//! to run next to the browser.

#![allow(clippy::print_stdout, reason = "what server and browser said is shown when the test fails")]

use std::io::{BufRead, BufReader, Read};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;

/// Building the pipeline, loading the model and making the database take a second or two on an idle machine.
const LINK_WITHIN: Duration = Duration::from_secs(60);

/// Ends the server whichever way the test ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // The process may be gone already, and then there is nothing to end.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// What [`start_stun`] says the browser's address is; nobody has it.
const SEEN_AS: [u8; 4] = [192, 0, 2, 7];

/// A STUN server (RFC 8489) as far as a browser needs one; gives its URL. It tells everybody the same made-up address,
/// by which the test knows whom the browser has asked.
fn start_stun() -> String {
    const MAGIC: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
    const BINDING_REQUEST: [u8; 2] = [0, 1];
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port of this machine should be free");
    let url = format!("stun:{}", socket.local_addr().expect("a bound socket should have an address"));
    std::thread::spawn(move || {
        let mut request = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut request) {
            if length < 20 || request[..2] != BINDING_REQUEST || request[4..8] != MAGIC {
                continue;
            }
            let mut answer = vec![1, 1, 0, 12];
            answer.extend(&request[4..20]);
            // XOR-MAPPED-ADDRESS: IPv4, port 40000.
            answer.extend([0, 0x20, 0, 8, 0, 1]);
            answer.extend((40_000_u16 ^ 0x2112).to_be_bytes());
            answer.extend(SEEN_AS.iter().zip(MAGIC).map(|(byte, mask)| byte ^ mask));
            socket.send_to(&answer, from).ok();
        }
    });
    url
}

/// Starts the demo on any free port; gives its login link.
fn start_demo(data_dir: &Path) -> (Server, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_atalaya"))
        .args(["demo", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        .env("ATALAYA_WEBRTC__ICE_SERVERS", format!("[{{ url = '{}' }}]", start_stun()))
        .env("ATALAYA_BRANCHES", "[{ id = 2, name = 'Beach', time_zone = 'Europe/Madrid' }]")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server should start");
    let (found, links) = mpsc::channel();
    let outputs: [Box<dyn Read + Send>; 2] = [
        Box::new(child.stdout.take().expect("stdout should be piped")),
        Box::new(child.stderr.take().expect("stderr should be piped")),
    ];
    for output in outputs {
        let found = found.clone();
        std::thread::spawn(move || {
            // Read to the end, so that the server never waits for a full pipe.
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                println!("server: {line}");
                if let Some(link) = login_link(&line) {
                    found.send(link.to_owned()).ok();
                }
            }
        });
    }
    let server = Server(child);
    let link = links.recv_timeout(LINK_WITHIN).expect("the server should print a login link");
    (server, link)
}

fn login_link(line: &str) -> Option<&str> {
    line.split_whitespace().find(|word| word.starts_with("http://") && word.contains("/login?token="))
}

/// One browser at a time: two of them decoding video beside a server leave a small machine no time for any.
static BROWSER: Mutex<()> = Mutex::new(());

/// Runs one file of `console/tests/browser` against a server of its own.
fn browse(file: &str) {
    let _turn = BROWSER.lock().unwrap_or_else(PoisonError::into_inner);
    let data = tempfile::tempdir().expect("a folder should be to be had");
    let (_server, link) = start_demo(data.path());
    let browser = Command::new("node")
        .args(["--test", "--test-reporter=spec", &format!("console/tests/browser/{file}")])
        .env("ATALAYA_LINK", link)
        .output()
        .expect("node should start: run `make setup`");
    println!("{}{}", String::from_utf8_lossy(&browser.stdout), String::from_utf8_lossy(&browser.stderr));
    assert!(browser.status.success(), "the browser found something wrong, see above");
}

#[test]
fn console_shows_people_boxed_in_a_browser() {
    browse("console.test.mjs");
}

#[test]
fn shifts_are_told_compared_and_exported() {
    browse("shifts.test.mjs");
}

#[test]
fn system_page_tells_how_the_server_does() {
    browse("system.test.mjs");
}

#[test]
fn pages_have_manners() {
    browse("manners.test.mjs");
}

#[test]
fn cameras_are_set_drawn_on_and_counted_by_in_a_browser() {
    browse("camera-page.test.mjs");
}

#[test]
fn cameras_are_added_in_a_browser() {
    browse("add-camera.test.mjs");
}

#[test]
fn boxes_drawn_by_a_browser_are_on_their_own_frames() {
    browse("overlay.test.mjs");
}

#[test]
fn console_tells_what_happens_and_what_was_missed() {
    browse("events.test.mjs");
}

#[test]
fn console_describes_branches_shifts_and_sectors() {
    browse("places.test.mjs");
}

#[test]
fn totem_sees_people_in_a_browser() {
    browse("totem.test.mjs");
}

#[test]
fn totems_are_watched_in_a_browser() {
    browse("visualization.test.mjs");
}

#[test]
fn foreign_clients_play_a_camera_and_are_one() {
    browse("webrtc.test.mjs");
}
