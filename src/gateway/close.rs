//! Why a connection is closed, and whether it is worth coming back.
//!
//! Codes below 3000 are those of RFC 6455 and IANA; those from 4400 are ours, like the HTTP statuses that they remind of.
//! The reason that goes with them is JSON: `{"code":"slow_consumer","retry":true,"retry_ms":250}`.

/// What a client that is sent away is told to wait, milliseconds: by chance, so that not all come back at once.
const RETRY_MS: std::ops::Range<u64> = 100..1000;

/// The same of one that has to wait for another of its own to go.
const PATIENT_MS: std::ops::Range<u64> = 5000..10_000;

/// What a client should do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same will happen again.
    Never,
    /// At once or a little later.
    Soon,
    /// With a new token.
    WithNewToken,
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Close {
    Normal,
    /// A broken frame.
    Protocol,
    /// A text that is no UTF-8.
    Encoding,
    TooLarge,
    /// The server stops; another one, or it again, takes over.
    Restart,
    /// As many are connected as may.
    Full,
    /// The streams are not there now.
    TryLater,
    /// Messages that mean nothing, again and again.
    BadMessage,
    Unauthorized,
    Forbidden,
    /// Nothing was heard for too long.
    HeartbeatLost,
    TooManyOfUser,
    SessionClosed,
    TokenExpired,
    TooFast,
    SlowConsumer,
    /// What was missed is not known any more: load the state anew.
    Gap,
}

impl Close {
    pub const ALL: [Self; 17] = [
        Self::Normal,
        Self::Protocol,
        Self::Encoding,
        Self::TooLarge,
        Self::Restart,
        Self::Full,
        Self::TryLater,
        Self::BadMessage,
        Self::Unauthorized,
        Self::Forbidden,
        Self::HeartbeatLost,
        Self::TooManyOfUser,
        Self::SessionClosed,
        Self::TokenExpired,
        Self::TooFast,
        Self::SlowConsumer,
        Self::Gap,
    ];

    pub fn code(self) -> u16 {
        self.parts().0
    }

    /// Its name in the reason and in the figures.
    pub fn name(self) -> &'static str {
        self.parts().1
    }

    pub fn retry(self) -> Retry {
        self.parts().2
    }

    fn parts(self) -> (u16, &'static str, Retry) {
        match self {
            Self::Normal => (1000, "normal", Retry::Never),
            Self::Protocol => (1002, "protocol_error", Retry::Soon),
            Self::Encoding => (1007, "not_utf8", Retry::Soon),
            Self::TooLarge => (1009, "message_too_large", Retry::Soon),
            Self::Restart => (1012, "restart", Retry::Soon),
            Self::Full => (1013, "max_connections", Retry::Soon),
            Self::TryLater => (1013, "try_later", Retry::Soon),
            Self::BadMessage => (4400, "bad_message", Retry::Never),
            Self::Unauthorized => (4401, "unauthorized", Retry::Never),
            Self::Forbidden => (4403, "forbidden", Retry::Never),
            Self::HeartbeatLost => (4408, "heartbeat_lost", Retry::Soon),
            Self::TooManyOfUser => (4409, "max_per_user", Retry::Soon),
            Self::SessionClosed => (4410, "session_closed", Retry::Never),
            Self::TokenExpired => (4419, "token_expired", Retry::WithNewToken),
            Self::TooFast => (4429, "too_fast", Retry::Soon),
            Self::SlowConsumer => (4430, "slow_consumer", Retry::Soon),
            Self::Gap => (4431, "gap", Retry::Soon),
        }
    }

    /// How long the client is told to wait, ms.
    pub(super) fn retry_ms(self) -> u64 {
        rand::random_range(if self == Self::TooManyOfUser { PATIENT_MS } else { RETRY_MS })
    }

    /// The reason: `retry_ms` from now on it is worth trying again, if at all.
    pub fn reason(self, retry_ms: u64) -> String {
        let name = self.name();
        match self.retry() {
            Retry::Never => format!(r#"{{"code":"{name}","retry":false}}"#),
            Retry::Soon => format!(r#"{{"code":"{name}","retry":true,"retry_ms":{retry_ms}}}"#),
            Retry::WithNewToken => {
                format!(r#"{{"code":"{name}","retry":true,"retry_ms":{retry_ms},"new_token":true}}"#)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_json_that_fits_a_close_frame() {
        for close in Close::ALL {
            let reason = close.reason(u64::from(u32::MAX));
            assert!(reason.len() <= 123, "{reason}");
            let value: serde_json::Value = serde_json::from_str(&reason).unwrap();
            assert_eq!(value["code"], close.name());
            assert_eq!(value["retry"], close.retry() != Retry::Never);
        }
        assert_eq!(Close::Normal.retry(), Retry::Never, "it went by itself");
        assert!(PATIENT_MS.contains(&Close::TooManyOfUser.retry_ms()), "one of its own has to go first");
    }

    #[test]
    fn every_code_is_one_that_may_be_sent() {
        let codes: std::collections::BTreeSet<_> = Close::ALL.map(Close::code).into();
        assert_eq!(codes.len(), Close::ALL.len() - 1, "two reasons to try later");
        assert!(
            codes.iter().all(|code| (1000..1015).contains(code) || (4400..4500).contains(code)),
            "{codes:?}"
        );
    }
}
