//! Points in time as the protocols write them.

use std::fmt::Write;

use world::Timestamp;

/// The year 9999 ends before this; a number beyond it is no time that anybody means.
const MAX_SECONDS: f64 = 253_402_300_800.0;

/// Adds seconds since the epoch with milliseconds: `1532459261.827`.
pub(crate) fn push_seconds(out: &mut String, time: Timestamp) {
    let millis = time.as_micros().div_euclid(1_000);
    let sign = if millis < 0 { "-" } else { "" };
    let millis = millis.unsigned_abs();
    // writing to a string cannot fail
    _ = write!(out, "{sign}{}.{:03}", millis / 1_000, millis % 1_000);
}

/// The point so many seconds after the epoch. Exact to the microsecond if `text` has no exponent.
pub(crate) fn seconds(text: &str) -> Option<Timestamp> {
    let number: f64 = text.parse().ok().filter(|number: &f64| number.abs() < MAX_SECONDS)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let micros = match (whole.parse::<i64>(), leading_micros(fraction)) {
        (Ok(whole), Some(micros)) if text.starts_with('-') => whole * 1_000_000 - micros,
        (Ok(whole), Some(micros)) => whole * 1_000_000 + micros,
        #[allow(clippy::cast_possible_truncation, reason = "bounded above")]
        _ => (number * 1e6).round() as i64,
    };
    Some(Timestamp::from_micros(micros))
}

/// The first six digits after the point.
fn leading_micros(fraction: &str) -> Option<i64> {
    let is_decimal = fraction.bytes().all(|byte| byte.is_ascii_digit());
    let digits = fraction.get(..fraction.len().min(6)).filter(|_| is_decimal)?;
    format!("{digits:0<6}").parse().ok()
}

/// The point that ISO 8601 text with an offset names: `2026-11-22T03:04:05.5+01:00`.
pub(crate) fn iso8601(text: &str) -> Option<Timestamp> {
    let time: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp::from_micros(time.as_microsecond()))
}

/// As HTTP writes it: `Tue, 24 Jul 2018 19:07:41 GMT` (RFC 9110, section 5.6.7).
pub(crate) fn http_date(time: Timestamp) -> String {
    time.civil("%a, %d %b %Y %H:%M:%S GMT")
}

/// The point that ISO 8601 text or an HTTP date names.
pub(crate) fn written(text: &str) -> Option<Timestamp> {
    iso8601(text).or_else(|| {
        let civil = jiff::civil::DateTime::strptime("%a, %d %b %Y %H:%M:%S%.f GMT", text).ok()?;
        let time = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
        Some(Timestamp::from_micros(time.as_microsecond()))
    })
}

/// The point that a text means in whatever form.
pub(crate) fn any(text: &str) -> Option<Timestamp> {
    written(text).or_else(|| seconds(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_milliseconds() {
        for (micros, text) in [
            (1_532_459_261_827_999, "1532459261.827"),
            (1_000_000, "1.000"),
            (0, "0.000"),
            (-1_500_000, "-1.500"),
            (-1, "-0.001"),
        ] {
            let mut out = String::new();
            push_seconds(&mut out, Timestamp::from_micros(micros));
            assert_eq!(out, text);
        }
    }

    #[test]
    fn seconds_are_read_exactly() {
        for (text, micros) in [
            ("1532459261.827", 1_532_459_261_827_000),
            ("83750520105.427", 83_750_520_105_427_000),
            ("1.5324592618271E9", 1_532_459_261_827_100),
            ("-0.5", -500_000),
            ("-1.25", -1_250_000),
            ("7.1234567890123456789", 7_123_456),
            ("0", 0),
        ] {
            assert_eq!(seconds(text), Some(Timestamp::from_micros(micros)), "{text}");
        }
        for text in ["253402300800", "-1e300", "1e999", "NaN", "", "x"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn http_dates() {
        let time = Timestamp::from_seconds(1_532_459_261);
        assert_eq!(http_date(time), "Tue, 24 Jul 2018 19:07:41 GMT");
        assert_eq!(any("Tue, 24 Jul 2018 19:07:41 GMT"), Some(time));
        let half = Timestamp::from_micros(1_532_459_261_500_000);
        assert_eq!(any("Tue, 24 Jul 2018 19:07:41.5 GMT"), Some(half));
        for text in ["Tue, 24 Jul 2018 19:07:41", "Mon, 24 Jul 2018 19:07:41 GMT", "24 Jul 2018"] {
            assert_eq!(any(text), None, "{text}");
        }
    }

    #[test]
    fn iso_8601_needs_an_offset() {
        let time = Some(Timestamp::from_micros(1_532_459_261_500_000));
        assert_eq!(iso8601("2018-07-24T19:07:41.5Z"), time);
        assert_eq!(iso8601("2018-07-24T21:07:41.5+02:00"), time);
        assert_eq!(iso8601("2018-07-24T19:07:41"), None);
        assert_eq!(iso8601("2018-07-24"), None);
    }
}
