//! Patterns of addresses: `ann@example.com`, `example.com`, `*.example.com` (with `example.com` itself), `*`.
//!
//! Letter case does not count, nor does what follows a `+` in an address that is judged: patterns cannot hold one,
//! and an address must not escape its rule by one.

use crate::{domain_name, refusal};

/// Longest local part, in octets (RFC 5321, section 4.5.3.1.1).
const LOCAL_MAX: usize = 64;
/// What a local part may hold besides letters and digits (RFC 5322, section 3.2.3), less `*` and `+`.
const ATOM_SPECIALS: &str = "!#$%&'/=?^_`{|}~-";
/// Covers every address.
const EVERYBODY: &str = "*";

/// The form in which a pattern is kept and shown: as it was written, but for the domain, which is in lower-case
/// A-labels.
///
/// # Errors
/// `InvalidParameterException` for what is no pattern.
pub(super) fn parse(text: &str) -> Result<String, wire::Error> {
    if text.contains('+') {
        return Err(refusal::invalid(format!("The pattern {text} contains a +.")));
    }
    normal(text).ok_or_else(|| refusal::invalid(format!("The pattern {text} is not valid.")))
}

fn normal(text: &str) -> Option<String> {
    if text == EVERYBODY {
        return Some(text.to_owned());
    }
    if let Some(parent) = text.strip_prefix("*.") {
        return Some(format!("*.{}", domain_name::lookup(parent)?));
    }
    match text.rsplit_once('@') {
        Some((local, domain)) if is_local(local) => {
            Some(format!("{local}@{}", domain_name::lookup(domain)?))
        }
        Some(_) => None,
        None => domain_name::lookup(text),
    }
}

fn is_local(local: &str) -> bool {
    let is_wide = |c: char| !c.is_ascii() && !c.is_control() && !c.is_whitespace();
    let of_atom = |c: char| c.is_ascii_alphanumeric() || ATOM_SPECIALS.contains(c) || is_wide(c);
    local.len() <= LOCAL_MAX
        && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(of_atom))
}

/// The form in which a kept pattern is compared.
pub(super) fn key(pattern: &str) -> String {
    pattern.to_lowercase()
}

/// How specific a pattern is; less is more specific: an address, its domain, domains above it by the number of
/// their labels, everybody.
pub(super) type Rank = u16;

/// Somebody who sends or gets mail: all patterns that cover the address, the most specific first.
#[derive(Clone, Debug)]
pub struct Party(Vec<(Rank, String)>);

impl Party {
    /// The party of an address. What is no address of a domain is covered by `*` alone.
    pub fn new(address: &str) -> Self {
        let mut covering = Vec::new();
        if let Some((local, domain)) = parts(address) {
            covering.push((0, format!("{local}@{domain}")));
            covering.push((1, domain.clone()));
            let mut parent = domain.as_str();
            while parent.contains('.') {
                covering.push((Rank::MAX - labels(parent), format!("*.{parent}")));
                parent = parent.split_once('.').map_or("", |(_, above)| above);
            }
        }
        covering.push((Rank::MAX, EVERYBODY.to_owned()));
        Self(covering)
    }

    /// The keys of the patterns that cover it, each with its rank.
    pub(super) fn patterns(&self) -> impl Iterator<Item = (Rank, &str)> {
        self.0.iter().map(|(rank, key)| (*rank, key.as_str()))
    }
}

/// Local part without what follows a `+`, and domain, in the form that is compared.
fn parts(address: &str) -> Option<(String, String)> {
    let (local, domain) = address.rsplit_once('@')?;
    let base = local.split_once('+').map_or(local, |(base, _)| base);
    let local = if base.is_empty() { local } else { base };
    Some((local.to_lowercase(), domain_name::lookup(domain)?))
}

fn labels(domain: &str) -> Rank {
    Rank::try_from(domain.split('.').count()).unwrap_or(Rank::MAX - 2)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_are_kept_as_written_but_for_the_domain() {
        for (text, kept) in [
            ("*", "*"),
            ("Ann.Lee@Example.COM", "Ann.Lee@example.com"),
            ("o'brien=x@bücher.example", "o'brien=x@xn--bcher-kva.example"),
            ("Bücher.Example", "xn--bcher-kva.example"),
            ("*.Example.com", "*.example.com"),
        ] {
            assert_eq!(parse(text).unwrap(), kept);
        }
        for bad in [
            "",
            "**",
            "*@example.com",
            "ann@*.example.com",
            "a.*.com",
            "*.com",
            "com",
            "@x.org",
            "ann@",
            "a b@x.org",
            "a..b@x.org",
            "ann+x@x.org",
            "ann@10.0.0.1",
            "*.",
            "x.org.",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_is_covered_from_itself_to_everybody() {
        let keys = |address: &str| -> Vec<String> {
            Party::new(address).patterns().map(|(_, key)| key.to_owned()).collect()
        };
        assert_eq!(
            keys("Ann+shop@Mail.Bücher.example"),
            [
                "ann@mail.xn--bcher-kva.example",
                "mail.xn--bcher-kva.example",
                "*.mail.xn--bcher-kva.example",
                "*.xn--bcher-kva.example",
                "*",
            ]
        );
        assert_eq!(keys("+x@y.org")[0], "+x@y.org");
        for odd in ["", "ann", "ann@[192.0.2.1]", "ann@localhost"] {
            assert_eq!(keys(odd), ["*"], "{odd}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_pattern_or_refused(text in "\\PC{0,40}(@\\PC{0,20}\\.org)?") {
            if let Ok(kept) = parse(&text) {
                prop_assert_eq!(parse(&kept).unwrap(), kept);
            }
        }

        #[test]
        fn ranks_rise(address in "\\PC{0,40}@[a-z]{1,3}(\\.[a-z]{1,3}){0,9}") {
            let ranks: Vec<Rank> = Party::new(&address).patterns().map(|(rank, _)| rank).collect();
            prop_assert!(ranks.is_sorted_by(|a, b| a < b), "{:?}", ranks);
        }

        #[test]
        fn an_address_is_covered_by_its_own_pattern(text in "[a-zA-Z'=]{1,9}@[a-zA-Z]{1,9}\\.[a-zA-Z]{2,3}") {
            let own = key(&parse(&text).unwrap());
            let party = Party::new(&text);
            prop_assert_eq!(party.patterns().next(), Some((0, own.as_str())));
        }
    }
}
