//! Reads a launch text as far as needed to say in which line something is wrong.
//!
//! GStreamer's own parser builds the pipeline; it just does not tell where it stumbled.

/// An element as the text names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ElementUse {
    pub(super) factory: String,
    pub(super) name: Option<String>,
    /// Line within the launch text, from 0.
    pub(super) line: usize,
    pub(super) properties: Vec<PropertyUse>,
}

/// A property that the text sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PropertyUse {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) line: usize,
}

struct Word {
    text: String,
    line: usize,
}

/// Lines that begin with `#` are comments; they turn blank so that line numbers stay.
pub(super) fn without_comments(launch: &str) -> String {
    let blank =
        |line: &'_ str| if line.trim_start().starts_with('#') { String::new() } else { line.to_owned() };
    launch.lines().map(blank).collect::<Vec<_>>().join("\n")
}

/// All elements of `launch` in the order they stand in.
pub(super) fn elements(launch: &str) -> Vec<ElementUse> {
    let mut found: Vec<ElementUse> = Vec::new();
    // What the words since the last `!` belong to.
    let mut place = Place::Start;
    for word in words(&without_comments(launch)) {
        let text = word.text.trim_start_matches('(');
        if text == "!" || text == ":" || text == ")" || text.is_empty() {
            place = Place::Start;
            continue;
        }
        let assignment = text.split_once('=').filter(|(key, _)| !key.contains(['/', ',']));
        match (assignment, place) {
            (Some((key, value)), Place::Element) => {
                let element = found.last_mut().expect("an element should stand before its properties");
                let value = unquote(value);
                if key == "name" {
                    element.name = Some(value.clone());
                }
                element.properties.push(PropertyUse { name: key.to_owned(), value, line: word.line });
            }
            (_, Place::Caps) => {}
            _ if text.contains('/') => place = Place::Caps,
            (None, _) if text.contains('.') => place = Place::Start,
            _ => {
                let factory = text.trim_end_matches(')').to_owned();
                found.push(ElementUse { factory, name: None, line: word.line, properties: Vec::new() });
                place = Place::Element;
            }
        }
    }
    found
}

#[derive(Clone, Copy)]
enum Place {
    Start,
    Element,
    Caps,
}

/// Splits at white space outside quotes; spaces around `=` do not split.
fn words(launch: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut word = String::new();
    let (mut line, mut quote) = (0, None);
    let mut characters = launch.chars().peekable();
    while let Some(c) = characters.next() {
        let at = line;
        if c == '\n' {
            line += 1;
        }
        if c == '\\' {
            word.push(c);
            word.extend(characters.next());
            continue;
        }
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c.is_whitespace() => {
                if !word.is_empty() && !word.ends_with('=') {
                    words.push(Word { text: std::mem::take(&mut word), line: at });
                }
                continue;
            }
            _ => {}
        }
        if c == '=' && word.is_empty() && words.last().is_some_and(|last| last.text != "!") {
            word = words.pop().map(|last| last.text).unwrap_or_default();
        }
        word.push(c);
    }
    if !word.is_empty() {
        words.push(Word { text: word, line });
    }
    words
}

fn unquote(value: &str) -> String {
    let value = value.trim_end_matches(')');
    let inner = ['"', '\''].iter().find_map(|&q| value.strip_prefix(q)?.strip_suffix(q));
    inner.unwrap_or(value).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_found_with_their_lines() {
        let launch = "videotestsrc name=source pattern = \"ball\"\n  ! video/x-raw, format=I420 ! queue\n\
                      # a ! comment=1\n  ! tee name=views\nviews. ! fakesink views.src_1 ! appsink name=records";
        let found = elements(launch);
        let seen: Vec<_> = found
            .iter()
            .map(|e| (e.factory.as_str(), e.name.as_deref(), e.line, e.properties.len()))
            .collect();
        assert_eq!(
            seen,
            [
                ("videotestsrc", Some("source"), 0, 2),
                ("queue", None, 1, 0),
                ("tee", Some("views"), 3, 1),
                ("fakesink", None, 4, 0),
                ("appsink", Some("records"), 4, 1),
            ]
        );
        assert_eq!(found[0].properties[1].value, "ball");
    }
}
