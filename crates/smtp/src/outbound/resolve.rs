//! Which servers take the mail of a domain (RFC 5321 section 5).

use std::{future::Future, net::SocketAddr};

use dns::{Dns, LookupError};
use world::World;

/// The port of mail servers.
const SMTP_PORT: u16 = 25;

/// Servers of one domain that are tried.
const MAX_EXCHANGERS: usize = 8;

/// Addresses of one server that are tried.
const MAX_ADDRESSES: usize = 4;

/// A server, with where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchanger {
    /// Its name.
    pub name: String,
    /// In the order to be tried.
    pub addresses: Vec<SocketAddr>,
}

/// Why no server was found. The texts begin with an enhanced status code (RFC 3463).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// There is none, and that will not change by waiting.
    #[error("{0}")]
    Never(String),
    /// It could not be found out.
    #[error("{0}")]
    Later(String),
}

/// Finds the servers of a domain, best first.
pub trait Resolver: Send + Sync + 'static {
    /// The servers that take mail for `domain`; at least one.
    fn exchangers(
        &self,
        domain: &str,
    ) -> impl Future<Output = Result<Vec<Exchanger>, ResolveError>> + Send;
}

/// By MX and address records.
pub struct MailExchangers {
    dns: Dns,
    world: World,
}

impl MailExchangers {
    /// As `dns` has them.
    pub fn new(dns: Dns, world: World) -> Self {
        Self { dns, world }
    }

    /// Names by preference, equal ones in random order (RFC 5321 section 5.1).
    async fn names(&self, domain: &str) -> Result<Vec<String>, ResolveError> {
        let hosts = match self.dns.mail_hosts(domain).await {
            Ok(hosts) => hosts,
            // No MX record: the domain itself is the server.
            Err(LookupError::NoRecord) => return Ok(vec![domain.to_owned()]),
            Err(error) => return Err(explain(domain, &error)),
        };
        let dice = || self.world.random_bytes::<1>();
        let ranked = hosts.into_iter().map(|host| (host.preference, dice(), host.name));
        let mut found: Vec<_> = ranked.collect();
        found.sort();
        Ok(found.into_iter().take(MAX_EXCHANGERS).map(|(_, _, name)| name).collect())
    }

    async fn addresses(&self, name: &str) -> Result<Vec<SocketAddr>, LookupError> {
        let found = self.dns.addresses(name).await?;
        Ok(found.into_iter().take(MAX_ADDRESSES).map(|ip| (ip, SMTP_PORT).into()).collect())
    }
}

impl Resolver for MailExchangers {
    async fn exchangers(&self, domain: &str) -> Result<Vec<Exchanger>, ResolveError> {
        if let Some(address) = literal(domain) {
            let addresses = vec![(address, SMTP_PORT).into()];
            return Ok(vec![Exchanger { name: domain.to_owned(), addresses }]);
        }
        let names = self.names(domain).await?;
        // RFC 7505: the domain says that it takes no mail.
        if matches!(names.as_slice(), [name] if name == ".") {
            return Err(ResolveError::Never(format!("5.1.10 {domain} takes no mail")));
        }
        let (mut exchangers, mut error) = (Vec::new(), None);
        for name in names {
            match self.addresses(&name).await {
                Ok(addresses) => exchangers.push(Exchanger { name, addresses }),
                Err(found) => error = Some(explain(&name, &found)),
            }
        }
        if exchangers.is_empty() {
            let none = || ResolveError::Never(format!("5.4.4 {domain} has no mail server"));
            return Err(error.unwrap_or_else(none));
        }
        Ok(exchangers)
    }
}

/// The same server for all mail.
#[derive(Clone, Debug)]
pub struct Smarthost {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl Resolver for Smarthost {
    async fn exchangers(&self, _domain: &str) -> Result<Vec<Exchanger>, ResolveError> {
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let later = |why: String| ResolveError::Later(format!("4.4.4 {}: {why}", self.host));
        let addresses: Vec<_> =
            found.map_err(|error| later(error.to_string()))?.take(MAX_ADDRESSES).collect();
        if addresses.is_empty() {
            return Err(later("no address".to_owned()));
        }
        Ok(vec![Exchanger { name: self.host.clone(), addresses }])
    }
}

/// An address literal (RFC 5321 section 4.1.3), which needs no look-up.
fn literal(domain: &str) -> Option<std::net::IpAddr> {
    let inner = domain.strip_prefix('[')?.strip_suffix(']')?;
    inner.strip_prefix("ipv6:").unwrap_or(inner).parse().ok()
}

fn explain(name: &str, error: &LookupError) -> ResolveError {
    match error {
        LookupError::NoName => ResolveError::Never(format!("5.1.2 {name} does not exist")),
        LookupError::NoRecord => ResolveError::Never(format!("5.4.4 {name} has no address")),
        LookupError::Failed(why) => ResolveError::Later(format!("4.4.3 {name}: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use dns::testing::Zone;

    use super::*;

    #[test]
    fn literals_need_no_look_up() {
        assert_eq!(literal("[192.0.2.1]"), "192.0.2.1".parse().ok());
        assert_eq!(literal("[ipv6:2001:db8::1]"), "2001:db8::1".parse().ok());
        assert_eq!(literal("example.com"), None);
    }

    #[tokio::test]
    async fn the_preferred_server_comes_first() {
        let zone = Zone::new();
        zone.add("a.example", "MX 20 second.example").add("a.example", "MX 10 first.example");
        zone.add("first.example", "A 192.0.2.1").add("second.example", "A 192.0.2.2");
        zone.add("none.example", "MX 0 .").add("bare.example", "A 192.0.2.3");
        let found = by(&zone).exchangers("a.example").await.unwrap();
        let names: Vec<&str> = found.iter().map(|exchanger| exchanger.name.as_str()).collect();
        assert_eq!(names, ["first.example.", "second.example."]);
        assert_eq!(found[0].addresses, ["192.0.2.1:25".parse().unwrap()]);
        let found = by(&zone).exchangers("bare.example").await.unwrap();
        assert_eq!(found[0].addresses, ["192.0.2.3:25".parse().unwrap()]);
        for never in ["none.example", "unknown.example"] {
            let found = by(&zone).exchangers(never).await;
            assert!(matches!(found, Err(ResolveError::Never(_))), "{never}: {found:?}");
        }
        zone.set_broken(true);
        let found = by(&zone).exchangers("a.example").await;
        assert!(matches!(found, Err(ResolveError::Later(_))), "{found:?}");
    }

    fn by(zone: &Zone) -> MailExchangers {
        MailExchangers::new(Dns::of(zone.clone()), World::system())
    }
}
