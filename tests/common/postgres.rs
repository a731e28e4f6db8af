//! A real Postgres for tests: a cluster of its own in a temporary folder, reached by a Unix socket only.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longest time the server may take to answer or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// The cluster all tests of a process share while one of them holds it.
static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

/// A cluster; it stops and its files go when it is dropped.
#[derive(Debug)]
pub(crate) struct Cluster {
    folder: TempDir,
    binaries: PathBuf,
    server: Mutex<Option<Server>>,
    databases: AtomicU32,
}

/// A running server. Its process is the child of a thread that waits here, because the kernel ends it when
/// that thread is gone: so it goes with a killed test, too.
#[derive(Debug)]
struct Server {
    stop: mpsc::Sender<()>,
    keeper: JoinHandle<()>,
}

impl Cluster {
    /// The cluster of this process, started now when nobody holds it.
    pub(crate) fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap();
        if let Some(cluster) = shared.upgrade() {
            return cluster;
        }
        let cluster = Arc::new(Self::start());
        *shared = Arc::downgrade(&cluster);
        cluster
    }

    /// A cluster of one's own, to be stopped and started.
    pub(crate) fn start() -> Self {
        let binaries = find_binaries();
        let folder = tempfile::Builder::new().prefix("atalaya-pg-").tempdir().unwrap();
        if let Some(uid) = postgres_user() {
            chown(folder.path(), Some(uid), None).unwrap();
        }
        let cluster = Self { folder, binaries, server: Mutex::default(), databases: AtomicU32::default() };
        let init = cluster
            .command("initdb")
            .args(["--auth=trust", "--encoding=UTF8", "--no-sync", "--username=postgres"])
            // Texts are sorted as people do, hyphens ignored: what relies on the order of bytes must show.
            .args(["--locale-provider=icu", "--icu-locale=en-u-ka-shifted", "-D"])
            .arg(cluster.data())
            .output()
            .unwrap();
        assert!(init.status.success(), "initdb: {}", String::from_utf8_lossy(&init.stderr));
        cluster.resume();
        cluster
    }

    /// Starts the server (again) and waits until it answers.
    pub(crate) fn resume(&self) {
        let mut server = self.command("postgres");
        server.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        server.args(["-c", "listen_addresses=", "-c", "max_connections=50"]);
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let (stop, stopped) = mpsc::channel();
        let keeper = std::thread::spawn(move || {
            let mut child = server.spawn().unwrap();
            // An error says that the cluster was dropped; the server ends all the same.
            let _ = stopped.recv();
            end(&mut child);
        });
        *self.server.lock().unwrap() = Some(Server { stop, keeper });
        let deadline = Instant::now() + PATIENCE;
        while !self.answers() {
            assert!(Instant::now() < deadline, "Postgres should answer within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the server as a crash would, and returns when it is gone.
    pub(crate) fn crash(&self) {
        if let Some(server) = self.server.lock().unwrap().take() {
            // What is frozen would never end.
            self.thaw();
            let _ = server.stop.send(());
            server.keeper.join().unwrap();
        }
    }

    /// Kills all its processes at once, as when the power is cut, and returns when they are gone.
    pub(crate) fn kill(&self) {
        self.signal("-STOP");
        self.signal("-KILL");
        self.crash();
    }

    /// Stops all its processes where they are: connections stay open and nothing answers.
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets them go on.
    pub(crate) fn thaw(&self) {
        self.signal("-CONT");
    }

    /// To the server, then to its children, of which it then makes no more.
    fn signal(&self, signal: &str) {
        let Ok(file) = std::fs::read_to_string(self.data().join("postmaster.pid")) else { return };
        let server = file.lines().next().unwrap();
        // A child may be gone by now; that is no news.
        let send = |to: &str| Command::new("kill").args([signal, to]).stderr(Stdio::null()).status().unwrap();
        let children = || std::fs::read_to_string(format!("/proc/{server}/task/{server}/children"));
        // Those of a server that is gone are nobody's.
        let before = children().unwrap_or_default();
        send(server);
        let after = children().unwrap_or_default();
        for child in before.split_whitespace().chain(after.split_whitespace()) {
            send(child);
        }
    }

    /// URL of a new, empty database.
    pub(crate) fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let done = self
            .command("createdb")
            .args(["-h", &self.socket_folder(), "-U", "postgres", &name])
            .output()
            .unwrap();
        assert!(done.status.success(), "createdb: {}", String::from_utf8_lossy(&done.stderr));
        self.url(&name)
    }

    /// URL of a database, whether it exists or not.
    pub(crate) fn url(&self, name: &str) -> String {
        format!("postgres://postgres@localhost/{name}?host={}", self.socket_folder())
    }

    /// Runs a program of Postgres, its name first, in the cluster's own folder.
    pub(crate) fn run(&self, words: &[String]) {
        let done = self.command(&words[0]).args(&words[1..]).output().unwrap();
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    fn answers(&self) -> bool {
        let ready = self.command("pg_isready").args(["-q", "-h", &self.socket_folder()]).status();
        ready.unwrap().success()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn socket_folder(&self) -> String {
        self.folder.path().to_str().unwrap().to_owned()
    }

    /// A program of Postgres, run as user postgres when this process is root, as which it refuses to run.
    fn command(&self, name: &str) -> Command {
        let program = self.binaries.join(name);
        let mut command = Command::new("setpriv");
        command.arg("--pdeathsig=QUIT");
        if postgres_user().is_some() {
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
        }
        command.arg(program).current_dir(self.folder.path());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.crash();
    }
}

/// SIGQUIT: Postgres ends at once, without tidying up.
fn end(child: &mut Child) {
    let pid = child.id().to_string();
    let _ = Command::new("kill").args(["-QUIT", &pid]).status();
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// User id to give up root for; `None` when this process is not root.
fn postgres_user() -> Option<u32> {
    let id = |args: &[&str]| -> u32 {
        let output = Command::new("id").args(args).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.trim().parse().expect("root needs the user postgres: install the package postgresql")
    };
    (id(&["-u"]) == 0).then(|| id(&["-u", "postgres"]))
}

/// The newest installation's programs. There is no test without them: a silent skip would look like success.
fn find_binaries() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .max()
        .map(|version| Path::new("/usr/lib/postgresql").join(version.to_string()).join("bin"));
    let from_path = || {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file())
    };
    newest.or_else(from_path).expect("tests need Postgres: install the package postgresql")
}
