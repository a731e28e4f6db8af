//! What stands in the example and in docs/config.md is what the program does.

use std::collections::BTreeSet;

use atalaya::config::Config;

use crate::Source;

const EXAMPLE: &str = include_str!("../../atalaya.example.toml");
const DOCS: &str = include_str!("../../docs/config.md");

/// The example with everything that stands there switched off switched on: `#key = …` and `#[table]`; prose has a
/// space after its `#`.
fn whole_example() -> String {
    let switched_on = |line: &str| match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|first: char| first == '[' || first.is_ascii_lowercase()) => {
            rest.to_owned()
        }
        _ => line.to_owned(),
    };
    EXAMPLE.lines().map(switched_on).collect::<Vec<_>>().join("\n")
}

/// Every key there is, asked of the reader itself: it names the keys it knows when it meets one that it does not.
fn known_keys(section: &str) -> Vec<String> {
    let in_list = section.split_once('.').map(|(list, _)| format!("[[{list}]]\n[[{section}]]\n"));
    let headers = [Some(format!("[{section}]\n")), Some(format!("[[{section}]]\n")), in_list];
    let headers =
        if section.is_empty() { vec![String::new()] } else { headers.into_iter().flatten().collect() };
    headers.iter().flat_map(|header| keys_below(section, header)).collect()
}

fn keys_below(section: &str, header: &str) -> Vec<String> {
    let Err(error) = toml::from_str::<Config>(&format!("{header}\"?\" = 1\n")) else { return Vec::new() };
    let Some((_, expected)) = error.message().split_once("expected ") else { return Vec::new() };
    let is_table = error.message().contains("unknown field `?`");
    let names = expected.split('`').skip(1).step_by(2).filter(|_| is_table);
    names.map(|name| if section.is_empty() { name.to_owned() } else { format!("{section}.{name}") }).collect()
}

/// All keys that hold a value, as `section.key`.
fn all_keys() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut open = known_keys("");
    while let Some(key) = open.pop() {
        let inner = known_keys(&key);
        if inner.is_empty() {
            keys.insert(key);
        }
        open.extend(inner);
    }
    keys
}

/// The keys that a document sets, as `section.key`.
fn set_keys(value: &toml::Value, path: &str, keys: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) if !["cameras.parameters", "auth.table_keys"].contains(&path) => {
            for (name, inner) in table {
                set_keys(inner, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, keys);
            }
        }
        toml::Value::Array(items) if items.iter().any(toml::Value::is_table) => {
            items.iter().for_each(|item| set_keys(item, path, keys));
        }
        _ => {
            keys.insert(path.to_owned());
        }
    }
}

#[test]
fn keys_are_found_in_every_section_and_list() {
    let keys = all_keys();
    for key in [
        "server.listen",
        "webrtc.ice_servers.credential",
        "cameras.parameters",
        "cameras.lines.from",
        "branches.name",
    ] {
        assert!(keys.contains(key), "{key} is missing in {keys:?}");
    }
    assert!(!keys.contains("server"), "a section is no key");
}

#[test]
fn example_as_it_stands_is_the_default() {
    assert_eq!(Source::file(EXAMPLE).config(), Config::default());
}

#[test]
fn example_names_every_key_and_every_one_of_them_works() {
    let whole = whole_example();
    let table: toml::Table = toml::from_str(&whole).unwrap();
    let mut found = BTreeSet::new();
    set_keys(&toml::Value::Table(table.clone()), "", &mut found);
    assert_eq!(found, all_keys());
    toml::from_str::<Config>(&whole).unwrap();
}

#[test]
fn docs_tell_of_every_key_and_its_default() {
    // What the example sets is the default, as another test makes sure of.
    let example: toml::Value = toml::from_str(EXAMPLE).unwrap();
    let mut defaults = 0;
    for key in all_keys() {
        let row = DOCS.lines().find(|line| line.starts_with(&format!("| `{key}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/config.md has no row for `{key}`"));
        let told = row.split('|').nth(2).unwrap().trim();
        let default = key.split('.').try_fold(&example, |value, part| value.get(part));
        if let Some(default) = default {
            assert_eq!(told, in_words(default), "docs/config.md: default of `{key}`");
            defaults += 1;
        }
    }
    assert!(defaults > 10, "{defaults}");
}

/// A default as docs/config.md writes it.
fn in_words(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => format!("`{text}`"),
        toml::Value::Array(items) if items.is_empty() => "none".to_owned(),
        toml::Value::Array(items) => items.iter().map(in_words).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
