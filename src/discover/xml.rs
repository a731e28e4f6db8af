//! Reads XML that strangers sent, within bounds: no entities, no document type, no more work than its length is worth.

use roxmltree::{Document, Node, ParsingOptions};

/// A recorder with 128 profiles stays below half of it.
const MAX_NODES: u32 = 50_000;
/// The parser compares each attribute of a tag with all others of it, so a tag has to end; no honest text is longer.
const MAX_RUN: usize = 8 << 10;
/// The parser copies the names that hold for an element when it declares another one.
const MAX_NAMESPACES: usize = 2000;
/// Longer texts are not shown to anybody.
const MAX_TEXT_CHARS: usize = 200;

/// The document in `text`, when it is one that honest devices send.
pub(super) fn parse(text: &str) -> Option<Document<'_>> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.split('<').any(|run| run.len() > MAX_RUN) || text.matches("xmlns").count() > MAX_NAMESPACES {
        return None;
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).ok()
}

/// The elements below `node` that are called `name`, of whatever namespace: vendors do not agree on them.
pub(super) fn all<'a, 'i>(node: Node<'a, 'i>, name: &'static str) -> impl Iterator<Item = Node<'a, 'i>> {
    node.descendants().filter(move |node| node.is_element() && node.tag_name().name() == name)
}

/// The first element at the end of `path` below `node`, wherever below it begins.
pub(super) fn first<'a, 'i>(node: Node<'a, 'i>, path: &[&'static str]) -> Option<Node<'a, 'i>> {
    let (name, rest) = path.split_first()?;
    let mut found = all(node, name);
    if rest.is_empty() { found.next() } else { found.find_map(|node| first(node, rest)) }
}

/// The text at the end of `path`, without what does not show; `None` when there is none.
pub(super) fn text(node: Node<'_, '_>, path: &[&'static str]) -> Option<String> {
    tidy(first(node, path)?.text()?)
}

/// `text` as it may be shown: one line of a sensible length.
pub(super) fn tidy(text: &str) -> Option<String> {
    let words: Vec<_> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let line: String = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let line: String = line.chars().take(MAX_TEXT_CHARS).collect();
    (!line.is_empty()).then_some(line)
}

/// `text` as it may stand between tags.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // XML cannot hold them.
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bombs_are_refused_before_they_cost_anything() {
        let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>";
        let file = "<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><x>&f;</x>";
        let attributes: String = (0..100_000).map(|n| format!("a{n}='' ")).collect();
        let namespaces: String = (0..50_000).map(|n| format!("<a xmlns:n{n}='u'>")).collect();
        let deep = "<a>".repeat(300_000);
        for text in [laughs, file, &format!("<x {attributes}/>"), &namespaces, &deep, "", "<a>", "no xml"] {
            assert!(parse(text).is_none(), "{}", &text[..text.len().min(40)]);
        }
        let nested = format!("{}{}", "<a>".repeat(20_000), "</a>".repeat(20_000));
        assert!(parse(&nested).is_some(), "depth alone is no harm");
    }

    #[test]
    fn texts_are_found_whatever_their_namespace() {
        let text = "<s:E xmlns:s='a'><s:A><x>no</x></s:A><B xmlns='b'><x> two\n words </x></B></s:E>";
        let document = parse(text).unwrap();
        assert_eq!(super::text(document.root(), &["B", "x"]).as_deref(), Some("two words"));
        assert_eq!(super::text(document.root(), &["C", "x"]), None);
        assert_eq!(escape("a<b>&\"\n"), "a&lt;b&gt;&amp;&quot;");
    }
}
