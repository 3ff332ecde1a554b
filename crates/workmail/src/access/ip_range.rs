//! Ranges of IPv4 addresses (RFC 4632, section 3.1).

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

/// The addresses that share their first bits with one of them: `192.0.2.0/24`. Written as it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct IpRange {
    base: Ipv4Addr,
    bits: u8,
}

impl IpRange {
    /// Whether an address is in the range. An IPv4 address that is mapped into IPv6 (RFC 4291, section 2.5.5.2)
    /// counts as itself; other IPv6 addresses are in no range.
    pub(crate) fn contains(self, address: IpAddr) -> bool {
        let IpAddr::V4(address) = address.to_canonical() else { return false };
        let rest = u32::from(32 - self.bits);
        let prefix = |address: Ipv4Addr| u64::from(address.to_bits()) >> rest;
        prefix(address) == prefix(self.base)
    }
}

/// The text is no range.
#[derive(Debug, thiserror::Error)]
#[error("not an IPv4 range")]
pub(crate) struct NoRange;

impl FromStr for IpRange {
    type Err = NoRange;

    fn from_str(text: &str) -> Result<Self, NoRange> {
        let (base, bits) = text.split_once('/').ok_or(NoRange)?;
        let base = base.parse().map_err(|_| NoRange)?;
        let bits = bits.parse().ok().filter(|bits| *bits <= 32).ok_or(NoRange)?;
        Ok(Self { base, bits })
    }
}

impl TryFrom<String> for IpRange {
    type Error = NoRange;

    fn try_from(text: String) -> Result<Self, NoRange> {
        text.parse()
    }
}

impl From<IpRange> for String {
    fn from(range: IpRange) -> Self {
        range.to_string()
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(range: &str, address: &str) -> bool {
        range.parse::<IpRange>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_range_holds_what_shares_its_prefix() {
        assert!(contains("192.0.2.0/24", "192.0.2.255") && !contains("192.0.2.0/24", "192.0.3.0"));
        assert!(contains("192.0.2.77/24", "192.0.2.1"), "bits past the prefix do not count");
        assert!(contains("192.0.2.1/32", "192.0.2.1") && !contains("192.0.2.1/32", "192.0.2.0"));
        assert!(contains("0.0.0.0/0", "255.255.255.255"));
        assert!(contains("192.0.2.0/24", "::ffff:192.0.2.9"));
        assert!(!contains("0.0.0.0/0", "2001:db8::1") && !contains("0.0.0.0/0", "::1"));
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "1.2.3.4", "1.2.3.4/33", "1.2.3/8", "1.2.3.4/-1", "::/0", "1.2.3.4/8/8"] {
            assert!(text.parse::<IpRange>().is_err(), "{text}");
        }
    }
}
