//! What is said about a person; the same shape everywhere, always all seven keys.

use serde::Serialize;
use utoipa::ToSchema;

use super::frame::rounded;
use crate::domain;

/// One attribute.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Attribute {
    /// Its code, in English; null when unknown.
    #[schema(examples("jacket"))]
    pub value: Option<String>,
    /// 0..1.
    pub confidence: f32,
}

/// A person's attributes.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Attributes {
    pub garment: Attribute,
    pub style: Attribute,
    pub primary_color: Attribute,
    pub secondary_color: Attribute,
    pub head_accessory: Attribute,
    pub bag: Attribute,
    pub age_range: Attribute,
}

impl From<&domain::Attribute> for Attribute {
    fn from(attribute: &domain::Attribute) -> Self {
        Self {
            value: attribute.value.as_deref().map(str::to_owned),
            confidence: rounded(attribute.confidence, 4),
        }
    }
}

impl From<&domain::Attributes> for Attributes {
    fn from(all: &domain::Attributes) -> Self {
        Self {
            garment: (&all.garment).into(),
            style: (&all.style).into(),
            primary_color: (&all.primary_color).into(),
            secondary_color: (&all.secondary_color).into(),
            head_accessory: (&all.head_accessory).into(),
            bag: (&all.bag).into(),
            age_range: (&all.age_range).into(),
        }
    }
}
