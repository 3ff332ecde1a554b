//! Sequence sets and UID sets (RFC 3501, section 9: `sequence-set`).

use super::cursor::{Bad, Cursor, Parsed};
use crate::limits::MAX_SET_RANGES;

/// A set of message numbers: ranges whose ends may be `*`, the highest number in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Set(Vec<(Bound, Bound)>);

/// One end of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    Number(u32),
    Star,
}

impl Set {
    pub(crate) fn parse(cursor: &mut Cursor) -> Parsed<Self> {
        let mut ranges = Vec::new();
        loop {
            if ranges.len() == MAX_SET_RANGES {
                return Err(Bad("a message set has too many ranges"));
            }
            let first = Bound::parse(cursor)?;
            let last = if cursor.skip(b':') { Bound::parse(cursor)? } else { first };
            ranges.push((first, last));
            if !cursor.skip(b',') {
                return Ok(Self(ranges));
            }
        }
    }

    /// The ranges in ascending order, merged, with `*` standing for `highest`.
    pub(crate) fn ranges(&self, highest: u32) -> Vec<(u32, u32)> {
        let mut ranges: Vec<_> = self.0.iter().map(|range| resolve(*range, highest)).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => {
                    before.1 = before.1.max(last)
                }
                _ => merged.push((first, last)),
            }
        }
        merged
    }

    /// The highest number that the set names itself.
    pub(crate) fn highest_named(&self) -> u32 {
        let ends =
            self.0.iter().filter(|(first, last)| *first != Bound::Star && *last != Bound::Star);
        ends.map(|range| resolve(*range, 0).1).max().unwrap_or(0)
    }
}

impl Bound {
    fn parse(cursor: &mut Cursor) -> Parsed<Self> {
        if cursor.skip(b'*') {
            return Ok(Self::Star);
        }
        cursor.number_above_zero().map(Self::Number)
    }

    fn resolve(self, highest: u32) -> u32 {
        match self {
            Self::Number(number) => number,
            Self::Star => highest,
        }
    }
}

/// The order of the ends does not matter (RFC 3501, section 9: `seq-range`).
fn resolve((first, last): (Bound, Bound), highest: u32) -> (u32, u32) {
    let (first, last) = (first.resolve(highest), last.resolve(highest));
    (first.min(last), first.max(last))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Parsed<Set> {
        Set::parse(&mut Cursor::new(Bytes::copy_from_slice(text.as_bytes())))
    }

    #[test]
    fn ranges_are_ordered_and_merged() {
        let ranges = parse("5,1:3,4,9:7,*:12,20").unwrap().ranges(14);
        assert_eq!(ranges, [(1, 5), (7, 9), (12, 14), (20, 20)]);
    }

    #[test]
    fn star_below_the_other_end_still_holds() {
        assert_eq!(parse("7:*").unwrap().ranges(5), [(5, 7)]);
        assert_eq!(parse("7:*").unwrap().highest_named(), 0);
        assert_eq!(parse("7:9,3").unwrap().highest_named(), 9);
    }

    #[test]
    fn zero_and_gaps_are_no_sets() {
        for text in ["", "0", "1:", ",1", "1:0", "a"] {
            assert!(parse(text).is_err(), "{text}");
        }
        let long = vec!["1"; MAX_SET_RANGES + 1].join(",");
        assert!(parse(&long).is_err());
    }

    proptest! {
        #[test]
        fn ranges_hold_what_the_parts_hold(parts in proptest::collection::vec((1..40u32, 1..40u32), 1..8)) {
            let text: Vec<_> = parts.iter().map(|(a, b)| format!("{a}:{b}")).collect();
            let ranges = parse(&text.join(",")).unwrap().ranges(1);
            for number in 1..41 {
                let wanted = parts.iter().any(|(a, b)| (a.min(b)..=a.max(b)).contains(&&number));
                prop_assert_eq!(wanted, ranges.iter().any(|(a, b)| (*a..=*b).contains(&number)));
            }
        }
    }
}
