//! How many connections may be open, in all and from one address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::household::household;

/// Counts open connections.
#[derive(Debug)]
pub(super) struct Admission {
    limit: usize,
    limit_per_address: usize,
    open: Arc<Mutex<Open>>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A connection that was let in; dropping it lets the next one in.
#[derive(Debug)]
pub(super) struct Admitted {
    open: Arc<Mutex<Open>>,
    address: IpAddr,
}

impl Admission {
    pub(super) fn new(limit: usize, limit_per_address: usize) -> Self {
        Self { limit, limit_per_address, open: Arc::default() }
    }

    /// Lets a peer in, unless there are too many.
    pub(super) fn admit(&self, peer: IpAddr) -> Option<Admitted> {
        let address = household(peer);
        let mut open = lock(&self.open);
        if open.total >= self.limit {
            return None;
        }
        let count = open.by_address.entry(address).or_default();
        if *count >= self.limit_per_address {
            return None;
        }
        *count += 1;
        open.total += 1;
        Some(Admitted { open: Arc::clone(&self.open), address })
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        open.total -= 1;
        if let Some(count) = open.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

fn lock(open: &Mutex<Open>) -> MutexGuard<'_, Open> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_all() {
        let admission = Admission::new(3, 2);
        let admit = |text: &str| admission.admit(text.parse().unwrap());
        let first = admit("2001:db8::1");
        let second = admit("2001:db8::2");
        assert!(first.is_some() && second.is_some());
        assert!(admit("2001:db8::3").is_none());
        let third = admit("192.0.2.1");
        assert!(third.is_some() && admit("192.0.2.2").is_none());
        drop(first);
        assert!(admit("2001:db8::3").is_some());
        drop((second, third));
        assert!(lock(&admission.open).by_address.is_empty());
    }
}
