//! Those who are signed in, and how they learn that the rules have changed.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use store::{Change, Store};
use tokio::sync::{broadcast, watch};

use super::{AccessAction, TOPIC, permits};
use crate::{means::Means, recipients::MailUser};

/// A user who is signed in by a protocol from an address, for as long as the rules allow it.
#[derive(Debug)]
pub struct Visit {
    user: MailUser,
    means: Means,
    action: AccessAction,
    address: IpAddr,
    watches: Arc<Watches>,
    versions: watch::Receiver<u64>,
}

impl Visit {
    /// Who it is.
    pub fn user(&self) -> &MailUser {
        &self.user
    }

    /// What the visitor signed in with.
    pub(crate) fn means(&self) -> &Means {
        &self.means
    }

    /// Returns when the visitor must go: the rules of the organization no longer let the user in like this, what
    /// the user signed in with is no longer good, or
    /// the user is no longer registered. Also if that cannot be found out, for then nothing allows it.
    pub async fn over(mut self) {
        while self.versions.changed().await.is_ok() {
            // On the heap, so that a connection that waits does not hold room for it.
            let allowed = Box::pin(self.is_allowed()).await;
            if !matches!(allowed, Ok(true)) {
                return;
            }
        }
    }

    /// Judges by the rules as they are now. A change after this is not lost on [`over`](Self::over).
    pub(crate) async fn is_allowed(&self) -> Result<bool, store::Error> {
        let mut snapshot = self.watches.store.read().await?;
        if !self.means.are_good(&mut snapshot, &self.user, self.action).await? {
            return Ok(false);
        }
        permits(&mut snapshot, &self.user, self.action, self.address).await
    }
}

/// Brings the store's notices to the visitors of the organization that they are about.
pub(crate) struct Watches {
    store: Store,
    /// Counts the notices of each organization that has had visitors.
    versions: Mutex<HashMap<String, watch::Sender<u64>>>,
}

impl Watches {
    /// Follows the notices of `store` for as long as anybody holds this. Called within a tokio runtime.
    pub(crate) fn following(store: Store) -> Arc<Self> {
        let mut changes = store.subscribe();
        let watches = Arc::new(Self { store, versions: Mutex::default() });
        let weak = Arc::downgrade(&watches);
        tokio::spawn(async move {
            loop {
                let change = changes.recv().await;
                let Some(watches) = weak.upgrade() else { return };
                match change {
                    Ok(change) => watches.pass_on(&change),
                    // Some notices were missed: anything may have changed.
                    Err(broadcast::error::RecvError::Lagged(_)) => watches.wake_all(),
                    Err(broadcast::error::RecvError::Closed) => return,
                }
            }
        });
        watches
    }

    /// A visit by this user. Whether it is allowed is for the caller to ask.
    pub(crate) fn visit(
        self: &Arc<Self>,
        user: MailUser,
        means: Means,
        action: AccessAction,
        address: IpAddr,
    ) -> Visit {
        let versions = self.lock().entry(user.organization_id.clone()).or_default().subscribe();
        Visit { user, means, action, address, watches: Arc::clone(self), versions }
    }

    fn pass_on(&self, change: &Change) {
        if change.topic == Change::MISSED {
            return self.wake_all();
        }
        if change.topic != TOPIC {
            return;
        }
        let mut versions = self.lock();
        match versions.get(&change.key) {
            Some(version) if version.receiver_count() > 0 => wake(version),
            // the last visitor has gone
            _ => drop(versions.remove(&change.key)),
        }
    }

    fn wake_all(&self) {
        self.lock().values().for_each(wake);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<u64>>> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Watches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watches").finish_non_exhaustive()
    }
}

fn wake(version: &watch::Sender<u64>) {
    version.send_modify(|version| *version = version.wrapping_add(1));
}
