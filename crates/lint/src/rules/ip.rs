//! Networks in conditions: their form, and those that the public never comes from.

use std::net::IpAddr;

use policy::{Test, json::Edit};

use crate::{
    code::Code,
    finding::Findings,
    tree::{Condition, Policy, Statement},
};

/// Networks without a place in the public Internet (RFC 1918, 6598, 3927, 1122, 4193, 4291).
const PRIVATE: [&str; 9] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "127.0.0.0/8",
    "fc00::/7",
    "fe80::/10",
    "::1/128",
];

/// An address and how many of its leading bits count.
#[derive(Clone, Copy)]
struct Network {
    address: IpAddr,
    bits: u32,
}

pub(super) fn check(_: &Policy<'_>, statement: &Statement<'_>, findings: &mut Findings) {
    for condition in &statement.conditions {
        let Some(operator) = condition.operator.filter(|operator| operator.test == Test::IpAddress)
        else {
            continue;
        };
        let networks = forms(condition, findings);
        if condition.key.value.eq_ignore_ascii_case("aws:SourceIp") && !networks.is_empty() {
            private(condition, operator.negated, &networks, findings);
        }
    }
}

fn forms(condition: &Condition<'_>, findings: &mut Findings) -> Vec<Network> {
    let mut networks = Vec::new();
    for value in condition.texts().filter(|value| !value.text.contains("${")) {
        let Some(network) = Network::parse(value.text) else {
            let message = format!(
                "The condition operator {} is used with an invalid IP range value. Specify the IP range \
                 in standard CIDR format.",
                condition.operator_name.value
            );
            findings.add(Code::TypeMismatchIpRange, value.span, message);
            continue;
        };
        let base = network.base();
        if base != network.address {
            let better = format!("{base}/{}", network.bits);
            let message = format!(
                "The non-zero bits in the IP address after the masked bits are ignored. Replace address \
                 with {better}."
            );
            findings
                .add(Code::ImproveIpRange, value.span, message)
                .edit(Edit::replace(value.span, format!("\"{better}\"")));
        }
        networks.push(network);
    }
    networks
}

fn private(
    condition: &Condition<'_>,
    negated: bool,
    networks: &[Network],
    findings: &mut Findings,
) {
    let hidden = networks.iter().filter(|network| network.is_private()).count();
    if hidden == 0 {
        return;
    }
    let all = hidden == networks.len();
    let (code, message) = match (negated, all) {
        (false, true) => (
            Code::PrivateIpAddress,
            "aws:SourceIp works only for public IP address ranges. The values for condition key \
             aws:SourceIp include only private IP addresses and will not have the desired effect. Update \
             the value to include only public IP addresses.",
        ),
        (true, true) => (
            Code::PrivateNotipaddress,
            "The values for condition key aws:SourceIp include only private IP addresses and has no \
             effect. aws:SourceIp works only for public IP address ranges. Update the value to include \
             only public IP addresses.",
        ),
        (false, false) => (
            Code::PrivateIpAddressSubset,
            "The values for condition key aws:SourceIp include a mix of private and public IP addresses. \
             The private addresses will not have the desired effect. aws:SourceIp works only for public \
             IP address ranges. To define permissions for private IP ranges, use aws:VpcSourceIp.",
        ),
        (true, false) => (
            Code::PrivateNotipaddressSubset,
            "The values for condition key aws:SourceIp include a mix of private and public IP addresses. \
             The private addresses have no effect. aws:SourceIp works only for public IP address ranges. \
             To define permissions for private IP ranges, use aws:VpcSourceIp.",
        ),
    };
    findings.add(code, condition.value.span, message);
}

impl Network {
    /// `address/bits`, or an address that stands for itself alone.
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { u32::BITS } else { u128::BITS };
        let bits = match bits {
            // The parser of the standard library would take a sign.
            Some(bits) if !bits.bytes().all(|byte| byte.is_ascii_digit()) => return None,
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= width)?,
            None => width,
        };
        Some(Self { address, bits })
    }

    /// The first address.
    fn base(self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(u32::BITS - self.bits).unwrap_or(0);
                IpAddr::V4((address.to_bits() & mask).into())
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(u128::BITS - self.bits).unwrap_or(0);
                IpAddr::V6((address.to_bits() & mask).into())
            }
        }
    }

    fn is_private(self) -> bool {
        PRIVATE.iter().filter_map(|text| Self::parse(text)).any(|private| {
            private.address.is_ipv4() == self.address.is_ipv4()
                && self.bits >= private.bits
                && Self { address: self.address, bits: private.bits }.base() == private.address
        })
    }
}
