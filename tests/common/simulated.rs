//! A simulated IP camera in a process of its own, which can be killed and put to sleep like a real one.

use std::process::{Command, Stdio};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

/// Ends with the test, whatever becomes of it.
pub(crate) struct SimulatedCamera {
    process: Child,
    pub(crate) url: String,
}

impl SimulatedCamera {
    /// Starts one and waits until it listens.
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        let mut process = tokio::process::Command::new(env!("CARGO_BIN_EXE_atalaya"))
            .arg("simulate-camera")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program should start");
        let stdout = process.stdout.take().expect("its output should be a pipe");
        let mut lines = BufReader::new(stdout).lines();
        let url =
            crate::common::within_deadline("the address of a simulated camera", lines.next_line()).await;
        let url = url.expect("its output should be text").expect("it should print its address");
        Self { process, url }
    }

    /// Starts one on the port that `url` names.
    pub(crate) async fn start_at(url: &str, arguments: &[&str]) -> Self {
        let port =
            url::Url::parse(url).ok().and_then(|url| url.port()).expect("a URL with a port").to_string();
        Self::start(&[&["--port", port.as_str()], arguments].concat()).await
    }

    /// As when its power is cut.
    pub(crate) async fn kill(mut self) -> String {
        self.process.kill().await.expect("a running process can be killed");
        self.url
    }

    /// As when its software hangs: connections stay open and nothing answers.
    pub(crate) fn hang(&self) {
        self.signal("STOP");
    }

    pub(crate) fn wake(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().expect("the process should run").to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().expect("kill should be there");
        assert!(sent.success(), "signal {name} could not be sent");
    }
}
