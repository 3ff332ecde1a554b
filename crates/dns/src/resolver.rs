//! The resolver.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use hickory_resolver::{
    ResolverBuilder, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts},
    net::runtime::TokioRuntimeProvider,
    proto::rr::{Name, RData, RecordType},
};
use tokio::time;

#[cfg(feature = "testing")]
use crate::testing::Zone;
use crate::{LookupError, SetupError};

/// Time for one look-up, with all that is tried for it.
pub const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);

/// Records that are taken of one answer.
pub const RECORDS_MAX: usize = 64;

/// Wait for one server.
const SERVER_TIMEOUT: Duration = Duration::from_secs(2);

/// The longest that an answer is kept, whatever its time to live says.
const KEPT_MAX: Duration = Duration::from_secs(3600);

/// Answers that are kept.
const ANSWERS_MAX: u64 = 4096;

/// A server that takes the mail of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailHost {
    /// The lower is tried first.
    pub preference: u16,
    /// Its name, with a dot at its end.
    pub name: String,
}

/// Who is asked. Cheap to clone; clones share what is kept.
#[derive(Clone)]
pub struct Dns(Source);

#[derive(Clone)]
enum Source {
    /// What they said may be remembered.
    Kept(Arc<Servers>),
    /// They are asked anew.
    Fresh(Arc<Servers>),
    #[cfg(feature = "testing")]
    Zone(Zone),
}

/// The same servers, with and without a memory.
struct Servers {
    kept: TokioResolver,
    fresh: TokioResolver,
}

impl std::fmt::Debug for Dns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dns")
    }
}

impl Dns {
    /// Asks whom the system is configured to ask.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn system() -> Result<Self, SetupError> {
        let builder =
            || TokioResolver::builder_tokio().map_err(|error| SetupError(error.to_string()));
        Self::build(builder()?, builder()?)
    }

    /// Asks these servers; which of them first is not said.
    ///
    /// # Errors
    /// If no resolver can be made.
    pub fn at(servers: &[SocketAddr]) -> Result<Self, SetupError> {
        let config =
            ResolverConfig::from_parts(None, Vec::new(), servers.iter().map(server).collect());
        let builder = || {
            let runtime = TokioRuntimeProvider::default();
            let mut builder = TokioResolver::builder_with_config(config.clone(), runtime);
            // Whoever names servers wants their answers, not those of a file.
            builder.options_mut().use_hosts_file = ResolveHosts::Never;
            builder
        };
        Self::build(builder(), builder())
    }

    /// Answers of a zone that a test has written.
    #[cfg(feature = "testing")]
    pub fn of(zone: Zone) -> Self {
        Self(Source::Zone(zone))
    }

    fn build(
        mut kept: ResolverBuilder<TokioRuntimeProvider>,
        mut fresh: ResolverBuilder<TokioRuntimeProvider>,
    ) -> Result<Self, SetupError> {
        bound(kept.options_mut(), ANSWERS_MAX);
        bound(fresh.options_mut(), 0);
        let built = |resolver: Result<_, hickory_resolver::net::NetError>| {
            resolver.map_err(|error| SetupError(error.to_string()))
        };
        let servers = Servers { kept: built(kept.build())?, fresh: built(fresh.build())? };
        Ok(Self(Source::Kept(Arc::new(servers))))
    }

    /// The same servers, asked anew each time.
    #[must_use]
    pub fn fresh(&self) -> Self {
        match &self.0 {
            Source::Kept(servers) => Self(Source::Fresh(Arc::clone(servers))),
            _ => self.clone(),
        }
    }

    /// The text records of a name; the strings of each are joined, as all that mail keeps there wants it.
    ///
    /// # Errors
    /// [`LookupError`].
    pub async fn texts(&self, name: &str) -> Result<Vec<Vec<u8>>, LookupError> {
        let take = |data: RData| match data {
            RData::TXT(text) => Some(text.txt_data.concat()),
            _ => None,
        };
        self.records(name, RecordType::TXT, take).await
    }

    /// The mail servers of a name, in no order.
    ///
    /// # Errors
    /// [`LookupError`].
    pub async fn mail_hosts(&self, name: &str) -> Result<Vec<MailHost>, LookupError> {
        let take = |data: RData| match data {
            RData::MX(mx) => Some(MailHost { preference: mx.preference, name: text(&mx.exchange) }),
            _ => None,
        };
        self.records(name, RecordType::MX, take).await
    }

    /// The IPv4 addresses of a name.
    ///
    /// # Errors
    /// [`LookupError`].
    pub async fn v4(&self, name: &str) -> Result<Vec<Ipv4Addr>, LookupError> {
        let take = |data: RData| match data {
            RData::A(address) => Some(address.0),
            _ => None,
        };
        self.records(name, RecordType::A, take).await
    }

    /// The IPv6 addresses of a name.
    ///
    /// # Errors
    /// [`LookupError`].
    pub async fn v6(&self, name: &str) -> Result<Vec<Ipv6Addr>, LookupError> {
        let take = |data: RData| match data {
            RData::AAAA(address) => Some(address.0),
            _ => None,
        };
        self.records(name, RecordType::AAAA, take).await
    }

    /// The addresses of a name, those of IPv4 first. Also from the system's file of hosts, if it is the system
    /// that is asked.
    ///
    /// # Errors
    /// [`LookupError`].
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, LookupError> {
        let resolver = match &self.0 {
            Source::Kept(servers) => &servers.kept,
            Source::Fresh(servers) => &servers.fresh,
            #[cfg(feature = "testing")]
            Source::Zone(_) => {
                return match self.v4(name).await {
                    Ok(found) => Ok(found.into_iter().map(IpAddr::from).collect()),
                    Err(_) => Ok(self.v6(name).await?.into_iter().map(IpAddr::from).collect()),
                };
            }
        };
        let found = time::timeout(LOOKUP_TIMEOUT, resolver.lookup_ip(whole(name)?)).await;
        let found = found.map_err(|_| late())?.map_err(|error| LookupError::of(&error))?;
        Ok(found.iter().take(RECORDS_MAX).collect())
    }

    /// Where a name points to, with a dot at the end of each.
    ///
    /// # Errors
    /// [`LookupError`].
    pub async fn aliases(&self, name: &str) -> Result<Vec<String>, LookupError> {
        let take = |data: RData| match data {
            RData::CNAME(target) => Some(text(&target.0)),
            _ => None,
        };
        self.records(name, RecordType::CNAME, take).await
    }

    /// The names of an address, with a dot at the end of each.
    ///
    /// # Errors
    /// [`LookupError`].
    pub async fn names(&self, address: IpAddr) -> Result<Vec<String>, LookupError> {
        let take = |data: RData| match data {
            RData::PTR(name) => Some(text(&name.0)),
            _ => None,
        };
        self.records(&Name::from(address).to_ascii(), RecordType::PTR, take).await
    }

    async fn records<T>(
        &self,
        name: &str,
        kind: RecordType,
        take: impl Fn(RData) -> Option<T>,
    ) -> Result<Vec<T>, LookupError> {
        let name = whole(name)?;
        let data = match &self.0 {
            Source::Kept(servers) => ask(&servers.kept, name, kind).await?,
            Source::Fresh(servers) => ask(&servers.fresh, name, kind).await?,
            #[cfg(feature = "testing")]
            Source::Zone(zone) if zone.is_slow(&name) => std::future::pending().await,
            #[cfg(feature = "testing")]
            Source::Zone(zone) => zone.answer(&name, kind)?,
        };
        let found: Vec<T> = data.into_iter().filter_map(take).take(RECORDS_MAX).collect();
        // An alias may lead to a name that has none.
        if found.is_empty() { Err(LookupError::NoRecord) } else { Ok(found) }
    }
}

async fn ask(
    resolver: &TokioResolver,
    name: Name,
    kind: RecordType,
) -> Result<Vec<RData>, LookupError> {
    let lookup = time::timeout(LOOKUP_TIMEOUT, resolver.lookup(name, kind)).await;
    let lookup = lookup.map_err(|_| late())?.map_err(|error| LookupError::of(&error))?;
    Ok(lookup.answers().iter().map(|record| record.data.clone()).collect())
}

/// By UDP, and by TCP where an answer is too long for that.
fn server(address: &SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    server.connections.iter_mut().for_each(|way: &mut ConnectionConfig| way.port = address.port());
    server
}

fn bound(options: &mut ResolverOpts, answers: u64) {
    options.timeout = SERVER_TIMEOUT;
    options.edns0 = true;
    options.cache_size = answers;
    options.positive_max_ttl = Some(KEPT_MAX);
    options.negative_max_ttl = Some(KEPT_MAX);
}

/// The name as it is; what can be no name does not exist.
pub(crate) fn whole(name: &str) -> Result<Name, LookupError> {
    if !name.is_ascii() {
        let mut name = Name::from_utf8(name).map_err(|_| LookupError::NoName)?;
        name.set_fqdn(true);
        return Ok(name);
    }
    // Label by label: what macros of SPF make may hold any octet, and means nothing but itself.
    let labels = name.strip_suffix('.').unwrap_or(name).split('.').map(str::as_bytes);
    Name::from_labels(labels).map_err(|_| LookupError::NoName)
}

/// The name in the form that [`whole`] reads: without escapes, but where a dot is not the end of a label.
fn text(name: &Name) -> String {
    let labels: Vec<_> = name.iter().map(String::from_utf8_lossy).collect();
    match labels.iter().any(|label| label.contains('.')) {
        true => name.to_ascii(),
        false => labels.join(".") + ".",
    }
}

fn late() -> LookupError {
    LookupError::Failed("no answer in time".to_owned())
}

#[cfg(test)]
mod tests {
    use tokio::{net::UdpSocket, time::Instant};

    use super::*;

    #[test]
    fn names_are_whole() {
        assert!(whole("a.example").unwrap().is_fqdn());
        assert_eq!(whole("_dmarc.a.example.").unwrap().to_ascii(), "_dmarc.a.example.");
        assert_eq!(whole("bücher.example").unwrap().to_ascii(), "xn--bcher-kva.example.");
        assert_eq!(whole(&"a".repeat(64)).unwrap_err(), LookupError::NoName);
        assert_eq!(whole("a:b.example").unwrap().num_labels(), 2);
        assert_eq!(text(&whole("a:b.example").unwrap()), "a:b.example.");
        assert_eq!(text(&Name::root()), ".");
        assert_eq!(whole("").unwrap_err(), LookupError::NoName);
        assert_eq!(whole("a..b").unwrap_err(), LookupError::NoName);
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_answer_is_not_waited_for_long() {
        let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let dns = Dns::at(&[silent.local_addr().unwrap()]).unwrap();
        let begun = Instant::now();
        let found = dns.texts("a.example").await;
        assert!(matches!(found, Err(LookupError::Failed(_))), "{found:?}");
        assert!(begun.elapsed() < LOOKUP_TIMEOUT + Duration::from_secs(2));
    }
}
