//! Numbers of the `Numeric` operators, compared digit by digit: no rounding, no range.

use std::cmp::Ordering;

use crate::operator::Order;

/// A decimal number: digits, and a fraction perhaps, with a sign perhaps.
#[derive(Debug)]
pub(super) struct Number(Box<str>);

impl Number {
    pub(super) fn parse(text: &str) -> Option<Self> {
        Decimal::parse(text).map(|_| Self(text.into()))
    }
}

/// Whether the request's `value` stands in `order` to any of the policy's numbers.
pub(super) fn compare(value: &str, numbers: &[Number], order: Order) -> bool {
    let Some(value) = Decimal::parse(value) else { return false };
    let accepts = |number: &Number| {
        Decimal::parse(&number.0).is_some_and(|number| order.accepts(value.compare(number)))
    };
    numbers.iter().any(accepts)
}

/// The digits that count.
#[derive(Clone, Copy)]
struct Decimal<'a> {
    negative: bool,
    /// Without leading zeros.
    integer: &'a str,
    /// Without trailing zeros.
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (integer, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        if !is_digits(integer) || !is_digits(fraction) {
            return None;
        }
        let integer = integer.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let zero = integer.is_empty() && fraction.is_empty();
        Some(Self { negative: negative && !zero, integer, fraction })
    }

    fn compare(self, other: Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => self.compare_magnitude(other),
            (true, true) => other.compare_magnitude(self),
        }
    }

    fn compare_magnitude(self, other: Self) -> Ordering {
        let longer = self.integer.len().cmp(&other.integer.len());
        longer.then_with(|| self.integer.cmp(other.integer)).then(self.fraction.cmp(other.fraction))
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_exact() {
        let ascending = [
            "-100000000000000000000000000000000000000.5",
            "-10.25",
            "-10.2",
            "-9",
            "-0.001",
            "0",
            "0.0000000000000000000000000000000000000000001",
            "0.1",
            "0.11",
            "0.2",
            "2",
            "10",
            "9007199254740992",
            "9007199254740993",
            "9007199254740993.1",
        ];
        let decimals: Vec<_> = ascending.iter().map(|text| Decimal::parse(text).unwrap()).collect();
        for (i, left) in decimals.iter().enumerate() {
            for (j, right) in decimals.iter().enumerate() {
                assert_eq!(left.compare(*right), i.cmp(&j), "{} {}", ascending[i], ascending[j]);
            }
        }
    }

    #[test]
    fn spellings_of_one_number() {
        for text in ["5", "+5", "05", "5.0", "0005.000"] {
            assert!(compare(text, &[Number::parse("5.00").unwrap()], Order::Equals), "{text}");
        }
        assert!(compare("-0.0", &[Number::parse("0").unwrap()], Order::Equals));
    }

    #[test]
    fn what_is_no_number() {
        for text in
            ["", "-", "+", ".", "1.", ".5", "1e3", "0x1", "1,0", " 1", "1 ", "--1", "1.2.3", "NaN"]
        {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }
}
