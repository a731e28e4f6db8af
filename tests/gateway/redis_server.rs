//! A real Redis for tests, in a folder of its own on a port of this machine, and a wire to it that can be cut.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::world::DEADLINE;

/// A server; it ends and its files go when it is dropped.
pub(crate) struct Redis {
    folder: tempfile::TempDir,
    port: u16,
    /// What is said to it besides.
    arguments: Vec<String>,
    running: Mutex<Option<Running>>,
}

/// Its process is the child of a thread that waits here, because the kernel ends it when that thread is gone: so it goes
/// with a killed test, too.
struct Running {
    pid: u32,
    stop: mpsc::Sender<()>,
    keeper: JoinHandle<()>,
}

impl Redis {
    pub(crate) fn start() -> Self {
        Self::with(Vec::new())
    }

    pub(crate) fn with(arguments: Vec<String>) -> Self {
        let folder = tempfile::Builder::new().prefix("atalaya-redis-").tempdir().unwrap();
        let port = free_port();
        let redis = Self { folder, port, arguments, running: Mutex::default() };
        redis.resume();
        redis
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Starts it again with what it had written down, and waits until it answers.
    pub(crate) fn resume(&self) {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig=KILL", "redis-server", "--bind", "127.0.0.1", "--save", ""]);
        command.args(["--port", &self.port.to_string(), "--appendonly", "yes", "--appendfsync", "always"]);
        command.arg("--dir").arg(self.folder.path()).args(&self.arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let ((stop, stopped), (started, pid)) = (mpsc::channel(), mpsc::channel());
        let keeper = std::thread::spawn(move || {
            let mut child: Child =
                command.spawn().expect("tests need Redis: install the package redis-server");
            started.send(child.id()).unwrap();
            // An error says that the server was dropped; it ends all the same.
            let _ = stopped.recv();
            let _ = child.kill();
            child.wait().unwrap();
        });
        let pid = pid.recv().expect("tests need Redis: install the package redis-server");
        *self.running.lock().unwrap() = Some(Running { pid, stop, keeper });
        let deadline = Instant::now() + DEADLINE;
        while self.connection().and_then(|mut link| redis::cmd("PING").exec(&mut link)).is_err() {
            assert!(Instant::now() < deadline, "Redis should answer within {DEADLINE:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Ends it as the power does, and returns when it is gone.
    pub(crate) fn kill(&self) {
        if let Some(running) = self.running.lock().unwrap().take() {
            let _ = running.stop.send(());
            running.keeper.join().unwrap();
        }
    }

    /// Makes it forget what it wrote down.
    pub(crate) fn wipe(&self) {
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
    }

    /// Stops it where it is: connections stay open and nothing answers.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.running.lock().unwrap().as_ref().unwrap().pid.to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    pub(crate) fn connection(&self) -> redis::RedisResult<redis::Connection> {
        redis::Client::open(self.url())?.get_connection_with_timeout(DEADLINE)
    }

    /// What is asked of it and not refused from now on, a line each.
    pub(crate) fn asked(&self) -> impl Iterator<Item = String> {
        let mut link = std::net::TcpStream::connect(self.address()).unwrap();
        link.set_read_timeout(Some(DEADLINE)).unwrap();
        link.write_all(b"MONITOR\r\n").unwrap();
        let mut lines = BufReader::new(link).lines().map(Result::unwrap);
        assert_eq!(lines.next().unwrap(), "+OK");
        lines
    }

    /// Publishes as other systems do; how many heard it.
    pub(crate) fn publish(&self, channel: &str, event: &serde_json::Value) -> u64 {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(channel).arg(event.to_string()).query(&mut self.connection().unwrap()).unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A wire to a server: it can swallow everything, as a network does that breaks in the middle, and it counts.
pub(crate) struct Wire {
    port: u16,
    state: Arc<WireState>,
    stop: CancellationToken,
}

#[derive(Default)]
struct WireState {
    is_cut: AtomicBool,
    /// Bytes from the server.
    bytes: AtomicU64,
    /// How often it carries something from there, if not at once.
    pace: Mutex<Option<Duration>>,
    /// Ends the connections that there are.
    generation: Mutex<CancellationToken>,
}

impl Wire {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (state, stop) = (Arc::<WireState>::default(), CancellationToken::new());
        let (carried, until) = (state.clone(), stop.clone());
        tokio::spawn(async move {
            while let Some(Ok((near, _))) = until.run_until_cancelled(listener.accept()).await {
                let (state, end) = (carried.clone(), carried.generation.lock().unwrap().child_token());
                tokio::spawn(async move { end.run_until_cancelled(carry(near, server, &state)).await });
            }
        });
        Self { port, state, stop }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.state.bytes.load(Ordering::SeqCst)
    }

    /// Makes each answer take its time, as on a wire to another town, for whoever connects from now on.
    pub(crate) fn stretch(&self, pace: Duration) {
        *self.state.pace.lock().unwrap() = Some(pace);
    }

    /// Swallows everything from now on, and says so to nobody.
    pub(crate) fn cut(&self) {
        self.state.is_cut.store(true, Ordering::SeqCst);
    }

    /// Carries again; the connections that there were stay dead.
    pub(crate) fn mend(&self) {
        let old = std::mem::take(&mut *self.state.generation.lock().unwrap());
        self.state.is_cut.store(false, Ordering::SeqCst);
        old.cancel();
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.stop.cancel();
        self.state.generation.lock().unwrap().cancel();
    }
}

async fn carry(near: TcpStream, server: SocketAddr, state: &WireState) {
    let Ok(far) = TcpStream::connect(server).await else { return };
    let (mut near_in, mut near_out) = near.into_split();
    let (mut far_in, mut far_out) = far.into_split();
    let there = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = near_in.read(&mut buffer).await {
            if !state.is_cut.load(Ordering::SeqCst) && far_out.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    };
    let mut pace = state.pace.lock().unwrap().map(tokio::time::interval);
    pace.iter_mut().for_each(|pace| pace.set_missed_tick_behavior(MissedTickBehavior::Delay));
    let back = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = far_in.read(&mut buffer).await {
            state.bytes.fetch_add(count as u64, Ordering::SeqCst);
            if let Some(pace) = &mut pace {
                pace.tick().await;
            }
            if !state.is_cut.load(Ordering::SeqCst) && near_out.write_all(&buffer[..count]).await.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        () = there => {}
        () = back => {}
    }
}
