//! Patterns of LIST and LSUB (RFC 3501, section 6.3.8).

use mailbox::{INBOX, SEPARATOR};

/// The longest pattern, its reference included, in bytes: longer ones match no folder's name.
const MAX_PATTERN_BYTES: usize = 1024;

/// A pattern: `*` stands for anything, `%` for anything without a separator.
#[derive(Debug)]
pub(crate) struct Pattern(Vec<u8>);

impl Pattern {
    /// The pattern behind its reference; nothing if both are too long.
    pub(crate) fn new(reference: &str, pattern: &str) -> Option<Self> {
        let whole = format!("{reference}{pattern}");
        (whole.len() <= MAX_PATTERN_BYTES).then(|| Self(with_plain_inbox(whole).into_bytes()))
    }

    /// Whether the pattern has a `%`.
    pub(crate) fn has_percent(&self) -> bool {
        self.0.contains(&b'%')
    }

    /// Whether names that begin with `start` can match.
    pub(crate) fn reaches(&self, start: &str) -> bool {
        self.follow(start).is_some()
    }

    /// Whether the whole name matches. Follows all ways at once: time is bounded by the product of both
    /// lengths, whatever the wildcards.
    pub(crate) fn matches(&self, name: &str) -> bool {
        self.follow(name).is_some_and(|places| places.last() == Some(&true))
    }

    /// Where in the pattern one can be behind `text`; nothing if nowhere.
    fn follow(&self, text: &str) -> Option<Vec<bool>> {
        let mut places = vec![false; self.0.len() + 1];
        places[0] = true;
        self.skip_wildcards(&mut places);
        for byte in text.bytes() {
            if !self.step(&mut places, byte) {
                return None;
            }
        }
        Some(places)
    }

    /// Takes one byte of the name; false if no way is left.
    fn step(&self, places: &mut [bool], byte: u8) -> bool {
        let mut any = false;
        places[self.0.len()] = false;
        // From the end on, so that a place reached by this byte is not used for it again.
        for (index, expected) in self.0.iter().enumerate().rev() {
            let here = std::mem::take(&mut places[index]);
            match expected {
                b'*' => places[index] = here,
                b'%' => places[index] = here && byte != SEPARATOR as u8,
                literal => places[index + 1] |= here && *literal == byte,
            }
            any |= places[index] || places[index + 1];
        }
        self.skip_wildcards(places);
        any
    }

    /// A wildcard may stand for nothing.
    fn skip_wildcards(&self, places: &mut [bool]) {
        for (index, byte) in self.0.iter().enumerate() {
            if places[index] && matches!(byte, b'*' | b'%') {
                places[index + 1] = true;
            }
        }
    }
}

/// INBOX may be written in any case (RFC 3501, section 5.1).
fn with_plain_inbox(pattern: String) -> String {
    let first = pattern.split(SEPARATOR).next().unwrap_or_default();
    if first.eq_ignore_ascii_case(INBOX) { pattern.replacen(first, INBOX, 1) } else { pattern }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Pattern::new("", pattern).unwrap().matches(name)
    }

    #[test]
    fn wildcards_and_separators() {
        assert!(matches("*", "a/b/c") && matches("%", "a") && !matches("%", "a/b"));
        assert!(matches("a/%", "a/b") && !matches("a/%", "a") && !matches("a/%", "a/b/c"));
        assert!(matches("a*c", "a/b/c") && matches("%b%", "abc") && !matches("a", "ab"));
        assert!(matches("inbox", "INBOX") && matches("Inbox/*", "INBOX/x") && !matches("b", "B"));
        assert!(matches("**%%**", "x") && matches("", ""));
        assert!(Pattern::new("a/", "%").unwrap().matches("a/b"));
        let reaches = |pattern, start| Pattern::new("", pattern).unwrap().reaches(start);
        assert!(reaches("*", "ab") && reaches("a%/x", "ab") && reaches("ab", "ab"));
        assert!(!reaches("a", "ab") && !reaches("b*", "ab") && !reaches("%/x", "a/b/"));
    }

    /// The same, plainly.
    fn slow(pattern: &[u8], name: &[u8]) -> bool {
        match pattern.split_first() {
            None => name.is_empty(),
            Some((b'*', rest)) => (0..=name.len()).any(|skip| slow(rest, &name[skip..])),
            Some((b'%', rest)) => {
                let most = name.iter().position(|byte| *byte == b'/').unwrap_or(name.len());
                (0..=most).any(|skip| slow(rest, &name[skip..]))
            }
            Some((byte, rest)) => name.first() == Some(byte) && slow(rest, &name[1..]),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_plain_way(pattern in "[ab/*%]{0,8}", name in "[ab/]{0,10}") {
            prop_assert_eq!(matches(&pattern, &name), slow(pattern.as_bytes(), name.as_bytes()));
        }
    }
}
