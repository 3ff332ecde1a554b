//! A message while it comes in: trace fields, then what the peer sends, within its bounds.

use bytes::Bytes;

use crate::{
    budget::Share,
    data::{Sink, Unfit},
    limits::MAX_DISCARD_FACTOR,
    reply::Reply,
};

/// What is set aside before the first octet came.
const FIRST_OCTETS: usize = 16 << 10;

/// The most that is set aside on the peer's word alone (`SIZE=`).
const MAX_DECLARED_OCTETS: usize = 1 << 20;

/// Why a message will be refused once it has ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    TooLarge,
    /// The memory for all messages is used up.
    NoRoom,
    Nul,
    LongLine,
}

impl Fault {
    pub(crate) fn reply(self) -> Reply {
        match self {
            Self::TooLarge => Reply::new(552, "5.3.4", "message too large"),
            Self::NoRoom => Reply::new(452, "4.3.1", "out of memory for messages, try again later"),
            Self::Nul => Reply::new(554, "5.6.0", "message holds a NUL octet"),
            Self::LongLine => Reply::new(554, "5.6.0", "message holds a line that is too long"),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Content {
    octets: Vec<u8>,
    share: Share,
    trace_octets: usize,
    limit_octets: usize,
    fault: Option<Fault>,
    discarded_octets: usize,
}

impl Content {
    /// Starts a message with `trace` on top. Only what comes after it counts against the limit.
    pub(crate) fn new(
        trace: &[u8],
        declared_octets: u64,
        limit_octets: usize,
        share: Share,
    ) -> Result<Self, Fault> {
        let mut content = Self {
            octets: Vec::new(),
            share,
            trace_octets: trace.len(),
            limit_octets,
            fault: None,
            discarded_octets: 0,
        };
        let declared = usize::try_from(declared_octets).unwrap_or(usize::MAX);
        let first = declared.clamp(FIRST_OCTETS, MAX_DECLARED_OCTETS);
        if !content.reserve(first.saturating_add(trace.len())) {
            return Err(Fault::NoRoom);
        }
        content.octets.extend_from_slice(trace);
        Ok(content)
    }

    /// Whether so much was thrown away that waiting for the end is no longer worth it.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.discarded_octets > self.limit_octets.saturating_mul(MAX_DISCARD_FACTOR)
    }

    /// Octets of the trace fields.
    pub(crate) fn trace_octets(&self) -> usize {
        self.trace_octets
    }

    /// What the peer sent, without the trace fields.
    pub(crate) fn message(&self) -> &[u8] {
        self.octets.get(self.trace_octets..).unwrap_or_default()
    }

    /// The whole, or why it is refused. The share is held until the message has found its place.
    pub(crate) fn finish(self) -> Result<(Bytes, Share), Fault> {
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok((self.octets.into(), self.share)),
        }
    }

    /// The first fault stands; the memory is given back at once.
    fn fail(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
        self.octets = Vec::new();
        self.share.clear();
    }

    fn reserve(&mut self, capacity_octets: usize) -> bool {
        if !self.share.grow_to(capacity_octets) {
            return false;
        }
        self.octets.reserve_exact(capacity_octets.saturating_sub(self.octets.len()));
        true
    }

    /// Room for `more` octets; capacity doubles up to the limit.
    fn make_room(&mut self, more: usize) -> Result<(), Fault> {
        let needed = self.octets.len() + more;
        let most = self.limit_octets + self.trace_octets;
        if needed > most {
            return Err(Fault::TooLarge);
        }
        if needed <= self.octets.capacity() {
            return Ok(());
        }
        let doubled = self.octets.capacity().saturating_mul(2).clamp(needed, most);
        if self.reserve(doubled) { Ok(()) } else { Err(Fault::NoRoom) }
    }
}

impl Sink for Content {
    fn write(&mut self, content: &[u8]) {
        if self.fault.is_none() {
            match self.make_room(content.len()) {
                Ok(()) => return self.octets.extend_from_slice(content),
                Err(fault) => self.fail(fault),
            }
        }
        self.discarded_octets += content.len();
    }

    fn unfit(&mut self, reason: Unfit) {
        self.fail(match reason {
            Unfit::Nul => Fault::Nul,
            Unfit::LongLine => Fault::LongLine,
        });
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::budget::Budget;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn the_limit_is_on_what_is_sent() {
        let budget = Budget::new(1 << 20, 1 << 20);
        let mut content = Content::new(b"trace", 0, 10, budget.share(PEER)).unwrap();
        content.write(b"0123456789");
        assert_eq!(content.message(), b"0123456789");
        content.write(b"x");
        assert_eq!(budget.held_octets(), 0);
        content.write(&[0; 19]);
        assert!(!content.is_hopeless());
        content.write(&[0; 1]);
        assert!(content.is_hopeless());
        assert_eq!(content.finish().unwrap_err(), Fault::TooLarge);
    }

    #[test]
    fn memory_is_shared_and_given_back() {
        let budget = Budget::new(40 << 10, 40 << 10);
        let mut first = Content::new(b"", 0, 1 << 20, budget.share(PEER)).unwrap();
        let second = Content::new(b"", 0, 1 << 20, budget.share(PEER)).unwrap();
        assert_eq!(Content::new(b"", 0, 1, budget.share(PEER)).unwrap_err(), Fault::NoRoom);
        first.write(&[b'x'; 20 << 10]);
        assert_eq!(first.finish().unwrap_err(), Fault::NoRoom);
        let (octets, share) = second.finish().unwrap();
        assert_eq!((octets.len(), budget.held_octets()), (0, 16 << 10));
        drop(share);
        assert_eq!(budget.held_octets(), 0);
    }
}
