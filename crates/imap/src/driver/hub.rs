//! Brings the store's notices of change to the connections that they concern, and to no others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use mailbox::MailboxId;
use tokio::sync::{Notify, broadcast};

/// Which connections watch which mailbox.
#[derive(Debug, Default)]
pub(super) struct Hub {
    watchers: Mutex<HashMap<MailboxId, Vec<Arc<Notify>>>>,
}

/// A connection's watch over a mailbox; ends when dropped.
#[derive(Debug)]
pub(super) struct Watch {
    hub: Arc<Hub>,
    mailbox: MailboxId,
    notify: Arc<Notify>,
}

impl Hub {
    /// A hub that passes on the given notices for as long as anybody holds it.
    pub(super) fn following(mut changes: broadcast::Receiver<store::Change>) -> Arc<Self> {
        let hub = Arc::new(Self::default());
        let weak = Arc::downgrade(&hub);
        tokio::spawn(async move {
            loop {
                let change = changes.recv().await;
                let Some(hub) = weak.upgrade() else { return };
                match change {
                    Ok(change) => hub.pass_on(&change),
                    // Some notices were missed: anything may have changed.
                    Err(broadcast::error::RecvError::Lagged(_)) => hub.wake_all(),
                    Err(broadcast::error::RecvError::Closed) => return,
                }
            }
        });
        hub
    }

    pub(super) fn watch(self: &Arc<Self>, mailbox: MailboxId) -> Watch {
        let notify = Arc::new(Notify::new());
        self.lock().entry(mailbox).or_default().push(notify.clone());
        Watch { hub: self.clone(), mailbox, notify }
    }

    fn pass_on(&self, change: &store::Change) {
        if change.topic == store::Change::MISSED {
            return self.wake_all();
        }
        if change.topic != mailbox::TOPIC {
            return;
        }
        let mailbox = change.key.parse().map(MailboxId);
        if let Ok(mailbox) = mailbox
            && let Some(watchers) = self.lock().get(&mailbox)
        {
            watchers.iter().for_each(|notify| notify.notify_one());
        }
    }

    fn wake_all(&self) {
        self.lock().values().flatten().for_each(|notify| notify.notify_one());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<MailboxId, Vec<Arc<Notify>>>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watch {
    /// Waits for the next notice; one that came before is not lost.
    pub(super) async fn changed(&self) {
        self.notify.notified().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watchers = self.hub.lock();
        if let Some(list) = watchers.get_mut(&self.mailbox) {
            list.retain(|notify| !Arc::ptr_eq(notify, &self.notify));
            if list.is_empty() {
                watchers.remove(&self.mailbox);
            }
        }
    }
}
