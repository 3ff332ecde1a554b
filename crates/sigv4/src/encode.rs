//! Percent encoding (RFC 3986, section 2.1) and hexadecimal digits.

use std::borrow::Cow;

use crate::Error;

const UPPER: &[u8; 16] = b"0123456789ABCDEF";
const LOWER: &[u8; 16] = b"0123456789abcdef";

/// Appends `text` with every byte encoded that is neither unreserved nor `kept`.
pub(crate) fn percent(text: &[u8], kept: Option<u8>, out: &mut Vec<u8>) {
    for byte in text {
        percent_byte(*byte, kept, out);
    }
}

/// Decodes `text` and encodes it again, so that each text has one form only. A broken escape stays as it is.
pub(crate) fn recode(text: &[u8], plus: Plus, kept: Option<u8>, out: &mut Vec<u8>) {
    for byte in (Decoded { text, plus }) {
        percent_byte(byte, kept, out);
    }
}

/// Decodes a query item; what is not UTF-8 then is replaced, which no valid name or value survives.
pub(crate) fn decode(text: &[u8]) -> Cow<'_, str> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return String::from_utf8_lossy(text);
    }
    let bytes: Vec<u8> = Decoded { text, plus: Plus::Space }.collect();
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// Refuses a query with a broken escape.
pub(crate) fn check(query: &[u8]) -> Result<(), Error> {
    for (at, _) in query.iter().enumerate().filter(|(_, byte)| **byte == b'%') {
        let Some(digits) = query.get(at + 1..at + 3) else {
            return Err(Error::malformed_query("Incomplete trailing escape % sequence"));
        };
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            let shown = String::from_utf8_lossy(digits);
            let text = format!("Illegal hex character in escape % pattern: %{shown}");
            return Err(Error::malformed_query(text));
        }
    }
    Ok(())
}

/// Lower-case hexadecimal digits of a SHA-256 sized value.
pub(crate) fn hex(bytes: &[u8]) -> [u8; 64] {
    let mut digits = [0; 64];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
        pair[0] = LOWER[usize::from(byte >> 4)];
        pair[1] = LOWER[usize::from(byte & 15)];
    }
    digits
}

/// What a `+` stands for: itself in a path; a space in a query, as the query protocol reads it.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Plus {
    Itself,
    Space,
}

struct Decoded<'a> {
    text: &'a [u8],
    plus: Plus,
}

impl Iterator for Decoded<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.text.split_first()?;
        self.text = rest;
        match first {
            b'+' if self.plus == Plus::Space => Some(b' '),
            b'%' => {
                let Some(byte) = rest.get(..2).and_then(unhex) else { return Some(b'%') };
                self.text = &rest[2..];
                Some(byte)
            }
            byte => Some(*byte),
        }
    }
}

fn unhex(digits: &[u8]) -> Option<u8> {
    digits.iter().try_fold(0, |value: u8, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(value << 4 | u8::try_from(digit).ok()?)
    })
}

fn percent_byte(byte: u8, kept: Option<u8>, out: &mut Vec<u8>) {
    let unreserved = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if unreserved || kept == Some(byte) {
        out.push(byte);
    } else {
        let (high, low) = (UPPER[usize::from(byte >> 4)], UPPER[usize::from(byte & 15)]);
        out.extend_from_slice(&[b'%', high, low]);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn broken_escapes_are_told() {
        assert_eq!(check(b"a=%20&b=%e1"), Ok(()));
        for (query, message) in [
            (&b"a=%yy"[..], "Illegal hex character in escape % pattern: %yy"),
            (b"a=%", "Incomplete trailing escape % sequence"),
            (b"a=%2", "Incomplete trailing escape % sequence"),
        ] {
            assert_eq!(check(query).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn one_form_for_each_text() {
        for text in ["a b", "a+b", "a%20b"] {
            let mut out = Vec::new();
            recode(text.as_bytes(), Plus::Space, None, &mut out);
            assert_eq!(out, b"a%20b");
        }
        assert_eq!(decode(b"host%3bdate"), "host;date");
    }
}
