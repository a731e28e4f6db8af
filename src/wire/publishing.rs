//! How events come over HTTP, and what is answered.

use serde::Serialize;
use serde_json::json;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// One event as a publisher sends it, for the contract: [`super::event_of`] reads it. Further members are its own, and
/// reach whoever gets it as they are.
#[derive(Debug, Clone, Copy)]
pub struct EventInput;

impl PartialSchema for EventInput {
    fn schema() -> RefOr<Schema> {
        let schema = json!({
            "type": "object",
            "description": "Something that happened. Members that do not stand here are the publisher's own, and reach whoever gets it as they are.",
            "required": ["type", "branch_id"],
            "properties": {
                "type": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,64}$",
                    "description": "What happened; its beginning (`ROUND_`, `PAYMENT_`, …) says who hears of it", "examples": ["ROUND_READY"]},
                "branch_id": {"type": "integer", "format": "int64", "minimum": 1, "description": "Where"},
                "tenant_id": {"type": ["integer", "null"], "format": "int64", "minimum": 1, "description": "Your own; may be left out"},
                "sector_id": {"type": ["integer", "null"], "format": "int64", "minimum": 1,
                    "description": "The area it is about: of the waiters only those who serve it are told"},
                "session_id": {"type": ["string", "integer", "null"], "minLength": 1, "maxLength": 64,
                    "description": "The party at a table that it is about: its guests are told"},
                "id": {"type": ["string", "integer", "null"], "minLength": 1, "maxLength": 128,
                    "description": "Your own name for it: two of the same within a minute are one. Without it gets one"}
            },
            "additionalProperties": true
        });
        serde_json::from_value::<Schema>(schema).expect("the schema should be one").into()
    }
}

impl ToSchema for EventInput {}

/// One event, or a list of them.
#[derive(Debug, Clone, Copy)]
pub struct EventsInput;

impl PartialSchema for EventsInput {
    fn schema() -> RefOr<Schema> {
        let one = Ref::from_schema_name("EventInput");
        let one = serde_json::to_value(one).expect("a reference should be JSON");
        let schema = json!({
            "oneOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": 100}]
        });
        serde_json::from_value::<Schema>(schema).expect("the schema should be one").into()
    }
}

impl ToSchema for EventsInput {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("EventInput".into(), EventInput::schema()));
    }
}

/// Events that were taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Published {
    /// In the order in which they were sent.
    pub items: Vec<PublishedEvent>,
}

/// An event that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PublishedEvent {
    /// Its publisher's, or the one that it was given.
    pub id: String,
}
