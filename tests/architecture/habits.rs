//! House rules that no linter knows: length, headers, and words that must not stand there.

use crate::source::{Source, read_tree};

const CODE: &[&str] = &["src", "plugins", "tests", "benches", "build.rs"];

/// Whoever needs more has two things in one file.
const MAX_LINES: usize = 400;

/// What must not stand in code, where it may, and why.
struct Habit {
    word: &'static str,
    /// Files whose path starts so may.
    except: &'static [&'static str],
    /// Only files whose path starts so are looked at; empty: all.
    within: &'static [&'static str],
    reason: &'static str,
}

impl Habit {
    const fn everywhere(word: &'static str, reason: &'static str) -> Self {
        Self { word, except: &[], within: &[], reason }
    }
}

const HABITS: &[Habit] = &[
    Habit::everywhere("todo!", "finish it"),
    Habit::everywhere("unimplemented!", "finish it"),
    Habit::everywhere("#[ignore", "a test that does not run tests nothing"),
    Habit::everywhere("should_panic", "return an error and check it"),
    Habit::everywhere("mod utils", "name what it does"),
    Habit::everywhere("mod helpers", "name what it does"),
    Habit::everywhere("mod manager", "name what it does"),
    Habit {
        word: "sleep(",
        // One helper asks again and again until a condition holds or its time is up; it has to wait in between.
        except: &["tests/common"],
        within: &["tests"],
        reason: "wait for the thing itself, not for time to pass",
    },
    Habit { word: "Utc::now(", except: &["src/clock.rs"], within: &["src"], reason: "ask the Clock" },
    Habit { word: "Local::now(", except: &["src/clock.rs"], within: &["src"], reason: "ask the Clock" },
    Habit { word: "Zoned::now(", except: &["src/clock.rs"], within: &["src"], reason: "ask the Clock" },
    Habit { word: "Timestamp::now(", except: &["src/clock.rs"], within: &["src"], reason: "ask the Clock" },
    Habit {
        word: "Serialize",
        except: &[],
        within: &["src/domain", "plugins/vision/src"],
        reason: "the JSON contract is wire's",
    },
    Habit {
        word: "fs::write(",
        except: &["src/auth", "src/store/connect.rs"],
        within: &["src", "plugins/vision/src"],
        reason: "no frame may reach a disk; only the database and the signing secret are written",
    },
    Habit {
        word: "File::create",
        except: &["src/auth", "src/store/connect.rs"],
        within: &["src", "plugins/vision/src"],
        reason: "no frame may reach a disk; only the database and the signing secret are written",
    },
];

fn habit_breaches(file: &Source) -> Vec<String> {
    let mut breaches = Vec::new();
    let starts = |starts: &[&str]| starts.iter().any(|start| file.path.starts_with(start));
    let is_own = file.path.starts_with("tests/architecture");
    for habit in HABITS.iter().filter(|habit| !is_own && !starts(habit.except)) {
        if !habit.within.is_empty() && !starts(habit.within) {
            continue;
        }
        let found = file.lines().filter(|(_, line)| contains_word(line, habit.word));
        breaches
            .extend(found.map(|(line, _)| file.breach(line, &format!("`{}`: {}", habit.word, habit.reason))));
    }
    breaches
}

/// As a word of its own: `to_local::now(` is none of ours.
fn contains_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let starts_name = word.starts_with(|c: char| c.is_alphanumeric());
        !starts_name || !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
    })
}

fn form_breaches(file: &Source) -> Vec<String> {
    let mut breaches = Vec::new();
    let lines = file.text.lines().count();
    if lines > MAX_LINES {
        breaches.push(file.breach(lines, &format!("longer than {MAX_LINES} lines")));
    }
    if file.path.ends_with(".rs") && !file.text.starts_with("//! ") {
        breaches.push(file.breach(1, "does not start with `//! ` and what it is for"));
    }
    breaches.extend(
        file.text
            .lines()
            .enumerate()
            .filter(|(_, line)| is_switched_off_code(line))
            .map(|(index, _)| file.breach(index + 1, "code in a comment; delete it, history keeps it")),
    );
    breaches
}

/// A comment that reads like a statement.
fn is_switched_off_code(line: &str) -> bool {
    let Some(comment) = line.trim_start().strip_prefix("// ") else { return false };
    let starts = ["let ", "use ", "pub ", "fn ", "if ", "for ", "match ", "return ", "const ", "#["];
    starts.iter().any(|start| comment.trim_start().starts_with(start))
        && comment.ends_with([';', '{', '}', ']'])
}

fn pipeline_breaches(file: &Source) -> Vec<String> {
    let sinks = ["filesink", "multifilesink", "splitmuxsink", "hlssink", "giosink"];
    let found = sinks.iter().filter(|sink| file.text.contains(*sink));
    found.map(|sink| file.breach(1, &format!("{sink} would write pictures to a disk"))).collect()
}

#[test]
fn files_are_short_start_with_their_purpose_and_hold_no_dead_code() {
    let mut files = read_tree(CODE, &[".rs"]);
    files.extend(read_tree(&["console/src", "scripts", "models/convert"], &[".ts", ".tsx", ".py", ".sh"]));
    let breaches: Vec<_> = files.iter().flat_map(form_breaches).collect();
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn code_keeps_the_habits_of_the_house() {
    let breaches: Vec<_> = read_tree(CODE, &[".rs"]).iter().flat_map(habit_breaches).collect();
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn no_pipeline_writes_pictures() {
    let breaches: Vec<_> = read_tree(&["pipelines"], &[".toml"]).iter().flat_map(pipeline_breaches).collect();
    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn broken_habit_is_found() {
    let bad = [
        ("src/a.rs", "fn f() { todo!() }"),
        ("tests/a.rs", "#[ignore = \"slow\"]\nfn f() {}"),
        ("tests/a.rs", "std::thread::sleep(second);"),
        ("src/store/a.rs", "let now = Utc::now();"),
        ("src/domain/a.rs", "#[derive(Serialize)]\nstruct A;"),
        ("plugins/vision/src/a.rs", "std::fs::write(path, frame)?;"),
    ];
    for (path, text) in bad {
        assert_eq!(habit_breaches(&Source::new(path, text)).len(), 1, "{path}: {text}");
    }
    let fine = [
        ("src/a.rs", "// todo! is a word in a comment\nlet text = \"todo!\";"),
        ("tests/common/wait.rs", "tokio::time::sleep(step).await;"),
        ("src/camera/a.rs", "tokio::time::sleep(backoff).await;"),
        ("src/clock.rs", "Utc::now();"),
        ("src/wire/a.rs", "#[derive(Serialize)]\nstruct A;"),
    ];
    for (path, text) in fine {
        assert!(habit_breaches(&Source::new(path, text)).is_empty(), "{path}: {text}");
    }
}

#[test]
fn broken_form_is_found() {
    let long = "//! a\n".repeat(MAX_LINES + 1);
    let bad = [("a.rs", long.as_str()), ("a.rs", "use std::fmt;\n"), ("a.rs", "//! a\n    // let x = 1;\n")];
    for (path, text) in bad {
        assert_eq!(form_breaches(&Source::new(path, text)).len(), 1, "{text:.40}");
    }
    let fine = "//! a\n// If a camera is lost, it comes back.\n// Use of this is rare;\n/// let x = 1;\n";
    assert!(form_breaches(&Source::new("a.rs", fine)).is_empty());
    let sink = Source::new("pipelines/a.toml", "launch = \"videotestsrc ! filesink\"");
    assert_eq!(pipeline_breaches(&sink).len(), 1);
}
