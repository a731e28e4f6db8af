//! The routes that the OpenAPI document knows, to tell "no such route" from "not with this method".
//!
//! The gate lets nothing through that is not in this table, so a route that somebody forgets to document does not
//! answer at all, and it takes from here whether a route is open: only when the document says so.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, SecurityRequirement};
use warp::http::Method;

/// Its GET uses up a login link.
const LOGIN: &str = "/login";

/// All documented routes.
#[derive(Debug)]
pub(super) struct Table {
    entries: Vec<Entry>,
}

/// One path with its methods.
#[derive(Debug)]
pub(super) struct Entry {
    template: String,
    methods: Vec<(Method, Access)>,
}

/// Who may come to a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Open,
    Token,
}

impl Table {
    pub(super) fn new(document: &OpenApi) -> Self {
        let entry =
            |(path, item): (&String, &PathItem)| Entry { template: path.clone(), methods: methods(item) };
        Self { entries: document.paths.paths.iter().map(entry).collect() }
    }

    /// The entry of a request's path; a path without parameters goes before one with them.
    pub(super) fn find(&self, path: &str) -> Option<&Entry> {
        let fits = |entry: &&Entry| entry.fits(path);
        self.entries.iter().filter(fits).min_by_key(|entry| entry.template.matches('{').count())
    }
}

impl Entry {
    /// How `method` is protected; `None` when there is no such method here. HEAD is GET without its body, except where
    /// GET uses something up.
    pub(super) fn access(&self, method: &Method) -> Option<Access> {
        let method = if method == Method::HEAD && self.template != LOGIN { &Method::GET } else { method };
        self.methods.iter().find(|(own, _)| own == method).map(|(_, access)| *access)
    }

    /// Whether no method of it needs a token.
    pub(super) fn is_open(&self) -> bool {
        self.methods.iter().all(|(_, access)| *access == Access::Open)
    }

    /// The value of `Allow`.
    pub(super) fn allow(&self) -> String {
        let mut names: Vec<_> = self.methods.iter().map(|(method, _)| method.as_str()).collect();
        if names.contains(&"GET") && self.template != LOGIN {
            names.push("HEAD");
        }
        names.sort_unstable();
        names.join(", ")
    }

    fn fits(&self, path: &str) -> bool {
        let mut given = path.split('/');
        let all = self.template.split('/').all(|own| match given.next() {
            Some(segment) => {
                if own.starts_with('{') {
                    !segment.is_empty()
                } else {
                    own == segment
                }
            }
            None => false,
        });
        all && given.next().is_none()
    }
}

fn methods(item: &PathItem) -> Vec<(Method, Access)> {
    [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
        (Method::OPTIONS, &item.options),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, access(operation.as_ref()?))))
    .collect()
}

fn access(operation: &Operation) -> Access {
    // `security: [{}]` in the document: none is needed.
    match &operation.security {
        Some(requirements) if *requirements == [SecurityRequirement::default()] => Access::Open,
        _ => Access::Token,
    }
}
