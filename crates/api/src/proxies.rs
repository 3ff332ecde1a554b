//! Who asks, where a proxy stands between: what it says of the client counts, what others say does not.

use std::net::IpAddr;

use hyper::HeaderMap;

/// The proxies that the operator trusts.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<IpAddr>);

/// Where a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The client's address.
    pub(crate) address: IpAddr,
    /// Whether the client spoke TLS.
    pub(crate) secure: bool,
}

impl Proxies {
    /// The proxies with these addresses.
    pub fn new(addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        Self(addresses.into_iter().map(|address| address.to_canonical()).collect())
    }

    /// Where a request came from that `peer` handed in. Each proxy appends whom it heard, so the client is the last
    /// in `X-Forwarded-For` who is no proxy of ours; what stands before that, the client may have made up.
    /// Whether a proxy's client spoke TLS, only the proxy knows.
    pub(crate) fn origin(&self, peer: Origin, headers: &HeaderMap) -> Origin {
        let mut address = peer.address.to_canonical();
        if !self.0.contains(&address) {
            return Origin { address, ..peer };
        }
        let texts = |name| headers.get_all(name).iter().rev().map(|value| value.to_str());
        let secure = texts("x-forwarded-proto")
            .next()
            .is_some_and(|value| value.is_ok_and(|text| last(text).eq_ignore_ascii_case("https")));
        for text in texts("x-forwarded-for") {
            for part in text.unwrap_or_default().rsplit(',') {
                // What is no address was not written by a proxy of ours: it ends the chain.
                let Some(named) = parsed(part) else { return Origin { address, secure } };
                address = named;
                if !self.0.contains(&address) {
                    return Origin { address, secure };
                }
            }
        }
        Origin { address, secure }
    }
}

fn last(text: &str) -> &str {
    text.rsplit(',').next().unwrap_or_default().trim()
}

/// An address, with brackets and a port as some proxies write it.
fn parsed(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let address = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().map(|address| address.ip()).ok();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address.or_else(with_port).or_else(bracketed).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    fn origin(peer: &str, headers: &[(&'static str, &'static str)]) -> (String, bool) {
        let proxies = Proxies::new(["127.0.0.1", "10.0.0.1"].map(|text| text.parse().unwrap()));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let peer = Origin { address: peer.parse().unwrap(), secure: false };
        let origin = proxies.origin(peer, &map);
        (origin.address.to_string(), origin.secure)
    }

    #[test]
    fn tls_is_that_of_the_client() {
        let proxies = Proxies::new(["10.0.0.1".parse().unwrap()]);
        let by_tls = |address: &str| {
            let peer = Origin { address: address.parse().unwrap(), secure: true };
            proxies.origin(peer, &HeaderMap::new()).secure
        };
        assert!(by_tls("192.0.2.1"));
        assert!(!by_tls("10.0.0.1"), "the proxy does not say that its client did");
    }

    const FOR: &str = "x-forwarded-for";
    const PROTO: &str = "x-forwarded-proto";

    #[test]
    fn a_proxy_tells_who_asks() {
        let told = [(FOR, "198.51.100.7, 192.0.2.1"), (PROTO, "https")];
        assert_eq!(origin("127.0.0.1", &told), ("192.0.2.1".to_owned(), true));
        assert_eq!(origin("::ffff:127.0.0.1", &told), ("192.0.2.1".to_owned(), true));
        let chain = [(FOR, "192.0.2.1"), (FOR, "10.0.0.1")];
        assert_eq!(origin("127.0.0.1", &chain), ("192.0.2.1".to_owned(), false));
        for text in ["2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443"] {
            assert_eq!(parsed(text), Some("2001:db8::1".parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn nobody_else_does() {
        let told = [(FOR, "127.0.0.1"), (PROTO, "https")];
        assert_eq!(origin("192.0.2.1", &told), ("192.0.2.1".to_owned(), false));
    }

    #[test]
    fn what_is_no_address_ends_the_chain() {
        for value in ["unknown", "", "192.0.2.1, x", "192.0.2.1,"] {
            assert_eq!(origin("127.0.0.1", &[(FOR, value)]).0, "127.0.0.1", "{value}");
        }
        assert_eq!(origin("127.0.0.1", &[(FOR, "x, 10.0.0.1")]).0, "10.0.0.1");
        assert_eq!(origin("127.0.0.1", &[]), ("127.0.0.1".to_owned(), false));
    }
}
