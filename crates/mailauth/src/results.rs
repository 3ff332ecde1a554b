//! The field in which the answers are kept with the message (RFC 8601).

use std::fmt::Write;

use crate::{
    Findings, Refused, Signed,
    addresses::comment,
    domain,
    message::{field, next_field},
};

/// Its name.
const FIELD: &str = "Authentication-Results";

impl Findings {
    /// The field, which `host` answers for. Nothing in it is a stranger's word but names of domains.
    pub fn field(&self, host: &str) -> String {
        let mut field = format!("{FIELD}: {host};\r\n\tspf={}", self.spf.as_str());
        if let Some(domain) = &self.spf_domain {
            let _ = write!(field, " smtp.mailfrom={domain}");
        }
        if self.signed.is_empty() {
            field.push_str(";\r\n\tdkim=none");
        }
        for signed in &self.signed {
            write_signed(signed, &mut field);
        }
        let _ = write!(field, ";\r\n\tdmarc={}", self.dmarc.outcome.as_str());
        if let Some(policy) = self.dmarc.policy {
            let _ = write!(field, " (p={})", policy.as_str());
        }
        if let Some(domain) = &self.dmarc.domain {
            let _ = write!(field, " header.from={domain}");
        }
        field.push_str("\r\n");
        field
    }
}

fn write_signed(signed: &Signed, field: &mut String) {
    let word = match signed.outcome {
        Ok(()) => "pass",
        Err(Refused::Lookup) => "temperror",
        Err(Refused::Body | Refused::Signature) => "fail",
        Err(Refused::Partial) => "policy",
        Err(_) => "permerror",
    };
    let _ = write!(field, ";\r\n\tdkim={word}");
    if let Err(refused) = signed.outcome {
        let _ = write!(field, " reason=\"{refused}\"");
    }
    if let Some(domain) = &signed.domain {
        let _ = write!(field, " header.d={domain}");
    }
    if let Some(selector) = &signed.selector {
        let _ = write!(field, " header.s={selector}");
    }
}

/// The ranges of `message` that are fields in the name of `host`, which only it may write (section 5). None in
/// almost every message.
pub fn forged_results(message: &[u8], host: &str) -> Vec<std::ops::Range<usize>> {
    let host = domain::normal(host).unwrap_or_else(|| host.to_ascii_lowercase());
    let mut forged = Vec::new();
    let mut rest = message;
    while let Some((raw, after)) = next_field(rest) {
        let found = field(raw);
        if found.is(FIELD) && names(found.value, &host) {
            let start = message.len() - rest.len();
            forged.push(start..start + raw.len());
        }
        rest = after;
    }
    forged
}

/// Whether a reader could take the field's author for `host`: it is a word before the first `;`, in a comment or not.
/// Readers differ in what they make of quotes and escapes, so that both readings count.
fn names(value: &[u8], host: &str) -> bool {
    let whole = String::from_utf8_lossy(value);
    let bare = without_comments(value);
    let bare = String::from_utf8_lossy(&bare);
    [&whole, &bare].into_iter().any(|text| {
        let head = text.split(';').find(|part| !part.trim().is_empty()).unwrap_or_default();
        let head = head.replace(['"', '\\'], "");
        let mut words = head.split(|c: char| c.is_whitespace() || "()/,".contains(c));
        words.any(|word| domain::normal(word).as_deref() == Some(host))
    })
}

fn without_comments(value: &[u8]) -> Vec<u8> {
    let mut bare = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(start) = memchr::memchr(b'(', rest) {
        bare.extend_from_slice(&rest[..start]);
        bare.push(b' ');
        // One that does not end is none.
        let length = comment(&rest[start..]).unwrap_or(1);
        rest = &rest[start + length..];
    }
    bare.extend_from_slice(rest);
    bare
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Dmarc, DmarcOutcome, Policy, Spf};

    #[test]
    fn the_field_says_what_was_found() {
        let findings = Findings {
            spf: Spf::SoftFail,
            spf_domain: Some("a.example".to_owned()),
            signed: vec![
                Signed {
                    domain: Some("a.example".to_owned()),
                    selector: Some("x".to_owned()),
                    outcome: Ok(()),
                },
                Signed { domain: None, selector: None, outcome: Err(Refused::Malformed) },
            ],
            dmarc: Dmarc {
                outcome: DmarcOutcome::Pass,
                policy: Some(Policy::Reject),
                domain: Some("a.example".to_owned()),
            },
        };
        assert_eq!(
            findings.field("mx.example"),
            "Authentication-Results: mx.example;\r\n\tspf=softfail smtp.mailfrom=a.example;\r\n\t\
             dkim=pass header.d=a.example header.s=x;\r\n\t\
             dkim=permerror reason=\"malformed signature\";\r\n\t\
             dmarc=pass (p=reject) header.from=a.example\r\n"
        );
    }

    #[test]
    fn what_others_wrote_in_our_name_is_found() {
        let forged = |field: &str| {
            let message = format!("A: b\r\n{field}\r\nC: d\r\n\r\n{field}\r\n");
            let found = forged_results(message.as_bytes(), "mx.Example");
            found.into_iter().map(|range| message[range].to_owned()).collect::<Vec<_>>()
        };
        for ours in [
            "mx.example; spf=pass",
            "(x (y) \\) MX.example. 1; none",
            "\r\n \"mx.example\";x",
            "(\\() mx.example; x",
            "(a;b) mx.example; x",
            "(a\\) mx.example; x )) y.example; x",
            "\"m\\x.example\"; x",
            "mx.example/1; x",
            "; mx.example; x",
        ] {
            let field = format!("authentication-RESULTS : {ours}");
            assert_eq!(forged(&field), [format!("{field}\r\n")], "{ours}");
        }
        for other in [
            "Authentication-Results: other.mx.example; x",
            "Authentication-Results: y.example; spf=pass smtp.mailfrom=mx.example",
            "Authentication-Results: y.example; (mx.example) spf=pass",
            "X-Results: mx.example; x",
        ] {
            assert!(forged(other).is_empty(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_message_is_borne(octets in proptest::collection::vec(any::<u8>(), 0..80)) {
            let message = [b"Authentication-Results:", &octets[..]].concat();
            for range in forged_results(&message, "mx.example") {
                prop_assert!(range.end <= message.len());
            }
        }
    }
}
