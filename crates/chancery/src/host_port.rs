//! A server that the operator names.

use serde::Serialize;

use crate::failure::Failure;

/// A server: HOST:PORT.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HostPort {
    /// Name or address.
    pub(crate) host: String,
    /// TCP port.
    pub(crate) port: u16,
}

impl HostPort {
    /// Reads `HOST:PORT`.
    pub(crate) fn parse(text: String) -> Result<Self, Failure> {
        let parts = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        let port = parts.and_then(|(_, port)| port.parse().ok());
        match (parts, port) {
            (Some((host, _)), Some(port)) => {
                // An IPv6 address stands in brackets.
                Ok(Self { host: host.trim_matches(['[', ']']).to_owned(), port })
            }
            _ => Err(Failure::new(format!("smarthost `{text}` is not HOST:PORT"))),
        }
    }
}

impl Serialize for HostPort {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.host.contains(':') {
            true => serializer.collect_str(&format_args!("[{}]:{}", self.host, self.port)),
            false => serializer.collect_str(&format_args!("{}:{}", self.host, self.port)),
        }
    }
}
