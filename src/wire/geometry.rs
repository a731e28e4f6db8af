//! Lines and zones on a picture, in fractions of its width and height.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain;

/// Most corners of a zone: more is a drawing, not an area, and each is tested against each person in each frame.
const MAX_CORNERS: usize = 64;

/// A directed segment; `in` is a crossing from left to right of it, looking from `from` to `to`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    #[schema(examples("door"))]
    pub name: String,
    /// `[x, y]`, 0..1 of the picture, origin top left.
    #[schema(examples(json!([0.1, 0.5])))]
    pub from: [f32; 2],
    /// `[x, y]`, as `from`.
    #[schema(examples(json!([0.9, 0.5])))]
    pub to: [f32; 2],
}

/// A polygon of 3 to 64 corners.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Zone {
    #[schema(examples("bar"))]
    pub name: String,
    /// `[x, y]` each, 0..1 of the picture, origin top left.
    #[schema(examples(json!([[0.0, 0.5], [1.0, 0.5], [1.0, 1.0], [0.0, 1.0]])))]
    pub corners: Vec<[f32; 2]>,
}

impl Line {
    /// # Errors
    /// What is wrong with it, for people.
    pub fn to_domain(&self) -> Result<domain::Line, String> {
        let (from, to) = (point(self.from)?, point(self.to)?);
        if from == to {
            return Err("both ends are the same point".into());
        }
        Ok(domain::Line { name: name(&self.name)?.into(), from, to })
    }
}

impl Zone {
    /// # Errors
    /// What is wrong with it, for people.
    pub fn to_domain(&self) -> Result<domain::Zone, String> {
        if !(3..=MAX_CORNERS).contains(&self.corners.len()) {
            return Err(format!("has {} corners, needs 3 to {MAX_CORNERS}", self.corners.len()));
        }
        let corners = self.corners.iter().map(|corner| point(*corner)).collect::<Result<_, _>>()?;
        Ok(domain::Zone { name: name(&self.name)?.into(), corners })
    }
}

impl From<&domain::Line> for Line {
    fn from(line: &domain::Line) -> Self {
        Self { name: line.name.to_string(), from: [line.from.x, line.from.y], to: [line.to.x, line.to.y] }
    }
}

impl From<&domain::Zone> for Zone {
    fn from(zone: &domain::Zone) -> Self {
        Self { name: zone.name.to_string(), corners: zone.corners.iter().map(|p| [p.x, p.y]).collect() }
    }
}

fn point([x, y]: [f32; 2]) -> Result<domain::Point, String> {
    if (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y) {
        Ok(domain::Point { x, y })
    } else {
        Err(format!("[{x}, {y}] is not within 0..1 of the picture"))
    }
}

fn name(name: &str) -> Result<&str, String> {
    if (1..=64).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        Ok(name)
    } else {
        Err(format!("the name {name:?} must have 1 to 64 printable characters"))
    }
}
