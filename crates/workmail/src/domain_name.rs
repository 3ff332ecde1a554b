//! Names of mail domains.

use std::borrow::Cow;

use crate::refusal;

/// Under this name AWS gives each organization its test domain.
pub(crate) const TEST_DOMAIN_PARENT: &str = "awsapps.com";
/// Longest label, in octets (RFC 1035, section 2.3.4).
const LABEL_MAX: usize = 63;
/// Longest name that is looked up, in bytes of UTF-8: more than any name that is registered.
const LOOKUP_BYTES_MAX: usize = 1024;

/// The name of a domain to be registered, in lower case.
///
/// # Errors
/// `InvalidParameterException` for what cannot be the name of a mail domain.
pub(crate) fn parse(text: &str) -> Result<String, wire::Error> {
    let name = text.to_ascii_lowercase();
    if !is_host_name(&name) {
        return Err(refusal::invalid(format!("The domain name {text} is not valid.")));
    }
    if name == TEST_DOMAIN_PARENT || name.ends_with(&format!(".{TEST_DOMAIN_PARENT}")) {
        let text = format!("The domain {text} is reserved for test mail domains.");
        return Err(refusal::invalid(text));
    }
    Ok(name)
}

/// The form in which a domain is stored, of a name as mail brings it: lower-case A-labels (RFC 5890). `None` for
/// what can be no domain.
pub(crate) fn lookup(text: &str) -> Option<String> {
    if text.len() > LOOKUP_BYTES_MAX {
        return None;
    }
    let name = if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        idna::domain_to_ascii(text).ok()?.into()
    };
    let name = name.to_ascii_lowercase();
    is_host_name(&name).then_some(name)
}

/// At least two labels of letters, digits and inner hyphens, the last of them not a number (RFC 1123, section 2.1).
fn is_host_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=LABEL_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let named = |last: &str| !last.bytes().all(|byte| byte.is_ascii_digit());
    name.split('.').all(label) && name.rsplit_once('.').is_some_and(|(_, last)| named(last))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_checked_and_lowered() {
        assert_eq!(parse("Example.COM").unwrap(), "example.com");
        for bad in ["example", ".example.com", "a..b", "-a.com", "a-.com", "10.0.0.1", "a.com."] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(parse("acme.awsapps.com").is_err());
        assert!(parse("acmeawsapps.com").is_ok());
    }

    #[test]
    fn unicode_names_are_looked_up_as_they_are_stored() {
        assert_eq!(lookup("Bücher.example").unwrap(), "xn--bcher-kva.example");
        assert_eq!(lookup("XN--bcher-kva.example").unwrap(), "xn--bcher-kva.example");
        assert_eq!(lookup("bücher"), None);
    }

    proptest! {
        #[test]
        fn a_name_found_is_in_its_stored_form(text in "\\PC{0,40}(\\.[a-z]{2,4})?") {
            if let Some(name) = lookup(&text) {
                prop_assert_eq!(lookup(&name), Some(name.clone()));
                prop_assert!(name.is_ascii());
            }
        }
    }
}
