//! Domain names, as they are compared.

/// Longest name in text, without the dot at its end (RFC 1035, section 2.3.4).
const NAME_MAX: usize = 253;

/// Longest name that is looked at, in bytes of UTF-8.
const TEXT_MAX: usize = 1024;

/// The name in lower-case A-labels (RFC 5890), without a dot at its end. `None` for what can be no name.
pub(crate) fn normal(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.is_empty() || text.len() > TEXT_MAX {
        return None;
    }
    let name = match text.is_ascii() {
        true => text.to_ascii_lowercase(),
        false => idna::domain_to_ascii(text).ok()?,
    };
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    (name.len() <= NAME_MAX && name.split('.').all(label)).then_some(name)
}

/// The domain of an address, as [`normal`] has it.
pub(crate) fn of_address(address: &str) -> Option<String> {
    normal(address.rsplit_once('@')?.1)
}

/// Whether `name` is `parent` or below it; both normal.
pub(crate) fn is_within(name: &str, parent: &str) -> bool {
    match name.strip_suffix(parent) {
        Some(rest) => rest.is_empty() || rest.ends_with('.'),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_have_one_form() {
        assert_eq!(normal("Bücher.Example.").unwrap(), "xn--bcher-kva.example");
        assert_eq!(normal("A_b.example").unwrap(), "a_b.example");
        for none in ["", ".", "a..b", "a b", "a@b", &"a".repeat(64)] {
            assert_eq!(normal(none), None, "{none}");
        }
        assert!(is_within("a.b.c", "b.c") && is_within("b.c", "b.c"));
        assert!(!is_within("ab.c", "b.c") && !is_within("c", "b.c"));
    }

    proptest! {
        #[test]
        fn any_text_is_borne(text in "\\PC{0,60}") {
            if let Some(name) = normal(&text) {
                prop_assert_eq!(normal(&name), Some(name.clone()));
            }
        }
    }
}
