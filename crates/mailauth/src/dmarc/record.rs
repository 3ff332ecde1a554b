//! DMARC records (RFC 9989, section 4.7).

use super::Policy;
use crate::tags::Tags;

/// Octets of a record.
const RECORD_MAX: usize = 4096;

/// What a domain publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) policy: Policy,
    /// For the domains below it.
    pub(super) subdomains: Policy,
    /// For domains below it that do not exist.
    pub(super) missing: Policy,
    pub(super) strict_dkim: bool,
    pub(super) strict_spf: bool,
    /// Whether others register domains below this one: the tag `psd`.
    pub(super) suffix: Option<bool>,
    /// Whether the policy is only tried out.
    pub(super) is_test: bool,
}

impl Record {
    /// `None` if the text is no such record, or asks for nothing that is known.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > RECORD_MAX {
            return None;
        }
        let tags = Tags::parse(std::str::from_utf8(text).ok()?)?;
        if !tags.begins_with("v", "DMARC1") {
            return None;
        }
        let is =
            |tag: &str, value: &str| tags.of(tag).is_some_and(|it| it.eq_ignore_ascii_case(value));
        let policy = match tags.of("p").and_then(Policy::by_name) {
            Some(policy) => policy,
            // who asks for reports takes part
            None if tags.of("rua").is_some_and(|to| to.starts_with("mailto:")) => Policy::None,
            None => return None,
        };
        let subdomains = tags.of("sp").and_then(Policy::by_name).unwrap_or(policy);
        Some(Self {
            policy,
            subdomains,
            missing: tags.of("np").and_then(Policy::by_name).unwrap_or(subdomains),
            strict_dkim: is("adkim", "s"),
            strict_spf: is("aspf", "s"),
            suffix: match tags.of("psd") {
                Some("y") => Some(true),
                Some("n") => Some(false),
                _ => None,
            },
            // What RFC 7489 wrote as a share of none (RFC 9989, appendix A.6).
            is_test: is("t", "y") || tags.of("pct") == Some("0"),
        })
    }

    /// What is asked for of a policy: one that is tried out is one step milder.
    pub(super) fn effective(&self, policy: Policy) -> Policy {
        match (self.is_test, policy) {
            (true, Policy::Reject) => Policy::Quarantine,
            (true, Policy::Quarantine) => Policy::None,
            _ => policy,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn records_are_read() {
        let record = Record::parse(b"v=DMARC1;p=reject; sp=Quarantine; aspf=s; t=y").unwrap();
        assert_eq!((record.policy, record.subdomains), (Policy::Reject, Policy::Quarantine));
        assert!(record.strict_spf && !record.strict_dkim);
        assert_eq!(record.missing, Policy::Quarantine);
        assert_eq!(record.effective(record.policy), Policy::Quarantine);
        let report = Record::parse(b"v=DMARC1; p=bogus; rua=mailto:a@x.example").unwrap();
        assert_eq!(report.policy, Policy::None);
        for bad in ["v=DMARC1", "p=reject; v=DMARC1", "v=spf1 -all", "v=DMARC1; p=bogus"] {
            assert_eq!(Record::parse(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_record_is_borne(text in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Record::parse(&text);
            let _ = Record::parse(&[b"v=DMARC1;", &text[..]].concat());
        }
    }
}
