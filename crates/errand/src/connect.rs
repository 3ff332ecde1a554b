//! From a URL to a connection with TLS.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use rustls::{
    ClientConfig, RootCertStore,
    client::WebPkiServerVerifier,
    crypto::CryptoProvider,
    pki_types::{ServerName, UnixTime},
    time_provider::TimeProvider,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use world::World;

use crate::{Error, Hosts, Trust, Url, address::is_public, url::Scheme, verify::Verifier};

/// Addresses of a host that are tried at most.
const ADDRESSES_MAX: usize = 4;

/// The two ends of a connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// What connections are made of.
pub(crate) struct Connector {
    hosts: Hosts,
    provider: Arc<CryptoProvider>,
    /// Read when it is first needed.
    system: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
    clock: Arc<Clock>,
}

impl Connector {
    pub(crate) fn new(hosts: Hosts, world: World) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        Self { hosts, provider, system: OnceLock::new(), clock: Arc::new(Clock(world)) }
    }

    /// Connects to the URL's host and makes sure that it is the one.
    pub(crate) async fn connect(
        &self,
        url: &Url,
        trust: &Trust,
    ) -> Result<TlsStream<TcpStream>, Error> {
        let failed = |source| Error::Connect { url: url.clone(), source };
        let name = ServerName::try_from(url.host().to_owned())
            .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
        let stream = self.reach(url).await?;
        let mut config = self.config(trust).map_err(|error| failed(io::Error::other(error)))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(failed)
    }

    /// Connects to the URL's host, by TLS or, for a private address of the operator's, without.
    pub(crate) async fn open(&self, url: &Url, trust: &Trust) -> Result<Box<dyn Stream>, Error> {
        if url.scheme() == Scheme::Https {
            return Ok(Box::new(self.connect(url, trust).await?));
        }
        Ok(Box::new(self.reach(url).await?))
    }

    async fn reach(&self, url: &Url) -> Result<TcpStream, Error> {
        let addresses = self.addresses(url.host(), url.port(), Within::of(url)).await;
        let addresses = addresses.map_err(|nowhere| nowhere.of(url))?;
        let connected = TcpStream::connect(&*addresses).await;
        connected.map_err(|source| Error::Connect { url: url.clone(), source })
    }

    /// Where the host is. What was checked here is what is connected to: the name is not asked for again.
    pub(crate) async fn addresses(
        &self,
        host: &str,
        port: u16,
        within: Within,
    ) -> Result<Vec<SocketAddr>, Nowhere> {
        if let Some(address) = self.hosts.find(host, port) {
            return Ok(vec![address]);
        }
        let found = lookup_host((host, port)).await.map_err(Nowhere::Unresolved)?;
        let fitting = found.filter(|address| within.has(is_public(address.ip())));
        let fitting: Vec<_> = fitting.take(ADDRESSES_MAX).collect();
        if fitting.is_empty() { Err(Nowhere::OutOf(within)) } else { Ok(fitting) }
    }

    /// TLS 1.2 or 1.3 with who is trusted.
    pub(crate) fn config(&self, trust: &Trust) -> Result<ClientConfig, rustls::Error> {
        let system = self.system.get_or_init(|| system_verifier(&self.provider)).clone();
        let verifier = Verifier::new(system, Arc::clone(&self.provider), trust.clone());
        let clock: Arc<dyn TimeProvider> = Arc::clone(&self.clock) as _;
        let config = ClientConfig::builder_with_details(Arc::clone(&self.provider), clock)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(config)
    }
}

/// Where hosts may be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Within {
    /// At public addresses: where a stranger may send us.
    Public,
    /// At private ones: where it goes without TLS.
    Private,
    /// At any, by the operator's word.
    Anywhere,
}

impl Within {
    fn of(url: &Url) -> Self {
        match (url.scheme(), url.is_trusted()) {
            (Scheme::Http, _) => Self::Private,
            (Scheme::Https, true) => Self::Anywhere,
            (Scheme::Https, false) => Self::Public,
        }
    }

    fn has(self, is_public: bool) -> bool {
        match self {
            Self::Public => is_public,
            Self::Private => !is_public,
            Self::Anywhere => true,
        }
    }
}

/// Why nothing can be connected to.
pub(crate) enum Nowhere {
    Unresolved(io::Error),
    OutOf(Within),
}

impl Nowhere {
    fn of(self, url: &Url) -> Error {
        match self {
            Self::Unresolved(source) => Error::Resolve { url: url.clone(), source },
            Self::OutOf(Within::Private) => Error::NotPrivate(url.clone()),
            Self::OutOf(_) => Error::NotPublic(url.clone()),
        }
    }
}

/// The verifier of the system's authorities; none if it has none.
fn system_verifier(provider: &Arc<CryptoProvider>) -> Option<Arc<WebPkiServerVerifier>> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "cannot read some of the system's certificate authorities");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        tracing::warn!("the system has no certificate authorities: no server is trusted by them");
        return None;
    }
    WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(provider)).build().ok()
}

/// The world's clock, for what TLS must know of time.
struct Clock(World);

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_seconds()).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    }
}
