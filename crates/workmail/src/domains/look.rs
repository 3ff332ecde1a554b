//! What the DNS says of a domain.

use dns::{Dns, LookupError};
use futures_util::future::join;

use super::keys::SigningKey;

/// What was seen of a record that is to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is there.
    Verified,
    /// It is not.
    Missing,
    /// Another one is in its place.
    Inconsistent,
    /// The DNS did not answer.
    Unknown,
}

/// What was seen of the records that bring mail here, and make others believe what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Mail comes here.
    pub mx: Seen,
    /// Mail programs find their settings here.
    pub autodiscover: Seen,
    /// This server may send for the domain.
    pub spf: Seen,
    /// Others are told what to do about forged mail.
    pub dmarc: Seen,
}

impl Look {
    /// Nothing was found out.
    pub const UNKNOWN: Self = Self {
        mx: Seen::Unknown,
        autodiscover: Seen::Unknown,
        spf: Seen::Unknown,
        dmarc: Seen::Unknown,
    };
}

/// Looks for the records of `domain`, of which none is a secret.
pub async fn look(dns: &Dns, mail_host: &str, domain: &str) -> Look {
    let dns = dns.fresh();
    let hosts = join(mx(&dns, mail_host, domain), autodiscover(&dns, mail_host, domain));
    let texts = join(spf(&dns, mail_host, domain), dmarc(&dns, domain));
    let ((mx, autodiscover), (spf, dmarc)) = join(hosts, texts).await;
    Look { mx, autodiscover, spf, dmarc }
}

/// What was seen of the proofs of `domain`: of its ownership, and of the key that signs its mail.
pub(super) async fn proofs(
    dns: &Dns,
    domain: &str,
    token: &str,
    key: Option<&SigningKey>,
) -> (Seen, Seen) {
    let dns = dns.fresh();
    join(ownership(&dns, domain, token), published(&dns, domain, key)).await
}

/// The token stands below the domain, or at it where the DNS allows no underscore.
async fn ownership(dns: &Dns, domain: &str, token: &str) -> Seen {
    let below = format!("_amazonses.{domain}");
    let (below, at) = join(dns.texts(&below), dns.texts(domain)).await;
    let is_token = |text: &Vec<u8>| text.trim_ascii() == token.as_bytes();
    let has = |found: &Result<Vec<Vec<u8>>, LookupError>| {
        found.as_ref().is_ok_and(|texts| texts.iter().any(is_token))
    };
    match (&below, &at) {
        _ if has(&below) || has(&at) => Seen::Verified,
        (Err(LookupError::Failed(_)), _) | (_, Err(LookupError::Failed(_))) => Seen::Unknown,
        (Ok(_), _) => Seen::Inconsistent,
        _ => Seen::Missing,
    }
}

async fn published(dns: &Dns, domain: &str, key: Option<&SigningKey>) -> Seen {
    let Some(key) = key else { return Seen::Missing };
    match mailauth::is_published(dns, domain, &key.selector, &key.key).await {
        Ok(true) => Seen::Verified,
        Ok(false) => Seen::Missing,
        Err(_) => Seen::Unknown,
    }
}

/// This server must be among those that are tried first.
async fn mx(dns: &Dns, mail_host: &str, domain: &str) -> Seen {
    let hosts = match dns.mail_hosts(domain).await {
        Ok(hosts) => hosts,
        Err(error) => return absent(&error),
    };
    let best = hosts.iter().map(|host| host.preference).min();
    let mut first = hosts.iter().filter(|host| Some(host.preference) == best);
    there(first.any(|host| is_host(&host.name, mail_host)))
}

async fn autodiscover(dns: &Dns, mail_host: &str, domain: &str) -> Seen {
    match dns.aliases(&format!("autodiscover.{domain}")).await {
        Ok(targets) => there(targets.iter().any(|target| is_host(target, mail_host))),
        Err(error) => absent(&error),
    }
}

/// One of the terms by which our records, or like ones, name this server.
async fn spf(dns: &Dns, mail_host: &str, domain: &str) -> Seen {
    let mut records = match texts(dns, domain, "v=spf1").await {
        Ok(records) => records,
        Err(seen) => return seen,
    };
    let is_ours = |term: &str| {
        let term = term.strip_prefix('+').unwrap_or(term);
        let named = ["a:", "mx:", "include:"].iter().find_map(|kind| term.strip_prefix(kind));
        term == "mx" || named.is_some_and(|name| is_host(name, mail_host) || name == domain)
    };
    let record = records.pop().filter(|_| records.is_empty());
    there(record.is_some_and(|record| record.split_ascii_whitespace().any(is_ours)))
}

async fn dmarc(dns: &Dns, domain: &str) -> Seen {
    match texts(dns, &format!("_dmarc.{domain}"), "v=dmarc1").await {
        Ok(records) => there(matches!(records.as_slice(), [one] if one.contains("p="))),
        Err(seen) => seen,
    }
}

/// The text records of a name that begin like this, in lower case; at least one.
async fn texts(dns: &Dns, name: &str, beginning: &str) -> Result<Vec<String>, Seen> {
    let found = dns.texts(name).await.map_err(|error| absent(&error))?;
    let texts = found.iter().map(|text| String::from_utf8_lossy(text).to_ascii_lowercase());
    let texts: Vec<String> = texts.filter(|text| text.starts_with(beginning)).collect();
    if texts.is_empty() { Err(Seen::Missing) } else { Ok(texts) }
}

fn is_host(name: &str, host: &str) -> bool {
    name.trim_end_matches('.').eq_ignore_ascii_case(host)
}

fn there(is_right: bool) -> Seen {
    if is_right { Seen::Verified } else { Seen::Inconsistent }
}

fn absent(error: &LookupError) -> Seen {
    if error.is_void() { Seen::Missing } else { Seen::Unknown }
}

#[cfg(test)]
mod tests {
    use dns::testing::Zone;

    use super::*;

    #[tokio::test]
    async fn each_record_is_judged_by_itself() {
        let zone = Zone::new();
        let seen = async || look(&Dns::of(zone.clone()), "mail.example.net", "a.example").await;
        let all = |seen| Look { mx: seen, autodiscover: seen, spf: seen, dmarc: seen };
        assert_eq!(seen().await, all(Seen::Missing));
        zone.add("a.example", "MX 10 MAIL.example.net").add("a.example", "MX 20 other.example");
        zone.add("autodiscover.a.example", "CNAME mail.example.net");
        zone.add("a.example", "TXT something").add("a.example", "TXT V=spf1 a +MX ~all");
        zone.add("_dmarc.a.example", "TXT v=DMARC1;p=none");
        assert_eq!(seen().await, all(Seen::Verified));
        for name in ["a.example", "autodiscover.a.example", "_dmarc.a.example"] {
            zone.remove(name);
        }
        zone.add("a.example", "MX 5 other.example").add("a.example", "MX 10 mail.example.net");
        zone.add("autodiscover.a.example", "CNAME other.example");
        zone.add("a.example", "TXT v=spf1 include:other.example -all");
        zone.add("_dmarc.a.example", "TXT v=DMARC1; rua=mailto:x@a.example");
        assert_eq!(seen().await, all(Seen::Inconsistent));
        zone.set_broken(true);
        assert_eq!(seen().await, all(Seen::Unknown));
    }

    #[tokio::test]
    async fn the_token_may_stand_at_either_name() {
        let zone = Zone::new();
        let seen = async || ownership(&Dns::of(zone.clone()), "a.example", "dG9rZW4=").await;
        assert_eq!(seen().await, Seen::Missing);
        zone.add("_amazonses.a.example", "TXT other");
        assert_eq!(seen().await, Seen::Inconsistent);
        zone.add("_amazonses.a.example", "TXT dG9rZW4=");
        assert_eq!(seen().await, Seen::Verified);
        zone.remove("_amazonses.a.example").add("a.example", "TXT dG9rZW4= ");
        assert_eq!(seen().await, Seen::Verified);
        zone.set_broken(true);
        assert_eq!(seen().await, Seen::Unknown);
    }
}
