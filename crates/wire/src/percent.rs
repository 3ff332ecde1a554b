//! Percent escapes (RFC 3986, section 2.1).

use std::borrow::Cow;

/// `a%20b` and `a+b` are both `a b`. Nothing if an escape is broken or the result is not UTF-8.
pub(crate) fn unescape(text: &[u8]) -> Option<Cow<'_, str>> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return std::str::from_utf8(text).ok().map(Cow::Borrowed);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(*bytes.next()?)? << 4 | hex_digit(*bytes.next()?)?,
            other => *other,
        });
    }
    String::from_utf8(plain).ok().map(Cow::Owned)
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
