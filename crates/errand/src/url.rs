//! Where an errand goes.

use std::{fmt, sync::Arc};

use hyper::{Uri, http::uri::Scheme};

/// The port of HTTPS.
const HTTPS_PORT: u16 = 443;

/// Characters of a URL at most.
const CHARS_MAX: usize = 2048;

/// An `https` URL without user and fragment. A clone is cheap.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url(Arc<Parts>);

#[derive(PartialEq, Eq, Hash)]
struct Parts {
    host: String,
    port: u16,
    target: String,
}

/// The text is no `https` URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an https URL")]
pub struct ParseUrlError(String);

impl Url {
    /// Takes a URL apart. The host is in lower case from here on.
    ///
    /// # Errors
    /// [`ParseUrlError`] for anything but `https://host[:port][/path][?query]`.
    pub fn parse(text: &str) -> Result<Self, ParseUrlError> {
        let wrong = || ParseUrlError(text.chars().take(CHARS_MAX).collect());
        let is_bare = text.len() <= CHARS_MAX && !text.contains('#');
        let uri: Uri =
            Some(text).filter(|_| is_bare).and_then(|t| t.parse().ok()).ok_or_else(wrong)?;
        let authority = uri.authority().ok_or_else(wrong)?;
        let host = authority.host().trim_matches(['[', ']']).to_ascii_lowercase();
        if uri.scheme() != Some(&Scheme::HTTPS)
            || authority.as_str().contains('@')
            || host.is_empty()
        {
            return Err(wrong());
        }
        let target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let port = match authority.port() {
            Some(port) => port.as_str().parse().map_err(|_| wrong())?,
            None => HTTPS_PORT,
        };
        Ok(Self(Arc::new(Parts { host, port, target })))
    }

    /// The host: a name in lower case, or an address without brackets.
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// The TCP port.
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// Path and query, from the first slash on.
    pub fn target(&self) -> &str {
        &self.0.target
    }

    /// Host and port as a `Host` header has them.
    pub(crate) fn authority(&self) -> String {
        let host = match self.host().contains(':') {
            true => format!("[{}]", self.host()),
            false => self.host().to_owned(),
        };
        if self.port() == HTTPS_PORT { host } else { format!("{host}:{}", self.port()) }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}{}", self.authority(), self.target())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn is_taken_apart_and_put_together() {
        for (text, host, port, target, shown) in [
            ("https://Idp.Example.com", "idp.example.com", 443, "/", "https://idp.example.com/"),
            ("https://a.b:8443/c?d=e", "a.b", 8443, "/c?d=e", "https://a.b:8443/c?d=e"),
            ("https://[::1]:9/x", "::1", 9, "/x", "https://[::1]:9/x"),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!((url.host(), url.port(), url.target()), (host, port, target));
            assert_eq!(url.to_string(), shown);
            assert_eq!(Url::parse(shown), Ok(url));
        }
    }

    #[test]
    fn anything_but_https_is_refused() {
        let long = format!("https://a.b/{}", "x".repeat(CHARS_MAX));
        for text in
            ["", "a.b", "/a", "http://a.b", "https://", "https://u@a.b", "https://a.b/#c", &long]
        {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(https://)?\\PC{0,64}") {
            if let Ok(url) = Url::parse(&text) {
                prop_assert_eq!(Url::parse(&url.to_string()), Ok(url));
            }
        }
    }
}
