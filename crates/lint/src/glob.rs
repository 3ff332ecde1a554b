//! What two patterns with `*` and `?` have to do with each other.

/// Longer patterns are not compared: nobody writes them, and the time grows with the product.
const PATTERN_BYTES_MAX: usize = 512;

/// Whether some text matches both. True if a pattern is too long to tell.
pub(crate) fn overlap(left: &str, right: &str) -> bool {
    if left.len() > PATTERN_BYTES_MAX || right.len() > PATTERN_BYTES_MAX {
        return true;
    }
    if !may_overlap(left, right) {
        return false;
    }
    let (left, right) = (left.as_bytes(), right.as_bytes());
    // `below[j]`: whether what is left of `left` after this row and `right[j..]` overlap.
    let mut below: Vec<bool> = Vec::new();
    for i in (0..=left.len()).rev() {
        let mut row = vec![false; right.len() + 1];
        for j in (0..=right.len()).rev() {
            let (a, b) = (left.get(i), right.get(j));
            let beyond = row.get(j + 1).copied().unwrap_or(false);
            let under = |j: usize| below.get(j).copied().unwrap_or(false);
            row[j] = match (a, b) {
                (None, None) => true,
                (Some(b'*'), _) => under(j) || beyond,
                (_, Some(b'*')) => beyond || under(j),
                (Some(a), Some(b)) => (a == b || *a == b'?' || *b == b'?') && under(j + 1),
                _ => false,
            };
        }
        below = row;
    }
    below.first().copied().unwrap_or(false)
}

/// Whether the texts before the first wildcards agree as far as both go: quick, and mostly enough.
pub(crate) fn may_overlap(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let wild = |byte: &u8| matches!(byte, b'*' | b'?');
    let plain = |pattern: &[u8]| pattern.iter().position(wild).unwrap_or(pattern.len());
    let length = plain(left).min(plain(right));
    left.get(..length) == right.get(..length)
}

/// Whether `wide` matches every text that `narrow` matches, by reading `narrow` as a text in which only
/// a star can stand for a star. If it says no, there may still be a way, or a pattern is too long.
pub(crate) fn covers(wide: &str, narrow: &str) -> bool {
    let (wide, narrow) = (wide.as_bytes(), narrow.as_bytes());
    if wide.len() > PATTERN_BYTES_MAX || narrow.len() > PATTERN_BYTES_MAX {
        return false;
    }
    let (mut at, mut read) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let fits = match (wide.get(at), narrow.get(read)) {
            (Some(b'*'), _) => {
                at += 1;
                retry = Some((at, read));
                continue;
            }
            (None, None) => return true,
            (Some(b'?'), Some(b'*')) => false,
            (Some(b'?'), Some(_)) => true,
            (Some(wanted), Some(byte)) => wanted == byte,
            _ => false,
        };
        match retry {
            _ if fits => (at, read) = (at + 1, read + 1),
            Some((after_star, from)) if from < narrow.len() => {
                (at, read) = (after_star, from + 1);
                retry = Some((after_star, from + 1));
            }
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps() {
        for (left, right) in [
            ("", ""),
            ("*", ""),
            ("a*", "*b"),
            ("a?c", "ab*"),
            ("*x*", "y*"),
            ("a*", &"b".repeat(600)),
        ] {
            assert!(overlap(left, right) && overlap(right, left), "{left} {right}");
        }
        for (left, right) in
            [("a", ""), ("a*", "b*"), ("a?", "a"), ("role/*", "user/?*"), ("*a", "*b")]
        {
            assert!(!overlap(left, right) && !overlap(right, left), "{left} {right}");
        }
    }

    #[test]
    fn coverings() {
        for (wide, narrow) in [("*", "a*b?"), ("a*", "ab*"), ("a?", "ab"), ("a?", "a?"), ("", "")] {
            assert!(covers(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [("a?", "a*"), ("ab*", "a*"), ("a", ""), ("*a", "b*")] {
            assert!(!covers(wide, narrow), "{wide} {narrow}");
        }
    }
}
