//! Which servers take the mail of a domain (RFC 5321 section 5).

use std::{future::Future, net::SocketAddr};

use hickory_resolver::{
    Resolver as HickoryResolver, TokioResolver,
    net::{DnsError, NetError},
    proto::{op::ResponseCode, rr::RData},
};
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
pub struct Dns {
    resolver: TokioResolver,
    world: World,
}

impl Dns {
    /// A resolver with the configuration of the system.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn system(world: World) -> Result<Self, ResolveError> {
        let resolver = HickoryResolver::builder_tokio().and_then(|builder| builder.build());
        let resolver = resolver.map_err(|error| ResolveError::Later(error.to_string()))?;
        Ok(Self { resolver, world })
    }

    /// Names by preference, equal ones in random order (RFC 5321 section 5.1).
    async fn names(&self, domain: &str) -> Result<Vec<String>, ResolveError> {
        let lookup = match self.resolver.mx_lookup(fully_qualified(domain)).await {
            Ok(lookup) => lookup,
            // No MX record: the domain itself is the server.
            Err(error) if is_empty(&error) => return Ok(vec![domain.to_owned()]),
            Err(error) => return Err(explain(domain, &error)),
        };
        let mut found = Vec::new();
        for record in lookup.answers() {
            if let RData::MX(mx) = &record.data {
                let [dice] = self.world.random_bytes::<1>();
                found.push((mx.preference, dice, mx.exchange.to_utf8()));
            }
        }
        found.sort();
        Ok(found.into_iter().take(MAX_EXCHANGERS).map(|(_, _, name)| name).collect())
    }

    async fn addresses(&self, name: &str) -> Result<Vec<SocketAddr>, NetError> {
        let found = self.resolver.lookup_ip(fully_qualified(name)).await?;
        Ok(found.iter().take(MAX_ADDRESSES).map(|ip| (ip, SMTP_PORT).into()).collect())
    }
}

impl Resolver for Dns {
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

/// The search list of the system is for people, not for mail.
fn fully_qualified(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

/// Whether the name exists without such records.
fn is_empty(error: &NetError) -> bool {
    matches!(error, NetError::Dns(DnsError::NoRecordsFound(none))
        if none.response_code == ResponseCode::NoError)
}

fn explain(name: &str, error: &NetError) -> ResolveError {
    if error.is_nx_domain() {
        return ResolveError::Never(format!("5.1.2 {name} does not exist"));
    }
    if is_empty(error) {
        return ResolveError::Never(format!("5.4.4 {name} has no address"));
    }
    ResolveError::Later(format!("4.4.3 {name}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_need_no_look_up() {
        assert_eq!(literal("[192.0.2.1]"), "192.0.2.1".parse().ok());
        assert_eq!(literal("[ipv6:2001:db8::1]"), "2001:db8::1".parse().ok());
        assert_eq!(literal("example.com"), None);
        assert_eq!(fully_qualified("example.com."), "example.com.");
    }
}
