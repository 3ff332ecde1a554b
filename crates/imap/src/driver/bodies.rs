//! Places for the large bodies that are in memory, so that slow readers cannot fill it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use mailbox::MailboxId;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::limits::{LARGE_BODY_TIMEOUT, MAX_LARGE_BODIES, MAX_LARGE_BODIES_PER_MAILBOX};

/// The places of all connections, and how many of them one mailbox may have.
#[derive(Debug)]
pub(super) struct BodyPlaces {
    all: Arc<Semaphore>,
    /// Those who hold or await a place keep the semaphore of their mailbox alive.
    mailboxes: Mutex<HashMap<MailboxId, Weak<Semaphore>>>,
}

/// A place; given back when dropped.
#[derive(Debug)]
pub(super) struct BodyPlace {
    _of_mailbox: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl BodyPlaces {
    pub(super) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(MAX_LARGE_BODIES)), mailboxes: Mutex::default() }
    }

    /// Waits for a place; nothing if none becomes free in time. Who holds one must not wait for another.
    pub(super) async fn take(&self, mailbox: MailboxId) -> Option<BodyPlace> {
        let place = async {
            let of_mailbox = self.of(mailbox).acquire_owned().await.ok()?;
            let of_all = self.all.clone().acquire_owned().await.ok()?;
            Some(BodyPlace { _of_mailbox: of_mailbox, _of_all: of_all })
        };
        timeout(LARGE_BODY_TIMEOUT, place).await.ok()?
    }

    fn of(&self, mailbox: MailboxId) -> Arc<Semaphore> {
        let mut mailboxes = self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(places) = mailboxes.get(&mailbox).and_then(Weak::upgrade) {
            return places;
        }
        mailboxes.retain(|_, places| places.strong_count() > 0);
        let places = Arc::new(Semaphore::new(MAX_LARGE_BODIES_PER_MAILBOX));
        mailboxes.insert(mailbox, Arc::downgrade(&places));
        places
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn one_mailbox_cannot_take_all() {
        let places = BodyPlaces::new();
        let mut held = Vec::new();
        for _ in 0..MAX_LARGE_BODIES_PER_MAILBOX {
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
