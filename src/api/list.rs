//! Lists that are short enough to be held whole, a page at a time.

use std::fmt::Display;

use utoipa::ToSchema;

use super::error::ApiError;
use super::request::Answer;
use crate::wire::Page;

/// A wall rarely has more; who has pages on.
const DEFAULT_PAGE: usize = 100;
const MAX_PAGE: usize = 500;

/// Which page.
#[derive(Debug, Clone, Default)]
pub(super) struct Paging {
    pub(super) limit: Option<u32>,
    pub(super) cursor: Option<String>,
}

/// The page of `items` that is asked for; they come in the order of their `key`, which is a page's cursor.
///
/// # Errors
/// When the page is to be too short or too long.
pub(super) fn page<T, W: ToSchema>(
    items: impl IntoIterator<Item = T>,
    key: impl Fn(&T) -> String,
    Paging { limit, cursor }: Paging,
    show: impl Fn(&T) -> W,
) -> Answer<Page<W>> {
    let limit = limit.map_or(DEFAULT_PAGE, |limit| limit as usize);
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(ApiError::invalid("limit", format!("{limit} is not within 1..={MAX_PAGE}")));
    }
    let is_after = |item: &T| cursor.as_ref().is_none_or(|cursor| key(item) > *cursor);
    let mut rest = items.into_iter().filter(is_after);
    let items: Vec<T> = rest.by_ref().take(limit).collect();
    let next_cursor = items.last().map(&key).filter(|_| rest.next().is_some());
    Ok(Page { items: items.iter().map(show).collect(), next_cursor })
}

/// The id that a list is to be of, checked as any other.
///
/// # Errors
/// When it is none.
pub(super) fn filter_id<I, E: Display>(
    field: &str,
    id: Option<i64>,
    new: impl FnOnce(i64) -> Result<I, E>,
) -> Answer<Option<I>> {
    id.map(new).transpose().map_err(|error| ApiError::invalid(field, error))
}

/// Whether a text holds what somebody looks for, however it is written; nothing is in everything.
pub(super) fn mentions(text: &str, wanted: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| text.to_lowercase().contains(&wanted.to_lowercase()))
}

/// A number as a key: in its own order.
pub(super) fn number_key(number: i64) -> String {
    format!("{number:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_one_another_to_the_end() {
        let mut paging = Paging { limit: Some(2), cursor: None };
        let mut seen = Vec::new();
        loop {
            let page = page([1, 2, 3, 4], |n| number_key(*n), paging.clone(), |n| *n).unwrap();
            seen.push(page.items);
            let Some(cursor) = page.next_cursor else { break };
            paging.cursor = Some(cursor);
        }
        assert_eq!(seen, [vec![1, 2], vec![3, 4]], "the last full page knows that it is the last");
        let none = Paging { limit: Some(0), cursor: None };
        assert!(page([1], |n| number_key(*n), none, |n| *n).is_err());
    }
}
