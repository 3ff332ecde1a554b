//! The way up the tree of names: whose policy counts, and what belongs together (RFC 9989, section 4.10).

use std::collections::HashMap;

use dns::{Dns, LookupError};

use super::{Policy, record::Record};

/// Names that are asked on one way up: from a longer one, labels are left out (section 4.10).
const STEPS_MAX: usize = 8;

/// What is published for a domain.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) record: Record,
    /// What of the record is for this domain.
    pub(super) policy: Policy,
    /// The organizational domain.
    pub(super) organization: String,
}

/// Ways up, with what was found on them.
pub(super) struct Walk<'a> {
    dns: &'a Dns,
    records: HashMap<String, Option<Record>>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(dns: &'a Dns) -> Self {
        Self { dns, records: HashMap::new() }
    }

    /// The record that counts for a domain: its own, or that of its organization, or of the suffix that it is
    /// registered under.
    pub(super) async fn find(&mut self, domain: &str) -> Result<Option<Found>, LookupError> {
        let way = self.way(domain).await?;
        let organization = organization(&way, domain);
        if let Some((name, record)) = way.first().filter(|(name, _)| name == domain) {
            let (record, policy) = (*record, record.policy);
            let organization =
                if record.suffix == Some(true) { name.clone() } else { organization };
            return Ok(Some(Found { record, policy, organization }));
        }
        let own = way.iter().find(|(name, _)| *name == organization);
        let suffix = || way.iter().find(|(_, record)| record.suffix == Some(true));
        let Some((_, record)) = own.or_else(suffix) else { return Ok(None) };
        let record = *record;
        let policy = match self.exists(domain).await? {
            true => record.subdomains,
            false => record.missing,
        };
        Ok(Some(Found { record, policy, organization }))
    }

    /// The organizational domain of any domain.
    pub(super) async fn organization(&mut self, domain: &str) -> Result<String, LookupError> {
        let way = self.way(domain).await?;
        Ok(organization(&way, domain))
    }

    /// The records on the way up, the lowest first. One that says what it is ends the way.
    async fn way(&mut self, domain: &str) -> Result<Vec<(String, Record)>, LookupError> {
        let mut found = Vec::new();
        for name in names(domain) {
            let Some(record) = self.record(name).await? else { continue };
            let is_end = match record.suffix {
                Some(false) => true,
                Some(true) => name != domain,
                None => false,
            };
            found.push((name.to_owned(), record));
            if is_end {
                break;
            }
        }
        Ok(found)
    }

    async fn record(&mut self, name: &str) -> Result<Option<Record>, LookupError> {
        if let Some(known) = self.records.get(name) {
            return Ok(*known);
        }
        let record = match self.dns.texts(&format!("_dmarc.{name}")).await {
            Ok(texts) => {
                let mut records = texts.iter().filter_map(|text| Record::parse(text));
                // Section 4.7: of several, none counts.
                records.next().filter(|_| records.next().is_none())
            }
            Err(error) if error.is_void() => None,
            Err(error) => return Err(error),
        };
        self.records.insert(name.to_owned(), record);
        Ok(record)
    }

    async fn exists(&self, domain: &str) -> Result<bool, LookupError> {
        match self.dns.v4(domain).await {
            Ok(_) | Err(LookupError::NoRecord) => Ok(true),
            Err(LookupError::NoName) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// The domain and those above it; of a long one, the upper seven besides itself.
fn names(domain: &str) -> impl Iterator<Item = &str> {
    let starts = domain.match_indices('.').map(|(dot, _)| &domain[dot + 1..]);
    let above: Vec<&str> = starts.collect();
    let skip = (above.len() + 1).saturating_sub(STEPS_MAX);
    std::iter::once(domain).chain(above.into_iter().skip(skip))
}

/// Section 4.10.2.
fn organization(way: &[(String, Record)], domain: &str) -> String {
    for (name, record) in way {
        match record.suffix {
            Some(false) => return name.clone(),
            Some(true) if name != domain => return one_below(domain, name),
            _ => {}
        }
    }
    way.last().map_or_else(|| domain.to_owned(), |(name, _)| name.clone())
}

/// The name just below `parent` on the way to `domain`.
fn one_below(domain: &str, parent: &str) -> String {
    let below = domain.strip_suffix(parent).and_then(|below| below.strip_suffix('.'));
    let label = below.map_or("", |below| below.rsplit('.').next().unwrap_or(below));
    format!("{label}.{parent}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_up_is_short() {
        let found: Vec<_> = names("a.b.c").collect();
        assert_eq!(found, ["a.b.c", "b.c", "c"]);
        let found: Vec<_> = names("1.2.3.4.5.6.7.8.9.a").collect();
        assert_eq!(found.len(), STEPS_MAX);
        assert_eq!(found[1], "4.5.6.7.8.9.a");
        assert_eq!(one_below("x.shop.co.example", "co.example"), "shop.co.example");
    }
}
