//! Whether a server may send for a domain (RFC 7208).

mod macros;
mod record;

use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    pin::Pin,
};

use dns::{Dns, LookupError};

use self::{
    macros::{Template, Values},
    record::{Mechanism, Prefixes, Record},
};
use crate::domain;

/// Terms that ask the DNS, in one evaluation (section 4.6.4).
const LOOKUPS_MAX: usize = 10;

/// Of these, those that may find nothing.
const VOIDS_MAX: usize = 2;

/// Servers of a domain, and names of an address, that are asked about.
const NAMES_MAX: usize = 10;

/// What the domain says of the server (section 2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spf {
    /// It says nothing.
    None,
    /// It does not want to say.
    Neutral,
    /// It may.
    Pass,
    /// It may not.
    Fail,
    /// It probably may not.
    SoftFail,
    /// The DNS did not answer.
    TempError,
    /// What it says cannot be understood.
    PermError,
}

impl Spf {
    /// The word of RFC 8601, section 2.7.2.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Neutral => "neutral",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// May `peer` send as `sender`, an address whose domain is asked, having greeted as `helo`?
pub async fn check_host(dns: &Dns, peer: IpAddr, sender: &str, helo: &str) -> Spf {
    let Some(domain) = domain::of_address(sender).filter(|domain| domain.contains('.')) else {
        return Spf::None;
    };
    let sender = match sender.strip_prefix('@') {
        Some(_) => format!("postmaster{sender}"),
        None => sender.to_owned(),
    };
    let peer = peer.to_canonical();
    let mut check = Check { dns, peer, sender, helo, lookups: 0, voids: 0, name: None };
    match check.evaluate(domain).await {
        Ok(result) | Err(result) => result,
    }
}

/// One evaluation, with all that it includes. An `Err` ends it whole.
struct Check<'a> {
    dns: &'a Dns,
    peer: IpAddr,
    sender: String,
    helo: &'a str,
    lookups: usize,
    voids: usize,
    /// The name of the peer, once it was looked for.
    name: Option<Option<String>>,
}

impl Check<'_> {
    /// `check_host` of section 4; boxed, for records name others.
    fn evaluate(
        &mut self,
        domain: String,
    ) -> Pin<Box<dyn Future<Output = Result<Spf, Spf>> + Send + '_>> {
        Box::pin(async move {
            let Some(record) = self.record(&domain).await? else { return Ok(Spf::None) };
            for directive in &record.directives {
                if self.matches(&directive.mechanism, &domain).await? {
                    return Ok(directive.result);
                }
            }
            let Some(redirect) = &record.redirect else { return Ok(Spf::Neutral) };
            self.count()?;
            let target = self.target(Some(redirect), &domain).await?;
            match domain::normal(&target) {
                Some(target) => match self.evaluate(target).await? {
                    Spf::None => Err(Spf::PermError),
                    result => Ok(result),
                },
                None => Err(Spf::PermError),
            }
        })
    }

    async fn record(&self, domain: &str) -> Result<Option<Record>, Spf> {
        let texts = match self.dns.texts(domain).await {
            Ok(texts) => texts,
            Err(error) if error.is_void() => return Ok(None),
            Err(_) => return Err(Spf::TempError),
        };
        let mut records = texts.iter().filter(|text| record::is_record(text));
        match (records.next(), records.next()) {
            (None, _) => Ok(None),
            (Some(text), None) => Record::parse(text).map(Some).ok_or(Spf::PermError),
            (Some(_), Some(_)) => Err(Spf::PermError),
        }
    }

    async fn matches(&mut self, mechanism: &Mechanism, domain: &str) -> Result<bool, Spf> {
        match mechanism {
            Mechanism::All => Ok(true),
            Mechanism::Ip4(network, bits) => Ok(within(self.peer, IpAddr::V4(*network), *bits)),
            Mechanism::Ip6(network, bits) => Ok(within(self.peer, IpAddr::V6(*network), *bits)),
            Mechanism::Include(target) => self.includes(target, domain).await,
            Mechanism::A(target, prefixes) => {
                self.count()?;
                let name = self.target(target.as_ref(), domain).await?;
                let found = self.addresses(&name).await;
                let addresses = self.allowed(found)?;
                Ok(self.is_among(&addresses, *prefixes))
            }
            Mechanism::Mx(target, prefixes) => self.is_mail_host(target, *prefixes, domain).await,
            Mechanism::Ptr(target) => {
                self.count()?;
                let name = self.target(target.as_ref(), domain).await?;
                Ok(self.is_named(&name).await)
            }
            Mechanism::Exists(target) => {
                self.count()?;
                let name = self.target(Some(target), domain).await?;
                let found = self.dns.v4(&name).await;
                Ok(!self.allowed(found)?.is_empty())
            }
        }
    }

    /// Section 5.2: only a pass of the other record is a match.
    async fn includes(&mut self, target: &Template, domain: &str) -> Result<bool, Spf> {
        self.count()?;
        let target = self.target(Some(target), domain).await?;
        let target = domain::normal(&target).ok_or(Spf::PermError)?;
        match self.evaluate(target).await? {
            Spf::Pass => Ok(true),
            Spf::None => Err(Spf::PermError),
            _ => Ok(false),
        }
    }

    /// Section 5.4.
    async fn is_mail_host(
        &mut self,
        target: &Option<Template>,
        prefixes: Prefixes,
        domain: &str,
    ) -> Result<bool, Spf> {
        self.count()?;
        let name = self.target(target.as_ref(), domain).await?;
        let found = self.dns.mail_hosts(&name).await;
        let hosts = self.allowed(found)?;
        if hosts.len() > NAMES_MAX {
            return Err(Spf::PermError);
        }
        for host in hosts {
            match self.addresses(&host.name).await {
                Ok(addresses) if self.is_among(&addresses, prefixes) => return Ok(true),
                Err(LookupError::Failed(_)) => return Err(Spf::TempError),
                _ => {}
            }
        }
        Ok(false)
    }

    /// Section 5.5: a name of the peer that leads back to it, and is within `target`.
    async fn is_named(&self, target: &str) -> bool {
        let Some(target) = domain::normal(target) else { return false };
        let names = self.validated_names().await;
        names.iter().any(|name| domain::is_within(name, &target))
    }

    async fn validated_names(&self) -> Vec<String> {
        let names = self.dns.names(self.peer).await.unwrap_or_default();
        let mut validated = Vec::new();
        for name in names.iter().take(NAMES_MAX).filter_map(|name| domain::normal(name)) {
            let addresses = self.addresses(&name).await.unwrap_or_default();
            if addresses.contains(&self.peer) {
                validated.push(name);
            }
        }
        validated
    }

    /// The addresses of the peer's kind.
    async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, LookupError> {
        match self.peer {
            IpAddr::V4(_) => Ok(self.dns.v4(name).await?.into_iter().map(IpAddr::V4).collect()),
            IpAddr::V6(_) => Ok(self.dns.v6(name).await?.into_iter().map(IpAddr::V6).collect()),
        }
    }

    fn is_among(&self, addresses: &[IpAddr], prefixes: Prefixes) -> bool {
        let bits = if self.peer.is_ipv4() { prefixes.v4 } else { prefixes.v6 };
        addresses.iter().any(|address| within(self.peer, *address, bits))
    }

    /// The name that a term speaks of: the domain itself unless it says another.
    async fn target(&mut self, target: Option<&Template>, domain: &str) -> Result<String, Spf> {
        let Some(template) = target else { return Ok(domain.to_owned()) };
        if template.wants_validated() && self.name.is_none() {
            self.name = Some(self.best_name(domain).await);
        }
        let values = Values { sender: &self.sender, domain, helo: self.helo, peer: self.peer };
        Ok(template.expand(&values, self.name.as_ref().and_then(Option::as_deref)))
    }

    /// Section 7.3: the domain itself, else one below it, else any.
    async fn best_name(&self, domain: &str) -> Option<String> {
        let names = self.validated_names().await;
        let within = || names.iter().find(|name| domain::is_within(name, domain));
        let found = names.iter().find(|name| *name == domain).or_else(within);
        found.or(names.first()).cloned()
    }

    /// Counts a term that asks the DNS.
    fn count(&mut self) -> Result<(), Spf> {
        self.lookups += 1;
        if self.lookups > LOOKUPS_MAX { Err(Spf::PermError) } else { Ok(()) }
    }

    /// What was found; nothing may be found a few times only.
    fn allowed<T>(&mut self, found: Result<Vec<T>, LookupError>) -> Result<Vec<T>, Spf> {
        match found {
            Ok(found) => Ok(found),
            Err(error) if error.is_void() => {
                self.voids += 1;
                if self.voids > VOIDS_MAX { Err(Spf::PermError) } else { Ok(Vec::new()) }
            }
            Err(_) => Err(Spf::TempError),
        }
    }
}

fn within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => agree(v4(a), v4(b), bits),
        (IpAddr::V6(a), IpAddr::V6(b)) => agree(v6(a), v6(b), bits),
        _ => false,
    }
}

/// In the upper bits of 128.
fn v4(address: Ipv4Addr) -> u128 {
    u128::from(address.to_bits()) << 96
}

fn v6(address: Ipv6Addr) -> u128 {
    address.to_bits()
}

fn agree(a: u128, b: u128, bits: u8) -> bool {
    bits == 0 || (a ^ b) >> (128 - u32::from(bits.min(128))) == 0
}
