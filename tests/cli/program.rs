//! The program in a process and a folder of its own.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use crate::common::within_deadline;

/// A call of `atalaya` that is yet to be made.
pub(crate) struct Program {
    command: Command,
    /// Data folder and current folder of the call.
    pub(crate) folder: tempfile::TempDir,
}

/// Where models and footage lie on the tester's machine.
pub(crate) fn assets_dir() -> std::path::PathBuf {
    atalaya::config::load(&atalaya::config::Overrides::default()).unwrap().assets_dir
}

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Program {
    /// Nothing of the tester's own settings comes through but where the models lie.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_atalaya"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ATALAYA_") && name != "ATALAYA_ASSETS_DIR" {
                command.env_remove(name);
            }
        }
        command
            .args(arguments)
            .current_dir(folder.path())
            .env("ATALAYA_DATA_DIR", folder.path().join("data"));
        command.env("ATALAYA_WEBRTC__LISTEN", "127.0.0.1:0");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        Self { command, folder }
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn data_dir(self, folder: &Path) -> Self {
        self.env("ATALAYA_DATA_DIR", folder)
    }

    /// Lets it keep its data where it does when nothing is said, below a home of its own.
    pub(crate) fn usual_folders(mut self) -> Self {
        self.command.env("ATALAYA_ASSETS_DIR", assets_dir()).env_remove("ATALAYA_DATA_DIR");
        self.command.env("XDG_DATA_HOME", self.folder.path());
        self
    }

    /// Puts a file into the current folder of the call.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    /// Runs it to its end.
    pub(crate) async fn run(mut self) -> Ended {
        let output = within_deadline("the end of the program", self.command.output()).await.unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    pub(crate) fn start(mut self) -> Running {
        let mut child = self.command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = Arc::<Mutex<String>>::default();
        // Read to the end, so that the program never waits for a full pipe.
        let heard = said.clone();
        let stderr = tokio::spawn(async move {
            while let Some(line) = errors.next_line().await.unwrap() {
                heard.lock().unwrap().push_str(&format!("{line}\n"));
            }
            heard.lock().unwrap().clone()
        });
        Running { child, lines, said, stderr, folder: self.folder }
    }
}

/// A call that is being made.
pub(crate) struct Running {
    child: Child,
    lines: tokio::io::Lines<BufReader<ChildStdout>>,
    said: Arc<Mutex<String>>,
    stderr: tokio::task::JoinHandle<String>,
    pub(crate) folder: tempfile::TempDir,
}

impl Running {
    /// The next line of standard output.
    pub(crate) async fn line(&mut self) -> String {
        let line = within_deadline("a line of output", self.lines.next_line()).await.unwrap();
        line.expect("there should be another line of output")
    }

    /// The first line of standard output that holds `part`.
    pub(crate) async fn line_with(&mut self, part: &str) -> String {
        loop {
            let line = self.line().await;
            if line.contains(part) {
                return line;
            }
        }
    }

    /// Whether it has said this on standard error by now.
    pub(crate) fn has_said(&self, part: &str) -> bool {
        self.said(part) > 0
    }

    /// How often it has said this on standard error by now.
    pub(crate) fn said(&self, part: &str) -> usize {
        self.said.lock().unwrap().matches(part).count()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("the program should run")
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let sent = std::process::Command::new("kill").args(["-s", name, &id]).status().unwrap();
        assert!(sent.success(), "signal {name} could not be sent");
    }

    /// Closes its standard output and waits for its end: exit code and what it said on standard error.
    pub(crate) async fn leave(self) -> (Option<i32>, String) {
        let Self { mut child, lines, said: _, stderr, folder: _folder } = self;
        drop(lines);
        let status = within_deadline("the end of the program", child.wait()).await.unwrap();
        (status.code(), stderr.await.unwrap())
    }

    /// Waits for its end.
    pub(crate) async fn end(mut self) -> Ended {
        let mut stdout = String::new();
        while let Some(line) = within_deadline("the end of output", self.lines.next_line()).await.unwrap() {
            stdout.push_str(&line);
            stdout.push('\n');
        }
        let status = within_deadline("the end of the program", self.child.wait()).await.unwrap();
        Ended { code: status.code(), stdout, stderr: self.stderr.await.unwrap() }
    }
}

impl Ended {
    /// It did what it was asked to.
    #[track_caller]
    pub(crate) fn fine(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.stdout
    }

    /// It ended with `code` and said why in one message on standard error, with all of `parts` in it.
    #[track_caller]
    pub(crate) fn failed(self, code: i32, parts: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        for part in parts {
            assert!(self.stderr.contains(part), "{:?} does not say {part:?}", self.stderr);
        }
        let is_message = |line: &&str| line.starts_with("atalaya: ") || line.starts_with("error: ");
        let messages = self.stderr.lines().filter(is_message).count();
        // Called without a command, it shows its usage.
        assert!(messages == 1 || (messages == 0 && code == 2), "{}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }
}
