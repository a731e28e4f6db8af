//! Identifiers as types of their own, so that a branch cannot stand where a tenant is meant.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Why a text or number is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdError(String);

impl IdError {
    pub(super) fn new(reason: String) -> Self {
        Self(reason)
    }
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for IdError {}

/// 128 random bits as hexadecimal digits: nobody guesses it, and no two things get the same.
pub fn random_name() -> String {
    format!("{:032x}", rand::random::<u128>())
}

macro_rules! integer_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(i64);

        impl $name {
            /// # Errors
            /// When `id` is not positive.
            pub fn new(id: i64) -> Result<Self, IdError> {
                if id > 0 { Ok(Self(id)) } else { Err(IdError(format!("{} {id} is not a positive integer", $what))) }
            }

            pub fn get(self) -> i64 {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let id = text.parse().map_err(|_| IdError(format!("{} {text:?} is not a positive integer", $what)))?;
                Self::new(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

integer_id!(
    /// A customer of the installation; the wall nobody sees through. 1 when there is only one.
    TenantId,
    "tenant"
);
integer_id!(
    /// A venue of a tenant.
    BranchId,
    "branch"
);
integer_id!(
    /// An area of a branch.
    SectorId,
    "sector"
);
integer_id!(
    /// A work period of a branch, numbered by the store.
    ShiftId,
    "shift"
);
integer_id!(
    /// A stored visit, numbered by the store.
    VisitId,
    "visit"
);

impl Default for TenantId {
    fn default() -> Self {
        Self(1)
    }
}

impl Default for BranchId {
    fn default() -> Self {
        Self(1)
    }
}

impl Default for SectorId {
    fn default() -> Self {
        Self(1)
    }
}

/// A camera's slug, unique within its tenant: 1 to 64 of `a-z`, `0-9`, `-`, starting with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CameraId(Arc<str>);

impl CameraId {
    /// # Errors
    /// When `slug` is empty, too long, or has any other character.
    pub fn new(slug: &str) -> Result<Self, IdError> {
        let fits = !slug.starts_with('-')
            && (1..=64).contains(&slug.len())
            && slug.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if fits {
            Ok(Self(slug.into()))
        } else {
            Err(IdError(format!(
                "camera id {slug:?} must be 1 to 64 of a-z, 0-9 and -, and not start with -"
            )))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CameraId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camera_ids_are_slugs() {
        for good in ["a", "dock-2", "0"] {
            assert!(CameraId::new(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "Dock", "a b", "a/b", "é", &"a".repeat(65)] {
            assert!(CameraId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn integer_ids_are_positive() {
        assert!(TenantId::new(0).is_err());
        assert_eq!(BranchId::new(7).map(BranchId::get), Ok(7));
    }
}
