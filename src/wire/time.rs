//! Instants as text: RFC 3339 with the offset of the place they are about.

use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Timestamp;

/// The end of the year 9999.
const LATEST_MS: i64 = 253_402_300_799_999;

/// An instant, RFC 3339 with offset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, format = DateTime, examples("2026-05-04T14:00:00+02:00"))]
pub struct Time(String);

impl Time {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Writes instants as the clock on a branch's wall shows them.
#[derive(Debug, Clone)]
pub struct ZoneClock(TimeZone);

impl ZoneClock {
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The clock of an IANA zone; of UTC when this machine does not know the zone.
    pub fn of(time_zone: &str) -> Self {
        Self(TimeZone::get(time_zone).unwrap_or(TimeZone::UTC))
    }

    pub fn write(&self, at: Timestamp) -> Time {
        // Beyond jiff's range, some ten thousand years away, an instant is shown as the nearest one within.
        let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(if at.as_millis() < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        Time(at.display_with_offset(self.0.to_offset(at)).to_string())
    }
}

impl ZoneClock {
    /// The day that the clock shows, such as `2026-05-04`.
    pub fn date(&self, at: Timestamp) -> String {
        self.write(at).0.chars().take_while(|c| *c != 'T').collect()
    }

    /// When a day such as `2026-05-04` begins, or the clock shows a time such as `2026-05-04T06:00`: the earlier one of
    /// two, and as long after the change as it would have been for one that is skipped.
    pub fn read(&self, text: &str) -> Option<Timestamp> {
        // A zone of its own would be lost.
        if text.contains('[') {
            return None;
        }
        let at: jiff::civil::DateTime = text.parse().ok()?;
        let ms = self.0.to_ambiguous_zoned(at).compatible().ok()?.timestamp().as_millisecond();
        (0..=LATEST_MS).contains(&ms).then(|| Timestamp::from_millis(ms))
    }
}

/// What RFC 3339 text with an offset says, from 1970 to the year 9999: both databases can hold that. The offset's `+` may
/// be a space, which is what a query makes of one that is not escaped.
pub fn instant(text: &str) -> Option<Timestamp> {
    let at = text.parse::<jiff::Timestamp>().or_else(|_| text.replace(' ', "+").parse());
    let ms = at.ok()?.as_millisecond();
    (0..=LATEST_MS).contains(&ms).then(|| Timestamp::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_with_the_offset_of_their_season() {
        let madrid = ZoneClock::of("Europe/Madrid");
        let text = |ms| madrid.write(Timestamp::from_millis(ms)).0;
        assert_eq!(text(1_767_225_600_000), "2026-01-01T01:00:00+01:00");
        assert_eq!(text(1_782_864_000_250), "2026-07-01T02:00:00.25+02:00");
        assert_eq!(ZoneClock::utc().write(Timestamp::from_millis(0)).0, "1970-01-01T00:00:00+00:00");
        assert!(!text(i64::MAX).is_empty());
    }

    #[test]
    fn the_wall_clock_is_read_to_the_second_and_through_its_changes() {
        let havana = ZoneClock::of("America/Havana");
        let read = |text| havana.read(text).map(|at| havana.write(at).0);
        for (text, at) in [
            ("2026-11-02", "2026-11-02T00:00:00-05:00"),
            ("2026-11-01T12:00:00", "2026-11-01T12:00:00-05:00"),
            ("2026-11-01T12:30", "2026-11-01T12:30:00-05:00"),
            ("2026-11-01 00:30:00", "2026-11-01T00:30:00-04:00"),
            // At midnight the clock is put forward to one.
            ("2026-03-08", "2026-03-08T01:00:00-04:00"),
            ("2026-03-08T00:30", "2026-03-08T01:30:00-04:00"),
        ] {
            assert_eq!(read(text).as_deref(), Some(at), "{text}");
        }
        for text in
            ["", "noon", "2026-13-01", "2026-11-01T12:00:00-05:00x", "2026-11-01T06:00[UTC]", "1969-01-01"]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn instants_are_read_with_any_offset_and_within_bounds() {
        let ms = |text| instant(text).map(Timestamp::as_millis);
        assert_eq!(ms("2026-07-01T02:00:00.25+02:00"), Some(1_782_864_000_250));
        assert_eq!(ms("2026-07-01T00:00:00.25Z"), Some(1_782_864_000_250));
        assert_eq!(ms("2026-07-01T02:00:00.25 02:00"), Some(1_782_864_000_250));
        for text in
            ["", "2026-07-01", "2026-07-01T00:00:00", "1969-12-31T23:59:59Z", "-009999-01-02T01:59:59Z"]
        {
            assert_eq!(ms(text), None, "{text}");
        }
    }
}
