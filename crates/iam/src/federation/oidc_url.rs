//! The URL of an OpenID Connect provider: the issuer, by which its tokens and its ARN are known.

use wire::errors::VALIDATION;

const SCHEME: &str = "https://";

/// Host and path of a provider's URL, which is how IAM shows and names it.
///
/// It must be `https`, and bare of port, query and fragment. The path is kept to the last byte: an issuer is
/// compared exactly (OpenID Connect Core 1.0, section 3.1.3.7).
///
/// # Errors
/// `ValidationError` for any other URL.
pub(crate) fn host_and_path(url: &str) -> Result<&str, wire::Error> {
    let found = url.strip_prefix(SCHEME).filter(|rest| {
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        is_host(host) && path.bytes().all(is_path_byte)
    });
    found.ok_or_else(|| VALIDATION.with("Invalid Open ID Connect Provider URL"))
}

/// A name with at least one dot, each label as RFC 1123, section 2.1, has it.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253 && host.contains('.') && host.split('.').all(is_label)
}

/// RFC 3986, section 3.3, `pchar` and the slash.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:@/".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn is_bare_of_all_but_host_and_path() {
        for (url, expected) in [
            ("https://example.com", "example.com"),
            ("https://idp.Example.com/Path/", "idp.Example.com/Path/"),
            (
                "https://oidc.eks.us-east-1.example.com/id/0AF",
                "oidc.eks.us-east-1.example.com/id/0AF",
            ),
        ] {
            assert_eq!(host_and_path(url).unwrap(), expected);
        }
        for url in [
            "example.org",
            "http://example.org",
            "HTTPS://example.org",
            "https://",
            "https://example",
            "https://example.org:8443",
            "https://user@example.org",
            "https://example.org?a=b",
            "https://example.org/a?b=c",
            "https://example.org/a#b",
            "https://exa mple.org",
            "https://example..org",
        ] {
            assert!(host_and_path(url).unwrap_err().is(&VALIDATION), "{url}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(https://)?\\PC{0,64}") {
            let _ = host_and_path(&text);
        }
    }
}
