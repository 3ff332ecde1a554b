//! Networks of the `IpAddress` operators, in the notation of RFC 4632.

use std::net::IpAddr;

/// An address, and how many of its leading bits count.
#[derive(Debug)]
pub(super) struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// `address/bits`, or an address that stands for itself alone. Bits of the host part are ignored.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { u32::BITS } else { u128::BITS };
        let bits = match bits {
            // The parser of the standard library would take a sign.
            Some(bits) if !bits.bytes().all(|byte| byte.is_ascii_digit()) => return None,
            Some(bits) => bits.parse().ok()?,
            None => width,
        };
        (bits <= width).then_some(Self { address, bits })
    }

    /// Families never match each other.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let difference = match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let difference = network.to_bits() ^ address.to_bits();
                u128::from(difference) << (u128::BITS - u32::BITS)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => network.to_bits() ^ address.to_bits(),
            _ => return false,
        };
        difference.leading_zeros() >= self.bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        Network::parse(network).unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn networks() {
        for (network, address) in [
            ("203.0.113.0/24", "203.0.113.255"),
            ("203.0.113.77/24", "203.0.113.1"),
            ("203.0.113.7", "203.0.113.7"),
            ("203.0.113.7/32", "203.0.113.7"),
            ("0.0.0.0/0", "255.255.255.255"),
            ("128.0.0.0/1", "200.0.0.1"),
            ("2001:db8::/32", "2001:db8:ffff::1"),
            ("::/0", "fe80::1"),
            ("2001:DB8::1", "2001:db8:0::1"),
        ] {
            assert!(contains(network, address), "{network} {address}");
        }
        for (network, address) in [
            ("203.0.113.0/24", "203.0.114.0"),
            ("203.0.113.7/31", "203.0.113.8"),
            ("203.0.113.7", "203.0.113.6"),
            ("0.0.0.0/0", "::1"),
            ("::/0", "127.0.0.1"),
            ("::ffff:127.0.0.1", "127.0.0.1"),
            ("2001:db8::/32", "2001:db9::1"),
        ] {
            assert!(!contains(network, address), "{network} {address}");
        }
    }

    #[test]
    fn what_is_no_network() {
        for text in [
            "",
            "/8",
            "10.0.0/8",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "010.0.0.1",
            "host",
        ] {
            assert!(Network::parse(text).is_none(), "{text}");
        }
    }
}
