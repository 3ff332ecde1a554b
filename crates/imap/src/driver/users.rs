//! Those who have a mailbox at an organization, as the ones who may log in.

use std::{net::IpAddr, sync::Arc};

use mailbox::{MailboxId, mailboxes};
use store::Store;
use workmail::Authenticator;
use world::Secret;

use super::{LoginError, LoginFuture, Logins};

/// Registered users of all organizations, by address and password.
pub struct MailUsers {
    store: Store,
    authenticator: Arc<Authenticator>,
}

impl MailUsers {
    /// The users in `store`, who are verified by an authenticator that other servers may share.
    pub fn new(store: Store, authenticator: Arc<Authenticator>) -> Self {
        Self { store, authenticator }
    }

    async fn find(&self, login: &str, password: &Secret) -> Result<Option<MailboxId>, LoginError> {
        let user = self.authenticator.authenticate(login, password).await?;
        let Some(user) = user else { return Ok(None) };
        let mut snapshot = self.store.read().await?;
        let mailbox = mailboxes::find(&mut snapshot, &user.id).await?;
        Ok(mailbox.filter(mailboxes::Mailbox::is_active).map(|mailbox| mailbox.id))
    }
}

impl Logins for MailUsers {
    fn log_in<'a>(&'a self, login: &'a str, password: &'a Secret, _: IpAddr) -> LoginFuture<'a> {
        Box::pin(self.find(login, password))
    }
}
