//! The trace fields that are put on top of a message (RFC 5321 section 4.4).

use std::{fmt::Write, net::IpAddr};

use world::Timestamp;

use crate::{grammar::Address, limits::MAX_RECEIVED_FIELDS};

/// What a `Received` field tells of a hop.
#[derive(Debug)]
pub(crate) struct Hop<'a> {
    /// As the peer called itself.
    pub(crate) peer_name: &'a str,
    pub(crate) peer: IpAddr,
    /// Ourselves.
    pub(crate) host: &'a str,
    pub(crate) id: &'a str,
    pub(crate) protocol: Protocol,
    pub(crate) at: Timestamp,
}

/// Names the way a message came in: the `with` keywords of RFC 3848 and RFC 6531 section 4.3.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Protocol {
    pub(crate) extended: bool,
    pub(crate) tls: bool,
    pub(crate) authenticated: bool,
    pub(crate) utf8: bool,
}

impl Protocol {
    fn keyword(self) -> String {
        let base = match (self.utf8, self.extended) {
            (true, _) => "UTF8SMTP",
            (false, true) => "ESMTP",
            (false, false) => return "SMTP".to_owned(),
        };
        let tls = if self.tls { "S" } else { "" };
        let authenticated = if self.authenticated { "A" } else { "" };
        format!("{base}{tls}{authenticated}")
    }
}

/// The `Return-Path` line, which is for the final delivery only.
pub(crate) fn return_path(sender: Option<&Address>) -> String {
    let path = sender.map(Address::to_string).unwrap_or_default();
    format!("Return-Path: <{path}>\r\n")
}

/// The `Received` field.
pub(crate) fn received(hop: &Hop<'_>) -> String {
    let mut field = format!("Received: from {} ([", hop.peer_name);
    // Address literals of RFC 5321 section 4.1.3.
    let _ = match hop.peer.to_canonical() {
        IpAddr::V4(address) => write!(field, "{address}"),
        IpAddr::V6(address) => write!(field, "IPv6:{address}"),
    };
    let date = hop.at.civil("%a, %d %b %Y %H:%M:%S +0000");
    let (host, protocol, id) = (hop.host, hop.protocol.keyword(), hop.id);
    let _ = write!(field, "])\r\n\tby {host} with {protocol} id {id};\r\n\t{date}\r\n");
    field
}

/// Whether the header of `message` tells of too many hops (RFC 5321 section 6.3).
pub(crate) fn goes_in_circles(message: &[u8]) -> bool {
    let mut fields = 0;
    let mut rest = message;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let (line, after) = rest.split_at(end + 1);
        if line == b"\r\n" {
            break;
        }
        let is_received = line.get(..9).is_some_and(|n| n.eq_ignore_ascii_case(b"received:"));
        fields += usize::from(is_received);
        rest = after;
    }
    fields > MAX_RECEIVED_FIELDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hop_is_told() {
        let protocol = Protocol { extended: true, tls: true, authenticated: true, utf8: false };
        let hop = Hop {
            peer_name: "client.example",
            peer: "2001:db8::1".parse().unwrap(),
            host: "mx.example",
            id: "1a2b",
            protocol,
            at: Timestamp::from_seconds(1_532_459_261),
        };
        assert_eq!(
            received(&hop),
            "Received: from client.example ([IPv6:2001:db8::1])\r\n\tby mx.example with ESMTPSA id \
             1a2b;\r\n\tTue, 24 Jul 2018 19:07:41 +0000\r\n"
        );
        assert_eq!(Protocol { extended: false, ..protocol }.keyword(), "SMTP");
        assert_eq!(Protocol { utf8: true, ..protocol }.keyword(), "UTF8SMTPSA");
    }

    #[test]
    fn circles_are_seen_in_the_header_only() {
        let hops = "Received: x\r\n".repeat(MAX_RECEIVED_FIELDS);
        assert!(!goes_in_circles(hops.as_bytes()));
        assert!(goes_in_circles(format!("{hops}RECEIVED: y\r\n").as_bytes()));
        assert!(!goes_in_circles(format!("{hops}\r\nReceived: y\r\n").as_bytes()));
        assert!(!goes_in_circles(b"no line end"));
    }
}
