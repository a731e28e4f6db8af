//! Bytes that come as a text in JSON: base64, or a data URL of it.

use ::base64::alphabet::STANDARD;
use ::base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ::base64::{DecodeError, Engine};
use thiserror::Error;

/// Padding is often forgotten and tells nothing.
const INDIFFERENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a text is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Base64Error {
    #[error("a data URL has a comma before its data")]
    NoComma,
    #[error(transparent)]
    Wrong(#[from] DecodeError),
}

/// The bytes of `text`, which may be a data URL.
///
/// # Errors
/// When it is none, or no base64.
pub fn from_base64(text: &str) -> Result<Vec<u8>, Base64Error> {
    let data = match text.trim_ascii_start().strip_prefix("data:") {
        Some(url) => url.split_once(',').ok_or(Base64Error::NoComma)?.1,
        None => text,
    };
    Ok(INDIFFERENT.decode(data.trim_ascii())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_taken_with_and_without_a_data_urls_beginning_and_padding() {
        for text in ["aGk=", "aGk", " aGk=\n", "data:image/jpeg;base64,aGk="] {
            assert_eq!(from_base64(text).unwrap(), b"hi", "{text}");
        }
        assert_eq!(from_base64("data:image/jpeg;base64"), Err(Base64Error::NoComma));
        assert!(matches!(from_base64("%%%"), Err(Base64Error::Wrong(_))));
    }
}
