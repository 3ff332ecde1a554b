//! Lists of tags: `v=1; a=rsa-sha256; ...` (RFC 6376, section 3.2).

/// Tags of one list; more than any standard knows.
const TAGS_MAX: usize = 64;

/// The tags of a list, in their order.
#[derive(Debug)]
pub(crate) struct Tags<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Tags<'a> {
    /// `None` if the text is no such list, or a tag stands in it twice.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut tags: Vec<(&str, &str)> = Vec::new();
        let text = text.trim_matches(is_space);
        let text = text.strip_suffix(';').unwrap_or(text);
        for piece in text.split(';') {
            let (name, value) = piece.split_once('=')?;
            let (name, value) = (name.trim_matches(is_space), value.trim_matches(is_space));
            let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            let is_new = tags.iter().all(|(known, _)| *known != name);
            if name.is_empty() || !is_name || !is_new || tags.len() == TAGS_MAX {
                return None;
            }
            tags.push((name, value));
        }
        Some(Self(tags))
    }

    pub(crate) fn of(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// Whether the list begins with this tag.
    pub(crate) fn begins_with(&self, name: &str, value: &str) -> bool {
        self.0.first() == Some(&(name, value))
    }
}

/// The values of a tag that is itself a list, without case.
pub(crate) fn words(value: &str) -> impl Iterator<Item = String> + '_ {
    value.split(':').map(|word| word.trim_matches(is_space).to_ascii_lowercase())
}

/// The text without the spaces that fold it.
pub(crate) fn unfolded(value: &str) -> String {
    value.chars().filter(|c| !is_space(*c)).collect()
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_are_found() {
        let tags = Tags::parse(" v=1; a = b=c ;\r\n\tempty= ; ").unwrap();
        assert_eq!((tags.of("a"), tags.of("empty"), tags.of("x")), (Some("b=c"), Some(""), None));
        assert!(tags.begins_with("v", "1") && !tags.begins_with("a", "b=c"));
        for bad in ["", "a", "a=1;a=2", "a=1;;b=2", "a b=1", "=1"] {
            assert!(Tags::parse(bad).is_none(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_borne(text in "\\PC{0,80}") {
            let _ = Tags::parse(&text);
        }
    }
}
