//! How much message content may be in memory at once, over all connections and for one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::household::household;

/// A number of octets that connections share. No address can have all of it, so that one peer that sends
/// many large messages slowly does not keep the others out.
#[derive(Debug)]
pub struct Budget {
    limit_octets: usize,
    limit_octets_per_address: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    octets: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Budget {
    /// A budget of `limit_octets`, of which one address may have `limit_octets_per_address`.
    pub fn new(limit_octets: usize, limit_octets_per_address: usize) -> Arc<Self> {
        Arc::new(Self { limit_octets, limit_octets_per_address, held: Mutex::default() })
    }

    /// Octets that are held now.
    pub fn held_octets(&self) -> usize {
        self.held().octets
    }

    /// An empty share for a peer, to be grown.
    pub(crate) fn share(self: &Arc<Self>, peer: IpAddr) -> Share {
        Share { budget: Arc::clone(self), address: household(peer), octets: 0 }
    }

    fn take(&self, address: IpAddr, octets: usize) -> bool {
        let mut held = self.held();
        let here = held.by_address.get(&address).copied().unwrap_or(0);
        let (Some(here), Some(all)) = (here.checked_add(octets), held.octets.checked_add(octets))
        else {
            return false;
        };
        if here > self.limit_octets_per_address || all > self.limit_octets {
            return false;
        }
        held.octets = all;
        held.by_address.insert(address, here);
        true
    }

    fn give_back(&self, address: IpAddr, octets: usize) {
        let mut held = self.held();
        held.octets -= octets;
        if let Some(here) = held.by_address.get_mut(&address) {
            *here -= octets;
            if *here == 0 {
                held.by_address.remove(&address);
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A part of the budget, given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    address: IpAddr,
    octets: usize,
}

impl Share {
    /// Grows the share to `octets` in all; false, and unchanged, if the budget has no room.
    pub(crate) fn grow_to(&mut self, octets: usize) -> bool {
        let more = octets.saturating_sub(self.octets);
        if !self.budget.take(self.address, more) {
            return false;
        }
        self.octets += more;
        true
    }

    /// Gives everything back.
    pub(crate) fn clear(&mut self) {
        let octets = std::mem::take(&mut self.octets);
        self.budget.give_back(self.address, octets);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn peer(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    #[test]
    fn shares_never_pass_the_limit_and_come_back() {
        let budget = Budget::new(100, 100);
        let mut first = budget.share(peer(1));
        assert!(first.grow_to(60));
        let mut second = budget.share(peer(2));
        assert!(!second.grow_to(41));
        assert!(second.grow_to(40));
        drop(first);
        assert_eq!(budget.held_octets(), 40);
        assert!(second.grow_to(100));
        drop(second);
        assert_eq!(budget.held_octets(), 0);
        assert!(budget.held().by_address.is_empty());
    }

    #[test]
    fn one_address_cannot_have_all() {
        let budget = Budget::new(100, 50);
        let (mut first, mut second) = (budget.share(peer(1)), budget.share(peer(1)));
        assert!(first.grow_to(30) && second.grow_to(20));
        assert!(!second.grow_to(21) && !first.grow_to(usize::MAX));
        assert!(budget.share(peer(2)).grow_to(50));
        first.clear();
        assert!(second.grow_to(50));
    }
}
