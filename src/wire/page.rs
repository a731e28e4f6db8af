//! Lists, a page at a time.

use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Page<T: ToSchema> {
    pub items: Vec<T>,
    /// Give it as `?cursor=` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl<T: ToSchema> Page<T> {
    /// A list that is always complete.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }
}
