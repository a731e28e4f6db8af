//! Reads the project's files, and Rust files as code: comments and texts blanked, lines kept.

use std::path::{Path, PathBuf};

/// One file of the project.
pub(crate) struct Source {
    /// From the project's root, with `/`.
    pub path: String,
    pub text: String,
    /// The text without comments and string contents; for Rust files only, else empty.
    pub code: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let code = if path.ends_with(".rs") { code_of(text) } else { String::new() };
        Self { path: path.to_owned(), text: text.to_owned(), code }
    }

    /// Lines of code with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// `path:line: complaint`, as editors open it.
    pub(crate) fn breach(&self, line: usize, complaint: &str) -> String {
        format!("{}:{line}: {complaint}", self.path)
    }
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files at and below `places` that end in one of `endings`, without what is fetched or built.
pub(crate) fn read_tree(places: &[&str], endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    for place in places {
        collect(&root().join(place), endings, &mut found);
    }
    assert!(!found.is_empty(), "no files in {places:?}: this would check nothing");
    found
}

fn collect(path: &Path, endings: &[&str], found: &mut Vec<Source>) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if let Ok(entries) = std::fs::read_dir(path) {
        if !["node_modules", "dist", "target"].contains(&&*name) {
            entries.for_each(|entry| collect(&entry.unwrap().path(), endings, found));
        }
    } else if endings.iter().any(|ending| name.ends_with(ending)) && path.exists() {
        let text = std::fs::read_to_string(path).unwrap();
        found.push(Source::new(&path.strip_prefix(root()).unwrap().to_string_lossy(), &text));
    }
}

/// Blanks comments and the insides of texts, so that what is looked for is found in code only.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if first == '"' {
            text_length(rest)
        } else if first == 'r' && !code.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            raw_text_length(rest)
        } else if first == '\'' {
            character_length(rest)
        } else {
            0
        };
        let (gone, kept) = rest.split_at(skipped);
        code.extend(gone.chars().filter(|&c| c == '\n'));
        rest = kept;
        if skipped == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    code
}

fn text_length(rest: &str) -> usize {
    let mut is_escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_text_length(rest: &str) -> usize {
    let hashes = rest[1..].chars().take_while(|&c| c == '#').count();
    if !rest[1 + hashes..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let start = 2 + hashes;
    rest[start..].find(&end).map_or(rest.len(), |at| start + at + end.len())
}

/// A character like `'"'`; 0 for a lifetime.
fn character_length(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), _) => {
            rest[2..].char_indices().skip(1).find(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 3)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}

#[test]
fn code_holds_neither_comments_nor_texts() {
    let text = "use a; // use b;\nlet x = \"use c; \\\" use d\"; /* use\ne */ let y = r#\"use \"f\"#;\nfn g<'a>(q: &'a str) { '\"'; '\\''; h() }";
    let code = code_of(text);
    for gone in ["b;", "c;", "d\"", "e */", "f"] {
        assert!(!code.replace("fn g", "").contains(gone), "{gone} is still in {code:?}");
    }
    for kept in ["use a;", "let x", "let y", "fn g<'a>(q: &'a str)", "h() }"] {
        assert!(code.contains(kept), "{kept} is gone from {code:?}");
    }
    assert_eq!(code.lines().count(), text.lines().count());
}
