//! The addresses in a field, also where they are written so that one program sees them and another does not.

use mail_parser::{HeaderName, MessageParser};

use crate::message::{field, next_field};

/// The addresses in the fields of `message` that have this name, field by field.
pub fn addresses<'a>(message: &'a [u8], name: &'a str) -> impl Iterator<Item = Vec<String>> + 'a {
    let mut rest = message;
    let fields = std::iter::from_fn(move || {
        let (raw, after) = next_field(rest)?;
        rest = after;
        Some(field(raw))
    });
    fields.filter(move |field| field.is(name)).map(|field| in_value(field.value))
}

/// The addresses in the value of a field: all of them, for one could hide behind the others.
pub(crate) fn in_value(value: &[u8]) -> Vec<String> {
    let plain = [b"From: ", &plain(value)[..], b"\r\n"].concat();
    let parser = MessageParser::new().header_address(HeaderName::From);
    let Some(parsed) = parser.parse_headers(&plain) else { return Vec::new() };
    let found = parsed.headers().iter().filter_map(|header| header.value().as_address());
    let found = found.flat_map(|address| address.iter().filter_map(|one| one.address()));
    found.map(str::to_owned).collect()
}

/// The value without what may stand between the parts of an address and means nothing there (RFC 5322 section 4.4):
/// folding, comments, spaces around `@` and dots; nor what no reader shows, which is other control characters.
fn plain(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut at = 0;
    while let Some(&octet) = value.get(at) {
        let rest = &value[at..];
        match octet {
            b'"' => {
                let length = quoted(rest).unwrap_or(1);
                plain.extend(rest[..length].iter().filter(|b| !b.is_ascii_control()));
                at += length;
                continue;
            }
            b'(' => match comment(rest) {
                Some(length) => {
                    add_space(&mut plain);
                    at += length;
                    continue;
                }
                None => plain.push(octet),
            },
            b' ' | b'\t' | b'\r' | b'\n' => add_space(&mut plain),
            b'@' | b'.' => {
                plain.truncate(plain.trim_ascii_end().len());
                plain.push(octet);
            }
            _ if octet.is_ascii_control() => {}
            _ => plain.push(octet),
        }
        at += 1;
    }
    plain
}

/// A space, if it parts two words.
fn add_space(plain: &mut Vec<u8>) {
    if !matches!(plain.last(), None | Some(b' ' | b'@' | b'.')) {
        plain.push(b' ');
    }
}

/// The octets of the quoted string that `text` begins with, if it ends.
fn quoted(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The same of a comment, with those in it.
pub(crate) fn comment(text: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0usize);
    loop {
        match text.get(at)? {
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(at + 1),
            b')' => depth -= 1,
            b'\\' => at += 1,
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_seen_however_it_is_written() {
        for one in [
            "ceo@x.example",
            " \"Boss\" <ceo@x.example>",
            "ceo@(x)x.example",
            "ceo(a (b) \\) c)@ x . example",
            "ceo@\r\n x.example",
            "ceo\r\n @(,)\r\n\tx.example\x01",
            "Dr. Boss <ceo @ x.example> (a@b.example)",
            "\"a, b@c.example\" <ceo@x.example>",
            "team: ceo@x.example;",
        ] {
            assert_eq!(in_value(one.as_bytes()), ["ceo@x.example"], "{one}");
        }
        assert_eq!(in_value(b"a@x, (, b@x) c@x, \"d@x\" <e@x>"), ["a@x", "c@x", "e@x"]);
        assert_eq!(in_value(b"(a@x"), in_value(b"(a@x\r\n"));
    }

    #[test]
    fn fields_are_told_apart() {
        let message =
            b"Sender: s@x\r\nFrom : a@x\r\nFROM: b@x,\r\n c@x\r\nFrom:\r\n\r\nFrom: d@x\r\n";
        let found: Vec<_> = addresses(message, "From").collect();
        assert_eq!(found, [vec!["a@x"], vec!["b@x", "c@x"], vec![]]);
    }

    proptest! {
        #[test]
        fn any_value_is_borne(value in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = in_value(&value);
        }

        #[test]
        fn odd_marks_are_borne(value in "[a@.()\\\\\"<>,:; \r\n]{0,40}") {
            let _ = in_value(value.as_bytes());
        }

        #[test]
        fn plain_addresses_stay(local in "[a-z]{1,9}(\\.[a-z]{1,5})?", domain in "[a-z]{1,9}\\.[a-z]{2,5}") {
            let address = format!("{local}@{domain}");
            prop_assert_eq!(in_value(format!(" A <{address}>\r\n").as_bytes()), [address.clone()]);
        }
    }
}
