//! The routes that the OpenAPI document knows, to tell "no such route" from "not with this method".
//!
//! The gate lets nothing through that is not in this table, so a route that somebody forgets to document does not
//! answer at all, and it takes from here whether a route is open: only when the document says so.

use std::sync::Arc;

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{OpenApi, SecurityRequirement};
use warp::http::Method;

use super::derived;

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
    template: Arc<str>,
    methods: Vec<(Method, Route)>,
}

/// One method of a path.
#[derive(Debug, Clone)]
pub(super) struct Route {
    /// The path as the contract writes it.
    pub(super) template: Arc<str>,
    pub(super) access: Access,
    /// A successful request stands in the change log.
    pub(super) is_noted: bool,
    /// It makes something, once for each `Idempotency-Key`.
    pub(super) creates: bool,
}

/// Who may come to a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Open,
    Token,
}

impl Table {
    pub(super) fn new(document: &OpenApi) -> Self {
        let entry = |(path, item): (&String, &PathItem)| {
            let template: Arc<str> = path.as_str().into();
            Entry { methods: methods(&template, item), template }
        };
        Self { entries: document.paths.paths.iter().map(entry).collect() }
    }

    /// The entry of a request's path; a path without parameters goes before one with them.
    pub(super) fn find(&self, path: &str) -> Option<&Entry> {
        let fits = |entry: &&Entry| entry.fits(path);
        self.entries.iter().filter(fits).min_by_key(|entry| entry.template.matches('{').count())
    }
}

impl Entry {
    /// What `method` does; `None` when there is no such method here. HEAD is GET without its body, except where GET uses
    /// something up.
    pub(super) fn route(&self, method: &Method) -> Option<&Route> {
        let method = if method == Method::HEAD && &*self.template != LOGIN { &Method::GET } else { method };
        self.methods.iter().find(|(own, _)| own == method).map(|(_, route)| route)
    }

    /// Whether no method of it needs a token.
    pub(super) fn is_open(&self) -> bool {
        self.methods.iter().all(|(_, route)| route.access == Access::Open)
    }

    /// The value of `Allow`.
    pub(super) fn allow(&self) -> String {
        let mut names: Vec<_> = self.methods.iter().map(|(method, _)| method.as_str()).collect();
        if names.contains(&"GET") && &*self.template != LOGIN {
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

fn methods(template: &Arc<str>, item: &PathItem) -> Vec<(Method, Route)> {
    let route = |operation: &Operation| Route {
        template: template.clone(),
        access: access(operation),
        is_noted: derived::is_noted(operation),
        creates: derived::makes_something(operation),
    };
    [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
        (Method::OPTIONS, &item.options),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, route(operation.as_ref()?))))
    .collect()
}

fn access(operation: &Operation) -> Access {
    // `security: [{}]` in the document: none is needed.
    match &operation.security {
        Some(requirements) if *requirements == [SecurityRequirement::default()] => Access::Open,
        _ => Access::Token,
    }
}
