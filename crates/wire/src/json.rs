//! JSON (RFC 8259): structures in it, for the protocols, and the pieces that more than one form is made of.

pub(crate) mod decode;
pub(crate) mod encode;
mod reader;

use std::fmt::Write;

/// Adds `text` as a JSON string.
pub(crate) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    // all that needs an escape is ASCII, so a cut there is between characters
    while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        let mut letters = tail.chars();
        match letters.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            // writing to a string cannot fail
            Some(control) => _ = write!(out, "\\u{:04x}", u32::from(control)),
            None => {}
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Adds a number; what JSON has no number for goes as the text that AWS uses.
pub(crate) fn push_double(out: &mut String, number: f64) {
    // writing to a string cannot fail
    _ = match number {
        _ if number.is_nan() => write!(out, "\"NaN\""),
        f64::INFINITY => write!(out, "\"Infinity\""),
        f64::NEG_INFINITY => write!(out, "\"-Infinity\""),
        _ => write!(out, "{number:?}"),
    };
}

/// Writes each item between brackets, with commas.
pub(crate) fn enclosed<T>(
    out: &mut String,
    (open, close): (char, char),
    items: impl Iterator<Item = T>,
    mut each: impl FnMut(&mut String, T),
) {
    out.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        each(out, item);
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pushed<T>(push: impl Fn(&mut String, T), value: T) -> String {
        let mut out = String::new();
        push(&mut out, value);
        out
    }

    #[test]
    fn doubles_stay_doubles() {
        assert_eq!(pushed(push_double, 1.0), "1.0");
        assert_eq!(pushed(push_double, 1e300), "1e300");
        assert_eq!(pushed(push_double, f64::NEG_INFINITY), "\"-Infinity\"");
    }

    proptest! {
        #[test]
        fn another_parser_reads_our_strings(text in any::<String>()) {
            let written = pushed(push_string, text.as_str());
            prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
        }
    }
}
