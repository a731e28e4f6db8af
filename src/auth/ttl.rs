//! How long a token lives, as people write it: `90s`, `15m`, `1h`, `30d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

/// Longest life: beyond ten years a token is a password that nobody will remember to change.
const MAX: Duration = Duration::from_secs(3660 * 24 * 3600);

/// A time to live of at least one second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ttl(Duration);

/// Why a text is not a time to live.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "{0:?} is not a time to live: write a number and one of s, m, h, d, such as 15m, 1h or 30d (at most 3660d)"
)]
pub struct TtlError(String);

impl Ttl {
    /// Whole seconds; a fraction is dropped.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    pub const fn get(self) -> Duration {
        self.0
    }
}

impl FromStr for Ttl {
    type Err = TtlError;

    fn from_str(text: &str) -> Result<Self, TtlError> {
        let parse = || {
            let unit = text.chars().last()?;
            let seconds = match unit {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                'd' => 24 * 3600,
                _ => return None,
            };
            let digits = text.strip_suffix(unit)?;
            let count: u64 =
                digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok()).flatten()?;
            let ttl = Duration::from_secs(count.checked_mul(seconds)?);
            (!ttl.is_zero() && ttl <= MAX).then_some(Self(ttl))
        };
        parse().ok_or_else(|| TtlError(text.to_owned()))
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (count, unit) = match seconds {
            s if s % 86_400 == 0 => (s / 86_400, "d"),
            s if s % 3600 == 0 => (s / 3600, "h"),
            s if s % 60 == 0 => (s / 60, "m"),
            s => (s, "s"),
        };
        write!(f, "{count}{unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_unit() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("1h", 3600), ("30d", 2_592_000)] {
            let ttl: Ttl = text.parse().unwrap();
            assert_eq!(ttl.get().as_secs(), seconds, "{text}");
            assert_eq!(ttl.to_string().parse(), Ok(ttl), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in
            ["", "h", "1", "0s", "-1h", "+1h", "1 h", "1.5h", "1w", "99999999999999999999d", "4000d", "1é"]
        {
            assert!(text.parse::<Ttl>().is_err(), "{text:?}");
        }
    }
}
