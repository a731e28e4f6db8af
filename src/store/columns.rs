//! How domain values stand in a column: one form for both databases, each in its native type.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgTypeInfo, PgValueRef};
use sqlx::sqlite::{SqliteTypeInfo, SqliteValueRef};
use sqlx::types::chrono::{DateTime, Utc};
use sqlx::{Database, Decode, Encode, Postgres, Sqlite, Type};

use crate::domain::{Attribute, Attributes, Line, ParamValue, Point, Timestamp, Zone};

/// An instant: `timestamptz` on Postgres, milliseconds since 1970 on SQLite, which has no type for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(pub(super) Timestamp);

impl Type<Sqlite> for Time {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }

    fn compatible(ty: &SqliteTypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(ty)
    }
}

impl Encode<'_, Sqlite> for Time {
    fn encode_by_ref(&self, buf: &mut <Sqlite as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Encode::<Sqlite>::encode(self.0.as_millis(), buf)
    }
}

impl<'r> Decode<'r, Sqlite> for Time {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        <i64 as Decode<Sqlite>>::decode(value).map(|ms| Self(Timestamp::from_millis(ms)))
    }
}

impl Type<Postgres> for Time {
    fn type_info() -> PgTypeInfo {
        <DateTime<Utc> as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Time {
    fn encode_by_ref(&self, buf: &mut <Postgres as Database>::ArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let ms = self.0.as_millis();
        let instant = DateTime::from_timestamp_millis(ms).ok_or_else(|| format!("{ms} ms is no instant"))?;
        Encode::<Postgres>::encode(instant, buf)
    }
}

impl<'r> Decode<'r, Postgres> for Time {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        let instant = <DateTime<Utc> as Decode<Postgres>>::decode(value)?;
        Ok(Self(Timestamp::from_millis(instant.timestamp_millis())))
    }
}

/// A value as JSON; those of ours can all be written so.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and texts should be JSON")
}

/// A camera's parameter.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum StoredValue {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

pub(super) fn store_parameters(parameters: &BTreeMap<String, ParamValue>) -> BTreeMap<String, StoredValue> {
    let store = |value: &ParamValue| match value {
        ParamValue::Bool(value) => StoredValue::Bool(*value),
        ParamValue::Int(value) => StoredValue::Int(*value),
        ParamValue::Float(value) => StoredValue::Float(*value),
        ParamValue::Text(value) => StoredValue::Text(value.clone()),
    };
    parameters.iter().map(|(name, value)| (name.clone(), store(value))).collect()
}

pub(super) fn load_parameters(stored: BTreeMap<String, StoredValue>) -> BTreeMap<String, ParamValue> {
    let load = |value| match value {
        StoredValue::Bool(value) => ParamValue::Bool(value),
        StoredValue::Int(value) => ParamValue::Int(value),
        StoredValue::Float(value) => ParamValue::Float(value),
        StoredValue::Text(value) => ParamValue::Text(value),
    };
    stored.into_iter().map(|(name, value)| (name, load(value))).collect()
}

/// A line or a zone: its name and its points, two of them for a line. What is not said is left out.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct StoredShape {
    name: String,
    points: Vec<[f32; 2]>,
    /// Of lines only.
    #[serde(default, skip_serializing_if = "is_false")]
    entrance: bool,
    /// Of zones only, as the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_people: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dwell_s: Option<u32>,
}

impl StoredShape {
    pub(super) fn of_line(line: &Line) -> Self {
        let points = vec![pair(line.from), pair(line.to)];
        let name = line.name.as_ref().to_owned();
        Self { name, points, entrance: line.entrance, max_people: None, dwell_s: None }
    }

    pub(super) fn of_zone(zone: &Zone) -> Self {
        let points = zone.corners.iter().map(|corner| pair(*corner)).collect();
        let Zone { max_people, dwell_s, .. } = *zone;
        Self { name: zone.name.as_ref().to_owned(), points, entrance: false, max_people, dwell_s }
    }

    /// `None` when it has not exactly two points.
    pub(super) fn into_line(self) -> Option<Line> {
        let [from, to] = self.points[..] else { return None };
        Some(Line { name: self.name.into(), from: point(from), to: point(to), entrance: self.entrance })
    }

    pub(super) fn into_zone(self) -> Zone {
        let Self { max_people, dwell_s, .. } = self;
        let corners = self.points.into_iter().map(point).collect();
        Zone { name: self.name.into(), corners, max_people, dwell_s }
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

fn pair(point: Point) -> [f32; 2] {
    [point.x, point.y]
}

fn point([x, y]: [f32; 2]) -> Point {
    Point { x, y }
}

/// Attributes of a visit; what was not seen is left out, so that most rows hold `{}`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct StoredAttributes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    garment: Option<StoredAttribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    style: Option<StoredAttribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    primary_color: Option<StoredAttribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secondary_color: Option<StoredAttribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    head_accessory: Option<StoredAttribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bag: Option<StoredAttribute>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    age_range: Option<StoredAttribute>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredAttribute {
    value: Option<String>,
    confidence: f32,
}

impl From<&Attributes> for StoredAttributes {
    fn from(attributes: &Attributes) -> Self {
        let store = |attribute: &Attribute| {
            let known = *attribute != Attribute::default();
            known.then(|| StoredAttribute {
                value: attribute.value.as_deref().map(str::to_owned),
                confidence: attribute.confidence,
            })
        };
        Self {
            garment: store(&attributes.garment),
            style: store(&attributes.style),
            primary_color: store(&attributes.primary_color),
            secondary_color: store(&attributes.secondary_color),
            head_accessory: store(&attributes.head_accessory),
            bag: store(&attributes.bag),
            age_range: store(&attributes.age_range),
        }
    }
}

impl From<StoredAttributes> for Attributes {
    fn from(stored: StoredAttributes) -> Self {
        let load = |attribute: Option<StoredAttribute>| {
            attribute.map_or_else(Attribute::default, |stored| Attribute {
                value: stored.value.map(Into::into),
                confidence: stored.confidence,
            })
        };
        Self {
            garment: load(stored.garment),
            style: load(stored.style),
            primary_color: load(stored.primary_color),
            secondary_color: load(stored.secondary_color),
            head_accessory: load(stored.head_accessory),
            bag: load(stored.bag),
            age_range: load(stored.age_range),
        }
    }
}
