//! Events as publishers send them and as listeners get them.
//!
//! The fields that a publisher adds stay at the top level, where its listeners look for them; those that the gateway
//! itself writes (`type`, `id`, `stream`, `offset`, `at`, `tenant_id`, `branch_id`) come first.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Map, Value};
use thiserror::Error;

use super::ZoneClock;
use crate::domain::{BranchId, Event, EventType, SectorId, SessionId, TenantId, Timestamp};

/// The largest event, bytes of JSON.
pub const MAX_EVENT_BYTES: usize = 64 * 1024;

/// Members that the gateway writes; what a publisher says there is read and not repeated.
const OURS: [&str; 7] = ["type", "id", "stream", "offset", "at", "tenant_id", "branch_id"];

/// Why something is no event.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {reason}")]
pub struct EventError {
    /// The member that is wrong; empty when it is the whole.
    pub field: &'static str,
    pub reason: String,
}

fn wrong(field: &'static str, reason: impl Into<String>) -> EventError {
    EventError { field, reason: reason.into() }
}

/// Reads an event. `tenant` is whose it is when it does not say so itself; the publisher's own, or none.
///
/// # Errors
/// When it is no JSON object of at most 64 KiB, when `type`, `tenant_id` or `branch_id` is missing, or when an id is none.
pub fn read_event(json: &[u8], tenant: Option<TenantId>) -> Result<Event, EventError> {
    if json.len() > MAX_EVENT_BYTES {
        return Err(wrong("", format!("{} bytes are more than {MAX_EVENT_BYTES}", json.len())));
    }
    let members: Map<String, Value> =
        serde_json::from_slice(json).map_err(|error| wrong("", format!("not a JSON object: {error}")))?;
    event_of(members, tenant)
}

/// As [`read_event`], of members that are read already.
///
/// # Errors
/// As [`read_event`].
pub fn event_of(mut members: Map<String, Value>, tenant: Option<TenantId>) -> Result<Event, EventError> {
    let kind = match members.get("type") {
        Some(Value::String(name)) => {
            EventType::new(name).map_err(|error| wrong("type", error.to_string()))?
        }
        Some(_) => return Err(wrong("type", "must be a text")),
        None => return Err(wrong("type", "is missing")),
    };
    let tenant = match number(&members, "tenant_id")? {
        Some(id) => TenantId::new(id).map_err(|error| wrong("tenant_id", error.to_string()))?,
        None => tenant.ok_or_else(|| wrong("tenant_id", "is missing"))?,
    };
    let branch = number(&members, "branch_id")?.ok_or_else(|| wrong("branch_id", "is missing"))?;
    let branch = BranchId::new(branch).map_err(|error| wrong("branch_id", error.to_string()))?;
    let sector = number(&members, "sector_id")?
        .map(|id| SectorId::new(id).map_err(|error| wrong("sector_id", error.to_string())))
        .transpose()?;
    let session = session(&members)?;
    let id = match members.get("id") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) if (1..=128).contains(&id.len()) => Some(Arc::from(id.as_str())),
        Some(Value::Number(id)) if !id.is_f64() => Some(Arc::from(id.to_string())),
        Some(_) => return Err(wrong("id", "must be a text of 1 to 128 bytes, or a number")),
    };
    for ours in OURS {
        members.remove(ours);
    }
    let fields = serde_json::to_string(&members).expect("members should be JSON: they were");
    let fields = Arc::from(&fields[1..fields.len() - 1]);
    Ok(Event { kind, tenant, branch, sector, session, id, fields })
}

fn number(members: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, EventError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => whole(value).map(Some).ok_or_else(|| wrong(name, "must be a positive integer")),
    }
}

/// An integer. To JSON schema `1.0` is one, and to some programs every number is written so.
pub fn whole(value: &Value) -> Option<i64> {
    /// Beyond it a double leaves integers out.
    const MOST: f64 = 9_007_199_254_740_992.0;
    let by_fraction = || {
        let number = value.as_f64()?;
        let is_whole = number.fract() == 0.0 && number.abs() <= MOST;
        is_whole.then_some(number as i64)
    };
    value.as_i64().or_else(by_fraction)
}

/// What is said of a session that is neither.
pub(super) const NO_SESSION: &str = "must be a text or an integer";

/// The name of a session: they are numbers with some, texts with others.
pub(super) fn session_name(value: &Value) -> Option<String> {
    match value {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) if id.is_u64() => Some(id.to_string()),
        value => whole(value).map(|id| id.to_string()),
    }
}

fn session(members: &Map<String, Value>) -> Result<Option<SessionId>, EventError> {
    let id = match members.get("session_id") {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => session_name(value).ok_or_else(|| wrong("session_id", NO_SESSION))?,
    };
    SessionId::new(&id).map(Some).map_err(|error| wrong("session_id", error.to_string()))
}

/// An event as a publisher sends it: [`read_event`] reads the same event from it.
pub fn write_publication(event: &Event) -> String {
    let Event { kind, tenant, branch, id, fields, .. } = event;
    let mut text = format!(r#"{{"type":"{kind}","tenant_id":{tenant},"branch_id":{branch}"#);
    if let Some(id) = id {
        text.extend([r#","id":"#, &Value::from(id.as_ref()).to_string()]);
    }
    if !fields.is_empty() {
        text.extend([",", fields]);
    }
    text.push('}');
    text
}

/// What the gateway adds to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp<'a> {
    pub id: &'a str,
    pub offset: u64,
    pub at: Timestamp,
}

/// The name of the stream of a branch's events, unique within its tenant.
pub fn stream_name(branch: BranchId) -> String {
    format!("branch:{branch}")
}

/// The branch whose stream has this name.
pub fn stream_branch(name: &str) -> Option<BranchId> {
    name.strip_prefix("branch:")?.parse().ok()
}

/// An event as its listeners get it.
pub fn write_event(event: &Event, stamp: &Stamp<'_>) -> String {
    let Event { kind, tenant, branch, fields, .. } = event;
    let id = Value::from(stamp.id);
    let at = serde_json::to_string(&ZoneClock::utc().write(stamp.at)).expect("a time should be JSON");
    let mut text = String::with_capacity(fields.len() + 200);
    let written = write!(
        text,
        r#"{{"type":"{kind}","id":{id},"stream":"branch:{branch}","offset":{},"at":{at},"tenant_id":{tenant},"branch_id":{branch}"#,
        stamp.offset
    );
    written.expect("a text should take what is written to it");
    if !fields.is_empty() {
        text.push(',');
        text.push_str(fields);
    }
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<Event, EventError> {
        read_event(value.to_string().as_bytes(), None)
    }

    #[test]
    fn what_a_publisher_says_stays_where_it_was() {
        let sent = json!({"type": "ROUND_READY", "tenant_id": 1, "branch_id": 5, "sector_id": 10, "session_id": 77,
            "id": "r\"1", "offset": 9, "entity": {"round_id": 3, "note": "sin \"sal\""}, "timestamp": "2025-10-20T14:32:15Z"});
        let event = read(&sent).unwrap();
        assert_eq!(read_event(write_publication(&event).as_bytes(), None).unwrap(), event);
        assert_eq!(
            (event.sector.map(SectorId::get), event.session.as_ref().map(SessionId::as_str)),
            (Some(10), Some("77"))
        );
        let stamp = Stamp { id: event.id.as_deref().unwrap(), offset: 42, at: Timestamp::from_millis(1500) };
        let written = write_event(&event, &stamp);
        let got: Value = serde_json::from_str(&written).unwrap();
        assert_eq!(
            got,
            json!({"type": "ROUND_READY", "id": "r\"1", "stream": "branch:5", "offset": 42,
                "at": "1970-01-01T00:00:01.5+00:00", "tenant_id": 1, "branch_id": 5, "sector_id": 10, "session_id": 77,
                "entity": {"round_id": 3, "note": "sin \"sal\""}, "timestamp": "2025-10-20T14:32:15Z"})
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let field = |value: Value| read(&value).unwrap_err().field;
        assert_eq!(field(json!({"tenant_id": 1, "branch_id": 1})), "type");
        assert_eq!(field(json!({"type": 3, "tenant_id": 1, "branch_id": 1})), "type");
        assert_eq!(field(json!({"type": "A", "branch_id": 1})), "tenant_id");
        assert_eq!(field(json!({"type": "A", "tenant_id": "1", "branch_id": 1})), "tenant_id");
        assert_eq!(field(json!({"type": "A", "tenant_id": 1, "branch_id": -1})), "branch_id");
        assert_eq!(
            field(json!({"type": "A", "tenant_id": 1, "branch_id": 1, "sector_id": 1.5})),
            "sector_id"
        );
        assert_eq!(
            field(json!({"type": "A", "tenant_id": 1, "branch_id": 1, "session_id": []})),
            "session_id"
        );
        assert_eq!(field(json!({"type": "A", "tenant_id": 1, "branch_id": 1, "id": ""})), "id");
        assert_eq!(field(json!([])), "");
        assert!(read_event(&[b' '; MAX_EVENT_BYTES + 1], None).is_err());
    }

    #[test]
    fn nulls_are_absent_and_a_publisher_may_leave_its_tenant_out() {
        let sent = json!({"type": "A", "branch_id": 2, "sector_id": null, "session_id": null, "id": null});
        assert_eq!(read(&sent).unwrap_err().field, "tenant_id");
        let event = read_event(sent.to_string().as_bytes(), Some(TenantId::default())).unwrap();
        assert_eq!((event.sector, event.session, event.id), (None, None, None));
    }

    #[test]
    fn whole_numbers_may_be_written_with_a_fraction() {
        let text = r#"{"type":"A","tenant_id":1.0,"branch_id":2.0,"session_id":77.0}"#;
        let event = read_event(text.as_bytes(), None).unwrap();
        assert_eq!((event.branch.get(), event.session.unwrap().as_str()), (2, "77"));
        let halves = r#"{"type":"A","tenant_id":1,"branch_id":2.5}"#;
        assert_eq!(read_event(halves.as_bytes(), None).unwrap_err().field, "branch_id");
    }

    #[test]
    fn streams_are_named_by_their_branch() {
        let branch = BranchId::new(12).unwrap();
        assert_eq!(stream_branch(&stream_name(branch)), Some(branch));
        assert_eq!(stream_branch("branch:0"), None);
        assert_eq!(stream_branch("sector:1"), None);
    }
}
