//! When a request was signed, and whether that is near enough.

use std::time::Duration;

use jiff::{civil::DateTime, tz::Offset};
use world::Timestamp;

use crate::Error;

/// Reads `20150830T123600Z`, the only form that AWS takes.
pub(crate) fn parse(text: &str) -> Result<Timestamp, Error> {
    basic(text.as_bytes()).ok_or_else(|| {
        Error::incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{text}'. \
             See http://en.wikipedia.org/wiki/ISO_8601"
        ))
    })
}

fn basic(text: &[u8]) -> Option<Timestamp> {
    if text.len() != 16 || text[8] != b'T' || text[15] != b'Z' {
        return None;
    }
    let year = number(&text[..4])?;
    let [month, day] = [number(&text[4..6])?, number(&text[6..8])?];
    let [hour, minute, second] =
        [number(&text[9..11])?, number(&text[11..13])?, number(&text[13..15])?];
    let small = |value: i16| i8::try_from(value).ok();
    let civil = DateTime::new(
        year,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        0,
    );
    let point = Offset::UTC.to_timestamp(civil.ok()?).ok()?;
    Some(Timestamp::from_seconds(point.as_second()))
}

/// At most four digits.
fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0, |value, digit| {
        digit.is_ascii_digit().then(|| value * 10 + i16::from(digit - b'0'))
    })
}

/// Refuses a signature made longer ago than `life`, or later from now than `tolerance`.
pub(crate) fn check(
    signed_at: Timestamp,
    now: Timestamp,
    life: Duration,
    tolerance: Duration,
) -> Result<(), Error> {
    let (earliest, latest) = (now.saturating_sub(life), now.saturating_add(tolerance));
    let show = Timestamp::iso8601_basic;
    if signed_at < earliest {
        return Err(Error::expired(format!(
            "Signature expired: {} is now earlier than {} ({} - {})",
            show(signed_at),
            show(earliest),
            show(now),
            length(life)
        )));
    }
    if signed_at > latest {
        return Err(Error::expired(format!(
            "Signature not yet current: {} is still later than {} ({} + {})",
            show(signed_at),
            show(latest),
            show(now),
            length(tolerance)
        )));
    }
    Ok(())
}

fn length(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds % 60 == 0 => format!("{} min.", seconds / 60),
        seconds => format!("{seconds} sec."),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const QUARTER: Duration = Duration::from_secs(15 * 60);

    #[test]
    fn only_the_basic_form_of_a_real_date_is_read() {
        assert_eq!(parse("20150830T123600Z").unwrap().as_seconds(), 1_440_938_160);
        for text in [
            "",
            "2015-08-30T12:36:00Z",
            "20150830T123600",
            "20150231T000000Z",
            "2015083\u{e9}123600Z",
        ] {
            assert_eq!(
                parse(text).unwrap_err().to_string(),
                format!(
                    "Date must be in ISO-8601 'basic format'. Got '{text}'. \
                     See http://en.wikipedia.org/wiki/ISO_8601"
                )
            );
        }
    }

    #[test]
    fn the_edges_are_still_good() {
        let now = parse("20150830T123600Z").unwrap();
        for good in [now.saturating_sub(QUARTER), now.saturating_add(QUARTER)] {
            assert_eq!(check(good, now, QUARTER, QUARTER), Ok(()));
        }
        let old = now.saturating_sub(QUARTER + Duration::from_secs(1));
        assert_eq!(
            check(old, now, QUARTER, QUARTER).unwrap_err().to_string(),
            "Signature expired: 20150830T122059Z is now earlier than 20150830T122100Z \
             (20150830T123600Z - 15 min.)"
        );
        let early = now.saturating_add(QUARTER + Duration::from_secs(1));
        assert_eq!(
            check(early, now, QUARTER, QUARTER).unwrap_err().to_string(),
            "Signature not yet current: 20150830T125101Z is still later than 20150830T125100Z \
             (20150830T123600Z + 15 min.)"
        );
    }
}
