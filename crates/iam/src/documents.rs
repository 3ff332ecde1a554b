//! Policy documents: accepted, measured, and written out.

use policy::Kind;
use wire::iam::errors::MALFORMED_POLICY_DOCUMENT;

/// Accepts a document as an identity policy, or says all that is wrong with it and where.
pub(crate) fn check(text: &str, kind: Kind) -> Result<(), wire::Error> {
    match policy::parse(text, kind) {
        Ok(_) => Ok(()),
        Err(malformed) => Err(MALFORMED_POLICY_DOCUMENT.with(malformed.message())),
    }
}

/// The characters that count towards a quota: all but white space.
pub(crate) fn size(text: &str) -> usize {
    text.chars().filter(|c| !matches!(c, ' ' | '\t' | '\n' | '\r')).count()
}

/// As answers carry documents: every byte that is not unreserved in a URL percent-encoded (RFC 3986,
/// section 2.3).
pub(crate) fn encoded(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(DIGITS[usize::from(byte >> 4)]));
            encoded.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(encoded("{\"A\": \"a-._~\u{fc}/\"}"), "%7B%22A%22%3A%20%22a-._~%C3%BC%2F%22%7D");
    }

    #[test]
    fn white_space_is_free_of_charge() {
        assert_eq!(size("{ \"a\":\t1 }\r\n"), 7);
    }
}
