//! Who counts as one where something is shared out among addresses.

use std::net::{IpAddr, Ipv6Addr};

/// One customer has a whole /64 of IPv6 (RFC 6177), so that counts as one address.
pub(crate) fn household(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
    }
}
