//! Instants as the Management API writes them, and spans of time as a search names them.

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serializer};

use crate::env::Timestamp;

/// Reads RFC 3339.
pub fn parse(text: &str) -> Option<Timestamp> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_millis(instant.as_millisecond()))
}

/// The span that a text stands for, its end excluded: a year, a month, a day (all in UTC), or an instant with seconds or
/// milliseconds.
pub fn span(text: &str) -> Option<(Timestamp, Timestamp)> {
    if !text.is_ascii() {
        return None;
    }
    let number = |part: &str| {
        let digits = part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<i16>().ok().filter(|_| digits)
    };
    let parts: Vec<_> = text.split('-').collect();
    let day = match parts.as_slice() {
        [year] if year.len() == 4 => {
            let year = number(year)?;
            return days(date(year, 1, 1)?, date(year.checked_add(1)?, 1, 1)?);
        }
        [year, month] if year.len() == 4 && month.len() == 2 => {
            let first = date(number(year)?, number(month)?, 1)?;
            let next = first.last_of_month().tomorrow().ok()?;
            return days(first, next);
        }
        [year, month, day] if year.len() == 4 && month.len() == 2 && day.len() == 2 => {
            date(number(year)?, number(month)?, number(day)?)?
        }
        _ => {
            let first = parse(text)?;
            let width = if text.contains('.') { 1 } else { 1000 };
            let next = Timestamp::from_millis(first.millis().saturating_add(width));
            return Some((first, next));
        }
    };
    days(day, day.tomorrow().ok()?)
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
}

fn days(first: Date, next: Date) -> Option<(Timestamp, Timestamp)> {
    let start = |day: Date| {
        let start = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Timestamp::from_millis(start.timestamp().as_millisecond()))
    };
    Some((start(first)?, start(next)?))
}

/// For `#[serde(with)]`.
pub mod rfc3339 {
    use super::{Deserialize, Deserializer, Serializer, Timestamp, parse};
    use serde::de::Error as _;

    /// Writes an instant.
    pub fn serialize<S: Serializer>(instant: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&instant.rfc3339())
    }

    /// Reads an instant.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(from)?;
        parse(&text).ok_or_else(|| D::Error::custom("not an instant"))
    }
}

/// For `#[serde(with)]` on what may be absent.
pub mod optional_rfc3339 {
    use super::{Deserialize, Deserializer, Serializer, Timestamp, parse};
    use serde::de::Error as _;

    /// Writes an instant, or `null`.
    pub fn serialize<S: Serializer>(instant: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        match instant {
            Some(instant) => to.serialize_str(&instant.rfc3339()),
            None => to.serialize_none(),
        }
    }

    /// Reads an instant, or `null`.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        let read = |text: String| parse(&text).ok_or_else(|| D::Error::custom("not an instant"));
        text.map(read).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_as_wide_as_what_is_named() {
        let at = |text: &str| parse(text).unwrap();
        for (text, first, next) in [
            ("2025", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            ("2024-02", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"),
            ("2025-12-31", "2025-12-31T00:00:00Z", "2026-01-01T00:00:00Z"),
            (
                "2025-12-31T10:00:00Z",
                "2025-12-31T10:00:00Z",
                "2025-12-31T10:00:01Z",
            ),
            (
                "2025-12-31T10:00:00.123Z",
                "2025-12-31T10:00:00.123Z",
                "2025-12-31T10:00:00.124Z",
            ),
            (
                "2025-12-31T10:00:00+02:00",
                "2025-12-31T08:00:00Z",
                "2025-12-31T08:00:01Z",
            ),
        ] {
            assert_eq!(span(text), Some((at(first), at(next))), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_no_span() {
        for bad in [
            "",
            "25",
            "2025-13",
            "2025-02-30",
            "2025-1-1",
            "-2025",
            "now",
            "9999",
            "é025",
            "2025-12-31T10",
        ] {
            assert_eq!(span(bad), None, "{bad}");
        }
    }
}
