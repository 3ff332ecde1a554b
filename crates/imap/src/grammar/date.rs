//! Dates (RFC 3501, section 9: `date`, `date-time`).

use world::Timestamp;

use super::cursor::{Bad, Cursor, Parsed, ascii};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_SECONDS: i64 = 86_400;
const WHY: Bad = Bad("a date was expected");

/// A calendar day: days since 1970-01-01, without a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(i64);

impl Day {
    /// `date = date-text / DQUOTE date-text DQUOTE`, such as `1-Feb-1994`.
    pub(crate) fn parse(cursor: &mut Cursor) -> Parsed<Self> {
        let text = ascii(&cursor.astring()?);
        Self::from_text(&text).ok_or(WHY)
    }

    /// Days since 1970-01-01.
    pub(crate) fn days(self) -> i64 {
        self.0
    }

    /// Where the day begins in UTC: the time zone in which dates are kept and shown.
    pub(crate) fn start(self) -> Timestamp {
        Timestamp::from_seconds(self.0 * DAY_SECONDS)
    }

    /// The day after.
    pub(crate) fn next(self) -> Self {
        Self(self.0 + 1)
    }

    fn from_text(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
        let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? + 1;
        let year = digits(year, 4, 4)?;
        let day = digits(day.trim_start_matches(' '), 1, 2)?;
        let month = i64::try_from(month).ok()?;
        (1..=days_of(month, year)).contains(&day).then(|| Self(days_from_civil(year, month, day)))
    }
}

/// `date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE`.
pub(crate) fn date_time(cursor: &mut Cursor) -> Parsed<Timestamp> {
    let text = ascii(&cursor.string()?);
    date_time_from(&text).ok_or(Bad("a date and time was expected"))
}

fn date_time_from(text: &str) -> Option<Timestamp> {
    if text.len() != 26 || !text.is_ascii() {
        return None;
    }
    let day = Day::from_text(text.get(..11)?)?;
    let (time, zone) = text.get(11..)?.strip_prefix(' ')?.split_once(' ')?;
    let seconds = day.0 * DAY_SECONDS + seconds_of(time)? - zone_seconds(zone)?;
    Some(Timestamp::from_seconds(seconds))
}

fn seconds_of(time: &str) -> Option<i64> {
    let mut parts = time.splitn(3, ':').map(|part| digits(part, 2, 2));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

fn zone_seconds(zone: &str) -> Option<i64> {
    let sign = match zone.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let number = digits(zone.get(1..)?, 4, 4)?;
    (number % 100 < 60).then_some(sign * (number / 100 * 3600 + number % 100 * 60))
}

fn digits(text: &str, least: usize, most: usize) -> Option<i64> {
    let fits = (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

fn days_of(month: i64, year: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, for years from 0.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Counting years from March puts the leap day last.
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year
        - 719_468
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn cursor(text: &str) -> Cursor {
        Cursor::new(Bytes::copy_from_slice(text.as_bytes()))
    }

    #[test]
    fn days_agree_with_the_calendar() {
        for (text, days) in
            [("1-Jan-1970", 0), ("29-Feb-2000", 11_016), ("\"01-mar-2026\"", 20_513)]
        {
            assert_eq!(Day::parse(&mut cursor(text)), Ok(Day(days)), "{text}");
        }
        assert_eq!(Day(11_016).start().iso8601(), "2000-02-29T00:00:00Z");
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in ["30-Feb-2000", "29-Feb-1900", "0-Jan-2000", "1-Foo-2000", "1-Jan-20", "1-Jan"]
        {
            assert!(Day::parse(&mut cursor(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn date_times_know_their_zone() {
        let at = date_time(&mut cursor("\" 7-Feb-1994 21:52:25 -0800\"")).unwrap();
        assert_eq!(at.iso8601(), "1994-02-08T05:52:25Z");
        for text in [
            "\"17-Jul-1996 02:44:25\"",
            "\"17-Jul-1996 25:44:25 -0700\"",
            "\"17-Jul-1996 02:44:25 -0760\"",
        ] {
            assert!(date_time(&mut cursor(text)).is_err(), "{text}");
        }
    }
}
