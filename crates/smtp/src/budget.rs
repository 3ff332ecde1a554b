//! How much message content may be in memory at once, over all connections.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A number of octets that connections share.
#[derive(Debug)]
pub struct Budget {
    limit_octets: usize,
    held_octets: AtomicUsize,
}

impl Budget {
    /// A budget of `limit_octets`.
    pub fn new(limit_octets: usize) -> Arc<Self> {
        Arc::new(Self { limit_octets, held_octets: AtomicUsize::new(0) })
    }

    /// Octets that are held now.
    pub fn held_octets(&self) -> usize {
        self.held_octets.load(Ordering::Relaxed)
    }

    /// An empty share, to be grown.
    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share { budget: Arc::clone(self), octets: 0 }
    }

    fn take(&self, octets: usize) -> bool {
        let within = |held: usize| held.checked_add(octets).filter(|sum| *sum <= self.limit_octets);
        self.held_octets.fetch_update(Ordering::Relaxed, Ordering::Relaxed, within).is_ok()
    }
}

/// A part of the budget, given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    octets: usize,
}

impl Share {
    /// Grows the share to `octets` in all; false, and unchanged, if the budget has no room.
    pub(crate) fn grow_to(&mut self, octets: usize) -> bool {
        let more = octets.saturating_sub(self.octets);
        if !self.budget.take(more) {
            return false;
        }
        self.octets += more;
        true
    }

    /// Gives everything back.
    pub(crate) fn clear(&mut self) {
        let octets = std::mem::take(&mut self.octets);
        self.budget.held_octets.fetch_sub(octets, Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_pass_the_limit_and_come_back() {
        let budget = Budget::new(100);
        let mut first = budget.share();
        assert!(first.grow_to(60));
        let mut second = budget.share();
        assert!(!second.grow_to(41));
        assert!(second.grow_to(40));
        drop(first);
        assert_eq!(budget.held_octets(), 40);
        assert!(second.grow_to(100));
        drop(second);
        assert_eq!(budget.held_octets(), 0);
    }
}
