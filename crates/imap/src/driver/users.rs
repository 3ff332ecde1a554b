//! Those who have a mailbox at an organization, as the ones who may log in.

use std::{net::IpAddr, sync::Arc};

use mailbox::mailboxes;
use store::Store;
use workmail::{AccessAction, Authenticator, SignIn};
use world::Secret;

use super::{Guest, Login, LoginError, LoginFuture, Logins};

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

    async fn find(
        &self,
        login: &str,
        password: &Secret,
        peer: IpAddr,
    ) -> Result<Login, LoginError> {
        let by = AccessAction::Imap;
        let visit = match self.authenticator.authenticate(login, password, by, peer).await? {
            SignIn::Granted(visit) => visit,
            SignIn::Wrong => return Ok(Login::Wrong),
            SignIn::Refused => return Ok(Login::Refused),
        };
        let mut snapshot = self.store.read().await?;
        let mailbox = mailboxes::find(&mut snapshot, &visit.user().id).await?;
        Ok(match mailbox.filter(mailboxes::Mailbox::is_active) {
            Some(mailbox) => {
                Login::Granted(Guest { mailbox: mailbox.id, over: Box::pin(visit.over()) })
            }
            None => Login::Wrong,
        })
    }
}

impl Logins for MailUsers {
    fn log_in<'a>(&'a self, login: &'a str, password: &'a Secret, peer: IpAddr) -> LoginFuture<'a> {
        Box::pin(self.find(login, password, peer))
    }
}
