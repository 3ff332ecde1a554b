//! SPF records (RFC 7208, sections 4.6 and 12).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Spf, macros::Template};

/// Octets of a record; what needs more is no policy.
const RECORD_MAX: usize = 8 << 10;

/// Terms of a record.
const TERMS_MAX: usize = 512;

/// A record, read whole before any of it counts (section 4.6).
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) directives: Vec<Directive>,
    pub(super) redirect: Option<Template>,
}

#[derive(Debug)]
pub(super) struct Directive {
    /// What it says of who matches.
    pub(super) result: Spf,
    pub(super) mechanism: Mechanism,
}

#[derive(Debug)]
pub(super) enum Mechanism {
    All,
    Include(Template),
    A(Option<Template>, Prefixes),
    Mx(Option<Template>, Prefixes),
    Ptr(Option<Template>),
    Ip4(Ipv4Addr, u8),
    Ip6(Ipv6Addr, u8),
    Exists(Template),
}

/// How many bits of an address must agree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prefixes {
    pub(super) v4: u8,
    pub(super) v6: u8,
}

/// Whether a text record claims to be an SPF record (section 4.5).
pub(super) fn is_record(text: &[u8]) -> bool {
    match text.get(..6) {
        Some(version) => {
            version.eq_ignore_ascii_case(b"v=spf1") && matches!(text.get(6), None | Some(b' '))
        }
        None => false,
    }
}

impl Record {
    /// `None` if any term of it is wrong.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > RECORD_MAX {
            return None;
        }
        let text = std::str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
        let mut record = Self::default();
        let mut has_explanation = false;
        for term in text.split(' ').skip(1).filter(|term| !term.is_empty()).take(TERMS_MAX + 1) {
            match modifier(term) {
                Some(("redirect", value)) => {
                    let target = Template::domain(value)?;
                    if record.redirect.replace(target).is_some() {
                        return None;
                    }
                }
                Some(("exp", value)) => {
                    Template::domain(value)?;
                    if std::mem::replace(&mut has_explanation, true) {
                        return None;
                    }
                }
                Some((_, value)) => drop(Template::text(value)?),
                None => record.directives.push(directive(term)?),
            }
            if record.directives.len() > TERMS_MAX {
                return None;
            }
        }
        Some(record)
    }
}

/// The lower-case name and the value of a modifier; none if the term is a directive.
fn modifier(term: &str) -> Option<(&str, &str)> {
    let end = term.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))?;
    let (name, rest) = term.split_at(end);
    let value = rest.strip_prefix('=')?;
    name.starts_with(|c: char| c.is_ascii_alphabetic()).then_some(())?;
    let known = ["redirect", "exp"].into_iter().find(|known| name.eq_ignore_ascii_case(known));
    Some((known.unwrap_or(name), value))
}

fn directive(term: &str) -> Option<Directive> {
    let (result, rest) = match term.split_at_checked(1)? {
        ("+", rest) => (Spf::Pass, rest),
        ("-", rest) => (Spf::Fail, rest),
        ("~", rest) => (Spf::SoftFail, rest),
        ("?", rest) => (Spf::Neutral, rest),
        _ => (Spf::Pass, term),
    };
    let end = rest.find([':', '/']).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    Some(Directive { result, mechanism: mechanism(&name.to_ascii_lowercase(), rest)? })
}

fn mechanism(name: &str, rest: &str) -> Option<Mechanism> {
    let value = rest.strip_prefix(':');
    match name {
        "all" => rest.is_empty().then_some(Mechanism::All),
        "include" => Some(Mechanism::Include(Template::domain(value?)?)),
        "exists" => Some(Mechanism::Exists(Template::domain(value?)?)),
        "a" => places(rest).map(|(domain, prefixes)| Mechanism::A(domain, prefixes)),
        "mx" => places(rest).map(|(domain, prefixes)| Mechanism::Mx(domain, prefixes)),
        "ptr" => match rest.is_empty() {
            true => Some(Mechanism::Ptr(None)),
            false => Some(Mechanism::Ptr(Some(Template::domain(value?)?))),
        },
        "ip4" => network(value?, 32).map(|(address, bits)| Mechanism::Ip4(address, bits)),
        "ip6" => network(value?, 128).map(|(address, bits)| Mechanism::Ip6(address, bits)),
        _ => None,
    }
}

/// `[:domain][/bits][//bits]`
fn places(rest: &str) -> Option<(Option<Template>, Prefixes)> {
    // A slash may also stand in the name: that one is followed by more than digits.
    let is_number = |bits: &str| !bits.is_empty() && bits.bytes().all(|b| b.is_ascii_digit());
    let (rest, v6) = match rest.rsplit_once("//") {
        Some((rest, bits)) if is_number(bits) => (rest, prefix(bits, 128)?),
        _ => (rest, 128),
    };
    let (rest, v4) = match rest.rsplit_once('/') {
        Some((rest, bits)) if is_number(bits) => (rest, prefix(bits, 32)?),
        _ => (rest, 32),
    };
    let domain = match rest.strip_prefix(':') {
        Some(domain) => Some(Template::domain(domain)?),
        None if rest.is_empty() => None,
        None => return None,
    };
    Some((domain, Prefixes { v4, v6 }))
}

fn network<A: std::str::FromStr>(text: &str, most: u8) -> Option<(A, u8)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, prefix(bits, most)?),
        None => (text, most),
    };
    Some((address.parse().ok()?, bits))
}

/// A number without needless zeros.
fn prefix(text: &str, most: u8) -> Option<u8> {
    let is_plain =
        text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|bits| is_plain && *bits <= most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn records_are_told_from_other_texts() {
        assert!(is_record(b"v=spf1") && is_record(b"V=SPF1 -all"));
        assert!(!is_record(b"v=spf10") && !is_record(b"v=spf1-all") && !is_record(b" v=spf1"));
    }

    #[test]
    fn a_wrong_term_spoils_the_record() {
        let good = b"v=spf1 ip4:192.0.2.0/24 a:x.example/24//64 mx/0 ~ptr redirect=%{d}.y.example foo=bar ?all";
        let record = Record::parse(good).unwrap();
        assert_eq!((record.directives.len(), record.redirect.is_some()), (5, true));
        for bad in [
            "foo",
            "ip4:1.2.3",
            "ip4:1.2.3.4/33",
            "a/024",
            "all:x.example",
            "include",
            "include:",
            "redirect=a.b redirect=a.b",
            "mx:%{x}.a.b",
            "a:localhost",
        ] {
            assert!(Record::parse(format!("v=spf1 {bad}").as_bytes()).is_none(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_record_is_borne(text in "[-+~?a-z0-9:/.%{}= ]{0,80}") {
            let _ = Record::parse(format!("v=spf1 {text}").as_bytes());
        }
    }
}
