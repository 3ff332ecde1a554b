//! Places for what is large and in memory, so that clients that are slow on purpose cannot fill it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use mailbox::MailboxId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{MAX_LARGE, MAX_LARGE_PER_MAILBOX};

/// The places of all connections, and how many of them one mailbox may have.
#[derive(Debug)]
pub(super) struct LargePlaces {
    all: Arc<Semaphore>,
    /// Those who hold or await a place keep the semaphore of their mailbox alive.
    mailboxes: Mutex<HashMap<MailboxId, Weak<Semaphore>>>,
}

/// A place; given back when dropped.
#[derive(Debug)]
pub(super) struct LargePlace {
    _of_mailbox: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl LargePlaces {
    pub(super) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(MAX_LARGE)), mailboxes: Mutex::default() }
    }

    /// Waits for a place. Who holds one must not wait for another.
    pub(super) async fn take(&self, mailbox: MailboxId) -> Option<LargePlace> {
        // Semaphores are never closed.
        let of_mailbox = self.of(mailbox).acquire_owned().await.ok()?;
        let of_all = self.all.clone().acquire_owned().await.ok()?;
        Some(LargePlace { _of_mailbox: of_mailbox, _of_all: of_all })
    }

    fn of(&self, mailbox: MailboxId) -> Arc<Semaphore> {
        let mut mailboxes = self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = mailboxes.get(&mailbox).and_then(Weak::upgrade) {
            return places;
        }
        mailboxes.retain(|_, places| places.strong_count() > 0);
        let places = Arc::new(Semaphore::new(MAX_LARGE_PER_MAILBOX));
        mailboxes.insert(mailbox, Arc::downgrade(&places));
        places
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn one_mailbox_cannot_take_all() {
        let places = LargePlaces::new();
        let mut held = Vec::new();
        for _ in 0..MAX_LARGE_PER_MAILBOX {
            held.push(places.take(MailboxId(1)).await.unwrap());
        }
        let waiting = places.take(MailboxId(1));
        assert!(timeout(Duration::from_millis(10), waiting).await.is_err());
        let other = places.take(MailboxId(2)).await.unwrap();
        held.pop();
        held.push(places.take(MailboxId(1)).await.unwrap());
        drop((held, other));
        places.take(MailboxId(3)).await.unwrap();
        assert_eq!(places.mailboxes.lock().unwrap().len(), 1, "what is unused is forgotten");
    }
}
