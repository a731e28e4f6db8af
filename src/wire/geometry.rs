//! Lines and zones on a picture, in fractions of its width and height.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};

use crate::domain;

/// A directed segment; `in` is a crossing from left to right of it, looking from `from` to `to`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    #[schema(examples("door"))]
    pub name: String,
    /// `[x, y]`, 0..1 of the picture, origin top left.
    #[schema(schema_with = point_schema)]
    pub from: [f32; 2],
    /// `[x, y]`, as `from`.
    #[schema(schema_with = point_schema)]
    pub to: [f32; 2],
    /// Whoever crosses it inwards comes into the branch: its entries count as the branch's people.
    #[serde(default)]
    pub entrance: bool,
}

/// A polygon of 3 to 64 corners.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    #[schema(examples("bar"))]
    pub name: String,
    /// `[x, y]` each, 0..1 of the picture, origin top left.
    #[schema(schema_with = corners_schema)]
    pub corners: Vec<[f32; 2]>,
    /// More people than this at once are told by the event OCCUPANCY_HIGH; absent: any number is fine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples(8), minimum = 0, maximum = 10_000)]
    pub max_people: Option<u32>,
    /// Whoever stays so long is told by the event ZONE_DWELL, seconds; absent: nobody is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(examples(120), minimum = 1, maximum = 86_400)]
    pub dwell_s: Option<u32>,
}

fn point_schema() -> ArrayBuilder {
    let fraction = ObjectBuilder::new().schema_type(Type::Number).minimum(Some(0.0)).maximum(Some(1.0));
    ArrayBuilder::new().items(fraction).min_items(Some(2)).max_items(Some(2))
}

fn corners_schema() -> ArrayBuilder {
    ArrayBuilder::new().items(point_schema()).min_items(Some(3)).max_items(Some(64))
}

/// As they are written, unchecked: see [`domain::check_shapes`].
impl From<&Line> for domain::Line {
    fn from(line: &Line) -> Self {
        let (from, to) = (point(line.from), point(line.to));
        Self { name: line.name.as_str().into(), from, to, entrance: line.entrance }
    }
}

/// As of lines.
impl From<&Zone> for domain::Zone {
    fn from(zone: &Zone) -> Self {
        let corners = zone.corners.iter().map(|corner| point(*corner)).collect();
        let Zone { max_people, dwell_s, .. } = *zone;
        Self { name: zone.name.as_str().into(), corners, max_people, dwell_s }
    }
}

impl From<&domain::Line> for Line {
    fn from(line: &domain::Line) -> Self {
        let (from, to) = ([line.from.x, line.from.y], [line.to.x, line.to.y]);
        Self { name: line.name.to_string(), from, to, entrance: line.entrance }
    }
}

impl From<&domain::Zone> for Zone {
    fn from(zone: &domain::Zone) -> Self {
        let corners = zone.corners.iter().map(|p| [p.x, p.y]).collect();
        let domain::Zone { max_people, dwell_s, .. } = *zone;
        Self { name: zone.name.to_string(), corners, max_people, dwell_s }
    }
}

fn point([x, y]: [f32; 2]) -> domain::Point {
    domain::Point { x, y }
}
