//! Who may log in by IMAP: users of WorkMail with a mailbox.

use std::{net::IpAddr, sync::Arc};

use imap::{LoginError, LoginFuture, Logins};
use mailbox::MailboxId;
use store::Store;
use workmail::Authenticator;
use world::Secret;

/// Finds the mailbox behind an address and a password.
pub(crate) struct Mailboxes {
    /// Where the mailboxes are.
    pub(crate) store: Store,
    /// Who verifies passwords, for all faces.
    pub(crate) authenticator: Arc<Authenticator>,
}

impl Logins for Mailboxes {
    fn log_in<'a>(&'a self, login: &'a str, password: &'a Secret, _: IpAddr) -> LoginFuture<'a> {
        Box::pin(self.find(login, password))
    }
}

impl Mailboxes {
    async fn find(&self, login: &str, password: &Secret) -> Result<Option<MailboxId>, LoginError> {
        let Some(user) = self.authenticator.authenticate(login, password).await? else {
            return Ok(None);
        };
        let mut snapshot = self.store.read().await?;
        let mailbox = mailbox::mailboxes::find(&mut snapshot, &user.id).await?;
        Ok(mailbox.filter(|mailbox| mailbox.is_active()).map(|mailbox| mailbox.id))
    }
}
