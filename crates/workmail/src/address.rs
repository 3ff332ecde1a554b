//! Mail addresses: how they are taken from callers, and how they are looked up.

use crate::{domain_name, refusal};

/// Longest local part, in octets (RFC 5321, section 4.5.3.1.1).
const LOCAL_MAX: usize = 64;
/// Longest address, in octets (RFC 5321, section 4.5.3.1.3 without the angle brackets).
const ADDRESS_MAX: usize = 254;

/// An address to be given to an entity.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Address {
    /// As the caller wrote it, the domain in lower case.
    pub(crate) text: String,
    /// The form that is compared.
    pub(crate) key: String,
    pub(crate) domain: String,
}

impl Address {
    /// Reads an address of a request; the model has checked its characters.
    ///
    /// # Errors
    /// `InvalidParameterException` for one that mail could not be sent to.
    pub(crate) fn parse(text: &str) -> Result<Self, wire::Error> {
        let refused = || refusal::invalid(format!("The email address {text} is not valid."));
        let (local, domain) = text.rsplit_once('@').ok_or_else(refused)?;
        if !is_dot_atom(local) || text.len() > ADDRESS_MAX {
            return Err(refused());
        }
        let domain = domain_name::lookup(domain).ok_or_else(refused)?;
        let text = format!("{local}@{domain}");
        Ok(Self { key: text.to_ascii_lowercase(), text, domain })
    }
}

/// An address as mail brings it, taken apart for lookup.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lookup {
    /// In lower case.
    pub(crate) local: String,
    /// In the form that domains are stored in.
    pub(crate) domain: String,
}

impl Lookup {
    /// `None` for what can be no address of a domain.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (local, domain) = text.rsplit_once('@')?;
        Some(Self { local: local.to_lowercase(), domain: domain_name::lookup(domain)? })
    }

    pub(crate) fn key(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// The key of the address that this is a subaddress of: the local part up to the first `+`.
    pub(crate) fn base_key(&self) -> Option<String> {
        let (base, _) = self.local.split_once('+')?;
        (!base.is_empty()).then(|| format!("{base}@{}", self.domain))
    }
}

/// A local part that needs no quotes (RFC 5321, section 4.1.2, `Dot-string`), of the characters of the model.
fn is_dot_atom(local: &str) -> bool {
    let atom = |atom: &str| {
        !atom.is_empty()
            && atom.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_%+-".contains(&byte))
    };
    local.len() <= LOCAL_MAX && local.split('.').all(atom)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_taken_as_written_and_compared_without_case() {
        let address = Address::parse("Ann.Lee+x@Example.COM").unwrap();
        assert_eq!(address.text, "Ann.Lee+x@example.com");
        assert_eq!(address.key, "ann.lee+x@example.com");
        assert_eq!(address.domain, "example.com");
        for bad in ["a", "@b.com", "a@", ".a@b.com", "a..b@b.com", "a.@b.com", "a@b", "a@-b.com"] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
        assert!(Address::parse(&format!("{}@b.com", "a".repeat(65))).is_err());
    }

    #[test]
    fn a_subaddress_has_a_base() {
        let base = |text: &str| Lookup::parse(text).unwrap().base_key();
        assert_eq!(base("Ann+shop+2@b.com").unwrap(), "ann@b.com");
        assert_eq!(base("ann@b.com"), None);
        assert_eq!(base("+x@b.com"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC{0,300}") {
            let _ = Address::parse(&text);
            let _ = Lookup::parse(&text);
        }

        #[test]
        fn what_is_stored_is_found(
            local in "[a-zA-Z0-9_%+-]{1,20}(\\.[a-zA-Z0-9_%+-]{1,20}){0,2}",
            domain in "[a-zA-Z0-9]{1,10}(-[a-z0-9]{1,5})?\\.[a-zA-Z]{2,6}",
        ) {
            let text = format!("{local}@{domain}");
            let address = Address::parse(&text).unwrap();
            let again = Address::parse(&address.text).unwrap();
            prop_assert_eq!(&again, &address);
            for spelled in [text.to_uppercase(), text.to_lowercase()] {
                prop_assert_eq!(&Lookup::parse(&spelled).unwrap().key(), &address.key);
            }
        }
    }
}
