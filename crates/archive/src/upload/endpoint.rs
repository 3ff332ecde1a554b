//! The address of an S3-compatible server.

use std::net::IpAddr;

use hyper::{
    Uri,
    http::uri::{PathAndQuery, Scheme},
};

/// `https://` and a host; `http://` on this machine alone, for what is sent there is not encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: bool,
}

/// The text is not the address of a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not https:// and a host, perhaps with a port (http:// for loopback addresses only)"
)]
pub struct EndpointError(String);

impl Endpoint {
    pub(crate) fn parse(text: &str) -> Result<Self, EndpointError> {
        let wrong = || EndpointError(text.to_owned());
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let endpoint = Self::of(&uri).ok_or_else(wrong)?;
        let is_bare =
            uri.path_and_query().is_none_or(|path| path == &PathAndQuery::from_static("/"));
        let is_plain = endpoint.tls || endpoint.is_here();
        if is_bare && is_plain { Ok(endpoint) } else { Err(wrong()) }
    }

    /// The server that a request goes to.
    pub(crate) fn of(uri: &Uri) -> Option<Self> {
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let tls = match uri.scheme()? {
            scheme if *scheme == Scheme::HTTPS => true,
            scheme if *scheme == Scheme::HTTP => false,
            _ => return None,
        };
        let port = authority.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Some(Self { host, port, tls }).filter(|endpoint| !endpoint.host.is_empty())
    }

    fn is_here(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        let endpoint = Endpoint::parse("https://s3.example.com").unwrap();
        assert_eq!(
            (endpoint.host.as_str(), endpoint.port, endpoint.tls),
            ("s3.example.com", 443, true)
        );
        assert_eq!(Endpoint::parse("http://127.0.0.1:9000/").unwrap().port, 9000);
        assert_eq!(Endpoint::parse("http://[::1]:9000").unwrap().host, "::1");
        for wrong in
            ["", "s3.example.com", "http://s3.example.com", "ftp://a", "https://a/b", "https://u@a"]
        {
            assert!(Endpoint::parse(wrong).is_err(), "{wrong}");
        }
    }
}
