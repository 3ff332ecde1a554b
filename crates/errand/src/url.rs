//! Where an errand goes.

use std::{fmt, sync::Arc};

use hyper::Uri;

/// The port of HTTPS.
const HTTPS_PORT: u16 = 443;

/// The port of HTTP.
const HTTP_PORT: u16 = 80;

/// Characters of a URL at most.
const CHARS_MAX: usize = 2048;

/// A URL without user and fragment: an `https` one, or one that the operator has named. A clone is cheap.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url(Arc<Parts>);

#[derive(PartialEq, Eq, Hash)]
struct Parts {
    scheme: Scheme,
    /// Whether the operator named it, and not a stranger.
    trusted: bool,
    host: String,
    port: u16,
    target: String,
}

/// How the other server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
}

/// The text is no `https` URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an https URL")]
pub struct ParseUrlError(String);

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Http => HTTP_PORT,
            Self::Https => HTTPS_PORT,
        }
    }
}

impl Url {
    /// Takes a URL apart. The host is in lower case from here on.
    ///
    /// # Errors
    /// [`ParseUrlError`] for anything but `https://host[:port][/path][?query]`.
    pub fn parse(text: &str) -> Result<Self, ParseUrlError> {
        Self::parse_any(text, false)
    }

    /// The same for a URL of the operator's own configuration: it may lead to a private address, and be an `http`
    /// URL; but without TLS an errand goes to private addresses only.
    ///
    /// # Errors
    /// [`ParseUrlError`] for anything but `http(s)://host[:port][/path][?query]`.
    pub fn parse_trusted(text: &str) -> Result<Self, ParseUrlError> {
        Self::parse_any(text, true)
    }

    fn parse_any(text: &str, trusted: bool) -> Result<Self, ParseUrlError> {
        let wrong = || ParseUrlError(text.chars().take(CHARS_MAX).collect());
        let is_bare = text.len() <= CHARS_MAX && !text.contains('#');
        let uri: Uri =
            Some(text).filter(|_| is_bare).and_then(|t| t.parse().ok()).ok_or_else(wrong)?;
        let authority = uri.authority().ok_or_else(wrong)?;
        let host = authority.host().trim_matches(['[', ']']).to_ascii_lowercase();
        let scheme = match uri.scheme_str() {
            Some("https") => Scheme::Https,
            Some("http") if trusted => Scheme::Http,
            _ => return Err(wrong()),
        };
        if authority.as_str().contains('@') || host.is_empty() {
            return Err(wrong());
        }
        let target = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let port = match authority.port() {
            Some(port) => port.as_str().parse().map_err(|_| wrong())?,
            None => scheme.port(),
        };
        Ok(Self(Arc::new(Parts { scheme, trusted, host, port, target })))
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

    /// The same place with another path and query, which must begin with a slash.
    ///
    /// # Errors
    /// [`ParseUrlError`] for a target that cannot be one.
    pub fn at(&self, target: &str) -> Result<Self, ParseUrlError> {
        let text = format!("{}://{}{target}", self.scheme().name(), self.authority());
        let is_target = target.starts_with('/');
        Some(text).filter(|_| is_target).map_or_else(
            || Err(ParseUrlError(target.chars().take(CHARS_MAX).collect())),
            |text| Self::parse_any(&text, self.0.trusted),
        )
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.0.scheme
    }

    /// Whether the operator named it.
    pub(crate) fn is_trusted(&self) -> bool {
        self.0.trusted
    }

    /// Host and port as a `Host` header has them.
    pub fn authority(&self) -> String {
        let host = match self.host().contains(':') {
            true => format!("[{}]", self.host()),
            false => self.host().to_owned(),
        };
        if self.port() == self.scheme().port() { host } else { format!("{host}:{}", self.port()) }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme().name(), self.authority(), self.target())
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

    #[test]
    fn the_operator_may_name_more() {
        for text in ["http://10.0.0.1:9000/a", "http://lambda/", "https://[::1]/"] {
            let url = Url::parse_trusted(text).unwrap();
            assert_eq!(url.to_string(), text);
            assert_eq!(
                url.at("/b?c").unwrap().to_string(),
                text.replace("/a", "/")[..text.rfind('/').unwrap()].to_owned() + "/b?c"
            );
        }
        assert_eq!(Url::parse_trusted("http://a").unwrap().port(), 80);
        assert!(Url::parse_trusted("ftp://a/").is_err());
        assert!(Url::parse("https://a.b/").unwrap().at("x").is_err());
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
