//! Points in time of the `Date` operators.
//!
//! The W3C's profile of ISO 8601 (<https://www.w3.org/TR/NOTE-datetime>), from the year to a fraction of
//! seconds, or seconds since 1970. Lenient as AWS is: one digit may do for two, `t` and `z` for `T` and
//! `Z`, and the years reach far beyond four digits. What has neither `-` nor `T` is seconds.

/// Years that AWS takes, those of a 64-bit count of milliseconds.
const YEARS: std::ops::RangeInclusive<i64> = -292_275_054..=292_278_993;

const SECONDS_PER_MINUTE: i64 = 60;
const SECONDS_PER_HOUR: i64 = 60 * SECONDS_PER_MINUTE;
const SECONDS_PER_DAY: i64 = 24 * SECONDS_PER_HOUR;

/// Digits of a fraction of seconds: nanoseconds.
const FRACTION_DIGITS_MAX: usize = 9;

/// Seconds since 1970 and nanoseconds within the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant {
    seconds: i64,
    nanoseconds: u32,
}

impl Instant {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if !text.contains(['-', 't', 'T']) {
            let seconds = number(text, 0..=i64::MAX)?;
            return Some(Self { seconds, nanoseconds: 0 });
        }
        let (date, time) = text.split_once(['t', 'T']).unwrap_or((text, ""));
        let (seconds, nanoseconds) = time_of_day(time)?;
        Some(Self { seconds: days(date)? * SECONDS_PER_DAY + seconds, nanoseconds })
    }
}

/// Digits, nothing else, within `range`.
fn number(text: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
    // The parser of the standard library would take a sign.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|number| range.contains(number))
}

/// Days since 1970 of `[-]year[-month[-day]]`.
fn days(date: &str) -> Option<i64> {
    let (sign, date) = match date.strip_prefix('-') {
        Some(date) => (-1, date),
        None => (1, date),
    };
    let mut parts = date.splitn(3, '-');
    let year = sign * number(parts.next()?, 0..=i64::from(u32::MAX))?;
    let month = parts.next().map_or(Some(1), |month| number(month, 1..=12))?;
    let day = parts.next().map_or(Some(1), |day| number(day, 1..=days_of_month(year, month)))?;
    YEARS.contains(&year).then(|| days_since_1970(year, month, day))
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// In the Gregorian calendar, also before it was one. The year is taken to begin in March, so that the
/// leap day is its last, and 400 years are 146,097 days.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    const DAYS_TO_1970: i64 = 719_468;
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year - DAYS_TO_1970
}

/// Seconds and nanoseconds of `[hours[:minutes[:seconds[.fraction]]]][zone]`, in UTC.
fn time_of_day(time: &str) -> Option<(i64, u32)> {
    let (clock, offset) = zone(time)?;
    if clock.is_empty() {
        // A time zone wants a time.
        return time.is_empty().then_some((0, 0));
    }
    let mut parts = clock.splitn(3, ':');
    let hours = number(parts.next()?, 0..=23)?;
    let minutes = parts.next().map_or(Some(0), |minutes| number(minutes, 0..=59))?;
    let (seconds, nanoseconds) = parts.next().map_or(Some((0, 0)), seconds)?;
    let of_day = hours * SECONDS_PER_HOUR + minutes * SECONDS_PER_MINUTE + seconds;
    Some((of_day - offset, nanoseconds))
}

fn seconds(text: &str) -> Option<(i64, u32)> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if fraction.len() > FRACTION_DIGITS_MAX {
        return None;
    }
    let scale = 10_i64.pow(u32::try_from(FRACTION_DIGITS_MAX - fraction.len()).ok()?);
    let nanoseconds = number(fraction, 0..=i64::from(u32::MAX))? * scale;
    Some((number(seconds, 0..=59)?, u32::try_from(nanoseconds).ok()?))
}

/// Parts the zone from the time; its offset from UTC in seconds. Without a zone the time is UTC.
fn zone(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix(['z', 'Z']) {
        return Some((clock, 0));
    }
    let Some((clock, offset)) = time.split_once(['+', '-']) else { return Some((time, 0)) };
    let sign = if time.contains('-') { -1 } else { 1 };
    let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "00"));
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    let hours = number(hours, 0..=23)? * SECONDS_PER_HOUR;
    let minutes = number(minutes, 0..=59)? * SECONDS_PER_MINUTE;
    Some((clock, sign * (hours + minutes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn spellings_of_one_instant() {
        for text in [
            "1577934245",
            "2020-01-02T03:04:05Z",
            "2020-01-02t03:04:05z",
            "2020-1-2T3:4:5",
            "2020-01-02T03:04:05.000Z",
            "2020-01-02T05:34:05+02:30",
            "2020-01-01T22:04:05-05:00",
            "2020-01-02T05:04:05+02",
            "2020-01-02T03:04:05.0",
        ] {
            assert_eq!(at(text), Instant { seconds: 1_577_934_245, nanoseconds: 0 }, "{text}");
        }
    }

    #[test]
    fn parts_may_be_left_out() {
        assert_eq!(at("2020-01T"), at("2020-01-01T00:00:00Z"));
        assert_eq!(at("2020T"), at("2020-01-01"));
        assert_eq!(at("2020-01-01T12Z"), at("2020-01-01T12:00"));
        assert_eq!(at("2020"), Instant { seconds: 2020, nanoseconds: 0 });
        assert_eq!(at("01T"), at("0001-01-01"));
    }

    #[test]
    fn order() {
        let ascending = [
            "-292275054",
            "-1-12-31",
            "0000-01-01",
            "1969-12-31T23:59:59.999999999Z",
            "0",
            "1970-01-01T00:00:00.5Z",
            "2000-02-29",
            "2000-03-01",
            "2100-02-28T23:59:59",
            "2100-03-01",
            "9223372036854775807",
        ];
        for pair in ascending.windows(2) {
            assert!(at(pair[0]) < at(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "T",
            "sdfdsf",
            "9223372036854775808",
            "1.5",
            "+5",
            "234-13",
            "2020-00",
            "2020-01-00",
            "2020-01-32",
            "2020-02-30",
            "2019-02-29",
            "2100-02-29",
            "2020-01-01-01",
            "292278994-01",
            "-292275055",
            "2020-01-01T24:00",
            "2020-01-01T00:60",
            "2020-01-01T00:00:60",
            "2020-01-01T00:00:00.",
            "2020-01-01T00:00:00.1234567890",
            "2020-01-01T00:00:00+1",
            "2020-01-01T00:00:00+10:5",
            "2020-01-01T00:00:00+24",
            "2020-01-01T00:00:00ZZ",
            "2020-01-01T00:00:00 Z",
            "2020-01-01TZ",
            "2020-01-01T1:2:3:4",
            "--1",
            "2020-01-01T-1",
        ] {
            assert_eq!(Instant::parse(text), None, "{text}");
        }
    }
}
