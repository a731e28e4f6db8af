//! The documents keep up with the program: every route is told of, every page can be found, no link leads nowhere.

use crate::source::{Source, read_tree, root};

/// The routes as the API's own test knows them: it fails when the server's differ.
const CONTRACT: &str = include_str!(
    "../api/snapshots/api__contract__the_document_is_openapi_3_1_and_every_reference_in_it_leads_somewhere.snap"
);

/// `METHOD /path` of every route.
fn routes(contract: &str) -> Vec<(&str, &str)> {
    let pairs = contract.lines().filter_map(|line| line.split_once(' '));
    pairs.filter(|(method, path)| method.chars().all(char::is_uppercase) && path.starts_with('/')).collect()
}

/// Routes without a row `| `path` | … METHOD … |`.
fn untold<'a>(routes: &[(&'a str, &'a str)], docs: &str) -> Vec<String> {
    let is_told = |(method, path): &(&str, &str)| {
        let row = docs.lines().find(|line| line.starts_with(&format!("| `{path}` |")));
        row.is_some_and(|row| {
            row.split('|').nth(2).unwrap_or("").split_whitespace().any(|word| word == *method)
        })
    };
    routes.iter().filter(|route| !is_told(route)).map(|(method, path)| format!("{method} {path}")).collect()
}

/// Targets of the page's links to files of the project.
fn links(page: &Source) -> Vec<&str> {
    let targets = page.text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let targets = targets.map(|(target, _)| target.split('#').next().unwrap_or(""));
    targets.filter(|target| !target.is_empty() && !target.contains("://")).collect()
}

fn pages() -> Vec<Source> {
    read_tree(&["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs"], &[".md"])
}

#[test]
fn every_route_is_in_the_api_document() {
    let routes = routes(CONTRACT);
    assert!(routes.len() > 20, "{routes:?}");
    let docs = std::fs::read_to_string(root().join("docs/api.md")).unwrap();
    assert_eq!(untold(&routes, &docs), Vec::<String>::new(), "docs/api.md, All routes");
}

#[test]
fn links_lead_to_files_that_are_there() {
    for page in pages() {
        let path = root().join(&page.path);
        for target in links(&page) {
            assert!(path.parent().unwrap().join(target).exists(), "{} links to {target}", page.path);
        }
    }
}

#[test]
fn every_page_is_linked_from_the_read_me() {
    let pages = pages();
    let read_me = pages.iter().find(|page| page.path == "README.md").unwrap();
    let linked = links(read_me);
    for page in pages.iter().filter(|page| !["README.md", "CHANGELOG.md"].contains(&page.path.as_str())) {
        assert!(linked.contains(&page.path.as_str()), "README.md has no link to {}", page.path);
    }
}

#[test]
fn route_that_is_not_told_is_found() {
    let contract = "expression: x\nGET /a\nPOST /a\nGET /b/{id}\n";
    let routes = routes(contract);
    assert_eq!(routes.len(), 3);
    assert_eq!(untold(&routes, "| `/a` | GET | |\n| `/b/{id}` | GET | |"), ["POST /a"]);
    assert_eq!(untold(&routes, "`/a` GET POST").len(), 3);
}

#[test]
fn links_are_found() {
    let page = Source::new("a.md", "[a](b.md) [c](https://d/e.md) ![f](g.png#h) [i](#j)");
    assert_eq!(links(&page), ["b.md", "g.png"]);
}
