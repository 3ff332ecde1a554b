//! A message, taken apart as far as signatures need it.

use crate::{addresses, domain};

/// Octets of a header that signatures are looked for in. A larger one is no letter.
pub(crate) const HEADER_OCTETS_MAX: usize = 512 << 10;

/// Fields of such a header.
pub(crate) const FIELDS_MAX: usize = 2_000;

/// Domains of authors that are asked about; a message that has more is from nobody.
pub(crate) const AUTHOR_DOMAINS_MAX: usize = 4;

/// A field of the header.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Field<'a> {
    /// As it stands in the message, with the line end.
    pub(crate) raw: &'a [u8],
    /// Without the spaces that may stand before the colon.
    pub(crate) name: &'a [u8],
    /// What comes after the colon, with the line end.
    pub(crate) value: &'a [u8],
}

impl Field<'_> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    pub(crate) fields: Vec<Field<'a>>,
    pub(crate) body: &'a [u8],
    /// Whether the header is larger than what is looked at; `fields` is then its beginning.
    pub(crate) is_flood: bool,
}

impl<'a> Message<'a> {
    pub(crate) fn parse(octets: &'a [u8]) -> Self {
        let mut fields = Vec::new();
        let mut is_flood = false;
        let mut late_authors = 0;
        let mut rest = octets;
        while let Some((raw, after)) = next_field(rest) {
            is_flood |=
                octets.len() - after.len() > HEADER_OCTETS_MAX || fields.len() == FIELDS_MAX;
            if !is_flood {
                fields.push(field(raw));
            } else if late_authors <= AUTHOR_DOMAINS_MAX && is_author(raw) {
                // nobody hides behind a flood
                fields.push(field(raw));
                late_authors += 1;
            }
            rest = after;
        }
        let body = rest.strip_prefix(b"\r\n").unwrap_or(rest);
        Self { fields, body, is_flood }
    }

    /// The domains of the authors, each once, and at most one more than are asked about.
    pub(crate) fn author_domains(&self) -> Vec<String> {
        let mut domains: Vec<String> = Vec::new();
        let fields = self.fields.iter().filter(|field| field.is("From"));
        for address in fields.flat_map(|field| addresses::in_value(field.value)) {
            let found = domain::of_address(&address).filter(|found| !domains.contains(found));
            domains.extend(found);
            if domains.len() > AUTHOR_DOMAINS_MAX {
                break;
            }
        }
        domains
    }
}

/// The domains in `From`, each once, as lower-case A-labels; the first few of many.
pub fn author_domains(octets: &[u8]) -> Vec<String> {
    Message::parse(octets).author_domains()
}

/// A field with its continuation lines; none at the empty line that ends the header.
pub(crate) fn next_field(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    if rest.is_empty() || rest.starts_with(b"\r\n") {
        return None;
    }
    let mut end = 0;
    loop {
        match memchr::memchr(b'\n', &rest[end..]) {
            Some(length) => end += length + 1,
            None => end = rest.len(),
        }
        if !matches!(rest.get(end), Some(b' ' | b'\t')) {
            return Some(rest.split_at(end));
        }
    }
}

/// A line without a colon has no name, and so is nothing that could be signed.
pub(crate) fn field(raw: &[u8]) -> Field<'_> {
    match memchr::memchr(b':', raw) {
        Some(colon) => Field { raw, name: raw[..colon].trim_ascii_end(), value: &raw[colon + 1..] },
        None => Field { raw, name: b"", value: raw },
    }
}

fn is_author(raw: &[u8]) -> bool {
    field(raw).is("From")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_and_body_are_found() {
        let message =
            Message::parse(b"A : b\r\n c\r\nnothing\r\nFrom: x@Y.example\r\n\r\nbody\r\n");
        let names: Vec<_> = message.fields.iter().map(|field| field.name).collect();
        assert_eq!(names, [&b"A"[..], b"", b"From"]);
        assert_eq!(message.fields[0].value, b" b\r\n c\r\n");
        assert_eq!(message.body, b"body\r\n");
        assert_eq!(message.author_domains(), ["y.example"]);
        assert_eq!(Message::parse(b"A: b\r\n").body, b"");
    }

    #[test]
    fn every_author_counts() {
        let text = b"From: a@x.example, b@y.example\r\nfrom: <c@Z.example>\r\n\r\n";
        assert_eq!(Message::parse(text).author_domains(), ["x.example", "y.example", "z.example"]);
    }

    #[test]
    fn a_flood_hides_no_author() {
        let text = "X: y\r\n".repeat(FIELDS_MAX + 1) + "From: a@x.example\r\n\r\nbody";
        let message = Message::parse(text.as_bytes());
        assert!(message.is_flood);
        assert_eq!(message.author_domains(), ["x.example"]);
    }

    #[test]
    fn a_large_field_hides_no_author() {
        let many = "a@x.example,\r\n ".repeat(HEADER_OCTETS_MAX / 10);
        let text = format!("From: {many}ceo@y.example\r\n\r\nbody");
        assert_eq!(Message::parse(text.as_bytes()).author_domains(), ["x.example", "y.example"]);
    }

    proptest! {
        #[test]
        fn any_message_is_borne(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let message = Message::parse(&octets);
            let fields: usize = message.fields.iter().map(|field| field.raw.len()).sum();
            prop_assert!(fields + message.body.len() <= octets.len());
            let _ = message.author_domains();
        }
    }
}
