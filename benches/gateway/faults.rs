//! What clients lose when Redis or a server is started anew under load, and how long it takes until all are back.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use atalaya::domain::Role;
use futures_util::StreamExt;
use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;

use crate::people::{Notes, Person, token};
use crate::servers::{Keeps, Redis, Server};

/// Clients of a server that is started anew.
const CLIENTS: usize = 500;
/// Events a second meanwhile.
const PER_SECOND: u64 = 100;
/// Clients who come back in one moment.
const RUSH: usize = 10_000;
/// Events that they miss meanwhile, at least.
const MISSED: u64 = 20;
/// Handshakes of them that are under way at once: more would wait in the kernel.
const AT_ONCE: usize = 1000;
/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn measure(out: &mut impl Write) -> Result<()> {
    let folder = tempfile::tempdir()?;
    writeln!(out, "{}", redis_restarted(&folder.path().join("redis")).await?)?;
    writeln!(out, "{}", server_restarted(&folder.path().join("server")).await?)?;
    writeln!(out, "{}", rush(&folder.path().join("rush")).await?)?;
    Ok(())
}

/// Whoever publishes, numbered from 0.
struct Publisher {
    sent: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    task: JoinHandle<Result<()>>,
}

impl Publisher {
    /// Publishes at a server until it is told to stop; what got no answer is sent again.
    fn start(server: &Server) -> Result<Self> {
        let (sent, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, is_over) = (sent.clone(), stop.clone());
        let url = format!("http://127.0.0.1:{}/api/v1/events", server.port);
        let (client, token) = (reqwest::Client::new(), token("pos", Role::Admin)?);
        let task = tokio::spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 / PER_SECOND));
            while !is_over.load(Ordering::SeqCst) {
                pace.tick().await;
                let number = count.load(Ordering::SeqCst);
                let event = json!({"type": "ROUND_READY", "branch_id": 5, "id": format!("n{number}"), "number": number});
                let answer = client.post(&url).bearer_auth(&token).json(&event).send().await;
                if answer.is_ok_and(|answer| answer.status().is_success()) {
                    count.fetch_add(1, Ordering::SeqCst);
                }
            }
            Ok(())
        });
        Ok(Self { sent, stop, task })
    }

    async fn more(&self, count: u64) -> Result<()> {
        let goal = self.sent.load(Ordering::SeqCst) + count;
        let end = Instant::now() + PATIENCE;
        while self.sent.load(Ordering::SeqCst) < goal {
            anyhow::ensure!(Instant::now() < end, "{count} more events were not taken in time");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// How many were published.
    async fn end(self) -> Result<u64> {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await??;
        Ok(self.sent.load(Ordering::SeqCst))
    }
}

/// Clients, and how to tell them where to go.
struct People {
    notes: Arc<Notes>,
    home: watch::Sender<Option<String>>,
    tasks: Vec<JoinHandle<Result<Person>>>,
}

impl People {
    /// As many clients, once all of them are told what happens.
    async fn start(count: usize, server: &Server) -> Result<Self> {
        let notes = Arc::<Notes>::default();
        let (home, homes) = watch::channel(Some(server.url()));
        let start = |number| Ok(tokio::spawn(Person::new(number, notes.clone())?.follow(homes.clone())));
        let tasks = (0..count).map(start).collect::<Result<_>>()?;
        let people = Self { notes, home, tasks };
        people.until(|notes| notes.resumed.load(Ordering::Relaxed) >= count as u64).await?;
        Ok(people)
    }

    async fn until(&self, is_so: impl Fn(&Notes) -> bool) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while !is_so(&self.notes) {
            anyhow::ensure!(Instant::now() < end, "clients did not come so far in time");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    /// What they noticed, once all have `sent` events.
    async fn end(self, sent: u64) -> Result<String> {
        let all = sent * self.tasks.len() as u64;
        self.until(|notes| notes.newest.load(Ordering::Relaxed) >= all).await?;
        self.home.send_replace(None);
        for task in self.tasks {
            task.await??;
        }
        let Notes { lost, doubled, gaps, .. } = &*self.notes;
        let [lost, doubled, gaps] = [lost, doubled, gaps].map(|count| count.load(Ordering::Relaxed));
        Ok(format!(
            "{sent} events to each, {lost} lost, {doubled} doubled or out of order, {gaps} gaps told; target 0, 0, 0"
        ))
    }
}

/// Redis is killed and comes back a second later; until when clients hear of what happens again.
async fn redis_restarted(folder: &Path) -> Result<String> {
    let data = folder.join("redis");
    std::fs::create_dir_all(&data)?;
    let mut redis = Redis::start(&data, Keeps::Everything).await?;
    let server = Server::start(&folder.join("data"), &redis).await?;
    let people = People::start(100, &server).await?;
    let publisher = Publisher::start(&server)?;
    publisher.more(100).await?;
    let mut worst = Duration::ZERO;
    for _ in 0..5 {
        redis.restart(Duration::from_secs(1)).await?;
        let (back, before) = (Instant::now(), people.notes.newest.load(Ordering::Relaxed));
        people.until(|notes| notes.newest.load(Ordering::Relaxed) > before).await?;
        worst = worst.max(back.elapsed());
        publisher.more(100).await?;
    }
    let said = people.end(publisher.end().await?).await?;
    let ms = worst.as_millis();
    Ok(format!(
        "Redis killed 5 times, 1 s away: told again {ms} ms after it listens at worst, target < 1000; {said}"
    ))
}

/// One of two servers is started anew; its clients go to the other one, and the second time back.
async fn server_restarted(folder: &Path) -> Result<String> {
    let data = folder.join("redis");
    std::fs::create_dir_all(&data)?;
    let redis = Redis::start(&data, Keeps::Everything).await?;
    let one = Server::start(&folder.join("one"), &redis).await?;
    let two = Server::start(&folder.join("two"), &redis).await?;
    let people = People::start(CLIENTS, &one).await?;
    let publisher = Publisher::start(&two)?;
    publisher.more(200).await?;
    people.home.send_replace(Some(two.url()));
    let begin = Instant::now();
    one.stop().await?;
    people.until(|notes| notes.resumed.load(Ordering::Relaxed) >= 2 * CLIENTS as u64).await?;
    let took = begin.elapsed().as_millis();
    let _one = Server::start(&folder.join("one"), &redis).await?;
    publisher.more(200).await?;
    let said = people.end(publisher.end().await?).await?;
    Ok(format!(
        "one of two servers stopped with {CLIENTS} clients, {PER_SECOND} events a second: all back after {took} ms; {said}"
    ))
}

/// Ten thousand clients are cut off, and all come back for what they missed.
async fn rush(folder: &Path) -> Result<String> {
    let data = folder.join("redis");
    std::fs::create_dir_all(&data)?;
    let redis = Redis::start(&data, Keeps::Everything).await?;
    let server = Server::start(&folder.join("data"), &redis).await?;
    let notes = Arc::<Notes>::default();
    let mut people =
        (0..RUSH).map(|number| Person::new(number, notes.clone())).collect::<Result<Vec<_>>>()?;
    let (mut took, mut sent) = (Vec::new(), 0);
    for round in 0..2 {
        if round > 0 {
            let publisher = Publisher::start(&server)?;
            publisher.more(MISSED).await?;
            sent = publisher.end().await?;
        }
        let begin = Instant::now();
        let gate = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
        let url = server.url();
        let coming = people.iter_mut().map(|person| async {
            let _turn = gate.acquire().await?;
            let mut socket = person.connect(&url).await?;
            loop {
                let message = socket.next().await.context("the connection should stay")??;
                if let Message::Text(text) = message {
                    let message: serde_json::Value = serde_json::from_str(&text)?;
                    person.hear(&message);
                    if message["type"] == "resumed" {
                        return Ok::<_, anyhow::Error>(socket);
                    }
                }
            }
        });
        let sockets = join_all(coming).await.into_iter().collect::<Result<Vec<_>>>()?;
        took.push(begin.elapsed().as_millis());
        drop(sockets);
    }
    let left = empty(server.port).await?;
    let Notes { lost, doubled, gaps, newest, .. } = &*notes;
    let [lost, doubled, gaps, newest] =
        [lost, doubled, gaps, newest].map(|count| count.load(Ordering::Relaxed));
    let lost = lost + (sent * RUSH as u64).saturating_sub(newest);
    Ok(format!(
        "{RUSH} clients come / are cut off, miss {sent} events and come back: {} / {} ms until the last one has \
         everything, {lost} lost, {doubled} doubled or out of order, {gaps} gaps told; {left} connections left after they \
         went; target 0, 0, 0, 0",
        took[0], took[1]
    ))
}

/// Connections that are counted a while after all have gone.
async fn empty(port: u16) -> Result<u64> {
    let mut left = u64::MAX;
    for _ in 0..200 {
        let health: serde_json::Value =
            reqwest::get(format!("http://127.0.0.1:{port}/ws/health")).await?.json().await?;
        left = health["connections"]["total"].as_u64().context("a health should count connections")?;
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    Ok(left)
}
