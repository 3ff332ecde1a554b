//! Policy documents: accepted, measured, and written out.

use std::sync::Arc;

use policy::{Document, Kind, Malformed};
use serde::de::IgnoredAny;
use wire::iam::errors::{INVALID_INPUT, MALFORMED_POLICY_DOCUMENT};

/// Accepts a document as a policy of that kind.
///
/// # Errors
/// `MalformedPolicyDocument`, with all that is wrong and where.
pub fn check(text: &str, kind: Kind) -> Result<(), wire::Error> {
    parse(text, kind).map(drop)
}

/// The same, and what was read.
pub(crate) fn parse(text: &str, kind: Kind) -> Result<Document, wire::Error> {
    policy::parse(text, kind).map_err(|malformed| refusal(text, &malformed))
}

/// A stored document. It was parsed before it was stored; one that does not parse now fails the call, for
/// what is not understood must not be passed over: it might deny.
pub(crate) fn stored(text: &str, kind: Kind) -> Result<Arc<Document>, wire::Error> {
    Ok(Arc::new(policy::parse(text, kind)?))
}

/// A document that a call gives only to have it looked at, or `InvalidInput` with all that is wrong with it.
pub(crate) fn given(text: &str, kind: Kind) -> Result<Arc<Document>, wire::Error> {
    let document = policy::parse(text, kind).map_err(|malformed| {
        INVALID_INPUT.with(malformed.verdict()).detailed(malformed.message())
    })?;
    Ok(Arc::new(document))
}

/// What is wrong, and where. Clients and test suites compare AWS's texts, so those stand alone wherever AWS
/// has one for the rule that was broken, and the positions are in the detail. For a document that is not
/// even JSON, AWS says nothing of use; there the positions belong to the text itself.
fn refusal(text: &str, malformed: &Malformed) -> wire::Error {
    let is_document = text.contains('{');
    let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
    let message = if is_document && !is_json { malformed.message() } else { malformed.verdict() };
    MALFORMED_POLICY_DOCUMENT.with(message).detailed(malformed.message())
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
    fn positions_are_in_the_text_where_aws_has_none_and_in_the_detail_always() {
        let no_comma = "{\"Version\":\"2012-10-17\"\n\"Statement\":[]}";
        let error = check(no_comma, Kind::Managed).unwrap_err();
        assert!(error.message().contains("line 2"), "{error}");
        let no_action = "{\"Version\":\"2012-10-17\",\n\"Statement\":[{\"Effect\":\"Allow\",\"Resource\":\"*\"}]}";
        let error = check(no_action, Kind::Managed).unwrap_err();
        assert!(!error.message().contains("line"), "{error}");
        assert!(error.detail().unwrap_or_default().contains("line 2"), "{error:?}");
    }

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(encoded("{\"A\": \"a-._~\u{fc}/\"}"), "%7B%22A%22%3A%20%22a-._~%C3%BC%2F%22%7D");
    }

    #[test]
    fn white_space_is_free_of_charge() {
        assert_eq!(size("{ \"a\":\t1 }\r\n"), 7);
    }
}
