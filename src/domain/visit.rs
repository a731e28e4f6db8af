//! A person's stay before one camera.

use std::sync::Arc;

use super::{BranchId, CameraId, SectorId, TenantId, Timestamp};

/// One attribute of a person; `value` is `None` when it was not seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attribute {
    pub value: Option<Arc<str>>,
    /// 0..1.
    pub confidence: f32,
}

/// What is said about a person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attributes {
    pub garment: Attribute,
    pub style: Attribute,
    pub primary_color: Attribute,
    pub secondary_color: Attribute,
    pub head_accessory: Attribute,
    pub bag: Attribute,
    pub age_range: Attribute,
}

impl From<[Attribute; 7]> for Attributes {
    /// In the order of the fields.
    fn from(said: [Attribute; 7]) -> Self {
        let [garment, style, primary_color, secondary_color, head_accessory, bag, age_range] = said;
        Self { garment, style, primary_color, secondary_color, head_accessory, bag, age_range }
    }
}

/// Where something happened.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Place {
    pub tenant: TenantId,
    pub branch: BranchId,
    pub sector: Option<SectorId>,
    pub camera: CameraId,
}

/// A finished stay.
#[derive(Debug, Clone, PartialEq)]
pub struct Visit {
    pub place: Place,
    /// The tracker's number; starts anew with every start of the pipeline.
    pub track: u64,
    pub enter: Timestamp,
    /// When the person was last seen, not the end of the quiet time after it.
    pub leave: Timestamp,
    /// Best score over the stay, 0..1.
    pub confidence: f32,
    /// Name of the detector.
    pub model: Arc<str>,
    pub attributes: Attributes,
}
