//! The console in headless Chromium against the real server and its demo camera.
//!
//! This file starts `atalaya demo` and hands its link to `console/tests/browser`, where the assertions are: they need
//! to run next to the browser.

#![allow(clippy::print_stdout, reason = "what server and browser said is shown when the test fails")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
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

/// Starts the demo on any free port; gives its login link.
fn start_demo(data_dir: &std::path::Path) -> (Server, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_atalaya"))
        .args(["demo", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server should start");
    let (found, links) = mpsc::channel();
    let outputs: [Box<dyn Read + Send>; 2] =
        [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
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

#[test]
fn console_shows_people_boxed_in_a_browser() {
    let data = tempfile::tempdir().unwrap();
    let (_server, link) = start_demo(data.path());
    let browser = Command::new("node")
        .args(["--test", "--test-reporter=spec", "console/tests/browser/console.test.mjs"])
        .env("ATALAYA_LINK", link)
        .output()
        .expect("node should start: run `make setup`");
    println!("{}{}", String::from_utf8_lossy(&browser.stdout), String::from_utf8_lossy(&browser.stderr));
    assert!(browser.status.success(), "the browser found something wrong, see above");
}
