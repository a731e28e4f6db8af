//! Who may use whom: the arrows of ARCHITECTURE.md, read off the paths in the code.

use crate::source::{Source, read_tree, root};

/// A room and the rooms it may use. A room may use itself.
///
/// Files named here have an arrow of their own, narrower than their room's.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("clock", &["domain"]),
    ("config", &["domain"]),
    // Pure: tracks and times in, visits and shifts out.
    ("visit", &["domain"]),
    ("shift", &["domain"]),
    ("auth/roles.rs", &["domain"]),
    ("auth", &["domain", "config", "store", "clock"]),
    // The contract shows what these rooms hold, and calls none of them.
    ("wire", &["domain", "visit", "camera", "auth", "viewer", "discover"]),
    // Who runs a shift's bounds and an open visit is known to the pure rooms; the store keeps what they say.
    ("store", &["domain", "config", "clock", "shift", "visit"]),
    ("camera", &["domain", "config", "clock"]),
    // What it looks up in the store, and what Redis is for, is handed in by the app.
    ("gateway", &["domain", "config", "clock", "auth", "wire"]),
    ("viewer", &["domain", "config", "clock", "camera"]),
    ("recorder", &["domain", "clock", "visit", "shift", "store", "camera"]),
    // Scheduled work on the store; where there are cameras is handed in by the app.
    ("jobs", &["domain", "clock", "shift", "store"]),
    (
        "api",
        &[
            "domain", "clock", "config", "visit", "shift", "store", "auth", "wire", "camera", "viewer",
            "still", "voice", "totem", "jobs", "discover", "gateway",
        ],
    ),
    // An IP camera as the server would meet it: it knows nothing of the server.
    ("demo", &["domain", "config"]),
    ("run", &["domain", "clock", "config", "visit", "wire", "camera"]),
    // A picture in, people out: no camera, no store.
    ("still", &["domain"]),
    // The same of sound: bytes in, stretches of speech out.
    ("voice", &[]),
    // Pictures and sound of totems: sockets as the gateway has them, looked at and listened to.
    ("totem", &["domain", "clock", "config", "auth", "gateway", "store", "still", "voice", "wire"]),
    // Sockets to strangers: it knows what a camera is, and nothing of those that run.
    ("discover", &["domain", "clock", "config"]),
    ("doctor", &["domain", "config", "camera", "store", "viewer"]),
];

/// These may use every room; nothing but the next one to the right may use them.
const TOP: &[(&str, &[&str])] = &[("app", &["cli", "main"]), ("cli", &["main"]), ("main", &[])];

/// External crates that stay behind one door, and who holds the key.
const DOORS: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("warp", &["api"]),
    ("str0m", &["viewer"]),
    // Its key of a handshake is asked for at the door.
    ("tungstenite", &["gateway", "api"]),
    ("jsonwebtoken", &["auth"]),
    // The simulated camera is a command of its own as well.
    ("clap", &["cli", "main", "demo"]),
    ("anyhow", &["app", "cli", "main", "run", "demo"]),
    ("gst_rtsp_server", &["demo"]),
    // Foreign XML is read in one place, within its bounds.
    ("roxmltree", &["discover"]),
    // What a spreadsheet may take for a formula is defused in one place.
    ("csv", &["wire"]),
    ("ort", &[]),
    ("tokio_cron_scheduler", &["jobs"]),
    ("redis", &["gateway"]),
    // TLS to Redis and to clients, and the form in which files hold keys.
    ("rustls", &["gateway", "api", "auth"]),
    ("tokio_rustls", &["gateway", "api"]),
];

/// The room of a file below `src`: its first folder, or its name.
fn room(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    let first = inside.split('/').next()?;
    Some(first.strip_suffix(".rs").unwrap_or(first)).filter(|&room| room != "lib")
}

fn may_use(path: &str, from: &str, to: &str) -> bool {
    if from == to || TOP.iter().any(|&(top, _)| top == from) && !TOP.iter().any(|&(top, _)| top == to) {
        return true;
    }
    if let Some((_, users)) = TOP.iter().find(|&&(top, _)| top == to) {
        return users.contains(&from);
    }
    let inside = path.trim_start_matches("src/");
    let arrow = ARROWS.iter().find(|&&(name, _)| name == inside || name == from);
    arrow.is_some_and(|(_, targets)| targets.contains(&to))
}

/// The words that follow `crate::` or `atalaya::` in a piece of code, groups opened: `crate::{a, b::c}` is a and b.
fn rooms_named(code: &str) -> Vec<(usize, String)> {
    let mut named = Vec::new();
    for root in ["crate::", "atalaya::"] {
        for (at, _) in code.match_indices(root) {
            if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
                continue;
            }
            let line = code[..at].matches('\n').count() + 1;
            let rest = &code[at + root.len()..];
            named.extend(first_words(rest).into_iter().map(|word| (line, word)));
        }
    }
    named
}

fn first_words(path: &str) -> Vec<String> {
    let word =
        |text: &str| text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let Some(group) = path.strip_prefix('{') else { return vec![word(path)] };
    let (mut depth, mut words, mut start) = (0, Vec::new(), 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                words.push(word(&group[start..at]));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                words.push(word(&group[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn arrow_breaches(files: &[Source], rooms: &[String]) -> Vec<String> {
    let mut breaches = Vec::new();
    for file in files {
        let Some(from) = room(&file.path) else { continue };
        for (line, to) in rooms_named(&file.code) {
            if rooms.contains(&to) && !may_use(&file.path, from, &to) {
                breaches.push(file.breach(line, &format!("{from} must not use {to}")));
            }
        }
    }
    breaches
}

/// `super` that leaves the room would be an arrow that is not seen.
fn super_breaches(files: &[Source]) -> Vec<String> {
    let mut breaches = Vec::new();
    for file in files {
        let depth = file.path.trim_start_matches("src/").trim_end_matches("/mod.rs").split('/').count();
        let mut inner = 0;
        for (line, code) in file.lines() {
            if code.trim_start().starts_with("mod ") && code.trim_end().ends_with('{') {
                inner += 1;
            }
            let longest = (1..6).rev().find(|&count| code.contains(&"super::".repeat(count))).unwrap_or(0);
            if longest >= depth + inner && file.path != "src/lib.rs" {
                breaches.push(file.breach(line, "`super` leaves the room; write `crate::`"));
            }
        }
    }
    breaches
}

fn door_breaches(files: &[Source]) -> Vec<String> {
    let mut breaches = Vec::new();
    for file in files {
        let Some(from) = room(&file.path) else { continue };
        for (line, code) in file.lines() {
            for (name, holders) in DOORS {
                let is_named = code.match_indices(&format!("{name}::")).any(|(at, _)| {
                    !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':')
                });
                if is_named && !holders.contains(&from) {
                    breaches.push(file.breach(line, &format!("only {holders:?} may use the crate {name}")));
                }
            }
        }
    }
    breaches
}

/// The lowest rooms hold plain types and the clock: they need no crate but std.
fn std_breaches(files: &[Source]) -> Vec<String> {
    let own = ["std", "core", "alloc", "crate", "super", "self"];
    let mut breaches = Vec::new();
    for file in files.iter().filter(|file| matches!(room(&file.path), Some("domain" | "clock"))) {
        for (line, code) in file.lines() {
            let Some(path) = code.trim_start().trim_start_matches("pub ").strip_prefix("use ") else {
                continue;
            };
            let first = first_words(path.trim_start_matches("::")).remove(0);
            let is_module = code.trim_start().starts_with("pub use");
            if !own.contains(&first.as_str()) && !is_module {
                breaches.push(file.breach(line, &format!("uses {first}; only std may be used here")));
            }
        }
    }
    breaches
}

fn rooms_of(files: &[Source]) -> Vec<String> {
    let mut rooms: Vec<_> = files.iter().filter_map(|file| room(&file.path)).map(str::to_owned).collect();
    rooms.sort();
    rooms.dedup();
    rooms
}

#[test]
fn nothing_points_left() {
    let files = read_tree(&["src"], &[".rs"]);
    let rooms = rooms_of(&files);
    for room in &rooms {
        let is_known = ARROWS.iter().chain(TOP).any(|&(name, _)| name == room);
        assert!(is_known, "src/{room} has no arrow in tests/architecture/direction.rs");
    }
    let breaches = [arrow_breaches(&files, &rooms), super_breaches(&files)].concat();
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn crates_stay_behind_their_doors() {
    let files = read_tree(&["src"], &[".rs"]);
    let breaches = [door_breaches(&files), std_breaches(&files)].concat();
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn plugin_knows_nothing_of_the_app() {
    for file in read_tree(&["plugins/vision/src"], &[".rs"]) {
        assert!(!file.code.contains("atalaya::"), "{} uses the app", file.path);
    }
}

#[test]
fn every_room_stands_in_the_plan_and_in_the_layout() {
    let plan = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let layout = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let rooms = rooms_of(&read_tree(&["src"], &[".rs"]));
    for room in rooms.iter().filter(|&room| room != "main") {
        let named = [format!("`src/{room}`"), format!("`src/{room}.rs`")];
        assert!(named.iter().any(|name| plan.contains(name)), "ARCHITECTURE.md has no `src/{room}`");
        assert!(layout.contains(&format!("mod {room};")), "src/lib.rs has no {room}");
    }
}

#[test]
fn wrong_arrow_is_found() {
    let rooms = ["domain", "store", "api", "app", "auth", "camera"].map(str::to_owned);
    let cases = [
        ("src/domain/a.rs", "use crate::store::Store;"),
        ("src/store/a.rs", "use crate::{domain::Visit, api::{self, State}};"),
        ("src/camera/a.rs", "fn f() { crate::store::open() }"),
        ("src/auth/roles.rs", "use crate::store::Store;"),
        ("src/api/a.rs", "use crate::app;"),
        ("src/api.rs", "use super::store;"),
        ("src/api/mod.rs", "use super::store;"),
        ("src/api/cameras.rs", "use super::super::store;"),
    ];
    for (path, text) in cases {
        let files = [Source::new(path, text)];
        let breaches = [arrow_breaches(&files, &rooms), super_breaches(&files)].concat();
        assert_eq!(breaches.len(), 1, "{path}: {text}: {breaches:?}");
    }
    let fine = [
        ("src/api/a.rs", "use crate::store::Store;\n// use crate::app;\nuse super::b;"),
        ("src/auth/mod.rs", "use crate::store::Store;\nmod tests {\n    use super::*;\n}"),
        ("src/app.rs", "use crate::{api, store};"),
        ("src/main.rs", "use atalaya::app;"),
    ];
    for (path, text) in fine {
        let files = [Source::new(path, text)];
        let breaches = [arrow_breaches(&files, &rooms), super_breaches(&files)].concat();
        assert!(breaches.is_empty(), "{breaches:?}");
    }
}

#[test]
fn crate_outside_of_its_door_is_found() {
    let bad = [
        Source::new("src/api/a.rs", "use sqlx::Row;"),
        Source::new("src/store/a.rs", "fn f() -> warp::Reply {}"),
    ];
    assert_eq!(door_breaches(&bad).len(), 2);
    assert!(
        door_breaches(&[Source::new("src/store/a.rs", "use sqlx::Row;\nmy_sqlx::f(); a::sqlx::g();")])
            .is_empty()
    );
    assert_eq!(
        std_breaches(&[Source::new("src/domain/a.rs", "use std::fmt;\nuse serde::Serialize;")]).len(),
        1
    );
}
