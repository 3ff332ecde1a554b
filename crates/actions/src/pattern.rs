//! Wildcards: `*` for any characters, `?` for one.

/// Whether `pattern` matches the whole of `text`, the case of ASCII letters aside.
///
/// Time is bounded by the product of the lengths; there is no backtracking beyond the last star.
#[must_use]
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    if !ends_fit(pattern, text) {
        return false;
    }
    let (mut at, mut read) = (0, 0);
    // Where to go on if what follows the last star does not fit: after the star, one byte later.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let fits = match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                retry = Some((at, read));
                continue;
            }
            Some(b'?') => read < text.len(),
            Some(wanted) => text.get(read).is_some_and(|byte| byte.eq_ignore_ascii_case(wanted)),
            None if read == text.len() => return true,
            None => false,
        };
        match retry {
            _ if fits => (at, read) = (at + 1, read + 1),
            Some((after_star, from)) if from < text.len() => {
                (at, read) = (after_star, from + 1);
                retry = Some((after_star, from + 1));
            }
            _ => return false,
        }
    }
}

/// Whether the last characters can be the same: tells most texts from those that match.
fn ends_fit(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.last(), text.last()) {
        (Some(b'*' | b'?'), _) => true,
        (Some(wanted), Some(byte)) => wanted.eq_ignore_ascii_case(byte),
        (last, None) => last.is_none(),
        (None, Some(_)) => false,
    }
}

/// Whether `text` has the form of `template`, in which `${..}` stands for one or more characters.
pub(crate) fn fits(template: &str, text: &str) -> bool {
    let mut pattern = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        pattern.push_str(before);
        pattern.push_str("?*");
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    pattern.push_str(rest);
    matches(&pattern, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, text) in
            [("*", ""), ("list*", "ListUsers"), ("*a*b", "xaab"), ("a?c", "abc"), ("", "")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a?", "a"), ("*a*b", "ba"), ("List", "Lists")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn what_varies_must_be_there() {
        assert!(fits("aws:ResourceTag/${TagKey}", "aws:resourcetag/team"));
        assert!(!fits("aws:ResourceTag/${TagKey}", "aws:ResourceTag/"));
        assert!(!fits("aws:ResourceTag/${TagKey}", "aws:ResourceTag"));
    }
}
