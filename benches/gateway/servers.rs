//! What is measured: our server in a process of its own, a Redis of its own, and others that are named by commands.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

pub(crate) const SECRET: &str = "a secret of the benches, long enough to sign with";

/// Our server.
pub(crate) struct Server {
    pub(crate) process: Child,
    pub(crate) port: u16,
}

impl Server {
    /// On a Redis, with its data in `folder`.
    pub(crate) async fn start(folder: &Path, redis: &Redis) -> Result<Self> {
        let settings = [
            ("ATALAYA_REDIS__URL", redis.url()),
            ("ATALAYA_GATEWAY__MAX_CONNECTIONS", "20000".to_owned()),
            ("ATALAYA_SERVER__REQUESTS_PER_SECOND", "0".to_owned()),
        ];
        Self::with(folder, settings).await
    }

    /// With its data in `folder` and what its environment sets.
    pub(crate) async fn with(
        folder: &Path,
        settings: impl IntoIterator<Item = (&str, String)>,
    ) -> Result<Self> {
        let mut process = Command::new(env!("CARGO_BIN_EXE_atalaya"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(folder)
            .env("ATALAYA_AUTH__JWT_SECRET", SECRET)
            .env("ATALAYA_WEBRTC__LISTEN", "127.0.0.1:0")
            .envs(settings)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let mut lines = BufReader::new(process.stdout.take().context("it should be piped")?).lines();
        while let Some(line) = lines.next_line().await? {
            let port = line.rsplit(':').next().map(|rest| rest.trim_end_matches('/'));
            if let Some(port) = port.and_then(|rest| rest.split('/').next()?.parse().ok()) {
                // What comes later is read away, so that the server never waits for it.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Ok(Self { process, port });
            }
        }
        anyhow::bail!("the server did not say where it listens")
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}", self.port)
    }

    /// Ends it as a service manager does, and waits for it.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = self.process.id().context("it should run")?.to_string();
        Command::new("kill").args(["-TERM", &pid]).status().await?;
        self.process.wait().await?;
        Ok(())
    }
}

pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

pub(crate) async fn listens(port: u16) -> Result<()> {
    for _ in 0..3000 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    anyhow::bail!("nothing listens on {port}")
}

/// What a Redis has when it comes back after it was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keeps {
    /// All that it took: nobody gets an answer before the disk has it.
    Everything,
    /// As it comes. Under load the others measure the disk.
    Nothing,
}

/// A Redis of its own.
pub(crate) struct Redis {
    pub(crate) port: u16,
    folder: PathBuf,
    keeps: Keeps,
    process: Child,
}

impl Redis {
    pub(crate) async fn start(folder: &Path, keeps: Keeps) -> Result<Self> {
        let port = free_port()?;
        let process = spawn_redis(port, folder, keeps)?;
        listens(port).await?;
        Ok(Self { port, folder: folder.to_owned(), keeps, process })
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it; it comes back after `away`, and this returns when it listens again.
    pub(crate) async fn restart(&mut self, away: Duration) -> Result<()> {
        self.process.kill().await?;
        tokio::time::sleep(away).await;
        self.process = spawn_redis(self.port, &self.folder, self.keeps)?;
        listens(self.port).await
    }
}

fn spawn_redis(port: u16, folder: &Path, keeps: Keeps) -> Result<Child> {
    let log = match keeps {
        Keeps::Everything => ["--appendonly", "yes", "--appendfsync", "always"],
        Keeps::Nothing => ["--appendonly", "no", "--appendfsync", "no"],
    };
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
        .args(log)
        .arg("--dir")
        .arg(folder)
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("redis-server cannot be started: apt-get install redis-server")
}
