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
        except: &["src/auth", "src/store/connect.rs", "src/store/spool/tests.rs"],
        within: &["src", "plugins/vision/src"],
        reason: "no frame may reach a disk; only the database and the signing secret are written",
    },
    Habit {
        word: "File::create",
        except: &["src/auth", "src/store/connect.rs"],
        within: &["src", "plugins/vision/src"],
        reason: "no frame may reach a disk; only the database and the signing secret are written",
    },
    Habit {
        word: "OpenOptions::new",
        // The doctor tries whether a folder can be written to.
        except: &[
            "src/auth",
            "src/config/folder.rs",
            "src/store/connect.rs",
            "src/store/spool",
            "src/doctor.rs",
            // The file that somebody asks for, with rows of the database in it.
            "src/cli/export.rs",
        ],
        within: &["src", "plugins/vision/src"],
        reason: "no frame may reach a disk; only records that wait for the database, it and the signing secret are written",
    },
];

/// This test itself, which names what it looks for.
fn is_checker(file: &Source) -> bool {
    file.path.starts_with("tests/architecture")
}

fn habit_breaches(file: &Source) -> Vec<String> {
    let mut breaches = Vec::new();
    let starts = |starts: &[&str]| starts.iter().any(|start| file.path.starts_with(start));
    for habit in HABITS.iter().filter(|habit| !is_checker(file) && !starts(habit.except)) {
        if !habit.within.is_empty() && !starts(habit.within) {
            continue;
        }
        let found = file.lines().filter(|(_, line)| contains_word(line, habit.word));
        breaches
            .extend(found.map(|(line, _)| file.breach(line, &format!("`{}`: {}", habit.word, habit.reason))));
    }
    breaches
}

/// Lines before a sleep in which the deadline of the wait has to stand.
const WAIT_LINES: usize = 24;

/// A test may sleep between two looks at a condition, with a deadline; it may not wait for time to pass.
fn sleep_breaches(file: &Source) -> Vec<String> {
    let lines: Vec<_> = file.lines().map(|(_, line)| line).collect();
    let has_deadline = |index: usize| {
        let before = &lines[index.saturating_sub(WAIT_LINES)..index];
        before.iter().any(|line| line.contains("Instant::now()")) && before.iter().any(|line| is_loop(line))
    };
    let sleeps = lines.iter().enumerate().filter(|(_, line)| contains_word(line, "sleep("));
    let blind = sleeps.filter(|(index, _)| !has_deadline(*index));
    blind
        .map(|(index, _)| file.breach(index + 1, "sleeps without a deadline; wait for the thing itself"))
        .collect()
}

fn is_loop(line: &str) -> bool {
    line.contains("loop {") || ["while ", "for "].iter().any(|word| line.trim_start().starts_with(word))
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
    let mut breaches: Vec<_> = read_tree(CODE, &[".rs"]).iter().flat_map(habit_breaches).collect();
    let tests = read_tree(&["tests", "plugins/vision/tests"], &[".rs"]);
    breaches.extend(tests.iter().filter(|file| !is_checker(file)).flat_map(sleep_breaches));
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
        ("src/store/a.rs", "let now = Utc::now();"),
        ("src/domain/a.rs", "#[derive(Serialize)]\nstruct A;"),
        ("plugins/vision/src/a.rs", "std::fs::write(path, frame)?;"),
        ("src/viewer/a.rs", "OpenOptions::new().write(true).open(path)?;"),
    ];
    for (path, text) in bad {
        assert_eq!(habit_breaches(&Source::new(path, text)).len(), 1, "{path}: {text}");
    }
    let fine = [
        ("src/a.rs", "// todo! is a word in a comment\nlet text = \"todo!\";"),
        ("src/camera/a.rs", "tokio::time::sleep(backoff).await;"),
        ("src/clock.rs", "Utc::now();"),
        ("src/wire/a.rs", "#[derive(Serialize)]\nstruct A;"),
    ];
    for (path, text) in fine {
        assert!(habit_breaches(&Source::new(path, text)).is_empty(), "{path}: {text}");
    }
}

#[test]
fn sleep_without_a_deadline_is_found() {
    let blind =
        ["thread::sleep(second);", "loop {\n    sleep(step).await;\n}", "Instant::now();\nsleep(step);"];
    for text in blind {
        assert_eq!(sleep_breaches(&Source::new("tests/a.rs", text)).len(), 1, "{text}");
    }
    let wait = "while !seen() {\n    assert!(Instant::now() < end);\n    sleep(step).await;\n}\n// sleep(\n";
    assert!(sleep_breaches(&Source::new("tests/a.rs", wait)).is_empty());
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
