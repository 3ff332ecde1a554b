//! Where hosts are, if the operator knows better than the DNS.

use std::{collections::HashMap, net::SocketAddr, str::FromStr};

/// Hosts with the address that the operator gave them, in the manner of `/etc/hosts`, but port by port. What
/// stands here may also be a private address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts(HashMap<(String, u16), SocketAddr>);

/// The text is not `HOST:PORT=ADDRESS:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not HOST:PORT=ADDRESS:PORT, as in idp.example.com:443=10.0.0.7:8443")]
pub struct ParseHostError(String);

impl Hosts {
    /// Reads entries of the form `HOST:PORT=ADDRESS:PORT`. The last one for a host and port counts.
    ///
    /// # Errors
    /// [`ParseHostError`] for the first that is of another form.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, ParseHostError> {
        let entry = |text: &str| parse(text).ok_or_else(|| ParseHostError(text.to_owned()));
        entries.into_iter().map(entry).collect::<Result<_, _>>().map(Self)
    }

    /// The address of a host's port, if the operator gave it one. The host is in lower case.
    pub(crate) fn find(&self, host: &str, port: u16) -> Option<SocketAddr> {
        self.0.get(&(host.to_owned(), port)).copied()
    }
}

fn parse(text: &str) -> Option<((String, u16), SocketAddr)> {
    let (name, address) = text.split_once('=')?;
    let (host, port) = name.rsplit_once(':').filter(|(host, _)| !host.is_empty())?;
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    Some(((host, port.parse().ok()?), SocketAddr::from_str(address).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Url;

    #[test]
    fn a_host_is_found_by_name_and_port() {
        let hosts = Hosts::parse(["Idp.test:443=127.0.0.1:8443", "[::1]:9=[::1]:10"]).unwrap();
        let find = |url: &str| {
            let url = Url::parse(url).unwrap();
            hosts.find(url.host(), url.port()).map(|found| found.to_string())
        };
        assert_eq!(find("https://idp.TEST/x").as_deref(), Some("127.0.0.1:8443"));
        assert_eq!(find("https://[::1]:9/").as_deref(), Some("[::1]:10"));
        assert_eq!(find("https://idp.test:8443/"), None);
        for wrong in ["", "idp.test=127.0.0.1:1", "idp.test:443=localhost:1", ":443=127.0.0.1:1"] {
            assert_eq!(Hosts::parse([wrong]), Err(ParseHostError(wrong.to_owned())));
        }
    }
}
