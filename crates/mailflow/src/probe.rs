//! What can be said of a recipient before there is a message.

use mailbox::mailboxes;
use workmail::{
    Recipient,
    permissions::{self, Standing},
};

use crate::{Error, Mailflow, postmaster};

/// What would become of mail for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It would be delivered.
    Fine,
    /// The mailbox has no room.
    Full,
    /// The domain is ours; nobody is behind the address.
    Unknown,
    /// The domain is not ours.
    Elsewhere,
}

impl Mailflow {
    /// What would become of mail for `address`.
    ///
    /// # Errors
    /// What the store says.
    pub async fn probe(&self, address: &str) -> Result<Probe, Error> {
        let mut snapshot = self.store.read().await?;
        let owner =
            match postmaster::resolve(&mut snapshot, address, self.postmaster.as_deref()).await? {
                Recipient::User(owner) | Recipient::Resource(owner) => owner,
                Recipient::Group(_) => return Ok(Probe::Fine),
                Recipient::Unknown => return Ok(Probe::Unknown),
                Recipient::NotLocalDomain => return Ok(Probe::Elsewhere),
            };
        Ok(match mailboxes::find(&mut snapshot, &owner.id).await? {
            Some(mailbox) if !mailbox.is_active() => Probe::Unknown,
            Some(mailbox) if mailbox.used_bytes >= mailbox.quota_bytes => Probe::Full,
            Some(_) => Probe::Fine,
            None => Probe::Unknown,
        })
    }

    /// Whether a user may give `address` as where failures are told: one of the user's own, or of somebody in
    /// whose name the user may send.
    ///
    /// # Errors
    /// What the store says.
    pub async fn may_send_as(&self, user: &str, address: &str) -> Result<bool, Error> {
        let mut snapshot = self.store.read().await?;
        Ok(permissions::standing(&mut snapshot, user, address).await? != Standing::Foreign)
    }
}
