//! What people do at the door of the console, as CloudTrail records it (CloudTrail User Guide, "AWS Management
//! Console sign-in events"): signing in, and what root alone may change of its account.

use store::Transaction;
use world::World;

use super::Caller;
use crate::trail::Entry;

/// Something that a person did, or tried.
#[derive(Clone, Debug)]
pub struct ConsoleEvent {
    /// Such as `ConsoleLogin`.
    pub name: &'static str,
    /// Who it was. [`Principal::Anonymous`](super::Principal) in an account: who named a user that there is none of.
    pub caller: Caller,
    /// Why it failed, if it did.
    pub failure: Option<&'static str>,
    /// What else there is to say (`additionalEventData`): an object.
    pub details: serde_json::Value,
}

impl ConsoleEvent {
    /// Writes the record as part of a transaction.
    ///
    /// # Errors
    /// The store's.
    pub async fn insert(&self, tx: &mut Transaction, world: &World) -> Result<(), store::Error> {
        self.entry(world).insert(tx).await
    }

    /// One request can be several events, so each has an id of its own.
    pub(super) fn entry(&self, world: &World) -> Entry {
        Entry::of_console(self, world.ordered_uuid())
    }
}
