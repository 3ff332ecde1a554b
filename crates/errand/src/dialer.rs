//! Connections to servers that speak another protocol than HTTP.

use std::{io, sync::Arc};

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use world::World;

use crate::{
    Hosts, Trust,
    connect::{Connector, Nowhere, Within},
};

/// Connects to servers that a stranger names, within the same bounds as errands: to public addresses, or where the
/// operator says, and with TLS to whom the system's authorities vouch for. It waits as long as the system does.
pub struct Dialer(Connector);

impl Dialer {
    /// Knows where the operator says that hosts are.
    pub fn new(hosts: Hosts, world: World) -> Self {
        Self(Connector::new(hosts, world))
    }

    /// A connection in clear. The host is in lower case.
    ///
    /// # Errors
    /// If there is none, or none that may be gone to.
    pub async fn connect(&self, host: &str, port: u16) -> io::Result<TcpStream> {
        let addresses = self.0.addresses(host, port, Within::Public).await;
        let addresses = addresses.map_err(|nowhere| match nowhere {
            Nowhere::Unresolved(error) => error,
            Nowhere::OutOf(_) => io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the host is not at a public address",
            ),
        })?;
        TcpStream::connect(&*addresses).await
    }

    /// Begins TLS, 1.2 or later, and makes sure that the server is the host.
    ///
    /// # Errors
    /// If it is not, or not known to be.
    pub async fn secure(&self, host: &str, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let config = self.0.config(&Trust::system()).map_err(io::Error::other)?;
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}
